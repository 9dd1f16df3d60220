//! A program, written from its end to its beginning.

use libc::sock_filter;

use crate::seccomp::table::Answer;

/// A compiled program.
pub(crate) struct Program {
    /// Filled from the back.
    code: [sock_filter; LONGEST],
    len: usize,
    /// The returns that were written so far, by their value.
    returns: [(u32, Label); RETURNS],
    returned: usize,
}

/// The `n`-th instruction from the end of the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(usize);

impl Label {
    /// Whether both are the same place.
    pub(super) const fn is(self, other: Self) -> bool {
        self.0 == other.0
    }
}

impl Program {
    pub(super) const fn new() -> Self {
        let nothing = sock_filter { code: 0, jt: 0, jf: 0, k: 0 };
        Self { code: [nothing; LONGEST], len: 0, returns: [(0, Label(0)); RETURNS], returned: 0 }
    }

    /// How many instructions there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The instructions, in the order in which they run. `N` is [`Program::len`].
    pub(crate) const fn code<const N: usize>(&self) -> [sock_filter; N] {
        assert!(N == self.len, "the array holds exactly the program");
        let mut code = [self.code[LONGEST - 1]; N];
        let mut at = 0;
        while at < N {
            code[at] = self.code[LONGEST - N + at];
            at += 1;
        }
        code
    }

    /// Puts an instruction before all others.
    pub(super) const fn push(&mut self, code: u16, k: u32, jt: u8, jf: u8) -> Label {
        assert!(self.len < LONGEST, "the filter is too long: loading it would cost every start");
        self.code[LONGEST - 1 - self.len] = sock_filter { code, jt, jf, k };
        self.len += 1;
        Label(self.len)
    }

    /// Loads a word of `seccomp_data` before what was written last.
    pub(super) const fn load(&mut self, offset: u32) -> Label {
        self.push(BPF_LOAD, offset, 0, 0)
    }

    /// Compares the loaded value, and goes on at one of two places.
    pub(super) const fn jump_if(&mut self, how: u16, value: u32, yes: Label, no: Label) -> Label {
        let (yes, no) = (self.distance(yes), self.distance(no));
        self.push(how, value, yes, no)
    }

    /// How many instructions lie between the next one to be written and `to`.
    #[expect(clippy::cast_possible_truncation, reason = "asserted in the line above")]
    const fn distance(&self, to: Label) -> u8 {
        let distance = self.len - to.0;
        assert!(distance <= u8::MAX as usize, "a jump reaches 255 instructions");
        distance as u8
    }

    pub(super) const fn answer(&mut self, answer: Answer) -> Label {
        self.ret(match answer {
            Answer::Allow => libc::SECCOMP_RET_ALLOW,
            Answer::Refuse(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
            Answer::Pretend => libc::SECCOMP_RET_ERRNO,
        })
    }

    /// The return of a value, written once.
    pub(super) const fn ret(&mut self, value: u32) -> Label {
        let mut known = 0;
        while known < self.returned {
            if self.returns[known].0 == value {
                return self.returns[known].1;
            }
            known += 1;
        }
        let label = self.push(BPF_RET, value, 0, 0);
        self.returns[self.returned] = (value, label);
        self.returned += 1;
        label
    }
}

/// The most instructions of a program. What they cost is told in `docs/seccomp.md`.
pub(crate) const LONGEST: usize = 192;
/// As many different answers as there can be, and room.
const RETURNS: usize = 16;
/// Instructions (linux/bpf_common.h): load a word, return, AND, and the jumps if equal, if greater
/// or equal, and if a bit is set; each with a constant.
pub(crate) const BPF_LOAD: u16 = 0x20;
pub(crate) const BPF_RET: u16 = 0x06;
pub(super) const BPF_AND: u16 = 0x54;
pub(crate) const BPF_JEQ: u16 = 0x15;
pub(super) const BPF_JGE: u16 = 0x35;
pub(super) const BPF_JSET: u16 = 0x45;
