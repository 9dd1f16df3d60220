//! Programs that put themselves into git's hooks.

use crate::hold::rule::Format::{ByName, Json, Yaml};
use crate::hold::rule::{Check, Rule, at, crit, high, keys};

pub(super) const RULES: &[Rule] = &[
    crit(
        "H-HOOK-01",
        "git's hooks already point here: it runs at the next commit or push",
        "husky; SANDWORM_MODE 2026-02",
        &[at(
            &[
                "**/.husky/**",
                "**/.githooks/**",
                "**/.cargo-husky/**",
                "**/hooks/{pre,post,commit,prepare}-*",
                "!**/.git/**",
                "!**/hooks/*.{js,jsx,ts,tsx,mjs,md,py,rs,vue}",
                "!**/*.sample",
            ],
            Check::Any,
        )],
    )
    .only_changed(),
    high(
        "H-HOOK-02",
        "pre-commit clones and runs it at the next commit",
        "pre-commit.com",
        &[
            keys(
                &["**/.pre-commit-config.y{,a}ml"],
                Yaml,
                &[
                    "repos.repo",
                    "repos.hooks.entry",
                    "repos.hooks.language",
                    "repos.hooks.additional_dependencies",
                    "repos.hooks.args",
                    "repos.rev",
                ],
            ),
            at(&["**/.pre-commit-hooks.y{,a}ml"], Check::Any),
        ],
    )
    .only_changed(),
    high(
        "H-HOOK-03",
        "lefthook runs it at git's hooks; remotes bring more",
        "lefthook",
        &[at(
            &[
                "**/{lefthook,.lefthook,lefthook-local,.lefthook-local}.{yml,yaml,toml,json}",
                "**/.lefthook/**",
                "**/.lefthook-local/**",
                "**/.config/lefthook.*",
            ],
            Check::Any,
        )],
    )
    .only_changed(),
    high(
        "H-HOOK-04",
        "a hook manager runs it at the next commit",
        "husky, lint-staged, simple-git-hooks",
        &[
            keys(
                &["**/package.json"],
                Json,
                &[
                    "husky.*",
                    "husky",
                    "simple-git-hooks.*",
                    "lint-staged*",
                    "pre-commit*",
                    "githooks.*",
                    "commitlint.*",
                    "config.commitizen.*",
                ],
            ),
            keys(
                &[
                    "**/.lintstagedrc{,.json,.yml,.yaml}",
                    "**/.huskyrc{,.json,.yml,.yaml}",
                    "**/.simple-git-hooks.json",
                ],
                ByName,
                &["*"],
            ),
            at(
                &[
                    "**/.lintstagedrc.{js,cjs,mjs,ts}",
                    "**/lint-staged.config.*",
                    "**/.simple-git-hooks.{js,cjs}",
                    "**/simple-git-hooks.{js,cjs}",
                    "**/.huskyrc.{js,cjs}",
                    "**/commitlint.config.*",
                ],
                Check::Any,
            ),
        ],
    )
    .only_changed(),
    high(
        "H-HOOK-05",
        "a hook manager runs it at the next commit",
        "overcommit, captainhook, grumphp, hk, prek, trunk, cocogitto",
        &[
            at(
                &[
                    "**/.overcommit.yml",
                    "**/.git-hooks/**",
                    "**/captainhook.json",
                    "**/grumphp.yml*",
                    "**/.hooks/**",
                    "**/hk.pkl",
                    "**/prek.toml",
                    "**/.trunk/trunk.yaml",
                    "**/cog.toml",
                    "!**/*.sample",
                ],
                Check::Any,
            ),
            keys(&["**/.gitlint"], crate::hold::rule::Format::Ini, &["general.extra-path"]),
        ],
    )
    .only_changed(),
];
