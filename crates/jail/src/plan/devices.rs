//! The nodes below `/dev`: the only device nodes a sandbox can open.

use drybox_sys::Device;

/// Numbers from Linux `Documentation/admin-guide/devices.txt`.
pub(crate) const DEVICES: &[Device<'static>] = &[
    Device { path: c"dev/null", source: c"/dev/null", major: 1, minor: 3 },
    Device { path: c"dev/zero", source: c"/dev/zero", major: 1, minor: 5 },
    Device { path: c"dev/full", source: c"/dev/full", major: 1, minor: 7 },
    Device { path: c"dev/random", source: c"/dev/random", major: 1, minor: 8 },
    Device { path: c"dev/urandom", source: c"/dev/urandom", major: 1, minor: 9 },
    Device { path: c"dev/tty", source: c"/dev/tty", major: 5, minor: 0 },
];
