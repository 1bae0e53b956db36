//! The bundled stories keep what their comments promise: screens, slips, texts and books.
//!
//! Read off the history alone, as an auditor would. What invariants say is asked once, for all.

use reversim::history::{Entry, HEALING, What};
use reversim::party::Party;
use reversim::run::Outcome;
use reversim::scenario::Scenario;
use reversim::{Run, stories};
use reversim_models::card::Amount;
use reversim_models::device::{Device, Display, Output, Slip};
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{
    Account, ClearingRecord, IssuerRecord, Leg, PayoutLine, Record, SwitchRecord, TerminalRecord,
};
use std::collections::BTreeMap;

const TERMINAL: Party = Party::terminal(1);
const SWITCH: Party = Party::switch(1);
const ISSUER: Party = Party::issuer(1);

/// A story that was run.
struct Told {
    name: String,
    run: Run,
}

fn scenario(name: &str) -> Scenario {
    let story = stories::find(name).next().unwrap_or_else(|| panic!("there is no story {name}"));
    story.scenario().unwrap_or_else(|error| panic!("{error}"))
}

fn tell(name: &str) -> Told {
    Told { name: name.to_owned(), run: reversim::run(&scenario(name)) }
}

impl Told {
    fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.run.history.entries.iter().enumerate()
    }

    /// Everything about this step that `pick` takes, in order, with its index.
    fn about<T>(&self, step: u32, pick: impl Fn(&Entry) -> Option<T>) -> Vec<(usize, T)> {
        let of_step = self.entries().filter(|(_, entry)| entry.ticket == Ticket(step));
        of_step.filter_map(|(index, entry)| Some((index, pick(entry)?))).collect()
    }

    /// What the screen showed during this step, waiting left out.
    fn screens(&self, step: u32) -> Vec<Display> {
        let shown = self.about(step, |entry| match entry.what {
            What::Told { output: Output::Display(display), .. } => Some(display),
            _ => None,
        });
        let is_news =
            |d: &Display| !matches!(d, Display::Ready | Display::Connecting | Display::Processing);
        shown.into_iter().map(|(_, display)| display).filter(is_news).collect()
    }

    /// Where this was first shown during this step.
    fn shown(&self, step: u32, display: Display) -> usize {
        let found = self.about(step, |entry| match entry.what {
            What::Told { output: Output::Display(shown), .. } if shown == display => Some(()),
            _ => None,
        });
        found.first().unwrap_or_else(|| panic!("{}: {display:?} was not shown", self.name)).0
    }

    /// Where a frame of this type left `from` about this step.
    fn sent(&self, from: Party, mti: Mti, step: u32) -> Vec<usize> {
        let found = self.about(step, |entry| match &entry.what {
            What::Sent { frame, .. } if entry.party == from && frame.mti() == Some(mti) => Some(()),
            _ => None,
        });
        found.into_iter().map(|(index, ())| index).collect()
    }

    /// Every record of this party.
    fn records(&self, party: Party) -> impl Iterator<Item = &Record> {
        self.entries().filter_map(move |(_, entry)| match &entry.what {
            What::Recorded(record) if entry.party == party => Some(record),
            _ => None,
        })
    }

    /// How many records of this name the party made.
    fn count(&self, party: Party, name: &str) -> usize {
        self.records(party).filter(|record| record.name() == name).count()
    }

    /// What each card lost, all told, in minor units, by the issuer's own books.
    fn net_debit(&self, card: usize) -> i64 {
        let mut card_of = BTreeMap::new();
        let mut debits = BTreeMap::new();
        for record in self.records(ISSUER) {
            let (pan, legs) = match record {
                Record::Issuer(IssuerRecord::Decided { id, pan, legs, .. }) => {
                    card_of.insert(*id, *pan);
                    (*pan, legs)
                }
                Record::Issuer(IssuerRecord::Reversed { original: Some(id), legs, .. }) => {
                    (card_of[id], legs)
                }
                Record::Issuer(IssuerRecord::SuspenseClosed {
                    decision: Some(id), legs, ..
                }) => (card_of[id], legs),
                _ => continue,
            };
            *debits.entry(pan).or_insert(0) -= on_cards(legs);
        }
        debits.get(&self.run.history.setting.pans[card - 1]).copied().unwrap_or(0)
    }

    /// What merchants were paid, fees and net, date by date.
    fn paid(&self) -> Vec<(i64, i64)> {
        let sums = |record: &Record| match record {
            Record::Clearing(ClearingRecord::PayoutBuilt { lines, .. }) => {
                let sum = |of: fn(&PayoutLine) -> i64| lines.iter().map(of).sum();
                Some((sum(|line| line.fee), sum(|line| line.net)))
            }
            _ => None,
        };
        self.records(Party::clearing(1)).filter_map(sums).collect()
    }

    /// Receipts that came out of the printer during this step.
    fn receipts(&self, step: u32) -> usize {
        let papers = self.about(step, |entry| match entry.what {
            What::Told { output: Output::Slip(slip), .. } => Some(Err(slip)),
            What::Answered { device: Device::Printer, is_done } => Some(Ok(is_done)),
            _ => None,
        });
        let papers: Vec<_> = papers.into_iter().map(|(_, paper)| paper).collect();
        let is_out =
            |pair: &&[Result<bool, Slip>]| matches!(pair, [Err(Slip::Receipt { .. }), Ok(true)]);
        papers.windows(2).filter(is_out).count()
    }

    /// Text messages, in order: whether it was a credit, and how much.
    fn texts(&self) -> Vec<(bool, u64)> {
        let text = |(_, entry): (usize, &Entry)| match &entry.what {
            What::Told { output: Output::Text(text), .. } => {
                Some((text.is_credit, text.amount.minor))
            }
            _ => None,
        };
        self.entries().filter_map(text).collect()
    }

    /// The amounts of each batch that the switch closed.
    fn settled(&self) -> Vec<Vec<u64>> {
        let batch = |record: &Record| match record {
            Record::Switch(SwitchRecord::BatchClosed { entries, .. }) => {
                Some(entries.iter().map(|settled| settled.minor).collect())
            }
            _ => None,
        };
        self.records(SWITCH).filter_map(batch).collect()
    }

    /// Codes that the issuer decided, in order; inquiries of the healing phase left out.
    fn decided(&self) -> Vec<ResponseCode> {
        let code = |(_, entry): (usize, &Entry)| match &entry.what {
            What::Recorded(Record::Issuer(IssuerRecord::Decided { code, .. })) => {
                (entry.ticket.0 < HEALING).then_some(*code)
            }
            _ => None,
        };
        self.entries().filter_map(code).collect()
    }
}

