//! The catalogue of what a wish makes happen: which messages travel, which actions parties take.
//!
//! Faults are aimed with it, so it says what *will* happen in a run without faults, and what
//! follows once something went wrong. Read the parties before changing it: a row that never
//! happens makes idle faults, and a campaign that tests nothing. It is not a model of the parties.

mod tables;

use crate::fault::{ActionName, OnAction, OnMessage, Side};
use crate::party::{Party, Role};
use crate::scenario::{AskedBy, Scenario, Step, Wish};
use reversim_models::iso8583::Mti;
use reversim_models::record::Kind;

/// A line of the way between a terminal and an issuer, with its direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leg {
    PosUp,
    PosDown,
    ChainUp,
    ChainDown,
    IssuerUp,
    IssuerDown,
}

/// A message class on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hop(pub(super) Leg, pub(super) Mti);

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    Terminal,
    Switch,
    Issuer,
}

/// An action on the way, and what it depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Act(Who, ActionName, Needs);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Needs {
    Nothing,
    Pin,
    Approval,
}

/// What a wish makes happen. Hops between switches come last, so that a prefix serves one switch.
#[derive(Debug)]
pub(super) struct Flow {
    hops: &'static [Hop],
    hops_of_chain: usize,
    acts: &'static [Act],
}

use ActionName::Record;
use Leg::{ChainDown, ChainUp, IssuerDown, IssuerUp, PosDown, PosUp};
use Needs::{Approval, Nothing, Pin};
use Who::{Issuer, Switch, Terminal};
use tables::{
    ADVICE, CHIP_SALE, DOWNLOAD, ECHO, INQUIRY, ORDER_QUERY, PRE_AUTH, QR_SALE, REFUND,
    REFUND_AGAIN, REFUND_REPEAT, REPEAT, REVERSAL, SALE, SETTLEMENT, SIGN_ON, UNKNOWN_REVERSAL,
};

/// The answer to the n-th line test of the last switch towards this issuer: nobody's wish.
pub(super) fn line_test(scenario: &Scenario, issuer: Party, nth: u32) -> OnMessage {
    let to = Party::switch(scenario.topology.switches);
    OnMessage { from: issuer, to, mti: Mti::NETWORK_RESPONSE, step: 0, nth }
}

/// How many switches there are on the way to this issuer: two, but one where a line leads there
/// directly, unless somebody closes its route.
fn switches(scenario: &Scenario, issuer: u8) -> u8 {
    let topology = &scenario.topology;
    let issuer = Party::issuer(issuer);
    let closed = |step: &Step| matches!(step.wish, Wish::Route { to, open: false } if to == issuer);
    let is_direct = topology.direct && !scenario.steps.iter().any(closed);
    if is_direct { 1 } else { topology.switches }
}

/// A step whose messages are known, with the parties on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) step: u32,
    pub(super) terminal: Party,
    pub(super) issuer: Party,
    /// Whether it moves something, so that it is taken back when its answer does not come.
    pub(super) is_taken_back: bool,
    /// Whether it is an advice, so that it is told again when its answer does not come.
    pub(super) is_told: bool,
    /// Whether it is done whatever the screen shows.
    pub(super) is_certain: bool,
    /// Whether it is asked about when its answer does not come, before it is taken back.
    pub(super) is_order: bool,
    /// Messages of these classes about the step that go before.
    before: u32,
    is_approved: bool,
    has_pin: bool,
    switches: u8,
    flow: &'static Flow,
}

