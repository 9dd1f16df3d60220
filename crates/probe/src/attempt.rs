//! The interpreter: makes an attempt, and compares what happened with what has to happen.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, open, statat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

use crate::errno;
use crate::line::Finding;
use crate::probe::{Arg, Attempt, Call, Held, On, Probe};
use crate::raw::Child;
use crate::scene::{self, Scene};

/// One step: what it was, and the kernel's answer.
pub(crate) type Step = (String, Result<(), Errno>);

/// Makes the attempt of a probe in this process.
pub(crate) fn make(child: &Child, probe: &Probe, scene: &Scene) -> Finding {
    let steps = |steps: Vec<Step>| judge(&steps, probe.held);
    match probe.attempt {
        Attempt::Look(paths) => {
            steps(each(scene, paths, |path| statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).map(drop)))
        }
        Attempt::Read(paths) => steps(each(scene, paths, |path| opened(path, OFlags::RDONLY))),
        Attempt::Write(paths) => steps(each(scene, paths, |path| opened(path, OFlags::WRONLY))),
        Attempt::Text(paths) => text(scene, paths),
        Attempt::Mentions(word, paths) => mentions(scene, word, paths),
        Attempt::Same(paths) => differs(scene, "SAME", paths, scene::content),
        Attempt::Device(paths) => differs(scene, "DEVICE", paths, scene::device),
        Attempt::Namespace(name) => differs(scene, "NS", &[name], scene::namespace),
        Attempt::List(path, allowed) => list(path, allowed),
        Attempt::Calls(calls) => {
            steps(calls.iter().filter_map(|c| call(child, scene, c)).collect())
        }
        Attempt::Sockets(kinds) => {
            steps(kinds.iter().map(|kind| make_socket(child, *kind)).collect())
        }
        Attempt::Ioctls(on, requests) => match subject(child, scene, on) {
            Ok(fd) => steps(
                requests
                    .iter()
                    .filter_map(|(name, number, arg)| {
                        let args = [Arg::N(fd.as_raw_fd().into()), Arg::N(*number), *arg];
                        Some(((*name).to_owned(), made(child, scene, libc::SYS_ioctl, &args)?))
                    })
                    .collect(),
            ),
            Err(errno) => Finding::skipped(format!("nothing to ask: {}", errno::name(errno))),
        },
        Attempt::Act(act) => act(child, scene, probe.held),
    }
}

/// Each step has to be refused as listed.
pub(crate) fn judge(steps: &[Step], held: Held) -> Finding {
    let bad: Vec<&Step> = steps.iter().filter(|(_, got)| !is_held(got, held)).collect();
    if steps.is_empty() {
        return Finding::skipped("there is no such call or file here");
    }
    if let Some(done) = bad.iter().find(|(_, got)| got.is_ok()) {
        let others = bad.len().saturating_sub(1);
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        return Finding::open(format!("{}: done{more}", done.0));
    }
    if bad.is_empty() {
        return Finding::held(answers(steps));
    }
    let reached = |step: &&&Step| step.1.is_err_and(|errno| !REFUSALS.contains(&errno));
    if let Some(step) = bad.iter().find(reached) {
        return Finding::open(format!("not refused: {}", said(step)));
    }
    let said: Vec<String> = bad.iter().take(4).map(|step| said(step)).collect();
    let listed: Vec<String> = held.iter().map(|errno| errno::name(*errno)).collect();
    Finding::open(format!("{OTHER}{}, not {}", said.join(", "), listed.join(" or ")))
}

/// Errors that may be a refusal. Any other comes from behind every wall: the arguments were looked
/// at, which are wrong on purpose.
const REFUSALS: Held = &[
    Errno::PERM,
    Errno::ACCESS,
    Errno::NOSYS,
    Errno::ROFS,
    Errno::NOENT,
    Errno::SRCH,
    Errno::NOTTY,
    Errno::NXIO,
    Errno::XDEV,
    Errno::NOSPC,
    Errno::IO,
    Errno::OPNOTSUPP,
    Errno::AFNOSUPPORT,
    Errno::PROTONOSUPPORT,
    Errno::SOCKTNOSUPPORT,
    Errno::NOPROTOOPT,
    Errno::CONNREFUSED,
    Errno::NETUNREACH,
    Errno::LOOP,
    Errno::NOTDIR,
];

/// What the detail of a finding begins with that was refused, but in another way than listed.
pub const OTHER: &str = "other answer: ";

fn is_held(got: &Result<(), Errno>, held: Held) -> bool {
    matches!(got, Err(errno) if held.contains(errno))
}

fn said((name, got): &Step) -> String {
    match got {
        Ok(()) => format!("{name}: done"),
        Err(errno) => format!("{name}: {}", errno::name(*errno)),
    }
}

