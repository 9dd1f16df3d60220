//! The interactive shell of `drybox run` without a command.

use std::os::unix::ffi::OsStrExt;

use drybox_spec::BoxPath;

use crate::host::Host;

/// A shell, and the one file that keeps it from asking or guessing.
struct Shell {
    name: &'static str,
    /// Where its settings go, and what they are.
    settings: Option<(&'static str, &'static str)>,
}

/// The prompts say `drybox`, so that nobody mistakes the box for the host.
const SHELLS: &[Shell] = &[
    Shell {
        name: "bash",
        settings: Some((
            "/home/agent/.bashrc",
            "PS1='drybox:\\w\\$ '\nHISTFILE=\nalias ls='ls --color=auto'\n",
        )),
    },
    Shell {
        name: "zsh",
        // Without a file, zsh starts its wizard for new users.
        settings: Some((
            "/home/agent/.zshrc",
            "PROMPT='drybox:%~%# '\nunset HISTFILE\nalias ls='ls --color=auto'\n",
        )),
    },
    Shell {
        name: "fish",
        settings: Some((
            "/home/agent/.config/fish/config.fish",
            "set -g fish_greeting\nfunction fish_prompt; echo -n 'drybox:'(prompt_pwd)'> '; end\n",
        )),
    },
    Shell { name: "dash", settings: None },
    Shell { name: "ksh", settings: None },
    Shell { name: "sh", settings: None },
];

/// The prompt of shells that read it from the environment.
pub(crate) const PS1: &str = "drybox:$PWD$ ";

const FALLBACKS: [&str; 2] = ["/bin/bash", "/bin/sh"];

/// The user's own shell, if the sandbox has it: a program below `/usr` or `/bin` that this room
/// knows how to start quietly. Else bash, else sh.
pub(crate) fn choose(host: &Host<'_>) -> String {
    let own = (host.env)("SHELL").and_then(|shell| shell.into_string().ok()).filter(|shell| {
        (shell.starts_with("/usr/") || shell.starts_with("/bin/")) && known(shell).is_some()
    });
    own.into_iter()
        .chain(FALLBACKS.map(str::to_owned))
        .find(|shell| {
            let path = std::ffi::OsStr::from_bytes(shell.as_bytes());
            rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
        })
        .unwrap_or_else(|| "/bin/sh".to_owned())
}

/// The shell's settings: place and content.
pub(crate) fn settings(shell: &str) -> Option<(BoxPath, &'static str)> {
    let (path, text) = known(shell)?.settings?;
    Some((BoxPath::parse(path.as_bytes()).ok()?, text))
}

fn known(shell: &str) -> Option<&'static Shell> {
    let name = shell.rsplit('/').next()?;
    SHELLS.iter().find(|known| known.name == name)
}
