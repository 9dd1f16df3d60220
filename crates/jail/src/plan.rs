//! The mount plan: everything the child builds, computed before it is cloned.
//!
//! What every sandbox has is in the tables `skeleton`, `etc`, `devices` and `proc`; what this one
//! has beside is added by [`Tree`].

mod devices;
mod etc;
mod proc;
mod shares;
mod skeleton;
mod system;
mod views;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use drybox_spec::BoxPath;
use drybox_sys as sys;

pub(crate) use devices::DEVICES;
pub(crate) use etc::{Account, Resolver, add_etc};
pub(crate) use proc::present_masks;
pub(crate) use shares::{Layer, Opened, OverlaySource, Sources, add_shares, overlay_of};
pub(crate) use skeleton::{LAYER_STAGE, SPARE_STAGE, STAGE, WRITABLE, add_links, add_skeleton};
pub(crate) use system::add_system;
pub(crate) use views::add_views;

type Text = Cow<'static, CStr>;

/// An entry of the root filesystem; paths relative to it.
#[derive(Debug)]
pub(crate) enum Entry {
    Dir(Text, u32),
    File(Text, u32, Cow<'static, [u8]>),
}

/// A mount; its target relative to the root filesystem.
#[derive(Debug)]
pub(crate) struct MountEntry {
    pub(crate) target: Text,
    pub(crate) source: MountSource,
    /// What an error calls it.
    pub(crate) name: Text,
}

#[derive(Debug)]
pub(crate) enum MountSource {
    Bind {
        layer: Layer,
        writable: bool,
    },
    Overlay {
        layer: Layer,
        only: Option<CString>,
        empty: Option<&'static CStr>,
    },
    View {
        layer: Layer,
        changes: Option<Layer>,
        two_filesystems: bool,
        perhaps_in_use: bool,
        otherwise: sys::Otherwise,
    },
    Tmpfs {
        options: Vec<(&'static CStr, CString)>,
        noexec: bool,
        read_only: bool,
    },
}

/// The plan, while it grows.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) entries: Vec<Entry>,
    /// Symbolic links and their targets, made after every entry.
    pub(crate) links: Vec<(Text, Text)>,
    /// The system's trees: place and source.
    pub(crate) system: Vec<(Text, Text)>,
    pub(crate) mounts: Vec<MountEntry>,
    /// What stands already, with its slash.
    known: BTreeSet<Cow<'static, [u8]>>,
}

impl Tree {
    /// A directory; nothing when it is there already.
    pub(crate) fn dir(&mut self, path: &BoxPath, mode: u32) {
        if self.is_new(path) {
            self.parents(path);
            self.entries.push(Entry::Dir(relative(path), mode));
        }
    }

    /// A file; nothing when something is there already.
    pub(crate) fn file(&mut self, path: &BoxPath, mode: u32, content: Vec<u8>) {
        if self.is_new(path) {
            self.parents(path);
            self.entries.push(Entry::File(relative(path), mode, content.into()));
        }
    }

    /// A link; nothing when something is there already.
    pub(crate) fn link(&mut self, path: &BoxPath, target: &CStr) {
        if self.is_new(path) {
            self.parents(path);
            self.links.push((relative(path), target.to_owned().into()));
        }
    }

    /// A link of a table, whose directory is there; nothing when something is in its place.
    pub(crate) fn link_row(&mut self, path: &'static CStr, target: Text) {
        if !self.is_within_mount(path.to_bytes())
            && self.known.insert(Cow::Borrowed(path.to_bytes()))
        {
            self.links.push((Cow::Borrowed(path), target));
        }
    }

    /// A row of a table: its parents come earlier in the table.
    pub(crate) fn row(&mut self, entry: Entry) {
        let (Entry::Dir(path, _) | Entry::File(path, ..)) = &entry;
        let bytes = match path {
            Cow::Borrowed(path) => Cow::Borrowed(path.to_bytes()),
            Cow::Owned(path) => Cow::Owned(path.to_bytes().to_vec()),
        };
        self.known.insert(bytes);
        self.entries.push(entry);
    }

    /// A mount, and the mount point for it unless that lies in an earlier mount.
    pub(crate) fn mount(&mut self, target: &BoxPath, source: MountSource, is_dir: bool) {
        let point = target.as_bytes().get(1..).unwrap_or_default();
        if !self.is_within_mount(point) {
            if is_dir {
                self.dir(target, 0o755);
            } else {
                self.file(target, 0o644, Vec::new());
            }
        }
        let name = target.as_c_str().to_owned().into();
        self.mounts.push(MountEntry { target: relative(target), source, name });
    }

