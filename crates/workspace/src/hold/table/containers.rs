//! Containers, desktops, and programs that no diff shows.

use crate::hold::rule::Format::{Json, Yaml};
use crate::hold::rule::{Check, Rule, all, at, crit, high, keys, med};

pub(super) const RULES: &[Rule] = &[
    high("H-CTR-01", "it runs at build, or the image comes from elsewhere", "Dockerfile reference",
        &[at(&["**/{dockerfile,containerfile}*", "**/*.{dockerfile,containerfile}", "**/.docker/**", "**/docker-bake.*", "!**/*.md"],
            Check::Lines(&[r"^\s*from\s", r"^\s*#\s*syntax\s*=", r"\b(curl|wget)\b.*\|", r"^\s*add\s+(--\S+\s+)*https?:", r"^\s*onbuild\s", r"--mount=type=(secret|ssh|bind)", r"--security=insecure", r"^\s*(entrypoint|cmd|healthcheck|shell|user)\b"])),
          at(&["**/{dockerfile,containerfile}*", "**/*.{dockerfile,containerfile}"], Check::LinesGone(&[r"^\s*user\s"]))]).only_changed(),
    crit("H-CTR-02", "compose up gives it the host", "Compose, privileged and volumes",
        &[keys(&["**/{docker-compose,compose}*.y{,a}ml"], Yaml, &["services.*.privileged", "services.*.cap_add", "services.*.pid", "services.*.network_mode", "services.*.ipc", "services.*.devices*", "services.*.security_opt", "services.*.userns_mode", "services.*.command", "services.*.entrypoint", "services.*.build*", "services.*.extends*", "include*", "services.*.post_start*", "services.*.pre_stop*", "services.*.provider*", "services.*.use_api_socket", "services.*.healthcheck.test"]),
          at(&["**/{docker-compose,compose}*.y{,a}ml"], Check::Keys(all(Yaml, &["services.*.image"]).unlike(r"^(docker\.io/)?(library/)?[\w-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$"))),
          at(&["**/{docker-compose,compose}*.y{,a}ml"], Check::Keys(all(Yaml, &["services.*.volumes*", "*.env_file*", "configs.*.file", "secrets.*.file", "volumes.*.driver_opts*"]).like(r"^/|^~|\.\.|\$\{?(home|pwd)|docker\.sock")))]),
    crit("H-CTR-03", "it runs on the host, or gets the host's files and secrets, when the folder is reopened in a container", "Dev Containers, initializeCommand; Codespaces 2026-02",
        &[keys(&["**/{devcontainer,.devcontainer}.json"], Json, &["*command*", "mounts*", "runargs*", "privileged", "capadd*", "securityopt*", "features*", "image", "build*", "dockerfile", "dockercomposefile*", "workspacemount", "workspacefolder", "remoteuser", "containeruser", "containerenv*", "remoteenv*", "secrets*", "initializecommand*", "customizations.*.extensions", "!customizations.vscode.settings.*"]),
          at(&["**/.devcontainer/**", "!**/devcontainer.json", "!**/*.md", "!**/{dockerfile,containerfile}*", "!**/{docker-compose,compose}*.y{,a}ml"], Check::Any)]),
    med("H-CTR-04", "secrets enter the context of a build", ".dockerignore",
        &[at(&["**/{.dockerignore,.containerignore}"], Check::Mask)]),
    crit("H-CTR-05", "the next sandbox is wider, or a machine is set up by it", "drybox's own settings; Vagrant, cloud-init, quadlets",
        &[at(&["**/drybox.toml", "**/.drybox/**", "**/.srt-settings.json", "**/bwrap*.sh", "**/firejail*.profile", "**/.sandbox*", "**/*.sb"], Check::Any),
          at(&["**/*.{kube,pod,container,quadlet,nomad}", "**/{vagrantfile,lima.yaml,colima.yaml,user-data}", "**/cloud-init*"], Check::Any),
          at(&["**/k8s/**/*.y{,a}ml", "**/*.k8s.y{,a}ml", "**/kind*.yaml"], Check::Lines(&[r"hostpath|privileged:\s*true|host(network|pid|ipc):\s*true|allowprivilegeescalation|extramounts|docker\.sock|sys_admin|runasuser:\s*0"]))]),
    high("H-OS-01", "it runs on a click, or when the folder is looked at", "desktop entries, shell links, NTLM leaks by .scf and .library-ms",
        &[at(&["**/*.{desktop,service,timer,socket,lnk,url,webloc,scf,library-ms,search-ms,inetloc,fileloc,command,terminal,scpt,appimage,run}", "**/autostart/**", "**/{desktop.ini,autorun.inf,.directory}", "**/*.{workflow,action,app}/**", "**/library/launch{agents,daemons}/*.plist"], Check::Any)]),
    high("H-OS-02", "code that no diff shows", "eslint-config-prettier CVE-2025-54313; Nx Console 2026-05",
        &[at(&["**/*.{exe,dll,com,scr,pif,bat,cmd,vbs,vbe,jse,wsf,wsh,hta,msi,msp,msix,cpl,sys,ocx,jar,war,class,so,so.*,dylib,node,wasm,pyd,pyc,o,a,lib,ko,apk,ipa,deb,rpm,pkg,dmg,iso,img,vhd,vhdx,qcow2,crx,xpi,vsix,whl,egg,gem,nupkg,crate}", "!**/__pycache__/**", "!**/{node_modules,.venv,venv,site-packages,.gradle,.m2,bower_components,.tox}/**", "!**/{gradle,.mvn}/wrapper/*.jar", "!**/{gradlew.bat,mvnw.cmd}", "!**/cloud-init.img"], Check::Any)]).only_changed(),
];
