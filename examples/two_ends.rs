//! Two small ends of a terminal's line over real sockets, for a proxy to stand between: a switch
//! that answers, and a terminal that makes one sale and takes it back if nobody answers.
//!
//! ```sh
//! cargo run --example two_ends switch 127.0.0.1:8000
//! cargo run --example two_ends terminal 127.0.0.1:8000
//! ```
//!
//! They keep nothing and know nothing of power, batches or sign-on: their MAC key is the well-known
//! `0123456789ABCDEF`. They are no parties of `reversim`, and stand for somebody else's.

use reversim_models::defect::Defects;
use reversim_models::iso8583::{Element, Envelope, Message, Mti};
use reversim_models::line::{Incoming, Line, MacCheck};
use reversim_models::security::Key;
use reversim_models::time::{Duration, Instant};
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

/// How long the terminal waits for an answer, and how often it sends a reversal.
const RESPONSE: std::time::Duration = std::time::Duration::from_secs(2);
const REVERSALS_MAX: u32 = 3;

/// What an answer repeats of its request.
const ECHOED: [Element; 7] = [
    Element::PAN,
    Element::PROCESSING_CODE,
    Element::AMOUNT,
    Element::STAN,
    Element::TERMINAL,
    Element::MERCHANT,
    Element::CURRENCY,
];

/// One end of a connection.
struct End {
    stream: TcpStream,
    line: Line,
}

impl End {
    fn new(stream: TcpStream) -> End {
        let key = Key::new(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        End { stream, line: Line::pos(key, Duration::secs(5), Defects::NONE) }
    }

    fn send(&mut self, message: &Message) -> Result<(), Error> {
        let frame = self.line.seal(message, Envelope::default()).map_err(Error::other)?;
        self.stream.write_all(&frame)
    }

    /// The next message whose MAC is right; none at the end of the connection.
    fn next(&mut self) -> Result<Option<Message>, Error> {
        loop {
            match self.line.next() {
                Some(Ok(Incoming { message, mac: MacCheck::Valid, .. })) => {
                    return Ok(Some(message));
                }
                Some(Ok(Incoming { message, .. })) => {
                    println!("  {} is not signed by the other end: ignored", message.mti());
                    continue;
                }
                Some(Err(error)) => println!("  {error}: ignored"),
                None => {}
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes)? {
                0 => return Ok(None),
                count => self.line.receive(Instant::START, &bytes[..count]),
            }
        }
    }
}

/// Approves every request, and takes back every sale it is asked to.
fn switch(address: &str) -> Result<(), Error> {
    let listener = TcpListener::bind(address)?;
    println!("switch: listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut end = End::new(stream?);
        loop {
            let request = match end.next() {
                Ok(Some(request)) if request.mti().is_request() => request,
                Ok(Some(_)) => continue,
                Ok(None) | Err(_) => break,
            };
            println!("switch: {} answered", request.mti());
            let mut answer = Message::new(request.mti().response());
            answer.copy_from(&request, &ECHOED);
            answer.set(Element::RESPONSE_CODE, "00");
            answer.set(Element::RRN, "000000000001");
            if end.send(&answer).is_err() {
                break;
            }
        }
    }
    Ok(())
}

/// One sale of 500.00, reversed when no answer comes in time.
fn terminal(address: &str) -> Result<(), Error> {
    let sale = |mti| {
        Message::new(mti)
            .with(Element::PAN, "6222600000000018")
            .with(Element::PROCESSING_CODE, "000000")
            .with(Element::AMOUNT, "000000050000")
            .with(Element::STAN, "000001")
            .with(Element::TERMINAL, "10000001")
            .with(Element::MERCHANT, "123456789012345")
            .with(Element::CURRENCY, "156")
    };
    if asks(address, &sale(Mti::FINANCIAL_REQUEST))? {
        println!("terminal: APPROVED");
        return Ok(());
    }
    println!("terminal: NO ANSWER, REVERSING");
    for _ in 0..REVERSALS_MAX {
        let reversal = sale(Mti::REVERSAL_REQUEST).with(Element::RESPONSE_CODE, "98");
        if asks(address, &reversal)? {
            println!("terminal: REVERSED");
            return Ok(());
        }
    }
    println!("terminal: IN DOUBT");
    Ok(())
}

/// Whether the request is answered with 00, on a connection of its own, in time.
fn asks(address: &str, request: &Message) -> Result<bool, Error> {
    let mut end = End::new(TcpStream::connect(address)?);
    end.stream.set_read_timeout(Some(RESPONSE))?;
    end.send(request)?;
    loop {
        match end.next() {
            Ok(Some(answer)) if answer.mti() == request.mti().response() => {
                return Ok(answer.text(Element::RESPONSE_CODE) == Some("00"));
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(false),
            Err(error) => {
                let is_silence = matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionReset
                );
                return if is_silence { Ok(false) } else { Err(error) };
            }
        }
    }
}

fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["switch", address] => switch(address),
        ["terminal", address] => terminal(address),
        _ => Err(Error::other("say `switch HOST:PORT` or `terminal HOST:PORT`")),
    }
}
