//! The event log of a run: its first line while the payload runs, the rest when that is over. Before
//! the payload runs nothing is opened, written or hashed for it.

use std::time::{Duration, Instant, SystemTime};

use drybox_spec::{
    BoxName, Command, Ending, Event, HostPath, NetworkEvent, Notice, Report, SandboxSpec, Setting,
    Shown, Started, clipped,
};
use drybox_workspace::log::{Appended, Batch, Log, LogError, Patience, Stamp, digest};

use crate::host::Host;
use crate::standing::Standing;
use crate::view::{Pending, View, place_around};

/// Writes what one run, or one command, has to tell.
#[derive(Debug)]
pub(crate) struct Journal {
    /// None: nothing is kept at all.
    data: Option<HostPath>,
    clock: fn() -> SystemTime,
    workspace: HostPath,
    /// Whether that is the directory that the log is of, or only where we are.
    is_placed: bool,
    name: Option<BoxName>,
    /// What is to be written at the end.
    batch: Batch,
    state: State,
    /// Whether the workspace may be looked through: it is shown, and nothing is pending to it yet.
    begins: bool,
    /// When that begins: a short run is over by then.
    scan_at: Option<Instant>,
    standing: Option<Standing>,
    log: Option<Log>,
}

#[derive(Debug)]
enum State {
    /// The payload does not run yet.
    Before,
    /// Its first line waits: somebody else was writing.
    Waits,
    /// Its first line is written.
    Begun(Appended),
    Failed(LogError),
}

impl Journal {
    /// Nothing is looked at yet.
    pub(crate) fn of_run(host: &Host<'_>, view: Option<&View>) -> Self {
        let workspace = view.and_then(View::workspace).cloned();
        Self {
            data: host.data.clone(),
            clock: host.clock,
            is_placed: workspace.is_some(),
            workspace: workspace.unwrap_or_else(|| host.cwd.clone()),
            name: view.and_then(View::name).cloned(),
            batch: Batch::default(),
            state: State::Before,
            begins: host.die_with_thread && view.is_some_and(View::is_new),
            scan_at: None,
            standing: None,
            log: None,
        }
    }

    /// Writes the first line, once; the payload runs. Who is not in a view finds the directory that
    /// its log is of only now.
    pub(crate) fn begin(
        &mut self,
        spec: &SandboxSpec,
        host: &Host<'_>,
        settings: &dyn Fn() -> Vec<Setting>,
    ) {
        if !matches!(self.state, State::Before) || self.data.is_none() {
            return;
        }
        if !self.is_placed {
            self.workspace = place_around(host).top;
        }
        self.batch.push_last(&Event::Started(started(&self.workspace, spec, settings())));
        self.state = State::Waits;
        match self.write(None, Patience::None) {
            Ok(appended) => {
                let since = seconds((self.clock)()).saturating_sub(appended.scanned);
                if self.begins && since > DAY {
                    self.scan_at = Instant::now().checked_add(SHORT);
                }
                self.state = State::Begun(appended);
            }
            Err(LogError::InUse) => {}
            Err(error) => self.state = State::Failed(error),
        }
    }

    /// Adds something to be written at the end.
    pub(crate) fn tell(&mut self, event: &Event) {
        self.batch.push(event);
    }

    /// When [`Journal::look_around`] has something to do.
    pub(crate) const fn looks_around_at(&self) -> Option<Instant> {
        self.scan_at
    }

    /// Begins to look through the workspace, once the run has lasted for a while.
    pub(crate) fn look_around(&mut self) {
        if self.scan_at.take_if(|at| *at <= Instant::now()).is_some() {
            self.standing = Standing::begin(self.workspace.clone());
        }
    }

    /// Whether the workspace is still to be looked through.
    pub(crate) fn is_to_look(&self) -> bool {
        self.scan_at.is_some() || self.standing.as_ref().is_some_and(Standing::goes_on)
    }

    /// What was in the workspace already and runs by itself; none: nothing, or it is not known yet.
    pub(crate) fn standing(&mut self) -> Option<Notice> {
        let found = self.standing.take()?.end()?;
        self.batch.scanned();
        (found.findings > 0).then(|| Notice::RunsByItself {
            path: Shown(self.workspace.as_bytes()).to_string(),
            findings: found.findings,
            more: found.more,
        })
    }

