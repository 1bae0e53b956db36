//! The catalogue of planted defects: wrong turns a party can be told to take.
//!
//! Off by default, a constructor argument, never a global. The harness must find each of them by
//! its consequences; nothing outside the parties may ask which one is planted.

mod rows;

use core::fmt;

use rows::ROWS;

/// A planted defect. The variants are the permanent ids of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Defect {
    /// On time-out shows DECLINED and queues no reversal.
    T01,
    /// Sends the 0200 first and records the pending reversal after it.
    T02,
    /// Keeps the pending reversal in memory only; power loss forgets it.
    T03,
    /// Any answer to a 0400 clears the reversal (91, 96, A0 too).
    T05,
    /// After the last try the pending reversal is deleted without an exception item.
    T06,
    /// Lets a new sale go while a reversal is pending; a second time-out overwrites the slot.
    T07,
    /// Builds element 11 of the 0400 from the current counter.
    T08,
    /// The STAN counter is not recovered from the journal but from the last sign-on.
    T10,
    /// Counts (stan + 1) % modulus: zero is used, and numbers of the open batch are used again.
    T11,
    /// Accepts an approval after the reversal began: prints the receipt, the reversal still goes.
    T12,
    /// Every 0210 that comes adds a sale to the batch.
    T14,
    /// Takes one read for one message; half a message is a decline.
    T15,
    /// Takes one read for one message; what follows the first frame is dropped.
    T16,
    /// Looks a voucher up without asking whether its batch is closed: voids what is settled.
    T19,
    /// An interrupted upload begins at the first detail again; the host counts by position.
    T20,
    /// A lost 0510 increments the batch number and settles the same sales again.
    T21,
    /// What the card refused after the host's approval is shown as declined and not reversed.
    T23,
    /// An answer with a wrong MAC is shown as a decline and not reversed.
    T24,
    /// The reversal of a void or completion gives today as the date of the original voucher.
    T26,
    /// Waits for the calendar clock instead of elapsed time.
    T28,
    /// Tells an advice again under a new STAN, and not marked as a repeat.
    T29,
    /// A printer fault after an approval offers to swipe again.
    T30,
    /// Settlement does not drain the pending reversal first.
    T32,
    /// Takes the answer to the close of an order for that to the question, and prints the receipt.
    T33,
    /// A torn write on the pending entry makes recovery drop the whole entry.
    T34,
    /// Sends a reversal again at once when the host refuses it, not when its time is over.
    T40,
    /// Keeps the track of the card in its journal, for the reversal it may have to send.
    T41,
    /// On the issuer's time-out answers the terminal and reverses nothing upstream.
    W01,
    /// The time-out itself queues no advice, and the late approval is only logged.
    W02,
    /// Pairs answers with requests by the terminal's STAN only, and sends that STAN upstream.
    W03,
    /// A reversal goes out on another connection of the pool than its request.
    W05,
    /// The head of the store-and-forward queue is retried for ever; what is behind it waits.
    W06,
    /// The advice is removed from the queue before its first sending is durable.
    W07,
    /// An advice older than the expiry is dropped without an exception item.
    W09,
    /// An advice that is sent again does not say so: it stays 0420.
    W10,
    /// After the last try an advice is dropped without an exception item.
    W11,
    /// Answers 0410 to the terminal before the advice is recorded.
    W13,
    /// Recognises a duplicate by terminal and STAN alone, whatever the batch and the day.
    W14,
    /// A restart forgets which requests were answered.
    W15,
    /// Looks for duplicates among committed requests only.
    W17,
    /// A duplicate of an unfinished request is answered approved.
    W18,
    /// When the issuer's line breaks, pending requests are answered 91 and not reversed.
    W19,
    /// Tells the issuer of a sale approved in its stead as of another sale.
    W22,
    /// Counts retrieval reference numbers in memory: they begin again with power.
    W24,
    /// Queues a reversal for an original that was declined.
    W26,
    /// The amount of a reversal advice is rescaled, as if every currency had two decimals.
    W27,
    /// Takes the settlement date when it answers, not when it forwards.
    W28,
    /// Forwards the request, then checks the MAC.
    W30,
    /// An echo test without an answer declines what is pending and reverses nothing.
    W32,
    /// Keeps a request that found no line, and sends it when there is one.
    W34,
    /// Every repeat of an advice (0421) gets a new STAN.
    W35,
    /// Answers the query of an order that is on its way as if it had been refused.
    W36,
    /// Has no time-out upstream; waits on a dead line for ever.
    W37,
    /// Takes a request back by the route that it would take by now.
    W38,
    /// Writes down that keys are withdrawn, and goes on using them until the next sign-on.
    W40,
    /// Never asks whether elements 41 and 42 are those of the line.
    W41,
    /// Voids a sale that is paid out to its merchant.
    W42,
    /// What was paid out for a sale that is reversed is never asked back.
    W43,
    /// What was paid out for a sale that a batch lists as on one side only is never asked back.
    W44,
    /// An unknown reversal is answered 25 and forgotten; the late original debits.
    I01,
    /// Credits at every copy of a reversal.
    I03,
    /// Credits what the reversal says, not what was debited.
    I04,
    /// The debit and the duplicate memory are two writes.
    I07,
    /// Remembers reversals by business date: one of another date is new.
    I09,
    /// Looks for the original among committed entries only: one still being written is not found.
    I10,
    /// Sums up committed refunds only: one still being written is not counted.
    I11,
    /// A completion ends its own part of the hold only; the rest stays held.
    I12,
    /// Caches a balance without what is in flight, as if it were counted.
    I15,
    /// Takes a cached balance that is younger than what is asked for.
    I16,
    /// A duplicate is answered with a new authorization code.
    I18,
    /// Checks the balance when the request arrives, books when it is committed.
    I20,
    /// A reversal gives the amount back and keeps the surcharge.
    I21,
    /// A duplicate of a wrong PIN counts as another try.
    I23,
    /// Keeps no memory of card counters: a cryptogram is accepted as often as it comes.
    I24,
    /// Pays an order that was closed before its payment came.
    I25,
    /// A hold that ends by itself leaves its money in escrow.
    I26,
    /// Lets holds go when a date ends only: what power cut short is never done.
    I30,
    /// A refusal for lack of funds tells the balance.
    I31,
    /// Keeps what is parked in suspense twice as long as it may.
    I32,
    /// After a restart makes what was not delivered anew, as other files; nobody asks which.
    B01,
    /// Writes carry no fence: a node that stood still beyond its lease does its work again.
    B03,
    /// Keeps the night's run by the calendar: when the clock goes back, it comes again.
    B06,
    /// Picks what to present when the date changes, whatever is reversed before the extract closes.
    B07,
    /// Compares what batches come to, not counts and sums of debits and credits.
    B10,
    /// Splits a fee by rounding every part down.
    B11,
    /// Takes until when a hold lasts for UTC, whatever zone it is written in.
    B13,
    /// Parks what differs and never lets it out of suspense.
    B14,
    /// Keeps the issuer's part of the fee when a presentment is taken back.
    B15,
    /// A claim that is filed again by hand is paid again.
    B16,
    /// Pays a claim without asking whether the cardholder had the money back.
    B17,
    /// What was charged back is not taken from the merchant again.
    B18,
    /// The answer to the question for a slip is not written down: what has none stays presented.
    B19,
    /// Charges a merchant for a refund as for a sale.
    B20,
    /// Presents what was voided.
    B21,
    /// Leaves refunds out of its extracts.
    B22,
    /// Charges back what was voided and is presented all the same, and leaves the cardholder the
    /// money.
    B23,
    /// Does not owe what was approved in its stead when no advice of it came through.
    B24,
    /// Takes the advice of what a file had it debit before.
    B25,
    /// Logs the frame as it came when it cannot be parsed.
    Z01,
    /// Believes an element length that no element has, and swallows what follows as the rest.
    Z03,
    /// Waits for the rest of a frame without a time-out.
    Z04,
    /// Leaves the amount and the response code out of the MAC.
    Z06,
}

