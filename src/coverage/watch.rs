//! Follows every sale of a history through the records, and notes what states it comes to.

use super::{AtIssuer, AtSwitch, AtTerminal, State, States};
use crate::history::Entry;
use crate::party::Party;
use reversim_models::node::Ticket;
use reversim_models::record::{
    IssuerRecord, Kind, Reason, Record, Settled, SwitchRecord, TerminalRecord,
};

/// Collects the states of one run.
#[derive(Default)]
pub struct StateWatch {
    states: States,
    sales: Vec<Sale>,
}

/// A sale, from the terminal's first record of it.
struct Sale {
    terminal: Party,
    ticket: Ticket,
    batch: u32,
    /// Its name between the switch and the issuer.
    rrn: [u8; 12],
    /// Its number at the issuer.
    id: Option<(Party, u64)>,
    state: State,
}

impl StateWatch {
    /// The states seen so far.
    pub fn states(&self) -> States {
        self.states
    }

    /// Takes in a record that became durable, in the order of the history.
    pub fn observe(&mut self, entry: &Entry, record: &Record) {
        match record {
            Record::Terminal(record) => self.terminal(entry, record),
            // What any switch approves in the issuer's stead has no end here: it is told, whatever
            // becomes of it at the issuer.
            Record::Switch(SwitchRecord::AdviceQueued {
                reason: Reason::StoodIn, ticket, ..
            }) => self.sales.retain(|sale| sale.ticket != *ticket),
            Record::Switch(record) if entry.party.number == 1 => self.switch(entry.ticket, record),
            Record::Issuer(record) => self.issuer(entry.party, record),
            _ => {}
        }
    }

    fn terminal(&mut self, entry: &Entry, record: &TerminalRecord) {
        let state = match record {
            // What is not settled has no end here, and what is told is never taken back.
            TerminalRecord::Started { kind, .. } if !kind.is_settled() || kind.is_advice() => {
                return;
            }
            TerminalRecord::Started { ticket, batch, .. } => {
                let state = State {
                    terminal: AtTerminal::Asked,
                    switch: AtSwitch::Unknown,
                    issuer: AtIssuer::Unknown,
                };
                self.states.set(state);
                let (terminal, ticket, batch) = (entry.party, *ticket, *batch);
                self.sales.push(Sale { terminal, ticket, batch, rrn: [0; 12], id: None, state });
                return;
            }
            TerminalRecord::BatchClosed { batch, .. } => {
                let ours = |sale: &&mut Sale| {
                    (sale.terminal, sale.batch) == (entry.party, *batch)
                        && sale.state.terminal == AtTerminal::Approved
                };
                for sale in self.sales.iter_mut().filter(ours) {
                    sale.state.terminal = AtTerminal::Settled;
                    self.states.set(sale.state);
                }
                return;
            }
            TerminalRecord::NotSent { .. } => AtTerminal::NotSent,
            TerminalRecord::Approved { .. } => AtTerminal::Approved,
            TerminalRecord::Declined { .. } => AtTerminal::Declined,
            TerminalRecord::ReversalDue { .. } => AtTerminal::Due,
            TerminalRecord::ReversalTried { .. } => AtTerminal::Tried,
            TerminalRecord::Reversed { .. } => AtTerminal::Reversed,
            TerminalRecord::ExceptionOpened { .. } => AtTerminal::GivenUp,
            _ => return,
        };
        self.change(entry.ticket, |sale| sale.terminal = state);
    }

    fn switch(&mut self, about: Ticket, record: &SwitchRecord) {
        let state = match record {
            // A question about an order changes nothing.
            SwitchRecord::Forwarded { kind: Kind::OrderQuery, .. } => return,
            SwitchRecord::Forwarded { ticket, rrn, .. } => {
                if let Some(sale) = self.sales.iter_mut().rev().find(|s| s.ticket == *ticket) {
                    sale.rrn = *rrn;
                }
                AtSwitch::Forwarded
            }
            // The answer to a question about an order can come when its batch is closed.
            SwitchRecord::Answered { code, .. } if code.is_approval() => {
                return self.change(about, |sale| {
                    if sale.switch != AtSwitch::Settled {
                        sale.switch = AtSwitch::Approved;
                    }
                });
            }
            // A refusal for want of an answer comes with the advice, before or after it.
            SwitchRecord::Answered { .. } => {
                return self.change(about, |sale| {
                    if matches!(sale.switch, AtSwitch::Unknown | AtSwitch::Forwarded) {
                        sale.switch = AtSwitch::Refused;
                    }
                });
            }
            SwitchRecord::AdviceQueued { .. } => AtSwitch::Owing,
            SwitchRecord::AdviceTried { .. } => AtSwitch::Tried,
            SwitchRecord::AdviceCompleted { .. } => AtSwitch::Done,
            SwitchRecord::ExceptionOpened { .. } => AtSwitch::GivenUp,
            SwitchRecord::ReversalAccepted { id: None, .. } => AtSwitch::Barred,
            SwitchRecord::BatchClosed { entries, .. } => {
                for Settled { ticket, .. } in entries {
                    self.change(*ticket, |sale| {
                        if sale.switch == AtSwitch::Approved {
                            sale.switch = AtSwitch::Settled;
                        }
                    });
                }
                return;
            }
            _ => return,
        };
        self.change(about, |sale| sale.switch = state);
    }

    /// By name and number: two messages that come in one read have one ticket.
    fn issuer(&mut self, issuer: Party, record: &IssuerRecord) {
        let sales = self.sales.iter_mut().rev();
        let (sale, state) = match record {
            IssuerRecord::Decided { id, rrn, kind, code, .. } if kind.moves() => {
                let state = if code.is_approval() { AtIssuer::Debited } else { AtIssuer::Declined };
                let mut named = sales.filter(|sale| sale.rrn == *rrn);
                let Some(sale) = named.find(|sale| sale.state.issuer == AtIssuer::Unknown) else {
                    return;
                };
                sale.id = Some((issuer, *id));
                (sale, state)
            }
            IssuerRecord::Reversed { original: Some(id), .. } => {
                let debited = |sale: &&mut Sale| {
                    sale.id == Some((issuer, *id)) && sale.state.issuer == AtIssuer::Debited
                };
                let Some(sale) = { sales }.find(debited) else { return };
                (sale, AtIssuer::Reversed)
            }
            IssuerRecord::Reversed { ticket, original: None, .. } => {
                let Some(sale) = { sales }.find(|sale| sale.ticket == *ticket) else { return };
                (sale, AtIssuer::Barred)
            }
            _ => return,
        };
        sale.state.issuer = state;
        let state = sale.state;
        self.states.set(state);
    }

    fn change(&mut self, ticket: Ticket, change: impl FnOnce(&mut State)) {
        if let Some(sale) = self.sales.iter_mut().rev().find(|sale| sale.ticket == ticket) {
            change(&mut sale.state);
            self.states.set(sale.state);
        }
    }
}
