//! Chip parameters and public keys for terminals: the lists, the entries, the end. Keeps no state:
//! a terminal that asks again gets the same again.
//!
//! Read docs/protocol.md 1.4 to 1.6. The identifiers are those of the domestic scheme; the keys are
//! test keys of the right form, made from the switch's own seed, and no scheme's.

use super::{Caller, Switch};
use crate::iso8583::{Element, Message, Private60, ResponseCode};
use crate::node::Actions;
use crate::time::Now;

/// Debit and credit.
const APPLICATIONS: [[u8; 8]; 2] = [[0xA0, 0, 0, 3, 0x33, 1, 1, 1], [0xA0, 0, 0, 3, 0x33, 1, 1, 2]];
/// The scheme.
const SCHEME: [u8; 5] = [0xA0, 0, 0, 3, 0x33];
/// Indices of its keys.
const KEYS: [u8; 2] = [0x08, 0x0B];
/// First byte of element 62: this is all, or there is nothing.
const ALL: u8 = b'1';
const NOTHING: u8 = b'0';

impl Switch {
    /// Answers a download; false if the message is none.
    pub(super) fn serve_chip_data(
        &self,
        now: Now,
        caller: Caller,
        message: &Message,
        actions: &mut Actions,
    ) -> bool {
        let code = Private60::of(message).and_then(|private| private.network_code);
        let content = match code {
            Some(382) => Some(APPLICATIONS.iter().flat_map(|of| application(of)).collect()),
            Some(372) => Some(KEYS.iter().flat_map(|index| key_name(*index)).collect()),
            Some(380) => Some(self.parameters(message)),
            Some(370) => Some(self.public_key(message)),
            Some(381 | 371) => None,
            _ => return false,
        };
        let full = self.service_answer(now, message, ResponseCode::APPROVED);
        let mut answer = Message::new(full.mti());
        answer.copy_from(
            &full,
            &[Element::RESPONSE_CODE, Element::TERMINAL, Element::MERCHANT, Element::PRIVATE_60],
        );
        if let Some(content) = content {
            let content: Vec<u8> = content;
            let status = if content.is_empty() { NOTHING } else { ALL };
            answer.set(Element::PRIVATE_62, [&[status], &content[..]].concat());
        }
        self.answer(caller, &answer, actions);
        true
    }

    /// The parameters of the application that is named; nothing for one that we do not have.
    fn parameters(&self, message: &Message) -> Vec<u8> {
        let named = message.get(Element::PRIVATE_62).unwrap_or_default();
        let names = APPLICATIONS.iter().map(|of| application(of));
        let Some(name) = names.into_iter().find(|name| *name == named) else { return Vec::new() };
        // Partial names match; version 0030; actions deny, online, default; floor limit nothing.
        let rest: [&[u8]; 6] = [
            &[0xDF, 0x01, 1, 0],
            &[0x9F, 0x08, 2, 0x00, 0x30],
            &[0xDF, 0x11, 5, 0xD8, 0x40, 0x00, 0xA8, 0x00],
            &[0xDF, 0x12, 5, 0xD8, 0x40, 0x04, 0xF8, 0x00],
            &[0xDF, 0x13, 5, 0x00, 0x10, 0x00, 0x00, 0x00],
            &[0x9F, 0x1B, 4, 0, 0, 0, 0],
        ];
        [name, rest.concat()].concat()
    }

    /// The public key that is named; nothing for one that we do not have.
    fn public_key(&self, message: &Message) -> Vec<u8> {
        let named = message.get(Element::PRIVATE_62).unwrap_or_default();
        let Some(index) = KEYS.into_iter().find(|index| key_name(*index) == named) else {
            return Vec::new();
        };
        let modulus = (0..16_u8).flat_map(|block| {
            self.config.key_seed.encrypt_block([index, block, 0xCA, 0x9B, 0, 0, 0, 0])
        });
        let mut key = key_name(index);
        key.extend_from_slice(&[0xDF, 0x06, 1, 1, 0xDF, 0x07, 1, 1, 0xDF, 0x02, 0x81, 128]);
        key.extend(modulus);
        key.extend_from_slice(&[0xDF, 0x04, 1, 3]);
        key
    }
}

fn application(identifier: &[u8]) -> Vec<u8> {
    [&[0x9F, 0x06, identifier.len() as u8], identifier].concat()
}

fn key_name(index: u8) -> Vec<u8> {
    [application(&SCHEME), vec![0x9F, 0x22, 1, index]].concat()
}
