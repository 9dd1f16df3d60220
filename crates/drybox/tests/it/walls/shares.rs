//! Directories that are shared with `-v`: what is written lands as it should, and nothing else is
//! seen.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use drybox_testkit::{Racer, Snapshot, TestEnv};

use super::PYTHON;

/// A share that was asked for: read-only is read-only, and what is written has the owner that the
/// directory has.
#[test]
fn a_share_is_written_as_its_owner_or_not_at_all() {
    let env = TestEnv::new();
    env.write("share/file", "x");
    let share = env.work().join("share");
    let owner = share.metadata().unwrap();
    let try_it = "echo written >/x/new; chmod 600 /x/file";
    let run = |access: &str| {
        let volume = format!("{}:/x:{access}", share.display());
        env.drybox().args(["run", "-v", &volume, "--", "/bin/sh", "-c", try_it]).run()
    };
    let before = Snapshot::of(env.root());
    let refused = run("ro");
    assert_ne!(refused.code(), Some(0));
    assert!(refused.stderr.contains("Read-only file system"), "{}", refused.stderr);
    before.expect_same(&Snapshot::of(env.root()));
    // The control, and where it lands.
    run("rw").expect_code(0);
    let new = fs::metadata(share.join("new")).unwrap();
    assert_eq!((new.uid(), new.gid()), (owner.uid(), owner.gid()));
    assert_eq!(fs::metadata(share.join("file")).unwrap().mode() & 0o777, 0o600);
}

/// FS-28: outside, such a file would run with the rights of the directory's owner for every local
/// user. Where nothing of the host can be written, it may be made.
#[test]
fn no_set_user_id_file_is_made_in_a_share() {
    let env = TestEnv::new();
    env.write("share/file", "x");
    let share = env.work().join("share");
    let attempts = "import os, sys
def tried(act, *args):
    try: act(*args)
    except OSError as error: return error.errno
    return 0
os.chdir(sys.argv[1]); os.umask(0)
f = os.open('file', os.O_RDONLY)
print(*[tried(*row) for mode in (0o4755, 0o2755) for row in (
    (os.chmod, 'file', mode), (os.chmod, f, mode),
    (os.open, f'new{mode}', os.O_CREAT | os.O_WRONLY, mode),
    (os.mknod, f'node{mode}', 0o100000 | mode))])
os.chmod('file', 0o640); os.close(os.open('plain', os.O_CREAT, 0o600)); os.mkdir('dir')";
    let run = |run: drybox_testkit::Run, dir: &std::path::Path| {
        run.args(["-c", attempts]).arg(dir).run().expect_code(0).stdout
    };
    let volume = format!("{}:/x:rw", share.display());
    let inside = || env.drybox().args(["run", "-v", &volume, "--", PYTHON]);
    assert_eq!(run(inside(), "/x".as_ref()), "1 1 1 1 1 1 1 1\n");
    let made = Snapshot::of(&share);
    for name in ["file", "plain", "dir"] {
        assert_eq!(made.get(name).unwrap().mode & 0o6000, 0, "{name}");
    }
    assert_eq!(made.count(), 4, "{made:?}");
    // The controls: outside, and inside where it stays inside.
    let other = env.work().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("file"), "").unwrap();
    assert_eq!(run(env.command(PYTHON), &other), "0 0 0 0 0 0 0 0\n");
    let prepared = "echo >/tmp/file; exec \"$@\"";
    let inside = env.drybox().args(["run", "--", "/bin/sh", "-c", prepared, "sh", PYTHON]);
    assert_eq!(run(inside, "/tmp".as_ref()), "0 0 0 0 0 0 0 0\n");
}

/// A directory may have any name: it is no part of a mount option.
#[test]
fn a_workspace_may_be_named_like_mount_options() {
    let env = TestEnv::new();
    let name = "a:b,lowerdir=/etc\\\n\u{1b}[2J";
    env.write(format!("{name}/file"), "here");
    let dir = env.work().join(name);
    let script = "cat file; test -e shadow && echo etc; grep -c lowerdir=/etc /proc/self/mounts";
    let run = env.drybox().args(["run", "--", "/bin/sh", "-c", script]).current_dir(&dir);
    // Once: as the name of the place.
    assert_eq!(run.run().stdout, "here1\n");
}

/// Only the file, and nothing beside it.
#[test]
fn a_shared_file_does_not_show_its_directory() {
    let env = TestEnv::new();
    env.write("beside/file", "shared");
    env.write("beside/secret", "secret");
    let beside = env.work().join("beside");
    let volume = format!("{}:/x/file:ro", beside.join("file").display());
    let list = "cat /x/file; ls /x; ls /proc/self/root/x/file/.. ";
    let away = env.home();
    let run = env.drybox().args(["run", "-v", &volume, "-w", "/", "--", "/bin/sh", "-c", list]);
    let done = run.current_dir(away).run();
    assert_eq!(done.stdout, "sharedfile\n", "{}", done.stderr);
    assert!(done.stderr.contains("Not a directory"), "{}", done.stderr);
    // The control: the neighbour is there.
    assert_eq!(fs::read(beside.join("secret")).unwrap(), b"secret");
}

