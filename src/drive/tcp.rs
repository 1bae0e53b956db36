//! Real TCP: a runtime of one thread, and the sockets of the operating system.

use super::DriveError;
use super::card::{Card, Net, Order, Told};
use super::wired::Transport;
use reversim_models::node::Port;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::task::LocalSet;
use tokio::time::timeout;

/// Sockets of the operating system.
#[derive(Clone, Copy)]
pub(super) struct Os;

impl Net for Os {
    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = listener.accept().await?;
        // A peer that is gone already is noticed where it is read.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }

    async fn connect(to: &str) -> io::Result<(TcpStream, SocketAddr)> {
        let stream = TcpStream::connect(to).await?;
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr()?;
        Ok((stream, local))
    }

    fn break_on_drop(stream: &TcpStream) {
        // Where it cannot be set, the connection is closed in order: a fault less, no error more.
        let _ = stream.set_zero_linger();
    }
}

/// The runtime of a world over real TCP.
pub(super) struct Tcp {
    runtime: Runtime,
    tasks: LocalSet,
    begun: Instant,
}

impl Tcp {
    pub(super) fn new() -> Result<Tcp, DriveError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DriveError::new(format_args!("no runtime for sockets: {error}")))?;
        Ok(Tcp { runtime, tasks: LocalSet::new(), begun: Instant::now() })
    }
}

impl Transport for Tcp {
    fn listens_at(_: Port) -> SocketAddr {
        // All machines have one address: the system finds a free number for each listener.
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }

    fn open(&mut self, _: &str, card: Card, orders: UnboundedReceiver<Order>) {
        let card = card.serve::<Os>(orders);
        let _entered = self.runtime.enter();
        self.tasks.spawn_local(card);
    }

    fn begin(&mut self) {
        self.begun = Instant::now();
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    fn next(&mut self, told: &mut Receiver<Told>, within: Duration) -> Option<Told> {
        let next = async { timeout(within, told.recv()).await.ok().flatten() };
        self.runtime.block_on(self.tasks.run_until(next))
    }

    fn address_of(&self, _: &str, listener: SocketAddr) -> String {
        listener.to_string()
    }
}
