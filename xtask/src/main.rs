//! Development tasks of djanginx: `cargo xtask test` and its parts.

fn main() {}
