//! Follows every sale of a history through the records, and notes what states it comes to.
//!
//! By the names that records give it: two messages that come in one read have one ticket.

use super::{AtIssuer, AtSwitch, AtTerminal, State, States};
use crate::history::{Entry, Setting};
use crate::party::Party;
use reversim_models::node::Ticket;
use reversim_models::record::{
    IssuerRecord, Kind, Origin, PosKey, Reason, Record, SwitchRecord, TerminalRecord,
};

/// Collects the states of one run.
pub struct StateWatch {
    states: States,
    sales: Vec<Sale>,
    /// Terminals by what they call themselves.
    terminals: Vec<(Party, [u8; 8])>,
}

/// A sale, from the terminal's first record of it.
struct Sale {
    terminal: Party,
    ticket: Ticket,
    batch: u32,
    stan: u32,
    /// Its name between the switch and the issuer.
    rrn: [u8; 12],
    /// Its number at the switch.
    number: Option<u64>,
    /// The number of the advice that takes it back.
    advice: Option<u64>,
    /// Its number at the issuer.
    id: Option<(Party, u64)>,
    state: State,
}

impl StateWatch {
    /// Nothing has happened.
    pub fn new(setting: &Setting) -> StateWatch {
        StateWatch {
            states: States::default(),
            sales: Vec::new(),
            terminals: setting.terminals.clone(),
        }
    }

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
            Record::Switch(record) if entry.party.number == 1 => self.switch(record),
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
            TerminalRecord::Started { ticket, batch, stan, .. } => {
                let state = State {
                    terminal: AtTerminal::Asked,
                    switch: AtSwitch::Unknown,
                    issuer: AtIssuer::Unknown,
                };
                self.states.set(state);
                self.sales.push(Sale {
                    terminal: entry.party,
                    ticket: *ticket,
                    batch: *batch,
                    stan: *stan,
                    rrn: [0; 12],
                    number: None,
                    advice: None,
                    id: None,
                    state,
                });
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
        self.change(
            |sale| sale.ticket == entry.ticket,
            |sale| {
                sale.state.terminal = state;
            },
        );
    }

    fn switch(&mut self, record: &SwitchRecord) {
        match *record {
            // A question about an order changes nothing.
            SwitchRecord::Forwarded { kind: Kind::OrderQuery, .. } => {}
            SwitchRecord::Forwarded { id, origin: Origin::Pos(key), rrn, .. } => {
                self.change_named(key, |sale| {
                    (sale.number, sale.rrn) = (Some(id), rrn);
                    sale.state.switch = AtSwitch::Forwarded;
                });
            }
            SwitchRecord::Answered { origin: Origin::Pos(key), code, .. } => {
                self.change_named(key, |sale| {
                    let known = &mut sale.state.switch;
                    *known = match (*known, code.is_approval()) {
                        // The answer to a question about an order can come when its batch is
                        // closed.
                        (AtSwitch::Settled, true) => AtSwitch::Settled,
                        (_, true) => AtSwitch::Approved,
                        // A refusal for want of an answer comes with the advice, before or after.
                        (AtSwitch::Unknown | AtSwitch::Forwarded, false) => AtSwitch::Refused,
                        (known, false) => known,
                    };
                });
            }
            SwitchRecord::AdviceQueued { id, advice, .. } => {
                self.change(
                    |sale| sale.number == Some(id),
                    |sale| {
                        sale.advice = Some(advice);
                        sale.state.switch = AtSwitch::Owing;
                    },
                );
            }
            SwitchRecord::AdviceTried { advice, .. } => self.advised(advice, AtSwitch::Tried),
            SwitchRecord::AdviceCompleted { advice, .. } => self.advised(advice, AtSwitch::Done),
            SwitchRecord::ExceptionOpened { advice, .. } => self.advised(advice, AtSwitch::GivenUp),
            SwitchRecord::ReversalAccepted { id: None, origin: Origin::Pos(key), .. } => {
                self.change_named(key, |sale| sale.state.switch = AtSwitch::Barred);
            }
            SwitchRecord::BatchClosed { ref entries, .. } => {
                for settled in entries {
                    self.change(
                        |sale| {
                            sale.number == Some(settled.id)
                                && sale.state.switch == AtSwitch::Approved
                        },
                        |sale| sale.state.switch = AtSwitch::Settled,
                    );
                }
            }
            _ => {}
        }
    }

    /// What became of the advice with this number.
    fn advised(&mut self, advice: u64, state: AtSwitch) {
        self.change(|sale| sale.advice == Some(advice), |sale| sale.state.switch = state);
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

    /// Changes the sale that its terminal calls so.
    fn change_named(&mut self, key: PosKey, change: impl FnOnce(&mut Sale)) {
        let named = self.terminals.iter().find(|(_, id)| *id == key.terminal);
        let Some(&(terminal, _)) = named else { return };
        let name = (terminal, key.batch, key.stan);
        self.change(|sale| (sale.terminal, sale.batch, sale.stan) == name, change);
    }

    /// Changes the last sale of which this is true.
    fn change(&mut self, is_it: impl Fn(&Sale) -> bool, change: impl FnOnce(&mut Sale)) {
        if let Some(sale) = self.sales.iter_mut().rev().find(|sale| is_it(sale)) {
            change(sale);
            self.states.set(sale.state);
        }
    }
}
