//! The tasks of one machine that open, read and write its sockets. They are told what to do and
//! tell what happened; they know no message, no party and no time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};
use tokio::task::spawn_local;

/// Bytes read at once, at most.
const READ_MAX: usize = 16 * 1024;

/// How long a listener rests that could not take a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

/// Writes that wait for one socket, at most. Whoever reads nothing for so long is cut off.
const WRITES_MAX: usize = 256;

/// One socket, of all machines of a world.
pub(super) type SocketId = u32;

/// Sockets as a transport has them.
pub(super) trait Net: Copy + 'static {
    /// Waits for connections.
    type Listener: 'static;
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;

    /// Opens a listener.
    async fn bind(address: SocketAddr) -> io::Result<(Self::Listener, SocketAddr)>;
    /// The next connection, and who made it.
    async fn accept(listener: &Self::Listener) -> io::Result<(Self::Stream, SocketAddr)>;
    /// Makes a connection, and says under which address.
    async fn connect(to: &str) -> io::Result<(Self::Stream, SocketAddr)>;
    /// Lets the connection break when it is dropped, instead of closing it, where that can be told.
    fn break_on_drop(stream: &Self::Stream);
}

/// What a machine's sockets are told.
#[derive(Debug)]
pub(super) enum Order {
    /// Wait for connections of the peer behind this port.
    Listen { port: u16, address: SocketAddr },
    /// Connect.
    Dial { socket: SocketId, to: String },
    /// Write.
    Write { socket: SocketId, bytes: Vec<u8> },
    /// Close, in order or not.
    End { socket: SocketId, is_reset: bool },
}

/// What they tell.
#[derive(Debug)]
pub(super) enum Told {
    /// A listener is open.
    Listening { host: usize, port: u16, address: SocketAddr },
    /// A listener could not be opened.
    NotListening { host: usize, port: u16, why: String },
    /// A connection came about.
    Dialled { socket: SocketId, local: SocketAddr },
    /// A connection did not.
    NotDialled { socket: SocketId },
    /// Somebody connected.
    Accepted { host: usize, port: u16, socket: SocketId, peer: SocketAddr },
    /// Bytes, as they were read.
    Read { socket: SocketId, bytes: Vec<u8> },
    /// The other side closed the connection, or broke it.
    Ended { socket: SocketId, is_reset: bool },
}

/// A machine's sockets: what all its tasks need.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) host: usize,
    pub(super) told: Sender<Told>,
    /// The number of the last socket of any machine.
    pub(super) numbers: Rc<Cell<SocketId>>,
}

/// The sockets of one machine that are open, and where to leave what is to be written to them.
#[derive(Default)]
struct Sockets(RefCell<BTreeMap<SocketId, Sender<Writing>>>);

impl Sockets {
    /// Leaves something to be written; false if nobody takes it.
    fn write(&self, socket: SocketId, writing: Writing) -> bool {
        let open = self.0.borrow();
        open.get(&socket).is_some_and(|writes| writes.try_send(writing).is_ok())
    }

    fn forget(&self, socket: SocketId) {
        self.0.borrow_mut().remove(&socket);
    }
}

/// What is to be written to one socket.
enum Writing {
    Bytes(Vec<u8>),
    End { is_reset: bool },
}

impl Card {
    /// Does what it is told, until nobody tells it anything any more.
    pub(super) async fn serve<N: Net>(self, mut orders: UnboundedReceiver<Order>) {
        let sockets: Rc<Sockets> = Rc::default();
        while let Some(order) = orders.recv().await {
            match order {
                Order::Listen { port, address } => {
                    spawn_local(self.clone().listen::<N>(port, address, sockets.clone()));
                }
                Order::Dial { socket, to } => {
                    spawn_local(self.clone().dial::<N>(socket, to, sockets.clone()));
                }
                Order::Write { socket, bytes } => {
                    if !sockets.write(socket, Writing::Bytes(bytes)) {
                        sockets.forget(socket);
                        self.tell(Told::Ended { socket, is_reset: true }).await;
                    }
                }
                Order::End { socket, is_reset } => {
                    sockets.write(socket, Writing::End { is_reset });
                    sockets.forget(socket);
                }
            }
        }
    }

    async fn tell(&self, told: Told) {
        // Nobody listens any more: the world is over, and so is this.
        let _ = self.told.send(told).await;
    }

    async fn listen<N: Net>(self, port: u16, address: SocketAddr, sockets: Rc<Sockets>) {
        let host = self.host;
        let listener = match N::bind(address).await {
            Ok((listener, address)) => {
                self.tell(Told::Listening { host, port, address }).await;
                listener
            }
            Err(error) => {
                let why = format!("{address}: {error}");
                return self.tell(Told::NotListening { host, port, why }).await;
            }
        };
        loop {
            let Ok((stream, peer)) = N::accept(&listener).await else {
                // One that broke before it was taken, or too many at once: others come.
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            };
            let socket = self.numbers.get() + 1;
            self.numbers.set(socket);
            self.tell(Told::Accepted { host, port, socket, peer }).await;
            self.clone().open::<N>(socket, stream, &sockets);
        }
    }

    async fn dial<N: Net>(self, socket: SocketId, to: String, sockets: Rc<Sockets>) {
        match N::connect(&to).await {
            Ok((stream, local)) => {
                self.tell(Told::Dialled { socket, local }).await;
                self.open::<N>(socket, stream, &sockets);
            }
            Err(_) => self.tell(Told::NotDialled { socket }).await,
        }
    }

    fn open<N: Net>(self, socket: SocketId, stream: N::Stream, sockets: &Sockets) {
        let (writes, wanted) = channel(WRITES_MAX);
        sockets.0.borrow_mut().insert(socket, writes);
        spawn_local(self.hold::<N>(socket, stream, wanted));
    }

    /// One connection, from its first byte to its last. The order of the two arms is fixed: which
    /// of two things is looked at first must not depend on chance.
    async fn hold<N: Net>(
        self,
        socket: SocketId,
        mut stream: N::Stream,
        mut wanted: Receiver<Writing>,
    ) {
        let mut room = vec![0; READ_MAX];
        let mut is_open = true;
        loop {
            tokio::select! {
                biased;
                writing = wanted.recv() => match writing {
                    // What cannot be written is noticed where it is read.
                    Some(Writing::Bytes(bytes)) => drop(stream.write_all(&bytes).await),
                    Some(Writing::End { is_reset: true }) => return N::break_on_drop(&stream),
                    Some(Writing::End { is_reset: false }) | None => {
                        return drop(stream.shutdown().await);
                    }
                },
                read = stream.read(&mut room), if is_open => {
                    let told = match read {
                        Ok(0) => Told::Ended { socket, is_reset: false },
                        Err(_) => Told::Ended { socket, is_reset: true },
                        Ok(count) => {
                            let bytes = room.get(..count).unwrap_or_default().to_vec();
                            Told::Read { socket, bytes }
                        }
                    };
                    is_open = matches!(told, Told::Read { .. });
                    self.tell(told).await;
                }
            }
        }
    }
}
