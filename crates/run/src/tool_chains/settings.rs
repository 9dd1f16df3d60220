//! Small files made of the user's own settings: a few keys with plain values, nothing else.
//!
//! The originals hold tokens (`[registries.x] token`, `[env]`, URLs with passwords), so each key
//! that goes in is named here; what a tool adds later stays out.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use drybox_spec::{BoxPath, EnvVar};
use toml::{Table, Value};

use super::discover::plain;
use super::share::has_url_with_user;
use super::{BOX_HOME, HostEnv, ScratchFile, ToolChains};

/// Keys that say where a source's packages are.
const SOURCE_PLACES: &[&str] = &["registry", "directory", "local-registry"];
/// A settings file larger than this is none.
const MAX_SIZE: u64 = 64 * 1024;

/// The files that [`cargo`] and [`rustup`] read.
pub(super) const FILES: &[&str] = &["config", "config.toml", "settings.toml"];

/// `CARGO_HOME/config.toml`: where packages come from, as the folders in `registry` are named after
/// the index's URL.
///
/// Source: The Cargo Book, Source Replacement and Registries.
pub(super) fn cargo(base: &Path, found: &mut ToolChains) {
    // Cargo prefers the old name when both are there.
    let text = read(&base.join("config")).or_else(|| read(&base.join("config.toml")));
    let Some(user) = text.and_then(|text| text.parse::<Table>().ok()) else {
        return;
    };
    let mut sources = pick_each(&user, "source", &[SOURCE_PLACES, &["replace-with"]].concat());
    drop_lost_sources(&mut sources);
    let registries = pick_each(&user, "registries", &["index", "protocol"]);
    let registry = user.get("registry").and_then(Value::as_table);
    let registry = registry.map(|table| pick(table, &["default"])).unwrap_or_default();
    let sections = [("source", sources), ("registries", registries), ("registry", registry)];
    let sections = sections.into_iter().filter(|(_, section)| !section.is_empty());
    let made: Table =
        sections.map(|(name, section)| (name.to_owned(), Value::Table(section))).collect();
    if !made.is_empty() {
        put(found, base.join("config.toml").as_os_str().as_bytes(), made.to_string());
    }
}

/// A writable `RUSTUP_HOME` (rustup makes folders in it before it starts a tool), in which
/// `toolchains` is a link to the user's.
///
/// Of the settings only the default tool chain goes in. A `rust-toolchain.toml` of the workspace
/// then chooses among what is installed, and never starts a download. Source: The rustup book.
pub(super) fn rustup(env: &dyn HostEnv, base: &Path, found: &mut ToolChains) {
    let text = read(&base.join("settings.toml"));
    let user = text.and_then(|text| text.parse::<Table>().ok()).unwrap_or_default();
    let keys = ["version", "default_toolchain", "profile", "default_host_triple"];
    let mut made = pick(&user, &keys);
    made.retain(|_, value| value.as_str().is_some_and(|text| is_plain(text, "")));
    made.entry("version").or_insert_with(|| Value::String("12".to_owned()));
    let rustup_home = format!("{BOX_HOME}/.rustup");
    put(found, format!("{rustup_home}/settings.toml").as_bytes(), made.to_string());
    if let Ok(place) = BoxPath::parse(format!("{rustup_home}/toolchains").as_bytes()) {
        found.links.push((place, base.join("toolchains").as_os_str().as_bytes().to_vec()));
    }
    let chosen = env.get("RUSTUP_TOOLCHAIN").and_then(|name| name.into_string().ok());
    let chosen = chosen.filter(|name| is_plain(name, ""));
    set(found, "RUSTUP_HOME", &rustup_home);
    set(found, "RUSTUP_AUTO_INSTALL", "0");
    if let Some(name) = chosen {
        set(found, "RUSTUP_TOOLCHAIN", &name);
    }
}

/// mise's global `config.toml`: the versions in `[tools]`.
///
/// Source: mise docs, Configuration.
pub(super) fn mise(env: &dyn HostEnv, home: &Path, found: &mut ToolChains) {
    // A relative one would be a place of the workspace (basedir-spec: to be ignored).
    let set = env.get("XDG_CONFIG_HOME").and_then(|value| plain(value.as_bytes()));
    let config = set.unwrap_or_else(|| home.join(".config"));
    let Some(text) = read(&config.join("mise/config.toml")) else {
        return;
    };
    let Ok(user) = text.parse::<Table>() else {
        return;
    };
    let Some(tools) = user.get("tools").and_then(Value::as_table) else {
        return;
    };
    let plain = |value: &Value| value.as_str().is_some_and(|text| is_plain(text, ""));
    let mut kept = Table::new();
    for (tool, version) in tools {
        let all_plain = plain(version)
            || version.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(plain));
        if all_plain && is_plain(tool, ":@/") {
            kept.insert(tool.clone(), version.clone());
        }
    }
    if !kept.is_empty() {
        let made = Table::from_iter([("tools".to_owned(), Value::Table(kept))]);
        put(found, format!("{BOX_HOME}/.config/mise/config.toml").as_bytes(), made.to_string());
    }
}

