//! The seccomp filter in a real kernel: what is refused inside happens (or fails in another way)
//! outside, and real programs work as well inside as outside.
#![expect(
    unsafe_code,
    reason = "a child must load the filter and make raw calls between fork and exit"
)]

#[cfg(test)]
mod child;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod ruled;
