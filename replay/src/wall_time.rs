//! Wall time as people and scripts write it: RFC 3339 with a zone, or Unix seconds.
//!
//! Refuses a time without a zone, which means another moment on another machine, and leap seconds,
//! which Unix time has no number for.

const NS_PER_S: u64 = 1_000_000_000;
const S_PER_DAY: i64 = 86_400;
const DAYS_BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// `2030-01-31T12:00:00+01:00`, `2030-01-31T11:00:00.25Z` or `1896091200.5`, as Unix time in ns.
pub fn parse_wall_time(text: &str) -> Result<u64, String> {
    let number = |c: char| c.is_ascii_digit() || c == '.';
    let parsed = if text.chars().all(number) {
        unix_seconds(text)
    } else {
        rfc_3339(text)
    };
    parsed.ok_or_else(|| {
        "write 2030-01-31T12:00:00Z, 2030-01-31T12:00:00.5+01:00 or Unix seconds such as 1896091200.5"
            .to_owned()
    })
}

fn unix_seconds(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole_ns = seconds.parse::<u64>().ok()?.checked_mul(NS_PER_S)?;
    whole_ns.checked_add(fraction_ns(fraction)?)
}

/// Digits behind a point, of which nine are kept: a clock's ns.
fn fraction_ns(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let kept = &digits[..digits.len().min(9)];
    Some(kept.parse::<u64>().ok()? * 10_u64.pow(9 - kept.len() as u32))
}

/// RFC 3339, section 5.6; a space may stand for the `T`.
fn rfc_3339(text: &str) -> Option<u64> {
    if !text.is_ascii() || text.len() < "2030-01-31T12:00:00Z".len() {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let (time, zone) = rest.split_at(rest.rfind(['Z', 'z', '+', '-'])?);
    let time = time.strip_prefix(['T', 't', ' '])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let seconds = days(date)? * S_PER_DAY + clock_s(time)? - zone_s(zone)?;
    let whole_ns = u64::try_from(seconds).ok()?.checked_mul(NS_PER_S)?;
    whole_ns.checked_add(fraction_ns(fraction)?)
}

/// A Unix time in ns as people read it, to the second: `2030-01-31 12:00:00 UTC`.
pub fn utc(unix_ns: u64) -> String {
    let seconds = (unix_ns / NS_PER_S) as i64;
    let (mut day, in_day) = (seconds / S_PER_DAY, seconds % S_PER_DAY);
    let mut year = 1970;
    while day >= 365 + i64::from(is_leap(year)) {
        day -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let begins = |month: usize| DAYS_BEFORE_MONTH[month] + i64::from(is_leap(year) && month > 1);
    let month = (0..12).rfind(|month| begins(*month) <= day).unwrap_or(0);
    let day = day - begins(month) + 1;
    let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
    let month = month + 1;
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Leap days before the end of a year.
fn leaps(year: i64) -> i64 {
    year / 4 - year / 100 + year / 400
}

fn is_leap(year: i64) -> bool {
    leaps(year) > leaps(year - 1)
}

/// `YYYY-MM-DD` as days from 1970-01-01.
fn days(date: &str) -> Option<i64> {
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let is_leap = is_leap(year);
    let before = *DAYS_BEFORE_MONTH.get(usize::try_from(month - 1).ok()?)?;
    let after = DAYS_BEFORE_MONTH.get(month as usize).unwrap_or(&365);
    let length = after - before + i64::from(is_leap && month == 2);
    let in_year = before + i64::from(is_leap && month > 2) + day - 1;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    (year >= 1970 && (1..=length).contains(&day)).then_some(years + in_year)
}

/// `HH:MM:SS` as seconds of the day.
fn clock_s(time: &str) -> Option<i64> {
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// `Z` or `+HH:MM` as seconds ahead of UTC.
fn zone_s(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let [hour, minute] = fields(zone.get(1..)?, ':', [2, 2])?;
    let ahead = hour * 3600 + minute * 60;
    let fits = hour < 24 && minute < 60;
    fits.then_some(if zone.starts_with('-') { -ahead } else { ahead })
}

/// Numbers of exactly these widths between separators.
fn fields<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let parts: [&str; N] = parts.try_into().ok()?;
    let mut numbers = [0; N];
    for ((number, part), width) in numbers.iter_mut().zip(parts).zip(widths) {
        if part.len() != width || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "1970-01-01 00:00:00",
            "1999-12-31 23:59:59",
            "2000-02-29 12:00:00",
            "2000-03-01 00:00:00",
            "2026-11-23 03:32:29",
            "2100-02-28 23:59:59",
            "2100-03-01 00:00:00",
            "2400-12-31 23:59:59",
        ] {
            let written = utc(parse_wall_time(&format!("{text}Z")).unwrap());
            assert_eq!(written, format!("{text} UTC"));
        }
    }

    #[test]
    fn one_moment_has_many_spellings() {
        for text in [
            "2030-01-31T12:00:00Z",
            "2030-01-31t12:00:00z",
            "2030-01-31 12:00:00.000Z",
            "2030-01-31T13:00:00+01:00",
            "2030-02-01T00:30:00+12:30",
            "2030-01-30T23:00:00-13:00",
            "1896091200",
            "1896091200.0",
        ] {
            let expected = 1_896_091_200 * NS_PER_S;
            assert_eq!(parse_wall_time(text), Ok(expected), "{text}");
        }
        assert_eq!(parse_wall_time("1970-01-01T00:00:00Z"), Ok(0));
    }

    #[test]
    fn fractions_are_kept_to_the_nanosecond() {
        assert_eq!(parse_wall_time("0.000000001"), Ok(1));
        assert_eq!(parse_wall_time("1.5"), Ok(1_500_000_000));
        assert_eq!(
            parse_wall_time("1970-01-01T00:00:01.25Z"),
            Ok(1_250_000_000)
        );
        assert_eq!(parse_wall_time("0.0000000019"), Ok(1));
    }

    #[test]
    fn every_day_follows_the_one_before_through_all_leap_rules() {
        let mut expected = 0;
        for year in 1970..=2410 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(days) = days(&format!("{year}-{month:02}-{day:02}")) {
                        assert_eq!(days, expected, "{year}-{month}-{day}");
                        expected += 1;
                    }
                }
            }
        }
        // 441 years with 107 leap days: 110 years divide by 4, 2100, 2200 and 2300 are none.
        assert_eq!(expected, 441 * 365 + 107);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in [
            "",
            ".",
            "1.",
            ".5",
            "1.2.3",
            "-5",
            "99999999999999999999",
            "18446744074",
            "tomorrow",
            "2030-01-31",
            "2030-01-31T12:00:00",
            "2030-01-31T12:00Z",
            "2030-02-29T12:00:00Z",
            "2030-13-01T12:00:00Z",
            "2030-00-01T12:00:00Z",
            "2030-01-00T12:00:00Z",
            "2030-01-31T24:00:00Z",
            "2030-01-31T12:00:60Z",
            "2030-01-31T12:00:00.Z",
            "2030-01-31T12:00:00+1",
            "2030-01-31T12:00:00+01:60",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "2030-01-31T12:00:0\u{fc}Z",
        ] {
            let message = parse_wall_time(wrong).expect_err(wrong);
            assert!(message.contains("Unix seconds"), "{wrong}");
        }
    }
}
