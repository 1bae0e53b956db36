//! What people ask for: the steps of each profile. No faults.

use super::Profile;
use super::entropy::Entropy;
use crate::party::Party;
use crate::scenario::{AskedBy, Scenario, Step, Wish};

/// Adds the steps of this profile.
pub(super) fn add(profile: Profile, entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let mut till = Till::new(entropy, scenario);
    for terminal in 1..=till.terminals {
        till.step(Party::terminal(terminal), Wish::SignOn);
    }
    match profile {
        Profile::Counter | Profile::Mix => till.counter(entropy),
        Profile::Day => till.day(entropy),
        Profile::Boundary | Profile::Crash => till.one_sale_and_what_follows(entropy),
        Profile::Concurrency => till.rush(entropy),
        Profile::Keys => till.keys(entropy),
    }
    if entropy.chance(40) {
        till.much_later(entropy);
    }
    scenario.steps = till.steps;
}

/// Keeps the first sale and the first so many other transactions, in the order in which they are
/// asked for; what is no transaction (sign-on, settlement, a reprint) stays.
pub(super) fn keep_transactions(others: usize, scenario: &mut Scenario) {
    let mut sale = scenario.steps.iter().position(|s| matches!(s.wish, Wish::Sale { .. }));
    let (mut place, mut before) = (0, 0);
    scenario.steps.retain(|step| {
        let is_first = sale.take_if(|sale| *sale == place).is_some();
        let is_other = !is_first && is_transaction(&step.wish);
        place += 1;
        before += usize::from(is_other);
        !is_other || before <= others
    });
}

fn is_transaction(wish: &Wish) -> bool {
    match wish {
        Wish::Sale { .. }
        | Wish::QrSale { .. }
        | Wish::PreAuth { .. }
        | Wish::Completion { .. }
        | Wish::Void { .. }
        | Wish::Refund { .. }
        | Wish::OfflineSale { .. }
        | Wish::Tip { .. }
        | Wish::Inquiry { .. } => true,
        Wish::SignOn
        | Wish::Settle
        | Wish::Reprint { .. }
        | Wish::Echo
        | Wish::SignOff
        | Wish::Download
        | Wish::CutOver { .. }
        | Wish::Maintenance { .. }
        | Wish::Route { .. }
        | Wish::WithdrawKeys { .. }
        | Wish::Claim { .. }
        | Wish::LookUp { .. }
        | Wish::Retrieve { .. } => false,
    }
}

/// How prices are drawn in one run.
#[derive(Clone, Copy)]
enum Prices {
    /// Always the same: amounts must not be what tells transactions apart.
    Same,
    /// Powers of two: a total names its parts.
    Powers,
    /// Any.
    Odd,
}

struct Till {
    steps: Vec<Step>,
    terminals: u8,
    prices: Prices,
    sales: u32,
}

impl Till {
    fn new(entropy: &mut impl Entropy, scenario: &Scenario) -> Till {
        let prices = [Prices::Same, Prices::Powers, Prices::Odd][entropy.weighted(&[60, 25, 15])];
        let terminals = scenario.topology.terminals;
        Till { steps: Vec::with_capacity(8), terminals, prices, sales: 0 }
    }

