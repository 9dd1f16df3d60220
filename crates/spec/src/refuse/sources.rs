//! Places of the host that no share may open.

use crate::Own;

/// A place, and what of it is refused.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceRule {
    /// Stable name.
    pub id: &'static str,
    /// Where it is.
    pub place: Place,
    /// Which shares touch it.
    pub reach: Reach,
    /// Whether reading is refused too.
    pub when: When,
    /// What it is, as a noun.
    pub what: &'static str,
    /// The narrower thing to use.
    pub instead: &'static str,
}

/// Where a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this path.
    At(&'static str),
    /// Below the user's home, and below every directory in `/home` and `/root` (`""`: the home).
    Home(&'static str),
    /// Where a variable of the caller points to: a path, or `unix://` and a path.
    Variable(&'static str),
    /// One of drybox's own files.
    Ours(Own),
}

/// Which shares touch a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The place alone.
    Exact,
    /// The place, and directories that hold it.
    Above,
    /// The place, and what is in it.
    Below,
    /// All three.
    Around,
}

/// Which access is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Every.
    Always,
    /// Writing.
    Writable,
}

use Place::{At, Home, Ours, Variable};
use Reach::{Above, Around, Below, Exact};

/// Every row; the first that fits speaks.
#[rustfmt::skip] // one row a line
pub const SOURCES: &[SourceRule] = &[
    always("root", At("/"), Exact, "the whole host", DIRECTORY),
    always("home", Home(""), Above, "a home directory, with every credential in it", DIRECTORY),
    always("homes", At("/home"), Above, "the home directories", DIRECTORY),
    // The kernel's and the system's own.
    always("proc", At("/proc"), Around, "the host's processes", "leave it out: a box has a /proc of its own"),
    always("sys", At("/sys"), Around, "the host's devices and kernel settings", "leave it out: programs cope without"),
    always("dev", At("/dev"), Around, "the host's devices", "leave it out: a box has a /dev of its own"),
    always("boot", At("/boot"), Around, "what the host boots from", DIRECTORY),
    always("etc", At("/etc"), Exact, "the host's configuration, keys and password hashes", "the one file of it, with :ro"),
    always("etc-shadow", At("/etc/shadow"), Below, "password hashes", LEAVE),
    always("etc-gshadow", At("/etc/gshadow"), Below, "password hashes", LEAVE),
    always("etc-ssh", At("/etc/ssh"), Below, "the host's private keys", LEAVE),
    always("etc-tls", At("/etc/ssl/private"), Below, "the host's private keys", LEAVE),
    always("etc-sudo", At("/etc/sudoers"), Below, "who may become root", LEAVE),
    always("var", At("/var"), Exact, "the host's state, logs and mail", DIRECTORY),
    always("var-docker", At("/var/lib/docker"), Around, "other containers' files", DIRECTORY),
    always("var-containers", At("/var/lib/containers"), Around, "other containers' files", DIRECTORY),
    always("var-containerd", At("/var/lib/containerd"), Around, "other containers' files", DIRECTORY),
    always("var-cron", At("/var/spool/cron"), Around, "what the host runs by itself", DIRECTORY),
    always("run", At("/run"), Exact, "sockets of the host's services", LEAVE),
    always("run-user", At("/run/user"), Around, "sockets of the user's session: D-Bus, Wayland, agents", LEAVE),
    always("run-docker", At("/run/docker.sock"), Around, "Docker's socket, which is root on the host", "drybox run -- CMD inside needs no engine"),
    always("run-podman", At("/run/podman"), Around, "podman's socket, which starts containers on the host", "drybox run -- CMD inside needs no engine"),
    always("run-containerd", At("/run/containerd"), Around, "containerd's socket, which is root on the host", "drybox run -- CMD inside needs no engine"),
    always("run-dbus", At("/run/dbus"), Around, "the system's D-Bus socket", LEAVE),
    always("run-systemd", At("/run/systemd"), Around, "systemd's sockets", LEAVE),
    always("tmp", At("/tmp"), Exact, "other programs' files and sockets", "a directory below /tmp of its own; a box has a /tmp already"),
    always("var-tmp", At("/var/tmp"), Exact, "other programs' files and sockets", "a directory below /var/tmp of its own; a box has a /tmp already"),
    always("x11", At("/tmp/.X11-unix"), Around, "the X server's socket, which sees every key", "a directory below /tmp of its own"),
    // Sockets and credentials that the environment names.
    always("ssh-agent", Variable("SSH_AUTH_SOCK"), Around, "the socket of ssh-agent, which signs with your keys", LEAVE),
    always("runtime-dir", Variable("XDG_RUNTIME_DIR"), Around, "sockets of the user's session", LEAVE),
    always("xauthority", Variable("XAUTHORITY"), Below, "the key to the X server", LEAVE),
    always("docker-host", Variable("DOCKER_HOST"), Around, "a container engine's socket", "drybox run -- CMD inside needs no engine"),
    always("container-host", Variable("CONTAINER_HOST"), Around, "a container engine's socket", "drybox run -- CMD inside needs no engine"),
    always("docker-config", Variable("DOCKER_CONFIG"), Below, "registry credentials", LEAVE),
    always("gnupg-home", Variable("GNUPGHOME"), Below, "private keys", LEAVE),
    always("kubeconfig-variable", Variable("KUBECONFIG"), Below, "cluster credentials", LEAVE),
    always("aws-variable", Variable("AWS_SHARED_CREDENTIALS_FILE"), Below, "cloud credentials", CREDENTIAL),
    always("google-variable", Variable("GOOGLE_APPLICATION_CREDENTIALS"), Below, "cloud credentials", CREDENTIAL),
    always("gcloud-variable", Variable("CLOUDSDK_CONFIG"), Below, "cloud credentials", CREDENTIAL),
    always("netrc-variable", Variable("NETRC"), Below, "passwords", CREDENTIAL),
    // Credentials in a home.
    always("ssh", Home(".ssh"), Around, "private keys, and the hosts that they open", "a directory with the one file that is needed"),
    always("gnupg", Home(".gnupg"), Around, "private keys", "sign on the host, after the run"),
    always("aws", Home(".aws"), Around, "cloud credentials", CREDENTIAL),
    always("azure", Home(".azure"), Around, "cloud credentials", CREDENTIAL),
    always("gcloud", Home(".config/gcloud"), Around, "cloud credentials", CREDENTIAL),
    always("oci", Home(".oci"), Around, "cloud credentials", CREDENTIAL),
    always("kube", Home(".kube"), Around, "cluster credentials", CREDENTIAL),
    always("docker", Home(".docker"), Around, "registry credentials", CREDENTIAL),
    always("containers-auth", Home(".config/containers/auth.json"), Around, "registry credentials", CREDENTIAL),
    always("netrc", Home(".netrc"), Around, "passwords", CREDENTIAL),
    always("git-credentials", Home(".git-credentials"), Around, "passwords", CREDENTIAL),
    always("git-credentials-xdg", Home(".config/git/credentials"), Around, "passwords", CREDENTIAL),
    always("gh", Home(".config/gh"), Around, "GitHub's token", CREDENTIAL),
    always("glab", Home(".config/glab-cli"), Around, "GitLab's token", CREDENTIAL),
    always("cargo-token", Home(".cargo/credentials.toml"), Around, "the registry's token", CREDENTIAL),
    always("vault", Home(".vault-token"), Around, "the token of Vault", CREDENTIAL),
    always("pass", Home(".password-store"), Around, "passwords", CREDENTIAL),
    always("keyrings", Home(".local/share/keyrings"), Around, "passwords", CREDENTIAL),
    always("kwallet", Home(".local/share/kwalletd"), Around, "passwords", CREDENTIAL),
    always("op", Home(".config/op"), Around, "passwords", CREDENTIAL),
    always("pki", Home(".pki"), Around, "private keys", LEAVE),
    always("firefox", Home(".mozilla"), Around, BROWSER, LEAVE),
    always("firefox-xdg", Home(".config/mozilla"), Around, BROWSER, LEAVE),
    always("chrome", Home(".config/google-chrome"), Around, BROWSER, LEAVE),
    always("chromium", Home(".config/chromium"), Around, BROWSER, LEAVE),
    always("brave", Home(".config/BraveSoftware"), Around, BROWSER, LEAVE),
    always("edge", Home(".config/microsoft-edge"), Around, BROWSER, LEAVE),
    always("vivaldi", Home(".config/vivaldi"), Around, BROWSER, LEAVE),
    always("opera", Home(".config/opera"), Around, BROWSER, LEAVE),
    always("flatpak", Home(".var/app"), Around, "browsers' profiles and other programs' files", LEAVE),
    always("snap-firefox", Home("snap/firefox"), Around, BROWSER, LEAVE),
    always("snap-chromium", Home("snap/chromium"), Around, BROWSER, LEAVE),
    always("thunderbird", Home(".thunderbird"), Around, "mail and its passwords", LEAVE),
    always("history", Home(".bash_history"), Around, "what you typed, passwords included", LEAVE),
    always("history-zsh", Home(".zsh_history"), Around, "what you typed, passwords included", LEAVE),
    // drybox itself.
    always("store", Ours(Own::Store), Around, "drybox's store", "drybox's own commands"),
    always("config", Ours(Own::Config), Around, "drybox's configuration and your approvals", "drybox's own commands"),
    writable("executable", Ours(Own::Executable), Around, "the drybox executable, which guards the next run", "share it with :ro"),
    // What the host runs later by itself.
    writable("usr", At("/usr"), Below, "the host's programs", READ),
    writable("etc-write", At("/etc"), Below, "the host's configuration", READ),
    writable("bashrc", Home(".bashrc"), Around, SHELL, READ),
    writable("bash-profile", Home(".bash_profile"), Around, SHELL, READ),
    writable("profile", Home(".profile"), Around, SHELL, READ),
    writable("zshrc", Home(".zshrc"), Around, SHELL, READ),
    writable("zshenv", Home(".zshenv"), Around, SHELL, READ),
    writable("zprofile", Home(".zprofile"), Around, SHELL, READ),
    writable("fish", Home(".config/fish"), Around, SHELL, READ),
    writable("local-bin", Home(".local/bin"), Around, "programs on your PATH", READ),
    writable("home-bin", Home("bin"), Around, "programs on your PATH", READ),
    writable("cargo-bin", Home(".cargo/bin"), Around, "programs on your PATH", READ),
    writable("autostart", Home(".config/autostart"), Around, "what your desktop starts by itself", READ),
    writable("systemd-user", Home(".config/systemd"), Around, "what your session starts by itself", READ),
    writable("applications", Home(".local/share/applications"), Around, "what your desktop starts", READ),
    writable("gitconfig", Home(".gitconfig"), Around, "programs that git starts", READ),
    writable("git-xdg", Home(".config/git"), Around, "programs that git starts", READ),
    writable("vimrc", Home(".vimrc"), Around, "what your editor runs", READ),
    writable("nvim", Home(".config/nvim"), Around, "what your editor runs", READ),
    writable("vscode", Home(".vscode"), Around, "what your editor runs", READ),
];

const fn always(
    id: &'static str,
    place: Place,
    reach: Reach,
    what: &'static str,
    instead: &'static str,
) -> SourceRule {
    SourceRule { id, place, reach, when: When::Always, what, instead }
}

const fn writable(
    id: &'static str,
    place: Place,
    reach: Reach,
    what: &'static str,
    instead: &'static str,
) -> SourceRule {
    SourceRule { id, place, reach, when: When::Writable, what, instead }
}

const DIRECTORY: &str = "share the one directory below it that the command needs";
const LEAVE: &str = "leave it out";
const CREDENTIAL: &str = "one short-lived credential: -e NAME";
const READ: &str = "share it with :ro";
const BROWSER: &str = "a browser's passwords and cookies";
const SHELL: &str = "what your shell runs at its next start";
