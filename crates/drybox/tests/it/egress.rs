//! The way out: what is named can be reached by every program, and nothing else, whatever the
//! payload tries (the rows EG of the catalogue of attempts).
//!
//! Nothing here needs a network: servers and a name server stand on the host's loopback, and that
//! is named where a name may lead there.

mod attempts;
mod bounds;
mod clients;
mod dns;
mod doors;
mod http;
mod peers;
mod process;
mod published;
mod tls;

use drybox_testkit::{Done, Run, TestEnv};
use peers::{Dns, Http};

/// A box with a network, and what is outside.
struct Outside {
    env: TestEnv,
    dns: Dns,
    http: Http,
}

impl Outside {
    /// `good.example` and `other.example` are on loopback; so is `evil.example`, which no test names.
    fn new() -> Self {
        let dns = Dns::new(&[
            ("good.example", "127.0.0.1"),
            ("other.example", "127.0.0.1"),
            ("evil.example", "127.0.0.1"),
        ]);
        Self { env: TestEnv::new(), dns, http: Http::new() }
    }

    /// `drybox run`, with loopback opened at the server's port and `good.example` named there.
    fn allowed(&self) -> Run {
        let port = self.http.port();
        self.run(&[&format!("good.example:{port}"), &format!("127.0.0.1:{port}")])
    }

    /// `drybox run` with these rules.
    fn run(&self, rules: &[&str]) -> Run {
        let run = self.env.drybox().env("DRYBOX_NAME_SERVER", self.dns.address()).arg("run");
        rules.iter().fold(run, |run, rule| run.args(["--allow", rule]))
    }

    /// Runs a Python program in the box of [`Outside::allowed`]; `PORT` is the server's port there.
    fn python(&self, program: &str) -> Done {
        self.allowed().args(["--", "python3", "-c", &self.prelude(program)]).run()
    }

    /// A Python program with what such programs need in front.
    fn prelude(&self, program: &str) -> String {
        let port = self.http.port();
        format!("PORT = {port}\n{}\n{program}", include_str!("egress/prelude.py"))
    }
}
