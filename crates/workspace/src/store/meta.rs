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
        text.push(b'\n');
        text
    }

    /// Reads it; none: it is of another version, or not ours.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        let mut lines = text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
        if lines.next()? != Self::FIRST {
            return None;
        }
        let mut meta = Self { name: None, layers: Vec::new() };
        for line in lines {
            if let Some(name) = line.strip_prefix(b"name ") {
                meta.name = Some(BoxName::parse(name).ok()?);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_reads_what_it_wrote_whatever_its_paths_hold() {
        let path = |bytes: &[u8]| HostPath::parse(bytes).unwrap();
        for name in [None, Some(BoxName::parse(b"a-b").unwrap())] {
            let layers = vec![path(b"/p\nlayer /etc"), path(b"/100% \xff")];
            let meta = Meta { name, layers };
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
        ] {
            assert_eq!(Meta::decode(text), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
