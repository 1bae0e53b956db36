//! The calendar that every party shares, held against the published one: parties that share a wrong
//! calendar agree with each other, and no simulated payment would notice.

use reversim_models::time::{Date, Duration, Instant, LocalTime, ZonedTime};

fn date(year: i32, month: u8, day: u8) -> Date {
    Date { year, month, day }
}

/// Days from 1 January 1970, as other calendars count them.
const KNOWN: [((i32, u8, u8), i64); 16] = [
    ((1, 1, 1), -719_162),
    ((1582, 10, 15), -141_427),
    ((1600, 2, 29), -135_081),
    ((1600, 3, 1), -135_080),
    ((1900, 2, 28), -25_509),
    ((1900, 3, 1), -25_508),
    ((1969, 12, 31), -1),
    ((1970, 1, 1), 0),
    ((1999, 12, 31), 10_956),
    ((2000, 2, 29), 11_016),
    ((2000, 3, 1), 11_017),
    ((2026, 5, 30), 20_603),
    ((2028, 2, 29), 21_243),
    ((2100, 2, 28), 47_540),
    ((2100, 3, 1), 47_541),
    ((9999, 12, 31), 2_932_896),
];

#[test]
fn known_days_have_their_number() {
    for ((year, month, day), days) in KNOWN {
        let date = date(year, month, day);
        assert_eq!(date.days(), days, "{date}");
        assert_eq!(Date::from_days(days), date);
        assert_eq!(Date::new(year, month, day), Some(date));
    }
}

/// The Gregorian rule as it is taught.
fn days_of_month(year: i32, month: u8) -> u8 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

#[test]
fn every_month_of_a_thousand_years_has_its_days() {
    let mut days = date(1500, 1, 1).days();
    for year in 1500..2500 {
        for month in 1..=12 {
            let last = days_of_month(year, month);
            for day in 1..=last {
                let today = date(year, month, day);
                assert_eq!((today.days(), Date::from_days(days)), (days, today));
                assert_eq!(today.mmdd(), u16::from(month) * 100 + u16::from(day));
                let of_century = today.yymmdd().to_string();
                assert_eq!(
                    of_century,
                    format!("{:02}{month:02}{day:02}", year % 100).trim_start_matches('0')
                );
                days += 1;
            }
            let first_of_next =
                if month == 12 { date(year + 1, 1, 1) } else { date(year, month + 1, 1) };
            assert_eq!(date(year, month, last).next(), first_of_next);
            assert_eq!(Date::new(year, month, last), Some(date(year, month, last)));
            assert_eq!(Date::new(year, month, last + 1), None, "{year}-{month}");
            assert_eq!(Date::new(year, month, 0), None);
        }
        assert_eq!((Date::new(year, 0, 1), Date::new(year, 13, 1)), (None, None));
    }
}

#[test]
fn a_day_has_86_400_seconds_in_hours_minutes_and_seconds() {
    let today = date(2026, 12, 31);
    let mut second = 0;
    for hour in 0..24 {
        for minute in 0..60 {
            for of_minute in 0..60 {
                let time = LocalTime::new(today, second);
                assert_eq!(time.hhmmss(), hour * 10_000 + minute * 100 + of_minute);
                assert_eq!(time.plus(999_999).hhmmss(), time.hhmmss(), "a second is whole");
                assert_eq!(time.date(), today);
                second += 1;
            }
        }
    }
    let midnight = LocalTime::new(today, second);
    assert_eq!((midnight.date(), midnight.hhmmss()), (date(2027, 1, 1), 0));
    let before = LocalTime::default().plus(-1);
    assert_eq!((before.date(), before.hhmmss()), (date(1969, 12, 31), 235_959));
    assert_eq!(LocalTime::new(date(1970, 1, 2), 1), LocalTime(86_401_000_000));
    assert_eq!(LocalTime(i64::MAX).plus(1), LocalTime(i64::MAX));
}

#[test]
fn dates_and_times_read_as_people_write_them() {
    let time = LocalTime::new(date(2026, 5, 3), 3_661);
    assert_eq!((time.to_string(), time.date().to_string().as_str()), {
        ("2026-05-03 01:01:01".to_owned(), "2026-05-03")
    });
    assert_eq!(LocalTime::new(date(987, 11, 30), 86_399).to_string(), "0987-11-30 23:59:59");
}

#[test]
fn a_moment_with_its_zone_travels_as_nineteen_characters() {
    let local = LocalTime::new(date(2026, 12, 31), 23 * 3_600 + 59 * 60 + 58);
    for (offset, text) in
        [(480, "20261231235958+0800"), (-570, "20261231235958-0930"), (0, "20261231235958+0000")]
    {
        let moment = ZonedTime { local, offset };
        assert_eq!(moment.text(), text);
        assert_eq!(ZonedTime::parse(text.as_bytes()), Some(moment), "{text}");
        assert_eq!(moment.utc(), local.plus(i64::from(offset) * -60_000_000));
    }
    for bad in [
        "20261231235958",
        "20261231235958 0800",
        "20261231235958+08000",
        "20261231245958+0800",
        "20261231236058+0800",
        "20261231235960+0800",
        "20260229235958+0800",
        "2026123123595x+0800",
    ] {
        assert_eq!(ZonedTime::parse(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn waiting_is_counted_in_microseconds() {
    let start = Instant::START;
    assert_eq!(start + Duration::secs(2), Instant(2_000_000));
    assert_eq!(start + Duration::millis(2) + Duration::micros(2), Instant(2_002));
    assert_eq!(Instant(5_000) - Duration::millis(2), Instant(3_000));
    assert_eq!(Instant(5_000).since(Instant(2_000)), Duration(3_000));
    assert_eq!(Instant(2_000).since(Instant(5_000)), Duration::ZERO);
    assert_eq!(Duration::secs(1) + Duration::millis(1), Duration(1_001_000));
    assert_eq!([999, 1_000, 2_999].map(|micros| Duration(micros).as_millis()), [0, 1, 2]);
    assert_eq!(Duration(7).times(3), Duration(21));
    let mut later = Instant(1);
    later += Duration(2);
    assert_eq!(later, Instant(3));
    // A number that no clock reaches stops at the end of time instead of beginning again.
    assert_eq!(Instant(u64::MAX) + Duration(1), Instant(u64::MAX));
    assert_eq!(Instant(1) - Duration(2), start);
    assert_eq!((Duration::secs(u64::MAX), Duration(u64::MAX).times(2)), {
        (Duration(u64::MAX), Duration(u64::MAX))
    });
}

#[test]
fn instants_and_lengths_read_as_reports_show_them() {
    let instants = [(0, "0.000"), (12_345_000, "12.345"), (12_345_001, "12.345001")];
    for (micros, text) in instants {
        assert_eq!(Instant(micros).to_string(), text);
    }
    assert_eq!(Instant(3_000_007).to_string(), "3.000007");
    let lengths = [(2_000_000, "2s"), (1_500_000, "1500ms"), (29_889_000, "29889ms"), (7, "7us")];
    for (micros, text) in lengths {
        assert_eq!(Duration(micros).to_string(), text);
    }
}
