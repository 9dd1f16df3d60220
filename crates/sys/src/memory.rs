//! What a process that waits for a long time need not hold.

unsafe extern "C" {
    /// Both are addresses that the linker makes (ld(1), "PROVIDE"); nothing is stored there.
    static __executable_start: u8;
    static etext: u8;
}

/// Lets go of the program's own code and constants: what is needed again is mapped again from the
/// page cache, which has it anyway. madvise(2), `MADV_DONTNEED`.
///
/// The pages between the two addresses are a file's, read-only and never written: relocations are
/// in those that follow. A failure costs memory alone.
pub fn forget_program() {
    let first = (&raw const __executable_start).addr();
    let end = (&raw const etext).addr() & !(PAGE - 1);
    let Some(length) = end.checked_sub(first) else { return };
    let start = (&raw const __executable_start).cast_mut().cast();
    // SAFETY: no byte of the range changes: each is read from the same file again.
    unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
}

/// At least the size of a page, a power of two.
const PAGE: usize = 1 << 16;
