//! The flows that can be explored by name: short conversations of everyday, one for each thing
//! that can be asked for and each shape of the way. What has to go wrong in one goes wrong in
//! every run of it; the faults that are explored come on top.

mod files;

use crate::fault::{ChipData, Fault, OnMessage, When};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

/// Their names.
pub const FLOWS: &[&str] = &[
    "sign-on",
    "inquiry",
    "sale",
    "sale+inquiry",
    "sale+sale",
    "sale+settlement",
    "sale+reprint",
    "void",
    "pre-auth",
    "completion-advice",
    "completion-advice+expiry",
    "completion-passed-through",
    "offline-sale",
    "tip",
    "tip-passed-through",
    "pre-auth+expiry",
    "expiry-in-flight",
    "expiry-by-the-clock",
    "pre-auth-void",
    "completion-void",
    "void+settlement",
    "refund",
    "refund-passed-through",
    "refund+settlement",
    "two-refunds",
    "payout",
    "stand-in",
    "stand-in-void",
    "wrong-pin",
    "echo",
    "sign-off",
    "cut-over",
    "upload",
    "two-terminals",
    "two-switches",
    "two-routes",
    "route-closed",
    "two-issuers",
    "clearing",
    "adjustment",
    "suspense",
    "void+clearing",
    "refund+clearing",
    "completion+clearing",
    "void-taken-back",
    "refund-taken-back",
    "refund-by-file",
    "stand-in-by-file",
    "completion-taken-back",
    "completion-by-file",
    "completion-returned",
    "two-clearing-nodes",
    "claim",
    "claim-charged-back",
    "retrieval",
    "chip",
    "chip-download",
    "qr",
    "qr+settlement",
    "escrow",
    "escrow+expiry",
];

const SALE: Wish = Wish::Sale { amount: 10_000, card: 1 };
const QR_SALE: Wish = Wish::QrSale { amount: 10_000, card: 1 };
const INQUIRY: Wish = Wish::Inquiry { card: 2 };
const OFFLINE_SALE: Wish = Wish::OfflineSale { amount: 10_000, card: 1 };
const PRE_AUTH: Wish = Wish::PreAuth { amount: 10_000, card: 1 };
const COUNTER: Party = Party::terminal(1);

