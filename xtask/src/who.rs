//! Who runs this, and the ordinary user that the tests run as.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// The user that `setup` makes for the tests.
pub(crate) const TEST_USER: &str = "drybox-test";

/// A line of passwd(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The test user, if the machine has it.
pub(crate) fn test_user() -> Result<Option<User>, Failure> {
    let path = Path::new("/etc/passwd");
    let text = std::fs::read_to_string(path).map_err(Failure::io("read", path))?;
    Ok(find(&text, TEST_USER))
}

/// Starts `program` in a session of its own (no terminal), killed when this process dies.
pub(crate) fn as_self(program: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.args(["--wait", "setpriv", "--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// The same as `user`, with nothing of the environment but `env`.
pub(crate) fn as_user(user: &User, env: &[(&str, &Path)], program: &Path) -> Command {
    let mut command = Command::new("setsid");
    command
        .args(["--wait", "setpriv", "--init-groups", "--reset-env", "--inh-caps=-all"])
        .args(["--pdeathsig", "KILL"])
        .arg(format!("--reuid={}", user.uid))
        .arg(format!("--regid={}", user.gid))
        .args(["--", "env"]);
    for (name, value) in env {
        let mut entry = std::ffi::OsString::from(name);
        entry.push("=");
        entry.push(value);
        command.arg(entry);
    }
    command.arg(program);
    command
}

fn find(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            [user, _, uid, gid, ..] if *user == name => {
                Some(User { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nab:x:7:8::/home/ab:/bin/sh\n";
        let ab = User { uid: 7, gid: 8 };
        assert_eq!(find(passwd, "ab"), Some(ab));
        assert_eq!(find(passwd, "a"), None);
    }
}