/// FS-34, CVE-2021-30465: whoever may write where a share's source stands swaps it during the
/// launch. What is shown is the directory that was looked at, or nothing.
#[test]
fn a_source_that_is_swapped_for_a_link_leads_nowhere_else() {
    let env = TestEnv::new();
    env.write("place/data/name", "shared");
    fs::create_dir_all(env.home().join(".ssh")).unwrap();
    fs::write(env.home().join(".ssh/name"), "secret").unwrap();
    let place = env.work().join("place");
    std::os::unix::fs::symlink(env.home().join(".ssh"), place.join("link")).unwrap();
    let (data, link, aside) = (place.join("data"), place.join("link"), place.join("aside"));
    let volume = format!("{}:/x:ro", data.display());
    // The control: the link leads to the secret, and is refused when it stands still.
    assert_eq!(fs::read(link.join("name")).unwrap(), b"secret");
    let still = format!("{}:/x:ro", link.display());
    env.drybox().args(["run", "-v", &still, "--", "true"]).run().expect_code(125);
    let racer = Racer::start(move |_| {
        fs::rename(&data, &aside).unwrap();
        fs::rename(&link, &data).unwrap();
        std::thread::sleep(Duration::from_micros(300));
        fs::rename(&data, &link).unwrap();
        fs::rename(&aside, &data).unwrap();
        std::thread::sleep(Duration::from_micros(300));
    });
    let (mut shown, mut refused) = (0, 0);
    for _ in 0..150 {
        let done = env.drybox().args(["run", "-v", &volume, "--", "cat", "/x/name"]).run();
        match (done.code(), done.stdout.as_str()) {
            (Some(0), "shared") => shown += 1,
            (Some(125), "") => refused += 1,
            other => panic!("{other:?} {}", done.stderr),
        }
    }
    assert!(racer.stop() > 150);
    assert!(shown > 0 && refused > 0, "no race: {shown} shown, {refused} refused");
}

/// FS-28, DV-08: whatever the host's own mount allows.
#[test]
fn a_share_gives_no_set_user_id_and_no_device() {
    let env = TestEnv::new();
    env.write("d/f", "x");
    let look = "while read -r _ _ _ _ at options _; do case $at in /ro|/rw) \
                echo $at $options;; esac; done < /proc/self/mountinfo";
    let flags = ["run", "-v", "./d:/ro:ro", "-v", "./d:/rw", "--", "/bin/sh", "-c", look];
    let done = env.drybox().args(flags).run().expect_code(0);
    let of = |line: &str| -> Vec<String> {
        let (at, options) = line.split_once(' ').unwrap();
        let words =
            options.split(',').filter(|word| ["ro", "rw", "nosuid", "nodev"].contains(word));
        std::iter::once(at).chain(words).map(ToOwned::to_owned).collect()
    };
    let mut lines: Vec<Vec<String>> = done.stdout.lines().map(of).collect();
    lines.sort();
    assert_eq!(lines, [["/ro", "ro", "nosuid", "nodev"], ["/rw", "rw", "nosuid", "nodev"]]);
}

mod root_only {
    use std::os::unix::fs::chown;

    use super::*;

    /// What the host mounts below a share while a box runs does not appear inside: no mount of a
    /// box receives the host's events (mount_namespaces(7)). In a mount namespace of the test's own.
    #[test]
    fn what_is_mounted_later_stays_outside() {
        const SCRIPT: &str = r#"
            mount --make-rshared / && mkdir -p p/sub && touch log || exit 1
            { until grep -q ready log; do sleep 0.02; done
              mount -t tmpfs none p/sub && touch p/sub/late && echo go
            } | "$D" run -v ./p:/x -- sh -c 'echo ready; read -r l; echo $l; ls /x/sub' > log
            echo inside; cat log; echo outside; ls p/sub"#;
        let env = TestEnv::new();
        let run = env.command(drybox_testkit::require("unshare")).args(["-m", "/bin/sh", "-c"]);
        let done = run.arg(SCRIPT).env("D", drybox_testkit::drybox_bin()).run();
        assert_eq!(done.expect_code(0).stdout, "inside\nready\ngo\noutside\nlate\n");
    }

    /// Real root's payload has an id of nobody: what it writes is the directory's owner's.
    #[test]
    fn a_share_of_another_user_is_written_as_that_user() {
        let env = TestEnv::new();
        let share = env.work().join("share");
        for (uid, gid) in [(0, 0), (1234, 4321)] {
            fs::create_dir(&share).unwrap();
            chown(&share, Some(uid), Some(gid)).unwrap();
            let volume = format!("{}:/x:rw", share.display());
            for user in ["1000:1000", "0:0"] {
                let words = ["run", "-u", user, "-v", &volume, "--", "/bin/sh", "-c"];
                env.drybox()
                    .args(words)
                    .arg("mkdir /x/$1; echo > /x/$1/f")
                    .args(["sh", user])
                    .run()
                    .expect_code(0);
                for path in [share.join(user), share.join(user).join("f")] {
                    let made = fs::symlink_metadata(path).unwrap();
                    assert_eq!((made.uid(), made.gid()), (uid, gid), "-u {user}");
                }
            }
            fs::remove_dir_all(&share).unwrap();
        }
    }

    /// DV-08: a device node in the workspace is no device inside.
    #[test]
    fn a_device_node_in_a_share_cannot_be_opened() {
        let env = TestEnv::new();
        let node = env.work().join("zero");
        env.command("/usr/bin/mknod").arg(&node).args(["c", "1", "5"]).run().expect_code(0);
        let read = ["-c", "head -c 4 zero | wc -c"];
        let inside = env.drybox().args(["run", "--", "/bin/sh"]).args(read).run();
        assert!(inside.stderr.contains("Permission denied"), "{}", inside.stderr);
        let volume = format!("{}:{}:rw", env.work().display(), env.work().display());
        let inside = env.drybox().args(["run", "-v", &volume, "--", "/bin/sh"]).args(read).run();
        assert!(inside.stderr.contains("Permission denied"), "{}", inside.stderr);
        let outside = env.command("/bin/sh").args(read).run().expect_code(0);
        assert_eq!(outside.stdout.trim(), "4", "the control");
    }
}
