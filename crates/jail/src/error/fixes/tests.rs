use super::*;

fn every_step() -> impl Iterator<Item = Step> {
    let outside =
        [Step::Identity, Step::Share, Step::Changes, Step::Channels, Step::Clone, Step::Maps];
    outside.into_iter().chain(Inside::ALL.map(Step::Inside))
}

/// The steps of which no row knows a cause of their own: every failure there is the kernel's
/// answer, told as it is. A step leaves this list when its first row comes.
const NO_FIX_KNOWN: &[Step] = &[
    Step::Channels,
    Step::Inside(Inside::Lifeline),
    Step::Inside(Inside::Session),
    Step::Inside(Inside::System),
    Step::Inside(Inside::Seal),
    Step::Inside(Inside::Device),
    Step::Inside(Inside::Mask),
    Step::Inside(Inside::Terminals),
    Step::Inside(Inside::Stdin),
    Step::Inside(Inside::Pivot),
    Step::Inside(Inside::Network),
    Step::Inside(Inside::Egress),
    Step::Inside(Inside::Hostname),
    Step::Inside(Inside::Keyring),
    Step::Inside(Inside::Stdio),
    Step::Inside(Inside::Capabilities),
    Step::Inside(Inside::Landlock),
    Step::Inside(Inside::Descriptors),
];

#[test]
fn every_step_says_what_it_makes() {
    let mut texts: Vec<&str> = every_step().map(what).collect();
    assert!(!texts.contains(&"a step failed"), "{texts:?}");
    texts.sort_unstable();
    let all = texts.len();
    texts.dedup();
    assert_eq!(texts.len(), all, "two steps say the same");
}

#[test]
fn every_step_has_a_row_or_is_listed_as_having_none() {
    for step in every_step() {
        let has_row = ROWS.iter().any(|row| row.step == Some(step));
        let is_listed = NO_FIX_KNOWN.contains(&step);
        assert!(has_row != is_listed, "{step:?}: row {has_row}, listed {is_listed}");
    }
}

#[test]
fn a_row_is_reachable() {
    for (index, row) in ROWS.iter().enumerate() {
        let shadowed = ROWS.iter().take(index).any(|earlier| {
            (earlier.step.is_none() || earlier.step == row.step)
                && earlier.errno == row.errno
                && (earlier.fact.is_none() || earlier.fact == row.fact)
        });
        assert!(!shadowed, "{:?} {:?}", row.step, row.errno);
    }
}

#[test]
fn each_row_answers_its_own_failure() {
    for (index, row) in ROWS.iter().enumerate() {
        let step = row.step.unwrap_or(Step::Inside(Inside::Pivot));
        let error = JailError::new(step, b"thing", row.errno);
        let cause = error.cause();
        // Rows of the same failure that ask for a fact of the host stand before the general one.
        let candidates = ROWS.iter().enumerate().filter(|(_, other)| {
            other.errno == row.errno && (other.step.is_none() || other.step == Some(step))
        });
        let answers: Vec<usize> =
            candidates.filter(|(_, r)| r.why == cause.why).map(|(i, _)| i).collect();
        let applies = row.fact.is_none_or(|fact| holds(fact, Path::new("/")));
        if applies {
            assert!(answers.iter().any(|&answer| answer <= index), "{:?} {:?}", step, row.errno);
            assert!(cause.fix.is_some());
        } else {
            assert!(!answers.contains(&index), "{:?} {:?}", step, row.errno);
        }
    }
}

#[test]
fn rows_are_worded_as_the_renderer_prints_them() {
    for row in ROWS {
        let fix = row.fix.unwrap_or("x");
        for text in [row.why, fix] {
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{text}");
            assert!(!text.contains('\n'), "{text}");
        }
        assert!(!row.why.starts_with(char::is_uppercase) || row.why.starts_with("AppArmor"));
    }
}

#[test]
fn an_unknown_answer_is_told_as_the_kernel_gave_it() {
    let error = JailError::new(Step::Inside(Inside::Pivot), b"", Errno::IO);
    assert_eq!(error.cause(), Cause { why: describe(Errno::IO), fix: None });
    assert_eq!(error.exit_code(), 125);
}

#[test]
fn what_means_the_same_everywhere_has_its_fix_at_every_step() {
    for step in every_step() {
        for errno in [Errno::NOSYS, Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM] {
            assert!(JailError::new(step, b"", errno).cause().fix.is_some(), "{step:?} {errno:?}");
        }
    }
}

#[test]
fn a_missing_program_and_a_missing_interpreter_differ() {
    let failed = |index| {
        let failed = drybox_sys::Failed { step: Inside::Exec, index, errno: Errno::NOENT };
        JailError::of_child(failed, b"prog")
    };
    let (program, interpreter) = (failed(0), failed(Obstacle::Interpreter as u16));
    assert_eq!((program.exit_code(), interpreter.exit_code()), (127, 126));
    assert_ne!(program.cause(), interpreter.cause());
    assert!(program.cause().fix.is_some() && interpreter.cause().fix.is_some());
}

#[test]
fn each_obstacle_has_its_own_words_and_its_number_means_nothing_at_other_steps() {
    let mut told = Vec::new();
    for index in 1..=3 {
        let failed = drybox_sys::Failed { step: Inside::Exec, index, errno: Errno::ACCESS };
        let error = JailError::of_child(failed, b"prog");
        assert_eq!(error.exit_code(), 126);
        told.push(error.cause().why);
        let elsewhere = drybox_sys::Failed { step: Inside::Mask, ..failed };
        assert_eq!(JailError::of_child(elsewhere, b"prog").obstacle, None);
    }
    told.dedup();
    assert_eq!(told.len(), 3);
}

#[test]
fn each_fact_of_the_host_chooses_its_row_and_only_where_it_holds() {
    let root = tempfile::tempdir().unwrap();
    for row in ROWS {
        let Some(fact) = row.fact else { continue };
        let (Fact::Begins(file, words) | Fact::Holds(file, words)) = fact;
        let step = row.step.unwrap();
        let error = JailError::new(step, b"", row.errno);
        let told = |root: &Path| error.cause_on(root).why == row.why;
        assert!(!told(root.path()), "{step:?} {file}");
        let place = root.path().join(file.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, format!("{words}\n")).unwrap();
        assert!(told(root.path()), "{step:?} {file}");
        fs::remove_file(&place).unwrap();
    }
}
