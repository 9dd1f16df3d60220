//! XML: elements and attributes, as `a.b.c` and `a.b.@name`. A document type (entities) is not read.

use super::{DEPTH, Flat, KEY, Lines, Unread, join};

pub(super) fn read(text: &str) -> Result<Flat, Unread> {
    let lines = Lines::new(text);
    let mut flat = Flat::default();
    let mut open: Vec<(&str, String)> = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(start) = rest.find('<') else { break };
        let here = lines.of(at + start);
        let chars = rest.get(..start).unwrap_or_default().trim();
        if !chars.is_empty() {
            let (_, key) = open.last().ok_or(Unread::Syntax(here))?;
            flat.push(key, unescape(chars), here, None)?;
        }
        let tag = rest.get(start..).unwrap_or_default();
        let length = if let Some(inner) = tag.strip_prefix("<!--") {
            inner.find("-->").map(|end| end + 7)
        } else if let Some(inner) = tag.strip_prefix("<![CDATA[") {
            let end = inner.find("]]>").ok_or(Unread::Syntax(here))?;
            let (_, key) = open.last().ok_or(Unread::Syntax(here))?;
            flat.push(key, inner.get(..end).unwrap_or_default().trim(), here, None)?;
            Some(end + 12)
        } else if let Some(inner) = tag.strip_prefix("<?") {
            inner.find("?>").map(|end| end + 4)
        } else if tag.starts_with("<!") {
            None
        } else if let Some(inner) = tag.strip_prefix("</") {
            let end = inner.find('>').ok_or(Unread::Syntax(here))?;
            let (name, _) = open.pop().ok_or(Unread::Syntax(here))?;
            if inner.get(..end).map(str::trim) != Some(name) {
                return Err(Unread::Syntax(here));
            }
            Some(end + 3)
        } else {
            let inner = tag.get(1..).unwrap_or_default();
            Some(element(&mut flat, &mut open, inner, here)? + 1)
        };
        at += start + length.ok_or(Unread::Syntax(here))?;
    }
    if !open.is_empty() || !text.get(at..).unwrap_or_default().trim().is_empty() {
        return Err(Unread::Syntax(lines.of(text.len())));
    }
    Ok(flat)
}

/// One start tag after its `<`; its length with the `>`.
fn element<'a>(
    flat: &mut Flat,
    open: &mut Vec<(&'a str, String)>,
    tag: &'a str,
    line: u32,
) -> Result<usize, Unread> {
    let bad = Unread::Syntax(line);
    let end = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/').ok_or(bad)?;
    let name = tag.get(..end).unwrap_or_default();
    if name.is_empty() || open.len() >= DEPTH {
        return Err(bad);
    }
    // A prefix is the document's choice: `x:Exec` is `Exec`.
    let local = name.rsplit(':').next().unwrap_or(name);
    let key = join(open.last().map_or("", |(_, key)| key), local);
    if key.len() > KEY {
        return Err(Unread::TooMuch);
    }
    flat.push(&key, "", line, None)?;
    let mut at = end;
    loop {
        let rest = tag.get(at..).unwrap_or_default();
        let gap = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        at += gap;
        if rest.starts_with('>') {
            open.push((name, key));
            return Ok(at + 1);
        }
        if rest.starts_with("/>") {
            return Ok(at + 2);
        }
        let equals = rest.find('=').ok_or(bad)?;
        let attribute = rest.get(..equals).unwrap_or_default().trim();
        let value = rest.get(equals + 1..).unwrap_or_default();
        let skipped = value.len() - value.trim_start().len();
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(bad)?;
        let inner = value.get(1..).unwrap_or_default();
        let close = inner.find(quote).ok_or(bad)?;
        if attribute.is_empty() || attribute.contains(['<', '>', '"']) {
            return Err(bad);
        }
        let text = unescape(inner.get(..close).unwrap_or_default());
        flat.push(&join(&key, &format!("@{attribute}")), text, line, None)?;
        at += equals + 1 + skipped + 1 + close + 1;
    }
}

/// The five entities that need no declaration; numbers stay as they are, and so count as changed.
fn unescape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&apos;", "'").replace("&amp;", "&")
}
