//! The note of where a log ended.

/// Where a log ended when it was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The number of its last line.
    pub(super) number: u64,
    /// The length of the file that is written, in bytes.
    pub(super) size: u64,
    /// The number of the last line that is gone for the log's bound.
    pub(super) dropped: u64,
    /// The number of the last line that was put aside.
    pub(super) aside: u64,
    /// When the directory was last looked through for what runs by itself, in seconds since 1970; 0:
    /// never.
    pub(super) scanned: u64,
    /// The digest of its last line.
    pub(super) digest: String,
}

impl Head {
    /// How long it is: always the same, so that it is written over in one piece.
    pub(super) const LENGTH: usize = 183;

    /// Before the first line.
    pub(super) fn fresh() -> Self {
        Self { number: 0, size: 0, dropped: 0, aside: 0, scanned: 0, digest: NOTHING.to_owned() }
    }

    /// The file that was written has been put aside.
    pub(super) const fn put_aside(&mut self) {
        self.dropped = self.aside;
        self.aside = self.number;
        self.size = 0;
    }

    pub(super) fn encode(&self) -> String {
        let Self { number, size, dropped, aside, scanned, digest } = self;
        format!("{WORDS}{number:020} {size:020} {dropped:020} {aside:020} {scanned:020} {digest}\n")
    }

    /// None: it is torn, of another version, or not ours.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let text = text.strip_suffix('\n')?.strip_prefix(WORDS)?;
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse().ok();
        let (of, size, dropped) = (number()?, number()?, number()?);
        let (aside, scanned) = (number()?, number()?);
        let digest = words.next()?.to_owned();
        let head = Self { number: of, size, dropped, aside, scanned, digest };
        (words.next().is_none() && is_digest(&head.digest)).then_some(head)
    }
}

/// What the first line has as the digest of the one before it.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub(super) fn is_digest(text: &str) -> bool {
    text.len() == NOTHING.len() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const WORDS: &str = "drybox log 1 ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_what_it_wrote_and_nothing_that_is_torn() {
        let head = Head {
            number: 17,
            size: 1 << 40,
            dropped: 3,
            aside: 9,
            scanned: 1,
            digest: "ab".repeat(32),
        };
        let text = head.encode();
        assert_eq!(text.len(), Head::LENGTH);
        assert_eq!(Head::decode(text.as_bytes()), Some(head));
        for cut in 0..text.len() {
            assert_eq!(Head::decode(&text.as_bytes()[..cut]), None, "{cut}");
        }
        assert_eq!(Head::decode(text.replace("log 1", "log 2").as_bytes()), None);
        assert_eq!(Head::decode(&[0; Head::LENGTH]), None);
    }
}
