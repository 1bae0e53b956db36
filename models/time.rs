//! Time as parties know it: microseconds since the run began, and a party's own calendar.
//!
//! This is not a clock. Nobody here can ask what time it is; every event says so.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// Microseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(pub u64);

/// A length of time in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Duration(pub u64);

impl Instant {
    /// When the run began.
    pub const START: Instant = Instant(0);

    /// Time passed since `earlier`; zero if it is not earlier.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// From microseconds.
    pub const fn micros(micros: u64) -> Duration {
        Duration(micros)
    }

    /// From milliseconds.
    pub const fn millis(millis: u64) -> Duration {
        Duration(millis.saturating_mul(1_000))
    }

    /// From seconds.
    pub const fn secs(secs: u64) -> Duration {
        Duration(secs.saturating_mul(1_000_000))
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// This length taken `n` times.
    #[must_use]
    pub const fn times(self, n: u64) -> Duration {
        Duration(self.0.saturating_mul(n))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, length: Duration) -> Instant {
        Instant(self.0.saturating_add(length.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, length: Duration) {
        *self = *self + length;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, length: Duration) -> Instant {
        Instant(self.0.saturating_sub(length.0))
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Instant {
    /// Seconds with milliseconds, and microseconds only where there are any: `12.345` or
    /// `12.345001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micros.is_multiple_of(1_000) {
            write!(f, "{secs}.{:03}", micros / 1_000)
        } else {
            write!(f, "{secs}.{micros:06}")
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n.is_multiple_of(1_000_000) => write!(f, "{}s", n / 1_000_000),
            n if n.is_multiple_of(1_000) => write!(f, "{}ms", n / 1_000),
            n => write!(f, "{n}us"),
        }
    }
}

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date {
    /// Full year, as 2026.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// The date, if there is such a day.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Date> {
        let date = Date { year, month, day };
        (Date::from_days(date.days()) == date).then_some(date)
    }

    /// MMDD as a number, as elements 13 and 15 carry it.
    pub fn mmdd(self) -> u16 {
        u16::from(self.month) * 100 + u16::from(self.day)
    }

    /// YYMMDD as a number, as tag 9A carries it.
    pub fn yymmdd(self) -> u32 {
        self.year.rem_euclid(100) as u32 * 10_000 + u32::from(self.mmdd())
    }

    /// The following day.
    #[must_use]
    pub fn next(self) -> Date {
        Date::from_days(self.days() + 1)
    }

    /// Days since 1 January 1970.
    pub fn days(self) -> i64 {
        // Years are counted from March, so that the leap day is the last one and needs no case.
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, month) = (year.div_euclid(400), (month + 9) % 12);
        let of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
    }

    /// The date that is `days` after 1 January 1970.
    pub fn from_days(days: i64) -> Date {
        let days = days + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        Date { year: year as i32, month: month as u8, day: day as u8 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A party's own calendar clock: microseconds since 1 January 1970, in its own time zone. It may be
/// wrong and may jump; nothing that waits may use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LocalTime(pub i64);

impl LocalTime {
    const DAY: i64 = 86_400_000_000;

    /// Midnight at the beginning of `date`, plus `seconds`.
    pub fn new(date: Date, seconds: u32) -> LocalTime {
        LocalTime(date.days() * Self::DAY + i64::from(seconds) * 1_000_000)
    }

    /// The calendar day.
    pub fn date(self) -> Date {
        Date::from_days(self.0.div_euclid(Self::DAY))
    }

    /// hhmmss as a number, as element 12 carries it.
    pub fn hhmmss(self) -> u32 {
        let secs = (self.0.rem_euclid(Self::DAY) / 1_000_000) as u32;
        secs / 3_600 * 10_000 + secs / 60 % 60 * 100 + secs % 60
    }

    /// This time moved by `micros`, which may be negative.
    #[must_use]
    pub fn plus(self, micros: i64) -> LocalTime {
        LocalTime(self.0.saturating_add(micros))
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.hhmmss();
        write!(f, "{} {:02}:{:02}:{:02}", self.date(), t / 10_000, t / 100 % 100, t % 100)
    }
}

/// A time on a calendar clock, and how many minutes that clock is ahead of UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ZonedTime {
    /// What the clock shows.
    pub local: LocalTime,
    /// Minutes ahead of UTC; below zero for behind.
    pub offset: i16,
}

impl ZonedTime {
    /// The same moment on a clock that shows UTC.
    pub fn utc(self) -> LocalTime {
        self.local.plus(-i64::from(self.offset) * 60_000_000)
    }

    /// As messages carry it: `20260530100515+0800`.
    pub fn text(self) -> String {
        let Date { year, month, day } = self.local.date();
        let (sign, minutes) =
            if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        let (hours, minutes, time) = (minutes / 60, minutes % 60, self.local.hhmmss());
        format!("{year:04}{month:02}{day:02}{time:06}{sign}{hours:02}{minutes:02}")
    }

    /// Reads what [`text`](ZonedTime::text) writes.
    pub fn parse(text: &[u8]) -> Option<ZonedTime> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|d| d.iter().all(u8::is_ascii_digit))?;
            Some(digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')))
        };
        let small = |from, to| u8::try_from(number(from, to)?).ok();
        let date = Date::new(i32::try_from(number(0, 4)?).ok()?, small(4, 6)?, small(6, 8)?)?;
        let (hours, minutes, seconds) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
        let offset = i16::try_from(number(15, 17)? * 60 + number(17, 19)?).ok()?;
        let offset = match text.get(14)? {
            b'+' => offset,
            b'-' => -offset,
            _ => return None,
        };
        let is_time = hours < 24 && minutes < 60 && seconds < 60 && text.len() == 19;
        let local = LocalTime::new(date, hours * 3_600 + minutes * 60 + seconds);
        is_time.then_some(ZonedTime { local, offset })
    }
}

/// The time of an event, as the party sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Now {
    /// For waiting. Never jumps.
    pub instant: Instant,
    /// For writing dates on messages. May jump.
    pub local: LocalTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        let (first, last) =
            (Date { year: 1900, month: 1, day: 1 }, Date { year: 2300, month: 1, day: 1 });
        let mut date = first;
        for days in first.days()..last.days() {
            assert_eq!(date.days(), days);
            assert_eq!(Date::from_days(days), date);
            let next = date.next();
            assert!(next > date);
            date = next;
        }
    }

    #[test]
    fn there_is_a_29_february_only_in_leap_years() {
        assert!(Date::new(2028, 2, 29).is_some());
        assert!(Date::new(2026, 2, 29).is_none());
        assert!(Date::new(2026, 13, 1).is_none());
        assert!(Date::new(2026, 0, 1).is_none());
    }

    #[test]
    fn a_moment_is_the_same_in_every_zone() {
        let east = ZonedTime::parse(b"20260530230515+0800").unwrap();
        let west = ZonedTime::parse(b"20260530100515-0500").unwrap();
        assert_eq!(east.utc(), west.utc());
        assert_eq!((east.text(), west.offset), ("20260530230515+0800".into(), -300));
        for wrong in ["", "20260530230515", "20260230230515+0800", "20260530250515+0800"] {
            assert_eq!(ZonedTime::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn one_second_before_midnight_is_still_the_old_day() {
        let time = LocalTime::new(Date { year: 2026, month: 12, day: 31 }, 86_399);
        assert_eq!((time.date().mmdd(), time.hhmmss()), (1231, 235_959));
        assert_eq!(time.plus(1_000_000).date().mmdd(), 101);
    }
}
