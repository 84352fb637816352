//! Figures as people read them: three digits, a unit, thousands apart.
//!
//! Refuses to write what is not known as a number: that is [`UNKNOWN`].

use crate::analysis::metric::Unit;

/// What stands for a figure that is not known.
pub const UNKNOWN: &str = "–";

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A duration in seconds, written in the unit that fits it.
    Seconds,
    /// So many a second.
    PerSecond,
    /// Things.
    Number,
    /// A share of 1, written in per cent.
    Share,
}

/// Units of a duration, and how many of each are in a second.
const UNITS: [(&str, f64); 4] = [("s", 1.0), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)];

impl Quantity {
    /// What a metric's values count.
    pub fn of(unit: Unit) -> Self {
        match unit {
            Unit::Seconds => Quantity::Seconds,
            Unit::TokensPerSecond => Quantity::PerSecond,
            Unit::Tokens | Unit::Bytes | Unit::Requests => Quantity::Number,
        }
    }

    /// With its unit.
    pub fn text(self, value: f64) -> String {
        match self {
            Quantity::Seconds => {
                let fits = |unit: &&(&str, f64)| value.abs() * unit.1 >= 0.9995;
                let (name, per_s) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
                match value {
                    0.0 => "0 s".to_owned(),
                    _ => format!("{} {name}", digits(value * per_s)),
                }
            }
            Quantity::PerSecond => format!("{} /s", digits(value)),
            Quantity::Number => digits(value),
            Quantity::Share => format!("{} %", digits(value * 100.0)),
        }
    }

    /// With its unit, or [`UNKNOWN`].
    pub fn maybe(self, value: Option<f64>) -> String {
        value.map_or(UNKNOWN.to_owned(), |value| self.text(value))
    }

    /// As beside an axis: without zeros that say nothing.
    pub fn tick(self, value: f64) -> String {
        let text = self.text(value);
        let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
        let number = match number.contains('.') {
            true => number.trim_end_matches('0').trim_end_matches('.'),
            false => number,
        };
        format!("{number} {unit}").trim_end().to_owned()
    }
}

/// A count with its thousands apart.
pub fn count(value: u64) -> String {
    apart(&value.to_string())
}

/// Three digits, or all those before the point.
fn digits(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size == 0.0 || size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ if size >= 0.0995 => 3,
        _ => 4,
    };
    // Beyond this, digits are only noise.
    if size >= 1e15 {
        return format!("{value:.2e}");
    }
    apart(&format!("{value:.decimals$}"))
}

/// Parts thousands by a thin space that does not break.
fn apart(number: &str) -> String {
    let whole = number.split('.').next().unwrap_or(number).len();
    let mut out = String::with_capacity(number.len() + 4);
    for (place, digit) in number.char_indices() {
        let before = place < whole && place > 0 && !out.ends_with('-');
        if before && (whole - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_the_unit_that_fits() {
        let texts = [
            0.0,
            0.000_000_002,
            0.000_051_3,
            0.012,
            0.9996,
            1.0,
            123.4,
            7200.0,
        ];
        let texts = texts.map(|value| Quantity::Seconds.text(value));
        let expected = [
            "0 s",
            "2.00 ns",
            "51.3 µs",
            "12.0 ms",
            "1.00 s",
            "1.00 s",
            "123 s",
            "7\u{202f}200 s",
        ];
        assert_eq!(texts, expected);
        assert_eq!(Quantity::Seconds.text(-0.002), "-2.00 ms");
    }

    #[test]
    fn ticks_drop_zeros_and_counts_part_thousands() {
        assert_eq!(Quantity::Seconds.tick(0.25), "250 ms");
        assert_eq!(Quantity::Seconds.tick(0.002_5), "2.5 ms");
        assert_eq!(Quantity::Share.tick(0.5), "50 %");
        assert_eq!(Quantity::Number.tick(20.0), "20");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(123), "123");
        assert_eq!(Quantity::Number.text(-123_456.0), "-123\u{202f}456");
        assert_eq!(Quantity::PerSecond.maybe(None), UNKNOWN);
        assert_eq!(Quantity::Number.text(1e300), "1.00e300");
    }
}
