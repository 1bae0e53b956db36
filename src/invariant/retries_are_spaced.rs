//! L8 retries-are-spaced: sendings of reversals and advices, by terminals and by switches. How
//! often a connection is asked for is not in the history.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::party::Role;

const ABOUT: About = About {
    code: "L8",
    name: "retries-are-spaced",
    claim: "A reversal or advice is sent no more often than its budget allows, and not again \
            before time is up for an answer, unless power, line or keys are new since.",
    example: "the reversal of a sale that switch-1 does not know; the terminal must go on trying\n\
              terminal-1 sends it three times within a second and makes it an exception item",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::SWITCH)
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let Some(sent) = books.sent_again.filter(|sent| sent.index == seen.index) else {
            return Ok(0);
        };
        let (party, setting) = (seen.entry.party, &books.setting);
        let (budget, pause) = match party.role {
            Role::Terminal => (setting.reversal_attempts.into(), setting.terminal_response),
            _ => (setting.saf_attempts.into(), setting.saf_retry),
        };
        if budget > 0 && sent.attempt > budget {
            let first = sent.before.map_or(sent.index, |(before, _)| before);
            return breach!(
                [first, sent.index],
                "{party} sends it for the {}th time; its budget is {budget}",
                sent.attempt
            );
        }
        let Some((before, ago)) = sent.before else { return Ok(0) };
        if ago < pause {
            return breach!(
                [before, sent.index],
                "{party} sends it again {ago} after the last time; an answer may take {pause}"
            );
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{SWITCH, TERMINAL, Tale, sale};
    use reversim_models::node::Link;
    use reversim_models::record::TerminalRecord;
    use reversim_models::time::Duration;

    #[test]
    fn a_reversal_is_sent_again_when_no_answer_came_in_its_time() {
        let mut tale = Tale::new();
        tale.due(sale(1));
        tale.tried(sale(1), 1);
        tale.now += Duration::secs(30);
        tale.tried(sale(1), 2);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn nothing_is_sent_again_at_once() {
        let mut tale = Tale::new();
        tale.due(sale(1));
        let first = tale.tried(sale(1), 1);
        let second = tale.tried(sale(1), 2);
        tale.breaks(ABOUT.name, &[first, second], "an answer may take 30s");
        let mut tale = Tale::new();
        tale.queued(sale(1));
        let first = tale.advice_tried(sale(1), 1);
        let second = tale.advice_tried(sale(1), 2);
        tale.breaks(ABOUT.name, &[first, second], "switch-1 sends it again");
    }

    #[test]
    fn another_line_or_other_keys_are_no_reason_to_wait() {
        let up = What::LinkUp { link: Link(7), peer: SWITCH };
        let keys = What::Recorded(TerminalRecord::SignedOff.into());
        for anew in [up, keys, What::PowerLost] {
            let mut tale = Tale::new();
            tale.due(sale(1));
            tale.tried(sale(1), 1);
            tale.push(TERMINAL, 1, anew);
            tale.tried(sale(1), 2);
            tale.is_unknown(ABOUT.name);
        }
    }

    #[test]
    fn what_a_slow_disk_held_up_was_decided_before() {
        let mut tale = Tale::new();
        tale.due(sale(1));
        tale.push(TERMINAL, 1, What::CommitDelayed);
        tale.now += Duration::secs(5);
        tale.tried(sale(1), 1);
        tale.now += Duration::secs(25);
        tale.tried(sale(1), 2);
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn a_budget_is_a_limit() {
        let mut tale = Tale::new();
        tale.due(sale(1));
        let sent = tale.tried(sale(1), 4);
        tale.breaks(ABOUT.name, &[sent], "its budget is 3");
    }
}
