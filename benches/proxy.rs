//! What the proxy costs: processor time a message, messages a second, and what it adds to the time
//! a message takes over loopback.
//!
//! `cargo bench --bench proxy` prints all of it, with a direct connection measured in the same run
//! beside it. The proxy runs in one thread, whose processor time is read from the system: of all
//! figures the steadiest on a shared machine. This is a measurement, not a test; it only insists
//! that every byte arrives as it was sent.

#![cfg_attr(not(unix), expect(unused, reason = "nothing is measured there"))]

use reversim::drive::proxy::{Config, Counts, Proxy, Script, Watcher};
use reversim::file::recording::{Line, line_of};
use reversim::party::Party;
use reversim_models::iso8583::{Element, Envelope, Message, Mti, POS};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// As the binary does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUND_TRIPS: usize = 4_000;
const ROUNDS: usize = 5;
const FLOOD: u64 = 200_000;
const PACED_SECONDS: u64 = 4;
/// Requests a second; as many come back.
const PACE: u64 = 5_000;

/// Takes everything down as a session with `--out` does, but for the disk.
struct Written {
    is_kept: bool,
    bytes: usize,
}

impl Watcher for Written {
    fn entry(&mut self, line: &Line) {
        if self.is_kept {
            self.bytes += line_of(line).len();
        }
    }

    fn say(&mut self, _: &str) {}
}

/// A proxy in a thread of its own.
struct Running {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: thread::JoinHandle<(Counts, Duration)>,
}

impl Running {
    fn begin(to: SocketAddr, is_kept: bool) -> Running {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), async {
                let config = Config {
                    between: (Party::terminal(1), Party::switch(1)),
                    dialect: &POS,
                    script: Script::default(),
                    keys: None,
                    patience: Duration::from_secs(30),
                };
                let watcher = Box::new(Written { is_kept, bytes: 0 });
                let proxy = Proxy::new(config, watcher).expect("an empty script");
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
                let listener = listener.expect("a free port");
                tell.send(listener.local_addr().expect("it is bound")).expect("it is awaited");
                let before = processor_time();
                proxy.serve(listener, to.to_string(), async { drop(stopped.await) }).await;
                (proxy.counts(), processor_time().saturating_sub(before))
            })
        });
        Running { address: told.recv().expect("it listens"), stop, thread }
    }

    /// What passed, and the processor time of the thread.
    fn end(self) -> (u64, Duration) {
        drop(self.stop);
        let (counts, time) = self.thread.join().expect("it ends in order");
        (counts.messages.iter().sum(), time)
    }
}

/// Of this thread so far.
fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let (seconds, nanos) = (time.tv_sec, time.tv_nsec);
        Duration::new(seconds.try_into().unwrap_or(0), nanos.try_into().unwrap_or(0))
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.set_nodelay(true).expect("it can be set");
            thread::spawn(move || {
                let mut bytes = [0; 64 << 10];
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    if stream.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// A sale as a terminal sends it: about 190 bytes.
fn frame(stan: u64) -> Vec<u8> {
    let mut message = Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::PAN, "6222600000000018")
        .with(Element::PROCESSING_CODE, "000000")
        .with(Element::AMOUNT, "000000050000")
        .with(Element::TERMINAL, "10000001")
        .with(Element::MERCHANT, "123456789012345")
        .with(Element::ICC, [0x9f; 80])
        .with(Element::MAC_64, "12345678");
    message.set_number(Element::STAN, stan % 1_000_000, 6);
    let mut body = Vec::new();
    POS.encode(&message, &mut body).expect("the dialect can say it");
    POS.framing.wrap(Envelope::default(), &body)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_nodelay(true).expect("it can be set");
    stream
}

/// The median round trip of one message, nanoseconds.
fn round_trip(address: SocketAddr) -> u128 {
    let (mut stream, frame) = (connect(address), frame(1));
    let mut back = vec![0; frame.len()];
    let mut times: Vec<u128> = (0..ROUND_TRIPS)
        .map(|_| {
            let start = Instant::now();
            stream.write_all(&frame).expect("it is open");
            stream.read_exact(&mut back).expect("it comes back");
            start.elapsed().as_nanos()
        })
        .collect();
    assert_eq!(back, frame, "it came back changed");
    times.sort_unstable();
    times[times.len() / 2]
}

/// Sends so many messages, in portions, and hears them come back as they were. Seconds in micros.
fn send(address: SocketAddr, count: u64, portion: u64, pause: Duration) -> u128 {
    let stream = connect(address);
    let mut writes = stream.try_clone().expect("a second handle");
    let start = Instant::now();
    let writer = thread::spawn(move || {
        for first in (0..count).step_by(portion as usize) {
            let due = pause * u32::try_from(first / portion).expect("few portions");
            thread::sleep(due.saturating_sub(start.elapsed()));
            let frames: Vec<u8> = (first..count.min(first + portion)).flat_map(frame).collect();
            writes.write_all(&frames).expect("it is open");
        }
        writes.shutdown(std::net::Shutdown::Write).expect("it is open");
    });
    let (mut reads, mut seen) = (std::io::BufReader::with_capacity(64 << 10, stream), 0);
    let mut back = vec![0; frame(0).len()];
    for number in 0..count {
        reads.read_exact(&mut back).expect("it comes back");
        assert_eq!(back, frame(number), "message {number} came back changed");
        seen += 1;
    }
    assert_eq!(seen, count);
    writer.join().expect("it wrote everything");
    start.elapsed().as_micros()
}

fn micros(nanos: u128) -> String {
    format!("{}.{:02}", nanos / 1_000, nanos / 10 % 100)
}

fn main() {
    let to = echo();
    println!(
        "one message of {} bytes; the proxy in one thread; every byte compared",
        frame(1).len()
    );
    let pause = Duration::from_millis(1);
    for is_kept in [false, true] {
        println!("\n{} a history", if is_kept { "with" } else { "without" });
        let proxy = Running::begin(to, is_kept);
        let count = PACE * PACED_SECONDS;
        let wall = send(proxy.address, count, PACE / 1_000, pause);
        let (messages, time) = proxy.end();
        println!(
            "  {PACE} requests a second and their answers: {messages} messages in {} ms, {} us of \
             processor time each, {}.{} % of a core",
            wall / 1_000,
            micros(time.as_nanos() / u128::from(messages)),
            time.as_micros() * 100 / wall,
            time.as_micros() * 1_000 / wall % 10,
        );
        let proxy = Running::begin(to, is_kept);
        let wall = send(proxy.address, FLOOD, 100, Duration::ZERO);
        let (messages, time) = proxy.end();
        println!(
            "  as fast as it goes: {} messages a second, {} us of processor time each, so {} a \
             second on a core of its own",
            u128::from(messages) * 1_000_000 / wall,
            micros(time.as_nanos() / u128::from(messages)),
            u128::from(messages) * 1_000_000_000 / time.as_nanos().max(1),
        );
        let proxy = Running::begin(to, is_kept);
        let mut pairs: Vec<(u128, u128)> =
            (0..ROUNDS).map(|_| (round_trip(to), round_trip(proxy.address))).collect();
        let (messages, time) = proxy.end();
        pairs.sort_by_key(|(direct, through)| through.saturating_sub(*direct));
        let (direct, through) = pairs[ROUNDS / 2];
        let added = through.saturating_sub(direct);
        println!(
            "  round trip at the median: direct {} us, through the proxy {} us; it adds {} us to a \
             message ({} us of processor time)",
            micros(direct),
            micros(through),
            micros(added / 2),
            micros(time.as_nanos() / u128::from(messages)),
        );
    }
}
