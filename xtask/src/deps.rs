//! `deps`: every package comes from a registry, under a licence we accept; every direct dependency
//! has its reason in docs/dependencies.md.
//!
//! Reads what `cargo metadata` already knows, so that it needs no further tool and no network.

use crate::failure::Failure;
use crate::metadata::{Metadata, Package};
use crate::shell;

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let metadata = Metadata::read()?;
    let path = shell::checkout().join(REASONS);
    let reasons = std::fs::read_to_string(&path).map_err(Failure::io("read", &path))?;
    let foreign = metadata.packages.iter().filter(|package| package.source.is_some());
    let lines: Vec<String> = foreign
        .flat_map(wrong_package)
        .chain(metadata.ours().flat_map(|package| wrong_dependencies(package, &reasons)))
        .collect();
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Failure::Found { what: "dependencies that break a rule", lines }),
    }
}

fn wrong_package(package: &Package) -> Vec<String> {
    let Package { name, version, .. } = package;
    let mut wrong = Vec::new();
    if !package.source.as_deref().unwrap_or_default().starts_with("registry+") {
        wrong.push(format!("{name} {version} does not come from a registry"));
    }
    let licence = package.license.as_deref().unwrap_or_default();
    if !is_accepted(licence) {
        wrong.push(format!("{name} {version} has the licence '{licence}'"));
    }
    if let Some((_, why)) = BANNED.iter().find(|(banned, _)| banned == name) {
        wrong.push(format!("{name} {version}: {why}"));
    }
    wrong
}

fn wrong_dependencies(package: &Package, reasons: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for dependency in package.dependencies.iter().filter(|one| one.source.is_some()) {
        let name = &dependency.name;
        if dependency.req == "*" {
            wrong.push(format!("{} asks for any version of {name}", package.name));
        }
        if !reasons.contains(&format!("| `{name}` |")) {
            wrong.push(format!("{name}, used by {}, has no line in {REASONS}", package.name));
        }
    }
    wrong
}

/// An SPDX expression of the forms that registries carry: alternatives (`OR`, and `/` in old
/// manifests) of which one suffices, each a conjunction (`AND`) of which all count.
fn is_accepted(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // "(A OR B) AND C" without its brackets reads as "A OR (B AND C)": too lax, unless all are accepted.
    let mixed = plain.contains(" OR ") && plain.contains(" AND ");
    let all = |terms: &str| terms.split(" AND ").all(|term| LICENCES.contains(&term.trim()));
    match mixed {
        true => plain.split(" OR ").all(all),
        false => plain.split(" OR ").any(all),
    }
}

const REASONS: &str = "docs/dependencies.md";

const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that are a second way to do what we do already.
const BANNED: &[(&str, &str)] = &[
    ("nix", "rustix is how we call the kernel"),
    ("lazy_static", "std has OnceLock and LazyLock"),
    ("openssl-sys", "TLS is rustls: the executable is static"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alternative_suffices_and_every_part_of_a_conjunction_counts() {
        assert!(is_accepted("MIT OR Apache-2.0"));
        assert!(is_accepted("GPL-3.0 OR MIT"));
        assert!(is_accepted("MIT/Apache-2.0"));
        assert!(is_accepted("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!is_accepted("MIT AND GPL-3.0"));
        assert!(!is_accepted("(MIT OR Apache-2.0) AND GPL-3.0"));
        assert!(!is_accepted("GPL-3.0"));
        assert!(!is_accepted(""));
    }
}