fn on_cards(legs: &[Leg]) -> i64 {
    let of_card = |leg: &&Leg| matches!(leg.account, Account::Cardholder(_));
    legs.iter().filter(of_card).map(|leg| leg.minor).sum()
}

#[test]
fn every_story_holds_and_exercises_what_it_is_told_for() {
    for story in stories::ALL {
        let told = tell(story.name);
        let broken: Vec<_> = told.run.violations().collect();
        let missing = told.run.missing();
        assert_eq!(told.run.outcome(), Outcome::Holds, "{}: {broken:?} {missing:?}", story.name);
        assert_eq!(told.run.idle_faults, [0; 0], "{}", story.name);
    }
}

#[test]
fn every_story_is_looked_at_here_or_with_its_chips() {
    let these = concat!(include_str!("stories.rs"), include_str!("chip.rs"));
    for story in stories::ALL {
        let is_named = these.contains(&format!("tell(\"{}\")", story.name));
        let is_code = TIMEOUT_CODES.iter().any(|code| format!("ST10-code-{code}") == story.name);
        assert!(is_named || is_code, "{} is only run", story.name);
    }
}

#[test]
fn the_reversal_goes_before_the_next_inquiry() {
    let told = tell("ST01-inquiry-after-a-lost-answer");
    assert_eq!(told.screens(2), [Display::InDoubt]);
    assert_eq!(told.receipts(2), 0);
    let reversing = told.shown(3, Display::ReversalInProgress);
    let reversed = told.shown(3, Display::ReversalSucceeded);
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    let inquiry = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 3);
    assert_eq!((reversal.len(), inquiry.len()), (1, 1));
    assert!(reversing < reversal[0] && reversal[0] < reversed && reversed < inquiry[0]);
    assert_eq!(told.screens(3).last(), Some(&Display::Balance(Amount::cny(1_000_000))));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)]);
    assert_eq!(told.net_debit(1), 0);
    assert_eq!(told.settled(), [vec![]]);
}

