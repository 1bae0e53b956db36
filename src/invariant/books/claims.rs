//! Claims, returns and slips, as people asked for them and parties recorded them. This judges
//! nothing.

use super::{Books, Forward, Stage};
use crate::party::Party;
use reversim_models::card::Pan;
use reversim_models::claim::{ClaimRefusal, ClaimSlip, DeskNote};
use reversim_models::device::{Device, Output, Slip};
use reversim_models::node::{Command, Ticket};
use reversim_models::record::{
    ClearingRecord, EntryKind, Extracted, FileEntry, FileId, IssuerRecord, PayoutLine,
    SwitchRecord, Taken, TakenAs, Unpaid,
};

/// Everything about claims; empty where nobody complains.
#[derive(Default)]
pub(crate) struct Claims {
    /// What merchants wrote down: entry, claim, slip.
    pub(crate) asked: Vec<(usize, Ticket, ClaimSlip)>,
    /// What cardholders complained of.
    pub(crate) complaints: Vec<Complaint>,
    /// Claims that switches took.
    pub(crate) filed: Vec<Filed>,
    /// Claims that switches refused.
    pub(crate) refused: Vec<Refused>,
    /// What issuers made of claims.
    pub(crate) ended: Vec<Ended>,
    /// Slips that merchants looked for: entry, sale, whether there is one by the switch's record.
    pub(crate) sought: Vec<(usize, Ticket, bool)>,
    /// Files of returns as clearing houses made them: entry, file, entries of the file.
    pub(crate) sent_back: Vec<(usize, FileId, Box<[FileEntry]>)>,
    /// Files of returns as switches took them: entry, entries of the file.
    pub(crate) came_back: Vec<(usize, Box<[Extracted]>)>,
    /// Slips that came out: entry, terminal, batch, voucher number.
    slips: Vec<(usize, Party, u32, u32)>,
    /// When slips were first looked for: entry, element 41, batch, voucher number.
    wanted: Vec<(usize, [u8; 8], u32, u32)>,
    /// Slips that are being printed, each answered in its turn.
    printing: Vec<(Party, Option<(u32, u32)>)>,
}

/// A cardholder asks for slips.
pub(crate) struct Complaint {
    pub(crate) index: usize,
    pub(crate) issuer: Party,
    pub(crate) pan: Pan,
    /// Minor units of what is complained of.
    pub(crate) minor: u64,
}

/// A claim that a switch took.
pub(crate) struct Filed {
    pub(crate) index: usize,
    pub(crate) switch: Party,
    pub(crate) id: u64,
    /// What the transaction is about, by the switch's word.
    pub(crate) of: Ticket,
}

/// A claim that a switch refused.
pub(crate) struct Refused {
    pub(crate) index: usize,
    pub(crate) switch: Party,
    pub(crate) claim: Ticket,
    pub(crate) why: ClaimRefusal,
}

/// What an issuer made of a claim.
pub(crate) struct Ended {
    pub(crate) index: usize,
    pub(crate) issuer: Party,
    pub(crate) entry: FileEntry,
    /// Why it is not paid, if it is not.
    pub(crate) why: Option<Unpaid>,
    /// What the card had left before, minor units, if that is known.
    pub(crate) available: Option<i64>,
}

impl Claims {
    /// Somebody complains.
    pub(super) fn asked(&mut self, index: usize, party: Party, command: &Command) {
        match command {
            Command::Claim { ticket, slip } => self.asked.push((index, *ticket, *slip)),
            Command::Retrieve { pan, amount, .. } => {
                let (pan, minor) = (*pan, amount.minor);
                self.complaints.push(Complaint { index, issuer: party, pan, minor });
            }
            _ => {}
        }
    }

    /// Something is put out at a terminal, or said at a claims desk.
    pub(super) fn put_out(&mut self, index: usize, terminal: Party, output: &Output) {
        let voucher = match output {
            Output::Desk(DeskNote::SlipWanted { terminal, batch, stan }) => {
                return self.wanted.push((index, *terminal, *batch, *stan));
            }
            Output::Slip(Slip::Receipt { batch, stan, .. }) => Some((*batch, *stan)),
            Output::Slip(_) => None,
            _ => return,
        };
        self.printing.push((terminal, voucher));
    }

    /// Nobody hears any more what became of its slips.
    pub(super) fn power_lost(&mut self, terminal: Party) {
        self.printing.retain(|(party, _)| *party != terminal);
    }

    /// A device of a terminal answered.
    pub(super) fn answered(
        &mut self,
        index: usize,
        terminal: Party,
        device: Device,
        is_done: bool,
    ) {
        if device != Device::Printer {
            return;
        }
        let first = self.printing.iter().position(|(party, _)| *party == terminal);
        let voucher = first.and_then(|first| self.printing.remove(first).1);
        if let Some((batch, stan)) = voucher.filter(|_| is_done) {
            self.slips.push((index, terminal, batch, stan));
        }
    }
}

impl Books {
    /// What a switch recorded about claims.
    pub(super) fn switch_claimed(&mut self, index: usize, switch: Party, record: &SwitchRecord) {
        match record {
            SwitchRecord::ClaimFiled { id, of, .. } => {
                let (id, of) = (*id, self.ticket_behind(switch, *id, *of));
                self.claims.filed.push(Filed { index, switch, id, of });
            }
            SwitchRecord::ClaimRefused { ticket, why } => {
                self.claims.refused.push(Refused { index, switch, claim: *ticket, why: *why });
            }
            SwitchRecord::SlipAnswered { id, of, is_there } => {
                let of = self.ticket_behind(switch, *id, *of);
                self.claims.sought.push((index, of, *is_there));
            }
            SwitchRecord::ReturnTaken { entries, .. } => {
                let of = entries.iter().map(|one| &one.entry);
                self.files.saw(Stage::CameBack, index, of);
                self.claims.came_back.push((index, entries.clone()));
            }
            _ => {}
        }
    }

