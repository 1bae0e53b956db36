//! Downloads of chip parameters (IC参数) and public keys (公钥): the list, each entry, the end.
//!
//! Read docs/protocol.md 1.4 and 1.6: these messages carry no STAN and no MAC, so an answer is
//! known by its network management code and the entry that it names. The codes, 382/380/381 and
//! 372/370/371, are of two applications that agree [A]; the content of element 62 follows one of
//! them [B], without its paging.

use super::{State, Terminal, Wish, messages, show};
use crate::device::{ChipData, Display};
use crate::iso8583::{Element, Message, Mti, Private60, ResponseCode};
use crate::line::Incoming;
use crate::node::Actions;
use crate::record::TerminalRecord;
use crate::time::Now;

/// How far a download is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Download {
    what: ChipData,
    /// The names of all entries, once the host has told them.
    names: Option<Vec<Box<[u8]>>>,
    /// Those that came.
    entries: Vec<Box<[u8]>>,
}

impl Download {
    fn of(what: ChipData) -> Download {
        Download { what, names: None, entries: Vec::new() }
    }

    /// The entry that is asked for next; none before the list is known and after the last entry.
    fn next(&self) -> Option<&[u8]> {
        self.names.as_ref()?.get(self.entries.len()).map(|name| &name[..])
    }

    /// What is asked now: message type, element 60.3 and element 62.
    fn question(&self) -> (Mti, u16, Option<&[u8]>) {
        let (list, entry, end) = match self.what {
            ChipData::Parameters => (382, 380, 381),
            ChipData::PublicKeys => (372, 370, 371),
        };
        match (&self.names, self.next()) {
            (None, _) => (Mti::NETWORK_ADVICE, list, Some(FROM_THE_FIRST)),
            (Some(_), Some(name)) => (Mti::NETWORK_REQUEST, entry, Some(name)),
            (Some(_), None) => (Mti::NETWORK_REQUEST, end, None),
        }
    }
}

/// Element 62 of the question for the list.
const FROM_THE_FIRST: &[u8] = b"100";
/// First byte of element 62 in an answer: nothing follows.
const ALL_OF_IT: u8 = b'1';

impl Terminal {
    /// Fetches everything anew: a cashier who asks for it has a reason.
    pub(super) fn download(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        self.go_on_downloading(now, wish, Download::of(ChipData::Parameters), actions);
    }

    fn go_on_downloading(
        &mut self,
        now: Now,
        wish: Wish,
        download: Download,
        actions: &mut Actions,
    ) {
        if !self.is_up() {
            return self.connect(now, wish, None, actions);
        }
        let (mti, code, private) = download.question();
        let message = messages::chip_data(&self.config, (mti, self.memory.batch), code, private);
        let Some(frame) = self.seal(&message, actions) else {
            return self.end(now, wish.ticket, Display::DownloadFailed, actions);
        };
        self.send(now, frame, actions);
        if download.names.is_none() {
            show(actions, Display::Downloading);
        }
        self.state = State::Downloading { wish, download };
    }

    /// Whether this answers what the download asks now.
    pub(super) fn hears_of_download(&self, download: &Download, incoming: &Incoming) -> bool {
        let message = &incoming.message;
        let (mti, code, name) = download.question();
        let told = Private60::of(message).and_then(|private| private.network_code);
        let is_named = match (download.next(), name) {
            (Some(name), _) => content(message).is_none_or(|entry| entry.starts_with(name)),
            (None, _) => true,
        };
        message.mti() == mti.response()
            && told == Some(code)
            && is_named
            && messages::is_for(&self.config, message)
    }

    pub(super) fn download_answered(
        &mut self,
        now: Now,
        mut wish: Wish,
        mut download: Download,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        wish.attempts = 0;
        let message = &incoming.message;
        let is_given = messages::response_code(message) == Some(ResponseCode::APPROVED);
        let is_at_the_end = download.names.is_some() && download.next().is_none();
        match (is_given, content(message)) {
            (true, Some(list)) if download.names.is_none() => match names(download.what, list) {
                Some(names) => {
                    download.names = Some(names);
                    self.go_on_downloading(now, wish, download, actions);
                }
                None => self.end(now, wish.ticket, Display::DownloadFailed, actions),
            },
            (true, Some(entry)) if !is_at_the_end => {
                download.entries.push(entry.into());
                self.go_on_downloading(now, wish, download, actions);
            }
            (true, _) if is_at_the_end => {
                let Download { what, entries, .. } = download;
                let entries = entries.into();
                self.record(TerminalRecord::ChipDataLoaded { what, entries }, actions);
                match what {
                    ChipData::Parameters => {
                        let keys = Download::of(ChipData::PublicKeys);
                        self.go_on_downloading(now, wish, keys, actions);
                    }
                    ChipData::PublicKeys => {
                        self.end(now, wish.ticket, Display::Downloaded, actions);
                    }
                }
            }
            _ => self.end(now, wish.ticket, Display::DownloadFailed, actions),
        }
    }
}

/// Element 62 of an answer without its status; none if there is nothing, or more than this page.
fn content(message: &Message) -> Option<&[u8]> {
    match message.get(Element::PRIVATE_62)? {
        [ALL_OF_IT, content @ ..] if !content.is_empty() => Some(content),
        _ => None,
    }
}

/// The names in a list: 9F06 and an identifier each, of a public key 9F22 and its index too.
fn names(what: ChipData, list: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let mut names = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let [0x9F, 0x06, length, ..] = *rest else { return None };
        let index = if what == ChipData::PublicKeys { 4 } else { 0 };
        let (name, tail) = rest.split_at_checked(3 + usize::from(length) + index)?;
        let has_index = matches!(name, [.., 0x9F, 0x22, 1, _]);
        if what == ChipData::PublicKeys && !has_index {
            return None;
        }
        names.push(name.into());
        rest = tail;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_applications_by_identifier_and_keys_by_identifier_and_index() {
        let applications = [0x9F, 0x06, 2, 0xA0, 1, 0x9F, 0x06, 1, 0xA1];
        let found = names(ChipData::Parameters, &applications).unwrap();
        assert_eq!(found, [applications[..5].into(), applications[5..].into()] as [Box<[u8]>; 2]);
        assert_eq!(names(ChipData::PublicKeys, &applications), None);
        let keys = [0x9F, 0x06, 1, 0xA0, 0x9F, 0x22, 1, 8];
        assert_eq!(names(ChipData::PublicKeys, &keys).unwrap().len(), 1);
        for length in 1..keys.len() {
            assert_eq!(names(ChipData::PublicKeys, &keys[..length]), None);
        }
    }
}
