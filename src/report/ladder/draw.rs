//! Puts rows on a page of characters. Knows columns and words, nothing of payments.

use super::rows::{Content, Plan, Row, Shape};
use crate::report::table;
use reversim_models::time::Instant;
use std::fmt::Write;

/// Where the first party's line stands: mark, time and a blank come before it.
const MARGIN: usize = 12;

struct Pen {
    line: char,
    dead: char,
    dash: char,
    cross: char,
    faint: char,
    right: char,
    left: char,
    wish: char,
    phase: char,
}

const UNICODE: Pen = Pen {
    line: '│',
    dead: '╎',
    dash: '─',
    cross: '┼',
    faint: '·',
    right: '►',
    left: '◄',
    wish: '├',
    phase: '═',
};

const ASCII: Pen = Pen {
    line: '|',
    dead: ':',
    dash: '-',
    cross: '+',
    faint: '.',
    right: '>',
    left: '<',
    wish: '+',
    phase: '=',
};

struct Page<'a> {
    pen: &'a Pen,
    /// Where each party's line stands.
    lines: Vec<usize>,
    width: usize,
    is_on: Vec<bool>,
    out: String,
    shown: Option<Instant>,
}

pub(super) fn draw(plan: &Plan, width: usize, is_ascii: bool) -> String {
    let count = plan.parties.len().max(1);
    let gap = (width.saturating_sub(MARGIN) / count).clamp(22, 36);
    let mut page = Page {
        pen: if is_ascii { &ASCII } else { &UNICODE },
        lines: (0..count).map(|column| MARGIN + gap * column).collect(),
        width: MARGIN + gap * count,
        is_on: vec![true; count],
        out: String::new(),
        shown: None,
    };
    page.head(plan);
    for row in &plan.rows {
        page.row(row);
    }
    if !plan.hidden.is_empty() {
        let names: Vec<String> = plan.hidden.iter().map(ToString::to_string).collect();
        let _ = writeln!(page.out, "\n  not shown: {}", names.join(", "));
    }
    page.out
}

