//! JSON, with comments and what else editors and JSON5 allow.

use std::collections::HashSet;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{DEPTH, Flat, Lines, Unread, join};

pub(super) fn read(text: &str) -> Result<Flat, Unread> {
    let lines = Lines::new(text);
    // The parser stops at a depth of its own (512); ours is smaller and checked on the way.
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let parsed = parsed.map_err(|error| Unread::Syntax(lines.of(error.range().start)))?;
    let mut walk = Walk { flat: Flat::default(), lines };
    if let Some(value) = parsed.value {
        walk.value(&value, "", None, 0)?;
    }
    Ok(walk.flat)
}

struct Walk {
    flat: Flat,
    lines: Lines,
}

impl Walk {
    fn value(
        &mut self,
        value: &Value<'_>,
        key: &str,
        element: Option<u32>,
        depth: usize,
    ) -> Result<(), Unread> {
        if depth > DEPTH {
            return Err(Unread::TooMuch);
        }
        let line = self.lines.of(value.range().start);
        match value {
            Value::StringLit(text) => self.flat.push(key, text.value.as_ref(), line, element),
            Value::NumberLit(number) => self.flat.push(key, number.value, line, element),
            Value::BooleanLit(flag) => self.flat.push(key, flag.value.to_string(), line, element),
            Value::NullKeyword(_) => self.flat.push(key, "null", line, element),
            Value::Array(array) => array.elements.iter().try_for_each(|value| {
                let element = element.or_else(|| Some(self.flat.element()));
                self.value(value, key, element, depth + 1)
            }),
            Value::Object(object) => {
                // That something is there counts, be it empty: `"sandbox": {}`.
                if object.properties.is_empty() {
                    return self.flat.push(key, "{}", line, element);
                }
                let mut seen = HashSet::new();
                object.properties.iter().try_for_each(|property| {
                    let name = match &property.name {
                        ObjectPropName::String(text) => text.value.as_ref(),
                        ObjectPropName::Word(word) => word.value,
                    };
                    if !seen.insert(name.to_lowercase()) {
                        return Err(Unread::Duplicate(self.lines.of(property.range().start)));
                    }
                    self.value(&property.value, &join(key, name), element, depth + 1)
                })
            }
        }
    }
}
