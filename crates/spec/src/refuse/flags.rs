//! podman's flags that drybox does not have, so that who types one gets the reason.

/// A flag of podman-run(1).
#[derive(Debug, PartialEq, Eq)]
pub struct ForeignFlag {
    /// The long spelling, without dashes.
    pub name: &'static str,
    /// The short spelling, without its dash.
    pub short: Option<char>,
    /// Whether it takes a value.
    pub takes: Takes,
    /// Values that say what is so anyway; these are accepted.
    pub fine: &'static [&'static str],
    /// Why drybox does not have it.
    pub why: &'static str,
    /// What to use instead.
    pub instead: &'static str,
}

/// Whether a flag takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Always.
    Value,
    /// `true` or `false` after `=`, else `true`.
    Switch,
}

use Takes::{Switch, Value};

/// Every row, grouped by reason.
#[rustfmt::skip] // one row a line
pub const FOREIGN_FLAGS: &[ForeignFlag] = &[
    // What would weaken the jail.
    row("privileged", None, Switch, &["false"], "it would switch every wall off", "-v SRC:DST for the one directory that is needed"),
    row("cap-add", None, Value, &[], "a box has no capabilities, its root included", "-u root, when the program only asks for uid 0"),
    row("pid", None, Value, &["private"], "a box sees no processes but its own", GONE),
    row("ipc", None, Value, &["private", "none", ""], "a box shares no memory with others", "--shm-size, when /dev/shm is too small"),
    row("uts", None, Value, &["private"], "a box has a host name of its own", "--hostname NAME"),
    row("cgroupns", None, Value, &["private"], "a box has a cgroup namespace of its own", GONE),
    row("userns", None, Value, &["keep-id"], USERS, "-u UID:GID"),
    row("uidmap", None, Value, &[], USERS, "-u UID:GID"),
    row("gidmap", None, Value, &[], USERS, "-u UID:GID"),
    row("subuidname", None, Value, &[], USERS, "-u UID:GID"),
    row("subgidname", None, Value, &[], USERS, "-u UID:GID"),
    row("hostuser", None, Value, &[], USERS, "-u UID:GID"),
    row("passwd", None, Switch, &["true"], USERS, "-u UID:GID"),
    row("passwd-entry", None, Value, &[], USERS, "-u UID:GID"),
    row("group-entry", None, Value, &[], USERS, "-u UID:GID"),
    row("group-add", None, Value, &[], "the host's groups open the host's files and devices", "-u UID:GID for the one group that is needed"),
    row("device", None, Value, &[], DEVICES, DEVICES_INSTEAD),
    row("device-cgroup-rule", None, Value, &[], DEVICES, DEVICES_INSTEAD),
    row("gpus", None, Value, &[], DEVICES, DEVICES_INSTEAD),
    row("sysctl", None, Value, &[], "kernel settings are read-only inside", GONE),
    row("preserve-fds", None, Value, &["0"], DESCRIPTORS, "-v SRC:DST for a file"),
    row("preserve-fd", None, Value, &[], DESCRIPTORS, "-v SRC:DST for a file"),
    row("env-host", None, Switch, &["false"], "the whole environment would enter, secrets included", "-e NAME, or a prefix: -e 'NPM_*'"),
    row("seccomp-policy", None, Value, &["default"], "the system-call filter is drybox's own", GONE),
    row("personality", None, Value, &[], "the system-call filter knows one architecture", GONE),
    row("rootfs", None, Switch, &["false"], IMAGES, "drybox run -- CMD, with the host's programs"),
    row("chrootdirs", None, Value, &[], IMAGES, GONE),
    // Network.
    row("publish-all", Some('P'), Switch, &["false"], PUBLISH_ALL, PUBLISH_INSTEAD),
    row("expose", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("add-host", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("dns", None, Value, &["none"], NETWORK, NETWORK_INSTEAD),
    row("dns-option", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("dns-search", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("hosts-file", None, Value, &["none"], NETWORK, NETWORK_INSTEAD),
    row("http-proxy", None, Switch, &["false"], NETWORK, NETWORK_INSTEAD),
    row("ip", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("ip6", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("link", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("mac-address", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("network-alias", None, Value, &[], NETWORK, NETWORK_INSTEAD),
    row("no-hosts", None, Switch, &["false"], NETWORK, NETWORK_INSTEAD),
    row("no-hostname", None, Switch, &["false"], "a box always knows its own name", "--hostname NAME"),
    // Limits.
    row("memory-reservation", None, Value, &["0"], RECLAIM, "--memory SIZE, which is never exceeded"),
    row("memory-swappiness", None, Value, &["-1"], RECLAIM, "--memory-swap, for how much may be swapped"),
    row("cpu-shares", Some('c'), Value, &["0"], SHARES, "--cpus NUMBER, or nice in front of drybox"),
    row("cpu-period", None, Value, &["0"], QUOTA, "--cpus NUMBER"),
    row("cpu-quota", None, Value, &["0"], QUOTA, "--cpus NUMBER"),
    row("cpu-rt-period", None, Value, &["0"], REALTIME, GONE),
    row("cpu-rt-runtime", None, Value, &["0"], REALTIME, GONE),
    row("cpuset-cpus", None, Value, &[""], PLACES, "taskset -c CPUS drybox run …"),
    row("cpuset-mems", None, Value, &[""], PLACES, "numactl --membind NODES drybox run …"),
    row("blkio-weight", None, Value, &["0"], DISKS, "ionice in front of drybox"),
    row("blkio-weight-device", None, Value, &[], DISKS, "ionice in front of drybox"),
    row("device-read-bps", None, Value, &[], DISKS, "ionice in front of drybox"),
    row("device-read-iops", None, Value, &[], DISKS, "ionice in front of drybox"),
    row("device-write-bps", None, Value, &[], DISKS, "ionice in front of drybox"),
    row("device-write-iops", None, Value, &[], DISKS, "ionice in front of drybox"),
    row("oom-kill-disable", None, Switch, &["false"], OOM, GONE),
    row("oom-score-adj", None, Value, &["1000"], OOM, GONE),
    row("cgroup-parent", None, Value, &[""], CGROUPS, "systemd-run --user --scope --slice NAME -p Delegate=yes drybox run …"),
    row("cgroup-conf", None, Value, &[], CGROUPS, "--memory, --cpus, --pids-limit"),
    row("cgroups", None, Value, &["enabled"], CGROUPS, GONE),
    row("rdt-class", None, Value, &[], PLACES, GONE),
    // A box lives as long as its command.
    row("detach", Some('d'), Switch, &["false"], LIFE, "drybox run … & in the shell"),
    row("detach-keys", None, Value, &[""], LIFE, "Ctrl-Z, as with any program"),
    row("attach", Some('a'), Value, &[], "all three of stdin, stdout and stderr are always attached", "redirections of the shell"),
    row("sig-proxy", None, Switch, &["true"], "signals always reach the command", GONE),
    row("restart", None, Value, &["no", "never"], LIFE, "a loop of the shell"),
    row("replace", None, Switch, &["false"], LIFE, "another --name"),
    row("stop-signal", None, Value, &[], LIFE, "kill -SIGNAL of the drybox process, which hands it on"),
    row("stop-timeout", None, Value, &[], LIFE, "--timeout SECONDS"),
    row("cidfile", None, Value, &[], LIFE, "$! in the shell"),
    row("pidfile", None, Value, &[], LIFE, "$! in the shell"),
    row("conmon-pidfile", None, Value, &[], LIFE, "$! in the shell"),
    row("sdnotify", None, Value, &["ignore"], LIFE, GONE),
    row("systemd", None, Value, &["false"], "a box runs one command under drybox's own init", GONE),
    row("init-path", None, Value, &[], "a box has drybox's own init", GONE),
    row("pod", None, Value, &[], LIFE, "both commands in one box: drybox run -- sh -c 'A & B'"),
    row("pod-id-file", None, Value, &[], LIFE, "both commands in one box: drybox run -- sh -c 'A & B'"),
    row("requires", None, Value, &[], LIFE, "both commands in one box: drybox run -- sh -c 'A & B'"),
    row("volumes-from", None, Value, &[], "boxes share nothing with each other", "-v SRC:DST for the directory itself"),
    row("health-cmd", None, Value, &["none"], LIFE, "a check in the command itself"),
    row("health-interval", None, Value, &[], LIFE, "a check in the command itself"),
    row("health-retries", None, Value, &[], LIFE, "a check in the command itself"),
    row("health-start-period", None, Value, &[], LIFE, "a check in the command itself"),
    row("health-timeout", None, Value, &[], LIFE, "a check in the command itself"),
    row("health-on-failure", None, Value, &["none"], LIFE, "a check in the command itself"),
    row("no-healthcheck", None, Switch, &["true"], LIFE, GONE),
    row("log-driver", None, Value, &["none", "passthrough"], OUTPUT, "redirections of the shell"),
    row("log-opt", None, Value, &[], OUTPUT, "redirections of the shell"),
    row("label", Some('l'), Value, &[], "a box leaves no record that could carry labels", "--name NAME"),
    row("label-file", None, Value, &[], "a box leaves no record that could carry labels", "--name NAME"),
    row("annotation", None, Value, &[], "a box leaves no record that could carry labels", "--name NAME"),
    // Environment and details.
    row("unsetenv", None, Value, &[], "nothing of your environment enters unless it was named", GONE),
    row("unsetenv-all", None, Switch, &["false"], "nothing of your environment enters unless it was named", GONE),
    row("env-merge", None, Value, &[], IMAGES, "-e NAME=VALUE"),
    row("tz", None, Value, &[], "a box has the host's time zone files, and no time zone", "-e TZ=Europe/Berlin"),
    row("umask", None, Value, &["022", "0022"], "files made inside have umask 022", "umask in the command: sh -c 'umask 077; …'"),
    row("secret", None, Value, &[], "drybox keeps no secrets", "-e NAME, or -v FILE:DST:ro for the one file"),
    row("read-only-tmpfs", None, Switch, &["true"], "/tmp, /run and /dev/shm are always there, in memory", GONE),
    row("shm-size-systemd", None, Value, &[], "a box runs one command under drybox's own init", "--shm-size SIZE"),
    row("image-volume", None, Value, &["ignore"], IMAGES, "-v SRC:DST"),
    // Images.
    row("pull", None, Value, &["never"], IMAGES, IMAGES_INSTEAD),
    row("platform", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("arch", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("os", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("variant", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("authfile", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("creds", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("decryption-key", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("tls-verify", None, Switch, &["true"], IMAGES, IMAGES_INSTEAD),
    row("retry", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("retry-delay", None, Value, &[], IMAGES, IMAGES_INSTEAD),
    row("rmi", None, Switch, &["false"], IMAGES, IMAGES_INSTEAD),
];

const fn row(
    name: &'static str,
    short: Option<char>,
    takes: Takes,
    fine: &'static [&'static str],
    why: &'static str,
    instead: &'static str,
) -> ForeignFlag {
    ForeignFlag { name, short, takes, fine, why, instead }
}

const GONE: &str = "leave the flag out";
const USERS: &str = "drybox maps users by itself: yours stays yours, and none is the host's root";
const DEVICES: &str = "a box has no devices of the host";
const DEVICES_INSTEAD: &str = "run the part that needs the device on the host";
const DESCRIPTORS: &str = "no descriptor but stdin, stdout and stderr enters a box";
const NETWORK: &str = "drybox makes the network of a box: it reaches the hosts that are named";
const NETWORK_INSTEAD: &str = "--allow HOST[:PORT]; programs inside reach each other at 127.0.0.1";
const PUBLISH_ALL: &str = "there is no image that could say which ports";
const PUBLISH_INSTEAD: &str = "-p HOST_PORT:BOX_PORT for each port";
const RECLAIM: &str = "when the kernel takes memory back is the host's matter";
const SHARES: &str = "who comes first is the host's matter; how much is --cpus";
const QUOTA: &str = "one flag says how much processor time a box may take";
const REALTIME: &str = "a box has no real-time priority: it could hold a processor for ever";
const PLACES: &str = "which processors and memory a box uses it has from its caller";
const DISKS: &str = "how fast a box uses the disk it has from its caller";
const OOM: &str = "when memory runs out, a box is always ended before what is trusted";
const CGROUPS: &str = "drybox makes a cgroup for a box below its own";
const LIFE: &str = "a box lives as long as its command and dies with drybox; there is no daemon";
const OUTPUT: &str = "the command's output goes where yours goes";
const IMAGES: &str = "images come later";
const IMAGES_INSTEAD: &str = "drybox run -- CMD, with the host's programs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_there_once_and_says_why() {
        for (nth, row) in FOREIGN_FLAGS.iter().enumerate() {
            assert!(row.why.len() > 10 && !row.instead.is_empty(), "{}", row.name);
            for other in &FOREIGN_FLAGS[nth + 1..] {
                assert_ne!(row.name, other.name);
                assert!(row.short.is_none() || row.short != other.short, "{}", row.name);
            }
        }
    }
}
