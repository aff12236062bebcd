//! Putting files on disk: real files, real links, real deaths.
// clippy.toml excepts tests, but not what they share.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod apply;
mod concurrent;
mod diff;
mod killed;
mod links;
mod properties;
mod refusals;
mod support;
mod undone;
