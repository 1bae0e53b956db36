//! A sale as it is told of in tests: its numbers at every party, and its messages.

use super::PAN;
use crate::party::Party;
use reversim_models::card::{Amount, Voucher};
use reversim_models::iso8583::{Element, Message, Mti, OriginalData90};
use reversim_models::record::{Kind, NetworkKey, PosKey};

/// A sale as its parties name it.
#[derive(Clone, Copy)]
pub(crate) struct Sale {
    pub(crate) ticket: u32,
    pub(crate) terminal: u8,
    pub(crate) stan: u32,
    pub(crate) batch: u32,
    pub(crate) kind: Kind,
    pub(crate) minor: u64,
}

/// The n-th sale of terminal-1: ticket, STAN and everybody's numbers are n.
pub(crate) const fn sale(n: u32) -> Sale {
    Sale { ticket: n, terminal: 1, stan: n, batch: 1, kind: Kind::Sale, minor: 50_000 }
}

impl Sale {
    pub(crate) fn party(self) -> Party {
        Party::terminal(self.terminal)
    }

    pub(crate) fn id(self) -> [u8; 8] {
        [b'T', b'0', b'0', b'0', b'0', b'0', b'0', b'0' + self.terminal]
    }

    /// What follows a transaction is about the first one of the first batch.
    pub(crate) fn original(self) -> Option<Voucher> {
        let first = sale(1);
        self.kind.original().map(|_| Voucher {
            batch: first.batch,
            stan: first.stan,
            date: 530,
            rrn: first.rrn(),
            authorization: Some(*b"A00001"),
        })
    }

    pub(crate) fn amount(self) -> Amount {
        Amount::cny(self.minor)
    }

    pub(crate) fn pos_key(self) -> PosKey {
        PosKey { terminal: self.id(), batch: self.batch, stan: self.stan }
    }

    pub(crate) fn key(self) -> NetworkKey {
        let stan = 900 + self.ticket;
        NetworkKey { transmission: 530_100_000, stan, acquirer: 1_020_000, forwarder: 1_020_000 }
    }

    pub(crate) fn rrn(self) -> [u8; 12] {
        let mut rrn = *b"615010000000";
        rrn[11] = b'0' + self.ticket as u8;
        rrn
    }

    fn message(self, mti: Mti) -> Message {
        let mut message = Message::new(mti)
            .with(Element::PAN, PAN)
            .with(Element::PROCESSING_CODE, self.kind.processing())
            .with(Element::CONDITION_CODE, self.kind.condition())
            .with(Element::TERMINAL, self.id())
            .with(Element::MERCHANT, "898310154110001")
            .with(Element::CURRENCY, "156");
        message.set_number(Element::AMOUNT, self.minor, 12);
        message
    }

    /// A message of the terminal's line.
    pub(crate) fn pos(self, mti: Mti) -> Message {
        let mut message = self.message(mti).with(Element::MAC_64, b"0A1B2C3D");
        message.set_number(Element::STAN, self.stan.into(), 6);
        message.set(Element::PRIVATE_60, format!("22{:06}00060", self.batch));
        message
    }

    /// An answer on the terminal's line.
    pub(crate) fn pos_answer(self, mti: Mti, code: &str) -> Message {
        let message = self.pos(mti).with(Element::RRN, self.rrn());
        let message = message.with(Element::RESPONSE_CODE, code);
        if code == "00" { message.with(Element::AUTHORIZATION_CODE, "A00001") } else { message }
    }

    /// A message of the network line.
    pub(crate) fn net(self, mti: Mti) -> Message {
        let key = self.key();
        let mut message = self
            .message(mti)
            .with(Element::RRN, self.rrn())
            .with(Element::ACQUIRER, "01020000")
            .with(Element::FORWARDER, "01020000")
            .with(Element::MAC_128, b"0A1B2C3D");
        message.set_number(Element::TRANSMISSION_TIME, key.transmission.into(), 10);
        message.set_number(Element::STAN, key.stan.into(), 6);
        message
    }

    /// A reversal advice, its repeat, or the answer to it.
    pub(crate) fn advice(self, mti: Mti) -> Message {
        let original = OriginalData90::of_original(&self.net(Mti::FINANCIAL_REQUEST));
        let mut message = self.net(mti);
        message.set_number(Element::STAN, u64::from(950 + self.ticket), 6);
        message.with(Element::ORIGINAL_DATA, original.unwrap().encode())
    }
}

impl Sale {
    /// The issuer's approval on the network line.
    pub(crate) fn network_approval(self) -> Message {
        self.net(Mti::FINANCIAL_RESPONSE)
            .with(Element::RESPONSE_CODE, "00")
            .with(Element::AUTHORIZATION_CODE, "A00001")
    }
}
