//! mountinfo, as proc_pid_mountinfo(5) writes it.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// What of the filesystem is mounted.
    pub(super) root: PathBuf,
    pub(super) at: PathBuf,
    /// Of the mount: `ro,nosuid,…`.
    pub(super) options: String,
    pub(super) kind: String,
    /// Of the filesystem: `size=…`.
    pub(super) of_filesystem: String,
}

/// A line; none: it is no line of mountinfo.
pub(super) fn mounted(line: &str) -> Option<Mounted> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(3);
    let (root, at, options) = (mount.next()?, mount.next()?, mount.next()?);
    let mut filesystem = filesystem.split(' ');
    let (kind, _source) = (filesystem.next()?, filesystem.next()?);
    Some(Mounted {
        root: path(root),
        at: path(at),
        options: options.to_owned(),
        kind: kind.to_owned(),
        of_filesystem: filesystem.next().unwrap_or_default().to_owned(),
    })
}

impl Mounted {
    pub(super) fn is_read_only(&self) -> bool {
        self.options.split(',').any(|option| option == "ro")
    }
}

/// The mounts of this process.
pub(super) fn of_host(root: &Path) -> Vec<Mounted> {
    let bytes = std::fs::read(root.join("proc/self/mountinfo")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(mounted).collect()
}

/// The mount that a path lies in; the last of a place covers the others.
pub(super) fn holder<'a>(mounts: &'a [Mounted], path: &Path) -> Option<&'a Mounted> {
    let holders = mounts.iter().filter(|mount| path.starts_with(&mount.at));
    holders.max_by_key(|mount| mount.at.as_os_str().len())
}

/// Space, tab, newline and backslash are written as three octal digits.
fn path(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (first, octal) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_its_escapes_are_undone() {
        let line = "36 35 98:0 /mnt1 /mnt\\040a\\134 ro,noatime shared:1 master:2 - ext3 \
                    /dev/root rw,errors=continue";
        let mount = mounted(line).unwrap();
        assert_eq!(
            (mount.root.as_path(), mount.at.as_path()),
            ("/mnt1".as_ref(), "/mnt a\\".as_ref())
        );
        assert!(mount.is_read_only() && mount.kind == "ext3");
        assert_eq!(mount.of_filesystem, "rw,errors=continue");
        for bad in ["", "1 2 3", "a - b", "1 2 3 / /x rw - ext4"] {
            assert_eq!(mounted(bad), None, "{bad}");
        }
    }
}
