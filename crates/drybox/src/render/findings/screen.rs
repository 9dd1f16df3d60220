//! What is printed on: how wide it is, and whether it shows colours.

use std::io::{self, IsTerminal};

use drybox_run::doctor::State;

/// A terminal, or a file that has no width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// Columns; none: lines may be as long as they are.
    pub(super) width: Option<usize>,
    pub(super) colours: bool,
}

impl Screen {
    pub(super) fn of_stdout() -> Self {
        let out = io::stdout();
        if !out.is_terminal() {
            return Self { width: None, colours: false };
        }
        let size = rustix::termios::tcgetwinsize(&out).ok();
        let width = size.map(|size| usize::from(size.ws_col)).filter(|&width| width > 0);
        // https://no-color.org: present and not empty, whatever it says.
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Self { width: Some(width.unwrap_or(80)), colours: set("NO_COLOR").is_none() && !dumb }
    }

    /// The word is there in any case; the colour only repeats it.
    pub(super) fn coloured(self, state: State, word: &str) -> String {
        let colour = match state {
            State::InForce => 32,
            State::Weaker => 33,
            State::NotInForce => 31,
            State::Untried => 90,
        };
        match self.colours {
            true => format!("\x1b[{colour}m{word}\x1b[0m"),
            false => word.to_owned(),
        }
    }

    /// Whether a third column still has room beside ids of this width.
    pub(super) fn has_columns(self, ids: usize) -> bool {
        const LEAST: usize = 24;
        self.width.is_none_or(|width| width > ids.saturating_add(super::BEFORE + LEAST))
    }

    /// The text in lines of the screen's width, all but the first indented.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> String {
        let margin: String = text.chars().take_while(|c| *c == ' ').collect();
        margin.clone() + &self.fold(text.trim_start(), margin.len(), indent)
    }

    /// The text in lines that begin at a column; the first is there already.
    pub(super) fn wrapped_behind(self, text: &str, column: usize) -> String {
        self.fold(text, column, column)
    }

    fn fold(self, text: &str, begun: usize, indent: usize) -> String {
        let Some(width) = self.width else { return format!("{text}\n") };
        let (mut folded, mut column) = (String::new(), begun);
        for (nth, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            let fits = column.saturating_add(length).saturating_add(1) <= width;
            match (nth, fits) {
                (0, _) => {}
                (_, true) => {
                    folded.push(' ');
                    column = column.saturating_add(1);
                }
                (_, false) => {
                    folded.push('\n');
                    folded.extend(std::iter::repeat_n(' ', indent));
                    column = indent;
                }
            }
            folded.push_str(word);
            column = column.saturating_add(length);
        }
        folded + "\n"
    }
}
