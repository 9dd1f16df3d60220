//! Paths in the small files of lines that a box has about itself.

/// A word: without blanks, line ends, control bytes and what is not ASCII.
pub(crate) fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'%' => text.extend_from_slice(b"%25"),
            b'!'..=b'~' => text.push(byte),
            byte => text.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    text
}

/// The bytes of a word; none: it is none.
pub(crate) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(first);
        }
    }
    Some(bytes)
}
