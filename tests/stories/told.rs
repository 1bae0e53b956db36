//! A story that was run, and questions to its history as an auditor would put them.

use reversim::history::{Entry, HEALING, What};
use reversim::party::Party;
use reversim::scenario::Scenario;
use reversim::{Run, stories};
use reversim_models::device::{Device, Display, Output, Slip};
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{
    Account, ClearingRecord, IssuerRecord, Leg, PayoutLine, Record, SwitchRecord, TakenAs,
};
use std::collections::BTreeMap;

pub(crate) const TERMINAL: Party = Party::terminal(1);
pub(crate) const SWITCH: Party = Party::switch(1);
pub(crate) const ISSUER: Party = Party::issuer(1);

/// A story that was run.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) run: Run,
}

pub(crate) fn scenario(name: &str) -> Scenario {
    let story = stories::find(name).next().unwrap_or_else(|| panic!("there is no story {name}"));
    story.scenario().unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn tell(name: &str) -> Told {
    Told { name: name.to_owned(), run: reversim::run(&scenario(name)) }
}

impl Told {
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.run.history.entries.iter().enumerate()
    }

    /// Everything about this step that `pick` takes, in order, with its index.
    pub(crate) fn about<T>(
        &self,
        step: u32,
        pick: impl Fn(&Entry) -> Option<T>,
    ) -> Vec<(usize, T)> {
        let of_step = self.entries().filter(|(_, entry)| entry.ticket == Ticket(step));
        of_step.filter_map(|(index, entry)| Some((index, pick(entry)?))).collect()
    }

    /// What the screen showed during this step, waiting left out.
    pub(crate) fn screens(&self, step: u32) -> Vec<Display> {
        let shown = self.about(step, |entry| match entry.what {
            What::Told { output: Output::Display(display), .. } => Some(display),
            _ => None,
        });
        let is_news =
            |d: &Display| !matches!(d, Display::Ready | Display::Connecting | Display::Processing);
        shown.into_iter().map(|(_, display)| display).filter(is_news).collect()
    }

    /// Where this was first shown during this step.
    pub(crate) fn shown(&self, step: u32, display: Display) -> usize {
        let found = self.about(step, |entry| match entry.what {
            What::Told { output: Output::Display(shown), .. } if shown == display => Some(()),
            _ => None,
        });
        found.first().unwrap_or_else(|| panic!("{}: {display:?} was not shown", self.name)).0
    }

    /// Where a frame of this type left `from` about this step.
    pub(crate) fn sent(&self, from: Party, mti: Mti, step: u32) -> Vec<usize> {
        let found = self.about(step, |entry| match &entry.what {
            What::Sent { frame, .. } if entry.party == from && frame.mti() == Some(mti) => Some(()),
            _ => None,
        });
        found.into_iter().map(|(index, ())| index).collect()
    }

    /// Every record of this party.
    pub(crate) fn records(&self, party: Party) -> impl Iterator<Item = &Record> {
        self.entries().filter_map(move |(_, entry)| match &entry.what {
            What::Recorded(record) if entry.party == party => Some(record),
            _ => None,
        })
    }

    /// How many records of this name the party made.
    pub(crate) fn count(&self, party: Party, name: &str) -> usize {
        self.records(party).filter(|record| record.name() == name).count()
    }

    /// What each card lost, all told, in minor units, by the issuer's own books.
    pub(crate) fn net_debit(&self, card: usize) -> i64 {
        let mut card_of = BTreeMap::new();
        let mut debits = BTreeMap::new();
        for record in self.records(ISSUER) {
            // What a claim takes once more.
            if let Record::Issuer(IssuerRecord::PresentmentTaken { entries, .. }) = record {
                for taken in entries.iter().filter(|taken| taken.end == TakenAs::Debited) {
                    *debits.entry(taken.entry.pan).or_insert(0) += taken.entry.signed();
                }
            }
            let (pan, legs) = match record {
                Record::Issuer(IssuerRecord::Decided { id, pan, legs, .. }) => {
                    card_of.insert(*id, *pan);
                    (*pan, legs)
                }
                Record::Issuer(IssuerRecord::Reversed { original: Some(id), legs, .. }) => {
                    (card_of[id], legs)
                }
                Record::Issuer(IssuerRecord::SuspenseClosed {
                    decision: Some(id), legs, ..
                }) => (card_of[id], legs),
                _ => continue,
            };
            *debits.entry(pan).or_insert(0) -= on_cards(legs);
        }
        debits.get(&self.run.history.setting.pans[card - 1]).copied().unwrap_or(0)
    }

    /// What this account lost, however it was paid from, by the issuer's own books.
    pub(crate) fn net_of_account(&self, account: u32) -> i64 {
        let of_it = |legs: &[Leg]| -> i64 {
            let own = legs.iter().filter(|leg| leg.account == Account::Cardholder(account));
            own.map(|leg| leg.minor).sum()
        };
        let moved = self.records(ISSUER).map(|record| match record {
            Record::Issuer(
                IssuerRecord::Decided { legs, .. }
                | IssuerRecord::Reversed { legs, .. }
                | IssuerRecord::HoldExpired { legs, .. },
            ) => of_it(legs),
            _ => 0,
        });
        -moved.sum::<i64>()
    }

    /// What lay in escrow after each record of the issuer that changed it.
    pub(crate) fn escrow(&self) -> Vec<i64> {
        let mut lies = 0;
        let change = |record: &Record| match record {
            Record::Issuer(
                IssuerRecord::Decided { legs, .. }
                | IssuerRecord::Reversed { legs, .. }
                | IssuerRecord::HoldExpired { legs, .. },
            ) => {
                let own = legs.iter().filter(|leg| leg.account == Account::Escrow);
                own.map(|leg| leg.minor).sum()
            }
            _ => 0,
        };
        let changes = self.records(ISSUER).map(change).filter(|change: &i64| *change != 0);
        let after = changes.map(|change| {
            lies += change;
            lies
        });
        after.collect()
    }

    /// What merchants were paid, fees and net, date by date.
    pub(crate) fn paid(&self) -> Vec<(i64, i64)> {
        let sums = |record: &Record| match record {
            Record::Clearing(ClearingRecord::PayoutBuilt { lines, .. }) => {
                let sum = |of: fn(&PayoutLine) -> i64| lines.iter().map(of).sum();
                Some((sum(|line| line.fee), sum(|line| line.net)))
            }
            _ => None,
        };
        self.records(Party::clearing(1)).filter_map(sums).collect()
    }

    /// Receipts that came out of the printer during this step.
    pub(crate) fn receipts(&self, step: u32) -> usize {
        let papers = self.about(step, |entry| match entry.what {
            What::Told { output: Output::Slip(slip), .. } => Some(Err(slip)),
            What::Answered { device: Device::Printer, is_done } => Some(Ok(is_done)),
            _ => None,
        });
        let papers: Vec<_> = papers.into_iter().map(|(_, paper)| paper).collect();
        let is_out =
            |pair: &&[Result<bool, Slip>]| matches!(pair, [Err(Slip::Receipt { .. }), Ok(true)]);
        papers.windows(2).filter(is_out).count()
    }

    /// Text messages, in order: whether it was a credit, and how much.
    pub(crate) fn texts(&self) -> Vec<(bool, u64)> {
        let text = |(_, entry): (usize, &Entry)| match &entry.what {
            What::Told { output: Output::Text(t), .. } => Some((t.is_credit, t.amount.minor)),
            _ => None,
        };
        self.entries().filter_map(text).collect()
    }

    /// The amounts of each batch that the switch closed.
    pub(crate) fn settled(&self) -> Vec<Vec<u64>> {
        let batch = |record: &Record| match record {
            Record::Switch(SwitchRecord::BatchClosed { entries, .. }) => {
                Some(entries.iter().map(|settled| settled.minor).collect())
            }
            _ => None,
        };
        self.records(SWITCH).filter_map(batch).collect()
    }

    /// Codes that the issuer decided, in order; inquiries of the healing phase left out.
    pub(crate) fn decided(&self) -> Vec<ResponseCode> {
        let code = |(_, entry): (usize, &Entry)| match &entry.what {
            What::Recorded(Record::Issuer(IssuerRecord::Decided { code, .. })) => {
                (entry.ticket.0 < HEALING).then_some(*code)
            }
            _ => None,
        };
        self.entries().filter_map(code).collect()
    }
}

pub(crate) fn on_cards(legs: &[Leg]) -> i64 {
    let of_card = |leg: &&Leg| matches!(leg.account, Account::Cardholder(_));
    legs.iter().filter(of_card).map(|leg| leg.minor).sum()
}
