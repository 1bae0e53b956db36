//! A planned ladder as a picture (SVG inside a page of HTML). Decides nothing: what is shown comes
//! from the plan, colours come from the page.

use super::draw::{fitting, wrap};
use super::rows::{Content, Plan, Row, Shape};
use crate::report::table::width;
use maud::{Markup, html};
use reversim_models::time::Instant;

/// All in pixels. No letter of the picture's font is wider than this.
const LETTER: usize = 8;
/// A line of text.
const LINE: usize = 17;
/// Where the first party's line stands; times are left of it.
const MARGIN: usize = 100;
/// Names of the parties.
const HEAD: usize = 34;
/// As wide as a page is, if that is enough.
const PAGE: usize = 1_180;
/// From one party's line to the next, at least and at most.
const GAP: (usize, usize) = (250, 400);

/// What has been drawn, and how far down.
struct Picture {
    lines: Vec<usize>,
    width: usize,
    y: usize,
    shown: Option<Instant>,
    /// For each party, from where on it has power, or none.
    power: Vec<Vec<(usize, bool)>>,
    marks: Vec<Markup>,
}

/// The picture. An arrow leads to what the page calls `m` and the index of its entry.
pub(super) fn picture(plan: &Plan) -> Markup {
    let count = plan.parties.len().max(1);
    let gap = ((PAGE - MARGIN) / count).clamp(GAP.0, GAP.1);
    let mut picture = Picture {
        lines: (0..count).map(|column| MARGIN + gap * column).collect(),
        width: MARGIN + gap * count,
        y: HEAD,
        shown: None,
        power: vec![vec![(HEAD - 8, true)]; count],
        marks: Vec::new(),
    };
    plan.rows.iter().for_each(|row| picture.row(row));
    let (width, height) = (picture.width, picture.y + LINE);
    let lanes = picture.lanes(height);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) }
            width=(width) height=(height) role="img" aria-label="ladder of the run" {
            @for lane in &lanes { (lane) }
            text class="time" x="4" y="20" { "seconds" }
            @for (party, x) in plan.parties.iter().zip(&picture.lines) {
                text class="party" x=(x) y="20" text-anchor="middle" { (party) }
            }
            @for mark in &picture.marks { (mark) }
        }
        @if !plan.hidden.is_empty() {
            p class="hint" {
                "Not shown: "
                @for (index, party) in plan.hidden.iter().enumerate() {
                    @if index > 0 { ", " }
                    (party)
                }
                "."
            }
        }
    }
}

impl Picture {
    fn row(&mut self, row: &Row) {
        let lines = self.lines_of(row);
        let height = match row.content {
            Content::Arrow { .. } => LINE + 15,
            Content::Fault(_) | Content::Phase(_) => lines.len() * LINE + 14,
            _ => lines.len() * LINE + 4,
        };
        if row.is_witness {
            let (y, width) = (self.y, self.width);
            self.marks.push(html! {
                rect class="witness" x="0" y=(y) width=(width) height=(height) {}
                text class="witness" x="4" y=(y + LINE - 3) { "▶" }
            });
        }
        self.time(row);
        match &row.content {
            Content::Note { column, text } => {
                let class = if text.starts_with("* ") { "record" } else { "note" };
                self.text(class, self.lines[*column] + 12, self.y, &lines);
            }
            Content::Wish { column, .. } => {
                let (x, y) = (self.lines[*column], self.y + LINE / 2);
                self.marks.push(html! { circle class="wish" cx=(x) cy=(y) r="5" {} });
                self.text("wish", x + 12, self.y, &lines);
            }
            Content::Power { column, is_on } => {
                let x = self.lines[*column];
                self.power[*column].push((self.y + LINE / 2, *is_on));
                let class = if *is_on { "note" } else { "broken" };
                self.text(class, x + 12, self.y, &lines);
                if !is_on {
                    self.cross(x, self.y + LINE / 2);
                }
            }
            Content::Arrow { from, to, words, shape } => {
                self.arrow(row, (*from, *to), words, *shape);
            }
            Content::Fault(_) => {
                let (y, width) = (self.y + 3, self.width - 4);
                self.marks.push(html! {
                    rect class="fault" x="2" y=(y) width=(width) height=(height - 6) rx="4" {}
                });
                self.text("fault", 12, self.y + 7, &lines);
            }
            Content::Phase(text) => {
                let (y, x, end) = (self.y + 5 + LINE / 2, 28 + width(text) * LETTER, self.width);
                self.marks.push(html! { line class="phase" x1=(x) x2=(end) y1=(y) y2=(y) {} });
                self.text("phase", 12, self.y + 5, &lines);
            }
        }
        self.y += height;
    }

