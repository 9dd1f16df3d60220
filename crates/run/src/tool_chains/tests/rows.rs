//! Every row is found where the real tool puts it, and not beside it.

use std::collections::HashSet;
use std::path::Path;

use super::super::chain::Value;
use super::super::share::has_url_with_user;
use super::*;

#[test]
fn each_row_is_found_in_each_of_its_places() {
    for chain in rows() {
        for &root in chain.roots {
            for bin in chain.bins {
                let mut host = Host::new();
                let base = host.make(chain, root);
                let entry = base.join(some_name(bin)).components().collect::<PathBuf>();
                let found = host.find_with_path(&[&entry]);
                let case = format!("{} at {root:?}, {bin}: {found:#?}", chain.id);
                assert_eq!(path(&found), [&entry], "{case}");
                for share in chain.shares {
                    assert!(covers(&found, &base.join(share).join("program")), "{share}, {case}");
                }
                for (name, value) in chain.env {
                    match value {
                        Value::Base => {
                            assert_eq!(variable(&found, name).as_deref(), base.to_str(), "{case}");
                        }
                        Value::Text(text) => {
                            assert_eq!(variable(&found, name).as_deref(), Some(*text), "{case}");
                        }
                        Value::Kept => assert_eq!(variable(&found, name), None, "{case}"),
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_found_from_another_folder_beside_the_programs() {
    for chain in rows() {
        for &root in chain.roots {
            let mut host = Host::new();
            let base = host.make(chain, root);
            if chain.named_by.is_some() && matches!(root, Root::Var(_)) {
                continue; // the variable alone says it, see below
            }
            let entry = host.bin(base.join("not-programs"));
            let found = host.find_with_path(&[&entry]);
            assert_eq!(shares(&found), [] as [&Path; 0], "{} at {root:?}", chain.id);
            assert_eq!(found.path, [], "{} at {root:?}", chain.id);
            assert!(why_not(&found, &entry).is_some(), "{} at {root:?}", chain.id);
        }
    }
}

#[test]
fn nothing_is_found_that_the_users_path_does_not_name() {
    for chain in rows() {
        for &root in chain.roots.iter().filter(|_| chain.named_by.is_none()) {
            let mut host = Host::new();
            host.make(chain, root);
            let found = host.find_with_path(&[Path::new("/usr/bin"), Path::new("/bin")]);
            assert_eq!(found, ToolChains::default(), "{} at {root:?}", chain.id);
        }
    }
}

#[test]
fn a_variable_names_a_tool_chain_that_is_not_on_path() {
    for chain in rows() {
        let Some(name) = chain.named_by else { continue };
        let mut host = Host::new();
        let base = host.make(chain, Root::Var(name));
        let found = host.find();
        for share in chain.shares {
            assert!(covers(&found, &base.join(share)), "{} {share}", chain.id);
        }
        assert_eq!(found.path, [], "{}", chain.id);
    }
}

#[test]
fn a_companion_comes_with_the_programs_that_lead_into_it() {
    for chain in rows() {
        for companion in chain.companions {
            for &root in companion.roots {
                let mut host = Host::new();
                let base = host.make(chain, *chain.roots.last().unwrap());
                let beside = host.make(companion, root);
                let found = host.find_with_path(&[&base.join(chain.bins[0])]);
                for share in companion.shares {
                    assert!(covers(&found, &beside.join(share)), "{} {share}", companion.id);
                }
            }
        }
    }
}

#[test]
fn a_marker_tells_a_tool_chain_from_another_folder() {
    for chain in rows() {
        let (Some(marker), Some(name)) = (chain.marker, chain.named_by) else {
            continue;
        };
        let mut host = Host::new();
        let base = host.make(chain, Root::Var(name));
        assert!(!host.find().shares.is_empty(), "{}", chain.id);
        fs::remove_dir_all(base.join(marker)).unwrap();
        assert_eq!(host.find().shares, [], "{}", chain.id);
    }
}

#[test]
fn xdg_variables_move_data_and_configuration() {
    let mut host = Host::new();
    let data = host.root().join("data");
    let entry = host.bin(data.join("mise/shims"));
    assert_eq!(host.find_with_path(&[&entry]).shares, []);
    host.set("XDG_DATA_HOME", &data);
    assert!(covers(&host.find_with_path(&[&entry]), &entry));
}

#[test]
fn only_the_version_on_path_is_shared() {
    let mut host = Host::new();
    let used = host.bin(".nvm/versions/node/v22.1.0/bin");
    let other = host.bin(".nvm/versions/node/v18.0.0/bin");
    let found = host.find_with_path(&[&used]);
    assert!(covers(&found, &used) && !covers(&found, &other));
}

#[test]
fn a_shells_own_link_is_replaced_by_what_it_leads_to() {
    let mut host = Host::new();
    let real = host.bin(".local/share/fnm/node-versions/v20.1.0/installation/bin");
    let shell = host.root().join("run/user/1000/fnm_multishells/42_1");
    host.link(shell.to_str().unwrap(), real.parent().unwrap());
    host.set("FNM_MULTISHELL_PATH", &shell);
    let found = host.find_with_path(&[&shell.join("bin")]);
    assert_eq!(path(&found), [&real]);
    assert!(covers(&found, &real));
}

#[test]
fn the_users_order_is_kept_and_system_directories_are_not_listed() {
    let mut host = Host::new();
    let (cargo, bin, node) =
        (host.bin(".cargo/bin"), host.bin("bin"), host.bin(".nvm/versions/node/v1/bin"));
    let system = Path::new("/usr/local/bin");
    let found = host.find_with_path(&[&node, system, &bin, &node, Path::new("/bin"), &cargo]);
    assert_eq!(path(&found), [&node, &bin, &cargo]);
}

#[test]
fn a_system_java_home_is_kept_without_a_share() {
    let mut host = Host::new();
    host.set("JAVA_HOME", "/usr/lib/jvm/java-21");
    let found = host.find_with_path(&[Path::new("/usr/bin")]);
    assert_eq!(variable(&found, "JAVA_HOME").as_deref(), Some("/usr/lib/jvm/java-21"));
    assert_eq!(found.shares, []);
}

#[test]
fn rows_are_complete_and_consistent() {
    let all = all();
    let ids: HashSet<&str> = all.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), all.len(), "ids are unique");
    for row in all {
        let id = row.id;
        assert!(!row.source.is_empty() && !row.roots.is_empty() && !row.shares.is_empty(), "{id}");
        let plain = |path: &&&str| path.split('/').all(|part| part != ".." && part != ".");
        assert!(row.shares.iter().chain(row.bins).chain(row.secrets).all(|path| plain(&path)));
        for secret in row.secrets.iter().chain(row.url_secrets) {
            let within = |share: &&str| Path::new(secret).starts_with(share);
            assert!(row.shares.iter().any(within), "{id}: {secret} has an effect");
        }
        for root in row.roots {
            let below_home = matches!(root, Root::Home(""));
            assert!(!below_home || !row.version.is_empty(), "{id}: the home is no base");
        }
    }
    for companion in rows().flat_map(|chain| chain.companions) {
        assert!(companion.version.is_empty() && companion.companions.is_empty());
    }
}

#[test]
fn a_user_name_in_a_url_is_seen() {
    for text in ["x https://u:p@h/simple", "sparse+https://token@h", "a://b/c d://e@f"] {
        assert!(has_url_with_user(text.as_bytes()), "{text}");
    }
    for text in ["https://h/simple/@scope", "mail@host", "https://h?x=@", "https://h \"a@b\"", ""] {
        assert!(!has_url_with_user(text.as_bytes()), "{text}");
    }
}
