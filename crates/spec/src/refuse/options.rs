//! The values of `--network` and `--security-opt`.

/// One value, or the beginning of several.
pub(crate) struct Verdict {
    /// The value; one that ends in `=` or `:` stands for all that begin so.
    pub(crate) value: &'static str,
    /// None: it says what is so anyway.
    pub(crate) refused: Option<Because>,
}

/// Why a value is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Because {
    pub(crate) why: &'static str,
    pub(crate) instead: &'static str,
}

/// The row of a value, or the last one of the table, which speaks for all others.
pub(crate) fn verdict(table: &'static [Verdict], value: &[u8]) -> Option<&'static Verdict> {
    let fits = |row: &&Verdict| match row.value.strip_suffix(['=', ':']) {
        Some(_) => value.starts_with(row.value.as_bytes()),
        None => row.value.is_empty() || row.value.as_bytes() == value,
    };
    table.iter().find(fits)
}

/// `--network`
pub(crate) const NETWORKS: &[Verdict] = &[
    Verdict { value: "none", refused: None },
    Verdict { value: "bridge", refused: None },
    Verdict { value: "allow:", refused: None },
    Verdict {
        value: "host",
        refused: Some(Because {
            why: "the host's network holds every service that trusts 127.0.0.1, and its other \
                  machines",
            instead: "--allow HOST[:PORT] for each host that is needed",
        }),
    },
    Verdict {
        value: "",
        refused: Some(Because {
            why: "a box has no network, the hosts that are named, or every public one",
            instead: "--network none, allow:HOST,… or bridge",
        }),
    },
];

/// `--security-opt`
pub(crate) const SECURITY: &[Verdict] = &[
    Verdict { value: "no-new-privileges", refused: None },
    Verdict { value: "no-new-privileges:true", refused: None },
    Verdict { value: "no-new-privileges=true", refused: None },
    Verdict {
        value: "no-new-privileges:false",
        refused: Some(Because {
            why: "set-user-id programs would gain the host's trust",
            instead: "-u root, when the program only asks for uid 0",
        }),
    },
    // drybox changes no SELinux label of a file and asks for none for the payload.
    Verdict { value: "label=", refused: None },
    Verdict {
        value: "seccomp=",
        refused: Some(Because {
            why: "the system-call filter is what keeps the kernel's weak spots out of reach",
            instead: "leave it out; if a program fails under the filter, report which call it needs",
        }),
    },
    Verdict {
        value: "apparmor=",
        refused: Some(Because {
            why: "a box keeps the profile that the host gave drybox",
            instead: "leave it out",
        }),
    },
    Verdict {
        value: "unmask=",
        refused: Some(Because {
            why: "the masked parts of /proc show the host",
            instead: "leave it out",
        }),
    },
    Verdict {
        value: "",
        refused: Some(Because {
            why: "drybox has no such setting",
            instead: "leave it out; known are no-new-privileges and label=",
        }),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_find_their_row() {
        let refused = |table, value: &str| verdict(table, value.as_bytes()).unwrap().refused;
        assert!(refused(NETWORKS, "none").is_none());
        assert!(refused(NETWORKS, "nonesuch").is_some());
        assert!(refused(NETWORKS, "").is_some());
        assert!(refused(SECURITY, "label=disable").is_none());
        assert!(refused(SECURITY, "label").is_some());
        assert!(refused(SECURITY, "no-new-privileges:false").is_some());
        assert!(refused(SECURITY, "seccomp=unconfined").is_some());
    }
}
