//! Systems under test that crash, hang, answer garbage, close in the middle of a frame, never
//! answer or never stop: each run ends by itself, with a verdict. Not about healthy systems.

use reversim::drive::{Commands, Meeting};
use reversim::history::What;
use reversim::party::Party;
use reversim::run::Outcome;
use reversim::scenario::Scenario;
use reversim::search::explore::flow;
use reversim::{Run, run_around};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

const SYSTEM: Party = Party::switch(1);

fn sale() -> Scenario {
    flow("sale").expect("it is a flow")
}

/// A free port for the issuer that nobody will connect to.
fn nobody() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("it has an address")
}

/// A sale around a system that does this on every connection.
fn around(system: fn(TcpStream)) -> Run {
    around_at(500, system)
}

fn around_at(scale: u32, system: fn(TcpStream)) -> Run {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || system(stream));
        }
    });
    let meeting = Meeting { scale, ..meeting(address) };
    run_around(&sale(), SYSTEM, &meeting, &Commands::default())
        .expect("whatever a system says, its run ends")
}

fn meeting(address: SocketAddr) -> Meeting {
    Meeting {
        connect: [(Party::terminal(1), address.to_string())].into(),
        listen: [(Party::issuer(1), nobody())].into(),
        scale: 500,
        quiet: Duration::from_millis(50),
        limit: Duration::from_secs(60),
    }
}

/// Nothing got through, nothing broke, and what was wrong is said.
fn is_harmless(run: &Run) {
    assert_eq!(run.violation(), None);
    let approved =
        |what: &What| matches!(what, What::Recorded(record) if record.name() == "approved");
    assert!(!run.history.entries.iter().any(|entry| approved(&entry.what)));
    assert_ne!(run.outcome(), Outcome::Violated);
}

#[test]
fn a_system_that_never_answers_is_waited_for_and_given_up() {
    let run = around(|mut stream| while stream.read(&mut [0; 64]).is_ok_and(|n| n > 0) {});
    is_harmless(&run);
    let sent = run.history.entries.iter().filter(|e| matches!(e.what, What::Sent { .. }));
    assert!(sent.count() >= 2, "the terminal did try");
}

#[test]
fn a_system_that_answers_garbage_is_explained() {
    let run = around(|mut stream| {
        while stream.read(&mut [0; 512]).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(b"\x00\x20HTTP/1.1 400 Bad Request padding");
        }
    });
    is_harmless(&run);
    let why = run.unmatched.first().expect("it is explained");
    assert!(why.contains("from switch-1 to terminal-1 are not a message"), "{why}");
}

#[test]
fn a_system_that_closes_in_the_middle_of_a_frame_ends_the_connection() {
    let run = around(|mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(&[0x00, 0x60, 0x60, 0x00]);
    });
    is_harmless(&run);
    let closed = |what: &What| matches!(what, What::LinkDown { peer, .. } if *peer == SYSTEM);
    assert!(run.history.entries.iter().any(|entry| closed(&entry.what)));
}

#[test]
fn a_system_that_leaves_half_a_frame_is_waited_for_no_longer_than_a_frame_takes() {
    // Slow enough that the terminal still waits when the rest of the frame is given up.
    let run = around_at(20, |mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(&[0x00, 0x60, 0x60, 0x00]);
        while stream.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
    });
    is_harmless(&run);
    assert!(run.unmatched.iter().any(|why| why.starts_with("4 bytes from")), "{:?}", run.unmatched);
}

#[test]
fn a_system_that_never_stops_writing_is_cut_off() {
    // Whole frames, so that the terminal keeps the connection; none of them is a message.
    let run = around(|mut stream| {
        let mut frame = vec![0x00, 0x40];
        frame.extend([0xFF; 64]);
        while stream.write_all(&frame).is_ok() {}
    });
    is_harmless(&run);
    let flooded = "writes without end";
    assert!(run.unmatched.iter().any(|why| why.contains(flooded)), "{:?}", run.unmatched);
    let entries = run.history.entries.len();
    assert!(entries < 50_000, "{entries} entries of a flood were kept");
}

#[test]
fn a_system_that_is_not_there_is_an_error_that_names_its_address() {
    let address = nobody();
    let failed = run_around(&sale(), SYSTEM, &meeting(address), &Commands::default());
    let error = failed.expect_err("nobody is there").to_string();
    assert_eq!(error, format!("nobody accepts connections at {address}"));
}

#[test]
fn somebody_who_is_there_already_is_not_taken_for_the_system() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let commands = Commands { start: Some("exec sleep 60".to_owned()), ..Commands::default() };
    let failed = run_around(&sale(), SYSTEM, &meeting(address), &commands);
    let error = failed.expect_err("another one is there").to_string();
    assert!(error.starts_with("somebody accepts connections at"), "{error}");
}

#[test]
fn a_system_that_ends_while_it_is_started_is_an_error_that_says_how() {
    let commands = Commands { start: Some("exit 3".to_owned()), ..Commands::default() };
    let failed = run_around(&sale(), SYSTEM, &meeting(nobody()), &commands);
    let error = failed.expect_err("it ended").to_string();
    assert!(error.contains("ended before it accepted connections"), "{error}");
    assert!(error.ends_with("exit status: 3"), "{error}");
}
