//! The tables of the catalogue: messages and actions of each wish, and of what follows trouble.

use super::Leg::{ChainDown, ChainUp, IssuerDown, IssuerUp, PosDown, PosUp};
use super::Needs::{Approval, Nothing, Pin};
use super::Who::{Issuer, Switch, Terminal};
use super::{Act, Flow, Hop};
use crate::fault::ActionName::{Record, Send, Tell};
use reversim_models::device::Device::{CardReader, PinPad, Printer, Screen, TextMessage};
use reversim_models::iso8583::Mti;

/// Answers stand twice: a lost answer is what reversals are for.
const FINANCIAL_HOPS: &[Hop] = &[
    Hop(PosUp, Mti::FINANCIAL_REQUEST),
    Hop(IssuerUp, Mti::FINANCIAL_REQUEST),
    Hop(IssuerDown, Mti::FINANCIAL_RESPONSE),
    Hop(PosDown, Mti::FINANCIAL_RESPONSE),
    Hop(IssuerDown, Mti::FINANCIAL_RESPONSE),
    Hop(PosDown, Mti::FINANCIAL_RESPONSE),
    Hop(ChainUp, Mti::FINANCIAL_REQUEST),
    Hop(ChainDown, Mti::FINANCIAL_RESPONSE),
];

pub(super) const SALE: Flow = Flow {
    hops: FINANCIAL_HOPS,
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("started"), Nothing),
        Act(Terminal, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Switch, Record("forwarded"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Issuer, Record("decided"), Nothing),
        Act(Issuer, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Switch, Record("answered"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Tell(PinPad), Pin),
        Act(Terminal, Record("approved"), Approval),
        Act(Terminal, Tell(Printer), Approval),
        Act(Terminal, Record("slip-printed"), Approval),
        Act(Issuer, Tell(TextMessage), Approval),
    ],
};

/// A sale by payment code.
pub(super) const QR_SALE: Flow = Flow {
    hops: FINANCIAL_HOPS,
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("started"), Nothing),
        Act(Terminal, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Switch, Record("forwarded"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Issuer, Record("decided"), Nothing),
        Act(Issuer, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Switch, Record("answered"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Record("approved"), Approval),
        Act(Terminal, Tell(Printer), Approval),
        Act(Terminal, Record("slip-printed"), Approval),
        Act(Issuer, Tell(TextMessage), Approval),
    ],
};

/// What follows a sale by payment code whose answer did not come: a question, under the same types.
pub(super) const ORDER_QUERY: Flow = Flow {
    hops: FINANCIAL_HOPS,
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("order-opened"), Nothing),
        Act(Terminal, Record("order-queried"), Nothing),
        Act(Terminal, Record("approved"), Nothing),
        Act(Terminal, Record("reversal-due"), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Tell(Printer), Nothing),
    ],
};

/// A sale that a chip signs and confirms.
pub(super) const CHIP_SALE: Flow = Flow {
    hops: FINANCIAL_HOPS,
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("started"), Nothing),
        Act(Terminal, Tell(CardReader), Nothing),
        Act(Terminal, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Switch, Record("forwarded"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Issuer, Record("decided"), Nothing),
        Act(Issuer, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Switch, Record("answered"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Tell(PinPad), Pin),
        Act(Terminal, Record("approved"), Approval),
        Act(Terminal, Tell(Printer), Approval),
        Act(Terminal, Record("slip-printed"), Approval),
        Act(Issuer, Tell(TextMessage), Approval),
    ],
};

