//! `--entrypoint`: one word, or a JSON array of words.

use super::BadValue;

/// What runs before the command's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrypoint(pub Vec<Vec<u8>>);

impl Entrypoint {
    /// Takes one word (never split at spaces), a JSON array of strings, or nothing: `""` and `[]`
    /// clear the entrypoint, as podman has it.
    ///
    /// # Errors
    /// *User*, when it begins like an array and is none.
    pub fn parse(value: &[u8]) -> Result<Self, BadValue> {
        if value.is_empty() {
            return Ok(Self(Vec::new()));
        }
        if !value.starts_with(b"[") {
            return Ok(Self(vec![value.to_vec()]));
        }
        let words: Vec<String> = serde_json::from_slice(value)
            .map_err(|_| BadValue::shape(r#"an array is JSON, of strings: ["sh", "-c"]"#))?;
        Ok(Self(words.into_iter().map(String::into_bytes).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_not_split_and_an_array_is_json() {
        let parse = |v: &str| Entrypoint::parse(v.as_bytes()).map(|e| e.0);
        assert_eq!(parse("sh -c"), Ok(vec![b"sh -c".to_vec()]));
        assert_eq!(parse(r#"["sh", "-c"]"#), Ok(vec![b"sh".to_vec(), b"-c".to_vec()]));
        assert_eq!(parse(""), Ok(Vec::new()));
        assert_eq!(parse("[]"), Ok(Vec::new()));
        assert!(parse(r#"["sh", 1]"#).is_err());
        assert!(parse("[").is_err());
    }
}
