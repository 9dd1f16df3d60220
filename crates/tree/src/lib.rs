//! A directory tree that somebody hostile owns: every path is resolved beneath a root descriptor, no
//! symbolic link is followed, nothing but regular files is opened.
#![forbid(unsafe_code)]
