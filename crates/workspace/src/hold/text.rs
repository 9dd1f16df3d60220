//! What a text hides from the eye, and what in it speaks to a model.

use regex::bytes::RegexSet;
use std::sync::LazyLock;

use super::change::Line;
use super::lines::{self, Numbered, fresh, show};
use super::rule::Text;

/// The new lines that have the mark; `None`: none has.
pub(super) fn seen(mark: Text, path: &str, old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
    if new.is_empty() || (is_binary(new) && !matches!(mark, Text::Encoding | Text::Obfuscated)) {
        return None;
    }
    match mark {
        Text::Bidi => with_chars(old, new, |text| text.contains(is_bidi)),
        Text::Tags => with_chars(old, new, has_tags),
        Text::Invisible => with_chars(old, new, has_invisible),
        Text::OffScreen => {
            let is_source = is_source(path) && !path.contains(".min.");
            is_source.then(|| lines_that(old, new, is_off_screen)).flatten()
        }
        Text::TerminalEscapes => {
            let is_bait = |line: &[u8]| {
                line.iter().enumerate().any(|(at, &b)| is_terminal(b, line.get(at + 1)))
            };
            new.iter()
                .any(|b| matches!(b, 0x1b | 7 | 8 | 0xc2 | b'\r'))
                .then(|| lines_that(old, new, is_bait))
                .flatten()
        }
        Text::Encoding => encoding(path, old, new),
        Text::Obfuscated => obfuscated(path, old, new),
        Text::HiddenBlock => hidden(old, new),
        Text::Injection => lines_that(old, new, |line| LIST_D.is_match(&plain(line))),
    }
}

fn lines_that(old: &[u8], new: &[u8], is: impl Fn(&[u8]) -> bool) -> Option<Vec<Line>> {
    // The whole file is looked at first: most have no such line, and need no comparison.
    if !lines::numbered(new).any(|(_, line)| is(line)) {
        return None;
    }
    let lines = show(fresh(old, new).into_iter().filter(|(_, line)| is(line)));
    (!lines.is_empty()).then_some(lines)
}

fn with_chars(old: &[u8], new: &[u8], is: impl Fn(&str) -> bool) -> Option<Vec<Line>> {
    if new.is_ascii() {
        return None;
    }
    // A byte order mark at the very start is none of a hidden character.
    let new = new.strip_prefix("\u{feff}".as_bytes()).unwrap_or(new);
    let old = old.strip_prefix("\u{feff}".as_bytes()).unwrap_or(old);
    lines_that(old, new, |line| !line.is_ascii() && is(&String::from_utf8_lossy(line)))
}

fn is_binary(bytes: &[u8]) -> bool {
    bytes.get(..8192).unwrap_or(bytes).contains(&0)
}

/// U+200E and U+200F are left out: they turn nothing but themselves, and texts of right-to-left
/// languages have them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Tag characters outside of a flag emoji, variation selectors that select nothing (GlassWorm).
fn has_tags(text: &str) -> bool {
    let (mut run, mut before) = (0, ' ');
    text.chars().any(|c| {
        let is_selector = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
        let is_tag = matches!(c, '\u{e0000}'..='\u{e007f}');
        run = if is_selector { run + 1 } else { 0 };
        // Selectors stand after a symbol, an ideograph, a letter with shapes, or a keycap's digit.
        let selects = !before.is_ascii() || before.is_ascii_digit() || matches!(before, '#' | '*');
        // England, Scotland, Wales: tags right after a black flag.
        let is_flag = before == '\u{1f3f4}' || matches!(before, '\u{e0020}'..='\u{e007f}');
        let odd = (is_selector && (!selects || run > 1)) || (is_tag && !is_flag);
        before = c;
        odd
    })
}

fn has_invisible(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        let is_odd = match c {
            // Emoji, and the scripts that need them, have letters of their own on a side.
            '\u{200c}' | '\u{200d}' => before.is_ascii() || after.is_ascii(),
            '\u{200b}'
            | '\u{2060}'..='\u{2064}'
            | '\u{feff}'
            | '\u{180e}'
            | '\u{115f}'
            | '\u{1160}' => true,
            '\u{3164}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{fff9}'..='\u{fffb}' => true,
            '\u{1d173}'..='\u{1d17a}' => true,
            _ => false,
        };
        if is_odd {
            return true;
        }
        before = c;
    }
    false
}

/// Code after a wide gap, or a line that no editor shows as a whole.
fn is_off_screen(line: &[u8]) -> bool {
    if line.len() < 200 {
        return false;
    }
    let indent = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut gap = 0;
    let has_gap = line.iter().skip(indent).enumerate().any(|(at, b)| {
        let ended = gap;
        gap = if matches!(b, b' ' | b'\t') { gap + 1 } else { 0 };
        gap == 0 && ended >= 80 && at > 100
    });
    has_gap || (indent >= 80 && line.len() > 500) || indent >= 200
}

