# What every attempt can use. `INSIDE` is set before.
import ctypes, errno, fcntl, glob, os, platform, signal, socket, stat, subprocess, sys, time

C = ctypes.CDLL(None, use_errno=True)


def name(number):
    return errno.errorcode.get(number, str(number))


def tried(act, *args, **named):
    """`done`, or the errno's name."""
    try:
        act(*args, **named)
    except OSError as error:
        return name(error.errno)
    return 'done'


def each(act, rows):
    """What the rows get, each answer once."""
    return ' '.join(sorted({tried(act, row) for row in rows}))


def call(row, *args):
    """A raw system call."""
    number = CALLS[row][0 if platform.machine() == 'x86_64' else -1]
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    ctypes.set_errno(0)
    result = C.syscall(ctypes.c_long(number), *args)
    return 'done' if result >= 0 else name(ctypes.get_errno())


def readable(path):
    """How much there is to read; 0 when it may not be read."""
    try:
        return len(os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(4096))
    except OSError:
        return 0


def victim():
    """The sandbox's init; outside, a process of ours."""
    if INSIDE:
        return 1
    child = subprocess.Popen(['/bin/sleep', '30'], stdout=subprocess.DEVNULL)
    time.sleep(.05)
    import atexit
    atexit.register(child.kill)
    return child.pid


def field(key, path='/proc/self/status'):
    lines = open(path).read().splitlines()
    return ' '.join(line.split(':', 1)[1].strip() for line in lines if line.startswith(key))


# The kernel's numbers: x86_64, aarch64; one where they agree.
CALLS = {
    'clone': (56, 220), 'ptrace': (101, 117), 'personality': (135, 92), 'pivot_root': (155, 41),
    'prctl': (157, 167), 'chroot': (161, 51), 'mount': (165, 40), 'umount2': (166, 39),
    'add_key': (248, 217), 'keyctl': (250, 219), 'unshare': (272, 97),
    'name_to_handle_at': (303, 264), 'setns': (308, 268), 'process_vm_readv': (310, 270),
    'process_vm_writev': (311, 271), 'kcmp': (312, 272), 'pidfd_send_signal': (424,),
    'open_tree': (428,), 'fsopen': (430,), 'pidfd_open': (434,), 'clone3': (435,),
    'pidfd_getfd': (438,),
}
