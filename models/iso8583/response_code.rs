//! Response codes (element 39): what each means, and what a person does next. Decides nothing.

use super::{Element, Message};
use std::fmt;

/// The two characters of element 39. In a POS 0400 the same element carries the reversal reason:
/// 98 no response, 96 could not complete, A0 response with a wrong MAC, 06 anything else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResponseCode(pub [u8; 2]);

/// What a terminal makes of a code, after one published terminal application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeClass {
    /// The money moved.
    Approval,
    /// Terminal or format problem.
    Problem,
    /// Refused.
    Decline,
    /// Refused, and the card is to be kept.
    Capture,
    /// The sources do not classify it.
    Unclassified,
}

impl ResponseCode {
    /// 00: approved.
    pub const APPROVED: ResponseCode = ResponseCode(*b"00");
    /// 01: refer to issuer.
    pub const REFER_TO_ISSUER: ResponseCode = ResponseCode(*b"01");
    /// 03: invalid merchant.
    pub const INVALID_MERCHANT: ResponseCode = ResponseCode(*b"03");
    /// 04: pick up card.
    pub const PICK_UP_CARD: ResponseCode = ResponseCode(*b"04");
    /// 05: cardholder authentication failed.
    pub const AUTHENTICATION_FAILED: ResponseCode = ResponseCode(*b"05");
    /// 06: error.
    pub const ERROR: ResponseCode = ResponseCode(*b"06");
    /// 07: pick up card, special condition.
    pub const PICK_UP_CARD_SPECIAL: ResponseCode = ResponseCode(*b"07");
    /// 10: partially approved.
    pub const PARTIALLY_APPROVED: ResponseCode = ResponseCode(*b"10");
    /// 11: approved, VIP.
    pub const APPROVED_VIP: ResponseCode = ResponseCode(*b"11");
    /// 12: invalid related transaction.
    pub const INVALID_TRANSACTION: ResponseCode = ResponseCode(*b"12");
    /// 13: invalid amount.
    pub const INVALID_AMOUNT: ResponseCode = ResponseCode(*b"13");
    /// 14: invalid card number.
    pub const INVALID_CARD_NUMBER: ResponseCode = ResponseCode(*b"14");
    /// 15: no such issuer.
    pub const NO_SUCH_ISSUER: ResponseCode = ResponseCode(*b"15");
    /// 21: card not initialised or dormant.
    pub const CARD_NOT_INITIALISED: ResponseCode = ResponseCode(*b"21");
    /// 22: suspicious operation, or beyond the permitted days.
    pub const SUSPICIOUS_OPERATION: ResponseCode = ResponseCode(*b"22");
    /// 25: original transaction not found.
    pub const ORIGINAL_NOT_FOUND: ResponseCode = ResponseCode(*b"25");
    /// 30: format error.
    pub const FORMAT_ERROR: ResponseCode = ResponseCode(*b"30");
    /// 31: card not served here.
    pub const CARD_NOT_SERVED: ResponseCode = ResponseCode(*b"31");
    /// 34: fraud card, capture.
    pub const FRAUD_CARD: ResponseCode = ResponseCode(*b"34");
    /// 38: PIN tries exceeded, contact issuer.
    pub const PIN_TRIES_EXCEEDED_ISSUER: ResponseCode = ResponseCode(*b"38");
    /// 40: transaction not supported by issuer.
    pub const NOT_SUPPORTED_BY_ISSUER: ResponseCode = ResponseCode(*b"40");
    /// 41: lost card, pick up.
    pub const LOST_CARD: ResponseCode = ResponseCode(*b"41");
    /// 43: stolen card, pick up.
    pub const STOLEN_CARD: ResponseCode = ResponseCode(*b"43");
    /// 45: fallback not allowed, use the chip.
    pub const FALLBACK_NOT_ALLOWED: ResponseCode = ResponseCode(*b"45");
    /// 51: not sufficient funds.
    pub const NOT_SUFFICIENT_FUNDS: ResponseCode = ResponseCode(*b"51");
    /// 54: expired card.
    pub const EXPIRED_CARD: ResponseCode = ResponseCode(*b"54");
    /// 55: incorrect PIN.
    pub const INCORRECT_PIN: ResponseCode = ResponseCode(*b"55");
    /// 57: transaction not permitted to this card.
    pub const NOT_PERMITTED_TO_CARD: ResponseCode = ResponseCode(*b"57");
    /// 58: transaction not permitted on this terminal.
    pub const NOT_PERMITTED_TO_TERMINAL: ResponseCode = ResponseCode(*b"58");
    /// 59: card verification failed, suspected fraud.
    pub const CARD_VERIFICATION_FAILED: ResponseCode = ResponseCode(*b"59");
    /// 61: exceeds amount limit.
    pub const EXCEEDS_AMOUNT_LIMIT: ResponseCode = ResponseCode(*b"61");
    /// 62: restricted card.
    pub const RESTRICTED_CARD: ResponseCode = ResponseCode(*b"62");
    /// 64: amount does not match the original.
    pub const AMOUNT_MISMATCH: ResponseCode = ResponseCode(*b"64");
    /// 65: exceeds number of uses.
    pub const EXCEEDS_COUNT_LIMIT: ResponseCode = ResponseCode(*b"65");
    /// 68: issuer response timed out.
    pub const RESPONSE_TIMED_OUT: ResponseCode = ResponseCode(*b"68");
    /// 75: PIN tries exceeded.
    pub const PIN_TRIES_EXCEEDED: ResponseCode = ResponseCode(*b"75");
    /// 77: batch number mismatch.
    pub const BATCH_MISMATCH: ResponseCode = ResponseCode(*b"77");
    /// 79: offline transaction data mismatch.
    pub const OFFLINE_DATA_MISMATCH: ResponseCode = ResponseCode(*b"79");
    /// 90: date cut-over in progress.
    pub const CUTOVER_IN_PROGRESS: ResponseCode = ResponseCode(*b"90");
    /// 91: issuer inoperative.
    pub const ISSUER_INOPERATIVE: ResponseCode = ResponseCode(*b"91");
    /// 92: issuer line abnormal.
    pub const ISSUER_LINE_DOWN: ResponseCode = ResponseCode(*b"92");
    /// 93: illegal transaction.
    pub const ILLEGAL_TRANSACTION: ResponseCode = ResponseCode(*b"93");
    /// 94: duplicate transaction.
    pub const DUPLICATE_TRANSMISSION: ResponseCode = ResponseCode(*b"94");
    /// 95: reconcile error.
    pub const RECONCILE_ERROR: ResponseCode = ResponseCode(*b"95");
    /// 96: switch malfunction.
    pub const SYSTEM_MALFUNCTION: ResponseCode = ResponseCode(*b"96");
    /// 97: terminal not registered.
    pub const TERMINAL_NOT_REGISTERED: ResponseCode = ResponseCode(*b"97");
    /// 98: issuer timed out.
    pub const ISSUER_TIMED_OUT: ResponseCode = ResponseCode(*b"98");
    /// 99: PIN format error.
    pub const PIN_FORMAT_ERROR: ResponseCode = ResponseCode(*b"99");
    /// A0: MAC error.
    pub const MAC_ERROR: ResponseCode = ResponseCode(*b"A0");
    /// A1: transfer currency mismatch.
    pub const TRANSFER_CURRENCY_MISMATCH: ResponseCode = ResponseCode(*b"A1");
    /// A2: approved with defects.
    pub const APPROVED_CONFIRM_A2: ResponseCode = ResponseCode(*b"A2");
    /// A3: wrong account.
    pub const WRONG_ACCOUNT: ResponseCode = ResponseCode(*b"A3");
    /// A4: approved with defects.
    pub const APPROVED_CONFIRM_A4: ResponseCode = ResponseCode(*b"A4");
    /// A5: approved with defects.
    pub const APPROVED_CONFIRM_A5: ResponseCode = ResponseCode(*b"A5");
    /// A6: approved with defects.
    pub const APPROVED_CONFIRM_A6: ResponseCode = ResponseCode(*b"A6");
    /// A7: security device failure.
    pub const SECURITY_DEVICE_FAILURE: ResponseCode = ResponseCode(*b"A7");

