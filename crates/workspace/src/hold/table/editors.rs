//! VS Code, and the editors that read its files.

use crate::hold::rule::Format::Json;
use crate::hold::rule::{Check, Rule, all, at, crit, high, keys, med};

/// Where settings stand flat, and where they stand under `settings`.
const SETTINGS: &[&str] = &[
    "**/{.vscode,.cursor,.kiro,.windsurf,.trae}/settings.json",
    "**/*.code-workspace",
    "**/devcontainer.json",
    "**/.devcontainer.json",
];
const TASKS: &[&str] = &["**/.vscode/tasks.json", "**/*.code-workspace"];

pub(super) const RULES: &[Rule] = &[
    crit(
        "H-ED-01",
        "a task that runs as soon as the folder is opened",
        "Contagious Interview; Mini Shai-Hulud 2026-04; CVE-2026-10591",
        &[at(
            TASKS,
            Check::Keys(
                all(
                    Json,
                    &[
                        "*tasks.runoptions.runon",
                        "*tasks.command*",
                        "*tasks.args*",
                        "*tasks.options.*",
                        "*tasks.linux.*",
                        "*tasks.osx.*",
                        "*tasks.windows.*",
                        "*tasks.type",
                        "*tasks.script",
                        "*tasks.dependson*",
                    ],
                )
                .given("*runoptions.runon", "folderopen"),
            ),
        )],
    ),
    high(
        "H-ED-02",
        "a task runs it at build or test",
        "VS Code, tasks.json",
        &[keys(
            TASKS,
            Json,
            &[
                "*tasks.command*",
                "*tasks.args*",
                "*tasks.options.*",
                "*tasks.type",
                "*tasks.script",
                "*tasks.linux.*",
                "*tasks.osx.*",
                "*tasks.windows.*",
                "*tasks.dependson*",
                "*inputs.command",
                "*inputs.args*",
            ],
        )],
    )
    .only_changed(),
    high(
        "H-ED-03",
        "the debugger runs it",
        "VS Code, launch.json",
        &[keys(
            &["**/.vscode/launch.json"],
            Json,
            &[
                "configurations.program",
                "configurations.runtime*",
                "configurations.prelaunchtask",
                "configurations.postdebugtask",
                "configurations.env*",
                "configurations.midebugger*",
                "configurations.*setupcommands*",
                "configurations.serverreadyaction*",
                "configurations.pipetransport*",
                "configurations.args",
                "configurations.*command*",
                "configurations.python*",
                "configurations.module",
            ],
        )],
    )
    .only_changed(),
    crit(
        "H-ED-04",
        "a language server, linter or SDK of the workspace starts as soon as the folder is opened",
        "IDEsaster 2025-12; CVE-2025-68432",
        &[keys(
            SETTINGS,
            Json,
            &[
                "*path",
                "*paths",
                "*executable*",
                "*command",
                "*commands*",
                "*cmd",
                "*interpreter*",
                "*.bin",
                "*binary*",
                "*server.extraenv*",
                "*toolchain*",
                "*.tsdk",
                "*.sdk",
                "*.runtime",
                "*.args",
                "*.envfile",
                "*.env.*",
                "*envvars*",
                "*alternatetools*",
                "*.javahome",
                "*.java.home",
                "*.vmargs",
                "!*terminal.integrated.*",
                "!*chat.*",
                "!*allowedcommands*",
                "!*tasks.*",
                "!*launch.*",
                "!folders.*",
                "!mounts*",
                "!*initializecommand*",
                "!*createcommand*",
                "!*contentcommand*",
                "!*startcommand*",
                "!*attachcommand*",
                "!runargs*",
                "!build.*",
                "!*.excludepath*",
                "!filewatcher.*",
                "!*runonsave*",
            ],
        )],
    ),
    crit(
        "H-ED-05",
        "it runs when a terminal is opened",
        "VS Code, terminal.integrated",
        &[keys(
            SETTINGS,
            Json,
            &[
                "*terminal.integrated.profiles*",
                "*terminal.integrated.automation*",
                "*terminal.integrated.defaultprofile*",
                "*terminal.integrated.env*",
                "*terminal.integrated.shell*",
                "*terminal.integrated.cwd",
            ],
        )],
    ),
    crit(
        "H-ED-06",
        "the agent stops asking, or takes its tools from elsewhere",
        "CVE-2025-53773; CVE-2026-89332",
        &[keys(
            SETTINGS,
            Json,
            &[
                "*autoapprove*",
                "*chat.agent.*",
                "*chat.mcp.*",
                "*chat.permissions.*",
                "*alwaysallow*",
                "*allowedcommands*",
                "*yolo*",
                "*kiroagent.*",
                "*claudecode.*",
                "*kiro*registry*",
                "*kiro*url",
                "*roo-cline.*",
                "*kilo-code.*",
                "*cline.*",
                "*amazonq.*",
                "*gemini-cli.*",
                "*chatgpt.*",
                "mcp.*",
                "settings.mcp.*",
                "mcpservers.*",
            ],
        )],
    ),
    high(
        "H-ED-07",
        "a guard of the editor is off: trust, automatic tasks, updates",
        "VS Code, workspace trust; Cursor (Oasis) 2025-09",
        &[keys(
            SETTINGS,
            Json,
            &[
                "*security.workspace.trust*",
                "*task.allowautomatictasks",
                "*extensions.auto*",
                "*extensions.ignorerecommendations",
                "*security.allowedunchosts",
                "*git.openrepositoryinparentfolders",
                "*git.untrackedchanges",
            ],
        )],
    ),
    high(
        "H-ED-08",
        "the agent takes instructions from another path, or from the setting itself",
        "VS Code, chat.*Locations",
        &[keys(
            SETTINGS,
            Json,
            &[
                "*chat.*locations*",
                "*chat.use*file*",
                "*github.copilot.*instructions*",
                "*.custominstructions*",
            ],
        )],
    ),
    high(
        "H-ED-09",
        "the editor fetches this address on open",
        "IDEsaster 2025-12, remote schema",
        &[
            at(
                SETTINGS,
                Check::Keys(
                    all(Json, &["*json.schemas.*", "*yaml.schemas.*", "*xml.*", "*svg.preview*"])
                        .like("[a-z]+://"),
                ),
            ),
            keys(
                SETTINGS,
                Json,
                &[
                    "*http.proxy*",
                    "*.endpoint",
                    "*.serverurl",
                    "*.apibase*",
                    "*.proxy*",
                    "*rest-client.*",
                ],
            ),
        ],
    ),
    med(
        "H-ED-10",
        "files, or characters, are hidden from whoever reviews them",
        "VS Code, files.exclude",
        &[
            keys(
                SETTINGS,
                Json,
                &[
                    "*editor.unicodehighlight*",
                    "*git.ignoredrepositories*",
                    "*files.readonlyinclude*",
                ],
            ),
            at(
                SETTINGS,
                Check::Keys(
                    all(
                        Json,
                        &[
                            "*files.exclude*.git*",
                            "*files.exclude*.vscode*",
                            "*files.exclude*.claude*",
                            "*files.exclude*.github*",
                        ],
                    )
                    .like("true"),
                ),
            ),
        ],
    ),
    high(
        "H-ED-11",
        "it runs when a file is saved, or when the folder is opened",
        "VS Code, codeActionsOnSave and extensions",
        &[keys(
            SETTINGS,
            Json,
            &[
                "*editor.codeactionsonsave*",
                "*emeraldwalk.runonsave*",
                "*runonsave*",
                "*filewatcher.*",
                "*jest.runmode*",
                "*jest.jestcommand*",
                "*phpunit.*",
                "*python.testing.*args*",
                "*npm.autodetect",
                "*eslint.workingdirectories*",
                "*eslint.options*",
                "*cmake.configureonopen",
                "*java.import.gradle.*",
                "*java.configuration.*",
                "*bazel.*",
            ],
        )],
    ),
    crit(
        "H-ED-13",
        "an extension of the workspace runs in the editor",
        "VS Code 1.89",
        &[at(&["**/.vscode/extensions/**"], Check::Any)],
    ),
    high(
        "H-ED-14",
        "a server, compiler or upload target of the workspace",
        "VS Code extensions",
        &[
            at(
                &[
                    "**/.vscode/{mcp,sftp,cmake-kits,cmake-variants,arduino,ftp-simple}.json",
                    "**/.vscode/*.toolsets.jsonc",
                    "**/.vscode/cspell*.{js,cjs,mjs}",
                ],
                Check::Any,
            ),
            keys(
                &["**/.vscode/c_cpp_properties.json"],
                Json,
                &["*compilerpath", "*compilercommands", "*configurationprovider"],
            ),
        ],
    ),
    high(
        "H-ED-15",
        "opens folders of the host in the agent's reach",
        "IDEsaster 2025-12, workspace files",
        &[
            at(&["**/*.code-workspace"], Check::New),
            at(
                &["**/*.code-workspace"],
                Check::Keys(
                    all(Json, &["folders.path", "folders.uri", "remoteauthority"])
                        .like(r"^/|^~|\.\.|://|^[a-z]:"),
                ),
            ),
            keys(&["**/*.code-workspace"], Json, &["extensions.*", "launch.*"]),
        ],
    ),
    med(
        "H-ED-12",
        "the editor proposes to install this extension",
        "Open VSX names 2026-01 (Koi)",
        &[keys(&["**/.vscode/extensions.json"], Json, &["recommendations"])],
    ),
];
