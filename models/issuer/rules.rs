//! Whether a request is approved. Changes nothing: the same books and request give the same
//! verdict.

use super::books::{Books, Transaction};
use super::message::{AMOUNT_MAX, Request};
use super::settling::Item;
use super::{AccountSpec, Config, Standing};
use crate::asked::{Asking, Question};
use crate::chip::is_genuine;
use crate::defect::Defect;
use crate::iso8583::{Challenge, Icc55, ResponseCode};
use crate::record::{Kind, Presented};
use crate::security::Key;
use crate::time::Date;

/// What the rules say of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Verdict {
    pub(super) code: ResponseCode,
    /// To be debited, credited or held, minor units.
    pub(super) effective: u64,
    /// To be told, minor units.
    pub(super) balance: Option<u64>,
    /// Wrong PINs of the card in a row, this request included.
    pub(super) pin_tries: u8,
    /// The cryptogram, if there is a genuine one.
    pub(super) presented: Option<Presented>,
}

impl Verdict {
    /// One that moves nothing.
    fn of(code: ResponseCode, pin_tries: u8) -> Verdict {
        Verdict { code, effective: 0, balance: None, pin_tries, presented: None }
    }
}

/// By what is judged.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) config: &'a Config,
    pub(super) asking: &'a Asking,
}

/// Judges a request. `refusal` is a reason that lies with the issuer and not with the request: a
/// cut-over or maintenance, or that the request is already reversed.
///
/// The cryptogram is looked at in any case: one that was refused for whatever reason has been seen,
/// and must not be good for another request later.
pub(super) fn judge(
    terms: Terms<'_>,
    books: &Books,
    request: &Request,
    pin_key: &Key,
    refusal: Option<ResponseCode>,
) -> Verdict {
    let (presented, forged) = match &request.icc {
        Some(icc) => presented(terms.config, books, request, icc),
        None => (None, None),
    };
    let verdict = judge_account(terms, books, request, pin_key, refusal.or(forged));
    Verdict { presented, ..verdict }
}

/// The cryptogram, if the card made it for this request; and why the request is refused for it.
fn presented(
    config: &Config,
    books: &Books,
    request: &Request,
    icc: &Icc55,
) -> (Option<Presented>, Option<ResponseCode>) {
    let refused = Some(ResponseCode::CARD_VERIFICATION_FAILED);
    let Challenge { amount, currency, unpredictable, .. } = icc.challenge;
    let Some(number) = books.card(&request.pan) else { return (None, refused) };
    let key = config.accounts[number].chip_key.as_ref();
    let is_for_this = (amount, currency) == (request.amount.minor, request.amount.currency.0);
    if !is_for_this || !key.is_some_and(|key| is_genuine(key, icc)) {
        return (None, refused);
    }
    let presented = Presented { counter: icc.counter, unpredictable, cryptogram: icc.cryptogram };
    // A card counts up. What comes late or again is refused, and its sender is told so.
    let is_new = icc.counter > books.counter(number) || config.defects.has(Defect::I24);
    (Some(presented), if is_new { None } else { refused })
}

