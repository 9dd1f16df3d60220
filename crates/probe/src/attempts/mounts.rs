//! What the mount table tells.

use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::{Scene, read_some};

/// The root within its file system (field 4) and the options of the file system name no directory
/// of the caller's (proc_pid_mountinfo(5)). The mount point may: the workspace stands at its own
/// place.
pub(crate) fn sources(_: &Child, scene: &Scene, _: Held) -> Finding {
    let (Some(mark), Ok(table)) = (scene.get("MARK"), read_some("/proc/self/mountinfo".as_ref()))
    else {
        return Finding::held("there is no mount table");
    };
    let named = |line: &&[u8]| {
        let fields = line.split(|byte| *byte == b' ').enumerate();
        let told = fields.filter(|(nth, _)| *nth != POINT);
        told.into_iter().any(|(_, field)| holds(field, mark))
    };
    match table.split(|byte| *byte == b'\n').find(named) {
        Some(_) => Finding::open("a mount tells the directory that it came from"),
        None if scene.get("BARE").is_some() => Finding::open("there are the host's own mounts"),
        None => Finding::held("no mount tells it"),
    }
}

/// Fields are counted from 0.
const POINT: usize = 4;

fn holds(field: &[u8], mark: &[u8]) -> bool {
    field.windows(mark.len().max(1)).any(|part| part == mark)
}
