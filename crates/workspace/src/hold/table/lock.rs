//! Lock files, and dependencies and build products in the tree.

use crate::hold::rule::Format::{Json, Toml};
use crate::hold::rule::{Check, Lock, Rule, at, crit, high, med};

pub(super) const RULES: &[Rule] = &[
    crit("H-PKG-16", "the next install brings other code behind an unchanged manifest", "lock file injection; axios 2026-03",
        &[at(&["**/{package-lock,npm-shrinkwrap,composer,packages}.lock.json", "**/{package-lock,npm-shrinkwrap,packages.lock}.json", "**/{composer,flake,deno,pipfile,bun,module.bazel,renv}.lock", "**/package.resolved", "!**/node_modules/**"], Check::Lock(Lock::Parsed(Json))),
          at(&["**/{cargo,poetry,pdm,uv}.lock", "**/pylock*.toml"], Check::Lock(Lock::Parsed(Toml))),
          at(&["**/{yarn,gemfile,podfile,mix,pubspec,pixi,conan}.lock", "**/pnpm-lock.yaml", "**/.terraform.lock.hcl", "!**/node_modules/**"], Check::Lock(Lock::Blocks)),
          at(&["**/{go.sum,go.work.sum,gradle.lockfile,buildscript-gradle.lockfile}", "**/requirements*.txt", "**/gradle/verification-metadata.xml"], Check::Lock(Lock::Lines)),
          at(&["**/bun.lockb"], Check::Lock(Lock::Opaque))]).only_changed(),
    high("H-PKG-17", "a dependency has an install script that it did not have", "axios 2026-03",
        &[at(&["**/{package-lock,npm-shrinkwrap}.json", "**/pnpm-lock.yaml", "!**/node_modules/**"], Check::Lines(&[r#"hasinstallscript"?:\s*true|requiresbuild:\s*true"#]))]).only_changed(),
    med("H-PKG-18", "what was pinned is pinned no more at the next install", "lock files",
        &[at(&["**/{package-lock.json,npm-shrinkwrap.json,yarn.lock,pnpm-lock.yaml,bun.lock,bun.lockb,deno.lock,poetry.lock,pdm.lock,uv.lock,pipfile.lock,cargo.lock,go.sum,gemfile.lock,composer.lock,mix.lock,flake.lock}", "!**/node_modules/**"], Check::Deleted)]),
    high("H-PKG-15", "a dependency or build product is changed behind its lock file", "CVE-2026-5223; stale .pyc",
        &[at(&["**/{node_modules,bower_components,.venv,venv,site-packages,.tox,.nox,.eggs}/**", "**/{.next,.gradle,.m2,.turbo,.parcel-cache}/**", "**/.nx/cache/**", "!**/{.venv,venv}/bin/**", "!**/node_modules/.bin/**", "!**/.gradle/init.d/**", "!**/*.pth", "!**/{sitecustomize,usercustomize}.py", "!**/*.{egg,dist}-info/**", "!**/{.venv,venv}/{pyvenv.cfg,activate*}"], Check::Any),
          at(&["**/__pycache__/*.pyc", "!**/{.venv,venv,site-packages,.tox,.nox}/**"], Check::Any),
          at(&["**/{pods,target,build,dist,vendor,third_party}/**", "!**/*.{c,h,rs,go,py,js,ts}"], Check::Executable)]).only_changed(),
];
