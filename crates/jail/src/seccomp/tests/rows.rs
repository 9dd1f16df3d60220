//! The table against traces of real work and against the kernel's headers.

use std::collections::{BTreeMap, BTreeSet};

use super::{ALLOW, Arch, TABLE, call, calls, families};
use crate::seccomp::table::Verdict;

const TRACED: &str = include_str!("../traced.txt");

/// Traced requests of ioctl(2) that are refused, and why that is all right.
const REFUSED_REQUESTS: [(&str, &str); 7] = [
    ("F2FS_IOC_GET_FEATURES", "chromium's SQLite asks whether writes can be atomic"),
    ("FS_IOC_FIEMAP", "tells where a file lies on the host's disk; file copies read the holes"),
    ("FS_IOC_FSGETXATTR", "qemu-img asks for an extent size, and goes on without"),
    ("FS_IOC_FSSETXATTR", "qemu-img sets an extent size, and goes on without"),
    ("SIOCETHTOOL", "chromium asks for the speed of a network that is not there"),
    ("SIOCGIWESSID", "chromium asks for the name of a wireless network"),
    ("SIOCGIWNAME", "chromium asks whether a network is wireless"),
];

#[test]
fn names_and_numbers_are_unique_and_reasons_are_given() {
    let mut names = BTreeSet::new();
    for family in families() {
        assert!(family.why.len() >= 4 && !family.calls.is_empty(), "{family:?}");
        for call in family.calls {
            assert!(names.insert(call.name), "{} has two rows", call.name);
        }
    }
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let mut numbers = BTreeSet::new();
        for call in calls() {
            assert!(arch.number(call).is_none_or(|nr| numbers.insert(nr)), "{arch:?} {call:?}");
        }
    }
}

#[test]
fn every_traced_call_has_a_row() {
    let rows: BTreeSet<&str> = calls().map(|call| call.name).collect();
    let missing: Vec<&str> = traced_calls().filter(|name| !rows.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "decide about them in the table");
}

#[test]
fn traced_rows_are_in_the_traces_and_reasoned_rows_are_not() {
    let traced: BTreeSet<&str> = traced_calls().collect();
    let [by_trace, by_reason, ..] = TABLE else { panic!("the kinds of the table") };
    for call in by_trace.iter().flat_map(|family| family.calls) {
        assert!(traced.contains(call.name), "{}: no program needs it", call.name);
    }
    for family in *by_reason {
        assert!(family.why.len() > 20, "{}: say who needs it", family.why);
        for call in family.calls {
            assert!(!traced.contains(call.name), "{} belongs to the traced", call.name);
        }
    }
    let allowed = |family: &&_| matches!(verdict(family), Verdict::Always(super::Answer::Allow));
    assert!(by_trace.iter().chain(*by_reason).all(|family| allowed(&family)));
    assert!(!TABLE[2..].iter().copied().flatten().any(|family| allowed(&family)));
}

fn verdict(family: &super::Family) -> Verdict {
    family.verdict
}

#[test]
fn every_traced_request_is_allowed_or_refused_on_purpose() {
    let mut refused = BTreeSet::new();
    for line in TRACED.lines().filter_map(|line| line.strip_prefix("ioctl 0x")) {
        let (number, rest) = line.split_once(' ').unwrap();
        let (name, _) = rest.split_once(':').unwrap();
        let request = u64::from_str_radix(number, 16).unwrap();
        if call("ioctl", &[0, request]) != ALLOW {
            refused.insert(name);
        }
    }
    let on_purpose = REFUSED_REQUESTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(refused, on_purpose);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn x86_64_numbers_are_those_of_the_kernels_headers() {
    let paths = ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"];
    let header = paths
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .expect("the kernel's headers are needed: install linux-libc-dev");
    compare(Arch::X86_64, &numbers(&header));
}

#[test]
fn aarch64_numbers_are_those_of_the_kernels_headers() {
    let header = std::fs::read_to_string("/usr/include/asm-generic/unistd.h")
        .expect("the kernel's headers are needed: install linux-libc-dev");
    let mut numbers = numbers(&header);
    // Machines with 32-bit words, or with another order of arguments.
    numbers.retain(|name, nr| !(403..424).contains(nr) && name != "sync_file_range2");
    compare(Arch::Aarch64, &numbers);
}

/// Every call of the header has a row with its number; rows that the header lacks are younger.
fn compare(arch: Arch, header: &BTreeMap<String, u32>) {
    assert!(header.len() > 300, "the header could not be read");
    let newest = header.values().max().copied().unwrap();
    let rows: BTreeMap<&str, u32> =
        calls().filter_map(|call| Some((call.name, arch.number(call)?))).collect();
    for (name, number) in header {
        let row = rows.get(name.as_str());
        assert_eq!(row, Some(number), "{arch:?} {name}: decide about it in the table");
    }
    for (name, number) in rows {
        let younger = number > newest || matches!(name, "uretprobe" | "uprobe");
        assert!(
            header.contains_key(name) || younger,
            "{arch:?} {name} {number}: not in the header"
        );
    }
}

/// `#define __NR_name 1`, `#define __NR3264_name 1` and `#define __NR_name __NR3264_other`.
fn numbers(header: &str) -> BTreeMap<String, u32> {
    let mut shared = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    for line in header.lines() {
        let mut words = line.split_whitespace();
        let ("#define", Some(name), Some(value)) =
            (words.next().unwrap_or(""), words.next(), words.next())
        else {
            continue;
        };
        if let Some(name) = name.strip_prefix("__NR3264_") {
            shared.insert(name.to_owned(), value.parse::<u32>().unwrap());
        } else if let Some(name) = name.strip_prefix("__NR_") {
            let other = value.strip_prefix("__NR3264_").and_then(|other| shared.get(other));
            let number = other.copied().or_else(|| value.parse().ok());
            numbers.extend(number.map(|number| (name.to_owned(), number)));
        }
    }
    // Not calls: marks, and the names that 32-bit machines give the shared numbers.
    let marks = ["syscalls", "arch_specific_syscall"];
    let wide = ["fcntl64", "statfs64", "fstatfs64", "truncate64", "ftruncate64", "llseek"];
    let more = ["sendfile64", "fstatat64", "fstat64", "mmap2", "fadvise64_64"];
    numbers.retain(|name, _| ![&marks[..], &wide, &more].concat().contains(&name.as_str()));
    numbers
}

/// The names of the traced calls.
fn traced_calls() -> impl Iterator<Item = &'static str> {
    TRACED
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("ioctl 0x"))
        .map(|line| line.split_once(':').expect("name: programs").0)
}
