//! The proxy between two ends that tests hold in their hands, in time that skips.

#[cfg(unix)]
mod command;
mod endings;
mod faults;
mod keys;
mod loopback;
mod script;

use reversim::drive::proxy::{Config, Counts, Keys, Proxy, Script, Watcher};
use reversim::file::parse_recording;
use reversim::file::recording::{Line, Recording, line_of};
use reversim::history::Frame;
use reversim::party::Party;
use reversim_models::iso8583::{Element, Envelope, Framer, Message, Mti, POS};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

const LEFT: Party = Party::terminal(1);
const RIGHT: Party = Party::switch(1);

/// Longer than anything in these tests waits.
const LONG: Duration = Duration::from_secs(600);

/// Everything the proxy tells.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<(String, Vec<String>)>>);

impl Watcher for Told {
    fn entry(&mut self, line: &Line) {
        self.0.borrow_mut().0.push_str(&line_of(line));
    }

    fn say(&mut self, sentence: &str) {
        self.0.borrow_mut().1.push(sentence.to_owned());
    }
}

fn config(script: &str) -> Config {
    let script: Script = match script {
        "" => Script::default(),
        script => toml::from_str(&format!("version = 1\n{script}")).expect("it is a script"),
    };
    let between = (LEFT, RIGHT);
    Config { between, dialect: &POS, script, keys: None, patience: Duration::from_secs(30) }
}

/// A frame of this type and trace number.
fn frame(mti: Mti, stan: u64) -> Vec<u8> {
    let mut message = Message::new(mti)
        .with(Element::PROCESSING_CODE, "000000")
        .with(Element::TERMINAL, "10000001")
        .with(Element::MERCHANT, "123456789012345");
    message.set_number(Element::AMOUNT, 50_000 + stan, 12);
    message.set_number(Element::STAN, stan, 6);
    if mti.is_response() {
        message.set(Element::RESPONSE_CODE, "00");
    }
    message.set(Element::MAC_64, "12345678");
    framed(&message)
}

fn framed(message: &Message) -> Vec<u8> {
    let mut body = Vec::new();
    POS.encode(message, &mut body).expect("the dialect can say it");
    POS.framing.wrap(Envelope::default(), &body)
}

/// A proxy with one connection, both ends of it, and what it tells.
struct Rig {
    proxy: Proxy,
    told: Told,
    config: Config,
    begun: Instant,
    left: DuplexStream,
    right: DuplexStream,
}

/// Plays a scene between the two ends of a proxy, in time that skips.
fn play<T>(config: Config, room: usize, scene: impl AsyncFnOnce(&mut Rig) -> T) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let told = Told::default();
        let proxy = Proxy::new(config.clone(), Box::new(told.clone())).expect("it can be played");
        let (left, near) = duplex(room);
        let (far, right) = duplex(room);
        let (clock, carrier) = (proxy.clone(), proxy.clone());
        tokio::task::spawn_local(async move { clock.clock().await });
        tokio::task::spawn_local(async move { carrier.carry(1, near, far).await });
        let begun = Instant::now();
        scene(&mut Rig { proxy, told, config, begun, left, right }).await
    })
}

impl Rig {
    fn said(&self) -> String {
        self.told.0.borrow().1.join("\n")
    }

    /// The history as a file has it.
    fn recording(&self) -> Recording {
        let text = line_of(&self.config.head()) + &self.told.0.borrow().0;
        parse_recording("history", text.as_bytes()).expect("what is written can be read")
    }
}

/// Two requests, their answers and a reversal, 10 ms apart; then nothing, then both ends close.
/// Every read at either end: milliseconds, which end, what.
fn arrivals(config: Config) -> (String, Scene) {
    play(config, 1 << 16, async |rig| {
        let frames = [
            (true, frame(Mti::FINANCIAL_REQUEST, 1)),
            (true, frame(Mti::FINANCIAL_REQUEST, 2)),
            (false, frame(Mti::FINANCIAL_RESPONSE, 1)),
            (false, frame(Mti::FINANCIAL_RESPONSE, 2)),
            (true, frame(Mti::REVERSAL_REQUEST, 1)),
        ];
        let reads = RefCell::new(Vec::new());
        let (mut left_reads, mut left) = tokio::io::split(&mut rig.left);
        let (mut right_reads, mut right) = tokio::io::split(&mut rig.right);
        let begun = rig.begun;
        let hear = async |name: &str, end: &mut (dyn tokio::io::AsyncRead + Unpin)| {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let count = timeout(LONG, end.read(&mut buffer)).await.unwrap_or(Ok(0));
                let count = count.expect("in memory nothing breaks");
                let at = begun.elapsed().as_millis();
                reads.borrow_mut().push((at, format!("{at} {name} {}", named(&buffer[..count]))));
                if count == 0 {
                    return;
                }
            }
        };
        let speak = async {
            for (is_left, frame) in frames {
                sleep(Duration::from_millis(10)).await;
                // An end whose connection is broken has nobody to speak to.
                let _ = match is_left {
                    true => left.write_all(&frame).await,
                    false => right.write_all(&frame).await,
                };
            }
            sleep(LONG / 2).await;
            let _ = (left.shutdown().await, right.shutdown().await);
        };
        tokio::join!(speak, hear("<", &mut left_reads), hear(">", &mut right_reads));
        let mut reads = reads.into_inner();
        reads.sort();
        let text: Vec<String> = reads.into_iter().map(|(_, line)| line).collect();
        let seen = Scene {
            idle: rig.proxy.idle(),
            counts: rig.proxy.counts(),
            said: rig.said(),
            recording: rig.recording(),
        };
        (text.join("\n"), seen)
    })
}

/// What is left of a rig when its scene is over.
struct Scene {
    idle: Vec<usize>,
    counts: Counts,
    said: String,
    recording: Recording,
}

/// What was read, as types and trace numbers; what is no frame by its length.
fn named(bytes: &[u8]) -> String {
    let mut framer = Framer::new(POS.framing);
    framer.push(bytes);
    let (mut words, mut rest) = (Vec::new(), bytes.len());
    while let Some(Ok(bytes)) = framer.next() {
        rest -= bytes.len();
        let frame = Frame::new(bytes.clone(), &POS);
        let Some(message) = frame.message() else {
            words.push(format!("({} bytes, no message)", bytes.len()));
            continue;
        };
        let (mti, stan) = (message.mti(), message.number(Element::STAN).unwrap_or_default());
        let is_changed = bytes != self::frame(mti, stan);
        words.push(format!("{mti}/{stan}{}", if is_changed { "*" } else { "" }));
    }
    match rest {
        0 if words.is_empty() => words.push("end".to_owned()),
        0 => {}
        rest => words.push(format!("({rest} bytes)")),
    }
    words.join(" ")
}