/// A pre-authorisation, or the void of one.
pub(super) const PRE_AUTH: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::AUTHORIZATION_REQUEST),
        Hop(IssuerUp, Mti::AUTHORIZATION_REQUEST),
        Hop(IssuerDown, Mti::AUTHORIZATION_RESPONSE),
        Hop(PosDown, Mti::AUTHORIZATION_RESPONSE),
        Hop(IssuerDown, Mti::AUTHORIZATION_RESPONSE),
        Hop(PosDown, Mti::AUTHORIZATION_RESPONSE),
        Hop(ChainUp, Mti::AUTHORIZATION_REQUEST),
        Hop(ChainDown, Mti::AUTHORIZATION_RESPONSE),
    ],
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("started"), Nothing),
        Act(Terminal, Send(Mti::AUTHORIZATION_REQUEST), Nothing),
        Act(Switch, Record("forwarded"), Nothing),
        Act(Switch, Send(Mti::AUTHORIZATION_REQUEST), Nothing),
        Act(Issuer, Record("decided"), Nothing),
        Act(Issuer, Send(Mti::AUTHORIZATION_RESPONSE), Nothing),
        Act(Switch, Record("answered"), Nothing),
        Act(Switch, Send(Mti::AUTHORIZATION_RESPONSE), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Tell(PinPad), Pin),
        Act(Terminal, Record("approved"), Approval),
        Act(Terminal, Tell(Printer), Approval),
        Act(Terminal, Record("slip-printed"), Approval),
    ],
};

pub(super) const INQUIRY: Flow = Flow {
    hops: FINANCIAL_HOPS,
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("stan-taken"), Nothing),
        Act(Terminal, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Switch, Record("forwarded"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_REQUEST), Nothing),
        Act(Issuer, Record("decided"), Nothing),
        Act(Issuer, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Switch, Record("answered"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_RESPONSE), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Tell(PinPad), Pin),
    ],
};

pub(super) const SIGN_ON: Flow = Flow {
    hops: &[Hop(PosUp, Mti::NETWORK_REQUEST), Hop(PosDown, Mti::NETWORK_RESPONSE)],
    hops_of_chain: 0,
    acts: &[
        Act(Terminal, Record("stan-taken"), Nothing),
        Act(Terminal, Send(Mti::NETWORK_REQUEST), Nothing),
        Act(Switch, Record("keys-issued"), Nothing),
        Act(Switch, Send(Mti::NETWORK_RESPONSE), Nothing),
        Act(Terminal, Record("signed-on"), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
    ],
};

pub(super) const SETTLEMENT: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::RECONCILIATION_REQUEST),
        Hop(PosDown, Mti::RECONCILIATION_RESPONSE),
        Hop(PosUp, Mti::FILE_ADVICE),
        Hop(PosDown, Mti::FILE_ADVICE_RESPONSE),
    ],
    hops_of_chain: 0,
    acts: &[
        Act(Terminal, Record("settlement-started"), Nothing),
        Act(Terminal, Send(Mti::RECONCILIATION_REQUEST), Nothing),
        Act(Switch, Record("compared"), Nothing),
        Act(Switch, Send(Mti::RECONCILIATION_RESPONSE), Nothing),
        Act(Terminal, Record("settlement-answered"), Nothing),
        Act(Terminal, Send(Mti::FILE_ADVICE), Nothing),
        Act(Switch, Record("batch-closed"), Nothing),
        Act(Switch, Send(Mti::FILE_ADVICE_RESPONSE), Nothing),
        Act(Terminal, Record("batch-closed"), Nothing),
        Act(Terminal, Tell(Printer), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
    ],
};

pub(super) const ECHO: Flow = Flow {
    hops: &[Hop(PosUp, Mti::NETWORK_ADVICE), Hop(PosDown, Mti::NETWORK_ADVICE_RESPONSE)],
    hops_of_chain: 0,
    acts: &[
        Act(Terminal, Send(Mti::NETWORK_ADVICE), Nothing),
        Act(Switch, Send(Mti::NETWORK_ADVICE_RESPONSE), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
    ],
};

/// A refund, or another advice. The switch answers it at once and tells the issuer on its own, or
/// passes it through.
pub(super) const REFUND: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::FINANCIAL_ADVICE),
        Hop(IssuerUp, Mti::FINANCIAL_ADVICE),
        Hop(IssuerDown, Mti::FINANCIAL_ADVICE_RESPONSE),
        Hop(PosDown, Mti::FINANCIAL_ADVICE_RESPONSE),
        Hop(IssuerDown, Mti::FINANCIAL_ADVICE_RESPONSE),
        Hop(PosDown, Mti::FINANCIAL_ADVICE_RESPONSE),
        Hop(ChainUp, Mti::FINANCIAL_ADVICE),
        Hop(ChainDown, Mti::FINANCIAL_ADVICE_RESPONSE),
    ],
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("started"), Nothing),
        Act(Terminal, Send(Mti::FINANCIAL_ADVICE), Nothing),
        Act(Switch, Record("forwarded"), Nothing),
        Act(Switch, Record("advice-queued"), Nothing),
        Act(Switch, Record("answered"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_ADVICE_RESPONSE), Nothing),
        Act(Switch, Record("advice-tried"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_ADVICE), Nothing),
        Act(Issuer, Record("decided"), Nothing),
        Act(Issuer, Send(Mti::FINANCIAL_ADVICE_RESPONSE), Nothing),
        Act(Switch, Record("advice-completed"), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
        Act(Terminal, Record("approved"), Approval),
        Act(Terminal, Tell(Printer), Approval),
        Act(Terminal, Record("slip-printed"), Approval),
        Act(Issuer, Tell(TextMessage), Approval),
    ],
};

