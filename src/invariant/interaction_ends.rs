//! L1 interaction-ends: what the cashier saw. A wish that power loss cut short has no end.

use super::books::{Books, Wish};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::time::Duration;

const ABOUT: About = About {
    code: "L1",
    name: "interaction-ends",
    claim: "Every wish of a cashier reaches a final display, and within the time its time-outs \
            allow.",
    example: "a sale at terminal-1; its 0210 is lost, and its clock goes back one hour\n\
              terminal-1 shows PROCESSING for an hour",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        // Sign-on, reversals and the wish itself may each spend all their attempts.
        let tries = u64::from(books.setting.reversal_attempts) + ATTEMPTS_MAX;
        let bound = books.setting.terminal_response.times(tries) + SLACK + books.setting.slack;
        if let Some((request, end, waited)) = books.overdue {
            return breach!(
                [request, end],
                "a terminal took {waited} to give up waiting for an answer; it may take {}",
                books.setting.terminal_response
            );
        }
        let mut checked = 0;
        for wish in &books.wishes {
            if wish.is_interrupted {
                continue;
            }
            match wish.end {
                None => return unended(wish),
                Some((end, display)) if wish.waited > bound && !wish.is_slowed => {
                    return breach!(
                        [wish.index, end],
                        "{} took {} to show {} for wish {}; its time-outs allow {bound}",
                        wish.terminal,
                        wish.waited,
                        display.text().0,
                        wish.ticket.0
                    );
                }
                Some(_) => checked += 1,
            }
        }
        Ok(checked)
    }
}

/// Sendings that a wish may take besides reversals: sign-on, settlement, their attempts.
const ATTEMPTS_MAX: u64 = 24;
/// People and lines.
const SLACK: Duration = Duration::secs(120);

fn unended(wish: &Wish) -> Checked {
    breach!(
        [wish.index],
        "{} was asked for {} (wish {}) and never came to an end of it",
        wish.terminal,
        wish.kind.words(),
        wish.ticket.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{TERMINAL, Tale, sale};
    use reversim_models::device::Display;
    use reversim_models::node::{Link, LinkDownReason};

    #[test]
    fn a_sale_ends_on_the_screen() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_sale_without_a_final_display_never_ends() {
        let mut tale = Tale::new();
        let asked = tale.ask(sale(1));
        tale.show(sale(1), Display::Processing);
        tale.online();
        tale.breaks(ABOUT.name, &[asked], "never came to an end");
    }

    #[test]
    fn a_sale_that_ends_an_hour_later_waited_for_the_wrong_clock() {
        let mut tale = Tale::new();
        let asked = tale.ask(sale(1));
        tale.now += Duration::secs(3_600);
        let end = tale.show(sale(1), Display::InDoubt);
        tale.online();
        tale.breaks(ABOUT.name, &[asked, end], "its time-outs allow");
    }

    #[test]
    fn a_wait_that_is_a_minute_too_long_is_one_by_the_wrong_clock() {
        let mut tale = Tale::new();
        tale.ask(sale(1));
        tale.started(sale(1));
        let request = tale.request(sale(1)) - 1;
        tale.now += Duration::secs(90);
        let due = tale.due(sale(1));
        tale.show(sale(1), Display::InDoubt);
        tale.online();
        tale.breaks(ABOUT.name, &[request, due], "to give up waiting");
    }

    #[test]
    fn a_line_that_breaks_ends_the_wait() {
        let mut tale = Tale::new();
        tale.ask(sale(1));
        tale.started(sale(1));
        tale.request(sale(1));
        let (link, peer) = (Link(1), crate::invariant::testing::SWITCH);
        let reason = LinkDownReason::Reset;
        tale.push(TERMINAL, 0, What::LinkDown { link, peer, reason });
        tale.now += Duration::secs(90);
        tale.due(sale(1));
        tale.show(sale(1), Display::InDoubt);
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_wish_that_power_loss_cut_short_has_no_end() {
        let mut tale = Tale::new();
        tale.ask(sale(1));
        tale.push(TERMINAL, 0, What::PowerLost);
        tale.ask(sale(2));
        tale.push(TERMINAL, 0, What::PowerRestored);
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