/// ESC, BEL, BS, C1, and a carriage return in the middle of a line.
fn is_terminal(byte: u8, next: Option<&u8>) -> bool {
    match byte {
        0x1b | 7 | 8 => true,
        0xc2 => next.is_some_and(|next| matches!(next, 0x80..=0x84 | 0x86..=0x9f)),
        b'\r' => next.is_some(),
        _ => false,
    }
}

/// Text that a reader decodes otherwise than a diff shows it.
fn encoding(path: &str, old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
    if !is_source(path) {
        return None;
    }
    const MARKS: &[&[u8]] = &[b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"+/v8", b"+/v9"];
    let is_odd = |bytes: &[u8]| {
        MARKS.iter().any(|mark| bytes.starts_with(mark))
            || bytes.contains(&0)
            || std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_some())
    };
    if is_odd(new) && !is_odd(old) {
        return Some(vec![Line::about("is not UTF-8 text")]);
    }
    let is_coding = |line: &Numbered<'_>| line.0 <= 2 && CODING.is_match(line.1);
    let lines = show(fresh(old, new).into_iter().filter(is_coding));
    (!lines.is_empty()).then_some(lines)
}

/// PEP 263: any encoding that turns one text into another.
static CODING: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^[ \t\f]*#.*?coding[:=][ \t]*(raw_unicode|unicode_|unicode-|rot|utf-?7|utf_7|punycode|idna|hex|base64|zlib|bz2|cp037|utf-?16|utf-?32)",
    ])
});

/// Text that became binary, or that was made unreadable.
fn obfuscated(path: &str, old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
    if !old.is_empty() && !is_binary(old) && is_binary(new) {
        return Some(vec![Line::about("was text and is binary")]);
    }
    if is_binary(new) || !is_source(path) || path.contains(".min.") {
        return None;
    }
    lines_that(old, new, |line| {
        OBFUSCATED.is_match(line) || {
            let escapes = line.windows(2).filter(|pair| *pair == b"\\x").count();
            let charset = line.iter().all(|b| b"[]()!+ ;".contains(b));
            (line.len() > 400 && escapes * 4 * 5 > line.len() * 4) || (line.len() > 200 && charset)
        }
    })
}

static OBFUSCATED: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"eval\(function\(p,a,c,k,e,[dr]\)",
        r"_0x[0-9a-f]{4,6}\b.{0,400}_0x[0-9a-f]{4,6}\b.{0,400}_0x[0-9a-f]{4,6}\b",
        r"eval\s*\(\s*(atob|buffer\.from|unescape|decodeuricomponent)\s*\(",
        r"exec\s*\(\s*(base64\.b64decode|zlib\.decompress|marshal\.loads|bytes\.fromhex|codecs\.decode)",
        r"exec\s*\(\s*__import__\s*\(",
    ])
});

/// Blocks that a rendered view leaves out, with orders in them.
fn hidden(old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
    let is_new: std::collections::HashSet<u32> =
        fresh(old, new).into_iter().map(|(n, _)| n).collect();
    let mut open = false;
    let mut block: Vec<u8> = Vec::new();
    let mut found: Vec<Numbered<'_>> = Vec::new();
    for (number, line) in lines::numbered(new) {
        let starts = line.windows(4).position(|part| part == b"<!--");
        let inside = if open { Some(line) } else { starts.and_then(|at| line.get(at..)) };
        open |= starts.is_some();
        let alone =
            is_new.contains(&number) && HIDDEN.is_match(line) && ORDERS.is_match(&plain(line));
        if let Some(text) = inside {
            // An order may be spread over lines, of which one is new.
            block.extend_from_slice(text.get(..400).unwrap_or(text));
            block.push(b' ');
            let said = block.len() > 40 && ORDERS.is_match(&plain(&block));
            if said && is_new.contains(&number) {
                found.push((number, line));
            }
        } else if alone {
            found.push((number, line));
        }
        if line.windows(3).any(|part| part == b"-->") || block.len() > 4096 {
            open &= !line.windows(3).any(|part| part == b"-->");
            block.clear();
        }
    }
    let lines = show(found.into_iter());
    (!lines.is_empty()).then_some(lines)
}

static HIDDEN: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^\s*\[(//|[\w. -]+)\]:\s*(#|<>|<#>)\s*[\(\x22']",
        r"display\s*:\s*none",
        r"font-size\s*:\s*[01](px|pt|em)?\s*[;\x22']",
        r"visibility\s*:\s*hidden",
        r"color\s*:\s*(#fff(fff)?\b|white\b|transparent)",
        r"opacity\s*:\s*0\s*[;\x22']",
        r"\\color\{white\}",
        r"(alt|title|aria-label)=\x22[^\x22]{200,}",
    ])
});

