//! S20 emv-finality: what a chip refuses is taken back, and what it signs is good once.

use super::books::{Books, ChipTalk};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::{Horizon, What};
use reversim_models::device::{Output, Slip};
use reversim_models::record::{IssuerRecord, TerminalRecord};

const ABOUT: About = About {
    code: "S20",
    name: "emv-finality",
    claim: "What a chip refuses leaves no approval and is reversed; issuers accept a chip's \
            counter only upwards, so a cryptogram once.",
    example: "a sale of 500.00 by chip at terminal-1; pull the card after the host's approval\n\
              the terminal shows DECLINED and reverses nothing",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::ISSUER).and(Kinds::PAPER)
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        match (&seen.entry.what, seen.terminal(), seen.issuer()) {
            (_, Some(TerminalRecord::Started { .. }), _) => started(books, seen),
            (_, Some(TerminalRecord::Approved { .. }), _) => {
                approved(books, seen, "recorded an approval")
            }
            (What::Told { output: Output::Slip(Slip::Receipt { is_copy: false, .. }), .. }, ..) => {
                approved(books, seen, "printed a slip")
            }
            (.., Some(IssuerRecord::Decided { presented: Some(_), .. })) => accepted(books),
            _ => Ok(0),
        }
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon != Horizon::Online {
            return Ok(0);
        }
        let mut checked = 0;
        for talk in books.chips.iter().filter(|talk| talk.is_last_word()) {
            let Some(refused) = talk.refused() else { continue };
            let Some(sale) = books.sale(talk.ticket).filter(|sale| sale.due.is_none()) else {
                checked += 1;
                continue;
            };
            return breach!(
                [talk.index, refused, sale.last()],
                "at {} the chip did not confirm what the host had approved of {sale}, and no \
                 reversal is due: {}",
                talk.terminal,
                sale.story()
            );
        }
        Ok(checked)
    }
}

/// Nothing is asked of the host for a card that could not be read, or did not sign.
fn started(books: &Books, seen: &Seen<'_>) -> Checked {
    let Some(talk) = books.chip_talk(seen.entry.ticket, false) else { return Ok(0) };
    let Some(refused) = talk.refused() else { return Ok(1) };
    breach!(
        [talk.index, refused, seen.index],
        "{} has a request for the host though the chip was not read, or did not sign it",
        talk.terminal
    )
}

fn approved(books: &Books, seen: &Seen<'_>, done: &str) -> Checked {
    let is_here = |talk: &&ChipTalk| talk.terminal == seen.entry.party;
    let Some(talk) = books.chip_talk(seen.entry.ticket, true).filter(is_here) else {
        return Ok(0);
    };
    let Some(refused) = talk.refused() else { return Ok(1) };
    breach!(
        [talk.index, refused, seen.index],
        "{} {done} of what the chip did not confirm",
        talk.terminal
    )
}

fn accepted(books: &Books) -> Checked {
    let Some(new) = books.decisions.last() else { return Ok(0) };
    let Some(signed) = new.presented.filter(|_| new.code.is_approval()) else { return Ok(0) };
    // As long as the claim holds, the one before is the highest.
    let before = books.signed_on(new.issuer, new.pan).rev().nth(1);
    let Some((before, presented)) = before.and_then(|d| Some((d, d.presented?))) else {
        return Ok(1);
    };
    if presented.counter < signed.counter {
        return Ok(1);
    }
    breach!(
        [before.index, new.index],
        "{} accepted cryptogram {} of card {} after cryptogram {}{}",
        new.issuer,
        signed.counter,
        new.pan,
        presented.counter,
        if presented == signed { ": the very same one" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::device::CardCommand;
    use reversim_models::iso8583::ResponseCode;
    use reversim_models::node::Ticket;
    use reversim_models::record::Presented;

    fn complete() -> CardCommand {
        CardCommand::Complete(sale(1).amount())
    }

    fn signed(counter: u16) -> Option<Presented> {
        Some(Presented { counter, unpredictable: [7; 4], cryptogram: [counter as u8; 8] })
    }

    fn decided(tale: &mut Tale, ticket: u32, counter: u16) -> usize {
        tale.decided_as(sale(ticket), |record| {
            if let IssuerRecord::Decided { presented, .. } = record {
                *presented = signed(counter);
            }
        })
    }

    #[test]
    fn what_the_chip_confirms_stands_and_what_it_refuses_is_reversed() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.chip(sale(1), complete(), true);
        tale.approved(sale(1));
        tale.started(sale(2));
        tale.chip(sale(2), complete(), false);
        tale.due(sale(2));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_refusal_that_is_not_reversed_is_found_at_the_horizon() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        let (asked, refused) = tale.chip(sale(1), complete(), false);
        let (ticket, stan) = (Ticket(1), sale(1).stan);
        let code = ResponseCode::AUTHENTICATION_FAILED;
        let declined = tale.terminal(sale(1), TerminalRecord::Declined { ticket, stan, code });
        tale.online();
        tale.breaks(ABOUT.name, &[asked, refused, declined], "no reversal is due");
    }

    #[test]
    fn nothing_is_approved_or_asked_against_the_chip() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        let (asked, refused) = tale.chip(sale(1), complete(), false);
        let approved = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[asked, refused, approved], "recorded an approval");
        let mut tale = Tale::new();
        let (asked, unread) = tale.chip(sale(1), CardCommand::Read, false);
        let started = tale.started(sale(1));
        tale.breaks(ABOUT.name, &[asked, unread, started], "was not read");
    }

    #[test]
    fn a_counter_goes_up_whatever_was_refused_meanwhile() {
        let mut tale = Tale::new();
        decided(&mut tale, 1, 3);
        decided(&mut tale, 2, 5);
        tale.holds(ABOUT.name);
        let mut tale = Tale::new();
        let first = decided(&mut tale, 1, 3);
        let again = decided(&mut tale, 2, 3);
        tale.breaks(ABOUT.name, &[first, again], "the very same one");
        let mut tale = Tale::new();
        let first = decided(&mut tale, 1, 3);
        let lower = decided(&mut tale, 2, 2);
        tale.breaks(ABOUT.name, &[first, lower], "cryptogram 2 of card");
    }
}
