//! The only way out of a sandbox: DNS answers, the host allowlist, the relay.
#![forbid(unsafe_code)]
