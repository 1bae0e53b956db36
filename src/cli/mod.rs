//! The command line: arguments in, text or JSON out, an exit status. All input and output is here.

mod arguments;
mod cases;
mod decode;
mod disk;
mod everything;
mod explain;
mod explore;
mod interrupt;
mod judged;
mod keep;
mod live;
mod meeting;
mod merge;
mod output;
mod players;
mod progress;
mod proxy;
mod prune;
mod recorded;
mod replay;
mod run;
mod search;
mod searched;
mod serve;
mod shrink;
mod states;
mod store;
mod zoo;

use crate::exit::{Exit, Failure};
use arguments::{Cli, Command};
use clap::Parser;
use output::Output;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Parses the arguments, does what they say, and turns every ending into a status.
pub(crate) fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panic");
        let text = text.lines().next().unwrap_or_default();
        output::complain(&format!("internal error{}: {text}", place.unwrap_or_default()));
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Holds }.into();
        }
    };
    // Nothing half-changed is used after a panic: the process ends.
    match catch_unwind(AssertUnwindSafe(|| dispatch(cli))) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            output::complain(&failure.to_string());
            failure.exit.into()
        }
        Err(_) => Exit::Internal.into(),
    }
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let output = Output::new(cli.format);
    if let Some(parties) = cli.command.as_ref().and_then(Command::parties) {
        players::hire(parties)?;
    }
    match cli.command {
        None => everything::everything(&output),
        Some(Command::Run(arguments)) => run::run(&arguments, &output),
        Some(Command::Search(arguments)) => search::search(&arguments, &output),
        Some(Command::Merge(arguments)) => merge::merge(&arguments, &output),
        Some(Command::Explore(arguments)) => explore::explore(&arguments, &output),
        Some(Command::Replay(arguments)) => replay::replay(&arguments, &output),
        Some(Command::Shrink(arguments)) => shrink::shrink(&arguments, &output),
        Some(Command::Zoo(arguments)) => zoo::zoo(&arguments, &output),
        Some(Command::Serve(arguments)) => serve::serve(&arguments, &output),
        Some(Command::Live(arguments)) => live::live(&arguments, &output),
        Some(Command::Proxy(arguments)) => proxy::proxy(&arguments, &output),
        Some(Command::Decode(arguments)) => decode::decode(&arguments, &output),
        Some(Command::Explain(arguments)) => explain::explain(&arguments, &output),
    }
}
