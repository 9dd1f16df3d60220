//! The host's files: what is not there, what cannot be changed, what a read-only share hides.

use super::{Probe, Scene, held};

const ABSENT: &[Probe] = &[
    held(
        "FS-01",
        "print(each(os.stat, ['/srv', '/mnt', '/boot', '/opt', '/media', '/root', '/sys',
                     '/var/lib', '/var/log', '/var/cache', '/lost+found']))",
        "ENOENT",
    ),
    held("FS-01", "print(os.listdir('/home'))", "['agent']"),
    held("FS-01", "print(each(os.stat, ['{HOME}', '{HOME}/secret']))", "ENOENT"),
    held("FS-01", "print(os.listdir('{WORK}/..'))", "['work']"),
    held(
        "FS-02 FS-03",
        "print(each(os.stat, ['/etc/shadow', '/etc/gshadow', '/etc/fstab', '/etc/machine-id',
                     '/etc/security', '/etc/pam.d', '/etc/cron.d', '/etc/apt',
                     '/etc/ssl/private', '/etc/environment', '/etc/profile']))",
        "ENOENT",
    ),
    held(
        "FS-02",
        "print(*sorted(line.split(':')[0] for line in open('/etc/passwd')))",
        "agent nobody root",
    ),
    held("PS-26 PS-27", "print(tried(os.listdir, '/sys/fs/cgroup'))", "ENOENT"),
    held("FS-11", "print(tried(os.stat, '{WORK}/link'), os.readlink('{WORK}/link'))", SHADOW),
    held(
        "FS-22 FS-23",
        "os.chdir('{WORK}')
for _ in range(40): os.chdir('..')
print(each(os.stat, ['etc/shadow', '/../etc/shadow', '/proc/self/root/../etc/shadow',
                     '/proc/self/cwd/../../etc/shadow', '/proc/self/task/../root/etc/shadow']))",
        "ENOENT",
    ),
    held(
        "FS-32 IP-14",
        "print(any(stat.S_ISSOCK(os.lstat(os.path.join(d, f)).st_mode)
          for top in ('/run', '/tmp', '/var', '/dev', '/home', '/etc') if top != '/var' or INSIDE
          for (d, _, files) in os.walk(top if INSIDE else '{WORK}') for f in files
          if not d.startswith('{WORK}') or not INSIDE))",
        "False",
    ),
];

const SHADOW: &str = "ENOENT /etc/shadow";

const READ_ONLY: &[Probe] = &[
    held(
        "FS-04",
        "print(each(os.rmdir, [d + '/{MARK}' for d in
                      ('', '/usr', '/usr/bin', '/etc', '/etc/ssl/certs', '/home', '/var', '/dev')]))",
        "EROFS",
    ),
    held(
        "FS-04",
        "print(each(lambda path: os.chmod(path, 0o755), ['/usr/bin', '/etc', '/']))",
        "EROFS",
    ),
    held(
        "FS-04",
        "os.chdir('{WORK}')
print(tried(open, 'file', 'r+'), tried(open, 'new', 'x'), tried(os.truncate, 'file', 0))",
        "EROFS EROFS EROFS",
    ),
    held("FS-04", "print(tried(os.chmod, '{WORK}/file', 0o600))", "EROFS"),
    held("FS-04", "print(tried(os.utime, '{WORK}/file', (1, 1)))", "EROFS"),
    held("FS-04", "print(tried(os.chown, '{WORK}/file', os.getuid(), os.getgid()))", "EROFS"),
    held("FS-04 FS-25", "print(tried(os.setxattr, '{WORK}/file', 'user.probe', b'1'))", "EROFS"),
    held("FS-04", "print(tried(os.mkdir, '{WORK}/made'))", "EROFS"),
    held("FS-04", "print(tried(os.symlink, 'x', '{WORK}/symlink'))", "EROFS"),
    held("FS-04", "print(tried(os.link, '{WORK}/file', '{WORK}/hard'))", "EROFS"),
    held("FS-04", "print(tried(os.mkfifo, '{WORK}/pipe'))", "EROFS"),
    held("FS-04", "print(tried(os.rename, '{WORK}/file', '{WORK}/file'))", "EROFS"),
    held("FS-04", "print(tried(os.unlink, '{WORK}/dir/below'))", "EROFS"),
    held(
        "FS-14",
        "print(tried(os.link, '{WORK}/file', '/tmp/hard' if INSIDE else '{HOME}/hard'))",
        "EXDEV",
    ),
    held(
        "FS-27",
        "f = os.open('{WORK}/file', os.O_RDONLY)
print(tried(fcntl.ioctl, f, 0x40086602, (0x80000).to_bytes(8, 'little')))",
        "ENOTTY",
    ),
];

