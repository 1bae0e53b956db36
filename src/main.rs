//! The `reversim` binary: only calls the command line.

mod cli;
mod exit;

/// A run is many small, short-lived values; this allocator makes it about an eighth cheaper than
/// the system's. Only the binary chooses it: the library leaves that to its users.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