    /// Writes the rest, and says whether something could not be written.
    pub(crate) fn end(mut self, last: &Event) -> Option<Notice> {
        self.batch.push_last(last);
        let run = match &self.state {
            State::Before => return None,
            State::Begun(Appended { first, .. }) => Some(*first),
            State::Waits => None,
            State::Failed(error) => return Some(not_logged(error)),
        };
        self.write(run, Patience::Some).err().map(|error| not_logged(&error))
    }

    fn write(&mut self, run: Option<u64>, patience: Patience) -> Result<Appended, LogError> {
        let Some(data) = &self.data else { return Err(LogError::InUse) };
        let log = match self.log.take() {
            Some(log) => log,
            None => Log::open(data, &self.workspace)?,
        };
        let name = self.name.as_ref().map(BoxName::as_str);
        let by = Stamp { time: (self.clock)(), name, run };
        let appended = log.append(&self.batch, by, patience)?;
        self.batch = Batch::default();
        self.log = Some(log);
        Ok(appended)
    }
}

/// Adds what a command did to a box to the log of its directory; gives what is to be told when it
/// could not.
pub fn record(
    host: &Host<'_>,
    workspace: &HostPath,
    name: Option<&BoxName>,
    events: &[Event],
) -> Option<Notice> {
    let mut journal = Journal {
        data: host.data.clone(),
        clock: host.clock,
        workspace: workspace.clone(),
        is_placed: true,
        name: name.cloned(),
        batch: Batch::default(),
        state: State::Waits,
        begins: false,
        scan_at: None,
        standing: None,
        log: None,
    };
    events.iter().for_each(|event| journal.tell(event));
    let data = journal.data.is_some();
    let written = data.then(|| journal.write(None, Patience::Some));
    written?.err().map(|error| not_logged(&error))
}

/// What a run did, as its log has it.
pub(crate) fn of_end(
    journal: &mut Journal,
    notices: &[Notice],
    network: &[NetworkEvent],
    pending: Option<&Pending>,
) {
    for notice in notices {
        journal.tell(&Event::Notice(notice.clone()));
    }
    for attempt in network {
        journal.tell(&Event::Network(attempt.clone()));
    }
    if let Some(pending) = pending {
        journal.tell(&pending.event());
    }
}

/// The last line of a run.
pub(crate) const fn ended(ending: Ending) -> Event {
    Event::Ended { ending, code: ending.code() }
}

/// The last line of a run that ended in an error of ours.
pub(crate) fn failed(error: &(impl Report + ?Sized)) -> Event {
    Event::Failed { why: clipped(causes(error).as_bytes()), code: error.exit_code() }
}

/// A run that is over sooner pays for no look through its tree.
const SHORT: Duration = Duration::from_secs(1);

/// A directory in which boxes begin all the time is looked through no more often.
const DAY: u64 = 86_400;

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn not_logged(error: &LogError) -> Notice {
    Notice::NotLogged { why: causes(error) }
}

fn causes(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut link = error.source();
    while let Some(cause) = link {
        text += &format!(": {cause}");
        link = cause.source();
    }
    text
}

fn started(workspace: &HostPath, spec: &SandboxSpec, settings: Vec<Setting>) -> Started {
    let fields = settings.iter().flat_map(|row| [row.setting, &row.value, &row.from]);
    let spec_digest = digest(&fields.collect::<Vec<_>>().join("\0").into_bytes());
    let words: Vec<&[u8]> = match &spec.command.value {
        Command::Argv(words) => words.iter().map(|word| word.as_bytes()).collect(),
        _ => Vec::new(),
    };
    let mut room = MOST_TEXT;
    let mut cut = false;
    let mut fits = |text: &str| {
        let left = room.checked_sub(text.len());
        cut |= left.is_none();
        room = left.unwrap_or(0);
        left.is_some()
    };
    let command = words.iter().map(|word| clipped(word)).take_while(|word| fits(word)).collect();
    let clip = |row: Setting| Setting { value: clipped_text(&row.value), ..row };
    let settings = settings.into_iter().map(clip);
    let settings = settings.take_while(|row| fits(&row.value) && fits(&row.from)).collect();
    Started { workspace: clipped(workspace.as_bytes()), command, spec: spec_digest, settings, cut }
}

/// A value is escaped already.
fn clipped_text(text: &str) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Bytes of a command and its settings that a first line has room for.
const MOST_TEXT: usize = 16 << 10;
