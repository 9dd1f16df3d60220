//! When it looks, and what it takes for too much.

use drybox_spec::{Source, Sourced};

use super::process::{Fair, Status, field};
use super::*;

const GIB: u64 = 1 << 30;

fn host(available: u64) -> HostMemory {
    HostMemory { total: 16 * GIB, available, shared: 0 }
}

fn taken(memory: u64) -> Taken {
    Taken { memory, swap: 0 }
}

fn watchdog(rule: Rule) -> Watchdog {
    Watchdog::new(rule, Eye::new(0, Vec::new()))
}

#[test]
fn the_default_leaves_the_host_usable() {
    for (available, memory, broken) in [
        (10 * GIB, 5 * GIB, false),
        (3 * GIB, 12 * GIB, false),
        (3 * GIB, 12 * GIB + 1, true),
        (GIB, 5 * GIB, false),
        (GIB - 1, 5 * GIB, true),
        // Somebody else's doing.
        (GIB / 2, 3 * GIB, false),
    ] {
        let rule = Rule::Spare;
        assert_eq!(rule.is_broken(&host(available), taken(memory)), broken, "{available} {memory}");
    }
    // What nobody has taken, the box has not: it need not be looked at.
    assert_eq!(Rule::Spare.spare(&host(10 * GIB), 0), Some(6 * GIB));
    assert_eq!(Rule::Spare.spare(&host(5 * GIB), 0), Some(GIB));
    assert_eq!(Rule::Spare.spare(&host(3 * GIB), 0), None);
    assert_eq!(Rule::Spare.spare(&host(GIB / 2), 0), None);
}

#[test]
fn what_was_asked_for_is_memory_and_memory_with_swap() {
    let of = |memory, swap: Option<Swap>| {
        let from = || Source::Flag("--memory");
        let limits = Limits {
            memory: Sourced::new(memory, from()),
            swap: swap.map(|swap| Sourced::new(swap, from())),
            ..Limits::default()
        };
        Rule::of(&limits)
    };
    let most = Memory::Most(ByteSize(100));
    assert_eq!(of(most, None), Some(Rule::Most { memory: 100, both: Some(200) }));
    let same = Some(Swap::Most(ByteSize(100)));
    assert_eq!(of(most, same), Some(Rule::Most { memory: 100, both: Some(100) }));
    assert_eq!(of(most, Some(Swap::Unlimited)), Some(Rule::Most { memory: 100, both: None }));
    assert_eq!(of(Memory::Unlimited, None), None);
    let rule = Rule::Most { memory: 100, both: Some(150) };
    for (memory, swap, broken) in [(100, 50, false), (101, 0, true), (100, 51, true)] {
        assert_eq!(rule.is_broken(&host(GIB), Taken { memory, swap }), broken, "{memory} {swap}");
    }
}

#[test]
fn a_box_that_sleeps_is_seldom_looked_at_and_one_that_grows_often() {
    let mut dog = watchdog(Rule::Most { memory: GIB, both: None });
    for _ in 0..10 {
        dog.pause_for(GIB - 1000, 1000);
    }
    assert_eq!(dog.pause, LONGEST_ASKED);
    dog.pause_for(GIB / 64, GIB - GIB / 64);
    assert_eq!(dog.pause, SHORTEST);
    let mut dog = watchdog(Rule::Spare);
    dog.pause_for(10 * GIB, 0);
    assert_eq!(dog.pause, FIRST * 2);
    dog.pause_for(10 * GIB, 0);
    assert_eq!(dog.pause, LONGEST);
    dog.pause_for(GIB, GIB);
    assert!(dog.pause < Duration::from_millis(100), "{:?}", dog.pause);
}

#[test]
fn a_limit_that_cannot_be_watched_is_told_and_a_default_is_not() {
    assert_eq!(watchdog(Rule::Spare).blind(Errno::MFILE), Verdict::Fine);
    let mut dog = watchdog(Rule::Most { memory: GIB, both: None });
    assert_eq!(dog.blind(Errno::MFILE), Verdict::Blind(Errno::MFILE));
}

#[test]
fn only_the_kernels_own_lines_count() {
    let text = b"Name:\tx\\nRssAnon: 99 kB\nUmask:\t0022\nRssAnon:\t  12 kB\nRssShmem:\t4 kB\n\
        VmPTE:\t 8 kB\nVmSwap:\t2 kB\nThreads:\t1\n";
    let kib = |n: u64| n * 1024;
    let status = Status { own: kib(12), shared: kib(4), swap: kib(2), tables: kib(8) };
    assert_eq!(Status::parse(text), Some(status));
    assert_eq!(Status::parse(b"Name:\tzombie\nState:\tZ (zombie)\n"), None);
    let text = b"Rss: 9 kB\nPss: 8 kB\nPss_Anon: 7 kB\nPss_Shmem: 6 kB\nSwapPss: 5 kB\n";
    let fair = Fair { own: kib(7), shared: kib(6), swap: kib(5) };
    assert_eq!(Fair::parse(text), Some(fair));
    for bad in [&b""[..], b"A", b"A:", b"A: x kB", b"A: -1 kB", b"AB: 1 kB"] {
        assert_eq!(field(bad, b"A"), None);
    }
    assert_eq!(field(b"A: 18446744073709551615 kB", b"A"), Some(u64::MAX));
}
