//! A run as one page of HTML that needs nothing else: what broke, the picture, the books, every
//! message. Writes no file.

use super::capture::{delivered, fate};
use super::ladder::Ladder;
use super::text::{Board, books, violation_text};
use crate::history::{Entry, Frame, History, What};
use crate::invariant::Finding;
use crate::report::entry::message_words;
use crate::report::words::unmask;
use crate::verdict::{Verdict, Violation};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use reversim_models::card::Pan;
use reversim_models::iso8583::describe;

/// What a page shows.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// In one line.
    pub title: &'a str,
    /// Where it comes from: a file, a story, a seed.
    pub name: &'a str,
    /// `holds`, `VIOLATED` or `unknown`.
    pub verdict: &'a str,
    /// Why, where that is not said by the violations; and what else must be known: faults that did
    /// not happen, what whoever recorded it had to say.
    pub why: &'a [String],
    /// What happened, in sentences, if anybody knows.
    pub story: Option<String>,
    /// What every fault does, in words.
    pub faults: &'a [String],
    /// What happened.
    pub history: &'a History,
    /// What claims say of it.
    pub findings: &'a [Finding],
    /// What repeats it.
    pub command: &'a str,
}

/// What the signs of the picture mean.
const LEGEND: &str = "▶ what the violation rests on · ✕ lost · dotted: leaves or arrives at \
                      another time · * durable · ~ noticed. A message leads to its elements.";

const STYLE: &str = include_str!("page.css");

impl Page<'_> {
    /// The page; with the card numbers of the scenario in clear if it is to be so.
    pub fn html(&self, is_unmasked: bool) -> String {
        let violations: Vec<&Violation> = self.violations().collect();
        let witnesses: Vec<usize> =
            violations.iter().flat_map(|violation| violation.witnesses.clone()).collect();
        let ladder = Ladder::new(self.history).fault_words(self.faults).witnesses(&witnesses);
        let mut board = Board::default();
        board.add(self.findings);
        let title = if self.title.is_empty() { self.name } else { self.title };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="generator" content={ "reversim " (env!("CARGO_PKG_VERSION")) };
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (title) }
                        p {
                            strong class={ "verdict " (self.verdict.to_lowercase()) } {
                                (self.verdict)
                            }
                            " " (self.name)
                        }
                    }
                    main {
                        (broken(&violations, self.why, self.history))
                        section {
                            h2 { "Ladder" }
                            div class="picture" { (ladder.picture()) }
                            p class="hint" {
                                (LEGEND)
                            }
                        }
                        @if let Some(story) = &self.story {
                            section { h2 { "Story" } pre { (story) } }
                        }
                        section { h2 { "Books" } pre { (books(self.history)) } }
                        section { h2 { "Claims" } pre { (board.short()) } }
                        section { h2 { "Messages" } (self.messages(&ladder)) }
                    }
                    footer { p { "Repeat it with " code { (self.command) } } }
                }
            }
        };
        // Whatever a damaged message puts where: no card of the scenario is in clear unasked.
        let pans = &self.history.setting.pans;
        let masked = |html: String, pan: &Pan| html.replace(pan.as_str(), &pan.to_string());
        match is_unmasked {
            true => unmask(&page.into_string(), pans),
            false => pans.iter().fold(page.into_string(), masked),
        }
    }

    fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.findings.iter().filter_map(|finding| match &finding.verdict {
            Verdict::Violated(violation) => Some(violation),
            _ => None,
        })
    }

    /// Every message of the picture with its elements, folded.
    fn messages(&self, ladder: &Ladder<'_>) -> Markup {
        let currency = self.history.setting.currency;
        let delivered = delivered(self.history);
        let fate = |index: usize, entry: &Entry| {
            let words = fate(self.history, delivered.contains(&index), entry);
            if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
        };
        html! {
            @for index in ladder.messages() {
                @if let Some((entry, way, frame)) = self.message(index) {
                    details {
                        summary {
                            span class="time" { (seconds(entry)) }
                            " " (way) " " b { (message_words(frame, currency).join(" ")) }
                            (fate(index, entry))
                        }
                        pre id={ "m" (index) } {
                            (describe(frame.bytes(), Some(frame.dialect())))
                        }
                    }
                }
            }
        }
    }

    fn message(&self, index: usize) -> Option<(&Entry, String, &Frame)> {
        let entry = self.history.entries.get(index)?;
        match &entry.what {
            What::Sent { to, frame, .. } => Some((entry, format!("{} → {to}", entry.party), frame)),
            What::Delivered { from, frame, .. } => {
                Some((entry, format!("{} ← {from}", entry.party), frame))
            }
            _ => None,
        }
    }
}

