//! What a probe is told of the world outside.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::probe::Attempt;
use crate::table::PROBES;

/// Words and their values: where the canaries are, and what the host looks like.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    words: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Facts of the host that probes compare with what they see.
pub type Facts = Vec<(String, Vec<u8>)>;

impl Scene {
    /// Adds a word.
    pub fn set(&mut self, word: &str, value: impl AsRef<[u8]>) {
        self.words.insert(word.as_bytes().to_vec(), value.as_ref().to_vec());
    }

    /// As one argument of the hidden mode: `WORD=VALUE,…`, with every byte escaped that some
    /// engine's shell or parser could take for its own.
    #[must_use]
    pub fn arg(&self) -> OsString {
        let pairs =
            self.words.iter().map(|(word, value)| format!("{}={}", escaped(word), escaped(value)));
        pairs.collect::<Vec<_>>().join(",").into()
    }

    /// Reads such an argument.
    pub(crate) fn read(arg: &OsStr) -> Self {
        let pairs = arg.as_bytes().split(|byte| *byte == b',').filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let (word, value) = (pair.get(..at)?, pair.get(at.checked_add(1)?..)?);
            Some((unescaped(word), unescaped(value)))
        });
        Self { words: pairs.collect() }
    }

    pub(crate) fn get(&self, word: &str) -> Option<&[u8]> {
        self.words.get(word.as_bytes()).map(Vec::as_slice)
    }

    pub(crate) fn number(&self, word: &str) -> Option<i64> {
        std::str::from_utf8(self.get(word)?).ok()?.parse().ok()
    }

    /// A path with words of the scene: `{WORK}/file`; none when the scene lacks one.
    pub(crate) fn path(&self, text: &str) -> Option<PathBuf> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}')?;
            bytes.extend_from_slice(plain.as_bytes());
            bytes.extend_from_slice(self.get(word)?);
            rest = after;
        }
        bytes.extend_from_slice(rest.as_bytes());
        Some(PathBuf::from(OsString::from_vec(bytes)))
    }

    pub(crate) fn c_path(&self, text: &str) -> Option<CString> {
        CString::new(self.path(text)?.into_os_string().into_vec()).ok()
    }
}

/// `%` and two digits in place of what is not plain.
fn escaped(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:-".contains(&byte);
    let each = bytes.iter().map(|byte| match plain(*byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02x}"),
    });
    each.collect()
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(value) if *byte == b'%' => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    bytes
}

/// Gathers what the table's probes compare with, here: called outside.
#[must_use]
pub fn facts() -> Facts {
    let mut facts = Facts::new();
    for dir in SYSTEM {
        if let Ok(stat) = rustix::fs::stat(*dir) {
            let inode = format!("{}:{}", stat.st_dev, stat.st_ino);
            facts.push((format!("INODE:{dir}"), inode.into_bytes()));
        }
    }
    for probe in PROBES.iter().flat_map(|group| group.iter()) {
        match probe.attempt {
            Attempt::Same(paths) => {
                for path in paths {
                    facts.extend(content(path).map(|hash| (format!("SAME:{path}"), hash)));
                }
            }
            Attempt::Device(paths) => {
                for path in paths {
                    facts.extend(device(path).map(|number| (format!("DEVICE:{path}"), number)));
                }
            }
            Attempt::Namespace(name) => {
                facts.extend(namespace(name).map(|link| (format!("NS:{name}"), link)));
            }
            _ => {}
        }
    }
    facts
}

/// Trees of the host's system.
pub(crate) const SYSTEM: &[&str] = &["/usr", "/usr/bin", "/usr/lib", "/etc"];

/// A hash of a file that is not empty: the file itself is nobody's business inside.
pub(crate) fn content(path: &str) -> Option<Vec<u8>> {
    let bytes = read_some(path.as_ref()).ok().filter(|bytes| !bytes.is_empty())?;
    // FNV-1a: tells files apart, keeps no secret.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Some(format!("{hash:016x}").into_bytes())
}

pub(crate) fn device(path: &str) -> Option<Vec<u8>> {
    let stat = rustix::fs::stat(path).ok()?;
    Some(stat.st_dev.to_string().into_bytes())
}

pub(crate) fn namespace(name: &str) -> Option<Vec<u8>> {
    let link = rustix::fs::readlink(format!("/proc/self/ns/{name}"), Vec::new()).ok()?;
    Some(link.into_bytes())
}

/// The first 64 KiB of a file, without waiting for a writer.
pub(crate) fn read_some(path: &std::path::Path) -> rustix::io::Result<Vec<u8>> {
    use rustix::fs::{Mode, OFlags, open};
    let file = open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4096];
    while bytes.len() < 1 << 16 {
        let count = rustix::io::read(&file, &mut piece)?;
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_read_as_it_was_written_whatever_its_bytes_are() {
        let mut scene = Scene::default();
        scene.set("WORK", b"/a b,c=d%41'\n\xff");
        scene.set("SAME:/etc/hosts", "0");
        let arg = scene.arg();
        assert!(arg.to_str().unwrap().bytes().all(|b| b.is_ascii_graphic() && b != b'\''));
        assert_eq!(Scene::read(&arg).words, scene.words);
    }

    #[test]
    fn words_in_a_path_are_filled_in_and_an_unknown_one_is_no_path() {
        let mut scene = Scene::default();
        scene.set("WORK", "/w");
        assert_eq!(scene.path("/x{WORK}/y"), Some("/x/w/y".into()));
        assert_eq!(scene.path("{HOME}/y"), None);
    }
}
