//! The one table of verdicts: its types here, its rows in the files below.
//!
//! A call that has no row is answered like [`Errno::NoSys`], as by a kernel that does not know it.

mod allowed;
mod refused;
mod relay;
mod ruled;
mod set_id;
mod traced;

/// Every family of calls with a deliberate verdict, by kind.
pub const TABLE: &[&[Family]] =
    &[traced::FAMILIES, allowed::FAMILIES, ruled::FAMILIES, refused::FAMILIES];

/// The rows of the second filter ([`super::NO_SET_ID`]).
pub(super) const SET_ID: &[&[Family]] = &[set_id::FAMILIES];

/// The rows of the relay's filter ([`super::RELAY`]).
pub(super) const RELAY: &[&[Family]] = &[relay::FAMILIES];

/// System calls that share a verdict and the reason for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Family {
    /// What becomes of a call.
    pub verdict: Verdict,
    /// Who needs the calls; or why they are refused, and how real programs cope with the errno.
    pub why: &'static str,
    /// The calls.
    pub calls: &'static [Call],
}

/// One system call and its number on each architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The kernel's name.
    pub name: &'static str,
    /// Its number on x86_64; none: that architecture does not have it.
    pub x86_64: Option<u32>,
    /// Its number on aarch64; none: that architecture does not have it.
    pub aarch64: Option<u32>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// The same, whatever its arguments.
    Always(Answer),
    /// The arguments decide.
    By(&'static Rule),
}

/// What the payload gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The kernel carries the call out.
    Allow,
    /// The call fails, and nothing happens.
    Refuse(Errno),
    /// The call says that it succeeded, and nothing happens.
    Pretend,
}

/// Why a refused call says that it failed; the discriminant is the kernel's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// EPERM: only a privileged process may, as the kernel itself would say.
    Perm = 1,
    /// EINVAL: an older kernel does not know this option.
    Invalid = 22,
    /// ENOTTY: no device that knows this request.
    NotTty = 25,
    /// ENOSYS: an older or smaller kernel, for which programs bring a way round.
    NoSys = 38,
    /// ENOPROTOOPT: an option that this protocol lacks.
    NoProtoOpt = 92,
    /// EPROTONOSUPPORT: a protocol that this kernel lacks.
    NoProto = 93,
    /// EAFNOSUPPORT: an address family that this kernel lacks.
    NoFamily = 97,
}

/// A verdict by the arguments: the first clause whose conditions all hold decides.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Tried in this order.
    pub clauses: &'static [Clause],
    /// When no clause holds.
    pub otherwise: Answer,
}

/// Conditions, and the answer when all of them hold.
#[derive(Debug)]
#[non_exhaustive]
pub struct Clause {
    /// All must hold.
    pub when: &'static [Cond],
    /// The answer then.
    pub then: Answer,
}

/// A condition on one argument.
///
/// All but [`Cond::NotNull`] look at the lower half of the register alone: where the kernel takes
/// an `int`, it ignores the upper half, and a filter that compares it can be got round
/// (CVE-2019-10063).
#[derive(Clone, Copy, Debug)]
pub enum Cond {
    /// The argument, masked, lies in one of the spans.
    In(Arg, &'static [Span]),
    /// The argument, masked, lies in none of the spans.
    NotIn(Arg, &'static [Span]),
    /// The argument has a bit of the mask.
    AnyBit(Arg),
    /// The whole 64-bit register is not zero: a pointer was given.
    NotNull(u8),
}

/// The lower half of an argument, and which of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    /// Which argument, 0 to 5.
    pub index: u8,
    /// The bits that count.
    pub mask: u32,
}

/// Values from the first to the last, both included. Spans of a list are sorted and do not touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub u32, pub u32);

impl Family {
    const fn new(verdict: Verdict, why: &'static str, calls: &'static [Call]) -> Self {
        Self { verdict, why, calls }
    }
}

impl Rule {
    const fn new(clauses: &'static [Clause], otherwise: Answer) -> Self {
        Self { clauses, otherwise }
    }
}

impl Clause {
    const fn new(when: &'static [Cond], then: Answer) -> Self {
        Self { when, then }
    }
}

/// A call that both architectures have.
const fn both(name: &'static str, x86_64: u32, aarch64: u32) -> Call {
    Call { name, x86_64: Some(x86_64), aarch64: Some(aarch64) }
}

/// A call that came when all architectures had begun to number alike (Linux 5.1).
const fn late(name: &'static str, number: u32) -> Call {
    both(name, number, number)
}

/// A call that only x86_64 has; aarch64 began without the calls that had been superseded.
const fn x86(name: &'static str, number: u32) -> Call {
    Call { name, x86_64: Some(number), aarch64: None }
}

const fn arg(index: u8) -> Arg {
    bits(index, u32::MAX)
}

const fn bits(index: u8, mask: u32) -> Arg {
    Arg { index, mask }
}

const fn one(value: u32) -> Span {
    Span(value, value)
}

const ALLOW: Verdict = Verdict::Always(Answer::Allow);
const EPERM: Verdict = Verdict::Always(Answer::Refuse(Errno::Perm));
const ENOSYS: Verdict = Verdict::Always(Answer::Refuse(Errno::NoSys));