/// Where a defect lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// In terminals.
    Terminal,
    /// In switches.
    Switch,
    /// In issuers.
    Issuer,
    /// In clearing houses.
    Clearing,
    /// In the line ends of every party.
    Wire,
}

/// What a person wants to know of a defect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    /// Permanent id.
    pub id: &'static str,
    /// Where it lives.
    pub part: Part,
    /// A name that says it.
    pub name: &'static str,
    /// What the code does wrong.
    pub wrong: &'static str,
    /// The invariant that it breaks, by name.
    pub breaks: &'static str,
}

impl Defect {
    /// Every planted defect, in the order of the catalogue.
    pub const ALL: &'static [Defect] = &[
        Defect::T01,
        Defect::T02,
        Defect::T03,
        Defect::T05,
        Defect::T06,
        Defect::T07,
        Defect::T08,
        Defect::T10,
        Defect::T11,
        Defect::T12,
        Defect::T14,
        Defect::T15,
        Defect::T16,
        Defect::T19,
        Defect::T20,
        Defect::T21,
        Defect::T23,
        Defect::T24,
        Defect::T26,
        Defect::T28,
        Defect::T29,
        Defect::T30,
        Defect::T32,
        Defect::T33,
        Defect::T34,
        Defect::T40,
        Defect::T41,
        Defect::W01,
        Defect::W02,
        Defect::W03,
        Defect::W05,
        Defect::W06,
        Defect::W07,
        Defect::W09,
        Defect::W10,
        Defect::W11,
        Defect::W13,
        Defect::W14,
        Defect::W15,
        Defect::W17,
        Defect::W18,
        Defect::W19,
        Defect::W22,
        Defect::W24,
        Defect::W26,
        Defect::W27,
        Defect::W28,
        Defect::W30,
        Defect::W32,
        Defect::W34,
        Defect::W35,
        Defect::W36,
        Defect::W37,
        Defect::W38,
        Defect::W40,
        Defect::W41,
        Defect::W42,
        Defect::W43,
        Defect::W44,
        Defect::I01,
        Defect::I03,
        Defect::I04,
        Defect::I07,
        Defect::I09,
        Defect::I10,
        Defect::I11,
        Defect::I12,
        Defect::I15,
        Defect::I16,
        Defect::I18,
        Defect::I20,
        Defect::I21,
        Defect::I23,
        Defect::I24,
        Defect::I25,
        Defect::I26,
        Defect::I30,
        Defect::I31,
        Defect::I32,
        Defect::B01,
        Defect::B03,
        Defect::B06,
        Defect::B07,
        Defect::B10,
        Defect::B11,
        Defect::B13,
        Defect::B14,
        Defect::B15,
        Defect::B16,
        Defect::B17,
        Defect::B18,
        Defect::B19,
        Defect::B20,
        Defect::B21,
        Defect::B22,
        Defect::B23,
        Defect::B24,
        Defect::B25,
        Defect::Z01,
        Defect::Z03,
        Defect::Z04,
        Defect::Z06,
    ];

    /// By id, upper or lower case.
    pub fn parse(id: &str) -> Option<Defect> {
        Defect::ALL.iter().copied().find(|d| d.describe().id.eq_ignore_ascii_case(id))
    }

    /// The catalogue's entry.
    pub fn describe(self) -> Description {
        let (id, part, name, wrong, breaks) = ROWS[self as usize];
        Description { id, part, name, wrong, breaks }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe().id)
    }
}

