//! Limits that a cgroup keeps: real ones, of version 1, for real root.

mod root_only {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use drybox_testkit::TestEnv;

    use crate::limits::python;
    use crate::walls::PYTHON;

    /// The cgroups of a supervisor's boxes.
    fn leaves(controller: &str, supervisor: u32) -> Vec<PathBuf> {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        let path = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let is_it = parts.next()?.split(',').any(|name| name == controller);
            is_it.then(|| parts.next()).flatten()
        });
        let directory = format!("/sys/fs/cgroup/{controller}{}", path.unwrap());
        let prefix = format!("drybox-{supervisor}-");
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
        let named =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        named.map(|entry| entry.path()).collect()
    }

    /// A box that runs until its input ends.
    fn start(env: &TestEnv, flags: &[&str], program: &str) -> Child {
        let run = env.drybox().arg("run").args(flags).args(["--", PYTHON, "-c", program]);
        let mut command = run.into_command();
        let mut boxed = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(boxed.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        boxed
    }

    fn end(mut boxed: Child) -> i32 {
        drop(boxed.stdin.take());
        boxed.wait().unwrap().code().unwrap()
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap().trim().to_owned()
    }

    const UP: &str = "print('up', flush=True); input()";

    #[test]
    fn a_box_is_in_its_cgroups_and_they_go_with_it() {
        let env = TestEnv::new();
        let flags = ["-m", "64m", "--memory-swap", "96m", "--cpus", "0.5", "--pids-limit", "30"];
        let boxed = start(&env, &flags, UP);
        for (controller, file, value) in [
            ("memory", "memory.limit_in_bytes", "67108864"),
            ("memory", "memory.memsw.limit_in_bytes", "100663296"),
            ("cpu", "cpu.cfs_quota_us", "50000"),
            ("pids", "pids.max", "31"),
        ] {
            let [leaf]: [PathBuf; 1] = leaves(controller, boxed.id()).try_into().unwrap();
            assert_eq!(text(&leaf.join(file)), value, "{file}");
            // Init and the payload.
            assert_eq!(text(&leaf.join("tasks")).lines().count(), 2, "{controller}");
        }
        let id = boxed.id();
        // At the end of its input Python fails.
        assert_eq!(end(boxed), 1);
        for controller in ["memory", "cpu", "pids"] {
            assert_eq!(leaves(controller, id), [] as [PathBuf; 0]);
        }
    }

    #[test]
    fn nothing_inside_tells_where_the_cgroup_is() {
        let env = TestEnv::new();
        let done = python(&env, &["--pids-limit", "30"], "print(open('/proc/self/cgroup').read())");
        let done = done.expect_code(0);
        assert!(done.stdout.contains(":pids:/\n"), "{}", done.stdout);
        assert!(!done.stdout.contains("drybox"), "{}", done.stdout);
    }

    #[test]
    fn processor_time_is_kept() {
        let env = TestEnv::new();
        let busy = "print('up', flush=True)
while True: pass";
        let mut boxed = start(&env, &["--cpus", "0.2", "--timeout", "60"], busy);
        let [leaf]: [PathBuf; 1] = leaves("cpu", boxed.id()).try_into().unwrap();
        let begun = Instant::now();
        let throttled = || {
            let stat = text(&leaf.join("cpu.stat"));
            let times = stat.lines().find_map(|line| line.strip_prefix("nr_throttled "));
            times.unwrap().parse::<u32>().unwrap()
        };
        while throttled() < 3 {
            assert!(begun.elapsed() < Duration::from_secs(30), "it is not held back");
            std::thread::sleep(Duration::from_millis(20));
        }
        boxed.kill().unwrap();
        boxed.wait().unwrap();
    }

    #[test]
    fn what_was_not_made_and_what_was_killed_is_told() {
        let env = TestEnv::new();
        let forks = "import os, signal
try:
    while True:
        if os.fork() == 0: signal.pause()
except OSError: pass";
        // `RLIMIT_NPROC` says no first; the cgroup's own counter stays where it is.
        let done = python(&env, &["--pids-limit", "20", "--ulimit", "nproc=-1"], forks);
        assert_eq!(done.expect_code(0).stderr, "");
        let child = "import os
if os.fork() == 0:
    hog = bytearray(300 << 20)
    os._exit(0)
print(os.wait()[1])";
        let flags = ["-m", "64m", "--memory-swap", "64m"];
        let done = python(&env, &flags, child).expect_code(0);
        assert_eq!(done.stdout, "9\n");
        let told = "note: 1 processes were killed because memory ran out (--memory)\n";
        assert_eq!(done.stderr, told);
    }

    /// Something that manages cgroups moves the box out and takes its cgroup away.
    #[test]
    fn a_cgroup_that_vanishes_is_survived() {
        let env = TestEnv::new();
        let boxed = start(&env, &["--pids-limit", "30"], UP);
        let [leaf]: [PathBuf; 1] = leaves("pids", boxed.id()).try_into().unwrap();
        for task in text(&leaf.join("tasks")).lines() {
            fs::write(leaf.parent().unwrap().join("tasks"), task).unwrap();
        }
        fs::remove_dir(&leaf).unwrap();
        assert_eq!(end(boxed), 1);
    }

    /// I7: nobody could remove it; the next box that has a cgroup does.
    #[test]
    fn what_a_killed_supervisor_leaves_the_next_one_removes() {
        let env = TestEnv::new();
        let mut boxed = start(&env, &["-m", "64m"], UP);
        let id = boxed.id();
        boxed.kill().unwrap();
        boxed.wait().unwrap();
        assert_eq!(leaves("memory", id).len(), 1);
        // What is still ending holds it.
        let begun = Instant::now();
        while !leaves("memory", id).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it stays");
            env.drybox().args(["run", "-m", "64m", "--", "true"]).run().expect_code(0);
        }
        env.expect_no_stray_process();
    }

    /// `doctor` tries every cgroup of a box, and sweeps as a box does.
    #[test]
    fn what_a_killed_supervisor_leaves_doctor_removes() {
        let env = TestEnv::new();
        let mut boxed = start(&env, &["-m", "64m"], UP);
        let id = boxed.id();
        boxed.kill().unwrap();
        boxed.wait().unwrap();
        assert_eq!(leaves("memory", id).len(), 1);
        let begun = Instant::now();
        while !leaves("memory", id).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(40), "it stays");
            env.drybox().args(["doctor"]).run();
        }
        env.expect_no_stray_process();
    }

    /// LM-17: a process that no signal reaches (here: frozen) does not hold the supervisor.
    #[test]
    fn a_process_that_cannot_be_killed_does_not_hold_the_supervisor() {
        let env = TestEnv::new();
        let run = env.drybox().args(["run", "--timeout", "2", "--", "/bin/sh", "-c"]);
        let run = run.args(["echo up; sleep 300 & sleep 300"]);
        let mut command = run.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut boxed = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(boxed.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        let frozen = Path::new("/sys/fs/cgroup/freezer").join(env.marker());
        fs::create_dir(&frozen).unwrap();
        let sleeper = sleeper_of(boxed.id());
        fs::write(frozen.join("tasks"), sleeper.to_string()).unwrap();
        fs::write(frozen.join("freezer.state"), "FROZEN").unwrap();
        let output = boxed.wait_with_output();
        fs::write(frozen.join("freezer.state"), "THAWED").unwrap();
        let output = output.unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(137), "{told}");
        assert!(told.contains("note: a process of the box still sleeps in the kernel"), "{told}");
        env.expect_no_stray_process();
        // The kernel counts a process for a moment after the last sign of it.
        let begun = Instant::now();
        while let Err(error) = fs::remove_dir(&frozen) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{error}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A process of the box below the payload, once it is there.
    fn sleeper_of(supervisor: u32) -> u32 {
        let children = |pid: u32| {
            let path = format!("/proc/{pid}/task/{pid}/children");
            let text = fs::read_to_string(path).unwrap_or_default();
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
        };
        let begun = Instant::now();
        loop {
            let init = children(supervisor).into_iter();
            let payload = init.flat_map(children);
            if let Some(sleeper) = payload.flat_map(children).next() {
                return sleeper;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "no sleeper");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