    /// Every code the table knows, in ascending order.
    pub fn all() -> impl Iterator<Item = ResponseCode> {
        CODES.iter().map(|row| ResponseCode(*row.code))
    }

    /// The value of element 39.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<ResponseCode> {
        value.try_into().ok().map(ResponseCode)
    }

    /// Element 39 of a message, if it has one of two characters.
    #[must_use]
    pub fn of(message: &Message) -> Option<ResponseCode> {
        ResponseCode::parse(message.get(Element::RESPONSE_CODE)?)
    }

    /// Whether an order may be paid although somebody answered this: it says that the answerer
    /// knows of nothing, or cannot tell now, and not that the payment was refused.
    #[must_use]
    pub const fn leaves_doubt(self) -> bool {
        matches!(
            &self.0,
            b"06"
                | b"12"
                | b"22"
                | b"25"
                | b"30"
                | b"68"
                | b"77"
                | b"90"
                | b"91"
                | b"92"
                | b"94"
                | b"95"
                | b"96"
                | b"97"
                | b"98"
                | b"99"
                | b"A0"
                | b"A7"
        )
    }

    /// Whether the money moved. A2, A4, A5 and A6 are approvals that want confirming.
    #[must_use]
    pub const fn is_approval(self) -> bool {
        matches!(&self.0, b"00" | b"10" | b"11" | b"A2" | b"A4" | b"A5" | b"A6")
    }

    /// What it means, in English and Chinese. Codes outside the table are acquirer-private.
    #[must_use]
    pub fn meaning(self) -> (&'static str, &'static str) {
        self.row().map_or(("not in the table, acquirer-private", "收单方自定义"), |row| {
            (row.english, row.chinese)
        })
    }

    /// What the operator does next.
    #[must_use]
    pub fn action(self) -> &'static str {
        self.row().map_or("Ask the acquirer what it means.", |row| row.action)
    }

    /// What it means as the reason in a POS 0400, where the sources name it.
    #[must_use]
    pub const fn reversal_reason(self) -> Option<(&'static str, &'static str)> {
        match &self.0 {
            b"98" => Some(("no response within the time limit", "未收到应答")),
            b"96" => Some(("approved, but the terminal could not complete", "终端无法完成")),
            b"A0" => Some(("the response carried a wrong MAC", "应答MAC校验错")),
            b"06" => Some(("any other cause", "其他原因")),
            _ => None,
        }
    }

    /// What a terminal makes of it.
    #[must_use]
    pub fn class(self) -> CodeClass {
        self.row().map_or(CodeClass::Unclassified, |row| row.class)
    }

    fn row(self) -> Option<&'static Row> {
        let at = CODES.binary_search_by(|row| row.code.cmp(&self.0)).ok()?;
        Some(&CODES[at])
    }
}