/// Each answer once, in the order of the steps.
fn answers(steps: &[Step]) -> String {
    let mut names: Vec<String> = Vec::new();
    for errno in steps.iter().filter_map(|(_, got)| got.err()) {
        let name = errno::name(errno);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn each(
    scene: &Scene,
    paths: &[&str],
    act: impl Fn(&std::path::Path) -> Result<(), Errno>,
) -> Vec<Step> {
    let known = paths.iter().filter_map(|text| Some((text, scene.path(text)?)));
    known.map(|(text, path)| ((*text).to_owned(), act(&path))).collect()
}

/// Neither waits for the other end of a FIFO nor becomes the owner of a terminal.
pub(crate) fn opened(path: &std::path::Path, how: OFlags) -> Result<(), Errno> {
    let flags = how | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map(drop)
}

fn text(scene: &Scene, paths: &[&str]) -> Finding {
    let mut seen = Vec::new();
    for text in paths {
        let Some(path) = scene.path(text) else { continue };
        let there = if path.is_dir() {
            fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some())
        } else {
            scene::read_some(&path).is_ok_and(|bytes| !bytes.is_empty())
        };
        if there {
            seen.push(*text);
        }
    }
    match seen.is_empty() {
        true => Finding::held("nothing to read"),
        false => Finding::open(format!("can be read: {}", seen.join(" "))),
    }
}

fn mentions(scene: &Scene, word: &str, paths: &[&str]) -> Finding {
    let Some(wanted) = scene.get(word) else { return Finding::skipped("nothing to look for") };
    let says = |text: &&&str| {
        let bytes = scene.path(text).and_then(|path| scene::read_some(&path).ok());
        bytes.is_some_and(|bytes| bytes.windows(wanted.len().max(1)).any(|part| part == wanted))
    };
    match paths.iter().find(says) {
        Some(path) => Finding::open(format!("{path} tells it")),
        None => Finding::held("it is not told"),
    }
}

fn differs(
    scene: &Scene,
    kind: &str,
    paths: &[&str],
    seen: impl Fn(&str) -> Option<Vec<u8>>,
) -> Finding {
    let known = paths.iter().filter_map(|path| Some((path, scene.get(&format!("{kind}:{path}"))?)));
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        return Finding::skipped("the host has none");
    }
    match known.iter().find(|(path, host)| seen(path).as_deref() == Some(*host)) {
        Some((path, _)) => Finding::open(format!("{path} is the host's")),
        None => Finding::held("not the host's"),
    }
}

fn list(path: &str, allowed: &[&str]) -> Finding {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            return Finding::held(format!("{path}: {}", errno::name(errno)));
        }
    };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let other: Vec<Vec<u8>> = names
        .filter(|name| !allowed.iter().any(|known| name.as_bytes() == known.as_bytes()))
        .map(|name| name.as_bytes().to_vec())
        .collect();
    match other.is_empty() {
        true => Finding::held("nothing else"),
        false => Finding::open([b"also there: ", other.join(&b' ').as_slice()].concat()),
    }
}

fn call(child: &Child, scene: &Scene, call: &Call) -> Option<Step> {
    Some((call.name.to_owned(), made(child, scene, call.number?, call.args)?))
}

/// Makes a call whose arguments are data; none where the scene lacks a word of them.
pub(crate) fn made(
    child: &Child,
    scene: &Scene,
    number: i64,
    args: &[Arg],
) -> Option<Result<(), Errno>> {
    // Kept until the call is over: the kernel gets pointers into these.
    let mut texts = Vec::with_capacity(args.len());
    let mut room = vec![0_u8; 4096];
    let mut raw = [0_i64; 6];
    for (arg, slot) in args.iter().zip(raw.iter_mut()) {
        *slot = match arg {
            Arg::N(number) => *number,
            Arg::P(text) => text.as_ptr().addr().try_into().ok()?,
            Arg::K(word) => scene.number(word)?,
            Arg::Room => room.as_mut_ptr().addr().try_into().ok()?,
            Arg::W(text) => {
                let path = scene.c_path(text)?;
                let address = path.as_ptr().addr();
                texts.push(path);
                address.try_into().ok()?
            }
        };
    }
    let got = child.call(number, raw).map(drop);
    drop((texts, room));
    Some(got)
}

fn make_socket(child: &Child, (family, kind, protocol): (i64, i64, i64)) -> Step {
    let name = format!("socket({family}, {kind}, {protocol})");
    let got = child.call(libc::SYS_socket, [family, kind, protocol, 0, 0, 0]);
    (name, got.map(drop))
}

/// What requests are sent to.
fn subject(child: &Child, scene: &Scene, on: On) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match on {
        On::File(text) => open(scene.path(text).ok_or(Errno::NOENT)?, flags, Mode::empty()),
        On::Socket => socket(AddressFamily::INET, SocketType::STREAM, None),
        On::Namespace(name) => open(format!("/proc/self/ns/{name}"), flags, Mode::empty()),
        On::Terminal => own_terminal(child),
    }
}

/// A terminal of the attempt's own, which becomes its controlling one.
fn own_terminal(child: &Child) -> Result<OwnedFd, Errno> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
    rustix::process::setsid()?;
    rustix::process::ioctl_tiocsctty(terminal.as_fd())?;
    // The other end stays open for as long as this process lives.
    child.keep(master);
    Ok(terminal)
}
