//! A history as a packet capture (pcapng), for Wireshark. Writes no file.
//!
//! There is no network in a simulated world, so addresses and ports are made up: everybody has one
//! address as what it sends, 10.1.*role*.*number*, and one as what it receives from,
//! 10.2.*role*.*number*. What was sent is on the interface `sent`, what arrived on the interface
//! `arrived`; so a message that was lost, altered or doubled is seen on one and not the other, and
//! each connection is whole in itself. Roles are 1 terminal, 2 switch, 3 issuer, 4 clearing house;
//! the one behind listens on port 8583. Times are those of a clock that shows UTC. The bytes are
//! those of the line: card numbers are in clear.

use super::entry::lateness;
use super::words::describe_mti;
use crate::history::{Entry, Frame, HEALING, History, What};
use crate::party::{Party, Role};
use etherparse::PacketBuilder;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, PcapError};
use reversim_models::node::Link;
use reversim_models::time::Instant;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The port of whoever is asked. ISO 8583 has none of its own.
const PORT: u16 = 8_583;

/// The first port of whoever asks.
const CALLERS: u16 = 40_000;

/// Digits behind the second: the writer counts in nanoseconds, whatever it is told.
const RESOLUTION: u8 = 9;

/// What one packet may carry behind its headers.
const PAYLOAD_MAX: usize = 65_000;

/// Later than this after it was sent, an arrival is said to be late.
const LATE_US: u64 = 1_000_000;

/// Why a capture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The time of an entry is before 1970, where captures begin.
    #[error("a capture cannot tell of a time before 1970")]
    TooEarly,
    /// A packet cannot be written.
    #[error("a packet cannot be written: {0}")]
    Packet(String),
}

impl From<PcapError> for CaptureError {
    fn from(error: PcapError) -> CaptureError {
        CaptureError::Packet(error.to_string())
    }
}

/// Where a packet is seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Sent,
    Arrived,
}

/// The whole history as the bytes of a capture.
pub fn capture(history: &History) -> Result<Vec<u8>, CaptureError> {
    let mut writer = PcapNgWriter::new(Vec::new())?;
    for (name, about) in [("sent", "what was sent"), ("arrived", "what arrived")] {
        writer.write_pcapng_block(InterfaceDescriptionBlock {
            linktype: DataLink::IPV4,
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(name.into()),
                InterfaceDescriptionOption::IfDescription(about.into()),
                InterfaceDescriptionOption::IfTsResol(RESOLUTION),
            ],
        })?;
    }
    let delivered = delivered(history);
    let mut wires = Wires::new(history);
    for (index, entry) in history.entries.iter().enumerate() {
        let (side, ends, link, bytes, frame) = match &entry.what {
            What::Sent { link, to, frame } => {
                (Side::Sent, (entry.party, *to), (entry.party, *link), frame.bytes(), frame)
            }
            What::Delivered { link, from, frame, part, .. } => {
                let bytes = match part {
                    Some((start, end)) => frame.bytes().get(*start as usize..*end as usize),
                    None => Some(frame.bytes()),
                };
                let link = (entry.party, *link);
                (Side::Arrived, (*from, entry.party), link, bytes.unwrap_or_default(), frame)
            }
            _ => continue,
        };
        let comment = comment(history, delivered.contains(&index), entry, frame);
        let timestamp = timestamp(history, entry.at)?;
        for piece in bytes.chunks(PAYLOAD_MAX) {
            let data = wires.packet(side, ends, link, piece)?;
            writer.write_pcapng_block(EnhancedPacketBlock {
                interface_id: side as u32,
                timestamp,
                original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
                data: Cow::Owned(data),
                options: vec![EnhancedPacketOption::Comment(comment.clone().into())],
            })?;
        }
    }
    Ok(writer.into_inner())
}

fn timestamp(history: &History, at: Instant) -> Result<Duration, CaptureError> {
    let since = i64::try_from(at.0).map_err(|_| CaptureError::TooEarly)?;
    let micros = history.setting.start.0.saturating_add(since);
    u64::try_from(micros).map(Duration::from_micros).map_err(|_| CaptureError::TooEarly)
}