/// The scenario of a flow. One terminal, one switch and one issuer where its name says nothing
/// else, and everything by default.
pub fn flow(name: &str) -> Option<Scenario> {
    let mut scenario = match name {
        "sign-on" => at_the_counter(&[]),
        "inquiry" => at_the_counter(&[INQUIRY]),
        "sale" => at_the_counter(&[SALE]),
        "sale+inquiry" => at_the_counter(&[SALE, INQUIRY]),
        "sale+sale" => at_the_counter(&[SALE, SALE]),
        "sale+settlement" => at_the_counter(&[SALE, Wish::Settle]),
        "sale+reprint" => at_the_counter(&[SALE, Wish::Reprint { of: None }]),
        "void" => at_the_counter(&[SALE, void(2)]),
        "pre-auth" => at_the_counter(&[PRE_AUTH, completion(2)]),
        "completion-advice" => at_the_counter(&[PRE_AUTH, completion_advice(2), INQUIRY]),
        "completion-advice+expiry" => too_late(completion_advice(2)),
        "offline-sale" => at_the_counter(&[OFFLINE_SALE, INQUIRY]),
        "tip" => at_the_counter(&[SALE, tip(2), void(2)]),
        "tip-passed-through" => passed_through(&[SALE, tip(2)]),
        "completion-passed-through" => passed_through(&[PRE_AUTH, completion_advice(2)]),
        "pre-auth+expiry" => too_late(completion(2)),
        "expiry-in-flight" => expiry_in_flight(),
        "expiry-by-the-clock" => expiry_by_the_clock(),
        "pre-auth-void" => at_the_counter(&[PRE_AUTH, void(2)]),
        "completion-void" => at_the_counter(&[PRE_AUTH, completion(2), void(3)]),
        "void+settlement" => at_the_counter(&[SALE, void(2), Wish::Settle]),
        "refund" => at_the_counter(&[SALE, refund(2)]),
        "refund-passed-through" => passed_through(&[SALE, refund(2)]),
        "refund+settlement" => at_the_counter(&[SALE, Wish::Settle, refund(2), Wish::Settle]),
        "two-refunds" => at_the_counter(&[SALE, refund(2), refund(2)]),
        "payout" => payout(),
        "stand-in" => stand_in(&[SALE, INQUIRY]),
        "stand-in-void" => stand_in(&[SALE, void(2)]),
        "wrong-pin" => wrong_pin(),
        "echo" => at_the_counter(&[Wish::Echo, SALE]),
        "sign-off" => at_the_counter(&[SALE, Wish::SignOff, SALE]),
        "cut-over" => cut_over(),
        "upload" => upload(),
        "two-terminals" => two_terminals(),
        "two-switches" => two_switches(),
        "two-routes" => two_routes(),
        "route-closed" => route_closed(),
        "two-issuers" => two_issuers(),
        "clearing" => files::clearing(),
        "adjustment" => files::adjustment(),
        "suspense" => files::suspense(),
        "void+clearing" => files::void_cleared(),
        "refund+clearing" => files::refund_cleared(),
        "completion+clearing" => files::completion_cleared(),
        "void-taken-back" => files::void_taken_back(),
        "refund-taken-back" => files::refund_taken_back(),
        "refund-by-file" => files::refund_by_file(),
        "stand-in-by-file" => files::stand_in_by_file(),
        "completion-taken-back" => files::completion_taken_back(),
        "completion-by-file" => files::completion_by_file(),
        "completion-returned" => files::completion_returned(),
        "two-clearing-nodes" => files::two_clearing_nodes(),
        "claim" => files::claim(),
        "claim-charged-back" => files::claim_charged_back(),
        "retrieval" => files::retrieval(),
        "chip" => by_chip(&[SALE]),
        "chip-download" => chip_download(),
        "escrow" => by_trade_card(at_the_counter(&[PRE_AUTH, completion(2)])),
        "escrow+expiry" => by_trade_card(too_late(completion(2))),
        "qr" => at_the_counter(&[QR_SALE]),
        "qr+settlement" => at_the_counter(&[QR_SALE, Wish::Settle]),
        _ => return None,
    };
    name.clone_into(&mut scenario.title);
    Some(scenario)
}

/// A sign-on, and these wishes one after another.
fn at_the_counter(wishes: &[Wish]) -> Scenario {
    let wishes = std::iter::once(&Wish::SignOn).chain(wishes);
    let steps = (1..).zip(wishes).map(|(id, wish)| Step::new(id, COUNTER, wish.clone()));
    Scenario { steps: steps.collect(), ..Scenario::default() }
}

/// Undoes a step.
fn void(of: u32) -> Wish {
    Wish::Void { of, card: None, password: None }
}

/// Takes a part of what a step held.
fn completion(of: u32) -> Wish {
    Wish::Completion { of, amount: Some(7_000), told: false }
}

/// Adds something to a sale.
fn tip(of: u32) -> Wish {
    Wish::Tip { of, amount: 1_000 }
}

/// The same, told as something done.
fn completion_advice(of: u32) -> Wish {
    Wish::Completion { of, amount: Some(7_000), told: true }
}

/// Gives a part of a sale back; a second time there is not enough left.
fn refund(of: u32) -> Wish {
    Wish::Refund { of, amount: Some(7_000), password: None }
}

/// The switch passes advice and answer through.
fn passed_through(wishes: &[Wish]) -> Scenario {
    let mut scenario = at_the_counter(wishes);
    scenario.policy.switch_answers_advices = false;
    scenario
}

/// The merchant is paid at once: a void is refused, a refund is taken from what it has left.
fn payout() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, void(2), refund(2), SALE]);
    (scenario.policy.instant_payout, scenario.policy.merchant_reserve) = (true, 7_000);
    scenario
}

