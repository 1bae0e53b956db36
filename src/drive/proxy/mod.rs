//! A proxy between two real endpoints: passes everything on, does to messages what its script says,
//! and tells a watcher everything it sees. It is no judge: what it cannot read goes on untouched.
//!
//! All of it runs in one thread. Time is tokio's, so tests may pause it, and a connection is
//! whatever reads and writes bytes ([`Stream`]).

mod desk;
mod keys;
mod pump;
mod recorder;
mod script;
mod splitter;
mod watch;

pub use keys::Keys;
pub use recorder::{Counts, Watcher};
pub use script::{Edit, Hold, MacAfter, Objection, Place, Script};

use crate::file::recording::{Ending, Head};
use crate::party::Party;
use desk::Desk;
use keys::Ring;
use pump::{Pump, Shared};
use recorder::{Recorder, Way};
use reversim_models::iso8583::Dialect;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use watch::{Pulse, Stop, reason, watch};

/// Connections at once, at most; others wait until they are taken.
const CONNECTIONS_MAX: usize = 1_000;

/// One connection, at one end of the proxy.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Makes that the other side sees a broken connection when this one is dropped, and not one
    /// that was closed in order. Where that cannot be, nothing happens.
    fn break_off(&self) {}
}

impl Stream for TcpStream {
    fn break_off(&self) {
        // If it cannot be set, the connection is closed in order: a milder fault.
        let _ = self.set_zero_linger();
    }
}

impl Stream for DuplexStream {}

/// What a proxy stands between, and what it does there.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who connects, and to whom: the names that scripts and histories use.
    pub between: (Party, Party),
    /// What they speak.
    pub dialect: &'static Dialect,
    /// What is done to whom.
    pub script: Script,
    /// Keys of the line, for who edits.
    pub keys: Option<Keys>,
    /// How long a connection may take to come about, and either end may be silent unremarked.
    pub patience: Duration,
}

impl Config {
    /// The head of a file with the history of this proxy.
    pub fn head(&self) -> Head {
        let (left, right) = self.between;
        Head { faults: self.script.words(), ..Head::new("proxy", vec![left, right]) }
    }
}

/// A proxy. Clones are the same proxy.
#[derive(Clone)]
pub struct Proxy {
    shared: Shared,
    begun: Instant,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy whose time begins now.
    ///
    /// # Errors
    ///
    /// An entry of the script that cannot be played between these two.
    pub fn new(config: Config, watcher: Box<dyn Watcher>) -> Result<Proxy, Objection> {
        let Config { between: (left, right), dialect, script, keys, patience } = config;
        script.check(&Place { left, right, dialect, has_key: keys.is_some() })?;
        let recorder = Recorder::new([left, right], dialect, watcher);
        let desk = Desk::new(recorder, Ring::new(keys, dialect), script);
        let (desk, wake) = (Rc::new(RefCell::new(desk)), Rc::new(Notify::new()));
        let shared = Shared { desk, wake, dialect, patience };
        Ok(Proxy { shared, begun: Instant::now() })
    }

    /// How much passed.
    pub fn counts(&self) -> Counts {
        self.shared.desk.borrow().recorder.counts
    }

    /// The entries of the script that did not fire, by number, from 0.
    pub fn idle(&self) -> Vec<usize> {
        self.shared.desk.borrow().idle()
    }

    fn say(&self, sentence: &str) {
        self.shared.desk.borrow_mut().recorder.say(Way::THERE, sentence);
    }

    fn ends(&self) -> [Party; 2] {
        self.shared.desk.borrow().recorder.ends
    }

