//! `drybox completions SHELL`

use clap_complete::Shell;

use super::Done;

/// Prints the shell's script.
pub(crate) fn run(shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::cli::whole(), "drybox", &mut script);
    super::show(&String::from_utf8_lossy(&script))
}