impl Way {
    /// The way of this step's messages, if it sends any.
    pub(super) fn of(scenario: &Scenario, step: &Step) -> Option<Way> {
        let kind = scenario.kind_of(step);
        let card = scenario.card_of(step).unwrap_or(1);
        let spec = scenario.topology.cards.get(usize::from(card).wrapping_sub(1));
        let has_chip = spec.is_some_and(|spec| spec.chip);
        let flow: &'static Flow = match (kind, &step.wish) {
            (Some(Kind::Inquiry), _) => &INQUIRY,
            (Some(Kind::PreAuth | Kind::PreAuthVoid), _) => &PRE_AUTH,
            (Some(kind), _) if kind.is_advice() => &REFUND,
            (_, Wish::QrSale { .. }) => &QR_SALE,
            (Some(Kind::Sale), _) if has_chip => &CHIP_SALE,
            (Some(_), _) => &SALE,
            (None, Wish::SignOn) => &SIGN_ON,
            (None, Wish::Settle) => &SETTLEMENT,
            (None, Wish::Echo | Wish::SignOff) => &ECHO,
            (None, Wish::Download) => &DOWNLOAD,
            (None, _) => return None,
        };
        let amount = match step.wish {
            Wish::Sale { amount, .. }
            | Wish::QrSale { amount, .. }
            | Wish::PreAuth { amount, .. }
            | Wish::OfflineSale { amount, .. } => amount,
            _ => 0,
        };
        Some(Way {
            step: step.id,
            terminal: step.party,
            issuer: Party::issuer(spec.map_or(1, |spec| spec.issuer)),
            is_taken_back: kind.is_some_and(Kind::is_reversible),
            is_told: kind.is_some_and(Kind::is_advice),
            is_order: matches!(step.wish, Wish::QrSale { .. }),
            before: 0,
            is_certain: step.asked_by == AskedBy::Cashier,
            // Several sales may empty an account; then a fault on a slip stays idle, no worse.
            is_approved: spec.is_some_and(|spec| {
                spec.balance >= amount
                    && spec.day_limit == 0
                    && spec.standing == crate::scenario::Standing::Good
                    && spec.expiry >= 3000
            }),
            has_pin: scenario.policy.pin
                && !kind.is_some_and(Kind::is_advice)
                && !matches!(step.wish, Wish::QrSale { .. }),
            switches: switches(scenario, spec.map_or(1, |spec| spec.issuer)),
            flow,
        })
    }

    /// What happens about this step once a message of it did not come through on this leg; none
    /// if nothing has to be taken back or told again.
    pub(super) fn after_trouble(self, leg: Leg) -> Option<Way> {
        // A way that is not the wish's own is already the way back.
        let is_first = matches!(self.flow.hops[0].1.class(), 1 | 2);
        if self.is_order && is_first && self.before == 0 {
            return Some(Way { flow: &ORDER_QUERY, before: 1, ..self });
        }
        let flow = match leg {
            _ if self.is_order && is_first => &REVERSAL,
            PosUp | PosDown if self.is_told => &REFUND_AGAIN,
            _ if self.is_told => &REFUND_REPEAT,
            _ if !self.is_taken_back => return None,
            PosUp if is_first => &UNKNOWN_REVERSAL,
            PosUp | PosDown => &REVERSAL,
            _ if is_first => &ADVICE,
            _ => &REPEAT,
        };
        Some(Way { flow, before: 0, ..self })
    }

    pub(super) fn hops(&self) -> &'static [Hop] {
        let length = self.flow.hops.len();
        match self.switches {
            1 => &self.flow.hops[..length - self.flow.hops_of_chain],
            _ => self.flow.hops,
        }
    }

    pub(super) fn acts(&self) -> &'static [Act] {
        self.flow.acts
    }

    /// What this party does on the way.
    pub(super) fn acts_of(&self, party: Party) -> Vec<Act> {
        let who = match party.role {
            Role::Terminal => Terminal,
            Role::Switch => Switch,
            Role::Issuer => Issuer,
            // It has no part in what a wish makes happen.
            Role::Clearing => return Vec::new(),
        };
        self.acts().iter().copied().filter(|act| act.0 == who && self.takes(*act)).collect()
    }

    /// Whether this action is taken at all in this scenario.
    pub(super) fn takes(&self, act: Act) -> bool {
        match act.2 {
            Nothing => true,
            Pin => self.has_pin,
            Approval => self.is_approved,
        }
    }

    /// Whether a slip comes out.
    pub(super) fn prints(&self) -> bool {
        (self.is_taken_back || self.is_told) && self.is_approved
    }

    /// The two ends of a leg: who sends, who receives.
    fn ends(&self, leg: Leg) -> (Party, Party) {
        let (first, last) = (Party::switch(1), Party::switch(self.switches));
        match leg {
            PosUp => (self.terminal, first),
            PosDown => (first, self.terminal),
            ChainUp => (first, last),
            ChainDown => (last, first),
            IssuerUp => (last, self.issuer),
            IssuerDown => (self.issuer, last),
        }
    }

    /// The n-th message of this class about this step.
    pub(super) fn message(&self, hop: Hop, nth: u32) -> OnMessage {
        let (from, to) = self.ends(hop.0);
        OnMessage { from, to, mti: hop.1, step: self.step, nth: nth + self.before }
    }

    /// The n-th action of this kind about this step; `switch` says which one acts.
    pub(super) fn action(&self, act: Act, side: Side, switch: u8, nth: u32) -> OnAction {
        let party = match act.0 {
            Terminal => self.terminal,
            Switch => Party::switch(switch.min(self.switches).max(1)),
            Issuer => self.issuer,
        };
        OnAction { party, side, action: act.1, step: self.step, nth }
    }

    /// How many parties wait for an answer while this message travels.
    pub(super) fn waiters(&self, hop: Hop) -> u8 {
        let is_advice = hop.1.class() == 4 && !matches!(hop.0, PosUp | PosDown);
        let switches = match hop.0 {
            PosUp | PosDown => 0,
            ChainUp | ChainDown => 1,
            IssuerUp | IssuerDown => self.switches,
        };
        // Nobody at the counter waits for an advice; whoever sent it does.
        if is_advice { 1 } else { 1 + switches }
    }

    /// One of them, from the nearest to the message.
    pub(super) fn waiter(&self, hop: Hop, number: u8) -> Party {
        let nearest = match hop.0 {
            PosUp | PosDown => return self.terminal,
            ChainUp | ChainDown => 1,
            IssuerUp | IssuerDown => self.switches,
        };
        match nearest.checked_sub(number) {
            None | Some(0) => self.terminal,
            Some(switch) => Party::switch(switch),
        }
    }
}

