//! Group `inside`: what work costs in a box, beside the same work bare and in bubblewrap.

use std::path::Path;

use super::Scope;
use super::engines::{BARE, Engine, OURS, PEER};
use super::report::{Group, Line, Over};
use super::rounds::{Runner, interleave};
use super::stats::Summary;
use crate::failure::Failure;
use crate::shell;

/// A piece of work: a line for sh, run in a directory that `PREPARE` made.
struct Work {
    name: &'static str,
    script: &'static str,
}

const WORK: &[Work] = &[
    Work { name: "cpu-bound", script: "awk 'BEGIN{for(i=0;i<8000000;i++)s+=i%7}'" },
    Work {
        name: "1,000 fork+exec",
        script: "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done",
    },
    Work { name: "C compile", script: "gcc -O2 -c -o /dev/shm/drybox-bench.o big.c" },
    Work {
        name: "cargo build, small crate",
        script: "T=$(mktemp -d -p /dev/shm) && \
            cargo build --quiet --offline --manifest-path crate/Cargo.toml --target-dir $T && \
            rm -r $T",
    },
    Work {
        name: "git status, 20,000 files, once",
        script: "GIT_OPTIONAL_LOCKS=0 git -C tree status --porcelain",
    },
    Work {
        name: "git status, 20,000 files, 10 times",
        script: "for n in 1 2 3 4 5 6 7 8 9 10; do \
            GIT_OPTIONAL_LOCKS=0 git -C tree status --porcelain; done",
    },
    Work { name: CALLS, script: "./calls" },
];

/// 5,000,000 calls of getppid(2), which every filter lets pass.
const CALLS: &str = "5,000,000 system calls";

/// Makes what the work needs; `$1` is empty when there is no cargo.
const PREPARE: &str = r#"set -e
i=0; while [ $i -lt 800 ]; do
    echo "int f$i(int a) { int s = 0; for (int i = 0; i < a; i++) s += i * a ^ $i; return s; }"
    i=$((i+1))
done >big.c
cat >calls.c <<'END'
#include <sys/syscall.h>
#include <unistd.h>
int main(void) { for (int i = 0; i < 5000000; i++) syscall(SYS_getppid); }
END
gcc -O2 -o calls calls.c
mkdir -p crate/src tree
printf '[package]\nname = "small"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' >crate/Cargo.toml
printf 'pub fn twice(n: u32) -> u32 { n * 2 }\nfn main() { println!("{}", twice(21)); }\n' >crate/src/main.rs
cd tree && git init -q .
i=0; while [ $i -lt 200 ]; do
    mkdir d$i; j=0
    while [ $j -lt 100 ]; do echo "$i $j" >d$i/f$j; j=$((j+1)); done
    i=$((i+1))
done
git add -A && git -c user.name=b -c user.email=b@b commit -q -m all
"#;

pub(super) fn inside(scope: &Scope) -> Result<Group, Failure> {
    let mut group =
        Group::new("inside", "work in a box, the start included", BARE.name, Over::ItOverBase);
    let mut prepare = scope.places.start(Path::new("/bin/sh"));
    let prepare = prepare.args(["-c", PREPARE]);
    let output = prepare.output().map_err(|source| shell::cannot_start(prepare, source))?;
    if !output.status.success() {
        return Err(Failure::Command { command: "prepare the work".into(), status: output.status });
    }
    for work in WORK {
        one(scope, work, &mut group)?;
    }
    Ok(group)
}

fn one(scope: &Scope, work: &Work, group: &mut Group) -> Result<(), Failure> {
    let payload = ["sh", "-c", work.script];
    let mut runners: Vec<Runner> = Vec::new();
    for engine in [&BARE, &OURS, &PEER] {
        if let Err(why) = can_do(engine, &payload, scope)? {
            group.missing.push(format!("{} in {}: {why}", work.name, engine.name));
            if engine.name == BARE.name {
                return Ok(());
            }
            continue;
        }
        let command = engine.command(&payload, &scope.places);
        let ours = engine.name == OURS.name;
        runners.extend(command.map(|command| Runner::new(engine.name, command, 1, ours)));
    }
    if let Some(against) = scope.against() {
        let command = OURS.command(&payload, &against);
        runners.extend(command.map(|command| Runner::new(&scope.revision(), command, 1, true)));
    }
    interleave(&mut runners, scope.pairs.div_ceil(20).max(3), 1)?;
    let of = |name: &str| {
        let runner = runners.iter().find(|runner| runner.name == name)?;
        Some(Summary::of(&runner.times).median)
    };
    if let Some((ours, bare)) = of(OURS.name).zip(of(BARE.name)).filter(|_| work.name == CALLS) {
        let dearer = Summary::once((ours - bare) * 1e6 / 5e6);
        let name = "a system call dearer by".to_owned();
        group.lines.push(Line { name, unit: "ns".into(), summary: dearer, ratio: None });
    }
    group.add_work(work.name, runners);
    Ok(())
}

fn can_do(engine: &Engine, payload: &[&str], scope: &Scope) -> Result<Result<(), String>, Failure> {
    let Some(mut command) = engine.command(payload, &scope.places) else {
        return Ok(Err("not installed".into()));
    };
    let output = command.stderr(std::process::Stdio::piped()).output();
    let output = output.map_err(|source| shell::cannot_start(&command, source))?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or_default();
    Ok(Err(format!("{} {said}", output.status)))
}
