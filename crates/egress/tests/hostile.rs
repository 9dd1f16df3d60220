//! The parsers of what a payload sends: the committed corpus, everything near it, and noise.
#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use std::path::PathBuf;

use drybox_egress::{dns, hello, http};
use proptest::collection::vec;
use proptest::prelude::*;

type Check = fn(&[u8]);

/// A parser's name, which is its folder of the corpus, and its entry.
const PARSERS: [(&str, Check); 3] =
    [("dns", dns::check), ("hello", hello::check), ("http", http::check)];

fn corpus(parser: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(parser);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn the_corpus_and_all_of_its_beginnings_are_read_without_harm() {
    for (parser, check) in PARSERS {
        let corpus = corpus(parser);
        assert!(corpus.len() > 10, "{parser}");
        for (_, bytes) in corpus {
            for end in 0..=bytes.len() {
                check(&bytes[..end]);
            }
        }
    }
}

/// What passes goes on to hosts: the corpus says what does.
#[test]
fn of_the_corpus_only_good_handshakes_and_requests_pass() {
    let mut passed = Vec::new();
    for (path, bytes) in corpus("hello") {
        if let hello::Hello::Names(name) = hello::read(&bytes) {
            assert_eq!(name.as_str(), "good.example");
            passed.push(path.file_name().unwrap().to_owned());
        }
    }
    for (path, bytes) in corpus("http") {
        let name = drybox_spec::DnsName::from_wire(b"good.example").unwrap();
        let done = http::Requests::new(name, 80).advance(&bytes);
        if !bytes.is_empty() && done == Ok(bytes.len()) {
            passed.push(path.file_name().unwrap().to_owned());
        }
    }
    passed.sort();
    let expected = [
        "chunked",
        "get",
        "length",
        "one-byte-records",
        "openssl",
        "pipelined",
        "tls12",
        "two-hellos",
    ];
    assert_eq!(passed, expected);
}

/// A file of the corpus with some bytes changed, put in and left out.
fn near(parser: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let files: Vec<Vec<u8>> = corpus(parser).into_iter().map(|(_, bytes)| bytes).collect();
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (prop::sample::select(files), vec(change, 0..6)).prop_map(|(mut bytes, changes)| {
        for (at, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn noise_does_no_harm(bytes in vec(any::<u8>(), 0..600)) {
        for (_, check) in PARSERS {
            check(&bytes);
        }
    }

    #[test]
    fn what_is_nearly_right_does_no_harm(
        dns in near("dns"), hello in near("hello"), http in near("http"),
    ) {
        dns::check(&dns);
        hello::check(&hello);
        http::check(&http);
    }
}
