//! `/proc` and `/dev`: what they tell, and what can be written.

use super::{Probe, Scene, held};

const PROC: &[Probe] = &[
    held("PS-01", "print(len([p for p in os.listdir('/proc') if p.isdigit()]))", "2"),
    held(
        "PS-03",
        "pid = victim()
print(each(lambda f: open(f'/proc/{pid}/{f}', 'rb').read(64),
           ['maps', 'environ', 'auxv', 'smaps_rollup', 'io'] + ['mem', 'stack'] * INSIDE),
      each(lambda f: os.readlink(f'/proc/{pid}/{f}'), ['exe', 'cwd', 'root', 'ns/mnt', 'ns/net']),
      each(lambda f: os.listdir(f'/proc/{pid}/{f}'), ['fd', 'map_files', 'cwd', 'root']))",
        "EACCES EACCES EACCES",
    ),
    held(
        "PS-03",
        "pid = victim()
print(*[open(f'/proc/{pid}/{f}').read().strip().strip(chr(0)) for f in ('cmdline', 'comm')])",
        "drybox-init drybox-init",
    ),
    held(
        "PS-03",
        "pid = victim()
print(field('NSpid', f'/proc/{pid}/status'), field('PPid', f'/proc/{pid}/status'))",
        "1 0",
    ),
    held(
        "PS-04 PS-05 PS-06 PS-07 PS-21",
        "skip = {'fd', 'fdinfo', 'map_files', 'task', 'ns', 'cwd', 'root', 'exe', 'net'}
opened = []
for top in ('/proc', '/proc/self') if INSIDE else ('/proc/self',):
    for (d, below, files) in os.walk(top):
        below[:] = [b for b in below if b not in skip and not b.isdigit()]
        for path in (os.path.join(d, f) for f in files):
            if stat.S_ISREG(os.lstat(path).st_mode):
                try: os.close(os.open(path, os.O_WRONLY))
                except OSError: continue
                opened.append(path)
print(opened)",
        "[]",
    ),
    held(
        "PS-04 PS-15",
        "print(each(lambda f: os.open('/proc/self/' + f, os.O_WRONLY),
           ['uid_map', 'gid_map', 'setgroups', 'oom_score_adj', 'attr/exec', 'mem']))",
        "EROFS",
    ),
    held("PS-05", "print(tried(os.rmdir, '/proc/{MARK}'))", "EROFS"),
    held(
        "PS-08 PS-09 PS-10 PS-11 PS-12 PS-29 PS-30",
        "# kmsg only inside: for root it blocks, and takes away what others would read.
print([p for p in ('kmsg ' * INSIDE + 'kcore keys key-users timer_list sched_debug latency_stats acpi scsi '
    'asound bus irq fs driver interrupts softirqs cmdline config.gz modules slabinfo vmallocinfo '
    'pagetypeinfo kpagecount kpageflags pressure sys/kernel/random/boot_id').split()
    if readable('/proc/' + p)])",
        "[]",
    ),
    held("PS-08", "print({l.split()[0].strip('0') for l in open('/proc/kallsyms')})", "{''}")
        .of_root(),
    held(
        "PS-14",
        "ours = str(os.stat('{WORK}/locked').st_ino)
print(any(f':{ours} ' in line for line in open('/proc/locks')))",
        "False",
    ),
    held("PS-24", "print('{MARK}' in open('/proc/net/unix').read())", "False"),
    held("PS-24", "print(f':{int(\"{PORT}\"):04X} ' in open('/proc/net/tcp').read())", "False"),
    held(
        "PS-24 NT-06",
        "print(*[l.split(':')[0].strip() for l in open('/proc/net/dev')][2:],
      len(open('/proc/net/route').readlines()), len(open('/proc/net/arp').readlines()))",
        "lo 1 1",
    ),
];

const DEV: &[Probe] = &[
    held(
        "DV-01 DV-06",
        "print(*sorted(os.listdir('/dev')), *os.listdir('/dev/shm'),
      '|', *os.listdir('/dev/pts'))",
        "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero | ptmx",
    ),
    held(
        "DV-02 DV-03 DV-04 DV-05",
        "print(each(os.stat, ['/dev/' + d for d in '''mem kmem port kmsg fuse net/tun kvm vsock
    userfaultfd loop-control mapper/control sda vda nvme0n1 uinput input dri snd rtc0 hpet
    cpu_dma_latency console tty0 ttyS0 log'''.split()]))",
        "ENOENT",
    ),
    held("DV-11", "print(tried(os.chmod, '/dev/null', 0o666))", "EROFS"),
    held("DV-11", "print(tried(os.rmdir, '/dev/{MARK}'))", "EROFS"),
];

#[test]
fn proc_tells_of_the_sandbox_and_is_read_only() {
    Scene::new().expect_all(PROC);
}

#[test]
fn only_harmless_devices_are_there() {
    Scene::new().expect_all(DEV);
}
