//! Where a program may lie: execvp(3)'s search, made before the launch.

use std::ffi::{CStr, CString};

use drybox_spec::BoxPath;

/// The places that are tried for `program`, in order.
pub(crate) fn candidates(program: &CStr, path: &[BoxPath]) -> Vec<CString> {
    let name = program.to_bytes();
    if name.contains(&b'/') {
        return vec![program.to_owned()];
    }
    path.iter()
        .filter_map(|directory| {
            let directory = directory.as_bytes();
            let mut place = Vec::with_capacity(directory.len() + name.len() + 2);
            place.extend_from_slice(directory);
            place.push(b'/');
            place.extend_from_slice(name);
            CString::new(place).ok()
        })
        .collect()
}
