//! A ladder drawn from a history made by hand.

use super::*;
use crate::fault::OnMessage;
use crate::history::{Frame, HEALING, Horizon, What};
use crate::party::Party;
use insta::assert_snapshot;
use reversim_models::card::{Amount, Card, Pan};
use reversim_models::device::{Device, Display, Output, Slip, Text};
use reversim_models::iso8583::{Dialect, Element, Envelope, Message, Mti, NETWORK, POS};
use reversim_models::node::{Command, Link, LinkDownReason, Ticket};
use reversim_models::record::{Kind, Reason, TerminalRecord};
use reversim_models::time::Instant;

const TERMINAL: Party = Party::terminal(1);
const SWITCH: Party = Party::switch(1);
const ISSUER: Party = Party::issuer(1);

/// Milliseconds and what happened then.
struct Story {
    history: History,
    ms: u64,
    ticket: u32,
}

impl Story {
    fn new() -> Story {
        Story { history: History::default(), ms: 0, ticket: 1 }
    }

    fn at(&mut self, ms: u64) -> &mut Story {
        self.ms = ms;
        self
    }

    fn about(&mut self, ticket: u32) -> &mut Story {
        self.ticket = ticket;
        self
    }

    fn then(&mut self, party: Party, what: What) -> usize {
        self.history.push(Instant(self.ms * 1_000), party, Ticket(self.ticket), what)
    }

    fn record(&mut self, party: Party, record: TerminalRecord) -> usize {
        self.then(party, What::Recorded(record.into()))
    }

    fn screen(&mut self, display: Display) {
        let output = Output::Display(display);
        self.then(TERMINAL, What::Told { device: Device::Screen, output });
    }

    fn send(&mut self, from: Party, to: Party, frame: &Frame) -> usize {
        self.then(from, What::Sent { link: Link(1), to, frame: frame.clone() })
    }

    fn arrive(&mut self, sent: usize, copy: u32) -> usize {
        let entry = &self.history.entries[sent];
        let What::Sent { to, frame, .. } = &entry.what else { panic!("{sent} was not sent") };
        let (from, to, frame) = (entry.party, *to, frame.clone());
        let what = What::Delivered {
            link: Link(1),
            from,
            sent,
            frame,
            is_altered: false,
            copy,
            part: None,
        };
        self.then(to, what)
    }

    /// Sent now and there 20 ms later.
    fn pass(&mut self, from: Party, to: Party, frame: &Frame) {
        let sent = self.send(from, to, frame);
        self.at(self.ms + 20);
        self.arrive(sent, 0);
    }
}

fn frame(dialect: &'static Dialect, message: &Message) -> Frame {
    let mut body = Vec::new();
    dialect.encode(message, &mut body).expect("the message fits the dialect");
    Frame::new(dialect.framing.wrap(Envelope::default(), &body), dialect)
}

fn message(mti: Mti, stan: u32) -> Message {
    let mut message = Message::new(mti).with(Element::PROCESSING_CODE, "000000");
    message.set_number(Element::STAN, u64::from(stan), 6);
    message.set_number(Element::AMOUNT, 50_000, 12);
    message
}

fn answer(mti: Mti, stan: u32) -> Message {
    message(mti, stan).with(Element::RESPONSE_CODE, "00")
}

fn sale() -> Command {
    let pan = Pan::new(b"6224210000000018").expect("sixteen digits");
    Command::Sale {
        ticket: Ticket(1),
        amount: Amount::cny(50_000),
        card: Card { pan, expiry: 3012, has_chip: false },
    }
}

fn started() -> TerminalRecord {
    let pan = Pan::new(b"6224210000000018").expect("sixteen digits");
    TerminalRecord::Started {
        ticket: Ticket(1),
        stan: 1,
        batch: 1,
        kind: Kind::Sale,
        original: None,
        amount: Amount::cny(50_000),
        card: Card { pan, expiry: 3012, has_chip: false },
        date: 530,
    }
}

/// The answer is lost; the reversal goes when the world has healed.
fn lost_answer() -> History {
    let mut story = Story::new();
    story.at(1_000).then(TERMINAL, What::Asked(sale()));
    story.screen(Display::Processing);
    story.record(TERMINAL, started());
    story.pass(TERMINAL, SWITCH, &frame(&POS, &message(Mti::FINANCIAL_REQUEST, 1)));
    story.pass(SWITCH, ISSUER, &frame(&NETWORK, &message(Mti::FINANCIAL_REQUEST, 77)));
    let text = Text {
        pan: Pan::new(b"6224210000000018").expect("sixteen digits"),
        amount: Amount::cny(50_000),
        is_credit: false,
    };
    story.then(ISSUER, What::Told { device: Device::TextMessage, output: Output::Text(text) });
    story.pass(ISSUER, SWITCH, &frame(&NETWORK, &answer(Mti::FINANCIAL_RESPONSE, 77)));
    let sent = story.send(SWITCH, TERMINAL, &frame(&POS, &answer(Mti::FINANCIAL_RESPONSE, 1)));
    story.then(SWITCH, What::FaultFired(0));
    story.then(TERMINAL, What::Lost { sent, to: TERMINAL });
    let due = TerminalRecord::ReversalDue { ticket: Ticket(1), stan: 1, reason: Reason::NoAnswer };
    story.at(31_000).record(TERMINAL, due);
    story.screen(Display::InDoubt);
    story.about(0).then(TERMINAL, What::Healed);
    story.about(HEALING + 1).at(60_000);
    story.then(TERMINAL, What::Asked(Command::Settle { ticket: Ticket(HEALING + 1) }));
    story.about(1);
    story.pass(TERMINAL, SWITCH, &frame(&POS, &message(Mti::REVERSAL_REQUEST, 1)));
    story.pass(SWITCH, TERMINAL, &frame(&POS, &answer(Mti::REVERSAL_RESPONSE, 1)));
    story.screen(Display::ReversalSucceeded);
    story.about(0).then(TERMINAL, What::Horizon(Horizon::Online));
    story.history
}

