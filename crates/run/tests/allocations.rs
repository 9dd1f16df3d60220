//! How often a launch allocates: the parent a bounded number of times, the child never.
#![expect(
    unsafe_code,
    reason = "an allocator that counts, and a counter that the child's copy of the memory shares"
)]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::OsString;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use drybox_run::{Host, Stdio, spawn};
use drybox_spec::{Command, Ending, SandboxSpec};

/// Counts what this process allocates, and what its forks do.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Two counters in shared memory: this process's and its forks'. Null: nobody counts.
static COUNTERS: AtomicPtr<[AtomicU64; 2]> = AtomicPtr::new(std::ptr::null_mut());
/// The pid of this process.
static OWN: AtomicU64 = AtomicU64::new(0);

fn count() {
    // SAFETY: null, or a mapping that is never unmapped.
    if let Some([own, forks]) = unsafe { COUNTERS.load(Ordering::Acquire).as_ref() } {
        let is_own = u64::from(std::process::id()) == OWN.load(Ordering::Relaxed);
        if is_own { own } else { forks }.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every method passes its arguments to the system's allocator and its answer back.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn begin() -> &'static [AtomicU64; 2] {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping of a page, zeroed.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, kind, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    OWN.store(std::process::id().into(), Ordering::Relaxed);
    COUNTERS.store(page.cast(), Ordering::Release);
    // SAFETY: zero is a valid counter, and the mapping stays.
    unsafe { &*page.cast() }
}

/// The host's `/etc` decides how many rows a plan has: a full Debian takes 330.
const MOST: u64 = 400;

#[test]
fn the_parent_allocates_a_bounded_number_of_times_and_the_child_never() {
    let program = c"/bin/true".to_owned();
    let spec = SandboxSpec::builder(Command::Argv(vec![program])).build();
    let env = |_: &str| None::<OsString>;
    let host = Host::of_process(&env).unwrap();
    // What is made once and kept is not counted.
    run(&spec, &host);
    let [own, forks] = begin();
    run(&spec, &host);
    let (own, forked) = (own.load(Ordering::Relaxed), forks.load(Ordering::Relaxed));
    assert_eq!(forked, 0);
    assert!((20..=MOST).contains(&own), "{own}");
    println!("allocations of a run: {own}");

    // The control: a fork that allocates is counted.
    // SAFETY: the child allocates, which glibc allows after a fork, and exits.
    match unsafe { libc::fork() } {
        0 => {
            drop(std::hint::black_box(Box::new(1)));
            // SAFETY: nothing has to be cleaned up.
            unsafe { libc::_exit(0) }
        }
        child => {
            // SAFETY: a null status is allowed.
            unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
        }
    }
    assert_eq!(forks.load(Ordering::Relaxed), 1);
}

fn run(spec: &SandboxSpec, host: &Host<'_>) {
    let mut child = spawn(spec, host, [Stdio::Null; 3]).unwrap();
    assert_eq!(child.wait().unwrap(), Ending::Exited(0));
}
