//! What a box says about itself: a small file of lines, written by drybox alone.

use drybox_spec::{BoxName, HostPath};
use drybox_tree::RelPath;

use crate::words::unescaped;

/// A box's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Its name; none: it is thrown away when its run ends.
    pub name: Option<BoxName>,
    /// The host's directories that it has changes to: the workspace, then git's own directories
    /// outside of it. The number of each is the name of its folder.
    pub layers: Vec<HostPath>,
    /// Which directory stood at the workspace's path when it was made; none: it was not asked.
    pub stood: Option<Stood>,
}

/// What tells a directory from another one that stands at its path later. Not the device: its number
/// is another one after a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stood {
    /// Its inode.
    pub inode: u64,
    /// When it was made, in seconds and nanoseconds since 1970; none: the filesystem does not say.
    pub born: Option<(i64, u32)>,
}

impl Meta {
    /// Where it is.
    pub(super) const FILE: &'static str = "meta";
    const FIRST: &'static [u8] = b"drybox box 1";

    /// Lines of a word and a value; what a value may not hold is escaped.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = Self::FIRST.to_vec();
        if let Some(name) = &self.name {
            text.extend_from_slice(b"\nname ");
            text.extend_from_slice(name.as_str().as_bytes());
        }
        for layer in &self.layers {
            text.extend_from_slice(b"\nlayer ");
            for &byte in layer.as_bytes() {
                match byte {
                    b'\n' | b'%' => text.extend_from_slice(format!("%{byte:02x}").as_bytes()),
                    byte => text.push(byte),
                }
            }
        }
        if let Some(Stood { inode, born }) = self.stood {
            text.extend_from_slice(format!("\nstood {inode}").as_bytes());
            if let Some((seconds, nanoseconds)) = born {
                text.extend_from_slice(format!(" {seconds} {nanoseconds}").as_bytes());
            }
        }
        text.push(b'\n');
        text
    }

    /// Reads it; none: it is of another version, or not ours.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        let mut lines = text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
        if lines.next()? != Self::FIRST {
            return None;
        }
        let mut meta = Self { name: None, layers: Vec::new(), stood: None };
        for line in lines {
            if let Some(name) = line.strip_prefix(b"name ") {
                meta.name = Some(BoxName::parse(name).ok()?);
            } else if let Some(stood) = line.strip_prefix(b"stood ") {
                meta.stood = Some(Stood::decode(std::str::from_utf8(stood).ok()?)?);
            } else {
                let path = unescaped(line.strip_prefix(b"layer ")?)?;
                meta.layers.push(HostPath::parse(&path).ok()?);
            }
        }
        (!meta.layers.is_empty()).then_some(meta)
    }

    /// The folder of a layer.
    pub(super) fn folder(layer: usize) -> Option<RelPath> {
        RelPath::parse(layer.to_string().as_bytes()).ok()
    }
}

impl Stood {
    fn decode(text: &str) -> Option<Self> {
        match text.split(' ').collect::<Vec<_>>().as_slice() {
            [inode] => Some(Self { inode: inode.parse().ok()?, born: None }),
            [inode, seconds, nanoseconds] => Some(Self {
                inode: inode.parse().ok()?,
                born: Some((seconds.parse().ok()?, nanoseconds.parse().ok()?)),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_reads_what_it_wrote_whatever_its_paths_hold() {
        let path = |bytes: &[u8]| HostPath::parse(bytes).unwrap();
        for name in [None, Some(BoxName::parse(b"a-b").unwrap())] {
            let layers = vec![path(b"/p\nlayer /etc"), path(b"/100% \xff")];
            for born in [None, Some((-1, 999_999_999))] {
                let stood = Some(Stood { inode: u64::MAX, born });
                let meta = Meta { name: name.clone(), layers: layers.clone(), stood };
                assert_eq!(Meta::decode(&meta.encode()), Some(meta));
            }
            let meta = Meta { name, layers, stood: None };
            assert_eq!(Meta::decode(&meta.encode()), Some(meta));
        }
    }

    #[test]
    fn another_version_or_a_torn_file_is_none() {
        for text in [
            &b""[..],
            b"drybox box 2\nlayer /a\n",
            b"drybox box 1\n",
            b"drybox box 1\nlayer /a",
            b"drybox box 1\nlayer a\n",
            b"drybox box 1\nlayer /%4\n",
            b"drybox box 1\nname ../x\nlayer /a\n",
            b"drybox box 1\nmore\nlayer /a\n",
            b"drybox box 1\nlayer /a\nstood 1 2\n",
        ] {
            assert_eq!(Meta::decode(text), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