    fn step(&mut self, party: Party, wish: Wish) -> &mut Step {
        let id = self.steps.len() as u32 + 1;
        self.steps.push(Step::new(id, party, wish));
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    fn sale(&mut self, entropy: &mut impl Entropy, terminal: u8) -> &mut Step {
        let amount = match self.prices {
            Prices::Same => 10_000,
            Prices::Powers => 100 << self.sales.min(10),
            Prices::Odd => entropy.between(1, 60_000),
        };
        self.sales += 1;
        let card = if entropy.chance(30) { 2 } else { 1 };
        let bought = self.steps.iter().rev().find(|step| matches!(step.wish, Wish::Sale { .. }));
        // The cashier, or the screen, may try the same purchase again.
        let before = bought.filter(|step| step.party.number == terminal).map(|step| step.id);
        let again = before.filter(|_| entropy.chance(20));
        let asked_by = match again {
            Some(_) if entropy.chance(60) => AskedBy::Screen,
            _ => AskedBy::Cashier,
        };
        if let Some(first) = again
            && let Some(step) = self.steps.iter_mut().find(|step| step.id == first)
        {
            step.intent.get_or_insert(first);
        }
        let intent = again.map(|first| {
            self.steps.iter().find(|step| step.id == first).and_then(|s| s.intent).unwrap_or(first)
        });
        let step = self.step(Party::terminal(terminal), Wish::Sale { amount, card });
        (step.intent, step.asked_by) = (intent, asked_by);
        step
    }

    /// Anything a cashier may do after the first sale.
    fn anything(&mut self, entropy: &mut impl Entropy, terminal: u8) {
        let party = Party::terminal(terminal);
        let card = if entropy.chance(30) { 2 } else { 1 };
        let wish = match entropy.weighted(&[50, 20, 14, 7, 5, 4]) {
            0 => {
                self.sale(entropy, terminal);
                return;
            }
            1 => Wish::Inquiry { card },
            2 => Wish::Settle,
            3 => {
                let sale = self.steps.iter().find(|step| matches!(step.wish, Wish::Sale { .. }));
                let of = sale.map(|step| step.id).filter(|_| entropy.chance(50));
                Wish::Reprint { of }
            }
            4 => Wish::Echo,
            _ => Wish::SignOn,
        };
        self.step(party, wish);
    }

    fn counter(&mut self, entropy: &mut impl Entropy) {
        self.sale(entropy, 1);
        for _ in 0..entropy.weighted(&[15, 50, 35]) {
            self.anything(entropy, 1);
        }
    }

    fn one_sale_and_what_follows(&mut self, entropy: &mut impl Entropy) {
        self.sale(entropy, 1);
        match entropy.weighted(&[15, 30, 30, 25]) {
            0 => {}
            1 => {
                self.step(Party::terminal(1), Wish::Settle);
            }
            2 => {
                self.sale(entropy, 1);
            }
            _ => self.anything(entropy, 1),
        }
    }

    /// The shop stays open: what is retried by itself is retried while faults can still hit it.
    fn much_later(&mut self, entropy: &mut impl Entropy) {
        let wish = match entropy.weighted(&[50, 30, 20]) {
            0 => Wish::Inquiry { card: 1 },
            1 => Wish::Settle,
            _ => {
                self.sale(entropy, 1).at_ms = Some(120_000);
                return;
            }
        };
        let at_ms = entropy.pick(&[60_000, 120_000, 240_000, 400_000]);
        self.step(Party::terminal(1), wish).at_ms = Some(at_ms);
    }

    fn day(&mut self, entropy: &mut impl Entropy) {
        let count = entropy.between(2, 6);
        let cut = entropy.chance(60).then(|| entropy.below(count));
        for number in 0..count {
            if cut == Some(number) {
                let window_ms = entropy.pick(&[0, 500, 5_000, 30_000]);
                let at_ms = entropy.pick(&[1_000, 5_000, 8_000, 12_000, 20_000, 40_000]);
                let step = self.step(Party::switch(1), Wish::CutOver { window_ms });
                step.at_ms = Some(at_ms + entropy.below(3_000));
            }
            let terminal = entropy.between(1, u64::from(self.terminals)) as u8;
            match number {
                0 => {
                    self.sale(entropy, terminal);
                }
                _ => self.anything(entropy, terminal),
            }
        }
        if entropy.chance(60) {
            self.step(Party::terminal(1), Wish::Settle);
            if entropy.chance(60) {
                self.sale(entropy, 1);
            }
        }
    }

    /// Everybody at once: equal steps of several terminals at the same millisecond.
    fn rush(&mut self, entropy: &mut impl Entropy) {
        let is_together = entropy.chance(70);
        for round in 0..entropy.between(1, 2) {
            for terminal in 1..=self.terminals {
                let later = if entropy.chance(60) { 0 } else { entropy.below(2_000) };
                let step = self.sale(entropy, terminal);
                if is_together {
                    step.at_ms = Some(10_000 + round * 60_000 + later);
                }
            }
        }
        if entropy.chance(40) {
            let terminal = entropy.between(1, u64::from(self.terminals)) as u8;
            self.anything(entropy, terminal);
        }
        if entropy.chance(10) {
            let step = self.step(Party::switch(1), Wish::CutOver { window_ms: 0 });
            step.at_ms = Some(10_000 + entropy.below(3_000));
        }
    }

    fn keys(&mut self, entropy: &mut impl Entropy) {
        for _ in 0..entropy.between(1, 3) {
            let terminal = entropy.between(1, u64::from(self.terminals)) as u8;
            self.sale(entropy, terminal);
            match entropy.weighted(&[40, 25, 20, 15]) {
                0 => {}
                1 => {
                    let wish = Wish::WithdrawKeys { terminal: Party::terminal(terminal) };
                    let at_ms = entropy.between(3_000, 30_000);
                    self.step(Party::switch(1), wish).at_ms = Some(at_ms);
                }
                2 => {
                    self.step(Party::terminal(terminal), Wish::SignOn);
                }
                _ => self.anything(entropy, terminal),
            }
        }
    }
}
