//! CI, bots, deployment: what runs elsewhere with the project's secrets.

use crate::hold::rule::Format::{ByName, Json, Toml, Yaml};
use crate::hold::rule::{Check, Rule, all, at, crit, high, keys};

const WORKFLOW: &[&str] = &["**/.github/workflows/*.y{,a}ml", "!**/copilot-setup-steps.y{,a}ml"];

pub(super) const RULES: &[Rule] = &[
    crit("H-CI-01", "it runs with the project's secrets at the next push", "Shai-Hulud 2025-09; GhostAction 2025-09",
        &[at(WORKFLOW, Check::New),
          keys(WORKFLOW, Yaml, &["on", "on.*", "permissions*", "jobs.*.permissions*", "jobs.*.steps.run", "jobs.*.runs-on*", "jobs.*.secrets*", "jobs.*.container*", "jobs.*.services*", "jobs.*.env*", "env*", "defaults.*", "jobs.*.steps.env*", "jobs.*.steps.shell", "jobs.*.if", "jobs.*.steps.with.script"])]).only_changed(),
    high("H-CI-02", "an action comes from elsewhere, or is pinned less; an event's text becomes a command", "tj-actions CVE-2025-30066; trivy-action CVE-2026-33634",
        &[at(WORKFLOW, Check::Keys(all(Yaml, &["jobs.*.steps.uses", "jobs.*.uses"]).unlike(r"^[\w./-]+@[0-9a-f]{40}(\s|$)|^actions/[\w./-]+@v?\d"))),
          at(WORKFLOW, Check::Lines(&[r"\$\{\{\s*github\.(event\.|head_ref)"]))]).only_changed(),
    high("H-CI-03", "an action of the tree runs, or a review is no longer demanded", "GitHub, CODEOWNERS",
        &[at(&["**/.github/actions/**", "**/action.y{,a}ml", "!**/.github/actions/**/*.md"], Check::Any),
          keys(&["**/.github/{dependabot,labeler,settings,release}.y{,a}ml", "**/.github/codeql/**/*.y{,a}ml"], Yaml, &["registries*", "updates.registries*", "updates.insecure-external-code-execution", "*.branches*", "*repository*", "*collaborators*", "*teams*", "queries*", "packs*", "paths-ignore*"]),
          at(&["**/codeowners"], Check::Guard),
          at(&["**/.github/issue_template/config.y{,a}ml", "**/.github/funding.y{,a}ml"], Check::Lines(&["https?:|:"]))]).only_changed(),
    crit("H-CI-04", "it runs at the next push", "GitLab, CI files",
        &[at(&["**/.gitlab-ci.y{,a}ml", "**/.gitlab/**/*.y{,a}ml"], Check::Any)]).only_changed(),
    crit("H-CI-05", "it runs with the project's secrets at the next push", "CircleCI, Jenkins, Azure and others",
        &[at(&["**/.circleci/**", "**/jenkinsfile*", "**/.jenkins/**", "**/jenkins/**", "**/azure-pipelines*.y{,a}ml", "**/.azure-pipelines/**", "**/.buildkite/**", "**/{.travis,appveyor,.appveyor,bitbucket-pipelines,wercker,bitrise,appspec,.onedev-buildspec}.yml", "**/.drone.y{,a}ml", "**/.woodpecker{,/**,.y{,a}ml}", "**/.{semaphore,teamcity,tekton,forgejo,gitea,builds,harness}/**", "**/.cirrus.y{,a}ml", "**/{cloudbuild,codemagic}.yaml", "**/buildspec*.yml", "**/.screwdriver*"], Check::Any)]).only_changed(),
    high("H-CI-06", "a bot merges another version, or runs a command", "Renovate, Dependabot",
        &[keys(&["**/{renovate.json{,5},.renovaterc,.renovaterc.json{,5}}"], Json, &["*postupgradetasks*", "*allowed*commands", "extends", "*automerge*", "*registryurls*", "*hostrules*", "*custommanagers*", "*minimumreleaseage*", "*ignorescripts*", "*regexmanagers*"]),
          keys(&["**/dependabot.y{,a}ml", "!**/.github/dependabot.y{,a}ml"], Yaml, &["*"])]).only_changed(),
    high("H-CI-07", "it runs at deployment, or sends visitors elsewhere", "Vercel, Netlify, Cloudflare, Fly and others",
        &[keys(&["**/{vercel,now,app,firebase,amplify,static}.json", "**/wrangler.json{,c}"], Json, &["*command*", "*script*", "*redirects*", "*headers*", "env*", "*.env.*", "*hook*", "buildpacks*", "*routes*", "*rewrites*", "main", "*vars*", "*predeploy*", "*postdeploy*", "addons*", "*builds*"]),
          keys(&["**/{netlify,wrangler,fly}.toml"], Toml, &["*command*", "redirects*", "headers*", "*env*", "plugins*", "main", "*vars*", "build*", "routes*", "deploy*", "processes*"]),
          keys(&["**/{render,heroku,amplify,app}.y{,a}ml"], Yaml, &["*command*", "*env*", "*run*", "entrypoint", "handlers*", "setup*", "build*", "*script*"]),
          at(&["**/{.firebaserc,captain-definition,_headers,_redirects,_worker.js,sst.config.ts}", "**/.platform{,/**,.app.yaml}", "**/.{ebextensions,do}/**", "**/railway.{json,toml}", "!**/node_modules/**"], Check::Any)]).only_changed(),
    high("H-CI-08", "it runs with the keys that sign releases", "GoReleaser, packagers, fastlane",
        &[at(&["**/.goreleaser*.y{,a}ml", "**/{pkgbuild,.semrelrc}", "**/*.install", "**/debian/{rules,*.postinst,*.preinst,*.postrm,*.prerm,postinst,preinst}", "**/fastlane/**", "**/exportoptions.plist", "**/*.mobileprovision", "!**/fastlane/{screenshots,metadata}/**"], Check::Any),
          keys(&["**/release-please-config.json", "**/.changeset/config.json", "**/.releaserc{,.json,.yaml,.yml}"], ByName, &["*plugins*", "*cmd*", "*command*", "*exec*", "*extra-files*", "changelog*", "*access*", "extends*"]),
          keys(&["**/electron-builder*.{yml,yaml,json,json5,toml}", "**/snapcraft.yaml"], ByName, &["*hook*", "*after*", "*before*", "*script*", "*publish*", "*sign*", "*override*", "parts.*", "apps.*.command"]),
          at(&["**/*.spec", "!**/*.{js,ts}.spec"], Check::Lines(&[r"^%(pre|post|build|install|prep|trigger|check|include)|\bsource\d*:|^\s*(exec|import)|subprocess|hookspath|runtime_hooks"])),
          at(&["**/formula/*.rb"], Check::Any)]).only_changed(),
];
