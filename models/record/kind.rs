//! What a financial message does: one table for every party, every line and every claim.
//!
//! Read docs/protocol.md 1.4 first: message type, processing code and condition code together say
//! what is asked. The table says nothing about who may ask for it, and when.

use crate::card::Pan;
use crate::iso8583::Mti;

/// What a financial message does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A sale (消费): takes money.
    Sale,
    /// A balance inquiry (余额查询): moves nothing.
    Inquiry,
    /// The void of a sale of the open batch (消费撤销): gives its money back.
    Void,
    /// A pre-authorisation (预授权): holds money without taking it.
    PreAuth,
    /// The void of a pre-authorisation (预授权撤销): lets the held money go.
    PreAuthVoid,
    /// The completion of a pre-authorisation (预授权完成): takes money, and lets the rest go.
    Completion,
    /// The completion of a pre-authorisation, told as something done (预授权完成通知): the same, but
    /// nobody refuses it for want of money, and it is told again instead of taken back.
    CompletionAdvice,
    /// The void of a completion (预授权完成撤销): gives its money back, and holds it again.
    CompletionVoid,
    /// A refund (退货): gives money of an earlier sale back, whatever batch that was in.
    Refund,
    /// A sale that was authorised by telephone (离线结算): told as something done.
    OfflineSale,
    /// A tip (追加小费) on a sale of the open batch: told as something done.
    Tip,
    /// The query of an order (订单查询): asks whether a sale by payment code was paid.
    OrderQuery,
}

