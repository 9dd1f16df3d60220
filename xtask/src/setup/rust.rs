//! Rust for the test user. Root's own is behind root's closed home; an ordinary user has one in his.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::shell;
use crate::who::{TEST_USER, User};

/// Copies the tool chain that runs this into the test user's home, the way rustup lays it out.
///
/// Nothing to do when everybody has Rust, or when the copy is this version already. Without rustup
/// there is nothing that could choose a tool chain: the tests that need Rust say so then.
pub(crate) fn give(user: &User) -> Result<(), Failure> {
    let Some(rustup) = rustup().filter(|_| !shell::is_installed("cargo")) else {
        return Ok(());
    };
    let home = Path::new("/home").join(TEST_USER);
    let version = shell::capture(rustc().arg("-vV"))?;
    let marker = home.join(".rustup/drybox-tests");
    if std::fs::read(&marker).is_ok_and(|had| had == version) {
        return Ok(());
    }
    println!("copying Rust for {TEST_USER}");
    let sysroot = shell::capture(rustc().args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot).trim());
    let mut copy = Command::new("/bin/sh");
    copy.args(["-euc", COPY, "sh"]).args([&home, &sysroot, &rustup]);
    copy.arg(format!("{}:{}", user.uid, user.gid));
    shell::run(&mut copy)?;
    std::fs::write(&marker, version).map_err(Failure::io("write", &marker))
}

/// Home, tool chain, rustup, owner. The documentation, more than half of it all, stays behind.
const COPY: &str = r#"
rm -rf "$1/.rustup" "$1/.cargo/bin"
to="$1/.rustup/toolchains/$(basename "$2")"
mkdir -p "$to" "$1/.cargo/bin"
cp -RL "$2/bin" "$2/lib" "$to"
printf 'version = "12"\ndefault_toolchain = "%s"\n' "$(basename "$2")" > "$1/.rustup/settings.toml"
cp "$3" "$1/.cargo/bin/rustup"
for tool in cargo rustc rustdoc; do ln -s rustup "$1/.cargo/bin/$tool"; done
chown -R "$4" "$1/.rustup" "$1/.cargo"
"#;

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn rustup() -> Option<PathBuf> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    Some(cargo_home.or_else(home)?.join("bin/rustup")).filter(|path| path.exists())
}
