//! git's config (git-config(1)).

use crate::hold::rule::Format::GitConfig;
use crate::hold::rule::{Check, Rule, all, at, crit, high, keys, med};

/// Where git reads a config: of a repository, a worktree, a submodule, or by include.
const CONFIG: &[&str] = &[
    "**/.git/config{,.worktree}",
    "**/.git/{modules,worktrees}/**/config{,.worktree}",
    "**/.gitconfig",
    "**/gitconfig",
];

pub(super) const RULES: &[Rule] = &[
    crit(
        "H-GIT-02",
        "git takes its hooks from another directory, at the next git command",
        "git-config(1); GitSpawn, CVE-2026-19592",
        &[keys(CONFIG, GitConfig, &["core.hookspath"])],
    ),
    crit(
        "H-GIT-03",
        "git status runs this program, and so do prompts and editors",
        "git-config(1); GitSpawn, CVE-2026-19590",
        &[at(
            CONFIG,
            Check::Keys(
                all(GitConfig, &["core.fsmonitor"]).unlike("^(true|false|yes|no|on|off|0|1|)$"),
            ),
        )],
    ),
    crit(
        "H-GIT-04",
        "git runs this program at the next fetch or push",
        "git-config(1)",
        &[keys(CONFIG, GitConfig, &["core.sshcommand", "core.gitproxy", "ssh.variant"])],
    ),
    crit(
        "H-GIT-05",
        "git log, diff and show run this program",
        "git-config(1)",
        &[keys(
            CONFIG,
            GitConfig,
            &["core.pager", "pager.*", "interactive.difffilter", "delta.*pager*"],
        )],
    ),
    high(
        "H-GIT-06",
        "git commit and rebase -i run this program",
        "git-config(1)",
        &[keys(CONFIG, GitConfig, &["core.editor", "sequence.editor"])],
    ),
    crit(
        "H-GIT-07",
        "git runs this program when it needs a password, and hands it over",
        "git-config(1), gitcredentials(7)",
        &[keys(
            CONFIG,
            GitConfig,
            &["core.askpass", "credential.helper", "credential.*.helper", "credential.*username"],
        )],
    ),
    high(
        "H-GIT-08",
        "an alias runs shell code when it is typed",
        "git-config(1), alias.*",
        &[at(CONFIG, Check::Keys(all(GitConfig, &["alias.*"]).like(r"^\s*!")))],
    ),
    crit(
        "H-GIT-09",
        "git runs this program at add, checkout, status, diff and stash",
        "gitattributes(5), filter",
        &[keys(
            CONFIG,
            GitConfig,
            &["filter.*.clean", "filter.*.smudge", "filter.*.process", "filter.*.required"],
        )],
    ),
    crit(
        "H-GIT-10",
        "git diff, log -p and blame run this program",
        "gitattributes(5), diff",
        &[keys(
            CONFIG,
            GitConfig,
            &["diff.external", "diff.*.command", "diff.*.textconv", "diff.*.cachetextconv"],
        )],
    ),
    high(
        "H-GIT-11",
        "git merge or a merge tool runs this program",
        "gitattributes(5), merge",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "merge.*.driver",
                "mergetool.*.cmd",
                "mergetool.*.path",
                "difftool.*.cmd",
                "difftool.*.path",
                "guitool.*.cmd",
                "merge.tool",
                "diff.tool",
            ],
        )],
    ),
    high(
        "H-GIT-12",
        "git runs this program to sign or verify, or trusts other signers",
        "git-config(1), gpg.*",
        &[keys(CONFIG, GitConfig, &["gpg.program", "gpg.*.program", "gpg.ssh.*"])],
    ),
    crit(
        "H-GIT-13",
        "git reads a further config that no diff shows",
        "git-config(1), include",
        &[keys(CONFIG, GitConfig, &["include.path", "includeif.*.path"])],
    ),
    high(
        "H-GIT-14",
        "git fetches from or pushes to elsewhere, or through a program",
        "git-remote-ext(1); git-config(1), remote.*",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "remote.*.url",
                "remote.*.pushurl",
                "remote.*.uploadpack",
                "remote.*.receivepack",
                "remote.*.vcs",
                "protocol.*.allow",
                "protocol.allow",
            ],
        )],
    )
    .only_changed(),
    high(
        "H-GIT-15",
        "every remote of that prefix is redirected, with its credentials",
        "git-config(1), url.*.insteadOf",
        &[keys(CONFIG, GitConfig, &["url.*.insteadof", "url.*.pushinsteadof"])],
    ),
    high(
        "H-GIT-16",
        "git acts on another directory, or reads a second config",
        "git-config(1); GitSpawn",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "core.worktree",
                "core.bare",
                "extensions.*",
                "core.repositoryformatversion",
                "!extensions.partialclone",
            ],
        )],
    )
    .only_changed(),
    high(
        "H-GIT-17",
        "git runs this program at serve or gc, or fetches on any command",
        "git-config(1)",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "uploadpack.packobjectshook",
                "gc.recentobjectshook",
                "core.alternaterefscommand",
                "remote.*.promisor",
                "extensions.partialclone",
            ],
        )],
    ),
    crit(
        "H-GIT-18",
        "git submodule update runs shell code, or clones from elsewhere",
        "git-config(1), submodule.*; CVE-2018-17456",
        &[
            keys(CONFIG, GitConfig, &["submodule.*.url"]),
            at(CONFIG, Check::Keys(all(GitConfig, &["submodule.*.update"]).like(r"^\s*!"))),
            at(
                CONFIG,
                Check::Keys(all(GitConfig, &["submodule.recurse"]).like("^(true|yes|on|1)$")),
            ),
        ],
    ),
    high(
        "H-GIT-19",
        "fetch and push can be read and changed on the way",
        "git-config(1), http.*",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "http.*proxy*",
                "http.*sslverify",
                "http.*sslca*",
                "http.*sslcert*",
                "http.*sslkey",
                "http.*extraheader",
                "http.*cookiefile",
                "remote.*.proxy",
            ],
        )],
    ),
    med(
        "H-GIT-20",
        "git reads further attributes or ignores, or copies hooks into new clones",
        "git-config(1); GitSpawn (attr.tree)",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "attr.tree",
                "core.attributesfile",
                "core.excludesfile",
                "commit.template",
                "init.templatedir",
                "blame.ignorerevsfile",
            ],
        )],
    ),
    high(
        "H-GIT-21",
        "a guard of git's own is off",
        "git-config(1); CVE-2014-9390",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "core.protectntfs",
                "core.protecthfs",
                "core.symlinks",
                "core.ignorecase",
                "*.fsckobjects",
                "safe.*",
                "receive.denycurrentbranch",
            ],
        )],
    ),
    med(
        "H-GIT-22",
        "git runs this program at commit, send-email or help",
        "git-config(1)",
        &[keys(
            CONFIG,
            GitConfig,
            &[
                "trailer.*.command",
                "trailer.*.cmd",
                "sendemail.*cmd",
                "sendemail.smtpserver",
                "browser.*.cmd",
                "man.*.cmd",
                "web.browser",
                "instaweb.httpd",
                "imap.tunnel",
                "notes.*",
            ],
        )],
    ),
    med(
        "H-GIT-23",
        "commits are made in another name, or with what a tool takes for a command",
        "CVE-2025-59041",
        &[keys(CONFIG, GitConfig, &["user.*", "commit.gpgsign", "author.*", "committer.*"])],
    ),
    high(
        "H-GIT-24",
        "a key that this table does not know holds a command",
        "git-lfs, git-annex, delta and git to come",
        &[
            at(
                CONFIG,
                Check::Keys(
                    all(
                        GitConfig,
                        &[
                            "*",
                            "!alias.*",
                            "!submodule.*.update",
                            "!hook.*",
                            "!filter.*",
                            "!*.insteadof",
                        ],
                    )
                    .like(r"^\s*!|\$\(|`|;|\n"),
                ),
            ),
            keys(
                CONFIG,
                GitConfig,
                &[
                    "*cmd",
                    "*command",
                    "*.program",
                    "*helper",
                    "*hook",
                    "*.driver",
                    "*.process",
                    "!core.sshcommand",
                    "!core.alternaterefscommand",
                    "!credential.*",
                    "!diff.*",
                    "!difftool.*",
                    "!mergetool.*",
                    "!merge.*",
                    "!guitool.*",
                    "!gpg.*",
                    "!filter.*",
                    "!hook.*",
                    "!trailer.*",
                    "!sendemail.*",
                    "!browser.*",
                    "!man.*",
                    "!uploadpack.packobjectshook",
                    "!gc.recentobjectshook",
                ],
            ),
        ],
    ),
    crit(
        "H-GIT-45",
        "a hook without a file: git runs the line at that event",
        "git 2.54, git-hook(1)",
        &[keys(CONFIG, GitConfig, &["hook.*"])],
    ),
];
