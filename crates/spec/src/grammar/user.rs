//! `-u USER[:GROUP]`.

use super::{BadValue, decimal, split_once};
use crate::BoxUser;

impl BoxUser {
    /// Takes `agent`, `root`, a number, or two of them with a colon. `agent` is the number in `own`.
    ///
    /// A text that looks like a number and is none is refused, never looked up as a name
    /// (CVE-2024-40635, CVE-2026-46680).
    ///
    /// # Errors
    /// *User*, when it is neither.
    pub fn parse(text: &[u8], own: (u32, u32)) -> Result<Self, BadValue> {
        let (user, group) = match split_once(text, b':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        if user == b"agent" && group.is_none_or(|group| group == b"agent") {
            return Ok(Self::Agent);
        }
        let uid = id(user, own.0).ok_or(SHAPE)?;
        let own_group = if user == b"agent" { own.1 } else { uid };
        let gid = group.map_or(Some(own_group), |group| id(group, own.1)).ok_or(SHAPE)?;
        Ok(Self::Ids { uid, gid })
    }
}

fn id(text: &[u8], own: u32) -> Option<u32> {
    match text {
        b"agent" => Some(own),
        b"root" => Some(0),
        // The highest number is (uid_t)-1, which system calls take as "leave it".
        text => decimal(text).filter(|&id| id != u32::MAX),
    }
}

const SHAPE: BadValue =
    BadValue::shape("a user is agent, root or a number up to 4294967294, as 1000 or 1000:1000");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_numbers_or_the_two_that_exist() {
        let parse = |t: &str| BoxUser::parse(t.as_bytes(), (501, 20)).ok();
        assert_eq!(parse("agent"), Some(BoxUser::Agent));
        assert_eq!(parse("agent:agent"), Some(BoxUser::Agent));
        assert_eq!(parse("agent:5"), Some(BoxUser::Ids { uid: 501, gid: 5 }));
        assert_eq!(parse("root"), Some(BoxUser::Ids { uid: 0, gid: 0 }));
        assert_eq!(parse("1000"), Some(BoxUser::Ids { uid: 1000, gid: 1000 }));
        assert_eq!(parse("1000:0"), Some(BoxUser::Ids { uid: 1000, gid: 0 }));
        assert_eq!(parse("1000:agent"), Some(BoxUser::Ids { uid: 1000, gid: 20 }));
    }

    /// Rows of ID-21.
    #[test]
    fn cve_2024_40635_a_number_that_is_none_is_no_name() {
        for bad in [
            "4294967295",
            "-1",
            "4294967296",
            "00",
            "01",
            "root2",
            "",
            ":",
            "1:",
            ":1",
            "1:2:3",
            " 1",
            "+1",
            "0x1",
            "nobody",
        ] {
            assert_eq!(BoxUser::parse(bad.as_bytes(), (1, 1)), Err(SHAPE), "{bad}");
        }
    }
}
