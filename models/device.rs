//! Devices around a party: what it shows, prints, asks and logs, and what they answer.
//!
//! Not durable, but part of the history: claims about what people saw are judged on it.

use crate::card::{Amount, Pan};
use crate::iso8583::ResponseCode;
use crate::record::{Kind, Totals};
use crate::security::Pin;

/// A device next to a party.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Device {
    /// The terminal's screen, seen by the cashier. Never answers.
    Screen,
    /// The slip printer. Answers every slip.
    Printer,
    /// The PIN pad, seen by the cardholder. Answers [`Output::EnterPin`].
    PinPad,
    /// The party's log file. Never answers.
    Log,
    /// Text messages to the cardholder. Never answers.
    TextMessage,
}

/// What a party puts out on a device.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Output {
    /// On the screen.
    Display(Display),
    /// On the printer.
    Slip(Slip),
    /// On the PIN pad: ask the cardholder for the PIN.
    EnterPin {
        /// The price shown, if there is one.
        amount: Option<Amount>,
    },
    /// Into the log.
    Log(String),
    /// By text message.
    Text(Text),
}

/// What a device answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The slip is out.
    Printed,
    /// No slip came out: no paper, or the printer is broken.
    NotPrinted,
    /// The cardholder entered a PIN.
    PinEntered(Pin),
    /// The cardholder pressed cancel, or took too long.
    PinCancelled,
}

/// What a cardholder reads on the telephone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Text {
    /// The card.
    pub pan: Pan,
    /// How much.
    pub amount: Amount,
    /// True for money back, false for money taken.
    pub is_credit: bool,
}

/// A slip of paper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slip {
    /// The receipt of a sale, or the slip of what followed one.
    Receipt {
        /// What was done.
        kind: Kind,
        /// The voucher number (STAN).
        stan: u32,
        /// The batch it belongs to.
        batch: u32,
        /// The approved amount.
        amount: Amount,
        /// Printed again on request (重打印): marked as a copy.
        is_copy: bool,
    },
    /// Totals of a settled batch.
    Totals {
        /// The batch.
        batch: u32,
        /// What it held.
        totals: Totals,
    },
    /// A reversal could not be delivered (冲正不成功): the entry is one-sided until the host decides.
    ReversalFailed {
        /// The voucher number (STAN) of the transaction.
        stan: u32,
        /// The amount in doubt.
        amount: Amount,
    },
    /// An advice was told to nobody who answered (退货未确认): the entry is one-sided until the host
    /// decides.
    AdviceFailed {
        /// The voucher number (STAN) of the advice.
        stan: u32,
        /// The amount in doubt.
        amount: Amount,
    },
}

/// What the screen says. Words are in [`Display::text`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Display {
    /// Waiting for the cashier.
    Ready,
    /// Dialling or connecting.
    Connecting,
    /// The request is with the host.
    Processing,
    /// Signing on.
    SigningOn,
    /// Signed on.
    SignedOn,
    /// Sign-on failed; nothing financial is possible.
    SignOnFailed,
    /// What was asked for is approved for this amount.
    Approved(Amount),
    /// Refused with this code, which says what to do next.
    Declined(ResponseCode),
    /// The answer cannot be trusted or did not come; the request is being taken back.
    InDoubt,
    /// Nothing left the terminal: no line.
    CommunicationError,
    /// The pending reversal is under way (冲正中).
    ReversalInProgress,
    /// The pending reversal is done (冲正成功).
    ReversalSucceeded,
    /// The pending reversal could not be delivered (冲正失败).
    ReversalFailed,
    /// The answer to an advice cannot be trusted or did not come; it is told again.
    WillTellAgain,
    /// The advice is being told again (重发中).
    TellingAgain,
    /// The advice could not be told.
    AdviceFailed,
    /// No work keys: sign on before selling.
    MustSignOn,
    /// The account holds this much.
    Balance(Amount),
    /// Settling.
    Settling,
    /// The batch is closed; true if the totals agreed.
    Settled(bool),
    /// The batch could not be closed now; try again.
    SettlementFailed,
    /// Settle before selling: the journal is full or no voucher number is free.
    MustSettle,
    /// Approved, but no slip came out: print again, do not sell again.
    PrinterFault,
    /// A copy was printed.
    Reprinted,
    /// The voucher belongs to a settled batch, or was never printed.
    ReprintRefused,
    /// No voucher of the open batch with this number and card can be voided.
    VoidRefused,
    /// The supervisor's password is wrong.
    WrongPassword,
    /// The line test passed or not.
    Echo(bool),
    /// The cardholder gave up before anything was sent.
    Cancelled,
    /// The terminal is busy with another wish.
    Busy,
    /// "Please swipe again": offers a new sale. No correct terminal shows it after an approval.
    SwipeAgain,
}