    /// The words of a row, as broad as there is room.
    fn lines_of(&self, row: &Row) -> Vec<String> {
        let beside = |column: usize, indent: usize| {
            let end = self.lines.get(column + 1).copied().unwrap_or(self.width);
            (end - self.lines[column]).saturating_sub(indent) / LETTER
        };
        match &row.content {
            Content::Note { column, text } | Content::Wish { column, text } => {
                wrap(text, beside(*column, 24))
            }
            Content::Power { is_on: true, .. } => vec!["power back".to_owned()],
            Content::Power { is_on: false, .. } => vec!["POWER LOST".to_owned()],
            Content::Fault(text) | Content::Phase(text) => wrap(text, (self.width - 24) / LETTER),
            Content::Arrow { .. } => Vec::new(),
        }
    }

    /// The time of a row, unless the row above has it.
    fn time(&mut self, row: &Row) {
        if let Some(at) = row.at.filter(|at| self.shown != Some(*at)) {
            self.shown = Some(at);
            let text = format!("{}.{:03}", at.0 / 1_000_000, at.0 / 1_000 % 1_000);
            let y = match row.content {
                Content::Arrow { .. } => self.y + LINE + 9,
                _ => self.y + LINE - 4,
            };
            self.marks.push(html! {
                text class="time" x=(MARGIN - 16) y=(y) text-anchor="end" { (text) }
            });
        }
    }

    fn text(&mut self, class: &str, x: usize, y: usize, lines: &[String]) {
        for (index, line) in lines.iter().enumerate() {
            let y = y + (index + 1) * LINE - 4;
            let x = if index == 0 { x } else { x + 2 * LETTER };
            self.marks.push(html! { text class=(class) x=(x) y=(y) { (line) } });
        }
    }

    fn cross(&mut self, x: usize, y: usize) {
        self.marks.push(html! {
            path class="cross" d={ "M" (x - 6) " " (y - 6) "l12 12m0 -12l-12 12" } {}
        });
    }

    /// The words stand near the end that the row is about: where it is sent, or where it arrives.
    fn arrow(&mut self, row: &Row, ends: (usize, usize), words: &[String], shape: Shape) {
        let (from, to) = (self.lines[ends.0] as i64, self.lines[ends.1] as i64);
        let (span, way) = ((to - from).abs(), (to - from).signum());
        let y = (self.y + LINE + 5) as i64;
        let part = |percent: i64| from + way * (span * percent / 100);
        let (start, end, dots) = match shape {
            Shape::Whole => (from, to, None),
            Shape::Lost => (from, part(66), None),
            Shape::Leaves => (from, part(55), Some((part(55), part(75)))),
            Shape::Arrives => (part(45), to, Some((part(25), part(45)))),
        };
        let reaches = matches!(shape, Shape::Whole | Shape::Arrives);
        let room = usize::try_from(span).unwrap_or(0).saturating_sub(24) / LETTER;
        let whole = words.join(" ");
        let label = fitting(words, room);
        let (x, anchor) = match (shape == Shape::Arrives, way > 0) {
            (false, true) => (from + 12, "start"),
            (false, false) => (from - 12, "end"),
            (true, true) => (to - 12, "end"),
            (true, false) => (to + 12, "start"),
        };
        let class = if shape == Shape::Lost { "arrow lost" } else { "arrow" };
        self.marks.push(html! {
            a href={ "#m" (row.entry) } {
                title { (whole) }
                line class=(class) x1=(start) x2=(end) y1=(y) y2=(y) {}
                @if let Some((start, end)) = dots {
                    line class="arrow dotted" x1=(start) x2=(end) y1=(y) y2=(y) {}
                }
                @if reaches {
                    path class="head"
                        d={ "M" (to) " " (y) "l" (-9 * way) " -5v10z" } {}
                }
                text class="message" x=(x) y=(y - 5) text-anchor=(anchor) { (label) }
            }
        });
        if shape == Shape::Lost {
            self.cross(usize::try_from(end).unwrap_or(0), self.y + LINE + 5);
        }
    }

    /// The parties' lines, broken where there is no power.
    fn lanes(&self, bottom: usize) -> Vec<Markup> {
        let mut lanes = Vec::new();
        for (x, power) in self.lines.iter().zip(&self.power) {
            let ends = power.iter().skip(1).map(|(y, _)| *y).chain([bottom]);
            for ((y, is_on), end) in power.iter().zip(ends) {
                let class = if *is_on { "lane" } else { "lane dead" };
                lanes.push(html! { line class=(class) x1=(x) x2=(x) y1=(y) y2=(end) {} });
            }
        }
        lanes
    }
}
