//! TOML, by its library: it refuses a key that is there twice, and nesting without end.

use toml::de::{DeTable, DeValue};

use super::{DEPTH, Flat, Lines, Unread, join};

pub(super) fn read(text: &str) -> Result<Flat, Unread> {
    let lines = Lines::new(text);
    let parsed = DeTable::parse(text)
        .map_err(|error| Unread::Syntax(error.span().map_or(0, |span| lines.of(span.start))))?;
    let mut walk = Walk { flat: Flat::default(), lines };
    walk.table(parsed.get_ref(), "", None, 0)?;
    walk.flat.entries.sort_by_key(|entry| entry.line);
    Ok(walk.flat)
}

struct Walk {
    flat: Flat,
    lines: Lines,
}

impl Walk {
    fn table(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        element: Option<u32>,
        depth: usize,
    ) -> Result<(), Unread> {
        table.iter().try_for_each(|(name, value)| {
            let line = self.lines.of(value.span().start);
            self.value(value.get_ref(), &join(key, name.get_ref()), line, element, depth + 1)
        })
    }

    fn value(
        &mut self,
        value: &DeValue<'_>,
        key: &str,
        line: u32,
        element: Option<u32>,
        depth: usize,
    ) -> Result<(), Unread> {
        if depth > DEPTH {
            return Err(Unread::TooMuch);
        }
        match value {
            DeValue::String(text) => self.flat.push(key, text.as_ref(), line, element),
            DeValue::Integer(number) => self.flat.push(key, number.to_string(), line, element),
            DeValue::Float(number) => self.flat.push(key, number.as_str(), line, element),
            DeValue::Boolean(flag) => self.flat.push(key, flag.to_string(), line, element),
            DeValue::Datetime(time) => self.flat.push(key, time.to_string(), line, element),
            DeValue::Array(array) => array.iter().try_for_each(|value| {
                let element = element.or_else(|| Some(self.flat.element()));
                let line = self.lines.of(value.span().start);
                self.value(value.get_ref(), key, line, element, depth + 1)
            }),
            DeValue::Table(table) if table.is_empty() => self.flat.push(key, "{}", line, element),
            DeValue::Table(table) => self.table(table, key, element, depth),
        }
    }
}
