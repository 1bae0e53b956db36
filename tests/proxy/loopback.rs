//! Over real sockets: what memory cannot show, and that nothing is lost at speed.

use super::*;
use std::io::ErrorKind;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Longer than a loaded machine needs; reached only by what hangs.
const BOUND: Duration = Duration::from_secs(60);

/// A proxy in front of a listener; what `scene` does with its address, and what was said.
async fn in_front_of<T>(
    config: Config,
    to: String,
    scene: impl AsyncFnOnce(std::net::SocketAddr) -> T,
) -> (T, Told, Proxy) {
    let told = Told::default();
    let proxy = Proxy::new(config, Box::new(told.clone())).expect("it can be played");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let served = proxy.clone();
    let serving = tokio::task::spawn_local(async move {
        served.serve(listener, to, async { drop(stopped.await) }).await;
    });
    let result = timeout(BOUND, scene(address)).await.expect("in time");
    drop(stop);
    serving.await.expect("it ends in order");
    (result, told, proxy)
}

fn run<T>(scene: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), scene)
}

/// Somebody who sends back what he reads.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(async move {
                let (mut reads, mut writes) = stream.into_split();
                let _ = tokio::io::copy(&mut reads, &mut writes).await;
            });
        }
    });
    address.to_string()
}

#[test]
fn thousands_of_messages_pass_unharmed() {
    const COUNT: u64 = 5_000;
    run(async {
        let to = echo().await;
        let (is_same, told, proxy) = in_front_of(config(""), to, async |address| {
            let stream = TcpStream::connect(address).await.expect("the proxy listens");
            let (mut reads, mut writes) = stream.into_split();
            let all: Vec<u8> = (1..=COUNT).flat_map(|n| frame(Mti::FINANCIAL_REQUEST, n)).collect();
            let copy = all.clone();
            tokio::task::spawn_local(async move {
                writes.write_all(&copy).await.expect("it is open");
                writes.shutdown().await.expect("it is open");
            });
            let mut back = Vec::new();
            reads.read_to_end(&mut back).await.expect("it comes back");
            back == all
        })
        .await;
        assert!(is_same, "the bytes that came back are others");
        assert_eq!(proxy.counts().messages, [COUNT, COUNT]);
        let said = told.0.borrow().1.join("\n");
        assert!(said.contains("connection 1: closed by both ends"), "{said}");
    });
}

#[test]
fn a_reset_of_the_script_is_one_for_both_ends() {
    let script = "[[fault]]\nreset = { on = { from = \"switch-1\", to = \"terminal-1\", \
                  mti = \"0210\" }, at-byte = 5 }";
    run(async {
        let to = echo().await;
        let (seen, told, _) = in_front_of(config(script), to, async |address| {
            let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
            stream.write_all(&frame(Mti::FINANCIAL_RESPONSE, 1)).await.expect("it is open");
            let mut back = Vec::new();
            let ended = stream.read_to_end(&mut back).await;
            (back.len(), ended.map_err(|error| error.kind()))
        })
        .await;
        assert_eq!(seen, (5, Err(ErrorKind::ConnectionReset)));
        let said = told.0.borrow().1.join("\n");
        assert!(said.contains("broken off, as the script says"), "{said}");
    });
}

#[test]
fn an_end_that_breaks_the_connection_breaks_it_for_the_other_too() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let to = listener.local_addr().expect("it is bound").to_string();
        let (kind, told, _) = in_front_of(config(""), to, async |address| {
            let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
            let (mut far, _) = listener.accept().await.expect("the proxy connects");
            // The connection stands at both ends before it breaks.
            far.write_all(&frame(Mti::FINANCIAL_RESPONSE, 1)).await.expect("it is open");
            let mut answer = vec![0; frame(Mti::FINANCIAL_RESPONSE, 1).len()];
            stream.read_exact(&mut answer).await.expect("it arrives");
            far.set_zero_linger().expect("it can be set");
            drop(far);
            let mut byte = [0];
            stream.read(&mut byte).await.expect_err("it is broken").kind()
        })
        .await;
        assert_eq!(kind, ErrorKind::ConnectionReset);
        let said = told.0.borrow().1.join("\n");
        assert!(said.contains("switch-1 broke it: connection reset by peer"), "{said}");
    });
}

#[test]
fn who_cannot_be_reached_is_named_and_nobody_is_kept_waiting() {
    run(async {
        // Nobody listens on a port that was just given back.
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let to = free.local_addr().expect("it is bound").to_string();
        drop(free);
        let (ended, told, _) = in_front_of(config(""), to, async |address| {
            let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
            let mut byte = [0];
            stream.read(&mut byte).await.map_err(|error| error.kind())
        })
        .await;
        assert_eq!(ended, Err(ErrorKind::ConnectionReset));
        let said = told.0.borrow().1.join("\n");
        assert!(said.contains("does not take it: connection refused"), "{said}");
    });
}

#[test]
fn no_connection_comes_about_during_a_partition() {
    let script = "[[fault]]\npartition = { at = { at-ms = 0 }, a = \"terminal-1\", \
                  b = \"switch-1\", for-ms = 600000 }";
    run(async {
        let to = echo().await;
        let (ended, told, _) = in_front_of(config(script), to, async |address| {
            let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
            let mut byte = [0];
            stream.read(&mut byte).await.map_err(|error| error.kind())
        })
        .await;
        assert_eq!(ended, Err(ErrorKind::ConnectionReset));
        let said = told.0.borrow().1.join("\n");
        assert!(said.contains("the script lets no connection come about"), "{said}");
    });
}
