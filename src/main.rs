//! The `reversim` binary: only calls the command line.
fn main() {}
