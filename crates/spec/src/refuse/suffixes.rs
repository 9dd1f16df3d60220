//! Suffixes under which anybody can get a name of his own, so that a wildcard there opens a channel
//! to everybody. Not the whole list of the world (publicsuffix.org): those that are typed.

/// Every row; names of one label are refused without one.
#[rustfmt::skip] // by kind
pub(crate) const SHARED_SUFFIXES: &[&str] = &[
    // Countries.
    "ac.uk", "co.in", "co.jp", "co.kr", "co.nz", "co.uk", "com.au", "com.br", "com.cn", "com.mx", "com.tr", "com.tw",
    "gov.uk", "ne.jp", "net.au", "or.jp", "org.au", "org.uk",
    // Pages and programs of anybody.
    "azurewebsites.net", "cloudfront.net", "deno.dev", "firebaseapp.com", "fly.dev", "github.io", "gitlab.io",
    "glitch.me", "herokuapp.com", "netlify.app", "ngrok-free.app", "ngrok.app", "ngrok.io", "onrender.com", "pages.dev",
    "replit.app", "repl.co", "run.app", "surge.sh", "trycloudflare.com", "up.railway.app", "vercel.app", "web.app",
    "workers.dev",
    // Stores and functions of anybody.
    "amazonaws.com", "appspot.com", "azureedge.net", "blob.core.windows.net", "core.windows.net", "googleapis.com",
    "googleusercontent.com", "githubusercontent.com", "r2.dev", "s3.amazonaws.com", "storage.googleapis.com",
    "windows.net",
    // Names that lead where anybody wants.
    "ddns.net", "duckdns.org", "lhr.life", "localtest.me", "lvh.me", "nip.io", "oast.fun", "oast.site", "sslip.io",
    "xip.io",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DnsName;

    #[test]
    fn every_suffix_is_a_name_of_several_labels_and_there_once() {
        for (nth, row) in SHARED_SUFFIXES.iter().enumerate() {
            let name = DnsName::typed(row.as_bytes()).unwrap();
            assert!(name.as_str() == *row && name.labels() > 1, "{row}");
            assert!(!SHARED_SUFFIXES[nth + 1..].contains(row), "{row}");
        }
    }
}