impl Act {
    /// Whether it is a record, so that it can be torn or slow.
    pub(super) fn is_record(self) -> bool {
        matches!(self.1, Record(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reversim_models::record;

    const FLOWS: [&Flow; 17] = [
        &QR_SALE,
        &ORDER_QUERY,
        &REFUND,
        &REFUND_AGAIN,
        &REFUND_REPEAT,
        &SALE,
        &CHIP_SALE,
        &DOWNLOAD,
        &PRE_AUTH,
        &INQUIRY,
        &SIGN_ON,
        &SETTLEMENT,
        &ECHO,
        &UNKNOWN_REVERSAL,
        &REVERSAL,
        &ADVICE,
        &REPEAT,
    ];

    #[test]
    fn every_record_of_the_catalogue_is_a_record_of_the_contract() {
        for act in FLOWS.iter().flat_map(|flow| flow.acts) {
            if let Record(name) = act.1 {
                assert!(record::Record::NAMES.contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn hops_between_switches_come_last_and_are_left_out_for_one_switch() {
        let is_chain = |hop: &Hop| matches!(hop.0, ChainUp | ChainDown);
        for flow in FLOWS {
            let first = flow.hops.len() - flow.hops_of_chain;
            assert!(flow.hops[..first].iter().all(|hop| !is_chain(hop)));
            assert!(flow.hops[first..].iter().all(is_chain));
        }
    }

    #[test]
    fn trouble_near_the_counter_brings_a_reversal_and_trouble_behind_it_an_advice() {
        let sale = Step::new(1, Party::terminal(1), Wish::Sale { amount: 1, card: 1 });
        let way = Way::of(&Scenario::default(), &sale).expect("a sale sends messages");
        let first = |way: Option<Way>| way.map(|way| way.hops()[0].1);
        assert_eq!(first(way.after_trouble(PosDown)), Some(Mti::REVERSAL_REQUEST));
        let unknown = way.after_trouble(PosUp).expect("a sale is taken back");
        assert!(unknown.hops().iter().all(|hop| matches!(hop.0, PosUp | PosDown)));
        let advice = way.after_trouble(IssuerDown);
        assert_eq!(first(advice), Some(Mti::REVERSAL_ADVICE));
        let repeat = advice.and_then(|way| way.after_trouble(IssuerUp));
        assert_eq!(first(repeat), Some(Mti::REVERSAL_ADVICE_REPEAT));
        let settle = Step::new(1, Party::terminal(1), Wish::Settle);
        let way = Way::of(&Scenario::default(), &settle).expect("a settlement sends messages");
        assert!(way.after_trouble(PosDown).is_none(), "settlements are never reversed");
    }

    #[test]
    fn everyone_between_the_message_and_the_counter_waits() {
        let mut scenario = Scenario::default();
        scenario.topology.switches = 2;
        let sale = Wish::Sale { amount: 1, card: 1 };
        let step = Step::new(1, Party::terminal(1), sale);
        let way = Way::of(&scenario, &step).expect("a sale sends messages");
        let names = |hop: Hop, way: Way| {
            (0..way.waiters(hop)).map(|n| way.waiter(hop, n).to_string()).collect::<Vec<_>>()
        };
        let answer = Hop(IssuerDown, Mti::FINANCIAL_RESPONSE);
        assert_eq!(names(answer, way), ["switch-2", "switch-1", "terminal-1"]);
        assert_eq!(names(Hop(PosUp, Mti::FINANCIAL_REQUEST), way), ["terminal-1"]);
        let advice = Hop(IssuerUp, Mti::REVERSAL_ADVICE);
        assert_eq!(names(advice, way), ["switch-2"]);
    }
}
