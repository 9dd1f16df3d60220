//! What the caller has afterwards: its place in a list, its descriptors, its pipes.

use drybox_testkit::TestEnv;

use super::succeeds;

#[test]
fn a_loop_over_a_list_runs_once_a_line() {
    let env = TestEnv::new();
    env.write("list", "1\n2\n3\n");
    for shell in
        ["while read -r l; do X; done < list", "cat list | while read -r l; do X < /dev/null; done"]
    {
        let text = shell.replace('X', "\"$D\" run -- echo got $l");
        assert_eq!(succeeds(&env, &text).stdout, "got 1\ngot 2\ngot 3\n", "{shell}");
    }
}

#[test]
fn nothing_of_the_payloads_gets_into_the_callers_input() {
    let env = TestEnv::new();
    let forge = "echo forged > /proc/self/fd/0";
    // A loop over a pipe would take the payload's line for one of its list, and act on it.
    let text =
        |run: &str| format!("sleep 0.5 | {{ {run} '{forge}'; read -r x; echo \"got $x\"; }}");
    assert_eq!(succeeds(&env, &text("\"$D\" run -- sh -c")).stdout, "got \n");
    assert_eq!(succeeds(&env, &text("sh -c")).stdout, "got forged\n");
}

#[test]
fn what_others_print_into_a_pipe_is_not_the_payloads_to_read() {
    let env = TestEnv::new();
    let read = "timeout 0.5 head -c 6 < /proc/self/fd/1 >&2";
    let text = |run: &str| format!("{{ echo secret; {run} '{read}'; }} | {{ sleep 1; cat; }}");
    let inside = succeeds(&env, &text("\"$D\" run -- sh -c"));
    assert_eq!(inside.stdout, "secret\n");
    assert!(!inside.stderr.contains("secret"), "{}", inside.stderr);
    assert_eq!(succeeds(&env, &text("sh -c")).stderr, "secret");
}

#[test]
fn what_the_payload_reads_of_a_file_does_not_move_the_callers_place() {
    let env = TestEnv::new();
    env.write("list", "1\n2\n3\n");
    // Its place is its own: what it seeks to, the caller's loop does not lose.
    let text = "{ read -r a; \"$D\" run -- cat; echo -; cat; } < list";
    assert_eq!(succeeds(&env, text).stdout, "2\n3\n-\n2\n3\n");
}

#[test]
fn descriptors_beside_the_three_stay_outside() {
    let env = TestEnv::new();
    let list = "ls /proc/self/fd | wc -l";
    let open = "exec 3< / 4> file 5<> <(:) 200< /proc/self/ns/net";
    // The fourth is the directory that ls reads.
    let inside = succeeds(&env, &format!("{open}; \"$D\" run -- sh -c '{list}'"));
    assert_eq!(inside.stdout, "4\n");
    let outside = succeeds(&env, &format!("{open}; {list}"));
    assert!(outside.stdout.trim_end().parse::<u32>().unwrap() >= 8, "{}", outside.stdout);
}

#[test]
fn without_any_of_the_three_a_run_works_and_none_is_another_file() {
    let env = TestEnv::new();
    let text = "\"$D\" run -- sh -c 'ls -l /proc/self/fd; exit 7' <&- >&- 2>&-; echo $?";
    assert_eq!(succeeds(&env, text).stdout, "7\n");
    let seen =
        succeeds(&env, "\"$D\" run -- sh -c 'readlink /proc/self/fd/0 /proc/self/fd/2' <&- 2>&-");
    assert_eq!(seen.stdout, "/dev/null\n/dev/null\n");
}

#[test]
fn two_boxes_share_a_pipeline() {
    let env = TestEnv::new();
    let text = "\"$D\" run --rm -- sh -c 'echo a > /dev/stdout; seq 1000' | \
                \"$D\" run --rm -- sh -c 'cat /dev/stdin; echo b > /dev/stdout' | cksum; \
                { echo a; seq 1000; echo b; } | cksum";
    let told = succeeds(&env, text);
    let sums: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(sums[0], sums[1]);
}

#[test]
fn a_pipe_of_another_user_is_relayed() {
    let env = TestEnv::new();
    // As for a user behind sudo(8): a pipe that it may use, and may not open.
    let text = "import os, subprocess
r, w = os.pipe()
os.fchmod(r, 0)
q, v = os.pipe()
os.fchmod(q, 0)
p = subprocess.Popen([os.environ['D'], 'run', '--', 'sh', '-c', 'cat; echo err >&2'], stdin=r, stdout=v, stderr=v)
os.close(r); os.close(v)
os.write(w, b'word\\n'); os.close(w)
print(open(q).read(), p.wait())";
    let told = succeeds(&env, &format!("/usr/bin/python3 -c \"{text}\""));
    assert_eq!(told.stdout, "word\nerr\n 0\n");
}

mod root_only {
    use super::*;

    #[test]
    fn a_pipe_can_be_opened_again_in_its_own_direction_only() {
        let env = TestEnv::new();
        let probe = "(echo no > /proc/self/fd/0) 2> /dev/null || echo refused; \
                     cat /proc/$$/fd/1 2> /dev/null || echo refused";
        let inside = succeeds(&env, &format!("echo x | \"$D\" run -- sh -c '{probe}' | cat"));
        assert_eq!(inside.stdout, "refused\nrefused\n");
        let outside =
            succeeds(&env, "echo x | sh -c 'echo no > /proc/self/fd/0 && echo open' | cat");
        assert_eq!(outside.stdout, "open\n");
    }
}