/// What follows a refund whose answer did not come to the terminal.
pub(super) const REFUND_AGAIN: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::FINANCIAL_ADVICE_REPEAT),
        Hop(PosDown, Mti::FINANCIAL_ADVICE_RESPONSE),
        Hop(PosDown, Mti::FINANCIAL_ADVICE_RESPONSE),
    ],
    hops_of_chain: 0,
    acts: &[
        Act(Terminal, Record("advice-due"), Nothing),
        Act(Terminal, Record("advice-tried"), Nothing),
        Act(Terminal, Send(Mti::FINANCIAL_ADVICE_REPEAT), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_ADVICE_RESPONSE), Nothing),
        Act(Terminal, Record("approved"), Approval),
        Act(Terminal, Tell(Printer), Approval),
    ],
};

/// What follows a refund whose answer did not come to the switch.
pub(super) const REFUND_REPEAT: Flow = Flow {
    hops: &[
        Hop(IssuerUp, Mti::FINANCIAL_ADVICE_REPEAT),
        Hop(IssuerDown, Mti::FINANCIAL_ADVICE_RESPONSE),
        Hop(ChainUp, Mti::FINANCIAL_ADVICE_REPEAT),
        Hop(ChainDown, Mti::FINANCIAL_ADVICE_RESPONSE),
    ],
    hops_of_chain: 2,
    acts: &[
        Act(Switch, Record("advice-tried"), Nothing),
        Act(Switch, Send(Mti::FINANCIAL_ADVICE_REPEAT), Nothing),
        Act(Issuer, Send(Mti::FINANCIAL_ADVICE_RESPONSE), Nothing),
        Act(Switch, Record("advice-completed"), Nothing),
    ],
};

/// Chip parameters and public keys: a list and its entries, twice.
pub(super) const DOWNLOAD: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::NETWORK_ADVICE),
        Hop(PosDown, Mti::NETWORK_ADVICE_RESPONSE),
        Hop(PosUp, Mti::NETWORK_REQUEST),
        Hop(PosDown, Mti::NETWORK_RESPONSE),
    ],
    hops_of_chain: 0,
    acts: &[
        Act(Terminal, Send(Mti::NETWORK_ADVICE), Nothing),
        Act(Switch, Send(Mti::NETWORK_ADVICE_RESPONSE), Nothing),
        Act(Terminal, Send(Mti::NETWORK_REQUEST), Nothing),
        Act(Switch, Send(Mti::NETWORK_RESPONSE), Nothing),
        Act(Terminal, Record("chip-data-loaded"), Nothing),
        Act(Terminal, Tell(Screen), Nothing),
    ],
};