#[test]
fn settlement_drains_the_reversal_and_both_sides_count_one_sale() {
    let told = tell("ST02-settlement-after-a-lost-answer");
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 3);
    let totals = told.sent(TERMINAL, Mti::RECONCILIATION_REQUEST, 4);
    assert_eq!((reversal.len(), totals.len()), (1, 1));
    assert!(reversal[0] < totals[0]);
    assert_eq!(told.screens(4).last(), Some(&Display::Settled(true)));
    assert_eq!(told.settled()[0], [12_000]);
    assert_eq!((told.net_debit(1), told.net_debit(2)), (0, 12_000));
}

#[test]
fn the_same_card_again_is_paid_once() {
    let told = tell("ST03-the-same-card-again");
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    let again = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 3);
    assert!(reversal[0] < again[0]);
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000), (false, 50_000)]);
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn without_paper_the_slip_is_printed_again_and_nothing_is_sold_twice() {
    let told = tell("ST04-no-paper");
    assert_eq!(told.screens(2).last(), Some(&Display::PrinterFault));
    assert!(!told.screens(2).iter().any(|display| display.offers_a_new_sale()));
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.screens(3).last(), Some(&Display::Reprinted));
    let copies = told.about(3, |entry| match entry.what {
        What::Told { output: Output::Slip(Slip::Receipt { is_copy, amount, .. }), .. } => {
            Some((is_copy, amount.minor))
        }
        _ => None,
    });
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].1, (true, 50_000));
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn a_slip_of_a_settled_batch_is_refused() {
    let told = tell("ST04-no-paper-and-settled");
    assert_eq!(told.screens(3).last(), Some(&Display::Settled(true)));
    assert_eq!(told.screens(4), [Display::ReprintRefused]);
    assert_eq!(told.receipts(4), 0);
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled()[0], [50_000]);
}

#[test]
fn a_void_whose_answer_is_lost_is_taken_back_and_made_again() {
    let told = tell("ST05-void");
    assert_eq!(told.screens(3), [Display::WrongPassword]);
    assert_eq!(told.screens(4).last(), Some(&Display::InDoubt));
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 4);
    let inquiry = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 5);
    assert!(reversal[0] < inquiry[0]);
    assert_eq!((told.receipts(2), told.receipts(4), told.receipts(6)), (1, 0, 1));
    let (taken, given) = ((false, 50_000), (true, 50_000));
    assert_eq!(told.texts(), [taken, given, taken, given]);
    assert_eq!(told.net_debit(1), 0);
    assert_eq!(told.screens(7).last(), Some(&Display::Settled(true)));
    assert_eq!(told.settled()[0], [50_000, 50_000], "the sale and its void");
}

#[test]
fn a_completion_whose_answer_is_lost_leaves_nothing_held_in_the_end() {
    let told = tell("ST26-completion");
    assert_eq!(told.screens(3).last(), Some(&Display::InDoubt));
    let told_balance = told.screens(4).last().copied();
    assert_eq!(told_balance, Some(Display::Balance(Amount::cny(1_000_000 - 80_000))));
    assert_eq!(told.screens(5).last(), Some(&Display::Approved(Amount::cny(50_000))));
    assert_eq!(told.net_debit(1), 50_000);
    let holds = told.records(ISSUER).filter_map(|record| match record {
        Record::Issuer(
            IssuerRecord::Decided { hold, .. } | IssuerRecord::Reversed { hold, .. },
        ) => Some(*hold),
        _ => None,
    });
    assert_eq!(holds.sum::<i64>(), 0);
    assert_eq!(told.settled()[0], [50_000]);
}

#[test]
fn a_reversal_that_cannot_be_delivered_becomes_an_exception_item() {
    let told = tell("ST07-reversal-cannot-be-delivered");
    one_sided(&told);
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2).len(), 3);
}

#[test]
fn the_appliance_shop_that_was_not_reversed_is_one_sided() {
    one_sided(&tell("ST27-appliance-shop-not-reversed"));
}

