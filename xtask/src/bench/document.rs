//! Puts the reports into a page, between two marks; the prose around them stays.

use std::path::Path;

use super::report::Report;
use crate::failure::Failure;

const BEGIN: &str = "<!-- written by cargo xtask bench: begin -->";
const END: &str = "<!-- written by cargo xtask bench: end -->";

pub(super) fn write(page: &Path, reports: &[Report]) -> Result<(), Failure> {
    let text = std::fs::read_to_string(page).map_err(Failure::io("read", page))?;
    let reports: Vec<String> = reports.iter().map(Report::markdown).collect();
    let new = replaced(&text, &reports.join("\n")).ok_or_else(|| Failure::Found {
        what: "no place for the reports",
        lines: vec![format!("{}: {BEGIN} … {END}", page.display())],
    })?;
    std::fs::write(page, new).map_err(Failure::io("write", page))
}

/// The page with other content between the marks; none when they are not there, in this order.
fn replaced(page: &str, content: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{content}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_the_marks_stays() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = replaced(&page, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
        assert_eq!(replaced("no marks", "new"), None);
        assert_eq!(replaced(&format!("{END}{BEGIN}"), "new"), None);
    }
}