/// What an order to a model looks like: said to it, or about secrets, tools and silence.
static ORDERS: LazyLock<RegexSet> = LazyLock::new(|| {
    let mut patterns = INJECTION.to_vec();
    patterns.extend([
        r"\b(you|assistant|agent|model|ai|llm|copilot|claude|cursor|kiro|gemini)\b.{0,60}\b(must|should|shall|need to|have to|will)\b.{0,80}\b(run|execute|fetch|download|send|post|read|copy|include|add|insert|write|install)\b",
        r"\b(run|execute)\b.{0,30}\b(curl|wget|bash|sh|npm|npx|pip|node|python)\b",
        r"(curl|wget)\s.{0,80}\|\s*(ba|z)?sh",
    ]);
    set(&patterns)
});

/// List D of the catalogue.
static LIST_D: LazyLock<RegexSet> = LazyLock::new(|| set(INJECTION));

/// Words that speak to a model, as regular expressions over one line in any case.
const INJECTION: &[&str] = &[
    r"ignore (all )?(of )?(the |your |my )?(previous|prior|above|earlier) (instructions|prompts|rules|context)",
    r"disregard (all |any |the |your )*(previous|prior|above|earlier|system)",
    r"\byou are now (a|an|in|the)\b.{0,40}\b(assistant|agent|ai|mode|model|admin|root|dan)\b",
    r"</?(system|important|secret|instructions?)>.{0,200}(you|must|do not|always)",
    r"\[inst\]|<\|im_start\|>|<\|system\|>|<<sys>>",
    r"do not (tell|mention|inform|show|alert|notify|reveal)( this| it| anything)?( to)? the user",
    r"without (asking|telling|informing|confirming with|notifying) the user",
    r"(silently|secretly) (run|execute|send|add|copy|upload|install|exfiltrate|read|include|insert)",
    r"must be (copied|included|propagated|added|inserted) (in|to|into) every file",
    r"before (using|calling) (this|any)( other)? tool",
    r"(first|then) read ~/|(read|send|copy|upload|print|cat)\b.{0,40}(id_rsa|id_ed25519|\.aws/credentials|\.env contents|contents of \.env)",
    r"\bexfiltrat(e|ing) (the|all|any|user|secret|env|data to)",
    r"\bsend (it|them|the (contents|output|result|file|keys?|tokens?|secrets?)) to (https?:|the (attacker|server|webhook))",
    r"(for|to) (ai|llm) (agents|assistants|models)( only)?:",
    r"note to (the )?(llm|ai|claude|copilot|cursor|kiro|gemini|codex|assistant|model)\b",
    r"(^|[^\w-])--(dangerously-skip-permissions|yolo|trust-all-tools|dangerously-bypass-approvals-and-sandbox)\b",
    r"anthropic_magic_string_trigger_refusal",
    r"do not (scan|analy[sz]e|flag|report) this (file|line|section|package|repo)",
];

/// White space as one blank, no emphasis and no invisible characters: so that a marker is one.
fn plain(line: &[u8]) -> Vec<u8> {
    let line = line.get(..4096).unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    let seen = text.chars().filter(|&c| !super::name::is_ignorable(c) && !matches!(c, '*' | '`'));
    let words: String = seen.map(|c| if c.is_whitespace() || c == '_' { ' ' } else { c }).collect();
    words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").into_bytes()
}

fn set(patterns: &[&str]) -> RegexSet {
    let build =
        regex::bytes::RegexSetBuilder::new(patterns).case_insensitive(true).unicode(false).build();
    build.unwrap_or_else(|_| RegexSet::empty())
}

/// Code by its extension.
pub(super) fn is_source(path: &str) -> bool {
    let extension = path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map_or("", |(_, e)| e);
    SOURCE.contains(&extension)
}

const SOURCE: &[&str] = &[
    "js", "cjs", "mjs", "jsx", "ts", "cts", "mts", "tsx", "vue", "svelte", "py", "pyi", "rb", "rs",
    "go", "java", "kt", "kts", "scala", "groovy", "gradle", "c", "h", "cc", "cpp", "hpp", "cs",
    "fs", "vb", "php", "pl", "pm", "lua", "sh", "bash", "zsh", "fish", "ps1", "bat", "cmd", "ex",
    "exs", "erl", "swift", "m", "mm", "zig", "nim", "dart", "r", "jl", "cmake", "mk", "m4", "el",
    "vim", "nix", "tf", "sol",
];
