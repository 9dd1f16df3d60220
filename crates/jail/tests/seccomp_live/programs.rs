//! Real programs say the same inside the filter as outside.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};

use crate::child::{Side, load};

/// Runs the script on both sides, each in a directory of its own, and compares.
fn works(needs: &[&str], script: &str) {
    for program in needs {
        let found = sh(Side::Outside, &format!("command -v {program}"), ".").status.success();
        assert!(found, "this test needs {program}: install it");
    }
    let [outside, inside] = [Side::Outside, Side::Inside].map(|side| {
        let directory = tempfile::tempdir().unwrap();
        sh(side, script, directory.path().to_str().unwrap())
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(outside.status.success(), "no control: {}", text(&outside.stderr));
    assert!(!outside.stdout.is_empty(), "the script must show what it did");
    assert!(inside.status.success(), "{:?}: {}", inside.status, text(&inside.stderr));
    assert_eq!(text(&inside.stdout), text(&outside.stdout), "{}", text(&inside.stderr));
}

fn sh(side: Side, script: &str, directory: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(directory).stdin(Stdio::null());
    command.env_remove("CARGO_TARGET_DIR").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("npm_config_cache", format!("{directory}/cache"));
    if side == Side::Inside {
        // SAFETY: the closure makes two system calls, and touches no lock and no heap.
        unsafe { command.pre_exec(load) };
    }
    command.output().unwrap()
}

mod both {
    use super::*;

    #[test]
    fn shell_and_core_tools() {
        works(
            &["sort", "find", "tar", "gzip", "cp", "stty", "ps"],
            "seq 1 200000 | sort -R | sort -un --parallel=2 -S 1M | tail -n 1
             mkdir a; echo x > a/b; cp --reflink=auto -a a c; ln -s b a/l; mkfifo a/f; mknod a/g p
             tar czf t.tgz a; mkdir d; tar xzf t.tgz -C d; find d | sort
             chmod 600 a/b; touch -d 2001-01-01 a/b; stat -c '%a %Y' a/b; chown $(id -u) a/b
             nice -n 1 true; ulimit -c 0; sync a/b; ps -o comm= -p $$; kill -0 $$; df . > /dev/null",
        );
    }

    #[test]
    fn git() {
        works(
            &["git"],
            "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
             git init -q g; cd g; echo a > a; git add .; git commit -qm first; git checkout -qb other
             git worktree add -q ../w -b third; git clone -q . ../h; git gc -q; git fsck
             git -C ../h log --format=%s; git grep a; git status --short --branch",
        );
    }

    #[test]
    fn compiler_make_and_debuggers() {
        works(
            &["cc", "make", "gdb", "strace"],
            r#"printf '#include <stdio.h>\n#include <pthread.h>\nvoid *f(void *p) { return p; }\nint main(void) { pthread_t t; pthread_create(&t, 0, f, 0); pthread_join(t, 0); puts("hi"); }\n' > m.c
             printf 'm: m.o\n\tcc -g -o m m.o -pthread\nm.o: m.c\n\tcc -g -c m.c\n' > Makefile
             make -s -j2; ./m
             gdb -nx -batch -ex 'break f' -ex run -ex 'info breakpoints' -ex c ./m 2> /dev/null | grep -c -E 'Breakpoint 1,|hit 1 time|exited normally'
             strace -f -o log ./m; grep -c -E 'clone|exited with 0' log > /dev/null"#,
        );
    }

    #[test]
    fn python() {
        works(&["python3"], &format!("cat > t.py <<'E'\n{PYTHON}\nE\npython3 t.py"));
    }

    #[test]
    fn node() {
        works(&["node"], &format!("cat > t.js <<'E'\n{NODE}\nE\nnode t.js"));
    }

    #[test]
    fn npm() {
        works(
            &["npm"],
            r#"mkdir lib app
             echo '{"name":"lib","version":"1.0.0","main":"i.js"}' > lib/package.json
             echo 'module.exports = 7' > lib/i.js
             echo '{"name":"app","version":"1.0.0","scripts":{"test":"node t.js"}}' > app/package.json
             echo 'console.log(require("lib"))' > app/t.js
             cd app; npm install --offline --no-audit --silent ../lib; npm test --silent; npm pack --silent"#,
        );
    }

    #[test]
    fn java() {
        let flags = ["-XX:+UseSerialGC", "-XX:+UseNUMA -XX:+UseParallelGC", "-XX:+UseZGC"];
        let runs = flags.map(|flags| format!("java {flags} -Xmx64m M\n")).concat();
        works(&["java", "javac"], &format!("cat > M.java <<'E'\n{JAVA}\nE\njavac M.java\n{runs}"));
    }
}

/// Rust's tool chain stands under the home of whoever built this test.
mod root_only {
    use super::*;

    #[test]
    fn cargo() {
        works(
            &["cargo"],
            r#"mkdir -p c/src; cd c; printf '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n' > Cargo.toml
             echo '#[test] fn t() { std::thread::spawn(|| std::process::Command::new("true").status().unwrap()).join().unwrap(); }' > src/lib.rs
             cargo test --offline -q --lib > log 2>&1 || { cat log >&2; false; }; grep -c '1 passed' log"#,
        );
    }
}

const PYTHON: &str = "
import asyncio, fcntl, mmap, multiprocessing as mp, multiprocessing.shared_memory as sm, os, pty
import resource, select, signal, socket, sqlite3, subprocess, threading
def square(x): return x * x
async def serve():
    process = await asyncio.create_subprocess_exec('true')
    print('child', await process.wait())
    server = await asyncio.start_server(lambda r, w: (w.write(b'x'), w.close()), '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    print(await reader.read()); writer.close(); server.close()
if __name__ == '__main__':
    with mp.get_context('spawn').Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
    with mp.get_context('fork').Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
    shared = sm.SharedMemory(create=True, size=4096); shared.close(); shared.unlink()
    asyncio.run(serve())
    print([name for _, name in socket.if_nameindex()][0], len(socket.getaddrinfo('127.0.0.1', 80)))
    a, b = socket.socketpair(); a.sendmsg([b'x']); print(b.recv(1))
    with open('f', 'w+b') as f:
        os.posix_fallocate(f.fileno(), 0, 4096); fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_EX)
        os.fsync(f.fileno()); mmap.mmap(f.fileno(), 0).flush()
    db = sqlite3.connect('db'); db.execute('pragma journal_mode=wal'); db.execute('create table t(a)'); db.commit()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    print(os.memfd_create('m') > 0, os.pidfd_open(os.getpid()) > 0, pty.spawn(['true']))
    t = threading.Thread(target=lambda: None); t.start(); t.join()
    signal.setitimer(signal.ITIMER_REAL, 100); signal.alarm(0); os.sched_setaffinity(0, os.sched_getaffinity(0))
";

const NODE: &str = "
const os = require('os'), cp = require('child_process'), fs = require('fs'), net = require('net');
const http = require('http'), dgram = require('dgram'), { Worker } = require('worker_threads');
console.log(Object.keys(os.networkInterfaces()).length > 0, os.cpus().length > 0, cp.execSync('echo hi') + '');
fs.writeFileSync('a', 'x'); fs.copyFileSync('a', 'b', fs.constants.COPYFILE_FICLONE); fs.watch('.').close();
fs.utimesSync('b', 1, 1); console.log(fs.readFileSync('b', 'utf8'), fs.statSync('b').mtimeMs);
new Worker('1', { eval: true }).on('exit', code => {
  console.log('worker', code);
  const server = http.createServer((q, r) => r.end('ok')).listen(0, '127.0.0.1', () =>
    http.get({ port: server.address().port, host: '127.0.0.1' }, r => {
      r.on('data', d => console.log(d + '')); r.on('end', () => server.close(sockets)); }));
});
function sockets() {
  const udp = dgram.createSocket('udp4'); udp.bind(0, () => udp.close());
  const unix = net.createServer(s => s.end()).listen('s', () =>
    net.connect('s').on('close', () => unix.close(() => console.log('closed'))).resume());
  cp.fork('-e', [], { execArgv: ['-e', 'process.send(1)'] }).on('message', m => console.log('ipc', m));
}
";

const JAVA: &str = r#"
import java.net.*; import java.nio.file.*; import java.util.*;
public class M { public static void main(String[] a) throws Exception {
  for (NetworkInterface n : Collections.list(NetworkInterface.getNetworkInterfaces())) { n.isUp(); n.getMTU(); n.getHardwareAddress(); n.getInterfaceAddresses(); }
  System.out.println(NetworkInterface.getByName("lo").getName());
  ServerSocket s = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); Socket c = new Socket(s.getInetAddress(), s.getLocalPort()); s.accept().close(); c.close();
  System.out.println(new ProcessBuilder("true").start().waitFor());
  WatchService w = FileSystems.getDefault().newWatchService(); Path.of(".").register(w, StandardWatchEventKinds.ENTRY_CREATE); w.close();
  Thread t = new Thread(() -> {}); t.start(); t.join(); System.gc();
  var d = java.nio.channels.DatagramChannel.open(); d.bind(null); d.close(); var l = java.nio.channels.Selector.open(); l.selectNow(); l.close();
  System.out.println(Files.readString(Path.of("M.java")).length() > 0);
} }
"#;
