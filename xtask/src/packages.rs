//! Programs that the tests need, beside Rust and a C compiler.

/// A program, the Debian package that brings it, and who needs it.
pub(crate) struct Peer {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) const PEERS: &[Peer] = &[
    Peer {
        program: "bwrap",
        package: "bubblewrap",
        why: "the peer of the bench and of comparisons",
    },
    Peer { program: "bash", package: "bash", why: "an interactive shell in the box" },
    Peer { program: "curl", package: "curl", why: "what a program without a network says" },
    Peer {
        program: "gcc",
        package: "gcc",
        why: "builds a C project inside; small helper programs",
    },
    Peer { program: "gdb", package: "gdb", why: "ptrace within a box" },
    Peer { program: "git", package: "git", why: "works in the workspace" },
    Peer {
        program: "gpg",
        package: "gnupg",
        why: "the shell tool among the projects keeps secrets with it",
    },
    Peer { program: "jq", package: "jq", why: "reads --json as a stranger would" },
    Peer { program: "less", package: "less", why: "terminal: a pager" },
    Peer { program: "make", package: "make", why: "builds a C project inside" },
    Peer { program: "man", package: "man-db", why: "reads the manual pages inside" },
    Peer { program: "node", package: "nodejs", why: "JavaScript projects, a REPL" },
    Peer { program: "npm", package: "npm", why: "JavaScript projects" },
    Peer { program: "pip", package: "python3-pip", why: "Python projects" },
    Peer {
        program: "openssl",
        package: "openssl",
        why: "a TLS server with a certificate of its own",
    },
    Peer { program: "ps", package: "procps", why: "lists the processes of a box" },
    Peer { program: "python3", package: "python3", why: "Python projects, a REPL" },
    Peer { program: "script", package: "bsdutils", why: "terminal: a pty inside a pty" },
    Peer { program: "setpriv", package: "util-linux", why: "starts the tests as another user" },
    Peer { program: "socat", package: "socat", why: "sockets of every family" },
    Peer { program: "strace", package: "strace", why: "counts system calls, makes them fail" },
    Peer { program: "tmux", package: "tmux", why: "terminal: a multiplexer" },
    Peer {
        program: "tree",
        package: "tree",
        why: "the shell tool among the projects lists with it",
    },
    Peer { program: "unshare", package: "util-linux", why: "the control of namespace tests" },
    Peer { program: "useradd", package: "passwd", why: "makes the test user" },
    Peer { program: "vim", package: "vim", why: "terminal: a full-screen editor" },
];