impl Display {
    /// Whether this ends the cashier's wish: nothing more will be shown about it.
    pub fn is_final(self) -> bool {
        !matches!(
            self,
            Display::Ready
                | Display::Connecting
                | Display::Processing
                | Display::SigningOn
                | Display::ReversalInProgress
                | Display::ReversalSucceeded
                | Display::ReversalFailed
                | Display::TellingAgain
                | Display::AdviceFailed
                | Display::Settling
        )
    }

    /// Whether this invites the cashier to sell the same goods again.
    pub fn offers_a_new_sale(self) -> bool {
        matches!(self, Display::SwipeAgain | Display::Cancelled | Display::CommunicationError)
            || matches!(self, Display::Declined(_))
    }

    /// The words, English and Chinese.
    pub fn text(self) -> (String, String) {
        let words = match self {
            Display::Ready => ("READY", "就绪"),
            Display::Connecting => ("CONNECTING", "正在连接"),
            Display::Processing => ("PROCESSING", "处理中"),
            Display::SigningOn => ("SIGNING ON", "签到中"),
            Display::SignedOn => ("SIGNED ON", "签到成功"),
            Display::SignOnFailed => ("SIGN-ON FAILED", "签到失败"),
            Display::InDoubt => ("NO VALID ANSWER, WILL BE REVERSED", "交易超时,将自动冲正"),
            Display::CommunicationError => ("COMMUNICATION ERROR", "通讯失败"),
            Display::ReversalInProgress => ("REVERSING", "冲正中"),
            Display::ReversalSucceeded => ("REVERSED", "冲正成功"),
            Display::ReversalFailed => ("REVERSAL FAILED, CALL SERVICE", "冲正失败,请与客服联系"),
            Display::WillTellAgain => {
                ("NO VALID ANSWER, WILL BE SENT AGAIN", "未收到应答,将自动重发")
            }
            Display::TellingAgain => ("SENDING AGAIN", "重发中"),
            Display::AdviceFailed => {
                ("REFUND NOT CONFIRMED, CALL SERVICE", "退货未确认,请与客服联系")
            }
            Display::MustSignOn => ("SIGN ON FIRST", "请先签到"),
            Display::Settling => ("SETTLING", "结算中"),
            Display::Settled(true) => ("SETTLED, TOTALS AGREE", "结算成功,对账平"),
            Display::Settled(false) => ("SETTLED, TOTALS DIFFER", "结算成功,对账不平"),
            Display::SettlementFailed => ("SETTLEMENT FAILED, TRY AGAIN", "结算失败,请重试"),
            Display::MustSettle => ("SETTLE FIRST", "请先结算"),
            Display::PrinterFault => ("APPROVED, PRINTER FAULT: REPRINT", "交易成功,请重打印"),
            Display::Reprinted => ("COPY PRINTED", "重打印完成"),
            Display::ReprintRefused => ("NO SUCH VOUCHER IN THIS BATCH", "本批次无此凭证"),
            Display::VoidRefused => ("NO SUCH VOUCHER TO VOID", "无此凭证可撤销"),
            Display::WrongPassword => ("WRONG SUPERVISOR PASSWORD", "主管密码错误"),
            Display::Echo(true) => ("LINE OK", "回响测试成功"),
            Display::Echo(false) => ("LINE FAILED", "回响测试失败"),
            Display::Cancelled => ("CANCELLED", "交易取消"),
            Display::Busy => ("BUSY", "请稍候"),
            Display::SwipeAgain => ("PLEASE SWIPE AGAIN", "请重新刷卡"),
            Display::Approved(amount) => {
                return (format!("APPROVED {amount}"), format!("交易成功 {amount}"));
            }
            Display::Balance(amount) => {
                return (format!("BALANCE {amount}"), format!("余额 {amount}"));
            }
            Display::Declined(code) => {
                let (english, chinese) = code.meaning();
                return (format!("{code} {english}"), format!("{code} {chinese}"));
            }
        };
        (words.0.to_owned(), words.1.to_owned())
    }
}
