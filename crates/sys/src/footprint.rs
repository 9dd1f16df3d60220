//! What a process that only waits keeps in memory.

use core::ffi::{c_int, c_void};
use core::{ptr, slice};

/// Lets go of the pages of the program's own code.
///
/// They stay in the page cache, and those that are needed again come back when they run; what ran
/// once, to prepare, does not. Code is never written: nothing is lost but a debugger's breakpoints.
/// madvise(2), `MADV_DONTNEED`; dl_iterate_phdr(3).
pub fn forget_code() {
    // SAFETY: `forget` takes what the C library gives it, and keeps none of it.
    unsafe { libc::dl_iterate_phdr(Some(forget), ptr::null_mut()) };
}

/// For the program itself, which comes first.
unsafe extern "C" fn forget(info: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
    const STOP: c_int = 1;
    // SAFETY: the C library gives a valid one for the time of this call.
    let info = unsafe { &*info };
    if info.dlpi_phdr.is_null() {
        return STOP;
    }
    // SAFETY: the headers are in the program's image, and this many.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let is_code = |header: &&libc::Elf64_Phdr| {
        let flags = header.p_flags & (libc::PF_X | libc::PF_W);
        header.p_type == libc::PT_LOAD && flags == libc::PF_X
    };
    // SAFETY: only an integer is passed.
    let page = unsafe { libc::getauxval(libc::AT_PAGESZ) };
    let below = page.wrapping_sub(1);
    for header in headers.iter().filter(is_code) {
        let start = info.dlpi_addr.wrapping_add(header.p_vaddr);
        let end = start.wrapping_add(header.p_memsz);
        let start = start & !below;
        let (Ok(at), Ok(length)) =
            (usize::try_from(start), usize::try_from(end.wrapping_sub(start)))
        else {
            return STOP;
        };
        let at = ptr::with_exposed_provenance_mut::<c_void>(at);
        // SAFETY: a segment of the program's file that is mapped privately and never written: its
        // pages are read from the file again, this function's own among them.
        unsafe { libc::madvise(at, length, libc::MADV_DONTNEED) };
    }
    STOP
}
