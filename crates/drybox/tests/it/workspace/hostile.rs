//! Payloads that make their box hard to read, and trees that are hard to show.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::os::unix::net::UnixListener;

use drybox_testkit::{Racer, Snapshot, TestEnv, require};

use super::{box_folders, boxed, ran, told};

const PYTHON: &str = "python3";

#[test]
fn fs_45_fs_46_whatever_a_payload_leaves_is_shown_and_thrown_away() {
    let env = TestEnv::new();
    env.write("kept", "x");
    let script = "import os, socket
os.mkfifo('fifo')
socket.socket(socket.AF_UNIX).bind('socket')
for n in range(10000): open(f'many{n}', 'w').close()
open('sparse', 'w').truncate(1 << 40)
for name in (b'a\\nb', b'\\x1b[2J', b'\\xe2\\x80\\xae', b'\\xff', b'-rf', b'n' * 255): open(name, 'w').close()
for name in ('.wh.kept', '.wh..wh..opq'): open(name, 'w').close()
os.makedirs('locked/inner'); open('locked/inner/f', 'w').close(); os.chmod('locked', 0)
here = os.open('.', os.O_PATH)
for n in range(10000):
    os.mkdir('d'); os.chdir('d')
os.fchdir(here)";
    let run = env.drybox().args(["run", "--", require(PYTHON).to_str().unwrap(), "-c", script]);
    let done = run.run().expect_code(0);
    assert!(done.stderr.contains("more than "), "{}", done.stderr);
    let names = told(&env, &["diff", "--name-only"]);
    assert_eq!(names.lines().count(), 10_000 + 13, "{}", names.lines().count());
    let text = told(&env, &["diff"]);
    assert!(text.contains("added    fifo (special file)\n") && text.contains("too long to show"));
    assert!(text.contains("/d (directory, too deep to look into)\n  held: H-FS-14"));
    assert!(told(&env, &["boxes"]).contains("10013 changes"));
    let again = ran(&env, "stat -c %a locked");
    assert_eq!(again.stdout, "0\n");
    told(&env, &["discard", "--yes", "d", "locked"]);
    told(&env, &["discard", "--yes"]);
    assert!(box_folders(&env).is_empty());
}

#[test]
fn fs_25_fs_26_attributes_and_devices_forge_no_change() {
    let env = TestEnv::new();
    for path in ["d/kept", "e/kept"] {
        env.write(path, "x");
    }
    let script = "import os
def tried(act, *args):
    try: act(*args)
    except OSError as error: return error.errno
    return 0
for name in (b'opaque', b'redirect', b'metacopy', b'whiteout', b'origin'):
    tried(os.setxattr, 'd', b'user.overlay.' + name, b'y')
print(tried(os.setxattr, 'd', 'trusted.overlay.opaque', b'y') != 0,
      tried(os.mknod, 'w', 0o20000, 0) != 0, sorted(os.listdir('d')))";
    let run = env.drybox().args(["run", "--", require(PYTHON).to_str().unwrap(), "-c", script]);
    assert_eq!(run.run().expect_code(0).stdout, "True True ['kept']\n");
    assert_eq!(told(&env, &["diff", "--name-only"]), "");
    assert_eq!(ran(&env, "ls d").stdout, "kept\n");
}

#[test]
fn what_a_tree_holds_is_read_and_changed_as_outside() {
    let env = TestEnv::new();
    env.write("a", "x\n");
    fs::hard_link(env.work().join("a"), env.work().join("b")).unwrap();
    symlink("/etc/shadow", env.work().join("out")).unwrap();
    env.command(require("mkfifo")).arg(env.work().join("fifo")).run().expect_code(0);
    let _socket = UnixListener::bind(env.work().join("socket")).unwrap();
    let name = std::ffi::OsStr::new("\u{202e}");
    env.write(name, "n");
    fs::File::create(env.work().join("sparse")).unwrap().set_len(1 << 28).unwrap();
    let before = Snapshot::of(env.work());
    let script = "stat -c %s sparse; cat out 2>&1; echo y >> a; cat b; stat -c %F fifo socket; \
        printf z | dd of=sparse bs=1 seek=5 conv=notrunc status=none; rm fifo socket";
    let done = ran(&env, script);
    assert_eq!(
        done.stdout, "268435456\ncat: out: No such file or directory\nx\nfifo\nsocket\n",
        "a link breaks when it is written, as with any copy on write"
    );
    before.expect_same(&Snapshot::of(env.work()));
    assert!(fs::symlink_metadata(env.work().join("fifo")).unwrap().file_type().is_fifo());
    assert_eq!(told(&env, &["diff", "--name-only"]), "a\nfifo\nsocket\nsparse\n");
}