/// The issuer's answer to the sale is lost, and the switch approves it in the issuer's stead.
fn stand_in(wishes: &[Wish]) -> Scenario {
    let mut scenario = at_the_counter(wishes);
    (scenario.policy.pin, scenario.policy.stand_in_max) = (false, 10_000);
    let (from, to) = (Party::issuer(1), Party::switch(1));
    let on = OnMessage { from, to, mti: Mti::FINANCIAL_RESPONSE, step: 2, nth: 1 };
    scenario.faults.push(Fault::Drop(on));
    scenario
}

/// The first sale is refused for its PIN, the second is not.
fn wrong_pin() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, SALE]);
    scenario.faults.push(Fault::WrongPin { step: 2 });
    scenario
}

/// Cards with chips.
fn by_chip(wishes: &[Wish]) -> Scenario {
    let mut scenario = at_the_counter(wishes);
    scenario.topology.cards.iter_mut().for_each(|card| card.chip = true);
    scenario
}

/// The terminal turns out to have no chip parameters, downloads them, and sells.
fn chip_download() -> Scenario {
    let mut scenario = by_chip(&[SALE, Wish::Download, SALE]);
    scenario.faults.push(Fault::ChipDataMissing { step: 2, what: ChipData::Parameters });
    scenario.steps[3].intent = Some(2);
    scenario
}

/// The business date changes between two sales.
fn cut_over() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, SALE]);
    let mut cut = Step::new(4, Party::switch(1), Wish::CutOver { window_ms: 1_000 });
    cut.at_ms = Some(8_000);
    scenario.steps.push(cut);
    scenario
}

/// Cards of members: what is held on them lies in escrow.
fn by_trade_card(mut scenario: Scenario) -> Scenario {
    scenario.topology.cards.iter_mut().for_each(|card| card.escrow = true);
    scenario
}

/// Money is held for one business date; then comes this: nobody can complete it any more, but what
/// is told as done is owed.
fn too_late(wish: Wish) -> Scenario {
    let mut scenario = at_the_counter(&[PRE_AUTH]);
    scenario.policy.hold_days = 1;
    date_ends(&mut scenario, 15_000);
    later(&mut scenario, wish, 20_000);
    scenario
}

/// The date ends while the completion is on its way to the issuer: it comes too late.
fn expiry_in_flight() -> Scenario {
    let mut scenario = at_the_counter(&[PRE_AUTH, completion(2)]);
    scenario.policy.hold_days = 1;
    let (from, to, mti) = (Party::switch(1), Party::issuer(1), Mti::FINANCIAL_REQUEST);
    let at = When::Message(OnMessage { from, to, mti, step: 3, nth: 1 });
    scenario.faults.push(Fault::CutOver { at, window_ms: 0 });
    scenario
}

/// The pre-authorisation names the moment at which it is over, and the issuer's clock stands in
/// another zone.
fn expiry_by_the_clock() -> Scenario {
    let mut scenario = at_the_counter(&[PRE_AUTH]);
    (scenario.policy.hold_until_s, scenario.policy.issuer_zone_min) = (20, 60);
    later(&mut scenario, completion(2), 40_000);
    scenario
}

/// The answer to the second sale is lost, and so is its only reversal: the totals differ, and the
/// terminal uploads what it has.
fn upload() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, SALE, Wish::Settle]);
    scenario.policy.reversal_attempts = 1;
    let (from, to) = (Party::switch(1), COUNTER);
    scenario.faults.extend([
        Fault::Drop(OnMessage { from, to, mti: Mti::FINANCIAL_RESPONSE, step: 3, nth: 1 }),
        Fault::Drop(OnMessage { from: to, to: from, mti: Mti::REVERSAL_REQUEST, step: 3, nth: 1 }),
    ]);
    scenario
}

