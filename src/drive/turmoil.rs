//! turmoil: every machine is a host of its simulated network, in one thread and in ticks.
//!
//! Its clock never skips, so where all parties are ours the world's own clock is used, and ticks
//! only move bytes. Nothing of a run depends on turmoil's own random numbers but in which tick
//! bytes move; their seed is fixed all the same.

use super::card::{Card, Net, Order, Told};
use super::wired::Transport;
use reversim_models::node::Port;
use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

/// How far turmoil's clock goes at once where it only moves bytes.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// How far it goes at once where everybody lives by it: it never skips, and a day at the counter is
/// long.
pub(super) const LONG_TICK: Duration = Duration::from_millis(10);

/// Where a machine waits for the peer behind its first port.
pub(super) const FIRST_PORT: u16 = 7_000;

/// Sockets of turmoil.
#[derive(Clone, Copy)]
pub(super) struct Simulated;

impl Net for Simulated {
    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(address).await?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        listener.accept().await
    }

    async fn connect(to: &str) -> io::Result<(TcpStream, SocketAddr)> {
        let stream = TcpStream::connect(to).await?;
        let local = stream.local_addr()?;
        Ok((stream, local))
    }

    fn break_on_drop(_: &TcpStream) {
        // Its connections end in one way only; the world says which way it was.
    }
}

/// What a service on a simulated host comes to.
pub type ServiceResult = Result<(), Box<dyn std::error::Error>>;

/// A simulated network, and what drives it.
pub(super) struct Turmoil {
    network: Sim<'static>,
    names: Vec<String>,
    /// The host of a service that is not ours.
    service: Option<String>,
}

impl Turmoil {
    pub(super) fn new(seed: u64, tick: Duration) -> Turmoil {
        let network = Builder::new()
            .rng_seed(seed)
            .epoch(SystemTime::UNIX_EPOCH)
            .tick_duration(tick)
            .min_message_latency(Duration::ZERO)
            .max_message_latency(Duration::from_millis(2))
            .simulation_duration(Duration::from_secs(u64::from(u32::MAX)))
            .tcp_capacity(4_096)
            .build();
        Turmoil { network, names: Vec::new(), service: None }
    }

    /// Gives a service that is not ours a host.
    pub(super) fn serve<F, R>(&mut self, name: &str, service: F)
    where
        F: Fn() -> R + 'static,
        R: Future<Output = ServiceResult> + 'static,
    {
        self.network.host(name, service);
        self.service = Some(name.to_owned());
    }
}

impl Transport for Turmoil {
    fn listens_at(port: Port) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, FIRST_PORT + port.0))
    }

    fn open(&mut self, name: &str, card: Card, orders: UnboundedReceiver<Order>) {
        self.names.push(name.to_owned());
        // A host could be started again, and would need its orders then; none of ours is.
        let orders = Rc::new(RefCell::new(Some(orders)));
        self.network.host(name, move || {
            let (card, orders) = (card.clone(), orders.borrow_mut().take());
            async move {
                if let Some(orders) = orders {
                    card.serve::<Simulated>(orders).await;
                }
                Ok(())
            }
        });
    }

    fn elapsed(&self) -> Duration {
        self.network.elapsed()
    }

    fn next(&mut self, told: &mut Receiver<Told>, within: Duration) -> Option<Told> {
        let until = self.network.elapsed() + within;
        loop {
            if let Ok(told) = told.try_recv() {
                return Some(told);
            }
            if self.network.elapsed() >= until || self.network.step().is_err() {
                return None;
            }
        }
    }

    fn has_power_switch(&self, name: &str) -> bool {
        self.service.as_deref() == Some(name)
    }

    /// A crash alone would close its connections in order, as no loss of power does: nobody hears
    /// of it before it is back.
    fn power(&mut self, name: &str, is_on: bool) {
        if !self.has_power_switch(name) {
            return;
        }
        match is_on {
            false => {
                for other in &self.names {
                    self.network.partition(name, other.as_str());
                }
                self.network.crash(name);
            }
            true => {
                for other in &self.names {
                    self.network.repair(name, other.as_str());
                }
                self.network.bounce(name);
            }
        }
    }

    fn address_of(&self, name: &str, listener: SocketAddr) -> String {
        format!("{name}:{}", listener.port())
    }
}
