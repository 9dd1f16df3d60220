use drybox_jail::ChildStep;

use super::super::inside::Inside;
use super::*;

#[test]
fn every_step_of_the_launch_belongs_to_one_wall() {
    let outside = [Step::Identity, Step::Share, Step::Channels, Step::Clone, Step::Maps];
    for step in outside.into_iter().chain(ChildStep::ALL.map(Step::Inside)) {
        let walls: Vec<&str> =
            WALLS.iter().filter(|wall| wall.steps.contains(&step)).map(|wall| wall.id).collect();
        assert_eq!(walls.len(), 1, "{step:?}: {walls:?}");
    }
    let mut ids: Vec<&str> = WALLS.iter().map(|wall| wall.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), WALLS.len());
}

/// A look as a box gives it.
const GOOD: &str = "\
== status
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t0000000000000000
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
== mountinfo
1 0 0:1 / / ro,nosuid - tmpfs none rw,size=1k,nr_inodes=5,mode=755
2 1 0:2 / /usr ro,nosuid - ext4 /dev/x rw
3 1 0:3 / /proc ro - proc none rw
4 1 0:4 / /dev/null rw - devtmpfs none rw
5 1 0:5 / /dev/pts rw - devpts none rw
== limits
Max core file size        1                    1                    bytes
== uid_map
1000 1000 1
== init
drybox-init
== nested
0
== network
Inter-|   Receive
 face |bytes
    lo: 0 0
== covered
0
== namespaces
user:[1]
mnt:[1]
pid:[1]
net:[1]
ipc:[1]
uts:[1]
cgroup:[1]
== end
";

fn states(text: &str) -> Vec<(&'static str, State)> {
    let env = |_: &str| None;
    let host = Host::of_process(&env).unwrap();
    let inside = Inside::new(text, Vec::new());
    look(&inside, &host, Path::new("/")).iter().map(|row| (row.id, row.state)).collect()
}

#[test]
fn what_is_seen_inside_is_in_force() {
    for (id, state) in states(GOOD) {
        assert_eq!(state, State::InForce, "{id}");
    }
}

#[test]
fn each_wall_that_the_kernel_does_not_show_is_missed() {
    let ours = |name: &str| {
        let link = readlink(format!("/proc/self/ns/{name}"), Vec::new()).unwrap();
        link.into_string().unwrap()
    };
    let net = ours("net");
    for (id, from, to) in [
        ("nested-namespaces", "== nested\n0", "== nested\n7"),
        ("root", "/ / ro,nosuid", "/ / rw,nosuid"),
        ("root", "tmpfs none rw,size", "ext4 none rw,size"),
        ("system", "/usr ro,", "/usr rw,"),
        ("init", "drybox-init", "systemd"),
        ("proc", "/proc ro -", "/proc rw -"),
        ("proc-covers", "== covered\n0", "== covered\n99"),
        ("network-namespace", "net:[1]", net.as_str()),
        ("loopback", "    lo: 0 0", "    lo: 0 0\n  eth0: 0 0"),
        ("devices", " /dev/null ", " /dev/nil "),
        ("terminals", "devpts none", "tmpfs none"),
        ("capabilities", "CapBnd:\t0000000000000000", "CapBnd:\t0000000000000001"),
        ("no-new-privileges", "NoNewPrivs:\t1", "NoNewPrivs:\t0"),
        ("seccomp", "Seccomp:\t2", "Seccomp:\t0"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        for (found, state) in states(&GOOD.replacen(from, to, 1)) {
            let expected = if found == id { State::NotInForce } else { State::InForce };
            assert_eq!(state, expected, "{id}: {found}");
        }
    }
}

#[test]
fn a_look_that_was_cut_short_proves_nothing() {
    let cut = GOOD.replace("== end\n", "").replace("NoNewPrivs:\t1\n", "");
    let states = states(&cut);
    assert!(states.contains(&("launch", State::NotInForce)));
    assert!(states.contains(&("no-new-privileges", State::Untried)));
}

#[test]
fn a_kernel_without_landlock_scopes_is_weaker_and_told_with_its_fix() {
    let finding = Finding::new("landlock", "x", State::InForce);
    assert_eq!(scopes(finding.clone(), &[]).state, State::InForce);
    let told = scopes(finding, &[Notice::NoLandlockScope]);
    assert_eq!(told.state, State::Weaker);
    assert!(told.why.is_some() && told.fix.unwrap().contains("6.12"));
}