/// The cardholder misses 500.00, no slip, not settled, and exactly one item says so.
fn one_sided(told: &Told) {
    assert!(told.screens(3).contains(&Display::ReversalFailed), "{}", told.name);
    assert_eq!(told.receipts(2), 0, "{}", told.name);
    let item = told.records(TERMINAL).find_map(|record| match record {
        Record::Terminal(TerminalRecord::ExceptionOpened { ticket, amount, attempts, .. }) => {
            Some((ticket.0, amount.minor, *attempts))
        }
        _ => None,
    });
    assert_eq!(item, Some((2, 50_000, 3)), "{}", told.name);
    assert_eq!(told.count(TERMINAL, "exception-opened"), 1, "{}", told.name);
    assert_eq!(told.net_debit(1), 50_000, "{}", told.name);
    assert_eq!(told.texts(), [(false, 50_000)], "{}", told.name);
    assert!(matches!(told.screens(4).last(), Some(Display::Settled(_))), "{}", told.name);
}

/// Codes with which a switch says that the issuer did not answer.
const TIMEOUT_CODES: [&str; 8] = ["68", "91", "92", "93", "94", "95", "96", "98"];

#[test]
fn a_switch_that_gives_up_says_so_and_reverses_upstream_by_itself() {
    for code in TIMEOUT_CODES {
        let told = tell(&format!("ST10-code-{code}"));
        let expected = ResponseCode::parse(code.as_bytes()).expect("two digits are a code");
        assert_eq!(told.screens(2), [Display::Declined(expected)]);
        assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2), [0; 0], "{code}: it was signed");
        assert_eq!(told.sent(SWITCH, Mti::REVERSAL_ADVICE, 2).len(), 1, "{code}");
        assert_eq!((told.receipts(2), told.receipts(3)), (0, 1), "{code}");
        assert_eq!(told.net_debit(1), 50_000, "{code}");
        assert_eq!(told.settled(), [[50_000]], "{code}");
    }
}

#[test]
fn during_the_date_switch_a_sale_is_refused_without_asking_the_issuer() {
    let told = tell("ST10-code-90");
    assert_eq!(told.screens(2), [Display::Declined(ResponseCode::CUTOVER_IN_PROGRESS)]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.receipts(3), 1);
    let dates = told.about(3, |entry| match &entry.what {
        What::Recorded(Record::Issuer(IssuerRecord::Decided { business_date, .. })) => {
            Some(business_date.mmdd())
        }
        _ => None,
    });
    assert_eq!(dates.iter().map(|(_, date)| *date).collect::<Vec<_>>(), [531]);
    assert_eq!(told.net_debit(1), 50_000);
}

#[test]
fn after_an_unsigned_97_nothing_is_sold_before_a_sign_on() {
    let told = tell("ST10-code-97-unsigned");
    let codes = told.about(1, |entry| match &entry.what {
        What::Delivered { frame, .. } if entry.party == TERMINAL => {
            ResponseCode::of(frame.message()?)
        }
        _ => None,
    });
    let codes: Vec<_> = codes.into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [ResponseCode::TERMINAL_NOT_REGISTERED]);
    assert_eq!(told.screens(1).last(), Some(&Display::SignOnFailed));
    assert_eq!(told.screens(2), [Display::MustSignOn]);
    assert_eq!(told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.screens(3).last(), Some(&Display::SignedOn));
    assert_eq!((told.receipts(4), told.net_debit(1)), (1, 50_000));
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn after_an_unsigned_mac_failure_comes_a_sign_on_then_the_reversal_then_the_sale() {
    let told = tell("ST10-code-A0-unsigned");
    assert_eq!(told.screens(2), [Display::Declined(ResponseCode::MAC_ERROR)]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    let sign_on = told.sent(TERMINAL, Mti::NETWORK_REQUEST, 3);
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    let again = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 3);
    assert!(sign_on[0] < reversal[0] && reversal[0] < again[0]);
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn what_may_have_been_sent_is_reversed() {
    let told = tell("ST13-broken-while-sending");
    assert_eq!(told.screens(2), [Display::InDoubt]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), [0; 0], "half a request says nothing");
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2).len(), 1);
    told.shown(3, Display::ReversalSucceeded);
    assert_eq!((told.net_debit(1), told.texts()), (0, vec![]));
}