/// What follows a sale whose answer did not come to the terminal: only after another fault.
pub(super) const REVERSAL: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::REVERSAL_REQUEST),
        Hop(PosDown, Mti::REVERSAL_RESPONSE),
        Hop(IssuerUp, Mti::REVERSAL_ADVICE),
        Hop(IssuerDown, Mti::REVERSAL_ADVICE_RESPONSE),
        Hop(PosDown, Mti::REVERSAL_RESPONSE),
        Hop(IssuerDown, Mti::REVERSAL_ADVICE_RESPONSE),
        Hop(ChainUp, Mti::REVERSAL_ADVICE),
        Hop(ChainDown, Mti::REVERSAL_ADVICE_RESPONSE),
    ],
    hops_of_chain: 2,
    acts: &[
        Act(Terminal, Record("reversal-due"), Nothing),
        Act(Terminal, Record("reversal-tried"), Nothing),
        Act(Terminal, Send(Mti::REVERSAL_REQUEST), Nothing),
        Act(Switch, Record("reversal-accepted"), Nothing),
        Act(Switch, Record("advice-queued"), Nothing),
        Act(Switch, Send(Mti::REVERSAL_RESPONSE), Nothing),
        Act(Terminal, Record("reversed"), Nothing),
        Act(Switch, Record("advice-tried"), Nothing),
        Act(Switch, Send(Mti::REVERSAL_ADVICE), Nothing),
        Act(Issuer, Record("reversed"), Nothing),
        Act(Issuer, Send(Mti::REVERSAL_ADVICE_RESPONSE), Nothing),
        Act(Switch, Record("advice-completed"), Nothing),
    ],
};

/// What follows a sale that did not come to the switch: it has nothing to pass on.
pub(super) const UNKNOWN_REVERSAL: Flow = Flow {
    hops: &[
        Hop(PosUp, Mti::REVERSAL_REQUEST),
        Hop(PosDown, Mti::REVERSAL_RESPONSE),
        Hop(PosDown, Mti::REVERSAL_RESPONSE),
    ],
    hops_of_chain: 0,
    acts: &[
        Act(Terminal, Record("reversal-due"), Nothing),
        Act(Terminal, Record("reversal-tried"), Nothing),
        Act(Terminal, Send(Mti::REVERSAL_REQUEST), Nothing),
        Act(Switch, Record("reversal-accepted"), Nothing),
        Act(Switch, Send(Mti::REVERSAL_RESPONSE), Nothing),
        Act(Terminal, Record("reversed"), Nothing),
    ],
};

/// What follows a sale whose answer did not come to the switch: the same without the terminal.
pub(super) const ADVICE: Flow = Flow {
    hops: &[
        Hop(IssuerUp, Mti::REVERSAL_ADVICE),
        Hop(IssuerDown, Mti::REVERSAL_ADVICE_RESPONSE),
        Hop(IssuerDown, Mti::REVERSAL_ADVICE_RESPONSE),
        Hop(ChainUp, Mti::REVERSAL_ADVICE),
        Hop(ChainDown, Mti::REVERSAL_ADVICE_RESPONSE),
    ],
    hops_of_chain: 2,
    acts: &[
        Act(Switch, Record("advice-queued"), Nothing),
        Act(Switch, Record("advice-tried"), Nothing),
        Act(Switch, Send(Mti::REVERSAL_ADVICE), Nothing),
        Act(Issuer, Record("reversed"), Nothing),
        Act(Issuer, Send(Mti::REVERSAL_ADVICE_RESPONSE), Nothing),
        Act(Switch, Record("advice-completed"), Nothing),
        Act(Switch, Record("late-answer-absorbed"), Nothing),
    ],
};

/// What follows when an advice was not answered.
pub(super) const REPEAT: Flow = Flow {
    hops: &[
        Hop(IssuerUp, Mti::REVERSAL_ADVICE_REPEAT),
        Hop(IssuerDown, Mti::REVERSAL_ADVICE_RESPONSE),
        Hop(ChainUp, Mti::REVERSAL_ADVICE_REPEAT),
        Hop(ChainDown, Mti::REVERSAL_ADVICE_RESPONSE),
    ],
    hops_of_chain: 2,
    acts: &[
        Act(Switch, Send(Mti::REVERSAL_ADVICE_REPEAT), Nothing),
        Act(Switch, Record("advice-tried"), Nothing),
        Act(Issuer, Send(Mti::REVERSAL_ADVICE_RESPONSE), Nothing),
        Act(Switch, Record("advice-completed"), Nothing),
    ],
};