fn judge_account(
    terms: Terms<'_>,
    books: &Books,
    request: &Request,
    pin_key: &Key,
    refusal: Option<ResponseCode>,
) -> Verdict {
    let Some(number) = books.card(&request.pan) else {
        return Verdict::of(refusal.unwrap_or(ResponseCode::INVALID_CARD_NUMBER), 0);
    };
    let Terms { config, asking } = terms;
    let spec = &config.accounts[number];
    let refusal = refusal.or_else(|| told_by_file(config, books, request));
    if request.is_stand_in {
        let tries = books.pin_tries(number, request.business_date);
        return stood_in(config, request, tries, refusal);
    }
    let tries = tries_before(books, number, request);
    asking.note(Question::PinTries, tries.into());
    if let Some(code) = refusal.or_else(|| refuse_card(config, spec, request, tries)) {
        return Verdict::of(code, tries);
    }
    let tries = match check_pin(spec, request, pin_key, tries) {
        Ok(tries) => tries,
        Err(verdict) => return verdict,
    };
    let available = u64::try_from(books.available(number)).unwrap_or(0);
    let approved = Verdict::of(ResponseCode::APPROVED, tries);
    match request.kind {
        // Who tells of one is read as somebody who stood in for the issuer.
        Kind::OfflineSale => Verdict::of(ResponseCode::INVALID_TRANSACTION, tries),
        Kind::Inquiry => Verdict { balance: Some(available.min(AMOUNT_MAX)), ..approved },
        Kind::Sale if books.was_shown(&request.pan) => {
            Verdict::of(ResponseCode::CARD_VERIFICATION_FAILED, tries)
        }
        Kind::Sale => {
            let spent = books.spent(number, request.business_date);
            let available = available.saturating_sub(config.surcharge);
            if request.amount.minor > available {
                asking.note(Question::PartialApproval, 0);
            }
            let (code, effective) = sell(config, spec, request.amount.minor, available, spent);
            let is_short = code == ResponseCode::NOT_SUFFICIENT_FUNDS;
            let tells = is_short && config.defects.has(Defect::I31);
            Verdict { code, effective, balance: tells.then_some(available), ..approved }
        }
        Kind::PreAuth => {
            let (code, effective) = match request.amount.minor {
                asked if asked <= available => (ResponseCode::APPROVED, asked),
                _ => (ResponseCode::NOT_SUFFICIENT_FUNDS, 0),
            };
            Verdict { code, effective, ..approved }
        }
        Kind::Void
        | Kind::PreAuthVoid
        | Kind::Completion
        | Kind::CompletionAdvice
        | Kind::CompletionVoid
        | Kind::Refund
        | Kind::Tip
        | Kind::OrderQuery => match follow(terms, books, request) {
            Ok(effective) => Verdict { effective, ..approved },
            Err(code) => Verdict::of(code, tries),
        },
    }
}

/// The merchant told of it in a file already, and the file moved the money.
fn told_by_file(config: &Config, books: &Books, request: &Request) -> Option<ResponseCode> {
    let name = (request.key.acquirer, request.rrn, request.terminal);
    let is_by_file = request.kind.moves()
        && books.settling.is_by_file(name, &request.pan)
        && !config.defects.has(Defect::B25);
    is_by_file.then_some(ResponseCode::DUPLICATE_TRANSMISSION)
}

/// Whoever lets others stand in carries the risk: it is booked, whatever there is.
fn stood_in(
    config: &Config,
    request: &Request,
    tries: u8,
    refusal: Option<ResponseCode>,
) -> Verdict {
    let is_right = request.amount.minor > 0 && request.amount.currency == config.currency;
    match refusal.or((!is_right).then_some(ResponseCode::INVALID_AMOUNT)) {
        Some(code) => Verdict::of(code, tries),
        None => {
            let effective = request.amount.minor;
            Verdict { effective, ..Verdict::of(ResponseCode::APPROVED, tries) }
        }
    }
}

/// Wrong PINs in a row before this request. Nobody enters one for a payment code.
fn tries_before(books: &Books, number: usize, request: &Request) -> u8 {
    match request.pan.is_payment_code() {
        true => 0,
        false => books.pin_tries(number, request.business_date),
    }
}

/// Wrong PINs in a row, this request included; or why its PIN is not taken.
fn check_pin(
    spec: &AccountSpec,
    request: &Request,
    pin_key: &Key,
    tries: u8,
) -> Result<u8, Verdict> {
    match request.pin.as_ref().map(|pin| pin.open(&request.pan, pin_key)) {
        None => Ok(tries),
        Some(Ok(pin)) if pin == spec.pin => Ok(0),
        Some(Ok(_)) => Err(Verdict::of(ResponseCode::INCORRECT_PIN, tries.saturating_add(1))),
        // Most likely the zone's PIN keys differ: not the cardholder's fault, so it does not count.
        Some(Err(_)) => Err(Verdict::of(ResponseCode::PIN_FORMAT_ERROR, tries)),
    }
}

