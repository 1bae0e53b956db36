//! A child process: one line in, one line out, within a time limit and a size. Knows no protocol.
//!
//! Both ends are read and written without blocking, so a child that does not read, does not
//! answer, or answers without an end costs a stated time and a stated amount of memory.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The longest line that is read, in bytes.
pub(super) const LINE_MAX: usize = 1 << 20;
/// How long a child that closed its output may take to end by itself.
const END: Duration = Duration::from_millis(500);
/// Bytes that are read at a time.
const CHUNK: usize = 16_384;

/// Why a child is of no more use.
#[derive(Debug)]
pub(super) enum Broken {
    /// It ended, or closed its output; the status, if it ended.
    Ended(Option<ExitStatus>),
    /// No whole line came in time.
    Late,
    /// A line has no end within [`LINE_MAX`].
    TooLong,
    /// It said something that nobody asked.
    Unasked(String),
    /// The pipe failed.
    Pipe(io::Error),
}

/// A child process and its two pipes. What it says on its standard error goes to ours.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    said: Vec<u8>,
    /// Bytes at the front of `said` that were handed out.
    taken: usize,
}

impl Child {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// If there is no such program, or it may not be run.
    pub(super) fn start(program: &str, arguments: &[String]) -> io::Result<Child> {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        unblock(&input, &output)?;
        Ok(Child { process, input: Some(input), output, said: Vec::new(), taken: 0 })
    }

    /// Writes a line (with its end) and reads the one that answers it (without).
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being answered by exactly one line. The child is then of no use.
    pub(super) fn exchange(&mut self, line: &[u8], limit: Duration) -> Result<&[u8], Broken> {
        let until = Instant::now() + limit;
        self.said.clear();
        self.taken = 0;
        self.read()?;
        self.expect_silence()?;
        let mut rest = line;
        loop {
            rest = self.write(rest)?;
            if rest.is_empty()
                && let Some(end) = self.said.iter().position(|byte| *byte == b'\n')
            {
                self.taken = end + 1;
                self.expect_silence()?;
                return Ok(self.said[..end].trim_ascii());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Broken::Late);
            }
            let input = self.input.as_ref().filter(|_| !rest.is_empty());
            wait(input, &self.output, left).map_err(Broken::Pipe)?;
            self.read()?;
        }
    }

    /// Writes as much as the pipe takes; returns what is left.
    fn write<'a>(&mut self, rest: &'a [u8]) -> Result<&'a [u8], Broken> {
        let Some(input) = self.input.as_mut().filter(|_| !rest.is_empty()) else { return Ok(rest) };
        match input.write(rest) {
            Ok(count) => Ok(&rest[count..]),
            Err(error) if is_passing(&error) => Ok(rest),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(self.ended()),
            Err(error) => Err(Broken::Pipe(error)),
        }
    }

    /// Reads what there is, at most to the piece in which a line ends: whoever says more says it
    /// before it is asked again, however much that is.
    fn read(&mut self) -> Result<(), Broken> {
        let mut chunk = [0; CHUNK];
        loop {
            match self.output.read(&mut chunk) {
                Ok(0) => return Err(self.ended()),
                Ok(count) => {
                    self.said.extend_from_slice(&chunk[..count]);
                    if chunk[..count].contains(&b'\n') {
                        return Ok(());
                    }
                }
                Err(error) if is_passing(&error) => return Ok(()),
                Err(error) => return Err(Broken::Pipe(error)),
            }
            if self.said.len() > LINE_MAX {
                return Err(Broken::TooLong);
            }
        }
    }

    /// Nothing is there but what was asked for.
    fn expect_silence(&self) -> Result<(), Broken> {
        match &self.said[self.taken..] {
            [] => Ok(()),
            more => Err(Broken::Unasked(String::from_utf8_lossy(more).trim().to_owned())),
        }
    }

    fn ended(&mut self) -> Broken {
        self.input = None;
        let until = Instant::now() + END;
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) => return Broken::Ended(Some(status)),
                Ok(None) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                _ => return Broken::Ended(None),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It keeps nothing that anybody needs: no need to ask it to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// From now on reading and writing at this end returns at once.
#[cfg(unix)]
fn unblock(input: &ChildStdin, output: &ChildStdout) -> io::Result<()> {
    rustix::io::ioctl_fionbio(input, true)?;
    rustix::io::ioctl_fionbio(output, true)?;
    Ok(())
}

/// Waits until there is something to read, or room to write, or the time is over.
#[cfg(unix)]
fn wait(input: Option<&ChildStdin>, output: &ChildStdout, left: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let left = Timespec::try_from(left).map_err(|_| io::Error::other("the limit is too long"))?;
    let output = PollFd::new(output, PollFlags::IN);
    let result = match input {
        Some(input) => poll(&mut [output, PollFd::new(input, PollFlags::OUT)], Some(&left)),
        None => poll(&mut [output], Some(&left)),
    };
    match result {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn unblock(_: &ChildStdin, _: &ChildStdout) -> io::Result<()> {
    Err(io::Error::other("parties as child processes need a Unix"))
}

#[cfg(not(unix))]
fn wait(_: Option<&ChildStdin>, _: &ChildStdout, _: Duration) -> io::Result<()> {
    Err(io::Error::other("parties as child processes need a Unix"))
}
