//! What `/proc` tells of the host, and is covered.
//!
//! The whole of `/proc` is read-only; this is about reading. A path that only host root may read
//! (`timer_list`, `kcore`, `slabinfo` …) needs no cover, because no id of a sandbox is host root:
//! each row is covered where it exists and others may read it.

use std::ffi::CStr;

use drybox_sys::{Mask, MaskKind};
use rustix::fs::stat;
use rustix::io::Errno;

struct Row {
    path: &'static CStr,
    kind: MaskKind,
}

#[cfg(drybox_weaken)]
impl Row {
    /// Whether the wall `mask-NAME` is left out, NAME being the last of the path.
    fn is_gone(&self) -> bool {
        let name = self.path.to_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        drybox_sys::is_gone(&format!("mask-{name}"))
    }
}

const fn file(path: &'static CStr) -> Row {
    Row { path, kind: MaskKind::File }
}

const fn directory(path: &'static CStr) -> Row {
    Row { path, kind: MaskKind::Directory }
}

const MASKS: &[Row] = &[
    // Keys of the user, and how many: keyrings belong to a uid, not to a container.
    file(c"/proc/keys"),
    file(c"/proc/key-users"),
    // Pids and names of host processes.
    file(c"/proc/timer_list"),
    file(c"/proc/timer_stats"),
    file(c"/proc/latency_stats"),
    file(c"/proc/sched_debug"),
    // Keystroke timing of the host (interrupts), and its hardware.
    file(c"/proc/interrupts"),
    file(c"/proc/softirqs"),
    directory(c"/proc/irq"),
    directory(c"/proc/acpi"),
    directory(c"/proc/scsi"),
    directory(c"/proc/asound"),
    directory(c"/proc/bus"),
    directory(c"/proc/driver"),
    directory(c"/proc/fs"),
    // Disk ids and sometimes secrets; the kernel's configuration and modules.
    file(c"/proc/cmdline"),
    file(c"/proc/config.gz"),
    file(c"/proc/modules"),
    file(c"/proc/kcore"),
    file(c"/proc/kmsg"),
    // The host's load, with a kernel thread for each trigger.
    directory(c"/proc/pressure"),
    // The same on every run: it links two runs to one machine.
    file(c"/proc/sys/kernel/random/boot_id"),
];

/// The covers that this host needs, relative to the root filesystem.
pub(crate) fn present_masks() -> Vec<Mask<'static>> {
    let readable = MASKS.iter().filter(|row| is_readable_by_others(row.path));
    #[cfg(drybox_weaken)]
    let readable = readable.filter(|row| !row.is_gone());
    readable.filter_map(as_mask).collect()
}

fn is_readable_by_others(path: &CStr) -> bool {
    const READ_BY_OTHERS: u32 = 0o004;
    match stat(path) {
        Ok(stat) => stat.st_mode & READ_BY_OTHERS != 0,
        Err(errno) => errno != Errno::NOENT,
    }
}

fn as_mask(row: &Row) -> Option<Mask<'static>> {
    let (_slash, rest) = row.path.to_bytes_with_nul().split_first()?;
    let path = CStr::from_bytes_with_nul(rest).ok()?;
    Some(Mask { path, kind: row.kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_below_proc_and_listed_once() {
        let mut seen = std::collections::HashSet::new();
        for row in MASKS {
            assert!(row.path.to_bytes().starts_with(b"/proc/"), "{:?}", row.path);
            assert!(seen.insert(row.path), "{:?}", row.path);
        }
    }
}
