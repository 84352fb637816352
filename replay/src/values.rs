//! How single values are typed: numbers with units, header fields, lists of processors.
//!
//! Refuses what has more than one reading, such as a duration without a unit.

use crate::engine::schedule::Speed;
use http::header::{HeaderName, HeaderValue};
use rustix::thread::CpuSet;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Shortest and longest `--timeout`: 1 ms and 10^7 s.
pub const TIMEOUTS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(10_000_000);

/// `60`, `0.5`.
pub fn parse_speed(text: &str) -> Result<Speed, String> {
    let range = Speed::RANGE;
    text.parse().ok().and_then(Speed::new).ok_or_else(|| {
        format!(
            "write a number from {} to {}, e.g. 60 or 0.5",
            range.start(),
            range.end()
        )
    })
}

/// A time that a response may take.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    let fits = TIMEOUTS.contains(&duration).then_some(duration);
    fits.ok_or_else(|| "must be between 1ms and 2777h".to_owned())
}

/// A time to wait for answers at the end; may be nothing.
pub fn parse_grace(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    let fits = (duration <= *TIMEOUTS.end()).then_some(duration);
    fits.ok_or_else(|| "must be at most 2777h".to_owned())
}

/// `500ms`, `30s`, `1.5m`, `2h`; the unit is required.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number with a unit: 500ms, 30s, 5m or 1h".to_owned();
    let unit_at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds_per_unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<f64>().map_err(|_| wrong())? * seconds_per_unit;
    Duration::try_from_secs_f64(seconds).map_err(|_| "is no time to wait for".to_owned())
}

/// Processors by number, in the order in which workers take them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuList(pub Vec<usize>);

/// `2,3`, `2-5`, `0,4-6`: numbers and ranges, none twice.
pub fn parse_cpus(text: &str) -> Result<CpuList, String> {
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse().ok().filter(|cpu| *cpu < CpuSet::MAX_CPU);
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            return Err(format!(
                "{part:?} is neither a processor's number nor a range such as 2-5"
            ));
        };
        if last < first {
            return Err(format!("{part}: write the lower number first"));
        }
        for cpu in first..=last {
            if cpus.contains(&cpu) {
                return Err(format!("names processor {cpu} twice"));
            }
            cpus.push(cpu);
        }
    }
    Ok(CpuList(cpus))
}

/// `Name: value`. The value may be a secret and stand where the name should, so messages repeat
/// nothing; see also [`crate::cli::parse`].
pub fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let (name, value) = text
        .split_once(':')
        .ok_or("it has no colon; write --header 'NAME: VALUE'")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| "no header name stands before its colon; write --header 'NAME: VALUE'")?;
    let mut value: HeaderValue = value
        .trim()
        .parse()
        .map_err(|_| "its value holds a line end or another control character")?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_sense() {
        assert_eq!(parse_timeout("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_timeout("1.5m"), Ok(Duration::from_secs(90)));
        for wrong in ["", "10", "ms", "-1s", "1 parsec", "0s", "nans", "1e300h"] {
            assert!(parse_timeout(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn no_grace_is_a_grace() {
        assert_eq!(parse_grace("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_grace("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["0", "-1s", "2778h"] {
            assert!(parse_grace(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn processors_are_numbers_and_ranges_in_the_order_they_are_written() {
        let cpus = |text| parse_cpus(text).map(|list| list.0);
        assert_eq!(cpus("2"), Ok(vec![2]));
        assert_eq!(cpus("3,2"), Ok(vec![3, 2]));
        assert_eq!(cpus("0,4-6"), Ok(vec![0, 4, 5, 6]));
        for (wrong, part) in [
            ("", "neither"),
            ("a", "neither"),
            ("1,,2", "neither"),
            ("-1", "neither"),
            ("2-", "neither"),
            ("1 ,2", "neither"),
            ("5-2", "lower"),
            ("1,0-2", "1 twice"),
            ("99999999999", "neither"),
        ] {
            let message = cpus(wrong).expect_err(wrong);
            assert!(message.contains(part), "{wrong:?}: {message}");
        }
    }

    #[test]
    fn a_header_value_is_never_repeated_in_a_message() {
        let (name, value) = parse_header("X-Key: secret").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("x-key", "secret")
        );
        assert!(!format!("{value:?}").contains("secret"));
        for (wrong, told) in [
            ("Authorization Bearer secret", "no colon"),
            ("Authorization Bearer secret:", "no header name"),
            ("a: sec\nret", "control character"),
        ] {
            let message = parse_header(wrong).unwrap_err();
            assert!(message.contains(told), "{message}");
        }
    }
}
