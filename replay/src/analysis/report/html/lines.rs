//! Charts over the time of a run: rate, schedule lag, requests in flight, and latency.
//!
//! Seconds are merged until few enough are left: counts to their mean a second, percentiles and
//! maxima to the highest of the seconds merged, and the chart says so.

use super::axis::Axis;
use super::chart::{Chart, Curve, Ink, MOST_POINTS, ReadOut, Shape};
use super::number::Quantity;
use crate::analysis::series::Second;

/// Lag below this is drawn there: it is of no account to any server.
const LEAST_LAG_S: f64 = 1e-6;

/// Seconds, merged.
pub struct Timeline<'a> {
    parts: Vec<&'a [Second]>,
    /// Seconds in a part.
    each: usize,
    end_s: f64,
}

/// One curve of a time chart.
struct Line {
    name: &'static str,
    ink: Ink,
    is_filled: bool,
    value: fn(&[Second]) -> Option<f64>,
}

fn line(name: &'static str, ink: Ink, value: fn(&[Second]) -> Option<f64>) -> Line {
    Line {
        name,
        ink,
        is_filled: false,
        value,
    }
}

impl<'a> Timeline<'a> {
    /// Of a run's seconds.
    pub fn of(seconds: &'a [Second]) -> Timeline<'a> {
        let each = seconds.len().div_ceil(MOST_POINTS).max(1);
        Timeline {
            parts: seconds.chunks(each).collect(),
            each,
            end_s: seconds
                .last()
                .map_or(1.0, |second| second.at_s as f64 + 1.0),
        }
    }

    /// Requests due, sent and answered well per second.
    pub fn rate(&self) -> Chart {
        let lines = [
            line("answered", Ink::Second, |part| {
                mean(part, |second| second.ok)
            }),
            line("sent", Ink::First, |part| mean(part, |second| second.sent)),
            line("due", Ink::Asked, |part| mean(part, |second| second.due)),
        ];
        let note = "requests per second, by when they were due, sent and ended well";
        let up = |values: Vec<f64>| Axis::linear(Quantity::PerSecond, values.into_iter());
        self.chart(("rate", "Rate asked and achieved", note), lines.into(), up)
    }

    /// How late requests were sent.
    pub fn lag(&self) -> Chart {
        let lines = [
            line("max", Ink::Third, |part| {
                highest(part, |second| second.lag_max_s)
            }),
            line("p99", Ink::Second, |part| {
                highest(part, |second| second.lag_p99_s)
            }),
            line("p50", Ink::First, |part| {
                highest(part, |second| second.lag_p50_s)
            }),
        ];
        let note = "sent − scheduled, of requests due in each second; below 1 µs drawn there";
        let up = |values: Vec<f64>| Axis::log(Quantity::Seconds, LEAST_LAG_S, values.into_iter());
        self.chart(("lag", "Schedule lag", note), lines.into(), up)
    }

    /// How many requests were in flight.
    pub fn in_flight(&self) -> Chart {
        let lines = [
            line("max", Ink::Third, |part| {
                let most = part.iter().map(|second| second.in_flight_max).max();
                most.map(|most| most as f64)
            }),
            Line {
                is_filled: true,
                ..line("mean", Ink::First, |part| {
                    let sum: f64 = part.iter().map(|second| second.in_flight_mean).sum();
                    Some(sum / part.len() as f64)
                })
            },
        ];
        let note = "requests sent and not ended, within each second";
        let up = |values: Vec<f64>| Axis::linear(Quantity::Number, values.into_iter());
        self.chart(("in-flight", "In flight", note), lines.into(), up)
    }

    /// Latency and time to first token.
    pub fn latency(&self) -> Chart {
        let lines = [
            line("TTFT p99", Ink::Asked, |part| {
                highest(part, |second| second.ttft_p99_s)
            }),
            line("TTFT p50", Ink::Third, |part| {
                highest(part, |second| second.ttft_p50_s)
            }),
            line("latency p99", Ink::Second, |part| {
                highest(part, |second| second.latency_p99_s)
            }),
            line("latency p50", Ink::First, |part| {
                highest(part, |second| second.latency_p50_s)
            }),
        ];
        let note =
            "latency from the scheduled time, by when requests ended; TTFT by when they were sent";
        let up = |values: Vec<f64>| Axis::fitting(Quantity::Seconds, values.into_iter());
        self.chart(("latency", "Latency over time", note), lines.into(), up)
    }

    fn chart(
        &self,
        (id, title, note): (&'static str, &'static str, &str),
        lines: Vec<Line>,
        up: impl Fn(Vec<f64>) -> Axis,
    ) -> Chart {
        let curves: Vec<Curve> = lines.iter().map(|line| self.curve(line)).collect();
        let values = curves.iter().flat_map(|curve| &curve.points);
        let up = up(values.filter_map(|point| point.1).collect());
        let note = match self.each {
            1 => note.to_owned(),
            each => {
                format!("{note}; {each} s to a step: counts as their mean, the rest as the highest")
            }
        };
        Chart {
            id,
            title,
            note,
            across: Axis::tight(Quantity::Seconds, [self.end_s].into_iter()),
            up,
            read_out: Some(self.read_out(&curves, up.quantity)),
            curves,
            marks: Vec::new(),
            shades: self.warm_ups(),
        }
    }

    fn curve(&self, line: &Line) -> Curve {
        let at = |part: &&[Second]| (part[0].at_s as f64, (line.value)(part));
        Curve {
            name: line.name,
            ink: line.ink,
            shape: match line.is_filled {
                true => Shape::Filled(self.end_s),
                false => Shape::Steps(self.end_s),
            },
            points: self.parts.iter().map(at).collect(),
        }
    }

    fn read_out(&self, curves: &[Curve], quantity: Quantity) -> ReadOut {
        let place = |part: &&[Second]| {
            let (from, to) = (part[0].at_s, part[0].at_s + part.len() as u64);
            ((from + to) as f64 / 2.0, format!("{from} s to {to} s"))
        };
        let texts = |curve: &Curve| {
            let values = curve.points.iter();
            (
                curve.name,
                values.map(|point| quantity.maybe(point.1)).collect(),
            )
        };
        ReadOut {
            is_down: false,
            places: self.parts.iter().map(place).collect(),
            texts: curves.iter().rev().map(texts).collect(),
        }
    }

    /// Stretches in which warm-up requests were due.
    fn warm_ups(&self) -> Vec<(f64, f64)> {
        let is_warm = |part: &[Second]| part.iter().any(|second| second.warm_up);
        let runs = self.parts.chunk_by(|a, b| is_warm(a) == is_warm(b));
        let stretch = |parts: &[&[Second]]| {
            let (first, last) = (parts.first()?.first()?, parts.last()?.last()?);
            is_warm(parts[0]).then_some((first.at_s as f64, last.at_s as f64 + 1.0))
        };
        runs.filter_map(stretch).collect()
    }
}

fn mean(part: &[Second], count: fn(&Second) -> u64) -> Option<f64> {
    let sum: u64 = part.iter().map(count).sum();
    Some(sum as f64 / part.len() as f64)
}

fn highest(part: &[Second], value: fn(&Second) -> Option<f64>) -> Option<f64> {
    part.iter().filter_map(value).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at_s: u64) -> Second {
        Second {
            at_s,
            warm_up: at_s < 2,
            due: 10,
            sent: at_s,
            lag_p99_s: (at_s != 3).then_some(at_s as f64),
            ..Second::default()
        }
    }

    #[test]
    fn seconds_are_merged_to_means_and_worst_cases_and_it_is_said() {
        let seconds: Vec<Second> = (0..1500).map(second).collect();
        let timeline = Timeline::of(&seconds);
        let rate = timeline.rate();
        assert_eq!(rate.curves[2].points.len(), 500);
        assert_eq!(rate.curves[1].points[1], (3.0, Some(4.0)));
        assert!(rate.note.contains("3 s to a step"), "{}", rate.note);
        assert_eq!(rate.shades, [(0.0, 3.0)]);
        assert_eq!(timeline.lag().curves[1].points[1], (3.0, Some(5.0)));
    }

    #[test]
    fn a_second_without_a_value_is_a_gap() {
        let seconds: Vec<Second> = (0..6).map(second).collect();
        let lag = Timeline::of(&seconds).lag();
        assert_eq!(lag.curves[1].points[3], (3.0, None));
        assert!(lag.html().matches('M').count() > 2);
        let nothing = Timeline::of(&[]).lag().html();
        assert!(nothing.contains("nothing to show"), "{nothing}");
    }
}
