//! Build systems, task runners, infrastructure.

use crate::hold::rule::Format::{ByName, Json, Toml, Yaml};
use crate::hold::rule::{Check, Rule, at, crit, high, keys};

pub(super) const RULES: &[Rule] = &[
    crit("H-BZL-01", "bazel, buck, pants or please runs it at build, and the IDE at sync", "Bazel, .bazelrc and tools/bazel",
        &[at(&["**/{.bazelrc,.bazeliskrc,.bazelversion,bazel.rc,user.bazelrc,.buckconfig,.plzconfig,pants.toml}", "**/tools/bazel"], Check::Any),
          at(&["**/{build,build.bazel,workspace,workspace.bazel,workspace.bzlmod,module.bazel,buck,please}", "**/*.bzl"],
            Check::Lines(&[r"\b(repository_rule|genrule|http_archive|http_file|http_jar|git_repository|new_git_repository|local_repository|ctx\.execute|repository_ctx|use_extension|use_repo_rule|archive_override|git_override|local_path_override|single_version_override|urls?\s*=|sha256\s*=|cmd(_bash)?\s*=|run_shell|run_binary|load\s*\()"]))]).only_changed(),
    crit("H-CMK-01", "CMake runs it at configure, which IDEs do on open", "CMake, execute_process",
        &[at(&["**/cmakelists.txt", "**/*.cmake"], Check::Lines(&[r"\b(execute_process|exec_program|add_custom_command|add_custom_target|fetchcontent\w*|externalproject_add|find_program|cmake_language|ctest_\w+|install\s*\(\s*(code|script))\b", r"include\s*\(\s*(/|\.\./|\x22)", r"file\s*\(\s*(download|upload)", r"cmake_\w*(_launcher|toolchain_file|project_\w*include\w*|\w_compiler)\b", r"git_repository|url_hash"])),
          keys(&["**/cmake{,user}presets.json", "**/cmakesettings.json"], Json, &["*environment*", "*cachevariables*", "*cmakeexecutable", "*toolchain*", "*command*", "include*", "*variables*"])]).only_changed(),
    high("H-CMK-02", "it runs at configure or build", "xz CVE-2024-3094 (build-to-host.m4); Foundry, ffi",
        &[at(&["**/{configure,config.guess,config.sub,ltmain.sh,autogen.sh,bootstrap.sh,bootstrap,setup.hs,setup.lhs}", "**/*.{m4,wrap}"], Check::Any),
          at(&["**/{configure.ac,configure.in,makefile.am,makefile.in,meson.build,meson_options.txt,xmake.lua,premake5.lua,sconscript,wscript,kconfig,build.zig,build.zig.zon,dub.json,dub.sdl,package.swift,config.nims,dune-project,dune,cabal.project,stack.yaml,package.yaml,shard.yml,build.yaml,melos.yaml}", "**/*.{pro,pri,qbs,ninja,nimble,opam,cabal}"],
            Check::Lines(&[r"run_command|custom_target|find_program|\bexec\b|\bsystem\b|\$\(shell|eval|\bcurl\b|\bwget\b|https?://|\bgit\b|ac_config_commands|m4_esyscmd|\.execute|\bprocess\b|sha256|hash\s*=|plugin|addsystemcommand|preprebuildcommands|postbuildcommands|prebuildcommands|unsafeflags|\brun\b|\(action|\(rule|pre_?build|build-type:\s*custom|buildtype|script"])),
          keys(&["**/vcpkg{,-configuration}.json"], Json, &["*registries*", "*registry*", "*overlay*", "*overrides*"]),
          keys(&["**/foundry.toml"], Toml, &["*ffi", "*fs_permissions*", "*solc*", "*remappings*", "*libs"]),
          keys(&["**/{anchor,move}.toml"], Toml, &["scripts*", "hooks*", "*dependencies.*", "provider*"]),
          keys(&["**/pubspec.yaml"], Yaml, &["dependency_overrides*", "*.git*", "*.path", "*.hosted*", "scripts*", "executables*"]),
          keys(&["**/dbt_project.yml"], Yaml, &["on-run*", "*hook*", "packages*", "macro-paths*"])]).only_changed(),
    high("H-MK-01", "make runs it; $(shell) and include already when the file is read", "GNU make, functions",
        &[at(&["**/{makefile,gnumakefile,bsdmakefile}", "**/*.{mk,mak}"],
            Check::Lines(&[r"\$[({](shell|eval|file|guile)\b", r"!=", r"^\s*-?s?include\s", r"^\s*(override\s+|export\s+)?(shell|makeflags|\.shellflags|path|\.default_goal)\s*[:+?!]?=", r"^\.(oneshell|default_goal)", r"\b(curl|wget|nc|ncat|base64|eval|python3?\s+-c|node\s+-e|perl\s+-e|ssh|scp|openssl)\b", r"^\s+.*[`|]\s*(ba|z|da)?sh\b", r"^(all|default|test|check|build|install|clean)\s*:"]))]).only_changed(),
    high("H-MK-02", "the task runner runs it; just evaluates backticks already when it reads", "just, task, mise, turbo, nx and others",
        &[at(&["**/{justfile,.justfile}", "**/*.just", "**/taskfile*.y{,a}ml", "**/{earthfile,tiltfile,snakefile,magefile.go,main.nf,nextflow.config,dvc.yaml,skaffold.yaml,moon.yml,garden.yml,devspace.yaml,okteto.yml,werf.yaml,dagger.json,rush.json}", "**/procfile*", "**/.moon/**"], Check::Any),
          keys(&["**/{turbo,nx,project,lerna}.json"], Json, &["*command*", "*executor*", "*tasksrunner*", "*plugins*", "*script*", "*globalenv*", "*passthrough*", "npmclient", "*generators*", "*runner*"]),
          keys(&["**/tasks.{toml,json}", "!**/.vscode/**", "!**/.zed/**", "!**/.taskmaster/**"], ByName, &["*cmd*", "*command*", "*script*", "*run"]),
          at(&["{scripts,bin,tools,ci,hack,xtask}/**"], Check::Executable)]).only_changed(),
    high("H-IAC-01", "terraform plan itself runs it, or it is deployed", "Terraform, external data source",
        &[at(&["**/*.{tf,tofu}"], Check::Lines(&[r"\bprovisioner\s|data\s+\x22(external|http)\x22|\bsource\s*=|backend\s+\x22|provider_installation|local-exec|remote-exec|\bprogram\s*="])),
          at(&["**/.terraformrc", "**/.terraform/**", "**/ansible.cfg"], Check::Any),
          at(&["**/terragrunt.hcl"], Check::Lines(&[r"hook|run_cmd|source|execute|get_env"])),
          keys(&["**/pulumi*.y{,a}ml", "**/serverless.y{,a}ml", "**/helmfile.y{,a}ml", "**/chart.y{,a}ml", "**/kustomization.y{,a}ml"], Yaml, &["runtime*", "plugins*", "*hooks*", "*command*", "dependencies.repository", "generators*", "transformers*", "*exec*", "repositories*", "*openapi*"]),
          keys(&["**/cdk.json"], Json, &["app", "build", "plugin*", "context.*plugin*"]),
          at(&["**/playbook*.y{,a}ml", "**/{tasks,handlers}/main.y{,a}ml"], Check::Lines(&[r"local_action|delegate_to:\s*localhost|\b(shell|command|raw|script|get_url|uri):"]))]).only_changed(),
];
