//! The kinds of action a fault can name, and the phrases that name them in a case.
//!
//! Not the actions themselves: those are [`reversim_models::node::Action`].

use reversim_models::device::Device;
use reversim_models::iso8583::Mti;
use serde::{Deserialize, Serialize};

/// The kind of an action: `record started`, `send 0200`, `tell printer`, `connect`, `disconnect`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ActionName {
    /// A record of this name ([`reversim_models::record::Record::NAMES`]).
    Record(&'static str),
    /// A frame with this MTI.
    Send(Mti),
    /// Something put out on a device.
    Tell(Device),
    /// A connection asked for.
    Connect,
    /// A connection closed.
    Disconnect,
}

impl Serialize for ActionName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&String::from(*self))
    }
}

impl<'de> Deserialize<'de> for ActionName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<ActionName, D::Error> {
        ActionName::try_from(String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// A phrase that does not name an action.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{0}` is not an action: write `record NAME`, `send MTI`, `tell screen`, `tell printer`, \
     `tell pin-pad`, `tell card-reader`, `tell log`, `tell text-message`, `tell desk`, `connect` \
     or `disconnect`"
)]
pub struct ParseActionError(String);

const DEVICES: [(Device, &str); 7] = [
    (Device::Screen, "screen"),
    (Device::Printer, "printer"),
    (Device::PinPad, "pin-pad"),
    (Device::CardReader, "card-reader"),
    (Device::Log, "log"),
    (Device::TextMessage, "text-message"),
    (Device::Desk, "desk"),
];

impl TryFrom<String> for ActionName {
    type Error = ParseActionError;

    fn try_from(phrase: String) -> Result<ActionName, ParseActionError> {
        use reversim_models::record::Record;
        let named = match phrase.split_once(' ') {
            Some(("record", name)) => {
                Record::NAMES.iter().find(|n| **n == name).map(|n| ActionName::Record(n))
            }
            Some(("send", mti)) => Mti::parse(mti).map(ActionName::Send),
            Some(("tell", device)) => {
                let named = DEVICES.iter().find(|(_, name)| *name == device);
                named.map(|(device, _)| ActionName::Tell(*device))
            }
            None if phrase == "connect" => Some(ActionName::Connect),
            None if phrase == "disconnect" => Some(ActionName::Disconnect),
            _ => None,
        };
        named.ok_or(ParseActionError(phrase))
    }
}

impl From<ActionName> for String {
    fn from(name: ActionName) -> String {
        match name {
            ActionName::Record(name) => format!("record {name}"),
            ActionName::Send(mti) => format!("send {mti}"),
            ActionName::Tell(device) => {
                let named = DEVICES.iter().find(|(known, _)| *known == device);
                format!("tell {}", named.map_or("device", |(_, name)| name))
            }
            ActionName::Connect => "connect".to_owned(),
            ActionName::Disconnect => "disconnect".to_owned(),
        }
    }
}
