//! Walls that a test build can leave out (docs/weaken.md).
//!
//! [`wall!`] marks each wall where it is made. In every ordinary build it is its second argument and
//! nothing else. With `--cfg drybox_weaken` the executable leaves out the walls that the directory
//! it was started from is named after (`…/bounding-set+securebits/drybox`): so one build has every
//! wall removed once, and `cargo xtask weaken` sees whether anybody notices.

/// A wall: its name, and what makes it.
#[cfg(not(drybox_weaken))]
#[macro_export]
macro_rules! wall {
    ($name:expr, $made:expr) => {
        $made
    };
}

/// A wall: its name, and what makes it; or what stands in its place when it is left out.
#[cfg(drybox_weaken)]
#[macro_export]
macro_rules! wall {
    ($name:expr, $made:expr) => {
        if $crate::is_gone($name) { $crate::Gone::gone() } else { $made }
    };
}

#[cfg(drybox_weaken)]
pub use weakened::{Gone, MARK, is_gone};

#[cfg(drybox_weaken)]
mod weakened {
    use core::ffi::{CStr, c_int};

    use rustix::io::Errno;
    use rustix::mount::MountAttrFlags;
    use rustix::thread::CapabilitiesSecureBits;

    use crate::mount::MountAttr;

    /// What an executable that can be weakened holds, and no other one.
    #[used]
    pub static MARK: [u8; 28] = *b"this drybox can be weakened\n";

    /// Whether the wall `name` is left out.
    #[must_use]
    pub fn is_gone(name: &str) -> bool {
        // SAFETY: no preconditions.
        let address = unsafe { libc::getauxval(libc::AT_EXECFN) };
        let path = core::ptr::with_exposed_provenance::<core::ffi::c_char>(
            usize::try_from(address).unwrap_or_default(),
        );
        if path.is_null() {
            return false;
        }
        // SAFETY: the kernel put the path of this executable there, NUL-terminated (getauxval(3)).
        let path = unsafe { CStr::from_ptr(path) }.to_bytes();
        let directory = path.rsplit(|byte| *byte == b'/').nth(1).unwrap_or_default();
        directory.split(|byte| *byte == b'+').any(|gone| gone == name.as_bytes())
    }

    /// What stands in a wall's place when it is left out.
    pub trait Gone {
        /// Nothing, as this type says it.
        fn gone() -> Self;
    }

    impl Gone for () {
        fn gone() -> Self {}
    }

    impl Gone for Result<(), Errno> {
        fn gone() -> Self {
            Ok(())
        }
    }

    impl Gone for c_int {
        fn gone() -> Self {
            0
        }
    }

    impl Gone for u32 {
        fn gone() -> Self {
            0
        }
    }

    impl Gone for u64 {
        fn gone() -> Self {
            0
        }
    }

    /// What a wall asks: left out, it is not asked.
    impl Gone for bool {
        fn gone() -> Self {
            false
        }
    }

    impl Gone for MountAttr {
        fn gone() -> Self {
            Self::empty()
        }
    }

    impl Gone for MountAttrFlags {
        fn gone() -> Self {
            Self::empty()
        }
    }

    impl Gone for CapabilitiesSecureBits {
        fn gone() -> Self {
            Self::empty()
        }
    }

    /// What a tmpfs takes for no limit.
    impl Gone for &CStr {
        fn gone() -> Self {
            c"0"
        }
    }

    impl<T> Gone for Option<T> {
        fn gone() -> Self {
            None
        }
    }

    impl<T> Gone for &[T] {
        fn gone() -> Self {
            &[]
        }
    }
}
