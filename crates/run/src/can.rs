//! What a box would let its command do: answers from the spec and the plan that [`crate::run`] uses,
//! without running anything.

mod connect;
mod reasons;
mod settings;

use std::borrow::Cow;

use drybox_jail::{Jail, JailError, Part, Step, Want};
use drybox_spec::{Command, Facts, SandboxSpec};

use crate::error::RunError;
use crate::host::Host;
use crate::prepare;
use reasons::Asked;

/// A question about a box.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// May it read this path? A relative one is below the current directory.
    Read(Vec<u8>),
    /// May it write it?
    Write(Vec<u8>),
    /// May it connect to this host and port?
    Connect(Vec<u8>),
    /// Would the spec's command be found, and could it be started?
    Run,
}

/// Yes or no, and who decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub yes: bool,
    /// Where it leads inside, without links; none: nowhere.
    pub inside: Option<Vec<u8>>,
    /// The last link on the way, and its target.
    pub link: Option<(Vec<u8>, Vec<u8>)>,
    /// What is there, or why not.
    pub why: Cow<'static, str>,
    /// The setting that decides, as `--explain` names it.
    pub setting: &'static str,
    /// Who made it.
    pub from: String,
    /// What would make it a yes.
    pub fix: Option<String>,
}

/// Answers a question about the box of this spec.
///
/// # Errors
/// The errors of a run that could not be planned: a share that is gone, for instance.
pub fn can(
    spec: &SandboxSpec,
    facts: &Facts<'_>,
    host: &Host<'_>,
    question: &Question,
) -> Result<Answer, RunError> {
    if let Question::Connect(place) = question {
        return Ok(connect::answer(spec, place));
    }
    let jail = Jail::prepare(prepare::interior(spec, host)?)?;
    let asked = Asked { spec, facts, host, want: want(question) };
    let fail = |errno| RunError::from(JailError::new(Step::Identity, b"", errno));
    match question {
        Question::Read(path) | Question::Write(path) => {
            let path = asked.absolute(path);
            let found = jail.ask(&path, asked.want).map_err(fail)?;
            Ok(asked.answer(&path, found))
        }
        Question::Run | Question::Connect(_) => {
            let found = jail.ask_program().map_err(fail)?;
            let word = match &spec.command.value {
                Command::Argv(words) => words.first().map(|word| word.as_bytes()),
                _ => None,
            };
            Ok(asked.answer_program(word.unwrap_or_default(), found))
        }
    }
}

const fn want(question: &Question) -> Want {
    match question {
        Question::Read(_) | Question::Connect(_) => Want::Read,
        Question::Write(_) => Want::Write,
        Question::Run => Want::Run,
    }
}

/// The parts of a box that hold files of the host.
const fn is_of_host(part: &Part) -> bool {
    matches!(part, Part::System(_) | Part::Share(_))
}