/// What a read-only bind mount would let through (FS-50).
const NOT_A_BIND: &[Probe] = &[
    held(
        "FS-30",
        "s = socket.socket(socket.AF_UNIX)
os.chdir('{WORK}')
print(tried(s.connect, 'socket'))",
        "ECONNREFUSED",
    ),
    held("FS-31", "print(tried(os.open, '{WORK}/fifo', os.O_WRONLY | os.O_NONBLOCK))", "ENXIO"),
    held(
        "FS-42",
        "f = open('{WORK}/locked')
print(tried(fcntl.flock, f, fcntl.LOCK_EX | fcntl.LOCK_NB))",
        "done",
    ),
];

const MOUNTS: &[Probe] = &[
    held("FS-06", "print(call('umount2', b'/{MARK}', 2))", "EPERM").of_root(),
    held("FS-07", "print(call('chroot', b'/'))", "EPERM").of_root(),
    held("FS-07", "print(call('pivot_root', b'/{MARK}', b'/{MARK}'))", "EPERM").of_root(),
    held("FS-05", "print(call('mount', b'none', b'/{MARK}', 0, 0x1020, 0))", "EPERM").of_root(),
    held("FS-08", "print(call('fsopen', 0, 0))", "ENOSYS"),
    held("FS-08", "print(call('open_tree', -100, b'/', 0))", "ENOSYS"),
    held("FS-10", "print(call('name_to_handle_at', -100, b'/', 0, 0, 0))", "EPERM"),
    held(
        "FS-26 DV-08",
        "d = '/tmp' if INSIDE else '{HOME}'
print(*[tried(os.mknod, f'{d}/{mode}', mode, os.makedev(1, 3)) for mode in (0o20600, 0o60600)])",
        "EPERM EPERM",
    )
    .of_root(),
    held(
        "FS-04 DV-08 FS-28",
        "for line in sorted(open('/proc/self/mountinfo'), key=lambda l: l.split()[4]):
    f = line.split()
    if f[4] in ('/', '/usr', '/tmp', '/run', '/home/agent', '/dev/shm', '/dev/pts', '/dev/null',
                '/proc', '/proc/keys', '/proc/bus', '{WORK}'):
        kept = [o for o in f[5].split(',') if o not in ('relatime', 'idmapped')]
        print(f[4].replace('{WORK}', 'WORK'), *kept)",
        "/ ro nosuid nodev noexec
/dev/null ro nosuid
/dev/pts rw nosuid noexec
/dev/shm rw nosuid nodev
/home/agent rw nosuid nodev
/proc ro nosuid nodev noexec
/proc/bus ro nosuid nodev noexec
/proc/keys ro nosuid
/run rw nosuid nodev
/tmp rw nosuid nodev
/usr ro nosuid nodev
WORK rw nosuid nodev",
    ),
    held(
        "PS-13 IL-05",
        "rows = [line.split() for line in open('/proc/self/mountinfo')]
print(*[f[3] + ' ' + ' '.join(f[f.index('-') + 1:][:2]) for f in rows
        if f[4] == ('{WORK}' if INSIDE else '/')])",
        "/ overlay none",
    ),
    held(
        "PS-13 IL-05",
        "text = open('/proc/self/mountinfo').read() + open('/proc/self/mountstats').read()
print('{HOME}' in text, 'upperdir' in text, text.count('{WORK}'),
      set(w.split(':')[0] for w in text.replace(',', ' ').split() if w.startswith('lowerdir')))",
        "False True 2 {'lowerdir=/dev'}",
    ),
];

#[test]
fn the_hosts_files_are_not_there() {
    Scene::new().expect_all(ABSENT);
}

#[test]
fn what_is_there_cannot_be_changed() {
    Scene::new().with(&["--workspace", "ro"]).expect_all(READ_ONLY);
}

#[test]
fn a_read_only_share_leads_to_no_process_of_the_host() {
    Scene::new().expect_all(NOT_A_BIND);
    Scene::new().with(&["--workspace", "ro"]).expect_all(NOT_A_BIND);
}

#[test]
fn mounts_stand_as_designed_and_cannot_be_moved() {
    Scene::new().expect_all(MOUNTS);
}