/// What Wireshark cannot know: what it is, what it is about, and what became of it on its way.
fn comment(history: &History, is_delivered: bool, entry: &Entry, frame: &Frame) -> String {
    let mut words = vec![match frame.mti() {
        Some(mti) => format!("{mti} {}", describe_mti(mti)),
        None => "no message".to_owned(),
    }];
    if (1..=HEALING).contains(&entry.ticket.0) {
        words.push(format!("step {}", entry.ticket.0));
    }
    words.extend(fate(history, is_delivered, entry));
    words.join(", ")
}

/// The sent entries that arrived, whole or in part.
pub(super) fn delivered(history: &History) -> BTreeSet<usize> {
    let arrived = |entry: &Entry| match entry.what {
        What::Delivered { sent, .. } => Some(sent),
        _ => None,
    };
    history.entries.iter().filter_map(arrived).collect()
}

/// What became of a message on its way, as far as it is out of the ordinary.
pub(super) fn fate(history: &History, is_delivered: bool, entry: &Entry) -> Vec<String> {
    let mut words = Vec::new();
    match &entry.what {
        What::Sent { .. } if !is_delivered => words.push("never arrives".into()),
        What::Delivered { sent, is_altered, copy, part, .. } => {
            let late = history.entries.get(*sent).map_or(0, |sent| entry.at.since(sent.at).0);
            if late >= LATE_US {
                words.push(lateness(late));
            }
            if *is_altered {
                words.push("altered".to_owned());
            }
            if *copy > 0 {
                words.push(format!("copy {}", copy + 1));
            }
            if let Some((start, end)) = part {
                words.push(format!("bytes {start}..{end}"));
            }
        }
        _ => {}
    }
    words
}

/// One end of a connection, as its party knows it.
type End = (Party, Link);

/// The made-up connections, and how far each has come.
struct Wires {
    /// The other name of an end: connections are numbered by either party on its own.
    other: BTreeMap<End, End>,
    /// The caller's port, by the end of whoever asks.
    ports: BTreeMap<End, u16>,
    /// Bytes so far, by place, sender and port.
    sequence: BTreeMap<(Side, Party, u16), u32>,
}

impl Wires {
    fn new(history: &History) -> Wires {
        let mut other = BTreeMap::new();
        for entry in &history.entries {
            let What::Delivered { link, sent, .. } = &entry.what else { continue };
            let Some(sent) = history.entries.get(*sent) else { continue };
            if let What::Sent { link: theirs, .. } = &sent.what {
                other.insert((entry.party, *link), (sent.party, *theirs));
                other.insert((sent.party, *theirs), (entry.party, *link));
            }
        }
        Wires { other, ports: BTreeMap::new(), sequence: BTreeMap::new() }
    }

    fn packet(
        &mut self,
        side: Side,
        (from, to): (Party, Party),
        end: End,
        payload: &[u8],
    ) -> Result<Vec<u8>, CaptureError> {
        // Both ends have one name, and it is the caller's, if anything ever came through.
        let caller = from.min(to);
        let end = match self.other.get(&end) {
            Some(other) if end.0 != caller => *other,
            _ => end,
        };
        let next = CALLERS.wrapping_add(self.ports.len() as u16);
        let port = *self.ports.entry(end).or_insert(next);
        let (source, target) = if from == caller { (port, PORT) } else { (PORT, port) };
        let heard = *self.sequence.get(&(side, to, port)).unwrap_or(&1);
        let said = self.sequence.entry((side, from, port)).or_insert(1);
        let builder = PacketBuilder::ipv4(address(side, from), address(side, to), 64)
            .tcp(source, target, *said, u16::MAX)
            .ack(heard)
            .psh();
        *said = said.wrapping_add(u32::try_from(payload.len()).unwrap_or(0));
        let mut data = Vec::with_capacity(builder.size(payload.len()));
        let written = builder.write(&mut data, payload);
        written.map_err(|error| CaptureError::Packet(error.to_string()))?;
        Ok(data)
    }
}

