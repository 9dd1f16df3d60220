//! `--tmpfs DST[:OPTIONS]`.

use super::options::{self, Said, TMPFS, TMPFS_KNOWN};
use super::{BadValue, split_once};
use crate::{Access, BoxPath, Tmpfs};

impl Tmpfs {
    /// Takes a `--tmpfs`; programs can be started in it unless `noexec` is said.
    ///
    /// # Errors
    /// *User*, when the path is no path inside or an option is none.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        let (target, said) = match split_once(text, b':') {
            Some((target, opts)) => (target, options::read(opts, TMPFS, TMPFS_KNOWN)?),
            None => (text, Said::default()),
        };
        Ok(Self::new(BoxPath::parse(target)?, &said))
    }

    pub(super) fn new(target: BoxPath, said: &Said) -> Self {
        Self {
            target,
            size: said.size,
            mode: said.mode,
            noexec: said.noexec,
            read_only: said.access == Some(Access::ReadOnly),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteSize;

    #[test]
    fn scratch_space_is_read_with_its_options() {
        let target = BoxPath::parse(b"/x").unwrap();
        assert_eq!(
            Tmpfs::parse(b"/x:size=64m,mode=700,noexec,ro"),
            Ok(Tmpfs {
                target: target.clone(),
                size: Some(ByteSize(64 << 20)),
                mode: Some(0o700),
                noexec: true,
                read_only: true,
            })
        );
        let plain = Tmpfs { target, size: None, mode: None, noexec: false, read_only: false };
        assert_eq!(Tmpfs::parse(b"/x"), Ok(plain.clone()));
        assert_eq!(Tmpfs::parse(b"/x:rw,exec,nosuid,nodev"), Ok(plain));
    }

    #[test]
    fn bad_scratch_space_is_told() {
        let parse = |text: &str| Tmpfs::parse(text.as_bytes());
        assert!(matches!(parse("x"), Err(BadValue::Path(_))));
        assert!(matches!(parse("/x:size=big"), Err(BadValue::Shape { .. })));
        assert!(matches!(parse("/x:size"), Err(BadValue::UnknownOption { .. })));
        assert!(matches!(parse("/x:z"), Err(BadValue::UnknownOption { .. })));
        assert!(matches!(parse("/x:ro,rw"), Err(BadValue::Twice { .. })));
        assert!(matches!(parse("/x:uid=0"), Err(BadValue::RefusedOption { .. })));
    }
}
