//! Who the process is, as the kernel tells it.

use std::process::Command;

use rustix::io::Errno;

use super::one;
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::{Scene, read_some};

pub(crate) fn capabilities(_: &Child, _: &Scene, _: Held) -> Finding {
    let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
    let values: Vec<(&str, Option<String>)> =
        sets.iter().map(|set| (*set, field("/proc/self/status", set))).collect();
    let full = values.iter().find(|(_, value)| !is_zero(value.as_deref()));
    match full {
        None => Finding::held("every set is empty"),
        Some((set, value)) => Finding::open(format!("{set} {}", value.as_deref().unwrap_or("?"))),
    }
}

fn is_zero(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.bytes().all(|byte| byte == b'0'))
}

pub(crate) fn no_new_privileges(_: &Child, _: &Scene, _: Held) -> Finding {
    let of = |key| field("/proc/self/status", key).unwrap_or_default();
    let (privileges, filter) = (of("NoNewPrivs"), of("Seccomp"));
    match (privileges.as_str(), filter.as_str()) {
        ("1", "2") => Finding::held("no_new_privs 1, seccomp 2"),
        _ => Finding::open(format!("no_new_privs {privileges}, seccomp {filter}")),
    }
}

/// The loader says whether the kernel raised anything (AT_SECURE, getauxval(3)).
pub(crate) fn set_user_id(_: &Child, _: &Scene, _: Held) -> Finding {
    let mut told = None;
    for program in ["/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/bin/su"] {
        let mut run = Command::new(program);
        run.arg("--version").env_clear().env("LD_SHOW_AUXV", "1");
        let Ok(output) = run.output() else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.lines().any(|line| line.starts_with("AT_SECURE") && line.ends_with('0')) {
            return Finding::held(format!("{program} runs without"));
        }
        told = Some(program);
    }
    match told {
        Some(program) => Finding::open(format!("{program} runs with more rights")),
        None => Finding::skipped("there is no such program"),
    }
}

/// To a user that it is not: 1, or for that one 2.
pub(crate) fn become_another(child: &Child, _: &Scene, held: Held) -> Finding {
    let me = rustix::process::getuid().as_raw();
    let other = if me == 1 { 2 } else { 1 };
    let root = if me == 0 { other } else { 0 };
    let set = |number, id| child.call(number, [-1, id, -1, 0, 0, 0]).map(drop);
    let steps = [
        ("setresuid".to_owned(), set(libc::SYS_setresuid, root)),
        ("setresuid".to_owned(), set(libc::SYS_setresuid, other)),
        ("setresgid".to_owned(), set(libc::SYS_setresgid, root)),
    ];
    crate::attempt::judge(&steps, held)
}

pub(crate) fn limit_of_namespaces(_: &Child, _: &Scene, _: Held) -> Finding {
    let limit = read_some("/proc/sys/user/max_user_namespaces".as_ref());
    match limit.map(|text| String::from_utf8_lossy(&text).trim().to_owned()) {
        Ok(limit) if limit == "0" => Finding::held("the limit is 0"),
        Ok(limit) => Finding::open(format!("the limit is {limit}")),
        Err(errno) => Finding::skipped(crate::errno::name(errno)),
    }
}

/// What the own number is one namespace further out. Only root's own box can get this wrong.
pub(crate) fn kernel_root(_: &Child, scene: &Scene, _: Held) -> Finding {
    let map = read_some("/proc/self/uid_map".as_ref()).unwrap_or_default();
    let map = String::from_utf8_lossy(&map).into_owned();
    let me = u64::from(rustix::process::getuid().as_raw());
    let outer = map.lines().find_map(|line| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [inside, outside, count] = numbers[..] else { return None };
        let at = me.checked_sub(inside).filter(|at| *at < count)?;
        outside.checked_add(at)
    });
    // A map that is seen from within its own namespace shows the owner's, who is not 0 there.
    match outer {
        Some(0) if scene.number("UID") == Some(0) => Finding::open("it is user 0 of the host"),
        Some(outer) => Finding::held(format!("it is user {outer} further out")),
        None => Finding::held("it has no number further out"),
    }
}

/// The mount table of the process and what it tells of file systems' use.
pub(crate) fn mounts_tell(_: &Child, scene: &Scene, _: Held) -> Finding {
    let Some(outside) = scene.get("OUTSIDE") else {
        return Finding::skipped("nothing to look for");
    };
    for file in ["/proc/self/mounts", "/proc/self/mountinfo", "/proc/self/mountstats"] {
        let text = read_some(file.as_ref()).unwrap_or_default();
        let has = |word: &[u8]| text.windows(word.len().max(1)).any(|part| part == word);
        // A layer named below /proc is no directory of the host: it only stood there for the mount.
        let layer = |name: &[u8]| {
            let at = text.windows(name.len().max(1)).enumerate().filter(|(_, part)| *part == name);
            at.map(|(at, _)| text.get(at + name.len()..).unwrap_or_default())
                .any(|rest| !rest.starts_with(b"proc/"))
        };
        if has(outside) || layer(b"upperdir=/") || layer(b"workdir=/") {
            return Finding::open(format!("{file} tells it"));
        }
    }
    match scene.get("BARE") {
        Some(_) => Finding::open("the host's own table"),
        None => Finding::held("it is not told"),
    }
}

pub(crate) fn kernel_addresses(_: &Child, _: &Scene, _: Held) -> Finding {
    let text = read_some("/proc/kallsyms".as_ref()).unwrap_or_default();
    let told = text.split(|byte| *byte == b'\n').any(|line| {
        let address = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        address.iter().any(|byte| *byte != b'0')
    });
    match told {
        true => Finding::open("/proc/kallsyms tells addresses"),
        false => Finding::held("zeros, or nothing"),
    }
}

/// A field of `/proc/PID/status`.
pub(crate) fn field(path: &str, key: &str) -> Option<String> {
    let text = read_some(path.as_ref()).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

pub(crate) fn refused(name: &str, errno: Errno, held: Held) -> Finding {
    one(name, Err(errno), held)
}
