//! What else lies in `.git`, and other version control.

use crate::hold::rule::Format::{GitConfig, GitIndex, Ini};
use crate::hold::rule::{Check, Rule, at, crit, high, keys, med};

pub(super) const RULES: &[Rule] = &[
    crit(
        "H-GIT-01",
        "git runs it at commit, checkout, merge, push, rebase, gc or status",
        "githooks(5); Contagious Interview 2026-07",
        &[at(&["**/.git/hooks/**", "!**/.git/hooks/*.sample"], Check::Any)],
    ),
    med(
        "H-GIT-25",
        "joins files to a program of the user's own config",
        "gitattributes(5)",
        &[at(
            &["**/.gitattributes", "**/.git/info/attributes"],
            Check::Lines(&[
                r"\sfilter=(l[^f]|lf[^s]|[^l])",
                r"\s(diff|merge)=",
                r"\sworking-tree-encoding",
                r"\s(export-subst|ident)\b",
            ]),
        )],
    ),
    med(
        "H-GIT-26",
        "hides later changes from review, or an archive differs from the tree",
        "gitattributes(5)",
        &[at(
            &["**/.gitattributes"],
            Check::Lines(&[
                r"\.(js|ts|py|rs|go|sh|c|h|java|rb|php|json|ya?ml|md|\*)\s.*(-diff|\bbinary|linguist-generated|linguist-vendored)\b",
                r"\sexport-ignore\b",
            ]),
        )],
    ),
    high(
        "H-GIT-27",
        "a submodule is cloned from elsewhere, to elsewhere",
        "CVE-2018-17456, CVE-2018-11235, CVE-2025-48384",
        &[keys(&["**/.gitmodules"], GitConfig, &["submodule.*"])],
    )
    .only_changed(),
    crit(
        "H-GIT-28",
        "the repository's data moves to a place that the change chose",
        "gitrepository-layout(5); Week of Sandbox Escapes 2026-07",
        &[at(&["**/.git"], Check::Any)],
    )
    .only_changed(),
    crit(
        "H-GIT-29",
        "a worktree or submodule with a config and hooks of its own",
        "gitrepository-layout(5); CVE-2024-32002",
        &[at(
            &[
                "**/.git/{worktrees,commondir,gitdir}{,/**}",
                "**/.git/modules/**/{hooks/**,info/attributes}",
                "!**/.git/worktrees/**/{head,index,logs/**,orig_head}",
                "!**/*.sample",
                "!**/.git/worktrees/**/config{,.worktree}",
            ],
            Check::Any,
        )],
    ),
    high(
        "H-GIT-30",
        "git reads objects from outside of the repository",
        "gitrepository-layout(5)",
        &[at(
            &[
                "**/.git/objects/info/{alternates,http-alternates}",
                "**/.git/modules/**/objects/info/{alternates,http-alternates}",
            ],
            Check::Any,
        )],
    ),
    crit(
        "H-GIT-31",
        "a repository inside: git obeys its config as soon as someone stands in it",
        "CVE-2026-26268 (nested bare repository)",
        &[
            at(
                &["**/config", "!**/.git/config", "!**/.git/{modules,worktrees}/**"],
                Check::Beside(&["HEAD", "objects", "refs"]),
            ),
            at(
                &["**/HEAD", "!**/.git/HEAD", "!**/.git/{modules,worktrees,refs,logs}/**"],
                Check::Beside(&["objects", "refs"]),
            ),
            at(&["?*/.git/config", "?*/**/.git/config"], Check::New),
        ],
    ),
    high(
        "H-GIT-33",
        "the history that git shows is not the true one",
        "git-replace(1)",
        &[at(&["**/.git/{refs/replace/**,info/grafts,shallow}"], Check::Any)],
    ),
    high(
        "H-GIT-34",
        "git status does not tell that these files changed",
        "gitformat-index(5)",
        &[
            keys(
                &["**/.git/index"],
                GitIndex,
                &["assume-unchanged", "skip-worktree", "split-index"],
            ),
            at(&["**/.git/sharedindex.*"], Check::Any),
        ],
    ),
    crit(
        "H-GIT-37",
        "git rebase --continue runs the exec lines",
        "git-rebase(1)",
        &[at(
            &["**/.git/{rebase-merge,rebase-apply,sequencer}/**", "**/.git/bisect_*"],
            Check::Any,
        )],
    ),
    high(
        "H-GIT-38",
        "large files and their credentials go to another server, or through a program",
        "git-lfs-config(5)",
        &[keys(
            &["**/.lfsconfig"],
            GitConfig,
            &[
                "lfs.url",
                "lfs.pushurl",
                "lfs.*.url",
                "lfs.customtransfer.*",
                "lfs.extension.*",
                "remote.*.lfsurl",
                "lfs.*",
            ],
        )],
    ),
    high(
        "H-GIT-39",
        "a config that another includes",
        "git-config(1), include",
        &[at(&["**/.gitconfig", "**/gitconfig", "**/.gitconfig.d/**"], Check::Any)],
    ),
    crit(
        "H-GIT-40",
        "Mercurial runs it at any command",
        "hgrc(5)",
        &[
            at(&["**/.hg/hgrc-not-shared", "**/.hgsub"], Check::Any),
            keys(
                &["**/.hg/hgrc"],
                Ini,
                &[
                    "hooks.*",
                    "extensions.*",
                    "alias.*",
                    "ui.ssh",
                    "ui.editor",
                    "ui.merge",
                    "paths.*",
                    "merge-tools.*",
                    "extdiff.*",
                ],
            ),
        ],
    ),
    high(
        "H-GIT-41",
        "other version control runs it, or goes elsewhere, at the next command",
        "jj, Sapling, Subversion, Perforce, Bazaar, repo",
        &[at(
            &[
                "**/.jj/repo/config.toml",
                "**/.jj/repo/store/**",
                "**/.sl/config",
                "**/.svn/**",
                "**/.p4config",
                "**/.bzr/branch/branch.conf",
                "**/.repo/hooks/**",
            ],
            Check::Any,
        )],
    ),
    med(
        "H-GIT-43",
        "what lies in .git is let out by name only",
        "GitSpawn 2026-09",
        &[at(
            &[
                "**/.git/**",
                "!**/.git/{hooks,objects,logs,refs,branches,remotes,worktrees,modules,rebase-merge,rebase-apply,sequencer}/**",
                "!**/.git/{config,config.worktree,head,index,orig_head,packed-refs,shallow,commondir,gitdir,bisect_*}",
                "!**/.git/info/{grafts,attributes}",
                "!**/.git/sharedindex.*",
            ],
            Check::Any,
        )],
    ),
    crit(
        "H-GIT-46",
        "a whole repository arrives as files: any git command in it obeys its config",
        "GitSpawn 2026-09; CVE-2025-41390",
        &[at(&["**/.git"], Check::New), at(&["**/.git/HEAD"], Check::New)],
    )
    .only_changed(),
    med(
        "H-GIT-35",
        "files are hidden from git status and from search",
        "gitignore(5)",
        &[at(
            &["**/.gitignore", "**/.git/info/exclude", "**/.ignore", "**/.rgignore"],
            Check::Lines(&[
                r"^\s*/?(\*\*/)?(\.git|\.vscode|\.claude|\.cursor|\.kiro|\.husky|\.github|\.mcp\.json|\.envrc|agents\.md|claude\.md)/?\**\s*$",
            ]),
        )],
    ),
    med(
        "H-GIT-32",
        "a branch or tag that existed is moved",
        "gitrepository-layout(5)",
        &[at(&["**/.git/{HEAD,packed-refs}", "**/.git/refs/{heads,tags}/**"], Check::Guard)],
    ),
    med(
        "H-GIT-42",
        "a prefilled message, or a remote in a form of old",
        "gitrepository-layout(5)",
        &[at(&["**/.git/{branches,remotes}/**"], Check::Any)],
    ),
];
