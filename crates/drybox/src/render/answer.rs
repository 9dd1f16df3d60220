//! The answer of `drybox can`.

use drybox_run::{Answer, Question};
use drybox_spec::Shown;
use serde::Serialize;

use super::Format;

/// The answer, ready to print.
pub(crate) fn answer(
    question: &Question,
    object: &[u8],
    answer: &Answer,
    format: Format,
) -> String {
    let told = Told {
        version: 1,
        question: word(question),
        object: Shown(object).to_string(),
        answer: if answer.yes { "yes" } else { "no" },
        inside: answer.inside.as_ref().map(|path| Shown(path).to_string()),
        link: answer.link.as_ref().map(|(from, to)| Link {
            path: Shown(from).to_string(),
            target: Shown(to).to_string(),
        }),
        why: answer.why.to_string(),
        setting: answer.setting,
        from: answer.from.clone(),
        fix: answer.fix.clone(),
    };
    match format {
        Format::Text => told.text(),
        // Strings always are JSON.
        Format::Json => serde_json::to_string_pretty(&told).unwrap_or_default() + "\n",
    }
}

/// The stable form; a change that removes or renames something raises the version.
#[derive(Serialize)]
struct Told {
    version: u32,
    question: &'static str,
    object: String,
    answer: &'static str,
    inside: Option<String>,
    link: Option<Link>,
    why: String,
    setting: &'static str,
    from: String,
    fix: Option<String>,
}

#[derive(Serialize)]
struct Link {
    path: String,
    target: String,
}

impl Told {
    fn text(&self) -> String {
        let Self { answer, question, object, why, setting, from, .. } = self;
        let mut text = format!("{answer}: {question} {object}: {why}\n");
        if let Some(inside) = self.inside.as_ref().filter(|inside| *inside != object) {
            text.push_str(&format!("  inside:  {inside}\n"));
        }
        if let Some(Link { path, target }) = &self.link {
            text.push_str(&format!("  link:    {path} -> {target}\n"));
        }
        text.push_str(&format!("  setting: {setting} ({from})\n"));
        if let Some(fix) = &self.fix {
            text.push_str(&format!("  fix:     {fix}\n"));
        }
        text
    }
}

fn word(question: &Question) -> &'static str {
    match question {
        Question::Read(_) => "read",
        Question::Write(_) => "write",
        Question::Connect(_) => "connect",
        _ => "run",
    }
}
