//! The list of boxes.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use drybox_spec::{BoxName, HostPath, Shown};
use serde::Serialize;

use super::Format;

/// One box.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) workspace: HostPath,
    pub(crate) name: Option<BoxName>,
    /// None: the directory is gone.
    pub(crate) changes: Option<usize>,
    /// What the changes take on the disk.
    pub(crate) bytes: Option<u64>,
    pub(crate) last_run: Option<SystemTime>,
    /// A run is alive in it: nothing else is known.
    pub(crate) in_use: bool,
    /// Another directory stands at the path by now.
    pub(crate) is_replaced: bool,
}

impl Listed {
    pub(crate) const fn new(workspace: HostPath, name: Option<BoxName>) -> Self {
        Self {
            workspace,
            name,
            changes: None,
            bytes: None,
            last_run: None,
            in_use: false,
            is_replaced: false,
        }
    }

    fn name(&self) -> &str {
        self.name.as_ref().map_or("(thrown away)", BoxName::as_str)
    }
}

/// The stable form.
#[derive(Serialize)]
struct Told {
    boxes: Vec<ToldBox>,
}

#[derive(Serialize)]
struct ToldBox {
    workspace: String,
    #[serde(rename = "box")]
    name: String,
    in_use: bool,
    changes: Option<usize>,
    bytes: Option<u64>,
    /// Seconds since 1970.
    last_run: Option<u64>,
}

/// The list, ready to print.
pub(crate) fn boxes(listed: &[Listed], format: Format) -> String {
    match format {
        Format::Text => text(listed),
        Format::Json => {
            let boxes = listed.iter().map(|row| ToldBox {
                workspace: Shown(row.workspace.as_bytes()).to_string(),
                name: row.name().to_owned(),
                in_use: row.in_use,
                changes: row.changes,
                bytes: row.bytes,
                last_run: row.last_run.map(seconds),
            });
            // Strings and numbers always are JSON.
            let told = Told { boxes: boxes.collect() };
            serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
        }
    }
}

fn text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "no pending changes\n".to_owned();
    }
    let mut text = String::new();
    for row in listed {
        let what = match (row.in_use, row.changes) {
            (true, _) => "in use".to_owned(),
            (false, Some(1)) => "1 change".to_owned(),
            (false, Some(changes)) => format!("{changes} changes"),
            (false, None) => "the directory is gone".to_owned(),
        };
        let size = row.bytes.map_or_else(String::new, |bytes| format!(", {} KiB", bytes / 1024));
        let when = row.last_run.map_or_else(String::new, |when| format!(", {}", ago(when)));
        let replaced =
            if row.is_replaced { ", of a directory that stood there before" } else { "" };
        let place = Shown(row.workspace.as_bytes());
        let _written = writeln!(text, "{place}  {}: {what}{size}{when}{replaced}", row.name());
    }
    text
}

fn seconds(when: SystemTime) -> u64 {
    when.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How long ago, in the largest unit that says something.
fn ago(when: SystemTime) -> String {
    let passed = SystemTime::now().duration_since(when).map_or(0, |passed| passed.as_secs());
    let units = [(86_400_u64, "days"), (3600, "hours"), (60, "minutes")];
    let unit = units.into_iter().find(|(length, _)| passed >= length.saturating_mul(2));
    match unit {
        Some((length, name)) => format!("{} {name} ago", passed / length),
        None => "a moment ago".to_owned(),
    }
}
