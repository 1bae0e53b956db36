//! Slips: what they say of a step, for whoever asks for something about it later. A terminal of
//! ours has it on record; somebody else's printed it, and its answer said the rest.

use super::{Lines, World};
use crate::history::What;
use reversim_models::card::{Amount, Voucher};
use reversim_models::device::{Output, Slip};
use reversim_models::iso8583::{Element, Message};
use reversim_models::node::Ticket;
use reversim_models::record::{Kind, Record, TerminalRecord};
use reversim_models::time::Instant;

impl<L: Lines> World<'_, L> {
    /// What the slip of a step says, once it was approved: what was done, its names, how much.
    pub(super) fn slip_of(&self, ticket: Ticket) -> Option<(Kind, Voucher, Amount)> {
        let records = || {
            self.history.entries.iter().rev().filter_map(|entry| match &entry.what {
                What::Recorded(Record::Terminal(record)) => Some(record),
                _ => None,
            })
        };
        let approved = records().find_map(|record| match *record {
            TerminalRecord::Approved { ticket: t, amount, rrn, authorization, .. } => {
                (t == ticket).then_some((amount, rrn, authorization))
            }
            _ => None,
        });
        let Some((done, rrn, authorization)) = approved else { return self.paper_of(ticket) };
        records().find_map(|record| match *record {
            TerminalRecord::Started { ticket: t, stan, batch, kind, date, .. } if t == ticket => {
                Some((kind, Voucher { batch, stan, date, rrn, authorization }, done))
            }
            _ => None,
        })
    }

    /// The voucher number that a step's sale got, as its slip or the terminal's journal says.
    pub(super) fn voucher_of(&self, ticket: Ticket) -> Option<u32> {
        let started = self.history.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Recorded(Record::Terminal(TerminalRecord::Started {
                ticket: t, stan, ..
            })) if *t == ticket => Some(*stan),
            _ => None,
        });
        started.or_else(|| self.paper_of(ticket).map(|(_, voucher, _)| voucher.stan))
    }

    /// The slip that somebody else's terminal printed for a step.
    fn paper_of(&self, ticket: Ticket) -> Option<(Kind, Voucher, Amount)> {
        let entries = || self.history.entries.iter().rev().filter(|it| it.ticket == ticket);
        let (party, at, kind, stan, batch, amount) =
            entries().find_map(|entry| match entry.what {
                What::Told {
                    output:
                        Output::Slip(Slip::Receipt { kind, stan, batch, amount, is_copy: false }),
                    ..
                } => Some((entry.party, entry.at, kind, stan, batch, amount)),
                _ => None,
            })?;
        let host = self.plan.index(party).filter(|host| self.hosts[*host].is_foreign())?;
        let answer = entries().find_map(|entry| match &entry.what {
            What::Delivered { frame, .. } if entry.party == party => {
                frame.message().filter(|answer| is_answer(answer, stan))
            }
            _ => None,
        })?;
        let rrn = answer.get(Element::RRN)?.try_into().ok()?;
        let authorization = answer.get(Element::AUTHORIZATION_CODE);
        let authorization = authorization.and_then(|code| code.try_into().ok());
        let date = self.date_at(host, at);
        Some((kind, Voucher { batch, stan, date, rrn, authorization }, amount))
    }

    /// MMDD of a party's calendar at a time that has passed.
    fn date_at(&self, host: usize, at: Instant) -> u16 {
        let ago = i64::try_from(self.now.since(at).0).unwrap_or(i64::MAX);
        self.local_time(host).plus(-ago).date().mmdd()
    }
}

fn is_answer(message: &Message, stan: u32) -> bool {
    let mti = message.mti();
    matches!(mti.class(), 1 | 2)
        && !mti.is_request()
        && message.number(Element::STAN) == Some(stan.into())
}