/// A lower directory that is swapped for a link while a box looks at it.
#[test]
fn fs_13_a_directory_swapped_for_a_link_leads_no_diff_out() {
    let env = TestEnv::new();
    env.write("d/f", "inside\n");
    fs::create_dir(env.home().join("secret")).unwrap();
    fs::write(env.home().join("secret/f"), "THE SECRET\n").unwrap();
    ran(&env, "echo changed > d/f");
    let (dir, aside, secret) =
        (env.work().join("d"), env.work().join("e"), env.home().join("secret"));
    let racer = Racer::start(move |_| {
        fs::rename(&dir, &aside).unwrap();
        symlink(&secret, &dir).unwrap();
        fs::remove_file(&dir).unwrap();
        fs::rename(&aside, &dir).unwrap();
    });
    for _ in 0..60 {
        let done = env.drybox().args(["diff"]).run();
        let text = done.stdout + &done.stderr;
        assert!(!text.contains("SECRET"), "{text}");
    }
    assert!(racer.stop() > 0);
}

#[test]
fn a_box_has_no_part_in_what_another_box_of_the_same_directory_holds() {
    let env = TestEnv::new();
    env.write("a", "host\n");
    boxed(&env, &["--box", "one"], "echo one > a").run().expect_code(0);
    boxed(&env, &["--box", "two"], "echo two > a").run().expect_code(0);
    assert_eq!(boxed(&env, &["--box", "one"], "cat a").run().stdout, "one\n");
    assert_eq!(
        ran(
            &env,
            "cat a; ls $HOME/.local 2>&1 | head -1; cat /proc/self/mountinfo | grep -c boxes; true"
        )
        .stdout
        .lines()
        .next(),
        Some("host")
    );
    let inside = format!("ls {} 2>&1", env.data().display());
    assert!(boxed(&env, &[], &inside).run().stdout.contains("No such file"));
}

/// The owner of a file may change its mode, and so may drybox: it does not (I2).
#[test]
fn what_its_owner_may_not_read_on_the_host_stays_so_and_stops_no_look_at_the_rest() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let env = TestEnv::new();
    env.write("shut", "s\n");
    env.write("dir/inside", "x\n");
    let mode = |path: &str, mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(env.work().join(path), mode).unwrap();
    };
    mode("shut", 0o000);
    mode("dir", 0o600);
    let change =
        "chmod 644 shut; echo x >> shut; chmod 755 dir; echo new > dir/new; echo e > plain";
    boxed(&env, &[], change).run().expect_code(0);
    let look = || {
        ["shut", "dir"].map(|path| {
            let stat = fs::metadata(env.work().join(path)).unwrap();
            (stat.mode(), stat.ctime(), stat.ctime_nsec())
        })
    };
    let before = look();
    let names = told(&env, &["diff", "--name-only"]);
    for name in ["shut\n", "dir/new\n", "plain\n"] {
        assert!(names.contains(name), "{name}: {names}");
    }
    assert!(told(&env, &["diff"]).contains("\n+e\n"));
    told(&env, &["diff", "--json"]);
    told(&env, &["boxes"]);
    assert_eq!(look(), before);
    // An empty variable in a script is not everything.
    let nothing = env.drybox().args(["discard", "--yes", ""]).run().expect_code(125);
    assert!(nothing.stderr.starts_with("error: "), "{}", nothing.stderr);
    assert_eq!(told(&env, &["diff", "--name-only"]), names);
    env.drybox().args(["discard", "--yes"]).run().expect_code(0);
    assert_eq!(told(&env, &["diff", "--name-only"]), "");
    assert_eq!(look(), before);
    mode("dir", 0o700);
}