#[test]
fn what_provably_never_left_is_not_reversed() {
    let told = tell("ST13-no-signal");
    assert_eq!(told.screens(2).last(), Some(&Display::CommunicationError));
    assert_eq!(told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.count(TERMINAL, "reversal-due"), 0);
    assert_eq!((told.net_debit(1), told.texts()), (0, vec![]));
}

#[test]
fn an_advice_waits_for_the_end_of_the_maintenance_window() {
    let told = tell("ST14-issuer-in-maintenance");
    assert!(matches!(told.screens(2)[..], [Display::Declined(_)]));
    assert_eq!(told.screens(3), [Display::Declined(ResponseCode::ISSUER_INOPERATIVE)]);
    assert!(!told.sent(SWITCH, Mti::REVERSAL_ADVICE_REPEAT, 2).is_empty());
    assert_eq!(told.count(SWITCH, "advice-completed"), told.count(SWITCH, "advice-queued"));
    assert_eq!(told.count(SWITCH, "exception-opened"), 0);
    assert_eq!((told.net_debit(1), told.net_debit(2)), (0, 0));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)]);
}

#[test]
fn three_wrong_pins_lock_the_card_and_a_copy_of_one_counts_once() {
    let told = tell("ST15-wrong-pin");
    let codes = [ResponseCode::INCORRECT_PIN, ResponseCode::PIN_TRIES_EXCEEDED];
    let [wrong, locked] = codes.map(Display::Declined);
    assert_eq!(told.screens(2), [wrong]);
    assert_eq!(told.screens(3), [wrong]);
    assert!(told.screens(4) == [wrong] || told.screens(4) == [locked]);
    assert_eq!(told.screens(5), [locked], "the right PIN comes too late");
    assert_eq!(told.decided().len(), 4, "the copy was not decided again");
    assert_eq!((told.net_debit(1), told.texts()), (0, vec![]));
}

#[test]
fn a_sale_keeps_its_old_date_and_its_reversal_belongs_to_the_new_one() {
    let told = tell("ST22-cut-over-in-flight");
    let dates = told.records(ISSUER).filter_map(|record| match record {
        Record::Issuer(IssuerRecord::Decided { legs, business_date, .. }) if !legs.is_empty() => {
            Some(("sale", business_date.mmdd()))
        }
        Record::Issuer(IssuerRecord::Reversed { business_date, .. }) => {
            Some(("reversal", business_date.mmdd()))
        }
        _ => None,
    });
    assert_eq!(dates.collect::<Vec<_>>(), [("sale", 530), ("reversal", 531)]);
    assert_eq!(told.screens(4).last(), Some(&Display::Settled(true)));
    assert_eq!((told.net_debit(1), &told.settled()[0]), (0, &vec![]));
}

#[test]
fn the_appliance_shop_that_was_reversed_gives_no_goods_and_gets_no_money() {
    let told = tell("ST27-appliance-shop-reversed");
    assert_eq!(told.screens(2), [Display::InDoubt]);
    assert_eq!(told.receipts(2), 0);
    told.shown(3, Display::ReversalSucceeded);
    assert_eq!(told.screens(3).last(), Some(&Display::Balance(Amount::cny(1_000_000))));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)]);
    assert_eq!((told.net_debit(1), told.settled()), (0, vec![vec![]]));
}

#[test]
fn what_nobody_presents_is_parked_and_returned_and_the_cardholder_is_told() {
    for told in [tell("ST07-returned-by-t-plus-3"), tell("ST23-parked-and-released")] {
        assert_eq!(told.net_debit(1), 0, "{}", told.name);
        assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)], "{}", told.name);
        assert_eq!(told.count(ISSUER, "suspense-opened"), 1, "{}", told.name);
        assert_eq!(told.count(ISSUER, "suspense-closed"), 1, "{}", told.name);
        assert_eq!(told.paid(), [], "{}", told.name);
    }
}

#[test]
fn what_was_presented_and_falls_is_adjusted_with_its_fee() {
    for told in [tell("ST09-one-sided-and-returned"), tell("ST22-presented-and-adjusted")] {
        assert_eq!(told.paid(), [(300, 49_700), (-300, -49_700)], "{}", told.name);
        assert_eq!(told.net_debit(1), 0, "{}", told.name);
        assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)], "{}", told.name);
    }
}
