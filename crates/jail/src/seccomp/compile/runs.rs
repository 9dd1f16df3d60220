//! Runs of numbers that lead to the same place, and the search for the run of a number.

use super::NUMBERS;
use super::program::{BPF_JEQ, BPF_JGE, Label, Program};

/// All 32-bit numbers, as runs.
pub(super) struct Runs {
    /// Where each run begins; it ends where the next begins.
    starts: [u32; NUMBERS],
    to: [Label; NUMBERS],
    len: usize,
}

/// Neighbouring runs that are told apart by a chain of comparisons: a place where most of the
/// numbers lead, and single numbers that lead elsewhere.
#[derive(Clone, Copy)]
struct Group {
    first: usize,
    end: usize,
    most: Label,
}

impl Runs {
    /// Every number leads to `to`.
    pub(super) const fn all(to: Label) -> Self {
        Self { starts: [0; NUMBERS], to: [to; NUMBERS], len: 1 }
    }

    /// Number `n` leads to `by_number[n]`; those that follow lead where the last one does.
    pub(super) const fn new(by_number: &[Label; NUMBERS]) -> Self {
        let mut runs = Self::all(by_number[0]);
        let (mut number, mut start) = (1, 1);
        while number < NUMBERS {
            runs.push(start, by_number[number]);
            number += 1;
            start += 1;
        }
        runs
    }

    /// From `start` on, numbers lead to `to`. Starts must rise.
    pub(super) const fn push(&mut self, start: u32, to: Label) {
        let last = self.len - 1;
        if start == self.starts[last] {
            assert!(start == 0, "the runs must rise");
            self.to[last] = to;
        } else if !self.to[last].is(to) {
            assert!(start > self.starts[last], "the runs must rise");
            self.starts[self.len] = start;
            self.to[self.len] = to;
            self.len += 1;
        }
    }

    /// Writes the search for the run of the loaded value.
    pub(super) const fn search(&self, program: &mut Program) -> Label {
        let (groups, len) = self.groups();
        self.search_among(program, &groups, 0, len)
    }

    const fn search_among(
        &self,
        program: &mut Program,
        groups: &[Group; NUMBERS],
        first: usize,
        end: usize,
    ) -> Label {
        if end - first == 1 {
            return self.search_in(program, groups[first]);
        }
        let middle = usize::midpoint(first, end);
        let above = self.search_among(program, groups, middle, end);
        let below = self.search_among(program, groups, first, middle);
        program.jump_if(BPF_JGE, self.starts[groups[middle].first], above, below)
    }

    const fn search_in(&self, program: &mut Program, group: Group) -> Label {
        let mut label = group.most;
        let mut run = group.end;
        while run > group.first {
            run -= 1;
            if !self.to[run].is(group.most) {
                label = program.jump_if(BPF_JEQ, self.starts[run], self.to[run], label);
            }
        }
        label
    }

    /// Joins runs into groups wherever that saves a comparison.
    const fn groups(&self) -> ([Group; NUMBERS], usize) {
        let mut groups = [Group { first: 0, end: 0, most: self.to[0] }; NUMBERS];
        let mut len = 0;
        let mut first = 0;
        while first < self.len {
            let most = self.to[first];
            let mut end = first + 1;
            let mut run = end;
            while run < self.len {
                if self.to[run].is(most) {
                    end = run + 1;
                } else if !self.is_single(run) {
                    break;
                }
                run += 1;
            }
            groups[len] = Group { first, end, most };
            len += 1;
            first = end;
        }
        (groups, len)
    }

    const fn is_single(&self, run: usize) -> bool {
        if run + 1 == self.len {
            self.starts[run] == u32::MAX
        } else {
            self.starts[run + 1] - self.starts[run] == 1
        }
    }
}