/// The same sale at two terminals in the same instant, under the same STAN.
fn two_terminals() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.topology.terminals = 2;
    let both = [COUNTER, Party::terminal(2)];
    let wishes = [(Wish::SignOn, None), (SALE, Some(10_000))];
    let asked = wishes.iter().flat_map(|wish| both.map(|party| (party, wish)));
    scenario.steps.extend((1..).zip(asked).map(|(id, (party, (wish, at_ms)))| {
        let mut step = Step::new(id, party, wish.clone());
        step.at_ms = *at_ms;
        step
    }));
    scenario
}

/// A sale through an acquirer's and a network's switch.
fn two_switches() -> Scenario {
    let mut scenario = at_the_counter(&[SALE]);
    scenario.topology.switches = 2;
    scenario
}

/// An acquirer with a line of its own to the issuer, beside the network.
fn two_routes() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, SALE]);
    scenario.topology.switches = 2;
    scenario.topology.direct = true;
    scenario
}

/// The same; the operator closes the direct route, and what went that way is voided.
fn route_closed() -> Scenario {
    let mut scenario = two_routes();
    let wish = Wish::Route { to: Party::issuer(1), open: false };
    at(&mut scenario, Party::switch(1), wish, 10_000);
    let id = scenario.steps.len() as u32 + 1;
    scenario.steps.push(Step::new(id, COUNTER, void(2)));
    scenario
}

/// A sale on a card of each issuer.
fn two_issuers() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, Wish::Sale { amount: 10_000, card: 2 }]);
    scenario.topology.issuers = 2;
    scenario.topology.cards[1].issuer = 2;
    scenario
}

fn date_ends(scenario: &mut Scenario, at_ms: u64) {
    at(scenario, Party::switch(1), Wish::CutOver { window_ms: 1_000 }, at_ms);
}

/// Somebody wants something at this time, so that the files before it are not left to healing.
fn later(scenario: &mut Scenario, wish: Wish, at_ms: u64) {
    at(scenario, COUNTER, wish, at_ms);
}

fn at(scenario: &mut Scenario, party: Party, wish: Wish, at_ms: u64) {
    let id = scenario.steps.len() as u32 + 1;
    scenario.steps.push(Step { at_ms: Some(at_ms), ..Step::new(id, party, wish) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Mark;

    #[test]
    fn every_flow_does_what_its_name_says_and_nobody_loses_money() {
        let shows = |name: &str| match name {
            "upload" => Some(Mark::BatchUploadAfterImbalance),
            "adjustment" => Some(Mark::AdjustmentPresented),
            "suspense" => Some(Mark::SuspenseReturned),
            "void-taken-back" | "refund-taken-back" => Some(Mark::TakenAgain),
            "refund-by-file" => Some(Mark::RefundCreditedByFile),
            "stand-in-by-file" | "completion-by-file" | "completion-returned" => {
                Some(Mark::DebitedByFile)
            }
            "completion-taken-back" => Some(Mark::SuspenseReturned),
            "refund+clearing" => Some(Mark::RefundPresented),
            "claim" => Some(Mark::ClaimPaid),
            "claim-charged-back" => Some(Mark::ClaimChargedBack),
            "retrieval" => Some(Mark::SlipMissing),
            "stand-in" | "stand-in-void" => Some(Mark::StoodIn),
            "pre-auth+expiry" | "expiry-in-flight" | "expiry-by-the-clock" => {
                Some(Mark::CompletedTooLate)
            }
            "two-terminals" => Some(Mark::SameStanOnTwoTerminals),
            "route-closed" => Some(Mark::TookTwoRoutes),
            _ => None,
        };
        for name in FLOWS {
            let scenario = flow(name).expect("every listed flow exists");
            let run = crate::run::run(&scenario);
            assert_eq!((run.violation(), &run.idle_faults[..]), (None, &[][..]), "{name}");
            assert!(shows(name).is_none_or(|mark| run.marks.has(mark)), "{name}: {:?}", run.marks);
        }
        assert_eq!(flow("chargeback"), None);
    }
}
