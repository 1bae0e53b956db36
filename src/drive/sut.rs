//! Somebody else's system as processes of this machine: started, killed as by a loss of power, and
//! put back to where it began, by commands that its owner gives. What it says is next door.

use super::DriveError;
use super::books;
use super::wired::Owner;
use reversim_models::node::Posting;
use std::io::{ErrorKind, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a system may take until it accepts connections, or to be reset.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Bytes that a command prints, at most.
const PRINTED_MAX: u64 = 16 << 20;

/// How long a killed system may still accept connections.
const GONE_LIMIT: Duration = Duration::from_secs(2);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// How a system under test is started and put back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Commands {
    /// Starts it, and runs as long as it does. Killed (SIGKILL) where power fails.
    pub start: Option<String>,
    /// Puts it back to where it began: run before each run, while it is not running if there is a
    /// `start`.
    pub reset: Option<String>,
    /// Prints its books, at the end of the business day: a line for each movement of money, as JSON
    /// (`{"card": "6224…", "amount": 50000, "reference": "053012000001"}`) or as CSV with a header.
    /// The amount is in minor units, taken from the cardholder if more than 0; the reference is
    /// element 37 of the transaction (of a reversal, that of what it reverses), or left out.
    pub books: Option<String>,
}

/// The process group of the system that runs, or 0: what an interrupted campaign leaves behind.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Kills the system that is running, if one is. For whoever is interrupted.
pub fn kill_running() {
    kill_group(RUNNING.swap(0, Ordering::SeqCst));
}

/// The system, running or not.
pub(super) struct Process<'a> {
    commands: &'a Commands,
    /// Where it accepts connections, once it does.
    addresses: Vec<String>,
    host: usize,
    child: Option<Child>,
}

impl<'a> Process<'a> {
    /// Puts the system back and starts it.
    pub(super) fn begin(
        commands: &'a Commands,
        addresses: Vec<String>,
        host: usize,
    ) -> Result<Process<'a>, DriveError> {
        let mut process = Process { commands, addresses, host, child: None };
        process.reset()?;
        process.start()?;
        Ok(process)
    }

    fn reset(&mut self) -> Result<(), DriveError> {
        let Some(reset) = &self.commands.reset else { return Ok(()) };
        succeed("reset", reset, &mut shell(reset, Stdio::null())?)
    }

    fn start(&mut self) -> Result<(), DriveError> {
        if let Some(start) = &self.commands.start {
            self.nobody_is_there()?;
            let child = shell(start, Stdio::null())?;
            RUNNING.store(child.id(), Ordering::SeqCst);
            self.child = Some(child);
        }
        let begun = Instant::now();
        for address in &self.addresses {
            while !accepts(address) {
                if let Some(child) = &mut self.child
                    && let Ok(Some(status)) = child.try_wait()
                {
                    return Err(DriveError::new(format_args!(
                        "the system ended before it accepted connections at {address}: {status}"
                    )));
                }
                if self.child.is_none() || begun.elapsed() > START_LIMIT {
                    return Err(DriveError::new(format_args!(
                        "nobody accepts connections at {address}"
                    )));
                }
                sleep(LOOK);
            }
        }
        Ok(())
    }

    /// Whoever was killed needs a moment to be gone; whoever stays is not the system to be started.
    fn nobody_is_there(&self) -> Result<(), DriveError> {
        let begun = Instant::now();
        for address in &self.addresses {
            while accepts(address) {
                if begun.elapsed() > GONE_LIMIT {
                    return Err(DriveError::new(format_args!(
                        "somebody accepts connections at {address} before the system is started"
                    )));
                }
                sleep(LOOK);
            }
        }
        Ok(())
    }

    /// How it ended, if it did without being told to.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        Some(status.to_string())
    }
}

impl Owner for Process<'_> {
    fn has_power_switch(&self, host: usize) -> bool {
        host == self.host && self.commands.start.is_some()
    }

    fn switch(&mut self, host: usize, is_on: bool) -> Result<(), DriveError> {
        if !self.has_power_switch(host) {
            return Ok(());
        }
        match is_on {
            true => self.start(),
            false => {
                self.child.take().iter_mut().for_each(kill);
                Ok(())
            }
        }
    }

    fn postings(&mut self, host: usize) -> Result<Option<Vec<Posting>>, DriveError> {
        let command = self.commands.books.clone().filter(|_| host == self.host);
        // What it did before it ended by itself is judged without its books.
        let Some(command) = command.filter(|_| self.ended().is_none()) else { return Ok(None) };
        let postings = books::parse(&printed(&command)?).map_err(|what| {
            DriveError::new(format_args!("what the books command `{command}` prints: {what}"))
        })?;
        Ok(Some(postings))
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        self.child.take().iter_mut().for_each(kill);
    }
}

/// What a command prints.
fn printed(command: &str) -> Result<Vec<u8>, DriveError> {
    let mut child = shell(command, Stdio::piped())?;
    let output = child.stdout.take().map(|output| output.take(PRINTED_MAX + 1));
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        output.map_or(Ok(0), |mut output| output.read_to_end(&mut bytes)).map(|_| bytes)
    });
    let succeeded = succeed("books", command, &mut child);
    let begun = Instant::now();
    while !reader.is_finished() {
        if begun.elapsed() > GONE_LIMIT {
            return succeeded.and(Err(DriveError::new(format_args!(
                "the books command `{command}` ended, and left something behind that holds its \
                 output open"
            ))));
        }
        sleep(LOOK);
    }
    let bytes = reader.join().unwrap_or_else(|_| Err(ErrorKind::Other.into()));
    let bytes = bytes.map_err(|error| {
        DriveError::new(format_args!("cannot read what `{command}` prints: {error}"))
    })?;
    if bytes.len() as u64 > PRINTED_MAX {
        return Err(DriveError::new(format_args!(
            "the books command `{command}` prints more than {PRINTED_MAX} bytes"
        )));
    }
    succeeded.map(|()| bytes)
}

/// Waits until a command has ended, and well.
fn succeed(what: &str, command: &str, child: &mut Child) -> Result<(), DriveError> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                return Err(DriveError::new(format_args!(
                    "the {what} command `{command}` failed: {status}"
                )));
            }
            Ok(None) if begun.elapsed() < START_LIMIT => sleep(LOOK),
            _ => {
                kill(child);
                return Err(DriveError::new(format_args!(
                    "the {what} command `{command}` did not end within {START_LIMIT:?}"
                )));
            }
        }
    }
}

/// A command in a process group of its own, so that all of it can be killed.
fn shell(command: &str, output: Stdio) -> Result<Child, DriveError> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(output);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    shell.spawn().map_err(|error| DriveError::new(format_args!("cannot run `{command}`: {error}")))
}

fn kill(child: &mut Child) {
    // Once it is waited for, its number may be another's.
    let _ = RUNNING.compare_exchange(child.id(), 0, Ordering::SeqCst, Ordering::SeqCst);
    kill_group(child.id());
    let _ = child.kill();
    let _ = child.wait();
}

fn kill_group(number: u32) {
    // It may be gone already, which is as well.
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(number.cast_signed()) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

fn accepts(address: &str) -> bool {
    let Ok(mut addresses) = address.to_socket_addrs() else { return false };
    addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
}