impl Page<'_> {
    fn head(&mut self, plan: &Plan) {
        let mut names = vec![' '; self.width];
        put(&mut names, MARGIN - 5, "time");
        for (column, party) in plan.parties.iter().enumerate() {
            put(&mut names, self.lines[column], &party.to_string());
        }
        self.end(names);
    }

    fn row(&mut self, row: &Row) {
        match &row.content {
            Content::Note { column, text } => self.note(row, *column, text),
            Content::Wish { column, text } => {
                let blank = self.blank();
                self.end(blank);
                self.wish(row, *column, text);
            }
            Content::Power { column, is_on } => self.power(row, *column, *is_on),
            Content::Arrow { from, to, words, shape } => {
                let mut line = self.begin(row);
                self.arrow(&mut line, (*from, *to), words, *shape);
                self.end(line);
            }
            Content::Fault(text) => {
                let room = self.width.saturating_sub(4);
                for (index, part) in wrap(text, room).iter().enumerate() {
                    let _ = writeln!(self.out, "{}{part}", if index == 0 { "  " } else { "    " });
                }
            }
            Content::Phase(text) => {
                let blank = self.blank();
                self.end(blank);
                let rest = self.width.saturating_sub(text.len() + 6);
                let (phase, tail) = (self.pen.phase, self.pen.phase.to_string().repeat(rest));
                let _ = writeln!(self.out, "  {phase}{phase} {text} {tail}");
            }
        }
    }

    fn note(&mut self, row: &Row, column: usize, text: &str) {
        let start = self.lines[column] + 2;
        let end = self.lines.get(column + 1).map_or(self.width, |next| next - 1);
        for (index, part) in wrap(text, end.saturating_sub(start)).iter().enumerate() {
            let mut line = if index == 0 { self.begin(row) } else { self.blank() };
            put(&mut line, start + if index == 0 { 0 } else { 2 }, part);
            self.end(line);
        }
    }

    fn wish(&mut self, row: &Row, column: usize, text: &str) {
        let at = self.lines[column];
        let end = self.lines.get(column + 1).map_or(self.width, |next| next - 1);
        for (index, part) in wrap(text, end.saturating_sub(at + 2)).iter().enumerate() {
            let mut line = if index == 0 { self.begin(row) } else { self.blank() };
            if index == 0 {
                line[at] = self.pen.wish;
            }
            put(&mut line, at + if index == 0 { 2 } else { 4 }, part);
            self.end(line);
        }
    }

    fn power(&mut self, row: &Row, column: usize, is_on: bool) {
        self.is_on[column] = is_on;
        let mut line = self.begin(row);
        let text = if is_on { "POWER BACK" } else { "POWER LOST" };
        line[self.lines[column]] = if is_on { self.pen.line } else { 'X' };
        put(&mut line, self.lines[column] + 2, text);
        self.end(line);
    }

    /// The words stand near the end that the row is about: where it is sent, or where it arrives.
    fn arrow(&self, line: &mut [char], ends: (usize, usize), words: &[String], shape: Shape) {
        let (from, to) = (self.lines[ends.0], self.lines[ends.1]);
        let is_rightward = from < to;
        let (start, end) = if is_rightward { (from + 1, to) } else { (to + 1, from) };
        let room = end.saturating_sub(start);
        // A whole arrow may be all label; of the others the missing part must be seen.
        let reserved = if shape == Shape::Whole { 4 } else { 9 };
        let label = fitting(words, room.saturating_sub(reserved));
        // Drawn from sender to receiver, then mirrored if it goes to the left.
        let drawn = self.stroke(room, label.chars().count(), shape);
        for (offset, c) in drawn.iter().enumerate() {
            let at = if is_rightward { start + offset } else { end - 1 - offset };
            let is_crossing = self.lines.contains(&at) && *c == self.pen.dash;
            line[at] = match *c {
                _ if is_crossing => self.pen.cross,
                ' ' => line[at],
                '>' if is_rightward => self.pen.right,
                '>' => self.pen.left,
                c => c,
            };
        }
        let begin = label_at(room, label.chars().count(), shape);
        let at = match is_rightward {
            true => start + begin,
            false => end - begin - label.chars().count(),
        };
        put(line, at.saturating_sub(1), &format!(" {label} "));
    }

    /// The stroke from sender to receiver, without its label; `>` stands for the head.
    fn stroke(&self, room: usize, label: usize, shape: Shape) -> Vec<char> {
        let (dash, faint) = (self.pen.dash, self.pen.faint);
        let mut stroke = vec![dash; room];
        match shape {
            Shape::Whole => stroke[room.saturating_sub(1)..].fill('>'),
            Shape::Lost => {
                let end = (room * 2 / 3).max(label + 5).min(room);
                stroke[end..].fill(' ');
                stroke[end - end.min(1)..end].fill('x');
            }
            Shape::Leaves => {
                let end = (label + 5).min(room);
                stroke[end..].fill(' ');
                dots(&mut stroke[end..], faint, 3);
            }
            Shape::Arrives => {
                let begin = room.saturating_sub(label + 5);
                stroke[..begin].fill(' ');
                let tail = begin.saturating_sub(6);
                dots(&mut stroke[tail..begin], faint, 3);
                stroke[room.saturating_sub(1)..].fill('>');
            }
        }
        stroke
    }

    fn blank(&self) -> Vec<char> {
        let mut line = vec![' '; self.width];
        for (column, at) in self.lines.iter().enumerate() {
            line[*at] = if self.is_on[column] { self.pen.line } else { self.pen.dead };
        }
        line
    }

    /// A row with its mark, and its time unless the row above has it.
    fn begin(&mut self, row: &Row) -> Vec<char> {
        let mut line = self.blank();
        if row.is_witness {
            line[0] = '>';
        }
        if let Some(at) = row.at.filter(|at| self.shown != Some(*at)) {
            self.shown = Some(at);
            let text = format!("{}.{:03}", at.0 / 1_000_000, at.0 / 1_000 % 1_000);
            put(&mut line, (MARGIN - 1).saturating_sub(text.len()), &text);
        }
        line
    }

    fn end(&mut self, line: Vec<char>) {
        let text: String = line.into_iter().collect();
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }
}

/// Where the label begins, counted from the sender.
fn label_at(room: usize, label: usize, shape: Shape) -> usize {
    match shape {
        Shape::Arrives => room.saturating_sub(label + 3),
        _ => 2,
    }
}

/// Every second character a dot, at most `count`, from the beginning.
fn dots(stroke: &mut [char], dot: char, count: usize) {
    stroke.iter_mut().skip(1).step_by(2).take(count).for_each(|c| *c = dot);
}

fn put(line: &mut [char], at: usize, text: &str) {
    for (cell, c) in line.iter_mut().skip(at).zip(text.chars()) {
        *cell = c;
    }
}

/// Lines of at most `room` characters; the later ones have two less, to be indented.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    table::wrap(text, room, room.saturating_sub(2))
}

/// As many of the words as fit, at least the first.
pub(super) fn fitting(words: &[String], room: usize) -> String {
    let mut words = words.to_vec();
    while words.len() > 1 && words.join(" ").chars().count() > room {
        words.pop();
    }
    words.join(" ").chars().take(room.max(4)).collect()
}