fn address(side: Side, party: Party) -> [u8; 4] {
    let role = match party.role {
        Role::Terminal => 1,
        Role::Switch => 2,
        Role::Issuer => 3,
        Role::Clearing => 4,
    };
    [10, side as u8 + 1, role, party.number]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, OnMessage};
    use crate::scenario::Scenario;
    use crate::search::explore::flow;
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use pcap_file::pcapng::{Block, PcapNgReader};
    use reversim_models::iso8583::Mti;

    const ANSWER: OnMessage = OnMessage {
        from: Party::switch(1),
        to: Party::terminal(1),
        mti: Mti::FINANCIAL_RESPONSE,
        step: 2,
        nth: 1,
    };

    /// One packet as a reader sees it.
    struct Packet {
        side: u32,
        at: Duration,
        source: [u8; 4],
        sequence: u32,
        payload: Vec<u8>,
        comment: String,
    }

    fn packets(scenario: &Scenario) -> (History, Vec<Packet>) {
        let history = crate::run::run(scenario).history;
        let bytes = capture(&history).expect("a capture");
        let mut reader = PcapNgReader::new(&bytes[..]).expect("a header");
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            let Block::EnhancedPacket(packet) = block.expect("a whole block") else { continue };
            let sliced = SlicedPacket::from_ip(&packet.data).expect("an IP packet");
            let Some(NetSlice::Ipv4(ip)) = &sliced.net else { panic!("not IPv4") };
            let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { panic!("not TCP") };
            let [EnhancedPacketOption::Comment(comment)] = &packet.options[..] else {
                panic!("{:?}", packet.options)
            };
            packets.push(Packet {
                side: packet.interface_id,
                at: packet.timestamp,
                source: ip.header().source(),
                sequence: tcp.sequence_number(),
                payload: tcp.payload().to_vec(),
                comment: comment.to_string(),
            });
        }
        (history, packets)
    }

    #[test]
    fn a_reader_finds_every_message_where_it_was_sent_and_where_it_arrived() {
        let scenario = flow("sale").expect("a flow");
        let (history, packets) = packets(&scenario);
        for (side, is_there) in [
            (0, (|what| matches!(what, What::Sent { .. })) as fn(&What) -> bool),
            (1, |what| matches!(what, What::Delivered { .. })),
        ] {
            let told = history.entries.iter().filter(|entry| is_there(&entry.what)).count();
            let seen = packets.iter().filter(|packet| packet.side == side).count();
            assert!(told > 10 && seen == told, "{seen} of {told}");
        }
        // Without a fault both places see the same bytes of each sender, without a gap.
        let stream = |side: u32, source: u8| -> Vec<u8> {
            let of = |p: &&Packet| p.side == side && p.source[2..] == [source, 1];
            let mut next = BTreeMap::new();
            let mut all = Vec::new();
            for packet in packets.iter().filter(of) {
                let expected = next.entry(packet.source).or_insert(1);
                assert_eq!(packet.sequence, *expected);
                *expected += packet.payload.len() as u32;
                all.extend_from_slice(&packet.payload);
            }
            all
        };
        assert!(!stream(0, 1).is_empty());
        assert_eq!(stream(0, 1), stream(1, 1));
        let first = packets.first().expect("a packet").at;
        let start = u64::try_from(history.setting.start.0).expect("after 1970");
        assert!(first >= Duration::from_micros(start) && first.as_secs() < start / 1_000_000 + 60);
    }

    #[test]
    fn what_is_lost_is_sent_and_never_arrives() {
        let mut scenario = flow("sale").expect("a flow");
        scenario.faults = vec![Fault::Drop(ANSWER)];
        let (_, packets) = packets(&scenario);
        let comments = |side: u32| {
            let of = move |packet: &&Packet| packet.side == side;
            packets.iter().filter(of).map(|packet| packet.comment.as_str())
        };
        let lost: Vec<&str> = comments(0).filter(|text| text.contains("never arrives")).collect();
        assert_eq!(lost, ["0210 financial response, step 2, never arrives"]);
        let is_answer = |p: &Packet| {
            p.source[2..] == [2, 1] && p.comment.starts_with("0210") && p.comment.contains("step 2")
        };
        assert!(!packets.iter().any(|packet| packet.side == 1 && is_answer(packet)));
    }
}