    /// Takes connections and joins each with one of its own to `to`, a host and a port, until
    /// `stop` is there. Whatever is under way then is broken off, and what was held is lost.
    ///
    /// Runs in a [`tokio::task::LocalSet`].
    pub async fn serve(&self, listener: TcpListener, to: String, stop: impl Future<Output = ()>) {
        let mut connections = JoinSet::new();
        let mut links = 0;
        let clock = self.clock();
        tokio::pin!(stop, clock);
        let mut is_timed = true;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = &mut clock, if is_timed => is_timed = false,
                Some(_) = connections.join_next() => {}
                taken = listener.accept(), if connections.len() < CONNECTIONS_MAX => match taken {
                    Ok((stream, from)) => {
                        links += 1;
                        let (proxy, to) = (self.clone(), to.clone());
                        self.say(&format!("connection {links} from {from}"));
                        connections.spawn_local(async move { proxy.join(links, stream, to).await });
                    }
                    Err(error) => {
                        self.say(&format!("a connection could not be taken: {}", reason(&error)));
                        sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        connections.shutdown().await;
    }

    /// Begins the faults that the clock begins, at their times.
    pub async fn clock(&self) {
        let timed = self.shared.desk.borrow().timed();
        for (entry, ms) in timed {
            let at = self.begun + Duration::from_millis(ms);
            if Instant::now() < at {
                sleep_until(at).await;
            }
            self.shared.desk.borrow_mut().begin(entry, Instant::now());
        }
    }

    /// Joins a connection that was taken with one to the other end.
    async fn join(&self, link: u32, left: TcpStream, to: String) {
        let [_, right] = self.ends();
        let refusal = match self.is_cut() {
            true => Some("the script lets no connection come about".to_owned()),
            false => match timeout(self.shared.patience, TcpStream::connect(&to)).await {
                Ok(Ok(stream)) => {
                    // Small messages must not wait for one another.
                    let _ = (left.set_nodelay(true), stream.set_nodelay(true));
                    return self.carry(link, left, stream).await;
                }
                Ok(Err(error)) => {
                    Some(format!("{right} at {to} does not take it: {}", reason(&error)))
                }
                Err(_) => {
                    let ms = self.shared.patience.as_millis();
                    Some(format!("{right} at {to} has not taken it within {ms} ms"))
                }
            },
        };
        left.break_off();
        self.shared.desk.borrow_mut().recorder.no_line();
        self.say(&format!("connection {link}: {}", refusal.unwrap_or_default()));
    }

    fn is_cut(&self) -> bool {
        let (desk, now) = (self.shared.desk.borrow(), Instant::now());
        [Way::THERE, Way::BACK].into_iter().any(|way| desk.is_cut(way, now))
    }

    /// Carries everything between two connections until both ends have closed, or one broke.
    pub async fn carry<A: Stream, B: Stream>(&self, link: u32, left: A, right: B) {
        let shared = &self.shared;
        {
            let recorder = &mut shared.desk.borrow_mut().recorder;
            recorder.counts.connections += 1;
            recorder.up(link);
        }
        let mut standing = Standing { shared, link, ending: Ending::Closed };
        let (mut left_reads, mut left_writes) = split(left);
        let (mut right_reads, mut right_writes) = split(right);
        let pulse = Rc::new(Pulse::new());
        let pump = |way| Pump::new(shared.clone(), Rc::clone(&pulse), way, link);
        let (mut there, mut back) = (pump(Way::THERE), pump(Way::BACK));
        let both = async {
            let there = there.run(&mut left_reads, &mut right_writes);
            let back = back.run(&mut right_reads, &mut left_writes);
            tokio::try_join!(there, back).map(|_| ())
        };
        let ended = tokio::select! {
            biased;
            ended = both => ended,
            stop = watch(shared, &pulse, link) => Err(stop),
        };
        drop((there, back));
        let sentence = match &ended {
            Ok(()) => "closed by both ends".to_owned(),
            Err(stop) => {
                break_off(left_reads, left_writes);
                break_off(right_reads, right_writes);
                standing.ending = Ending::Reset;
                self.stop_words(stop)
            }
        };
        self.say(&format!("connection {link}: {sentence}"));
    }

    fn stop_words(&self, stop: &Stop) -> String {
        let ends = self.ends();
        match stop {
            Stop::Script => "broken off, as the script says".to_owned(),
            Stop::Broke { end, why } => format!("{} broke it: {why}", ends[*end]),
            Stop::Alone { end } => format!(
                "{} closed its half and {} said nothing for {} ms: broken off",
                ends[*end],
                ends[1 - *end],
                self.shared.patience.as_millis()
            ),
        }
    }
}

/// A connection that stands, until this is dropped.
struct Standing<'a> {
    shared: &'a Shared,
    link: u32,
    ending: Ending,
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.shared.desk.borrow_mut().recorder.down(self.link, self.ending);
    }
}

fn break_off<S: Stream>(reads: ReadHalf<S>, writes: WriteHalf<S>) {
    reads.unsplit(writes).break_off();
}
