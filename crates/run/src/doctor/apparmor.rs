//! The AppArmor profile that lets drybox, and nothing else, make user namespaces on Ubuntu 24.04.
//!
//! There the sysctl `kernel.apparmor_restrict_unprivileged_userns` takes every capability of a user
//! namespace that a program without a profile makes. Turning it off would open what it guards for
//! every program of the machine; the profile does so for one file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use drybox_spec::{HostPath, Kind, Report, Shown};

/// A profile that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Where it is written.
    pub path: PathBuf,
    /// What is written.
    pub text: String,
    /// What is to be known before saying yes.
    pub warning: Option<String>,
}

/// Why no profile is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoFix {
    /// The path would mean something else in a profile.
    #[error("cannot write an AppArmor profile for {}", Shown(path.as_bytes()))]
    Path {
        /// drybox's own file.
        path: HostPath,
        /// Why.
        source: Why,
    },
    /// Others could replace what the profile lets through.
    #[error("cannot give {} an AppArmor profile", Shown(path.as_bytes()))]
    Writable {
        /// drybox's own file.
        path: HostPath,
        /// Why.
        source: Why,
    },
    /// Something else has that name.
    #[error("cannot replace {}", Shown(path.as_os_str().as_bytes()))]
    Taken {
        /// The profile.
        path: PathBuf,
        /// Why.
        source: Why,
    },
    /// The profile cannot be written.
    #[error("cannot write {}", Shown(path.as_os_str().as_bytes()))]
    Write {
        /// The profile.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// A reason in words.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Why(&'static str);

const SYSCTL: &str = "proc/sys/kernel/apparmor_restrict_unprivileged_userns";
const PLACE: &str = "etc/apparmor.d/drybox";
/// The first line; a file without it is somebody else's.
const MARK: &str = "# Written by drybox doctor --fix.";

/// Whether AppArmor restricts user namespaces on the host below `root`.
#[must_use]
pub fn restricts(root: &Path) -> bool {
    fs::read(root.join(SYSCTL)).is_ok_and(|text| text.starts_with(b"1"))
}

/// The profile for `executable`; none: it is there already, word for word.
///
/// # Errors
/// *User*, when the file's name or mode allows no profile. *Host*, when another profile is there.
pub fn fix(root: &Path, executable: &HostPath) -> Result<Option<Fix>, NoFix> {
    let bytes = executable.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(byte);
    // A profile's path is a pattern (apparmor.d(5)): `*`, `{`, `@` or a quote would widen it.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(plain) => text,
        _ => {
            let source = Why("its path holds characters that mean something in a profile");
            return Err(NoFix::Path { path: executable.clone(), source });
        }
    };
    let warning = who_may_write(executable)?;
    let text = format!(
        "{MARK}\n# Lets drybox make the user namespace that its boxes live in.\n\n\
         abi <abi/4.0>,\ninclude <tunables/global>\n\n\
         profile drybox {text} flags=(unconfined) {{\n  userns,\n\n  \
         include if exists <local/drybox>\n}}\n"
    );
    let path = root.join(PLACE);
    match fs::read_to_string(&path) {
        Ok(old) if old == text => Ok(None),
        Ok(old) if !old.starts_with(MARK) => {
            Err(NoFix::Taken { path, source: Why("it was not written by drybox") })
        }
        _ => Ok(Some(Fix { path, text, warning })),
    }
}

/// What the owner of the file can do with the profile; an error when others could do it, too.
fn who_may_write(executable: &HostPath) -> Result<Option<String>, NoFix> {
    const OTHERS_WRITE: u32 = 0o022;
    const SET_ID: u32 = 0o6000;
    let stat = rustix::fs::stat(executable.as_c_str()).map_err(|errno| NoFix::Write {
        path: executable.as_path().to_owned(),
        source: errno.into(),
    })?;
    if stat.st_mode & (OTHERS_WRITE | SET_ID) != 0 {
        let source = Why("others than its owner may write it, or it is set-user-id");
        return Err(NoFix::Writable { path: executable.clone(), source });
    }
    Ok((stat.st_uid != 0).then(|| {
        "its owner, who is not root, can put any program there, which then may make user \
         namespaces, too: a copy in /usr/local/bin is better"
            .to_owned()
    }))
}

impl Fix {
    /// Writes the profile as a whole or not at all. It counts once `apparmor_parser -r` has loaded
    /// it, or from the next start of the machine.
    ///
    /// # Errors
    /// *Host*, when the kernel refuses.
    pub fn write(&self) -> Result<(), NoFix> {
        let fail = |source| NoFix::Write { path: self.path.clone(), source };
        let beside = self.path.with_extension(format!("new-{}", std::process::id()));
        let written = self.write_to(&beside).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            // Nothing of it is left beside what was there before.
            drop(fs::remove_file(&beside));
        }
        written.map_err(fail)
    }

    /// A new file, never an existing one or a link: parsers read every file of that directory.
    fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
        file.write_all(self.text.as_bytes())?;
        file.sync_all()
    }
}

impl Report for NoFix {
    fn kind(&self) -> Kind {
        match self {
            Self::Path { .. } | Self::Writable { .. } => Kind::User,
            Self::Taken { .. } | Self::Write { .. } => Kind::Host,
        }
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(match self {
            Self::Path { path, .. } => install(path).into(),
            Self::Writable { path, .. } => {
                let words = drybox_spec::ShellWords(&[path.as_bytes()]);
                format!("sudo chmod go-w,ug-s {words}").into()
            }
            Self::Taken { .. } => "add 'userns,' to that profile, or move it away".into(),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "sudo apt install apparmor".into()
            }
            Self::Write { .. } => return None,
        })
    }
}

fn install(path: &HostPath) -> String {
    let words = drybox_spec::ShellWords(&[path.as_bytes()]);
    format!("sudo install -m 755 {words} /usr/local/bin/drybox, and use that one")
}

#[cfg(test)]
mod tests;
