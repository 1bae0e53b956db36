//! Claims and complaints as they are told in tests.

use super::{ISSUER, SWITCH, Sale, TERMINAL, Tale, entry, pan};
use crate::history::What;
use crate::party::Party;
use reversim_models::claim::{ClaimRefusal, ClaimSlip};
use reversim_models::device::{Device, Output, Slip};
use reversim_models::node::{Command, Ticket};
use reversim_models::record::{
    Account, ClearingRecord, EntryKind, FileId, FileKind, IssuerRecord, Kind, Leg, Record,
    SwitchRecord, Taken, TakenAs, Unpaid,
};
use reversim_models::time::LocalTime;

/// The ticket of every claim of these tales.
const CLAIM: u32 = 9;

impl Tale {
    /// The merchant of this sale files a claim, by its voucher number.
    pub(crate) fn claimed(&mut self, s: Sale) -> usize {
        let ticket = Ticket(CLAIM);
        self.history.setting.claims.push((ticket, Ticket(s.ticket)));
        let (at, voucher) = (LocalTime::new(super::DAY, 36_000), Some(s.stan));
        let merchant = *b"898310154110001";
        let slip = ClaimSlip { pan: pan(), amount: s.amount(), merchant, at, voucher };
        self.push(SWITCH, CLAIM, What::Asked(Command::Claim { ticket, slip }))
    }

    pub(crate) fn claim_filed(&mut self, s: Sale) -> usize {
        self.claimed(s);
        let (id, ticket, of) = (s.ticket.into(), Ticket(CLAIM), Ticket(s.ticket));
        self.record(SWITCH, CLAIM, Record::Switch(SwitchRecord::ClaimFiled { id, ticket, of }))
    }

    pub(crate) fn claim_refused(&mut self, s: Sale, why: ClaimRefusal) -> usize {
        self.claimed(s);
        let ticket = Ticket(CLAIM);
        self.record(SWITCH, CLAIM, Record::Switch(SwitchRecord::ClaimRefused { ticket, why }))
    }

    /// The issuer takes a claim, and debits the cardholder once more or charges it back.
    pub(crate) fn claim_taken(&mut self, day: u8, s: Sale, why: Option<Unpaid>) -> usize {
        let minor = i64::try_from(s.minor).unwrap_or(i64::MAX);
        let end = why.map_or(TakenAs::Debited, TakenAs::Refused);
        let decision = why.is_none().then_some(s.ticket.into());
        let entries = [Taken { entry: entry(s, EntryKind::Claim), decision, end }].into();
        let legs = match why {
            None => vec![
                Leg { account: Account::Cardholder(1), minor: -minor },
                Leg { account: Account::Payable, minor },
            ],
            Some(_) => Vec::new(),
        };
        let file = super::clearing::file(FileKind::Presentment, day);
        let record = IssuerRecord::PresentmentTaken { file, entries, legs: legs.into() };
        self.record(ISSUER, 0, Record::Issuer(record))
    }

    /// What is charged back comes to the acquirer.
    pub(crate) fn charged_back(&mut self, day: u8, s: Sale) -> usize {
        let entries = [entry(s, EntryKind::Chargeback)];
        let file: FileId = super::clearing::file(FileKind::Return, day);
        let built = IssuerRecord::ReturnBuilt { file, entries: entries.into() };
        self.record(ISSUER, 0, Record::Issuer(built));
        let built = ClearingRecord::ReturnBuilt { file, switch: 0, entries: entries.into() };
        self.record(Party::clearing(1), 0, Record::Clearing(built));
        let (id, ticket, entry) = (s.ticket.into(), Ticket(s.ticket), entries[0]);
        let entries = [reversim_models::record::Extracted { id, ticket, entry }].into();
        self.record(SWITCH, 0, Record::Switch(SwitchRecord::ReturnTaken { file, entries }))
    }

    /// The cardholder of this sale asks for slips.
    pub(crate) fn complained(&mut self, s: Sale) -> usize {
        let (ticket, pan, amount) = (Ticket(CLAIM), pan(), s.amount());
        self.push(ISSUER, CLAIM, What::Asked(Command::Retrieve { ticket, pan, amount }))
    }

    /// The slip of this sale comes out.
    pub(crate) fn slip_came_out(&mut self, s: Sale) {
        let (stan, batch, amount) = (s.stan, s.batch, s.amount());
        let slip = Slip::Receipt { kind: Kind::Sale, stan, batch, amount, is_copy: true };
        let (device, output) = (Device::Printer, Output::Slip(slip));
        self.push(TERMINAL, s.ticket, What::Told { device, output });
        self.push(TERMINAL, s.ticket, What::Answered { device, is_done: true });
    }
}
