//! What a worker gives up, asked from inside of one.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;

use drybox_jail::{confine, worker};
use rustix::pipe::{PipeFlags, pipe_with};

/// `BPF_RET | BPF_K` with `SECCOMP_RET_ALLOW` (linux/filter.h, linux/seccomp.h).
const LETS_EVERYTHING_THROUGH: [libc::sock_filter; 1] =
    [libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 }];

#[test]
fn a_confined_worker_opens_no_file_even_where_no_filter_refuses_it() {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let worker = worker(&[write.as_fd()], || {
        let opens = || u8::from(File::open("/etc/passwd").is_ok());
        let before = opens();
        let confined = u8::from(confine(&LETS_EVERYTHING_THROUGH).is_ok());
        rustix::io::write(&write, &[before, confined, opens()]).ok();
    })
    .unwrap();
    drop(write);
    let mut told = Vec::new();
    File::from(read).read_to_end(&mut told).unwrap();
    worker.wait();
    assert_eq!(told, [1, 1, 0]);
}
