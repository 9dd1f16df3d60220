//! One line of comma-separated fields with quotes, as podman reads `--mount` (RFC 4180).

use super::BadValue;

/// Splits a line into fields; a field in double quotes may hold commas, and `""` for a quote.
pub(super) fn fields(line: &[u8]) -> Result<Vec<Vec<u8>>, BadValue> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted_field(quoted)?,
            None => plain_field(rest)?,
        };
        fields.push(field);
        match after {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// A field, and what follows its comma, if there is one.
type Field<'a> = (Vec<u8>, Option<&'a [u8]>);

fn plain_field(text: &[u8]) -> Result<Field<'_>, BadValue> {
    let (field, after) = match super::split_once(text, b',') {
        Some((field, after)) => (field, Some(after)),
        None => (text, None),
    };
    if field.contains(&b'"') {
        return Err(BadValue::shape("a quote inside a field: put the whole field into quotes"));
    }
    Ok((field.to_vec(), after))
}

fn quoted_field(text: &[u8]) -> Result<Field<'_>, BadValue> {
    let mut field = Vec::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = super::split_once(rest, b'"') else {
            return Err(BadValue::shape("a quote is not closed"));
        };
        field.extend_from_slice(before);
        match after.split_first() {
            None => return Ok((field, None)),
            Some((b',', next)) => return Ok((field, Some(next))),
            Some((b'"', next)) => {
                field.push(b'"');
                rest = next;
            }
            Some(_) => return Err(BadValue::shape("a closed quote is not followed by a comma")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_commas_and_bad_quotes_are_told() {
        let split = |line: &str| {
            fields(line.as_bytes())
                .map(|f| f.into_iter().map(|f| String::from_utf8(f).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(split("a,b=c"), Ok(vec!["a".into(), "b=c".into()]));
        assert_eq!(split(r#""src=/a,""b",x"#), Ok(vec![r#"src=/a,"b"#.into(), "x".into()]));
        assert_eq!(split("a,"), Ok(vec!["a".into(), String::new()]));
        for bad in [r#"a"b"#, r#""a"#, r#""a"b"#] {
            assert!(matches!(split(bad), Err(BadValue::Shape { .. })), "{bad}");
        }
    }
}
