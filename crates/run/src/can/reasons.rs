//! The words of an answer: what is there, why not, and what would help.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;

use drybox_jail::{Found, Part, Want};
use drybox_spec::{
    Access, Facts, FileKind, Guards, HostPath, Real, SandboxSpec, ShellWords, Shown, Terminal,
    Workspace,
};
use rustix::io::Errno;

use super::{Answer, is_of_host, settings};
use crate::host::Host;
use crate::prepare::tool_chains_of;

/// One question, with everything that an answer may need to look at.
pub(super) struct Asked<'a> {
    pub(super) spec: &'a SandboxSpec,
    pub(super) facts: &'a Facts<'a>,
    pub(super) host: &'a Host<'a>,
    pub(super) want: Want,
}

const TTY: &[u8] = b"/dev/tty";

impl Asked<'_> {
    /// As the box would be given it from here.
    pub(super) fn absolute(&self, path: &[u8]) -> Vec<u8> {
        match path.starts_with(b"/") {
            true => path.to_vec(),
            false => [self.host.cwd.as_bytes(), b"/", path].concat(),
        }
    }

    pub(super) fn answer(&self, asked: &[u8], found: Found) -> Answer {
        let setting = settings::of(&found.part, self.spec, self.host);
        let mut answer = Answer {
            yes: found.refused.is_none(),
            inside: Some(found.path.clone()),
            link: found.link.clone(),
            why: setting.noun.clone(),
            setting: setting.name,
            from: setting.from,
            fix: None,
        };
        if answer.yes && found.path == TTY && self.spec.terminal.value == Terminal::None {
            answer.yes = false;
            answer.why = "the command has no terminal".into();
            (answer.setting, answer.from) = ("terminal", self.spec.terminal.from.to_string());
            answer.fix = Some("-t".to_owned());
            return answer;
        }
        let Some(errno) = found.refused else {
            if found.is_new {
                answer.why = format!("it can be made: {}", setting.noun).into();
            }
            return answer;
        };
        match errno {
            Errno::NOENT | Errno::NOTDIR if is_of_host(&found.part) => {
                answer.inside = None;
                answer.why = self.no_file(&found, &setting.noun).into();
            }
            Errno::NOENT | Errno::NOTDIR => self.not_inside(asked, &found, &mut answer),
            Errno::ROFS => self.read_only(&found, &setting.noun, &mut answer),
            Errno::NXIO => {
                answer.why = "it is a socket, and none of the host's can be reached".into();
            }
            Errno::ACCESS if self.want == Want::Run => {
                answer.why = "it is not executable for the command's user".into();
            }
            Errno::ACCESS => {
                answer.why = "its permissions, or those above it, refuse the command's user".into();
            }
            Errno::LOOP => answer.why = "there are too many links, or one leads to itself".into(),
            errno => answer.why = std::io::Error::from(errno).to_string().into(),
        }
        answer
    }

    /// Missing within something that is inside.
    fn no_file(&self, found: &Found, noun: &str) -> String {
        let (path, dangles) = (Shown(&found.path), found.link.is_some());
        match dangles {
            true => format!("it is a link, and {path} is not there: it dangles ({noun})"),
            false => format!("there is no {path} ({noun})"),
        }
    }

    /// Missing in the box's own tree: perhaps the host has it.
    fn not_inside(&self, asked: &[u8], found: &Found, answer: &mut Answer) {
        answer.inside = None;
        let looked = if found.link.is_some() { found.path.as_slice() } else { asked };
        let real = HostPath::parse(looked).ok().and_then(|p| self.facts.host.real(&p).ok());
        let real = real.filter(|_| is_outside(&found.part));
        if found.link.is_some() {
            let inside = Shown(&found.path);
            answer.why =
                format!("it is a link to {inside}, which is not inside: it dangles").into();
        }
        let Some(real) = real else {
            if answer.link.is_none() {
                answer.why = "there is no such file, inside or outside".into();
            }
            return;
        };
        let wanted = match self.want {
            Want::Write => Access::ReadWrite,
            Want::Read | Want::Run => Access::ReadOnly,
        };
        if let Some(refused) = Guards::look(self.facts).refuse(&real.path, wanted, self.facts) {
            answer.setting = "refused";
            answer.from = refused.id.to_owned();
            answer.why = self.why_absent(found, &real, refused.what);
            answer.fix = Some(refused.instead.to_owned());
            return;
        }
        if answer.link.is_none() {
            answer.why = self.why_absent(found, &real, "");
        }
        (answer.setting, answer.from) = self.decided_by(&real);
        answer.fix = Some(match self.elsewhere(&real) {
            Some(place) => format!("inside it is {}", Shown(&place)),
            None if real.kind == FileKind::Directory || real.kind == FileKind::File => {
                share(real.path.as_bytes(), wanted)
            }
            None => "share a directory or a regular file: nothing else enters".to_owned(),
        });
    }

    fn why_absent(&self, found: &Found, real: &Real, what: &str) -> Cow<'static, str> {
        let home = self.facts.home.is_some_and(|home| {
            real.path.as_path().starts_with(home.as_path()) && home.as_bytes() != b"/"
        });
        let absent = match (found.link.is_some(), home) {
            (true, _) => format!("it is a link to {}, which is not inside", Shown(&found.path)),
            (false, true) => "nothing of your home is inside but what was named".to_owned(),
            (false, false) => "nothing of the host is inside but what was named".to_owned(),
        };
        match what {
            "" => absent.into(),
            what => format!("{absent}, and this is never shared: {what}").into(),
        }
    }

    /// Why a file of the host is not there: the hidden workspace, or simply nobody's flag.
    fn decided_by(&self, real: &Real) -> (&'static str, String) {
        let hidden = self.spec.workspace.value == Workspace::Empty
            && real.path.as_path().starts_with(self.host.cwd.as_path());
        match hidden {
            true => ("workspace", self.spec.workspace.from.to_string()),
            false => ("share", "default".to_owned()),
        }
    }

    /// The name under which a share shows a file of the host.
    fn elsewhere(&self, real: &Real) -> Option<Vec<u8>> {
        self.spec.shares.iter().find_map(|share| {
            let share = &share.value;
            let fits = self.want != Want::Write || share.access == Access::ReadWrite;
            let rest = real.path.as_path().strip_prefix(share.source.as_path()).ok()?;
            let rest = rest.as_os_str().as_bytes();
            let slash: &[u8] = if rest.is_empty() { b"" } else { b"/" };
            fits.then(|| [share.target.as_bytes(), slash, rest].concat())
        })
    }

    fn read_only(&self, found: &Found, noun: &str, answer: &mut Answer) {
        let writable = "write below the workspace, /tmp or /home/agent";
        answer.why = format!("it is read-only: {noun}").into();
        answer.fix = Some(match (answer.setting, &found.part) {
            ("workspace", _) => "-v .:/work, which makes the workspace writable".to_owned(),
            ("share", Part::Share(place)) => format!("-v SRC:{} without :ro", Shown(place)),
            ("tmpfs", _) => "--tmpfs without ro".to_owned(),
            _ => writable.to_owned(),
        });
    }

    pub(super) fn answer_program(&self, word: &[u8], found: Option<Found>) -> Answer {
        match found {
            Some(found) if found.refused.is_none() => self.answer(word, found),
            Some(found) if found.interpreter.is_some() => {
                let interpreter = found.interpreter.clone().unwrap_or_default();
                let mut answer = self.answer(word, found);
                answer.why =
                    format!("its interpreter {} cannot be started inside", Shown(interpreter))
                        .into();
                answer.fix = Some("share the interpreter with -v, or name another".to_owned());
                answer
            }
            Some(found) if word.contains(&b'/') || found.refused != Some(Errno::NOENT) => {
                let asked = self.absolute(word);
                self.answer(&asked, found)
            }
            _ => self.no_program(word),
        }
    }

    /// In no directory of the box's `PATH`.
    fn no_program(&self, word: &[u8]) -> Answer {
        let tools = tool_chains_of(self.spec, self.host);
        let mut answer = Answer {
            yes: false,
            inside: None,
            link: None,
            why: "there is no such program, inside or on your PATH".into(),
            setting: "tool-chains",
            from: self.spec.tool_chains.from.to_string(),
            fix: None,
        };
        let Some((directory, real)) = self.on_path(word) else { return answer };
        let left_out = tools.left_out.iter().find(|left| left.path == directory);
        let why = left_out.map_or("it belongs to no tool chain that drybox knows", |left| left.why);
        answer.why =
            format!("{} is on your PATH and not inside: {why}", Shown(real.path.as_bytes())).into();
        let above = real.path.as_path().parent().map(|dir| dir.as_os_str().as_bytes());
        let above = above.and_then(|above| HostPath::parse(above).ok());
        answer.fix = above.map(|above| {
            match Guards::look(self.facts).refuse(&above, Access::ReadOnly, self.facts) {
                Some(refused) => refused.instead.to_owned(),
                None => {
                    let path = Shown(real.path.as_bytes());
                    format!("{}, then {path}", share(above.as_bytes(), Access::ReadOnly))
                }
            }
        });
        answer
    }

    /// Where the user's own `PATH` has a program, and where that leads.
    fn on_path(&self, word: &[u8]) -> Option<(Vec<u8>, Real)> {
        let path = (self.host.env)("PATH")?;
        let directories = path.as_bytes().split(|&byte| byte == b':');
        directories.filter(|dir| dir.starts_with(b"/")).find_map(|dir| {
            let place = HostPath::parse(&[dir, b"/", word].concat()).ok()?;
            let real = self.facts.host.real(&place).ok()?;
            (real.kind == FileKind::File).then(|| (dir.to_vec(), real))
        })
    }
}

/// The parts where what is missing may be there on the host.
const fn is_outside(part: &Part) -> bool {
    matches!(part, Part::Own | Part::Scratch | Part::Tmpfs(_))
}

/// The flag that would share a path.
fn share(path: &[u8], access: Access) -> String {
    let end: &[u8] = match access {
        Access::ReadOnly => b":ro",
        Access::ReadWrite => b"",
    };
    format!("-v {}", ShellWords(&[[path, b":", path, end].concat()]))
}
