//! Prints what `tool_chains::discover` finds for the caller, and how long it takes.
//!
//! With a directory as argument it prints bubblewrap's arguments instead, NUL-separated (generated
//! files go into that directory): a way to try a tool chain for real, in a sandbox that is not ours.
//! `tool_chains DIR | bwrap --unshare-all --ro-bind /usr /usr … --args 0 cargo build`
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a developer's tool")]

use std::fs;
use std::io::{Write, stdout};
use std::path::Path;
use std::time::Instant;

use drybox_run::tool_chains::{ToolChains, discover};
use drybox_spec::{HostPath, Shown};

fn main() {
    let env = |name: &str| std::env::var_os(name);
    let home = std::env::var("HOME").expect("HOME is set");
    let home = HostPath::parse(home.as_bytes()).expect("HOME is absolute");
    let found = discover(&env, &home, None);
    if let Some(dir) = std::env::args().nth(1) {
        return bwrap(&found, Path::new(&dir));
    }
    tell(&found);
    let mut times: Vec<_> = (0..500)
        .map(|_| {
            let start = Instant::now();
            drop(std::hint::black_box(discover(&env, &home, None)));
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("time   min {:?}, median {:?}", times.first(), times.get(times.len() / 2));
}

fn tell(found: &ToolChains) {
    found.shares.iter().for_each(|it| println!("share  {}", Shown(it.source.as_bytes())));
    found.path.iter().for_each(|it| println!("path   {}", Shown(it.as_bytes())));
    found.env.iter().for_each(|it| println!("env    {}", Shown(it.as_c_str().to_bytes())));
    for (place, to) in &found.links {
        println!("link   {} -> {}", Shown(place.as_bytes()), Shown(to));
    }
    for file in &found.files {
        println!("file   {}: {}", Shown(file.path.as_bytes()), Shown(&file.content));
    }
    for out in &found.left_out {
        println!("not    {}: {}", Shown(&out.path), out.why);
    }
}

fn bwrap(found: &ToolChains, dir: &Path) {
    let mut args: Vec<&[u8]> = Vec::new();
    for share in &found.shares {
        args.extend([b"--ro-bind", share.source.as_bytes(), share.target.as_bytes()]);
    }
    for (place, to) in &found.links {
        args.extend([b"--symlink", to.as_slice(), place.as_bytes()]);
    }
    for variable in &found.env {
        args.extend([b"--setenv", variable.name(), variable.value()]);
    }
    let mut path = found.path.iter().map(|dir| dir.as_bytes()).collect::<Vec<_>>();
    path.push(b"/usr/bin");
    let path = path.join(&b':');
    args.extend([b"--setenv".as_slice(), b"PATH", &path]);
    let mut made = Vec::new();
    for (number, file) in found.files.iter().enumerate() {
        let copy = dir.join(number.to_string());
        fs::write(&copy, &file.content).expect("the directory is writable");
        made.push((copy.into_os_string().into_encoded_bytes(), file.path.as_bytes()));
    }
    for (copy, place) in &made {
        args.extend([b"--ro-bind", copy.as_slice(), place]);
    }
    let mut out = stdout().lock();
    for arg in args {
        out.write_all(&[arg, b"\0"].concat()).expect("stdout takes it");
    }
}
