//! No credential file is ever below a share, wherever the table leads.

use std::path::Path;

use super::*;

const MARKER: &str = "url = \"https://alice:hunter2@registry.test/\"";

/// Where tools keep tokens, seen from the home.
const CREDENTIALS: &[&str] = &[
    ".aws/credentials",
    ".azure/msal_token_cache.json",
    ".bunfig.toml",
    ".cabal/config",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".claude/.credentials.json",
    ".config/composer/auth.json",
    ".config/gcloud/credentials.db",
    ".config/gh/hosts.yml",
    ".config/go/env",
    ".config/mise/config.toml",
    ".config/pip/pip.conf",
    ".config/pnpm/rc",
    ".config/pypoetry/auth.toml",
    ".config/solana/id.json",
    ".config/uv/uv.toml",
    ".config/yarn/config",
    ".docker/config.json",
    ".dotnet/corefx/cryptography/x509stores/my/key.pfx",
    ".foundry/keystores/key",
    ".gem/credentials",
    ".gnupg/private-keys-v1.d/key",
    ".gradle/gradle.properties",
    ".julia/servers/pkg.test/auth.toml",
    ".kube/config",
    ".local/share/keyrings/login.keyring",
    ".local/share/uv/credentials/credentials.toml",
    ".m2/settings.xml",
    ".netrc",
    ".npm-global/etc/npmrc",
    ".npmrc",
    ".nvm/versions/node/v1/etc/npmrc",
    ".opam/config",
    ".pulumi/credentials.json",
    ".pypirc",
    ".ssh/id_ed25519",
    ".volta/hooks.json",
    ".yarnrc.yml",
    "miniconda3/.condarc",
    "miniconda3/conda-meta/history",
    "n/etc/npmrc",
];

fn marked(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            marked(&path, found);
        } else if kind.is_file() && fs::read_to_string(&path).unwrap().contains(MARKER) {
            found.push(path);
        }
    }
}

/// Nothing that is marked may be below a share or in a generated file or variable.
fn assert_no_secret(host: &Host, found: &ToolChains, case: &str) {
    let mut secrets = Vec::new();
    marked(&host.root(), &mut secrets);
    assert!(secrets.len() >= CREDENTIALS.len(), "{case}: the secrets are there");
    for secret in secrets {
        assert!(!covers(found, &secret), "{case}: {}", secret.display());
    }
    assert!(!format!("{found:?}").contains("hunter2"), "{case}");
    for file in &found.files {
        assert!(!String::from_utf8_lossy(&file.content).contains("hunter2"), "{case}");
    }
}

#[test]
fn no_row_shares_a_credential_file() {
    for chain in rows() {
        for &root in chain.roots {
            for bin in chain.bins {
                let mut host = Host::new();
                CREDENTIALS.iter().for_each(|path| drop(host.file(path, MARKER)));
                let base = host.make(chain, root);
                let entry: PathBuf = base.join(some_name(bin)).components().collect();
                let found = host.find_with_path(&[&entry]);
                assert!(!found.shares.is_empty(), "{} at {root:?}, {bin}", chain.id);
                assert_no_secret(&host, &found, &format!("{} at {root:?}, {bin}", chain.id));
            }
        }
    }
}

#[test]
fn a_credential_file_within_a_shared_folder_is_carved_out() {
    for row in all() {
        let listed = row.secrets.iter().chain(row.url_secrets);
        for secret in listed {
            let chain = rows().find(|chain| {
                chain.id == row.id || chain.companions.iter().any(|c| c.id == row.id)
            });
            let chain = chain.unwrap();
            let mut host = Host::new();
            CREDENTIALS.iter().for_each(|path| drop(host.file(path, MARKER)));
            let start = host.make(chain, chain.roots[chain.roots.len() - 1]);
            let base = host.make(row, row.roots[row.roots.len() - 1]);
            let path = host.file(base.join(some_name(secret)), MARKER);
            let beside = host.file(path.with_file_name("beside"), "");
            let found = host.find_with_path(&[&start.join(some_name(chain.bins[0]))]);
            let case = format!("{}: {secret}", row.id);
            assert_no_secret(&host, &found, &case);
            assert!(covers(&found, &beside), "{case}: only the credential file is left out");
            // A folder in its place is left out with all it holds.
            if row.secrets.contains(secret) {
                fs::remove_file(&path).unwrap();
                host.file(path.join("below/token"), MARKER);
                assert_no_secret(&host, &host.find(), &case);
                fs::remove_dir_all(&path).unwrap();
                host.file(&path, MARKER);
            }
            // The control: without the credential file the folder is one share.
            fs::remove_file(&path).unwrap();
            assert!(covers(&host.find(), &path), "{case}");
        }
    }
}

#[test]
fn a_receipt_is_carved_out_only_for_a_url_with_a_user_name() {
    let mut host = Host::new();
    let bin = host.bin(".local/bin");
    let receipt = host.file(".local/share/uv/tools/ruff/uv-receipt.toml", "url = \"https://h/\"");
    assert!(covers(&host.find_with_path(&[&bin]), &receipt));
    host.file(&receipt, MARKER);
    assert!(!covers(&host.find(), &receipt));
    // Too large to be searched: taken for one that holds a password.
    host.file(&receipt, &" ".repeat(70_000));
    assert!(!covers(&host.find(), &receipt));
}

#[test]
fn a_link_beside_a_credential_file_stays_a_link() {
    let mut host = Host::new();
    let shims = host.bin(".pyenv/shims");
    host.bin(".pyenv/versions/3.12.1/bin");
    host.file(".pyenv/versions/3.12.1/pip.conf", MARKER);
    let lib64 = host.link(".pyenv/versions/3.12.1/lib64", "lib");
    let found = host.find_with_path(&[&shims]);
    let links: Vec<_> = found.links.iter().map(|(at, to)| (at.as_bytes(), &to[..])).collect();
    assert_eq!(links, [(lib64.as_os_str().as_encoded_bytes(), &b"lib"[..])]);
}

#[test]
fn a_credential_file_is_found_through_a_link_too() {
    let mut host = Host::new();
    let shims = host.bin(".pyenv/shims");
    host.link(".pyenv/versions", "elsewhere");
    let secret = host.file(".pyenv/elsewhere/3.12.1/pip.conf", MARKER);
    let beside = host.file(".pyenv/elsewhere/3.12.1/beside", "");
    let found = host.find_with_path(&[&shims]);
    assert!(covers(&found, &beside) && !covers(&found, &secret), "{found:#?}");
}

#[test]
fn a_credential_file_is_found_below_a_link_within_the_share() {
    let mut host = Host::new();
    let bin = host.bin(".volta/bin");
    host.link(".volta/tools/image/node", "node-moved");
    let secret = host.file(".volta/tools/image/node-moved/20.1.0/etc/npmrc", MARKER);
    let beside = host.file(".volta/tools/image/node-moved/20.1.0/bin/node", "");
    let found = host.find_with_path(&[&bin]);
    assert!(covers(&found, &beside) && !covers(&found, &secret), "{found:#?}");
}

#[test]
fn a_folder_that_cannot_be_searched_whole_is_not_shared() {
    let mut host = Host::new();
    let shims = host.bin(".pyenv/shims");
    for number in 0..300 {
        host.bin(format!(".pyenv/versions/{number}"));
    }
    let found = host.find_with_path(&[&shims]);
    assert!(covers(&found, &shims));
    let versions = host.home().join(".pyenv/versions");
    assert!(!shares(&found).iter().any(|share| share.starts_with(&versions)));
    assert!(why_not(&found, &versions).unwrap().contains("too many"));
}
