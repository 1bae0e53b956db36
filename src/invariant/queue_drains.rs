//! L3 queue-drains: store-and-forward queues of switches.

use super::books::Books;
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "L3",
    name: "queue-drains",
    claim: "Every queue empties once lines are restored, and no advice is sent more often than \
            its budget while others wait.",
    example: "two advices to issuer-1, which answers the first with 96 for ever\n\
              switch-1 retries the first without end; the second is never sent",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let budget = u32::from(books.setting.saf_attempts);
        let mut checked = 0;
        for advice in &books.advices {
            let (switch, number) = (advice.switch, advice.advice);
            if budget > 0 && advice.attempt > budget {
                return breach!(
                    [advice.queued, advice.last],
                    "{switch} sent advice {number} {} times; its budget is {budget}, and what is \
                     behind it waits",
                    advice.tries
                );
            }
            if advice.is_open() {
                return breach!(
                    [advice.queued, advice.last],
                    "advice {number} is still in the queue of {switch} after {} sendings, with \
                     lines restored",
                    advice.tries
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn the_queue_is_empty_in_the_end() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_poison_head_is_not_sent_for_ever() {
        let mut tale = Tale::new();
        let queued = tale.queued(sale(1));
        tale.queued(sale(2));
        let mut last = 0;
        for attempt in 1..=6 {
            last = tale.advice_tried(sale(1), attempt);
        }
        tale.online();
        tale.breaks(ABOUT.name, &[queued, last], "6 times; its budget is 5");
    }

    #[test]
    fn an_advice_does_not_stay_behind() {
        let mut tale = Tale::new();
        let queued = tale.queued(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[queued], "still in the queue");
    }

    #[test]
    fn an_empty_queue_drains_nothing() {
        let mut tale = Tale::new();
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
