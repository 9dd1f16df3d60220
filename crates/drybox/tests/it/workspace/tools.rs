//! Package managers and builds in a view over a tree that was made outside.

use std::time::Duration;

use drybox_testkit::{Snapshot, TestEnv, require};

use super::boxed;

/// One tool: how its tree is made outside, what is done to it inside, what that prints last.
struct Tool {
    needs: &'static str,
    outside: &'static str,
    inside: &'static str,
    prints: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        needs: "npm",
        outside: "mkdir dep && cd dep && npm init -y >/dev/null && cd .. && npm init -y >/dev/null && \
            npm install --offline --silent ./dep && npm ls --parseable | wc -l",
        inside: "npm ci --offline --silent && npm ci --offline --silent && npm ls --parseable | wc -l \
            && npm uninstall --offline --silent dep && npm install --offline --silent ./dep && \
            npm rebuild --silent >/dev/null && npm prune --offline --silent && ls node_modules",
        prints: "dep\n",
    },
    Tool {
        needs: "python3",
        outside: "python3 -m venv --without-pip venv",
        inside: "python3 -m venv --clear --without-pip venv && python3 -m venv --without-pip other && \
            other/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'",
        prints: "True\n",
    },
    Tool {
        needs: "make",
        outside: "printf 'all: out\\nout: in\\n\\tcp in out\\n' > Makefile; echo 1 > in; make -s",
        inside: "make -q && sleep 0.01 && echo 2 > in && make -s && cat out",
        prints: "2\n",
    },
    Tool {
        needs: "tar",
        outside: "mkdir -p d/e; echo x > d/e/f; tar -cf a.tar d",
        inside: "tar -xf a.tar && mv d moved && tar -xf a.tar && cp -a d copy && \
            rm -r d && mv moved d && sed -i s/x/y/ d/e/f && cat d/e/f",
        prints: "y\n",
    },
];

#[test]
fn each_tool_changes_its_tree_inside_and_none_of_it_outside() {
    let mut wrong = String::new();
    for Tool { needs, outside, inside, prints } in TOOLS {
        drop(require(needs));
        let env = TestEnv::new();
        env.command("/bin/sh").args(["-ec", outside]).run().expect_code(0);
        let before = Snapshot::of(env.work());
        let done = boxed(&env, &[], inside).limit(Duration::from_secs(120)).run();
        if done.code() != Some(0) || !done.stdout.ends_with(prints) {
            wrong += &format!("{needs}: {}\n{}\n{}\n", done.status, done.stdout, done.stderr);
        }
        before.expect_same(&Snapshot::of(env.work()));
        // And in a second run, over what the first one left.
        boxed(&env, &[], "find . -type f -exec cat {} + > /dev/null").run().expect_code(0);
    }
    assert!(wrong.is_empty(), "{wrong}");
}