impl AsRef<[u8]> for ResponseCode {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

struct Row {
    code: &'static [u8; 2],
    class: CodeClass,
    english: &'static str,
    chinese: &'static str,
    action: &'static str,
}

const fn row(
    code: &'static [u8; 2],
    class: CodeClass,
    english: &'static str,
    chinese: &'static str,
    action: &'static str,
) -> Row {
    Row { code, class, english, chinese, action }
}

use CodeClass::{Approval, Capture, Decline, Problem, Unclassified};

/// Sorted by code. Agreed by two published terminals, one acquirer-side client and three public
/// code pages; the actions are ours.
#[rustfmt::skip] // One row a line reads as the table it is.
static CODES: [Row; 66] = [
    row(b"00", Approval, "approved", "成功",
        "Hand over the goods and the slip."),
    row(b"01", Decline, "refer to issuer", "请与发卡行联系",
        "Ask the cardholder to call the issuer, or take another card."),
    row(b"03", Decline, "invalid merchant", "无效商户",
        "Call the acquirer: the merchant number is not valid."),
    row(b"04", Capture, "pick up card", "没收卡",
        "Keep the card and call the acquirer."),
    row(b"05", Decline, "cardholder authentication failed", "持卡人认证失败",
        "Take another card, or have the cardholder call the issuer."),
    row(b"06", Decline, "error", "错误",
        "Try again; in a reversal: any cause without a code of its own."),
    row(b"07", Capture, "pick up card, special condition", "特定条件下没收卡",
        "Keep the card if it is safe to and call the acquirer."),
    row(b"08", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"09", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"10", Approval, "partially approved", "部分承兑",
        "Element 4 is the approved part: take the rest by other means."),
    row(b"11", Approval, "approved, VIP", "重要人物批准",
        "Hand over the goods and the slip."),
    row(b"12", Decline, "invalid related transaction", "无效的关联交易",
        "Check the original; for a reversal there is nothing left to do."),
    row(b"13", Problem, "invalid amount", "无效金额",
        "Enter the amount again."),
    row(b"14", Problem, "invalid card number", "无效卡号",
        "Read the card again, or take another card."),
    row(b"15", Decline, "no such issuer", "此卡无对应发卡方",
        "Take another card."),
    row(b"17", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"18", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"19", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"20", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"21", Decline, "card not initialised or dormant", "卡未初始化或睡眠卡",
        "The cardholder must have the issuer activate the card."),
    row(b"22", Decline, "suspicious operation, or beyond the permitted days",
        "操作有误或超出允许天数",
        "Refund instead of voiding; a reversal with this answer is done."),
    row(b"23", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"25", Decline, "original transaction not found", "没有原始交易",
        "Check voucher, batch and date; a reversal with this answer is done."),
    row(b"26", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"29", Decline, "acquirer-private", "收单方自定义",
        "Ask the acquirer what it means."),
    row(b"30", Decline, "format error", "报文格式错误",
        "Try again; if it stays, the acquirer must look at the message."),
    row(b"31", Decline, "card not served here", "此卡不能受理",
        "Take another card."),
    row(b"34", Decline, "fraud card, capture", "作弊卡,吞卡",
        "Keep the card and call the acquirer."),
    row(b"38", Decline, "PIN tries exceeded, contact issuer", "密码错误次数超限",
        "The cardholder must call the issuer."),
    row(b"40", Decline, "transaction not supported by issuer", "发卡方不支持的交易",
        "Use another transaction or another card."),
    row(b"41", Decline, "lost card, pick up", "挂失卡",
        "Keep the card and call the acquirer."),
    row(b"43", Decline, "stolen card, pick up", "被窃卡",
        "Keep the card and call the acquirer."),
    row(b"45", Decline, "fallback not allowed, use the chip", "不允许降级交易",
        "Insert the card instead of swiping it."),
    row(b"51", Decline, "not sufficient funds", "余额不足",
        "Take another card, or a smaller amount."),
    row(b"54", Decline, "expired card", "卡已过期",
        "Take another card."),
    row(b"55", Decline, "incorrect PIN", "密码错误",
        "Ask for the PIN again."),
    row(b"57", Decline, "transaction not permitted to this card", "不允许此卡交易",
        "Take another card."),
    row(b"58", Decline, "transaction not permitted on this terminal",
        "不允许终端进行的交易",
        "Call the acquirer if the transaction should be allowed."),
    row(b"59", Decline, "card verification failed, suspected fraud", "卡片校验错",
        "Take another card."),
    row(b"61", Decline, "exceeds amount limit", "超出金额限制",
        "Take a smaller amount, or another card."),
    row(b"62", Decline, "restricted card", "受限制的卡",
        "Take another card."),
    row(b"64", Decline, "amount does not match the original", "与原交易金额不匹配",
        "Void with the exact amount of the original."),
    row(b"65", Decline, "exceeds number of uses", "超出次数限制",
        "Take another card, or wait a day."),
    row(b"66", Unclassified, "reserved", "保留",
        "Ask the acquirer what it means."),
    row(b"68", Decline, "issuer response timed out", "交易超时",
        "Try again; the switch settles the doubt with the issuer."),
    row(b"75", Decline, "PIN tries exceeded", "密码错误次数超限",
        "The card is locked until the next day or by its issuer."),
    row(b"77", Unclassified, "batch number mismatch", "批次号不符,请重新签到",
        "Sign on again: the host has another batch open."),
    row(b"79", Unclassified, "offline transaction data mismatch", "脱机交易对账不平",
        "Keep the slips and call the acquirer."),
    row(b"90", Decline, "date cut-over in progress", "系统日切,请稍后重试",
        "Wait some minutes and try again."),
    row(b"91", Decline, "issuer inoperative", "发卡方状态不正常",
        "Try later, or take another card."),
    row(b"92", Decline, "issuer line abnormal", "发卡方线路异常",
        "Try later, or take another card."),
    row(b"93", Unclassified, "illegal transaction", "非法交易",
        "Do not repeat; call the acquirer."),
    row(b"94", Decline, "duplicate transaction", "重复交易",
        "Look up the first one before trying again: money moves once."),
    row(b"95", Unclassified, "reconcile error", "对账不平,请与收单方联系",
        "Call the acquirer; keep the batch."),
    row(b"96", Decline, "switch malfunction", "交换中心异常",
        "Try later; a reversal with this answer stays due."),
    row(b"97", Decline, "terminal not registered", "终端未登记",
        "Sign on again; if it stays, call the acquirer."),
    row(b"98", Decline, "issuer timed out", "交换中心收不到发卡方应答",
        "The outcome is in doubt until the reversal is answered."),
    row(b"99", Decline, "PIN format error", "PIN格式错,请重新签到",
        "Sign on again: the PIN key may have changed."),
    row(b"A0", Problem, "MAC error", "MAC校验错,请重新签到",
        "Sign on again: the MAC key may have changed."),
    row(b"A1", Problem, "transfer currency mismatch", "转账货币不一致",
        "Transfer in the currency of the account."),
    row(b"A2", Approval, "approved with defects", "有缺陷的成功",
        "Approved; confirm with the issuer later."),
    row(b"A3", Problem, "wrong account", "转入账户不正确",
        "Check the account."),
    row(b"A4", Approval, "approved with defects", "有缺陷的成功",
        "Approved; confirm with the issuer later."),
    row(b"A5", Approval, "approved with defects", "有缺陷的成功",
        "Approved; confirm with the issuer later."),
    row(b"A6", Approval, "approved with defects", "有缺陷的成功",
        "Approved; confirm with the issuer later."),
    row(b"A7", Problem, "security device failure", "安全处理失败",
        "Try later: the centre could not check the message."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_agrees_on_approvals() {
        assert!(CODES.is_sorted_by_key(|row| row.code));
        for code in ResponseCode::all() {
            assert_eq!(code.is_approval(), code.class() == Approval, "{code}");
        }
    }

    #[test]
    fn a_code_says_what_it_means_and_what_to_do() {
        assert_eq!(ResponseCode::NOT_SUFFICIENT_FUNDS.meaning().1, "余额不足");
        assert!(ResponseCode::MAC_ERROR.action().starts_with("Sign on again"));
        assert_eq!(ResponseCode::parse(b"51"), Some(ResponseCode::NOT_SUFFICIENT_FUNDS));
        assert_eq!(ResponseCode(*b"ZZ").class(), CodeClass::Unclassified);
        assert_eq!(ResponseCode::parse(b"510"), None);
    }
}