    /// What the transaction with this number is about. By the switch's `word` it is about whatever
    /// the world carried beside the read that its request came in, and a read may hold two.
    fn ticket_behind(&self, switch: Party, id: u64, word: Ticket) -> Ticket {
        self.forward(switch, id).map_or(word, |forward| forward.ticket)
    }

    /// What an issuer made of an entry of a presentment file, before it is booked; `before` are the
    /// entries before it.
    pub(super) fn claim_taken(
        &mut self,
        index: usize,
        issuer: Party,
        (before, taken): (&[Taken], &Taken),
    ) {
        let entry = taken.entry;
        if entry.kind != EntryKind::Claim {
            return;
        }
        let standing = self.standing(issuer, entry.pan).filter(|standing| standing.is_opened);
        let held = self.held(issuer, entry.pan);
        let available = standing
            .zip(self.gone(issuer, (before, entry.pan)))
            .map(|(standing, gone)| standing.balance.saturating_sub(held).saturating_sub(gone));
        let why = match taken.end {
            TakenAs::Refused(why) => Some(why),
            TakenAs::Booked | TakenAs::Debited | TakenAs::Credited => None,
        };
        self.claims.ended.push(Ended { index, issuer, entry, why, available });
        let paid = taken.decision.filter(|_| why.is_none());
        if let Some(decision) = paid.and_then(|id| self.decision_mut(issuer, id)) {
            decision.claim.get_or_insert(index);
            if taken.end == TakenAs::Debited {
                decision.claimed = decision.claimed.saturating_add(entry.signed());
            }
        }
    }

    /// What the entries of a file took from the account behind a card, minor units; none if they
    /// took something from a card of which nobody can say whether it is the same account.
    fn gone(&self, issuer: Party, (entries, pan): (&[Taken], Pan)) -> Option<i64> {
        let account = |pan| self.standing(issuer, pan).map(|standing| standing.account);
        let has_moved = |one: &&Taken| matches!(one.end, TakenAs::Debited | TakenAs::Credited);
        let own = account(pan);
        entries.iter().filter(has_moved).try_fold(0_i64, |sum, one| {
            let is_own = one.entry.pan == pan || account(one.entry.pan)? == own?;
            Some(if is_own { sum.saturating_add(one.entry.signed()) } else { sum })
        })
    }

    /// What an issuer recorded about returns.
    pub(super) fn issuer_returned(&mut self, index: usize, record: &IssuerRecord) {
        if let IssuerRecord::ReturnBuilt { entries, .. } = record {
            self.files.saw(Stage::Returned, index, entries.iter());
        }
    }

    /// What a clearing house recorded about returns.
    pub(super) fn clearing_returned(&mut self, index: usize, record: &ClearingRecord) {
        if let ClearingRecord::ReturnBuilt { file, entries, .. } = record {
            self.files.saw(Stage::SentBack, index, entries.iter());
            self.claims.sent_back.push((index, *file, entries.clone()));
        }
    }

    /// What merchants were paid for this sale, with the fee, minor units.
    pub(crate) fn paid_for(&self, of: Ticket) -> i64 {
        self.files.paid.get(&of).copied().unwrap_or(0)
    }

    /// A merchant's statement is made.
    pub(super) fn merchants_are_paid(&mut self, lines: &[PayoutLine]) {
        for line in lines {
            if let Some(of) = self.forward_of(&line.entry).map(|forward| forward.ticket) {
                let paid = self.files.paid.entry(of).or_insert(0);
                *paid = paid.saturating_add(line.fee.saturating_add(line.net));
            }
        }
    }

    /// The transaction of a terminal that an entry of a file is about.
    pub(crate) fn forward_of(&self, entry: &FileEntry) -> Option<&Forward> {
        let is_it = |forward: &&Forward| {
            forward.terminal == entry.terminal
                && forward.pan == entry.pan
                && forward.key.acquirer == entry.key.acquirer
        };
        self.forwards_with(entry.rrn).find(is_it)
    }

    /// Whether a slip of this voucher came out, before anybody last looked for it.
    pub(crate) fn has_slip(&self, terminal: Party, batch: u32, stan: u32) -> bool {
        let id = self.terminal_id(terminal);
        let is_it =
            |(_, of, b, s): &&(usize, [u8; 8], u32, u32)| (Some(*of), *b, *s) == (id, batch, stan);
        let looked =
            self.claims.wanted.iter().rfind(is_it).map_or(usize::MAX, |(index, ..)| *index);
        self.claims
            .slips
            .iter()
            .any(|(index, of, b, s)| *index < looked && (*of, *b, *s) == (terminal, batch, stan))
    }

    /// The claim on this sale that its acquirer took.
    pub(crate) fn filed_for(&self, of: Ticket) -> Option<&Filed> {
        self.claims.filed.iter().find(|filed| filed.of == of)
    }

    /// When the acquirer heard that this sale has no slip.
    pub(crate) fn slip_missing(&self, of: Ticket) -> Option<usize> {
        let is_it = |(_, sale, is_there): &&(usize, Ticket, bool)| *sale == of && !is_there;
        self.claims.sought.iter().find(is_it).map(|(index, ..)| *index)
    }
}
