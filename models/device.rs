//! Devices around a party: what it shows, prints, asks and logs, and what they answer.
//!
//! Not durable, but part of the history: claims about what people saw are judged on it.

use crate::card::{Amount, Pan};
use crate::claim::DeskNote;
use crate::iso8583::{Challenge, Icc55, ResponseCode};
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
    /// The card reader with its EMV kernel. Answers every [`Output::Card`].
    CardReader,
    /// The party's log file. Never answers.
    Log,
    /// Text messages to the cardholder. Never answers.
    TextMessage,
    /// The claims desk, with merchants and clerks around it. Answers [`DeskNote::SlipWanted`].
    Desk,
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
    /// To the card reader: what the chip is to do.
    Card(CardCommand),
    /// Into the log.
    Log(String),
    /// By text message.
    Text(Text),
    /// At the claims desk.
    Desk(DeskNote),
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
    /// The chip is powered and its application is read.
    CardRead,
    /// No chip answered, or what it said made no sense.
    CardUnreadable,
    /// The kernel lacks what it needs for this card.
    ChipDataMissing(ChipData),
    /// The card signed the challenge, and wants its issuer to be asked.
    Cryptogram(Icc55),
    /// The kernel or the card failed, or the card refused: there is no cryptogram.
    KernelFailed,
    /// The card accepts what the host approved (TC).
    CardAccepted,
    /// The card refuses what the host approved (AAC).
    CardDeclined,
    /// The card was pulled before it could say.
    CardPulled,
    /// The merchant has the slip.
    SlipFound,
    /// The merchant has no slip.
    SlipMissing,
}

/// What the terminal has a chip do, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CardCommand {
    /// Power up, choose the application, read it.
    Read,
    /// The first GENERATE AC.
    Sign(Challenge),
    /// The second GENERATE AC: the host approved this much.
    Complete(Amount),
}

/// What a kernel needs besides the card, and a host gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ChipData {
    /// Applications and their limits (IC卡参数).
    Parameters,
    /// Public keys of the card schemes (公钥).
    PublicKeys,
}

impl ChipData {
    /// Both.
    pub const ALL: [ChipData; 2] = [ChipData::Parameters, ChipData::PublicKeys];
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
    /// An order could not be closed (关单不成功): the entry is one-sided until the host decides.
    OrderNotClosed {
        /// The voucher number (STAN) of the order.
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
    /// Nobody knows yet whether the order is paid; it is asked about before anything else.
    OrderOpen,
    /// The host is asked whether the order is paid (支付查询中).
    QueryingOrder,
    /// The order is being closed (关单中).
    ClosingOrder,
    /// The order is closed: it is not paid, or the money is given back (订单已关闭).
    OrderClosed,
    /// The order could not be closed (关单失败).
    OrderNotClosed,
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
    /// Signed off: the next wish that needs the host signs on first.
    SignedOff,
    /// The host did not say that it heard of the sign-off.
    SignOffFailed,
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
    /// The card is in the reader, and must stay there.
    ReadingCard,
    /// E302: the card cannot be read. Nothing left the terminal.
    CardUnreadable,
    /// E302: the chip or the kernel failed before anything left the terminal.
    KernelFailed,
    /// Chip cards are refused until this is downloaded.
    ChipDataMissing(ChipData),
    /// Parameters or public keys are being downloaded.
    Downloading,
    /// Parameters and public keys are there.
    Downloaded,
    /// They could not be downloaded now.
    DownloadFailed,
    /// The host approved and the card did not: it is being taken back.
    CardDeclined,
    /// The host approved, and the card was gone: it is being taken back.
    CardPulled,
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
                | Display::QueryingOrder
                | Display::ClosingOrder
                | Display::Settling
                | Display::ReadingCard
                | Display::Downloading
        )
    }

    /// Whether this invites the cashier to sell the same goods again.
    pub fn offers_a_new_sale(self) -> bool {
        matches!(self, Display::SwipeAgain | Display::Cancelled | Display::CommunicationError)
            || matches!(self, Display::CardUnreadable | Display::KernelFailed)
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
            Display::AdviceFailed => ("NOT CONFIRMED, CALL SERVICE", "未获确认,请与客服联系"),
            Display::OrderOpen
            | Display::QueryingOrder
            | Display::ClosingOrder
            | Display::OrderClosed
            | Display::OrderNotClosed => self.words_about_an_order(),
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
            Display::SignedOff => ("SIGNED OFF", "签退成功"),
            Display::SignOffFailed => ("SIGN-OFF FAILED", "签退失败"),
            Display::Echo(true) => ("LINE OK", "回响测试成功"),
            Display::Echo(false) => ("LINE FAILED", "回响测试失败"),
            Display::Cancelled => ("CANCELLED", "交易取消"),
            Display::ReadingCard
            | Display::CardUnreadable
            | Display::KernelFailed
            | Display::ChipDataMissing(_)
            | Display::Downloading
            | Display::Downloaded
            | Display::DownloadFailed
            | Display::CardDeclined
            | Display::CardPulled => self.words_about_the_card(),
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

    /// What is said of a payment by QR code.
    fn words_about_an_order(self) -> (&'static str, &'static str) {
        match self {
            Display::OrderOpen => {
                ("PAYMENT NOT CONFIRMED, WILL BE QUERIED", "支付结果未知,将自动查询")
            }
            Display::QueryingOrder => ("QUERYING PAYMENT", "支付查询中"),
            Display::ClosingOrder => ("CLOSING ORDER", "关单中"),
            Display::OrderClosed => ("ORDER CLOSED, NOT PAID", "订单已关闭,未收款"),
            Display::OrderNotClosed => ("ORDER NOT CLOSED, CALL SERVICE", "关单失败,请与客服联系"),
            other => unreachable!("{other:?} has words of its own"),
        }
    }

    /// What is said of a chip and of the data that a terminal needs for it.
    fn words_about_the_card(self) -> (&'static str, &'static str) {
        match self {
            Display::ReadingCard => ("READING CARD, DO NOT REMOVE", "正在读卡,请勿拔卡"),
            Display::CardUnreadable => (
                "E302 CANNOT READ CARD: WIPE CHIP, INSERT AGAIN",
                "E302 读卡失败,请擦拭芯片后重新插卡",
            ),
            Display::KernelFailed => (
                "E302 CHIP FAILED: INSERT AGAIN OR USE ANOTHER CARD",
                "E302 IC卡处理失败,请重新插卡或换卡",
            ),
            Display::ChipDataMissing(ChipData::Parameters) => {
                ("NO IC PARAMETERS: DOWNLOAD, THEN RETRY", "无IC卡参数,请下载后重试")
            }
            Display::ChipDataMissing(ChipData::PublicKeys) => {
                ("NO PUBLIC KEYS: DOWNLOAD, THEN RETRY", "无公钥,请下载后重试")
            }
            Display::Downloading => ("DOWNLOADING IC PARAMETERS, KEYS", "IC卡参数、公钥下载中"),
            Display::Downloaded => ("DOWNLOADED, INSERT CARD AGAIN", "下载成功,请重新插卡"),
            Display::DownloadFailed => ("DOWNLOAD FAILED, TRY AGAIN", "下载失败,请重试"),
            Display::CardDeclined => {
                ("DECLINED BY CARD, WILL BE REVERSED: USE ANOTHER", "卡片拒绝,将自动冲正,请换卡")
            }
            Display::CardPulled => {
                ("CARD REMOVED TOO EARLY, WILL BE REVERSED", "卡片过早拔出,将自动冲正")
            }
            other => unreachable!("{other:?} has words of its own"),
        }
    }
}
