//! The `reversim` binary: only calls the command line.

mod cli;
mod exit;

fn main() -> std::process::ExitCode {
    cli::main()
}
