//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// `cargo`, in the checkout.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(checkout());
    command
}

/// The root of the checkout.
pub(crate) fn checkout() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_owned)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.map_or_else(|| checkout().join("target"), |dir| checkout().join(dir))
}

/// Runs a command on the developer's terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|source| cannot_start(command, source))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Command { command: line(command), status }),
    }
}

/// Runs a command and returns its output; what it complains of goes to the developer's terminal.
pub(crate) fn capture(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|source| cannot_start(command, source))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(Failure::Command { command: line(command), status: output.status }),
    }
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// True when `program` can be found where an ordinary user finds programs.
pub(crate) fn is_installed(program: &str) -> bool {
    SYSTEM_PATH.split(':').any(|dir| Path::new(dir).join(program).exists())
}

pub(crate) fn cannot_start(command: &Command, source: std::io::Error) -> Failure {
    Failure::Start { program: line(command), source }
}

/// Where the test user looks for programs; the developer's own tool chains are not in it.
pub(crate) const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
