//! `weaken`: every wall left out once, and somebody has to notice (docs/weaken.md).
//!
//! One build has every wall marked; the name of the directory it is started from says which it
//! leaves out. A wall counts as noticed when the box still starts and a probe of `drybox prove` gets
//! out or a named test fails; or when nothing starts without it, which is the kernel's own notice.

mod notice;
mod walls;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::staging::Staging;
use crate::who::{self, User};
use crate::{setup, test};
use notice::{Judge, Seen};
use walls::{Wall, all};

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let walls = all();
    let options = Options::parse(args, &walls)?;
    let wanted: Vec<&Wall> = walls.iter().filter(|wall| options.wants(wall)).collect();
    if options.list {
        wanted.iter().for_each(|wall| println!("{wall}"));
        return Ok(());
    }
    let ready = if who::is_root() { Some(setup::as_root()?) } else { None };
    let staging = Staging::new()?;
    let lab = Lab::new(&staging)?;
    let mut rows = Vec::new();
    for user in users(ready, options.quick) {
        let judge = lab.judge(user, &wanted)?;
        for wall in wanted.iter().filter(|wall| wall.users.has(user.is_none() && who::is_root())) {
            let begun = Instant::now();
            let drybox = lab.without(&wall.names)?;
            let seen = judge.look(&drybox, wall)?;
            rows.push(Row { wall, who: name_of(user), seen, took: begun.elapsed() });
            rows.iter().next_back().iter().for_each(|row| println!("{row}"));
        }
    }
    finish(&rows)
}

/// Whom each wall is tried as; none is whoever called. The quick run is one user's.
fn users(test_user: Option<User>, quick: bool) -> Vec<Option<User>> {
    match test_user {
        Some(user) if quick => vec![Some(user)],
        Some(user) => vec![Some(user), None],
        None => vec![None],
    }
}

fn name_of(user: Option<User>) -> &'static str {
    if user.is_none() && who::is_root() { "root" } else { "user" }
}

/// The executables, one for each weakening, and the tests.
struct Lab<'a> {
    staging: &'a Staging,
    weakened: PathBuf,
    tests: PathBuf,
    checkout: PathBuf,
}

impl<'a> Lab<'a> {
    fn new(staging: &'a Staging) -> Result<Self, Failure> {
        let (built, tests) = (test::weakened()?, test::integration()?);
        let checkout = crate::shell::checkout();
        staging.add_source(&checkout)?;
        let lab = Self {
            weakened: staging.add_program(&built)?,
            tests: staging.add_program(&tests)?,
            staging,
            checkout,
        };
        lab.expect_mark(&built, true)?;
        lab.expect_mark(&test::release()?, false)?;
        Ok(lab)
    }

    /// What can be weakened says so in its bytes, and what users get does not.
    fn expect_mark(&self, program: &Path, expected: bool) -> Result<(), Failure> {
        let bytes = std::fs::read(program).map_err(Failure::io("read", program))?;
        let marked = bytes.windows(MARK.len()).any(|window| window == MARK);
        if marked == expected {
            return Ok(());
        }
        let what = if marked { "can be weakened" } else { "cannot be weakened" };
        let inside = program.strip_prefix(&self.checkout).unwrap_or(program);
        Err(Failure::Found { what, lines: vec![inside.display().to_string()] })
    }

    /// The executable that leaves these walls out.
    fn without(&self, names: &str) -> Result<PathBuf, Failure> {
        self.staging.add_link(&self.weakened, names)
    }

    fn judge(&self, user: Option<User>, walls: &[&Wall]) -> Result<Judge, Failure> {
        let source = match user {
            Some(_) => self.staging.source(),
            None => self.checkout.clone(),
        };
        Judge::new(user, self.tests.clone(), source, &self.without("none")?, walls)
    }
}

/// What came of one wall.
struct Row<'a> {
    wall: &'a Wall,
    who: &'static str,
    seen: Seen,
    took: Duration,
}

impl std::fmt::Display for Row<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wall, who, seen, took } = self;
        write!(out, "{who} {:<42} {:>6.2} s  {seen}", wall.names, took.as_secs_f64())
    }
}

fn finish(rows: &[Row<'_>]) -> Result<(), Failure> {
    let unseen: Vec<String> = rows
        .iter()
        .filter(|row| row.seen.is_nobody())
        .map(|row| format!("{} (as {}): {}", row.wall.names, row.who, row.seen))
        .collect();
    let absent = rows.iter().filter(|row| row.seen.is_absent()).count();
    let tried = rows.len().saturating_sub(absent);
    let noticed = tried.saturating_sub(unseen.len());
    println!("\n{tried} walls left out, {noticed} noticed, {absent} with nothing behind them here");
    if rows.is_empty() {
        return Err(Failure::NoTest { filter: "that user".into() });
    }
    match unseen.is_empty() {
        true => Ok(()),
        false => Err(Failure::Found { what: "noticed by nobody", lines: unseen }),
    }
}

struct Options {
    list: bool,
    quick: bool,
    names: Vec<String>,
}

impl Options {
    fn parse(args: &[String], walls: &[Wall]) -> Result<Self, Failure> {
        let mut options = Self { list: false, quick: false, names: Vec::new() };
        for arg in args {
            match arg.as_str() {
                "--list" => options.list = true,
                "--quick" => options.quick = true,
                name if walls.iter().any(|wall| wall.names == name) => {
                    options.names.push(name.to_owned());
                }
                _ => return Err(Failure::Usage { given: arg.clone(), usage: USAGE.into() }),
            }
        }
        Ok(options)
    }

    fn wants(&self, wall: &Wall) -> bool {
        match self.names.is_empty() {
            true => !self.quick || wall.quick,
            false => self.names.contains(&wall.names),
        }
    }
}

/// `drybox_sys::MARK`.
const MARK: &[u8] = b"this drybox can be weakened\n";

const USAGE: &str = "usage: cargo xtask weaken [--list] [--quick] [WALL…] (names: --list)";