fn drop_fault() -> Fault {
    Fault::Drop(OnMessage {
        from: SWITCH,
        to: TERMINAL,
        mti: Mti::FINANCIAL_RESPONSE,
        step: 1,
        nth: 1,
    })
}

#[test]
fn a_lost_answer_and_its_reversal_read_from_top_to_bottom() {
    let history = lost_answer();
    let ladder = Ladder::new(&history).faults(&[drop_fault()]).witnesses(&[13]).width(90);
    assert_snapshot!(ladder, @r"
           time terminal-1                switch-1                  issuer-1
                │                         │                         │
          1.000 ├ step 1: sale 500.00,    │                         │
                │   card *0018            │                         │
                │ * started 000001 500.00 │                         │
                │─ 0200 500.00 000001 ───►│                         │
          1.020 │                         │─ 0200 500.00 000077 ───►│
          1.040 │                         │                         │ (text: 500.00 debited)
                │                         │◄ 0210 00 500.00 000077 ─│
          1.060 │      x─ 0210 00 500.00 ─│                         │
      ! fault 1: drop the first 0210 of step 1 from switch-1 to terminal-1
    >    31.000 │ * reversal-due 000001   │                         │
                │   no answer             │                         │
                │ [NO VALID ANSWER, WILL  │                         │
                │   BE REVERSED]          │                         │
                │                         │                         │
      ══ faults are over, lines and power are back ═══════════════════════════════════════════
                │                         │                         │
         60.000 ├ then: settle            │                         │
                │─ 0400 500.00 000001 ───►│                         │
         60.020 │◄ 0410 00 500.00 000001 ─│                         │
         60.040 │ [REVERSED]              │                         │
                │                         │                         │
      ══ online horizon ══════════════════════════════════════════════════════════════════════
    ");
}

#[test]
fn late_and_doubled_messages_arrive_on_rows_of_their_own() {
    let mut story = Story::new();
    story.then(TERMINAL, What::Asked(sale()));
    story.pass(TERMINAL, SWITCH, &frame(&POS, &message(Mti::FINANCIAL_REQUEST, 1)));
    let answer = frame(&POS, &answer(Mti::FINANCIAL_RESPONSE, 1));
    let sent = story.send(SWITCH, TERMINAL, &answer);
    story.at(30_000).screen(Display::InDoubt);
    story.at(30_021).arrive(sent, 0);
    story.arrive(sent, 1);
    let slip = Slip::Receipt {
        kind: Kind::Sale,
        stan: 1,
        batch: 1,
        amount: Amount::cny(50_000),
        is_copy: false,
    };
    let output = Output::Slip(slip);
    story.then(TERMINAL, What::Told { device: Device::Printer, output });
    story.then(TERMINAL, What::Answered { device: Device::Printer, is_done: false });
    story.then(SWITCH, What::PowerLost);
    let reason = LinkDownReason::Reset;
    story.then(TERMINAL, What::LinkDown { link: Link(1), peer: SWITCH, reason });
    story.at(35_000).then(SWITCH, What::PowerRestored);
    let history = story.history;
    assert_snapshot!(Ladder::new(&history).width(80), @r"
      time terminal-1                        switch-1
           │                                 │
     0.000 ├ step 1: sale 500.00, card *0018 │
           │─ 0200 500.00 000001 ───────────►│
     0.020 │ · · · ── 0210 00 500.00 000001 ─│
    30.000 │ [NO VALID ANSWER, WILL BE       │
           │   REVERSED]                     │
    30.021 │◄─ 0210 (after 30.001 s) 00 ─· · │
           │◄─ 0210 (copy 2) ─· · ·          │
           │ (slip 000001 500.00)            │
           │ ~ no slip came out              │
           │                                 X POWER LOST
           │ ~ line to switch-1 broke        ╎
    35.000 │                                 │ POWER BACK
    ");
}

#[test]
fn without_unicode_it_still_aligns() {
    let history = lost_answer();
    let text = Ladder::new(&history).ascii(true).to_string();
    assert!(text.is_ascii(), "{text}");
    let wide = Ladder::new(&history).to_string();
    let widths = |text: &str| text.lines().map(|l| l.chars().count()).collect::<Vec<_>>();
    assert_eq!(widths(&text), widths(&wide));
    assert!(widths(&wide).iter().all(|width| *width <= WIDTH + 12), "{wide}");
}

#[test]
fn with_many_parties_only_those_concerned_are_shown() {
    let mut story = Story::new();
    for number in 1..=6 {
        let terminal = Party::terminal(number);
        story.about(u32::from(number)).then(terminal, What::Asked(sale()));
        story.pass(terminal, SWITCH, &frame(&POS, &message(Mti::FINANCIAL_REQUEST, 1)));
    }
    story.about(5).then(SWITCH, What::FaultFired(0));
    let text = Ladder::new(&story.history).to_string();
    assert!(text.contains("terminal-5  "), "{text}");
    assert!(text.contains("not shown: terminal-1, terminal-2, terminal-3, terminal-4, terminal-6"));
    assert_eq!(text.matches("0200").count(), 1, "{text}");
}

#[test]
fn an_empty_history_says_so() {
    assert_eq!(ladder(&History::default()), "(nothing happened)\n");
}