/// A row of the table.
struct Row {
    request: Mti,
    processing: &'static str,
    condition: &'static str,
    transaction_type: [u8; 2],
    /// 1 takes money from the cardholder, -1 gives it back.
    money: i64,
    /// 1 holds money of the cardholder, -1 lets it go.
    hold: i64,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 12] = [
        Kind::Sale,
        Kind::Inquiry,
        Kind::Void,
        Kind::PreAuth,
        Kind::PreAuthVoid,
        Kind::Completion,
        Kind::CompletionAdvice,
        Kind::CompletionVoid,
        Kind::Refund,
        Kind::OfflineSale,
        Kind::Tip,
        Kind::OrderQuery,
    ];

    const fn row(self) -> Row {
        let (request, processing, condition, transaction_type, money, hold) = match self {
            Kind::Sale => (Mti::FINANCIAL_REQUEST, "000000", "00", *b"22", 1, 0),
            Kind::Inquiry => (Mti::FINANCIAL_REQUEST, "310000", "00", *b"01", 0, 0),
            Kind::Void => (Mti::FINANCIAL_REQUEST, "200000", "00", *b"23", -1, 0),
            Kind::PreAuth => (Mti::AUTHORIZATION_REQUEST, "030000", "06", *b"10", 0, 1),
            Kind::PreAuthVoid => (Mti::AUTHORIZATION_REQUEST, "200000", "06", *b"11", 0, -1),
            Kind::Completion => (Mti::FINANCIAL_REQUEST, "000000", "06", *b"20", 1, -1),
            Kind::CompletionAdvice => (Mti::FINANCIAL_ADVICE, "000000", "06", *b"24", 1, -1),
            Kind::CompletionVoid => (Mti::FINANCIAL_REQUEST, "200000", "06", *b"21", -1, 1),
            Kind::Refund => (Mti::FINANCIAL_ADVICE, "200000", "00", *b"25", -1, 0),
            Kind::OfflineSale => (Mti::FINANCIAL_ADVICE, "000000", "00", *b"30", 1, 0),
            Kind::Tip => (Mti::FINANCIAL_ADVICE, "000000", "00", *b"34", 1, 0),
            // 60.1 is 61 in a published application; element 3 is our choice.
            Kind::OrderQuery => (Mti::FINANCIAL_REQUEST, "390000", "00", *b"61", 0, 0),
        };
        Row { request, processing, condition, transaction_type, money, hold }
    }

    /// The message that asks for it.
    pub const fn request(self) -> Mti {
        self.row().request
    }

    /// Element 3 on the POS line.
    pub const fn processing(self) -> &'static str {
        self.row().processing
    }

    /// Element 3 on the network line, which says 30 for an inquiry where the POS line says 31, and
    /// for a tip, which the POS line tells from a sale by element 60.1 alone, the adjustment of ISO
    /// 8583 that takes money (02).
    pub const fn network_processing(self) -> &'static str {
        match self {
            Kind::Inquiry => "300000",
            Kind::Tip => "020000",
            other => other.processing(),
        }
    }

    /// Element 25.
    pub const fn condition(self) -> &'static str {
        self.row().condition
    }

    /// Element 60.1 on the POS line.
    pub const fn transaction_type(self) -> [u8; 2] {
        self.row().transaction_type
    }

    /// What becomes of the cardholder's money: 1 takes it, -1 gives it back, 0 neither.
    pub const fn money(self) -> i64 {
        self.row().money
    }

    /// What becomes of held money: 1 holds it, -1 lets it go, 0 neither.
    pub const fn hold(self) -> i64 {
        self.row().hold
    }

    /// Whether it counts in a batch, and so has a voucher that is settled.
    pub const fn is_settled(self) -> bool {
        self.money() != 0
    }

    /// Whether anything moves.
    pub const fn moves(self) -> bool {
        self.money() != 0 || self.hold() != 0
    }

    /// Whether it is taken back (0400, 0420) when its answer does not come. An inquiry moves
    /// nothing, and an advice is told again instead.
    pub const fn is_reversible(self) -> bool {
        self.moves() && self.request().function() == 0
    }

    /// Whether it is told again (0221) until it is answered.
    pub const fn is_advice(self) -> bool {
        self.request().function() == 2
    }

    /// What it refers to, if to anything.
    pub const fn original(self) -> Option<Kind> {
        match self {
            Kind::Sale | Kind::Inquiry | Kind::PreAuth | Kind::OfflineSale => None,
            Kind::Void | Kind::Refund | Kind::Tip | Kind::OrderQuery => Some(Kind::Sale),
            Kind::PreAuthVoid | Kind::Completion | Kind::CompletionAdvice => Some(Kind::PreAuth),
            Kind::CompletionVoid => Some(Kind::Completion),
        }
    }

    /// Whether it undoes its original: all of it, at most once.
    pub const fn is_void(self) -> bool {
        matches!(self, Kind::Void | Kind::PreAuthVoid | Kind::CompletionVoid)
    }

    /// Whether it earns its merchant money that is paid out at once where that is agreed.
    pub const fn is_sold(self) -> bool {
        matches!(self, Kind::Sale | Kind::OfflineSale | Kind::Tip)
    }

    /// Whether it takes what a pre-authorisation holds.
    pub const fn completes(self) -> bool {
        matches!(self, Kind::Completion | Kind::CompletionAdvice)
    }

    /// Whether it uses its original up, so that nothing else is done about that: of refunds and
    /// tips there may be several.
    pub const fn uses_up(self) -> bool {
        self.moves() && !matches!(self, Kind::Refund | Kind::Tip)
    }

    /// Whether a chip is asked: what refers to an earlier voucher names its card by the track, and
    /// what is told as done asks nobody.
    pub const fn is_put_to_the_chip(self) -> bool {
        self.original().is_none() && !self.is_advice()
    }

    /// Which kind with the same other elements `transaction_type` (element 60.1) names. What is
    /// told as done is booked as it is told, so of advices it must name one; of requests it says
    /// nothing that the other elements do not say.
    pub fn with_type(self, transaction_type: [u8; 2]) -> Option<Kind> {
        let row = self.row();
        let elements = (row.request, row.processing, row.condition);
        let is_it = |kind: &Kind| {
            let other = kind.row();
            other.transaction_type == transaction_type
                && (other.request, other.processing, other.condition) == elements
        };
        Kind::ALL.into_iter().find(is_it).or((!self.is_advice()).then_some(self))
    }

    /// What a message asks for: its type, and elements 3 and 25 of either line. Account types in
    /// element 3 make no difference, and neither does a mark as a repeat. On the POS line, element
    /// 60.1 may say more: [`Kind::with_type`].
    pub fn of(mti: Mti, processing: &[u8], condition: Option<&[u8]>) -> Option<Kind> {
        let named = processing.get(..2)?;
        if mti.original() == Mti::FINANCIAL_REQUEST && matches!(named, b"30" | b"31") {
            return Some(Kind::Inquiry);
        }
        // Who does not say under what condition means the ordinary one.
        let condition = condition.unwrap_or(b"00");
        Kind::ALL.into_iter().find(|kind| {
            let row = kind.row();
            let is_named = |code: &str| code.as_bytes().get(..2) == Some(named);
            row.request == mti.original()
                && (is_named(row.processing) || is_named(kind.network_processing()))
                && row.condition.as_bytes() == condition
        })
    }

    /// Whether a request of this kind, paid by this number, is an order: a sale that is asked about
    /// before it is taken back.
    pub fn is_order(self, pan: &Pan) -> bool {
        self == Kind::Sale && pan.is_payment_code()
    }

    /// What an advice (0220, 0221) tells of that is asked for otherwise: a sale that somebody
    /// approved in its issuer's stead.
    pub fn stood_in(mti: Mti, processing: &[u8], condition: Option<&[u8]>) -> Option<Kind> {
        let asked = Kind::of(Mti::FINANCIAL_REQUEST, processing, condition);
        asked.filter(|kind| *kind == Kind::Sale && mti.original() == Mti::FINANCIAL_ADVICE)
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Kind::Sale => "sale",
            Kind::Inquiry => "inquiry",
            Kind::Void => "void",
            Kind::PreAuth => "pre-authorisation",
            Kind::PreAuthVoid => "void of a pre-authorisation",
            Kind::Completion => "completion",
            Kind::CompletionAdvice => "completion advice",
            Kind::CompletionVoid => "void of a completion",
            Kind::Refund => "refund",
            Kind::OfflineSale => "offline sale",
            Kind::Tip => "tip",
            Kind::OrderQuery => "query of an order",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_it_asks_for_on_either_line() {
        for kind in Kind::ALL {
            let condition = Some(kind.condition().as_bytes());
            for processing in [kind.processing(), kind.network_processing()] {
                let read = Kind::of(kind.request(), processing.as_bytes(), condition);
                let read = read.and_then(|read| read.with_type(kind.transaction_type()));
                assert_eq!(read, Some(kind));
            }
        }
        assert_eq!(Kind::of(Mti::FINANCIAL_REPEAT, b"000000", None), Some(Kind::Sale));
        assert_eq!(Kind::of(Mti::FINANCIAL_REQUEST, b"630000", Some(b"00")), None);
        assert_eq!(Kind::of(Mti::AUTHORIZATION_REQUEST, b"030000", Some(b"00")), None);
        assert_eq!(Kind::of(Mti::FINANCIAL_REQUEST, b"0", None), None);
        // A settlement adjustment is nothing that anybody here knows.
        let told = Kind::of(Mti::FINANCIAL_ADVICE, b"000000", Some(b"00"));
        assert_eq!(told.map(|told| told.with_type(*b"32")), Some(None));
    }

    #[test]
    fn what_undoes_moves_the_other_way() {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_void()) {
            let original = kind.original().expect("a void undoes something");
            assert_eq!((kind.money(), kind.hold()), (-original.money(), -original.hold()));
        }
    }

    #[test]
    fn what_moves_money_now_is_reversed_and_what_tells_of_it_is_repeated() {
        let reversible: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| kind.is_reversible()).collect();
        assert_eq!(reversible.len(), 6);
        assert!(!Kind::Inquiry.is_reversible() && !Kind::Inquiry.is_advice());
        assert!(Kind::Refund.is_advice() && !Kind::Refund.is_reversible());
    }
}
