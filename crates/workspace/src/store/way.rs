//! Whether another user could swap something on the way to the folder of boxes.

use drybox_spec::HostPath;
use drybox_tree::{Errno, Stat, kind_of};
use rustix::fs::{FileType, lstat, stat};

use super::{BoxError, Result, Why};

/// Whether nobody else can put another directory in the place of one above `path`, which is free of
/// symlinks.
pub(super) fn check_above(path: &HostPath, uid: u32) -> Result<()> {
    let way = Owners::of(uid).map_err(|errno| fail(path, errno.into()))?;
    for above in above(path.as_bytes()) {
        let above = HostPath::parse(above).map_err(|_| fail(path, Errno::INVAL.into()))?;
        let found = stat(above.as_c_str()).map_err(|errno| fail(&above, errno.into()))?;
        way.check(&above, &found)?;
    }
    Ok(())
}

/// Whether nobody else put, or can put, a link on the way of a path as it was named; what is not
/// there yet is no link. Where the links lead is for [`check_above`].
///
/// A link in a home is its user's: root's boxes would be wherever that user likes (`sudo -E`).
pub(super) fn check_links(path: &HostPath, uid: u32) -> Result<()> {
    let way = Owners::of(uid).map_err(|errno| fail(path, errno.into()))?;
    for above in above(path.as_bytes()) {
        let above = HostPath::parse(above).map_err(|_| fail(path, Errno::INVAL.into()))?;
        match lstat(above.as_c_str()) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
            Err(errno) => return Err(fail(&above, errno.into())),
            Ok(found) => way.check(&above, &found)?,
        }
    }
    Ok(())
}

/// Who may own what lies on the way.
struct Owners {
    uid: u32,
    /// In a user namespace the host's root may have no number of its own: it owns `/`.
    root: u32,
}

impl Owners {
    fn of(uid: u32) -> std::result::Result<Self, Errno> {
        Ok(Self { uid, root: stat(c"/")?.st_uid })
    }

    fn check(&self, path: &HostPath, found: &Stat) -> Result<()> {
        const STICKY: u32 = 0o1000;
        let mode = found.st_mode;
        if ![0, self.uid, self.root].contains(&found.st_uid) {
            return Err(fail(path, Why::OthersWrite));
        }
        match kind_of(found) {
            // Its own mode says nothing; who may replace it is said by the directory that it is in.
            FileType::Symlink => Ok(()),
            FileType::Directory if mode & STICKY != 0 => Ok(()),
            FileType::Directory if mode & 0o002 != 0 => Err(fail(path, Why::OthersWrite)),
            FileType::Directory if mode & 0o020 != 0 && !is_private(found.st_gid, self.uid) => {
                Err(fail(path, Why::GroupWrites))
            }
            FileType::Directory => Ok(()),
            _ => Err(fail(path, Errno::NOTDIR.into())),
        }
    }
}

/// Whether nobody but `uid` and root is in a group, as far as the host's own files know its members:
/// a group of a directory service is not.
fn is_private(gid: u32, uid: u32) -> bool {
    let read = |path: &str| std::fs::read(path).ok();
    match (read("/etc/group"), read("/etc/passwd")) {
        (Some(group), Some(passwd)) => is_private_by(&group, &passwd, gid, uid),
        _ => false,
    }
}

/// group(5) and passwd(5).
fn is_private_by(group: &[u8], passwd: &[u8], gid: u32, uid: u32) -> bool {
    let fields = |line: &'_ [u8]| -> Vec<Vec<u8>> {
        line.split(|&byte| byte == b':').map(<[u8]>::to_vec).collect()
    };
    let lines = |text: &[u8]| -> Vec<Vec<Vec<u8>>> {
        text.split(|&byte| byte == b'\n').map(fields).collect()
    };
    let (uid, gid) = (uid.to_string().into_bytes(), gid.to_string().into_bytes());
    let is_ours = |number: &Vec<u8>| *number == uid || number == b"0";
    let users = lines(passwd);
    let has_other =
        users.iter().any(|user| user.get(3) == Some(&gid) && !user.get(2).is_some_and(is_ours));
    let ours: Vec<&Vec<u8>> = users
        .iter()
        .filter(|user| user.get(2).is_some_and(is_ours))
        .filter_map(|user| user.first())
        .collect();
    let mut known = false;
    let groups = lines(group);
    let private = groups.iter().filter(|line| line.get(2) == Some(&gid)).all(|line| {
        known = true;
        let members = line.get(3).map(Vec::as_slice).unwrap_or_default();
        let mut members = members.split(|&byte| byte == b',').filter(|name| !name.is_empty());
        members.all(|name| ours.iter().any(|own| own.as_slice() == name))
    });
    known && private && !has_other
}

/// The paths of the directories above, `/` first.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    ends.map(|end| path.get(..end.max(1)).unwrap_or_default())
}

fn fail(path: &HostPath, source: Why) -> BoxError {
    BoxError::Store { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_private_when_nobody_else_is_known_to_be_in_it() {
        let passwd = b"root:x:0:0::/root:\nu:x:501:501::/home/u:\nv:x:502:100::/home/v:\n";
        let group = b"root:x:0:\nu:x:501:\nusers:x:100:\nteam:x:7:u,v\nmine:x:8:u,root\n\
            w:x:9:gone\nu2:x:501:v\n";
        let private = |gid| is_private_by(group, passwd, gid, 501);
        assert!(private(0) && private(8));
        for other in [100, 7, 9, 501, 4711] {
            assert!(!private(other), "{other}");
        }
        assert!(is_private_by(b"u:x:501:\n", passwd, 501, 501));
    }
}
