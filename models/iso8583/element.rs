//! The numbers of data elements, under the field's names. Their layout belongs to a dialect.

use std::fmt;

/// A data element number, 2 to 128. Element 1 is the second bitmap and has no value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(pub u8);

impl Element {
    /// Element 2: primary account number, never shown unmasked.
    pub const PAN: Element = Element(2);
    /// Element 3: what is asked, with account types.
    pub const PROCESSING_CODE: Element = Element(3);
    /// Element 4: amount in minor units.
    pub const AMOUNT: Element = Element(4);
    /// Element 7: transmission date and time, MMDDhhmmss.
    pub const TRANSMISSION_TIME: Element = Element(7);
    /// Element 11: system trace audit number.
    pub const STAN: Element = Element(11);
    /// Element 12: local time, hhmmss.
    pub const LOCAL_TIME: Element = Element(12);
    /// Element 13: local date, MMDD.
    pub const LOCAL_DATE: Element = Element(13);
    /// Element 14: card expiry, YYMM.
    pub const EXPIRY: Element = Element(14);
    /// Element 15: settlement date, MMDD.
    pub const SETTLEMENT_DATE: Element = Element(15);
    /// Element 18: merchant category code.
    pub const MERCHANT_TYPE: Element = Element(18);
    /// Element 22: how the card was read and whether a PIN came.
    pub const ENTRY_MODE: Element = Element(22);
    /// Element 23: card sequence number, chip only.
    pub const CARD_SEQUENCE: Element = Element(23);
    /// Element 25: point of service condition.
    pub const CONDITION_CODE: Element = Element(25);
    /// Element 26: longest PIN the terminal takes.
    pub const PIN_CAPTURE: Element = Element(26);
    /// Element 28: transaction fee, sign and eight digits.
    pub const FEE: Element = Element(28);
    /// Element 32: acquiring institution.
    pub const ACQUIRER: Element = Element(32);
    /// Element 33: forwarding institution.
    pub const FORWARDER: Element = Element(33);
    /// Element 35: track 2, separator `D`.
    pub const TRACK_2: Element = Element(35);
    /// Element 36: track 3, separator `D`.
    pub const TRACK_3: Element = Element(36);
    /// Element 37: retrieval reference number.
    pub const RRN: Element = Element(37);
    /// Element 38: authorization code.
    pub const AUTHORIZATION_CODE: Element = Element(38);
    /// Element 39: response code; in a POS 0400 the reversal reason.
    pub const RESPONSE_CODE: Element = Element(39);
    /// Element 41: terminal.
    pub const TERMINAL: Element = Element(41);
    /// Element 42: merchant.
    pub const MERCHANT: Element = Element(42);
    /// Element 43: merchant name and place, GBK.
    pub const MERCHANT_NAME: Element = Element(43);
    /// Element 44: additional response data.
    pub const ADDITIONAL_RESPONSE: Element = Element(44);
    /// Element 48: totals and batch details (POS), tagged data (network).
    pub const PRIVATE_48: Element = Element(48);
    /// Element 49: transaction currency.
    pub const CURRENCY: Element = Element(49);
    /// Element 52: encrypted PIN block.
    pub const PIN_BLOCK: Element = Element(52);
    /// Element 53: security control information.
    pub const SECURITY_CONTROL: Element = Element(53);
    /// Element 54: balances.
    pub const ADDITIONAL_AMOUNTS: Element = Element(54);
    /// Element 55: chip data, BER-TLV.
    pub const ICC: Element = Element(55);
    /// On network lines: until when a pre-authorisation holds, with the offset of its zone.
    pub const VALIDITY: Element = Element(57);
    /// Element 59: private, tagged text.
    pub const PRIVATE_59: Element = Element(59);
    /// Element 60: type, batch and network code (POS); reason (network).
    pub const PRIVATE_60: Element = Element(60);
    /// Element 61: original batch and trace (POS); identification (network).
    pub const PRIVATE_61: Element = Element(61);
    /// Element 62: keys, parameters, device serial.
    pub const PRIVATE_62: Element = Element(62);
    /// Element 63: operator, card organisation, remarks.
    pub const PRIVATE_63: Element = Element(63);
    /// Element 64: message authentication code of a message without a second bitmap.
    pub const MAC_64: Element = Element(64);
    /// Element 70: network management code.
    pub const NETWORK_CODE: Element = Element(70);
    /// Element 90: original data elements.
    pub const ORIGINAL_DATA: Element = Element(90);
    /// Element 96: message security code: a key under transport.
    pub const MESSAGE_SECURITY: Element = Element(96);
    /// Element 100: receiving institution.
    pub const RECEIVER: Element = Element(100);
    /// Element 121: private.
    pub const PRIVATE_121: Element = Element(121);
    /// Element 128: message authentication code of a message with a second bitmap.
    pub const MAC_128: Element = Element(128);
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
