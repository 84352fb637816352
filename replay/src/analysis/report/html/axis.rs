//! An axis: from where to where, by equal differences or equal factors, and which values are
//! written beside it.
//!
//! Refuses what is not finite: it stands on no axis.

use super::number::Quantity;

/// Most ticks of an axis.
const MOST_TICKS: usize = 8;
/// Steps between ticks, times a power of ten.
const STEPS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];
/// From this ratio of greatest to least on, equal factors show more than equal differences.
const WIDE: f64 = 30.0;

/// A line along which values stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// What its values count.
    pub quantity: Quantity,
    low: f64,
    high: f64,
    step: f64,
    is_log: bool,
}

impl Axis {
    /// By equal differences, from 0 or what is less to the greatest of these values, rounded up to
    /// a whole tick.
    pub fn linear(quantity: Quantity, values: impl Iterator<Item = f64>) -> Axis {
        let axis = Self::tight(quantity, values);
        Axis {
            low: (axis.low / axis.step).floor() * axis.step,
            high: (axis.high / axis.step).ceil() * axis.step,
            ..axis
        }
    }

    /// The same, but ending at the greatest value.
    pub fn tight(quantity: Quantity, values: impl Iterator<Item = f64>) -> Axis {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((0.0, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
        // Beyond this no axis can be told from its own rounding.
        let (low, high) = (low.max(-1e200), high.min(1e200));
        let high = match high - low > 1e-12 {
            true => high,
            false => low + 1.0,
        };
        Axis {
            quantity,
            low,
            high,
            step: step((high - low) / 5.0),
            is_log: false,
        }
    }

    /// By equal factors, over the values from `least` on; smaller ones stand at its beginning.
    pub fn log(quantity: Quantity, least: f64, values: impl Iterator<Item = f64>) -> Axis {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, least), |(low, high), value| {
            (low.min(value.max(least)), high.max(value))
        });
        let low = rounded_down(low.min(high));
        let high = rounded_up(high.min(1e200));
        Axis {
            quantity,
            low,
            high: if high > low * 1.5 { high } else { low * 10.0 },
            step: 0.0,
            is_log: true,
        }
    }

    /// By equal factors if the values are positive and far apart, else by equal differences.
    pub fn fitting(quantity: Quantity, values: impl Iterator<Item = f64> + Clone) -> Axis {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.clone().fold(0.0, f64::max);
        match least > 1e-9 && most / least >= WIDE {
            true => Self::log(quantity, least, values),
            false => Self::linear(quantity, values),
        }
    }