/// `~/.tool-versions`: lines of a tool and its versions; no `path:`, no `ref:`.
///
/// Source: asdf docs, Configuration.
pub(super) fn tool_versions(home: &Path, found: &mut ToolChains) {
    let Some(text) = read(&home.join(".tool-versions")) else {
        return;
    };
    let lines = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split('#').next()?.split_ascii_whitespace().collect();
        (words.len() > 1 && words.iter().all(|word| is_plain(word, ""))).then(|| words.join(" "))
    });
    let made: String = lines.map(|line| line + "\n").collect();
    if !made.is_empty() {
        put(found, format!("{BOX_HOME}/.tool-versions").as_bytes(), made);
    }
}

/// A small file of the tool chain itself, when it holds plain words only.
pub(super) fn copy(base: &Path, name: &str, found: &mut ToolChains) {
    let path = base.join(name);
    let Some(text) = read(&path) else { return };
    if text.split_ascii_whitespace().all(|word| is_plain(word, "")) {
        put(found, path.as_os_str().as_bytes(), text);
    }
}

/// Takes out what Cargo would call an error: a source without a place, a replacement by one that is
/// not there. The package is then looked for in the registry itself.
fn drop_lost_sources(sources: &mut Table) {
    let placed = |source: &Value| SOURCE_PLACES.iter().any(|key| source.get(key).is_some());
    sources.retain(|name, source| name == "crates-io" || placed(source));
    let names: Vec<String> = sources.keys().cloned().collect();
    for source in sources.iter_mut().filter_map(|(_, source)| source.as_table_mut()) {
        let by = source.get("replace-with").and_then(Value::as_str);
        if by.is_some_and(|by| !names.iter().any(|name| name == by)) {
            source.remove("replace-with");
        }
    }
    sources.retain(|_, source| source.as_table().is_some_and(|table| !table.is_empty()));
}

/// [`pick`] for each table in a section.
fn pick_each(user: &Table, section: &str, keys: &[&str]) -> Table {
    let tables = user.get(section).and_then(Value::as_table).into_iter().flatten();
    let picked = tables.filter_map(|(name, table)| {
        let kept = pick(table.as_table()?, keys);
        (!kept.is_empty()).then(|| (name.clone(), Value::Table(kept)))
    });
    picked.collect()
}

/// The strings of `keys`, but for URLs with a user name and relative paths.
fn pick(table: &Table, keys: &[&str]) -> Table {
    let kept = |key: &&str| {
        let text = table.get(*key)?.as_str()?;
        let is_path = ["directory", "local-registry"].contains(key);
        let fits = !has_url_with_user(text.as_bytes())
            && !text.chars().any(char::is_control)
            && (!is_path || text.starts_with('/'));
        fits.then(|| ((*key).to_owned(), Value::String(text.to_owned())))
    };
    keys.iter().filter_map(kept).collect()
}

/// A name or version: no path, no option, no control or non-ASCII character.
fn is_plain(text: &str, also: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c) || also.contains(c);
    !text.is_empty() && text.len() <= 128 && !text.starts_with(['.', '-']) && text.chars().all(fits)
}

fn put(found: &mut ToolChains, path: &[u8], content: String) {
    if let Ok(path) = BoxPath::parse(path) {
        found.files.push(ScratchFile { path, mode: 0o644, content: content.into_bytes() });
    }
}

fn set(found: &mut ToolChains, name: &str, value: &str) {
    found.env.extend(EnvVar::new(name.as_bytes(), OsStr::new(value).as_bytes()));
}

/// A regular file of at most [`MAX_SIZE`] bytes of UTF-8.
fn read(path: &Path) -> Option<String> {
    // Asked before it is opened: opening a FIFO would wait.
    let meta = fs::metadata(path).ok().filter(|meta| meta.is_file() && meta.len() <= MAX_SIZE)?;
    let mut text = String::with_capacity(usize::try_from(meta.len()).ok()?);
    File::open(path).ok()?.take(MAX_SIZE).read_to_string(&mut text).ok()?;
    Some(text)
}