fn broken(violations: &[&Violation], why: &[String], history: &History) -> Markup {
    html! {
        @if !violations.is_empty() {
            section class="broken" {
                @for violation in violations {
                    h2 { (violation.invariant) }
                    p { (violation.sentence) }
                    details {
                        summary { "What it rests on" }
                        pre { (violation_text(violation, history)) }
                    }
                }
            }
        }
        @if !why.is_empty() {
            section { @for sentence in why { p { (sentence) } } }
        }
    }
}

fn seconds(entry: &Entry) -> String {
    format!("{}.{:03}", entry.at.0 / 1_000_000, entry.at.0 / 1_000 % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, OnMessage};
    use crate::generate::{Profile, scenario};
    use crate::party::Party;
    use crate::report::faults::describe_fault;
    use crate::search::explore::flow;
    use reversim_models::iso8583::{Element, Mti};

    /// A page about nothing but its history.
    fn plain(history: &History) -> String {
        let (title, name, verdict, command) = ("", "a run", "holds", "");
        let (why, faults, findings, story) = (&[], &[], &[], None);
        Page { title, name, verdict, why, story, faults, history, findings, command }.html(false)
    }

    #[test]
    fn no_page_of_a_search_has_a_card_number_in_clear() {
        let mut files = 0;
        for profile in [Profile::Day, Profile::Boundary, Profile::Mix] {
            for seed in 0..40 {
                let history = crate::run::run(&scenario(profile, seed)).history;
                let html = plain(&history);
                let has_rows = |it: &&Entry| match &it.what {
                    What::Sent { frame, .. } => {
                        frame.message().is_some_and(|message| message.get(Element(104)).is_some())
                    }
                    _ => false,
                };
                files += history.entries.iter().filter(has_rows).count();
                for pan in &history.setting.pans {
                    assert!(!html.contains(pan.as_str()), "{profile}, seed {seed}");
                }
                // Not even of a history whose cards nobody names, as that of a proxy.
                let mut foreign = history.clone();
                let pans = std::mem::take(&mut foreign.setting.pans);
                let html = plain(&foreign);
                for pan in &pans {
                    assert!(!html.contains(pan.as_str()), "{profile}, seed {seed}, foreign");
                }
            }
        }
        assert!(files > 0, "rows of clearing files have card numbers");
    }

    #[test]
    fn a_page_shows_what_broke_what_was_lost_and_no_card_number() {
        let mut scenario = flow("sale").expect("a flow");
        scenario.defects = vec!["T01".to_owned()];
        let on = OnMessage {
            from: Party::switch(1),
            to: Party::terminal(1),
            mti: Mti::FINANCIAL_RESPONSE,
            step: 2,
            nth: 1,
        };
        scenario.faults = vec![Fault::Drop(on)];
        let run = crate::run::run(&scenario);
        let faults: Vec<String> = scenario.faults.iter().map(describe_fault).collect();
        let page = Page {
            title: "a <sale>",
            name: "sale",
            verdict: "VIOLATED",
            why: &[],
            story: None,
            faults: &faults,
            history: &run.history,
            findings: &run.findings,
            command: "reversim replay sale.toml",
        };
        let html = page.html(false);
        let violation = run.violation().expect("T01 loses money");
        for text in [&violation.sentence[..20], "a &lt;sale&gt;", "arrow lost", "▶", &faults[0]] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("a <sale>"));
        // Every message of the picture can be followed, and nothing is loaded from elsewhere.
        let named = html.matches("href=\"#m").count();
        assert!(named > 5 && named == html.matches("<pre id=\"m").count());
        assert!(!html.contains("<script") && !html.contains("src="));
        for pan in &run.history.setting.pans {
            assert!(!html.contains(pan.as_str()));
        }
    }
}