    /// Where a value stands: 0 at the beginning, 1 at the end.
    pub fn place(&self, value: f64) -> f64 {
        let place = match self.is_log {
            true => log10(value.max(self.low) / self.low) / log10(self.high / self.low),
            false => (value - self.low) / (self.high - self.low),
        };
        if place.is_finite() {
            place.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// The value that stands at a place.
    pub fn value(&self, place: f64) -> f64 {
        match self.is_log {
            true => self.low * power(self.high / self.low, place),
            false => self.low + (self.high - self.low) * place,
        }
    }

    /// The values that are written beside it, ascending.
    pub fn ticks(&self) -> Vec<f64> {
        let mut ticks = if self.is_log {
            self.factors()
        } else {
            self.differences()
        };
        while ticks.len() > MOST_TICKS {
            ticks = ticks.into_iter().step_by(2).collect();
        }
        ticks
    }

    fn differences(&self) -> Vec<f64> {
        let first = (self.low / self.step).ceil();
        let at = |place: u32| (first + f64::from(place)) * self.step;
        let most = 4 * MOST_TICKS as u32;
        let beyond = self.high + self.step * 1e-6;
        (0..most)
            .map(at)
            .take_while(|value| *value <= beyond)
            .collect()
    }

    /// Powers of ten, and 2 and 5 times them if there are few.
    fn factors(&self) -> Vec<f64> {
        let within = |value: &f64| *value >= self.low * 0.999 && *value <= self.high * 1.001;
        let mut power = power_below(self.low);
        let (mut powers, mut all) = (Vec::new(), Vec::new());
        while power <= self.high * 1.001 {
            powers.extend(Some(power).filter(within));
            all.extend(
                [1.0, 2.0, 5.0]
                    .map(|by| power * by)
                    .iter()
                    .copied()
                    .filter(within),
            );
            power *= 10.0;
        }
        if powers.len() >= 4 { powers } else { all }
    }
}

/// A round number that is this or more.
fn step(raw: f64) -> f64 {
    let power = power_below(raw);
    let enough = STEPS.iter().find(|by| power * *by >= raw * 0.999);
    power * enough.unwrap_or(&10.0)
}

fn rounded_down(value: f64) -> f64 {
    let power = power_below(value);
    let fits = |by: &&f64| power * *by <= value * 1.000_001;
    power * STEPS.iter().rev().find(fits).unwrap_or(&1.0)
}

fn rounded_up(value: f64) -> f64 {
    let power = power_below(value);
    let fits = |by: &&f64| power * *by >= value * 0.999_999;
    power * STEPS.iter().find(fits).unwrap_or(&10.0)
}

/// The greatest power of ten that is not more than a positive value.
fn power_below(value: f64) -> f64 {
    let exponent = log10(value).floor();
    if exponent.is_finite() {
        power(10.0, exponent)
    } else {
        1.0
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "only places ink; no workload hangs on it"
)]
fn log10(value: f64) -> f64 {
    value.log10()
}

#[expect(
    clippy::disallowed_methods,
    reason = "only places ink; no workload hangs on it"
)]
fn power(base: f64, exponent: f64) -> f64 {
    base.powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&[f64]; 7] = [
        &[],
        &[0.0],
        &[3.0, 3.0],
        &[1e300, -1e300],
        &[f64::NAN, f64::INFINITY, 2.0],
        &[1e-300],
        &[-5.0, -1.0],
    ];

    #[test]
    fn ticks_are_round_and_few_and_values_stand_in_order() {
        let axis = Axis::linear(Quantity::Number, [3.0, 87.0].into_iter());
        assert_eq!(axis.ticks(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(
            (axis.place(0.0), axis.place(50.0), axis.place(100.0)),
            (0.0, 0.5, 1.0)
        );
        let log = Axis::log(Quantity::Seconds, 1e-6, [0.0001, 0.07].into_iter());
        assert_eq!(log.ticks().len(), 4, "{:?}", log.ticks());
        assert!(log.place(0.001) > log.place(0.0009));
    }

    #[test]
    fn a_value_comes_back_from_its_place() {
        for axis in [
            Axis::linear(Quantity::Number, [80.0].into_iter()),
            Axis::log(Quantity::Seconds, 1e-6, [0.002, 3.0].into_iter()),
        ] {
            for place in [0.0, 0.25, 0.8, 1.0] {
                assert!((axis.place(axis.value(place)) - place).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn no_values_break_an_axis() {
        for values in HOSTILE {
            for axis in [
                Axis::linear(Quantity::Seconds, values.iter().copied()),
                Axis::tight(Quantity::Seconds, values.iter().copied()),
                Axis::log(Quantity::Seconds, 1e-6, values.iter().copied()),
                Axis::fitting(Quantity::Seconds, values.iter().copied()),
            ] {
                let ticks = axis.ticks();
                assert!(
                    !ticks.is_empty() && ticks.len() <= MOST_TICKS,
                    "{axis:?} {ticks:?}"
                );
                assert!(ticks.is_sorted(), "{ticks:?}");
                for value in values.iter().chain(&ticks) {
                    assert!(
                        (0.0..=1.0).contains(&axis.place(*value)),
                        "{axis:?} {value}"
                    );
                }
            }
        }
    }
}
