//! The table, by families. Each family is data alone.
//!
//! Order within a row's places: what is found first is what is shown.

mod agents;
mod build;
mod ci;
mod containers;
mod editors;
mod editors_more;
mod files;
mod git;
mod git_files;
mod hooks;
mod languages;
mod lock;
mod npm;
mod python;
mod rust_go;
mod shell;
mod text;

use super::rule::Rule;

/// Rows that belong together in the documentation.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// A heading.
    pub name: &'static str,
    /// The rows.
    pub rules: &'static [Rule],
}

/// All families, in the order of the documentation.
pub const FAMILIES: &[Family] = &[
    Family { name: "git's config", rules: git::RULES },
    Family { name: "git's other files, other version control", rules: git_files::RULES },
    Family { name: "Hook managers", rules: hooks::RULES },
    Family { name: "VS Code and its relatives", rules: editors::RULES },
    Family { name: "Other editors, interactive tools", rules: editors_more::RULES },
    Family { name: "Agents and their servers", rules: agents::RULES },
    Family { name: "JavaScript packages", rules: npm::RULES },
    Family { name: "Lock files and dependencies in the tree", rules: lock::RULES },
    Family { name: "Python", rules: python::RULES },
    Family { name: "Rust and Go", rules: rust_go::RULES },
    Family { name: "JVM, .NET, Ruby, PHP, Elixir, Nix", rules: languages::RULES },
    Family { name: "Build systems and task runners", rules: build::RULES },
    Family { name: "CI, bots and deployment", rules: ci::RULES },
    Family { name: "Shells and directories", rules: shell::RULES },
    Family { name: "Containers, desktops, programs", rules: containers::RULES },
    Family { name: "File system and names", rules: files::RULES },
    Family { name: "Texts and the closure of trust", rules: text::RULES },
];

/// Every row.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.rules)
}