    /// Puts what stands above before what stands below: a mount covers everything under it.
    pub(crate) fn order(&mut self) {
        self.mounts.sort_by(|a, b| a.target.to_bytes().cmp(b.target.to_bytes()));
    }

    /// The path of a row of the entries and links.
    pub(crate) fn name(&self, row: usize) -> &[u8] {
        let entry = self.entries.get(row).map(Entry::name);
        let link = || self.links.get(row.saturating_sub(self.entries.len()));
        entry.or_else(|| link().map(|(path, _)| path.to_bytes())).unwrap_or_default()
    }

    /// A mount over a directory of the skeleton.
    pub(crate) fn scratch_mount(&mut self, target: &'static CStr, source: MountSource) {
        let (target, name) = (Cow::Borrowed(target), Cow::Borrowed(target));
        self.mounts.push(MountEntry { target, source, name });
    }

    fn is_within_mount(&self, path: &[u8]) -> bool {
        let system = self.system.iter().map(|(target, _)| target);
        system.chain(self.mounts.iter().map(|mount| &mount.target)).any(|target| {
            path.strip_prefix(target.to_bytes())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    fn is_new(&mut self, path: &BoxPath) -> bool {
        let path = path.as_bytes().get(1..).unwrap_or_default();
        !path.is_empty() && !self.is_within_mount(path) && self.known.insert(path.to_vec().into())
    }

    fn parents(&mut self, path: &BoxPath) {
        let path = path.as_bytes().get(1..).unwrap_or_default();
        for (end, _) in path.iter().enumerate().filter(|&(_, &byte)| byte == b'/') {
            let parent = path.get(..end).unwrap_or_default();
            if !self.known.contains(parent) {
                self.known.insert(parent.to_vec().into());
                let parent = CString::new(parent).unwrap_or_default();
                self.entries.push(Entry::Dir(parent.into(), 0o755));
            }
        }
    }
}

impl Entry {
    /// Its path.
    pub(crate) fn name(&self) -> &[u8] {
        let (Self::Dir(path, _) | Self::File(path, ..)) = self;
        path.to_bytes()
    }

    pub(crate) fn as_sys(&self) -> sys::Build<'_> {
        match self {
            Self::Dir(path, mode) => sys::Build::Dir { path, mode: *mode },
            Self::File(path, mode, content) => sys::Build::File { path, mode: *mode, content },
        }
    }
}

impl MountEntry {
    pub(crate) fn as_sys<'a>(&'a self, options: &'a [(&'a CStr, &'a CStr)]) -> sys::Mount<'a> {
        let source = match &self.source {
            MountSource::Bind { layer, writable } => {
                sys::Source::Bind(sys::Bind { from: layer.as_sys(), writable: *writable })
            }
            MountSource::Overlay { layer, only, empty } => sys::Source::Overlay(sys::Overlay {
                from: layer.as_sys(),
                only: only.as_deref(),
                empty: *empty,
                stage: LAYER_STAGE,
                spare_stage: SPARE_STAGE,
            }),
            MountSource::View { layer, changes, two_filesystems, perhaps_in_use, otherwise } => {
                sys::Source::View(sys::View {
                    from: layer.as_sys(),
                    changes: changes.as_ref().map(Layer::as_sys),
                    two_filesystems: *two_filesystems,
                    perhaps_in_use: *perhaps_in_use,
                    otherwise: *otherwise,
                    stage: LAYER_STAGE,
                    spare_stage: SPARE_STAGE,
                })
            }
            MountSource::Tmpfs { noexec, read_only, .. } => {
                sys::Source::Tmpfs(sys::Tmpfs { options, noexec: *noexec, read_only: *read_only })
            }
        };
        sys::Mount { target: &self.target, source }
    }
}

impl Layer {
    pub(crate) fn as_sys(&self) -> sys::BindFrom<'_> {
        match self {
            Self::Path { path, expect, .. } => sys::BindFrom::Path { path, expect: *expect },
            Self::Tree(tree) => sys::BindFrom::Tree(OwnedFd::as_fd(tree)),
        }
    }
}

/// The path without its leading slash.
fn relative(path: &BoxPath) -> Text {
    let rest = path.as_bytes().get(1..).unwrap_or_default();
    Cow::Owned(CString::new(rest).unwrap_or_default())
}
