//! L6 keys-resynchronise: work keys of terminals in the healing phase.

use super::books::{Books, Wish, WishKind};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::device::Display;
use reversim_models::iso8583::ResponseCode;

const ABOUT: About = About {
    code: "L6",
    name: "keys-resynchronise",
    claim: "After one sign-on a terminal has work keys that its host accepts.",
    example: "an inquiry at terminal-1 after its keys were withdrawn\n\
              terminal-1 signs on and goes on using the old keys: A0 for ever",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for keys in &books.keys {
            let terminal = keys.terminal;
            let is_inquiry =
                |w: &&Wish| w.terminal == terminal && w.kind == WishKind::Inquiry && w.is_healing();
            let Some(wish) = books.wishes.iter().find(is_inquiry) else { continue };
            let Some((end, display)) = wish.end.filter(|_| !wish.is_interrupted) else { continue };
            let is_refused = match display {
                Display::MustSignOn => true,
                Display::Declined(code) => REFUSED.contains(&code),
                _ => false,
            };
            if is_refused {
                return breach!(
                    [keys.index, end],
                    "{terminal} signed on and still shows {}",
                    display.text().0
                );
            }
            if !keys.is_signed_on {
                return breach!(
                    [keys.index, end],
                    "{terminal} has no work keys, with lines and power restored"
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

/// Codes that say the keys are wrong.
const REFUSED: [ResponseCode; 3] = [
    ResponseCode::TERMINAL_NOT_REGISTERED,
    ResponseCode::PIN_FORMAT_ERROR,
    ResponseCode::MAC_ERROR,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::record::TerminalRecord;

    fn signed_on(tale: &mut Tale) -> usize {
        tale.terminal(sale(0), TerminalRecord::SignedOn { batch: 1, keys: Box::default() })
    }

    #[test]
    fn after_a_sign_on_the_keys_are_good() {
        let mut tale = Tale::new();
        signed_on(&mut tale);
        tale.healed();
        tale.inquiry_shows(Display::Balance(sale(1).amount()));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn keys_that_are_refused_after_a_sign_on_are_not_in_step() {
        let mut tale = Tale::new();
        let keys = signed_on(&mut tale);
        tale.healed();
        let shown = tale.inquiry_shows(Display::Declined(ResponseCode::MAC_ERROR));
        tale.online();
        tale.breaks(ABOUT.name, &[keys, shown], "signed on and still shows A0");
    }

    #[test]
    fn a_terminal_that_stays_signed_off_has_no_keys() {
        let mut tale = Tale::new();
        signed_on(&mut tale);
        let off = tale.terminal(sale(0), TerminalRecord::SignedOff);
        tale.healed();
        let shown = tale.inquiry_shows(Display::CommunicationError);
        tale.online();
        tale.breaks(ABOUT.name, &[off, shown], "has no work keys");
    }

    #[test]
    fn without_a_sign_on_there_are_no_keys() {
        let mut tale = Tale::new();
        tale.healed();
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
