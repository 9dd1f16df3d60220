//! Raw system calls, and the stage of a sandbox between clone3 and exec, init included.
//!
//! `no_std` without `alloc`: the child's stage runs in a copy of the caller, where a lock or an
//! allocation may never return, and the compiler forbids both. The only room with `unsafe`.
//! Upholds I4 (every step of the stage fails by name) and I7 (init dies with its supervisor).
//!
//! The caller computes a [`Plan`], [`launch`] clones, and [`Step`] names where it can fail.
#![no_std]
#![allow(unsafe_code, reason = "this is the room of the raw calls; every block says why it holds")]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic between clone3 and exec would enter std's handler in a forked child"
)]

mod arguments;
mod enter;
mod footprint;
mod guard;
mod identity;
mod idmap;
mod init;
mod launch;
mod mount;
mod network;
mod plan;
mod privileges;
mod raw;
mod record;
mod root;
mod signals;
mod stdio;
mod view;
mod weaken;
mod worker;

pub use enter::Step;
pub use footprint::forget_code;
pub use guard::{Guard, guard};
pub use identity::{as_payload, may_open, with_effective_ids, without_crash_dumps};
pub use idmap::id_map_namespace;
pub use launch::{FIRST_TO_DIE, Launched, Namespace, launch, release, try_namespace};
pub use mount::{MountAttr, clone_tree, set_attributes, set_id_map};
pub use plan::{
    Bind, BindFrom, Build, Channel, Device, Exec, FileId, Ids, Knob, Mask, MaskKind, Mount,
    Network, Otherwise, Overlay, Payload, Plan, PointerList, Rlimit, Scratch, Signal, Slot, Source,
    Stdio, SystemTree, Tmpfs, View,
};
pub use privileges::own_limit;
pub use record::{Failed, Obstacle, RECORD, Record, Told};
pub use rustix::io::Errno;
pub use signals::{SignalFd, SignalSet, block_signals, is_ignored, stop_group, stop_self};
pub use stdio::same_description;
#[cfg(drybox_weaken)]
pub use weaken::{Gone, MARK, is_gone};
pub use worker::{Worker, confine, worker};
