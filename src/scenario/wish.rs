//! What people can ask for in a step. Whether anybody does it is the world's affair.

use crate::party::Party;
use serde::{Deserialize, Serialize};

/// What a person can ask for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Wish {
    /// At a terminal: fetch work keys (签到).
    SignOn,
    /// At a terminal: sell (消费).
    Sale {
        /// Price, minor units.
        amount: u64,
        /// Card number in [`Topology::cards`](super::Topology::cards), from 1.
        card: u8,
    },
    /// At a terminal: sell to a customer who shows a payment code on the telephone (扫码消费).
    QrSale {
        /// Price, minor units.
        amount: u64,
        /// The card whose account the wallet pays from: its number, as for a sale.
        card: u8,
    },
    /// At a terminal: hold money for later (预授权).
    PreAuth {
        /// How much, minor units.
        amount: u64,
        /// Card number in [`Topology::cards`](super::Topology::cards), from 1.
        card: u8,
    },
    /// At a terminal: take what a pre-authorisation holds, or a part of it (预授权完成).
    Completion {
        /// The step that held it.
        of: u32,
        /// How much, minor units; none for all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<u64>,
        /// Whether it is told as something done (0220, 预授权完成通知) rather than asked for (0200):
        /// no PIN, and told again instead of taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        told: bool,
    },
    /// At a terminal: undo a sale, a pre-authorisation or a completion (撤销).
    Void {
        /// The step that is undone.
        of: u32,
        /// The card in the reader; none for the one of that step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<u8>,
        /// What the supervisor types; none for the right password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<String>,
    },
    /// At a terminal: give money of a sale back, on whatever day and at whatever terminal (退货).
    Refund {
        /// The step that sold.
        of: u32,
        /// How much, minor units; none for all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<u64>,
        /// What the supervisor types; none for the right password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<String>,
    },
    /// At a terminal: book a sale that was authorised by telephone (离线结算).
    OfflineSale {
        /// Price, minor units.
        amount: u64,
        /// Card number in [`Topology::cards`](super::Topology::cards), from 1.
        card: u8,
    },
    /// At a terminal: add a tip (追加小费) to a sale of the open batch.
    Tip {
        /// The step that sold.
        of: u32,
        /// How much, minor units.
        amount: u64,
    },
    /// At a terminal: ask for the balance (余额查询).
    Inquiry {
        /// Card number in [`Topology::cards`](super::Topology::cards), from 1.
        card: u8,
    },
    /// At a terminal: settle the batch (结算).
    Settle,
    /// At a terminal: print a slip again (重打印).
    Reprint {
        /// The step whose slip; none for the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u32>,
    },
    /// At a terminal: fetch chip parameters and public keys (IC参数下载, 公钥下载).
    Download,
    /// At a terminal: give the work keys up (签退). The next wish that needs the host signs on.
    SignOff,
    /// At a terminal: test the line (回响测试).
    Echo,
    /// At a switch: begin the next business date (日切).
    CutOver {
        /// How long requests are refused with code 90, milliseconds.
        window_ms: u64,
    },
    /// At a switch or issuer: a maintenance window.
    Maintenance {
        /// How long, milliseconds.
        for_ms: u64,
    },
    /// At a switch: close the route to a peer for whatever begins from now on, or open it again.
    Route {
        /// The issuer or switch at its other end.
        to: Party,
        /// Whether it is open from now on.
        open: bool,
    },
    /// At a switch: withdraw the work keys of a terminal.
    WithdrawKeys {
        /// Which terminal.
        terminal: Party,
    },
    /// At switch-1, the merchant's acquirer: ask to be paid for a sale (请款).
    Claim {
        /// The step that sold.
        of: u32,
        /// How much the merchant writes down, minor units; none for the price.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<u64>,
        /// Whether the merchant only has a slip written by hand: no voucher number.
        #[serde(default, skip_serializing_if = "is_false")]
        by_hand: bool,
    },
    /// At switch-1: ask what became of a sale.
    LookUp {
        /// The step that sold.
        of: u32,
        /// Whether the merchant only has a slip written by hand: no voucher number.
        #[serde(default, skip_serializing_if = "is_false")]
        by_hand: bool,
    },
    /// At an issuer: the cardholder of a sale asks for the slips of what was paid with the card, if
    /// it was as much (调单).
    Retrieve {
        /// The step that sold.
        of: u32,
    },
}

impl Wish {
    /// The step that this wish is about, if it is about one.
    pub fn original(&self) -> Option<u32> {
        match self {
            Wish::Completion { of, .. }
            | Wish::Void { of, .. }
            | Wish::Refund { of, .. }
            | Wish::Tip { of, .. } => Some(*of),
            Wish::Claim { of, .. } | Wish::LookUp { of, .. } | Wish::Retrieve { of } => Some(*of),
            Wish::Reprint { of } => *of,
            _ => None,
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