/// A set of planted defects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Defects(u128);

impl Defects {
    /// A correct party.
    pub const NONE: Defects = Defects(0);

    /// With `defect` too.
    #[must_use]
    pub const fn with(self, defect: Defect) -> Defects {
        Defects(self.0 | 1 << defect as u32)
    }

    /// Whether `defect` is planted.
    pub const fn has(self, defect: Defect) -> bool {
        self.0 >> defect as u32 & 1 == 1
    }

    /// Whether nothing is planted.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is planted, in the order of the catalogue.
    pub fn iter(self) -> impl Iterator<Item = Defect> {
        Defect::ALL.iter().copied().filter(move |d| self.has(*d))
    }
}

impl FromIterator<Defect> for Defects {
    fn from_iter<I: IntoIterator<Item = Defect>>(defects: I) -> Defects {
        defects.into_iter().fold(Defects::NONE, Defects::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_is_described_under_its_own_id() {
        assert_eq!(ROWS.len(), Defect::ALL.len());
        for defect in Defect::ALL {
            assert_eq!(format!("{defect:?}"), defect.describe().id);
            assert_eq!(Defect::parse(&defect.to_string().to_lowercase()), Some(*defect));
        }
        assert_eq!(Defect::parse("T99"), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: Defects = [Defect::T01, Defect::Z06].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Defect::T01, Defect::Z06]);
        assert!(!set.has(Defect::W01) && Defects::NONE.is_empty());
    }
}
