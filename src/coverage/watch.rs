//! Follows every sale of a history through the records, and notes what states it comes to.

use super::{AtIssuer, AtSwitch, AtTerminal, State, States};
use crate::history::Entry;
use reversim_models::node::Ticket;
use reversim_models::record::{IssuerRecord, Kind, Record, SwitchRecord, TerminalRecord};

/// Collects the states of one run.
#[derive(Default)]
pub struct StateWatch {
    states: States,
    sales: Vec<Sale>,
}

/// A sale, from the terminal's first record of it.
struct Sale {
    ticket: Ticket,
    batch: u32,
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
            Record::Terminal(record) => self.terminal(entry.ticket, record),
            Record::Switch(record) if entry.party.number == 1 => self.switch(entry.ticket, record),
            Record::Issuer(record) => self.issuer(record),
            _ => {}
        }
    }

    fn terminal(&mut self, about: Ticket, record: &TerminalRecord) {
        let state = match record {
            TerminalRecord::Started { ticket, batch, .. } => {
                let state = State {
                    terminal: AtTerminal::Asked,
                    switch: AtSwitch::Unknown,
                    issuer: AtIssuer::Unknown,
                };
                self.states.set(state);
                self.sales.push(Sale { ticket: *ticket, batch: *batch, state });
                return;
            }
            TerminalRecord::BatchClosed { batch, .. } => {
                let ours = |sale: &&mut Sale| {
                    sale.batch == *batch && sale.state.terminal == AtTerminal::Approved
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
        self.change(about, |sale| sale.terminal = state);
    }

    fn switch(&mut self, about: Ticket, record: &SwitchRecord) {
        let state = match record {
            SwitchRecord::Forwarded { .. } => AtSwitch::Forwarded,
            SwitchRecord::Answered { code, .. } if code.is_approval() => AtSwitch::Approved,
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
                for (_, ticket, _) in entries {
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

    fn issuer(&mut self, record: &IssuerRecord) {
        match record {
            IssuerRecord::Decided { ticket, kind: Kind::Sale, code, .. } => {
                let state = if code.is_approval() { AtIssuer::Debited } else { AtIssuer::Declined };
                self.change(*ticket, |sale| {
                    if sale.issuer == AtIssuer::Unknown {
                        sale.issuer = state;
                    }
                });
            }
            IssuerRecord::Reversed { ticket, original: None, .. } => {
                self.change(*ticket, |sale| sale.issuer = AtIssuer::Barred);
            }
            IssuerRecord::Reversed { ticket, .. } => self.change(*ticket, |sale| {
                if sale.issuer == AtIssuer::Debited {
                    sale.issuer = AtIssuer::Reversed;
                }
            }),
            _ => {}
        }
    }

    fn change(&mut self, ticket: Ticket, change: impl FnOnce(&mut State)) {
        if let Some(sale) = self.sales.iter_mut().rev().find(|sale| sale.ticket == ticket) {
            change(&mut sale.state);
            self.states.set(sale.state);
        }
    }
}
