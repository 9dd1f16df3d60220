//! The filters of a build whose walls can be left out (`drybox_sys::wall`): `seccomp` is the first
//! filter, `set-id-filter` the second, `seccomp:NAME` one call's row, which is allowed then, and
//! `seccomp:architecture` the question whose numbers these are.

use drybox_sys::is_gone;
use libc::sock_filter;

use super::compile::program::{BPF_JEQ, BPF_LOAD, BPF_RET};
use super::{FILTER, NO_SET_ID, TABLE};

type Filters = &'static [&'static [sock_filter]];

/// The filters, without what is left out. A weakened process starts one box: nothing is freed.
pub(crate) fn weakened(filters: Filters) -> Filters {
    let kept = filters.iter().filter(|filter| {
        let name = if filter.as_ptr() == FILTER.as_ptr() { "seccomp" } else { "set-id-filter" };
        !is_gone(name)
    });
    let opened = kept.map(|filter| -> &'static [sock_filter] {
        if filter.as_ptr() == NO_SET_ID.as_ptr() {
            return filter;
        }
        let mut program = opened_rows();
        let skipped = if is_gone("seccomp:architecture") { ARCHITECTURE } else { 0 };
        program.extend(filter.iter().skip(skipped));
        program.leak()
    });
    opened.collect::<Vec<_>>().leak()
}

/// What stands before the program: each of these calls is allowed.
fn opened_rows() -> Vec<sock_filter> {
    let calls = TABLE.iter().copied().flatten().flat_map(|family| family.calls);
    let gone = calls.filter(|call| is_gone(&format!("seccomp:{}", call.name)));
    let number = |call: &super::Call| {
        if cfg!(target_arch = "x86_64") { call.x86_64 } else { call.aarch64 }
    };
    let line = |code, k, jf| sock_filter { code, jt: 0, jf, k };
    gone.filter_map(number)
        .flat_map(|number| {
            let allow = line(BPF_RET, libc::SECCOMP_RET_ALLOW, 0);
            [line(BPF_LOAD, 0, 0), line(BPF_JEQ, number, 1), allow]
        })
        .collect()
}

/// The instructions that look at the architecture, at the beginning.
const ARCHITECTURE: usize = 2;
