//! How a sale ends, as it is told in tests: taken back, given up, or settled.

use super::{DAY, ISSUER, SWITCH, Sale, Tale, legs, sale, totals};
use reversim_models::device::Display;
use reversim_models::iso8583::{Element, Mti, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{
    IssuerRecord, Origin, Reason, Settled, SwitchRecord, TerminalRecord, Totals,
};

impl Tale {
    pub(crate) fn due(&mut self, s: Sale) -> usize {
        let (ticket, stan, reason) = (Ticket(s.ticket), s.stan, Reason::NoAnswer);
        self.terminal(s, TerminalRecord::ReversalDue { ticket, stan, reason })
    }

    pub(crate) fn tried(&mut self, s: Sale, attempt: u8) -> usize {
        let (ticket, stan) = (Ticket(s.ticket), s.stan);
        self.terminal(s, TerminalRecord::ReversalTried { ticket, stan, attempt })
    }

    pub(crate) fn reversal(&mut self, s: Sale) -> usize {
        self.pass(s, s.party(), SWITCH, &s.pos(Mti::REVERSAL_REQUEST))
    }

    pub(crate) fn accepted(&mut self, s: Sale, is_known: bool) -> usize {
        let id = is_known.then_some(u64::from(s.ticket));
        let code = if is_known { ResponseCode::APPROVED } else { ResponseCode::ORIGINAL_NOT_FOUND };
        let (ticket, origin) = (Ticket(s.ticket), Origin::Pos(s.pos_key()));
        self.switch(s, SwitchRecord::ReversalAccepted { id, ticket, origin, code })
    }

    pub(crate) fn queued(&mut self, s: Sale) -> usize {
        let record = SwitchRecord::AdviceQueued {
            advice: s.ticket.into(),
            id: s.ticket.into(),
            ticket: Ticket(s.ticket),
            to: reversim_models::node::Port(100),
            stan: 950 + s.ticket,
            transmission: s.key().transmission,
            reason: Reason::TerminalReversed,
        };
        self.switch(s, record)
    }

    pub(crate) fn acknowledged(&mut self, s: Sale) -> usize {
        self.pass(s, SWITCH, s.party(), &s.pos_answer(Mti::REVERSAL_RESPONSE, "00"))
    }

    pub(crate) fn reversed(&mut self, s: Sale) -> usize {
        let (ticket, stan, code) = (Ticket(s.ticket), s.stan, ResponseCode::APPROVED);
        self.terminal(s, TerminalRecord::Reversed { ticket, stan, code })
    }

    pub(crate) fn advice_tried(&mut self, s: Sale, attempt: u16) -> usize {
        self.switch(s, SwitchRecord::AdviceTried { advice: s.ticket.into(), attempt })
    }

    pub(crate) fn advice(&mut self, s: Sale) -> usize {
        self.pass(s, SWITCH, ISSUER, &s.advice(Mti::REVERSAL_ADVICE))
    }

    pub(crate) fn credited(&mut self, s: Sale) -> usize {
        self.credited_with(s, s.kind.money() * s.minor as i64, Some(s.ticket.into()))
    }

    pub(crate) fn credited_with(&mut self, s: Sale, credit: i64, original: Option<u64>) -> usize {
        self.credited_as(s, (credit, original), |_| {})
    }

    pub(crate) fn credited_as(
        &mut self,
        s: Sale,
        (credit, original): (i64, Option<u64>),
        change: impl FnOnce(&mut IssuerRecord),
    ) -> usize {
        let mut record = IssuerRecord::Reversed {
            id: u64::from(s.ticket) + 50,
            ticket: Ticket(s.ticket),
            original_key: s.key(),
            original,
            credited: credit.unsigned_abs(),
            code: ResponseCode::APPROVED,
            legs: legs(credit),
            hold: 0,
            business_date: DAY,
        };
        change(&mut record);
        self.issuer(s, record)
    }

    pub(crate) fn advice_answer(&mut self, s: Sale, code: &str) -> usize {
        let message = s.advice(Mti::REVERSAL_ADVICE_RESPONSE).with(Element::RESPONSE_CODE, code);
        self.pass(s, ISSUER, SWITCH, &message)
    }

    pub(crate) fn completed(&mut self, s: Sale) -> usize {
        let (advice, code) = (s.ticket.into(), ResponseCode::APPROVED);
        self.switch(s, SwitchRecord::AdviceCompleted { advice, code })
    }

    /// The lost answer, the time-out and the whole reversal, without another fault.
    pub(crate) fn taken_back(&mut self, s: Sale) -> usize {
        self.until_answer(s);
        self.due(s);
        self.show(s, Display::InDoubt);
        self.tried(s, 1);
        self.reversal(s);
        self.accepted(s, true);
        self.queued(s);
        self.acknowledged(s);
        self.reversed(s);
        self.advice_tried(s, 1);
        self.advice(s);
        self.credited(s);
        self.advice_answer(s, "00");
        self.completed(s)
    }

    pub(crate) fn exception(&mut self, s: Sale, attempts: u8) -> usize {
        let (ticket, stan, amount) = (Ticket(s.ticket), s.stan, s.amount());
        self.terminal(s, TerminalRecord::ExceptionOpened { ticket, stan, amount, attempts })
    }

    pub(crate) fn advice_exception(&mut self, s: Sale, attempts: u16) -> usize {
        let (advice, id, ticket) = (s.ticket.into(), s.ticket.into(), Ticket(s.ticket));
        let amount = s.amount();
        self.switch(s, SwitchRecord::ExceptionOpened { advice, id, ticket, amount, attempts })
    }

    pub(crate) fn settlement_started(&mut self, stan: u32, batch: u32, totals: Totals) -> usize {
        let record = TerminalRecord::SettlementStarted { batch, totals, stan };
        self.terminal(sale(0), record)
    }

    pub(crate) fn compared(&mut self, theirs: Totals, ours: Totals) -> usize {
        let terminal = sale(1).id();
        self.switch(sale(0), SwitchRecord::Compared { terminal, batch: 1, theirs, ours })
    }

    pub(crate) fn host_closed(&mut self, sales: &[Sale], differences: &[u32]) -> usize {
        let entry = |s: &Sale| Settled {
            id: s.ticket.into(),
            ticket: Ticket(s.ticket),
            kind: s.kind,
            minor: s.minor,
        };
        let record = SwitchRecord::BatchClosed {
            terminal: sale(1).id(),
            batch: sales.first().map_or(1, |s| s.batch),
            entries: sales.iter().map(entry).collect(),
            differences: differences.into(),
            business_date: DAY,
        };
        self.switch(sale(0), record)
    }

    pub(crate) fn batch_closed(&mut self, batch: u32, totals: Totals) -> usize {
        let record = TerminalRecord::BatchClosed { batch, next: batch + 1, totals };
        self.terminal(sale(0), record)
    }

    /// A whole settlement of these sales under STAN 99, without a fault.
    pub(crate) fn settled(&mut self, sales: &[Sale]) -> usize {
        let totals = totals(sales);
        self.settlement_started(99, 1, totals);
        self.compared(totals, totals);
        self.host_closed(sales, &[]);
        self.batch_closed(1, totals)
    }
}