/// What may be done about an earlier transaction: how much, or why nothing.
fn follow(terms: Terms<'_>, books: &Books, request: &Request) -> Result<u64, ResponseCode> {
    let name = request.original.ok_or(ResponseCode::FORMAT_ERROR)?;
    let original = match books.find(&name) {
        None | Some(Transaction::Barred(_)) if request.kind == Kind::Refund => {
            terms.asking.note(Question::UnknownOriginal, 0);
            return Err(terms.config.unknown_original_code);
        }
        None | Some(Transaction::Barred(_)) => return Err(ResponseCode::ORIGINAL_NOT_FOUND),
        Some(Transaction::Reversed(..)) => return Err(ResponseCode::SUSPICIOUS_OPERATION),
        Some(Transaction::Decided(decision)) => decision,
    };
    // What came back out of suspense is over.
    if books.item_of(original).is_some_and(Item::is_over) {
        return Err(ResponseCode::SUSPICIOUS_OPERATION);
    }
    let is_right = Some(original.kind) == request.kind.original() && original.pan == request.pan;
    if !is_right || !original.is_approved() {
        return Err(ResponseCode::INVALID_TRANSACTION);
    }
    // What is told as done is owed, also when the hold was let go before anybody heard of it.
    let needs_hold = original.kind == Kind::PreAuth && !request.kind.is_advice();
    let is_over = needs_hold && books.held(original.id) == 0;
    let refunded = books.refunded(original.id);
    let is_followed = || refunded > 0 || books.is_tipped(original.id);
    let is_kept = request.kind.is_void() && is_followed();
    if is_over || is_kept || books.successor(original.id).is_some() {
        return Err(ResponseCode::SUSPICIOUS_OPERATION);
    }
    let (asked, done) = (request.amount.minor, original.answer.effective);
    let fits = if request.kind.is_void() { asked == done } else { asked <= done };
    match request.kind {
        // How much is usual is the acquirer's to know.
        Kind::Tip => Ok(asked),
        _ if !fits => Err(ResponseCode::AMOUNT_MISMATCH),
        Kind::Refund if refunded.saturating_add(asked) > done => {
            Err(ResponseCode::EXCEEDS_AMOUNT_LIMIT)
        }
        _ => Ok(asked),
    }
}

/// What stands against the request before anybody looks at PIN and money.
fn refuse_card(
    config: &Config,
    spec: &AccountSpec,
    request: &Request,
    tries: u8,
) -> Option<ResponseCode> {
    let is_about_nothing = request.kind.moves() && request.amount.minor == 0;
    if is_about_nothing || request.amount.currency != config.currency {
        return Some(ResponseCode::INVALID_AMOUNT);
    }
    // What was approved once is completed and voided whatever became of the card since.
    if request.kind.original().is_none() {
        match spec.standing {
            Standing::Lost => return Some(ResponseCode::LOST_CARD),
            Standing::Stolen => return Some(ResponseCode::STOLEN_CARD),
            Standing::Good => {}
        }
        if yymm(request.business_date) > spec.expiry {
            return Some(ResponseCode::EXPIRED_CARD);
        }
    }
    // An advice carries no PIN, and gives money back.
    let is_locked = config.pin_tries_max > 0 && tries >= config.pin_tries_max;
    (is_locked && !request.kind.is_advice()).then_some(ResponseCode::PIN_TRIES_EXCEEDED)
}

fn sell(
    config: &Config,
    spec: &AccountSpec,
    asked: u64,
    available: u64,
    spent: u64,
) -> (ResponseCode, u64) {
    if spec.day_limit > 0 && spent.saturating_add(asked) > spec.day_limit {
        (ResponseCode::EXCEEDS_AMOUNT_LIMIT, 0)
    } else if asked <= available {
        (ResponseCode::APPROVED, asked)
    } else if config.partial_approvals && available > 0 {
        (ResponseCode::PARTIALLY_APPROVED, available)
    } else {
        (ResponseCode::NOT_SUFFICIENT_FUNDS, 0)
    }
}

fn yymm(date: Date) -> u16 {
    date.year.rem_euclid(100) as u16 * 100 + u16::from(date.month)
}
