//! Shells, environments, and what runs when someone enters a directory.

use crate::hold::rule::Format::{Env, Toml};
use crate::hold::rule::{Check, Rule, Trick, at, crit, high, keys};

const DOTENV: &[&str] = &["**/.env", "**/.env.*", "!**/.env.{example,sample,template,dist,leave,schema}", "!**/.gemini/**"];
/// What changes what another program does: not a value of the project, but of its tools.
const LOADED: &[&str] = &[
    "path", "ld_*", "dyld_*", "bash_env", "env", "prompt_command", "ps1", "ps4", "ifs", "shellopts", "node_options", "node_path", "node_extra_ca_certs",
    "node_tls_reject_unauthorized", "npm_config_*", "python*", "pip_*", "uv_*", "rubyopt", "rubylib", "perl5*", "*java_options", "java_tool_options",
    "maven_opts", "gradle_opts", "dotnet_startup_hooks", "coreclr_*", "git_*", "ssh_*", "editor", "visual", "pager", "manpager", "lessopen", "browser",
    "goflags", "goproxy", "gonosumdb", "gosumdb", "gonosumcheck", "gotoolchain", "cargo_*", "rustc*", "rustflags", "cc", "cxx", "ld", "cmake_*", "makeflags",
    "*_proxy", "ssl_cert_*", "requests_ca_bundle", "curl_ca_bundle", "docker_host", "kubeconfig", "aws_*endpoint*", "aws_config_file", "home", "xdg_*", "tmpdir",
    "*_base_url", "*_api_base", "*_endpoint", "codex_*", "claude_*", "gemini_*", "anthropic_*", "openai_*", "copilot_*", "kiro_*", "mcp_*",
];
/// The same names as lines, for what the other row does not tell.
pub(super) const RULES: &[Rule] = &[
    crit("H-SH-01", "direnv runs it at cd", "direnv",
        &[at(&["**/{.envrc,direnv.toml,direnvrc}", "**/.direnv/**"], Check::Any)]),
    crit("H-SH-02", "mise runs it at cd or install", "mise",
        &[keys(&["**/{mise,.mise,mise.local,.mise.local,.rtx}.toml", "**/mise.*.toml", "**/.config/mise.toml", "**/{.mise,.config/mise}/**/*.toml"], Toml, &["env*", "_.*", "hooks*", "tasks*", "plugins*", "settings*", "alias*", "watch_files*", "task_config*"]),
          at(&["**/{mise,.mise,mise.local,.mise.local,.rtx}.toml"], Check::Lines(&[r"=\s*[\x22'\[{].*(https?:|path:|ref:|prefix:)", r"^\s*[\x22']?(ubi|go|npm|pipx|cargo|asdf|vfox|http|github|aqua|gem|spm|dotnet):"])),
          at(&["**/.mise/tasks/**", "**/mise-tasks/**", "**/.mise-tasks/**"], Check::Any)]),
    crit("H-SH-03", "a tool that loads it runs other code, or talks to another server", "CVE-2025-61260 (CODEX_HOME)",
        &[keys(DOTENV, Env, LOADED)]),
    high("H-SH-04", "a program believes the value, and the user's own secrets would be overwritten", "dotenv",
        &[at(DOTENV, Check::Any)]).only_changed(),
    crit("H-SH-05", "a shell runs it when it starts, where the workspace is a home or holds dot files", "s1ngularity 2025-08",
        &[at(&["**/{.bashrc,.bash_profile,.bash_login,.bash_logout,.bash_aliases,.profile,.zshrc,.zshenv,.zprofile,.zlogin,.zlogout,config.fish,.kshrc,.cshrc,.tcshrc,.login,.xinitrc,.xprofile,.xsession,.pam_environment,.login_conf,.lesskey,.dircolors,profile.ps1,microsoft.powershell_profile.ps1}", "**/.zsh/**", "**/.oh-my-zsh/**", "**/.config/fish/**"], Check::Any)]),
    high("H-SH-06", "it runs at cd or activate; the editor activates it in each terminal", "virtual environments, hermit, autoenv and others",
        &[at(&["**/{activate,activate.ps1,activate.csh,activate.fish,activate_this.py,pyvenv.cfg}", "**/{venv,.venv}/bin/**", "**/.autoenv*", "**/.env.leave", "**/.smartcd/**", "**/.ondir*", "**/.hermit/**", "**/bin/{hermit.hcl,activate-hermit}", "**/{.pkgx,pkgx}.yaml", "**/{.prototools,.envset,flox.nix,.asdfrc,.rvmrc,.powenv,.powrc,.pumaenv}", "**/.{flox,devbox,shadowenv.d}/**", "**/.rbenv-*", "**/.jenv-*"], Check::Any)]),
    high("H-SH-07", "a new program: run by its name, by completion, by a double click", "files with the mode to execute",
        &[at(&["**", "!**/{node_modules,.venv,venv,site-packages,.tox,.git}/**", "!{scripts,bin,tools,ci,hack,xtask}/**"], Check::NewExecutable)]).only_changed(),
    high("H-SH-08", "a file that was not one becomes a program", "chmod(2)",
        &[at(&["**"], Check::Trick(Trick::ModeAdded))]),
    crit("H-SH-09", "it runs instead of the command of that name where this directory is in PATH", "search order; Cursor and git.exe 2026-07",
        &[at(&["{,bin/,node_modules/.bin/,vendor/bin/,.venv/bin/,venv/bin/}{ls,cd,git,npm,npx,pnpm,yarn,node,bun,deno,python,python3,pip,pip3,uv,make,cmake,cargo,rustc,go,ssh,sudo,su,docker,podman,kubectl,code,cursor,claude,kiro,gemini,codex,cat,rm,cp,mv,grep,find,sed,curl,wget,env,sh,bash,zsh,tar,vim,vi,less,man,ps,id}{,.exe,.com,.cmd,.bat}"], Check::NewExecutable)]),
    high("H-SH-10", "when it runs on the host it stays there, or reads what is not the project's", "persistence and theft in stealers of 2025 and 2026",
        &[at(&["**/*.{sh,bash,zsh,fish,js,cjs,mjs,ts,py,rb,pl,php,ps1,go,rs,yml,yaml,mk}", "**/{makefile,justfile,dockerfile}"], Check::Lines(&[
            r"~/\.(bashrc|zshrc|profile|bash_profile|zshenv)\b|\$\{?home\}?/\.(bashrc|zshrc|profile|bash_profile|zshenv)\b",
            r"(~|\$\{?home\}?|homedir\(\)|expanduser).{0,20}\.(ssh|aws|gnupg|kube|docker|claude|kiro|cursor|codex|gemini|config/gcloud)\b",
            r"\bcrontab\s+-|systemctl\s+--user\s+(enable|start)|\blaunchctl\s+(load|bootstrap)|\bschtasks\b.*/create|\.config/autostart|library/launchagents|currentversion\\\\?run\b",
            r"\bgh\s+auth\s+token|\bnpm\s+token\s|/proc/(self|\*|[0-9]+)/environ|169\.254\.169\.254|/var/run/docker\.sock"]))]).only_changed(),
    high("H-SH-11", "it has the form of a loader: it fetches or unpacks code and runs it", "Shai-Hulud 2.0; s1ngularity; Amazon Q CVE-2025-8217",
        &[at(&["**/*.{sh,bash,zsh,fish,js,cjs,mjs,ts,py,rb,pl,php,ps1,bat,cmd,mk,yml,yaml,json,toml}", "**/{makefile,justfile,dockerfile,gemfile,rakefile}"], Check::Lines(&[
            r"\b(curl|wget|iwr|invoke-webrequest|invoke-restmethod)\b[^|;&\n]{0,200}\|\s*(sudo\s+)?(env\s+\S+\s+)?(ba|z|da|k)?(sh|iex|python3?|node|perl|ruby|php)\b",
            r"\b(ba|z|da)?sh\s+-c\s+.{0,3}\$\((curl|wget)\b|\biex\s*\(?\s*\(?(new-object|iwr|irm)",
            r"base64\s+(-d|--decode|-D)\b[^|\n]{0,100}\|\s*(ba|z|da)?sh\b|/dev/tcp/\d|\bnc\s+(-\w+\s+)*-e\b|\bncat\b.*--exec",
            r"\beval\s*\(\s*(atob|Buffer\.from)\s*\(|exec\s*\(\s*(base64\.b64decode|zlib\.decompress|codecs\.decode|bytes\.fromhex)|new\s+function\s*\(\s*(atob|buffer)",
            r"child_process.{0,80}(fromcharcode|atob|buffer\.from)|trufflesecurity/trufflehog|bun\.sh/install",
            r"--(dangerously-skip-permissions|yolo|trust-all-tools|dangerously-bypass-approvals-and-sandbox|full-auto)\b.{0,80}(prompt|-p\b|exec|\x22)"]))]).only_changed(),
];
