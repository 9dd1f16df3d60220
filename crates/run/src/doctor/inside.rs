//! What a box's own command sees of its walls.

use drybox_spec::Notice;

/// The look, for sh(1): sections with a name, so that what is missing is missed.
pub(super) const LOOK: &str = "\
for f in status mountinfo limits uid_map; do echo \"== $f\"; cat /proc/self/$f; done
echo '== init'; cat /proc/1/comm
echo '== nested'; cat /proc/sys/user/max_user_namespaces
echo '== network'; cat /proc/net/dev
echo '== covered'; cat /proc/cmdline /proc/modules | wc -c
echo '== namespaces'
for n in user mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done
echo '== end'";

/// A look from inside.
#[derive(Clone, Debug, Default)]
pub(super) struct Inside {
    sections: Vec<(String, Vec<String>)>,
    /// What the launch told.
    pub(super) notices: Vec<Notice>,
}

impl Inside {
    pub(super) fn new(text: &str, notices: Vec<Notice>) -> Self {
        let mut sections: Vec<(String, Vec<String>)> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix("== "), sections.last_mut()) {
                (Some(name), _) => sections.push((name.to_owned(), Vec::new())),
                (None, Some((_, lines))) => lines.push(line.to_owned()),
                (None, None) => {}
            }
        }
        Self { sections, notices }
    }

    /// The look went through to its end.
    pub(super) fn is_whole(&self) -> bool {
        self.sections.iter().any(|(name, _)| name == "end")
    }

    pub(super) fn section(&self, name: &str) -> &[String] {
        let section = self.sections.iter().find(|(found, _)| found == name);
        section.map(|(_, lines)| lines.as_slice()).unwrap_or_default()
    }

    /// The value of `NAME:\tVALUE` (proc_pid_status(5)).
    pub(super) fn status(&self, name: &str) -> Option<&str> {
        let lines = self.section("status").iter();
        let mut values = lines.filter_map(|line| line.split_once(":\t"));
        values.find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_told_apart_and_a_look_without_end_is_not_whole() {
        let inside = Inside::new("junk\n== status\nCapEff:\t0\n== nested\n0\n", Vec::new());
        assert_eq!(inside.status("CapEff"), Some("0"));
        assert_eq!(inside.section("nested"), ["0"]);
        assert!(!inside.is_whole() && inside.section("none").is_empty());
        assert!(Inside::new("== end\n", Vec::new()).is_whole());
    }
}
