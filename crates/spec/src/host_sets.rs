//! Hosts that belong together, by a name: data. None is a package registry's: those are the user's
//! own settings.

/// Hosts that one service needs.
#[derive(Debug, PartialEq, Eq)]
pub struct HostSet {
    /// As in `--allow @NAME`.
    pub name: &'static str,
    /// Rules, as they would be typed.
    pub rules: &'static [&'static str],
    /// What they are for.
    pub what: &'static str,
}

/// Every set. Sources: the services' own pages on networks and firewalls.
#[rustfmt::skip] // one row a line
pub const HOST_SETS: &[HostSet] = &[
    HostSet { name: "anthropic", rules: &["api.anthropic.com"], what: "the Claude models" },
    HostSet { name: "gemini", rules: &["generativelanguage.googleapis.com", "cloudcode-pa.googleapis.com", "oauth2.googleapis.com"], what: "the Gemini models" },
    HostSet { name: "github", rules: &["github.com", "api.github.com", "codeload.github.com", "raw.githubusercontent.com", "objects.githubusercontent.com", "release-assets.githubusercontent.com"], what: "git over https, the API, archives and releases; everybody can write there" },
    HostSet { name: "kiro", rules: &["q.us-east-1.amazonaws.com", "codewhisperer.us-east-1.amazonaws.com", "oidc.us-east-1.amazonaws.com", "prod.us-east-1.auth.desktop.kiro.dev"], what: "the models of Kiro, and its sign-in" },
    HostSet { name: "openai", rules: &["api.openai.com"], what: "the OpenAI models" },
];

/// The names, for a message.
pub(crate) const KNOWN_SETS: &str =
    "@anthropic, @gemini, @github, @kiro, @openai, and by their settings @apt, @cargo, @npm, @pip";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AllowHost, TOOL_SETS};

    #[test]
    fn every_set_is_known_and_every_rule_of_it_is_one() {
        let names: Vec<String> = HOST_SETS.iter().map(|set| format!("@{}", set.name)).collect();
        let tools: Vec<String> = TOOL_SETS.iter().map(|tool| format!("@{}", tool.name)).collect();
        let known = format!("{}, and by their settings {}", names.join(", "), tools.join(", "));
        assert_eq!(known, KNOWN_SETS);
        for set in HOST_SETS {
            assert!(!set.rules.is_empty() && set.what.len() > 10, "{}", set.name);
            for rule in set.rules {
                // In one spelling: what is shown is what stands here.
                let parsed = AllowHost::parse(rule.as_bytes()).unwrap();
                assert_eq!(parsed.to_string().trim_end_matches(":443"), *rule);
            }
        }
    }
}
