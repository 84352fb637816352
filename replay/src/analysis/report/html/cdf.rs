//! Cumulative distributions: which share of the requests took at most so long.

use super::axis::Axis;
use super::chart::{Chart, Curve, Ink, ReadOut, Shape};
use super::number::Quantity;

/// Shares at which a curve has a point: every 250th, and the tail more finely.
const PARTS: usize = 250;
/// Shares within the last part.
const TAIL: [f64; 3] = [0.997, 0.998, 0.999];

/// The chart of several distributions, each by its name and sorted samples in ns.
pub fn chart(samples: &[(&'static str, Ink, Vec<i64>)], note: &str) -> Chart {
    let shares = shares();
    let curves: Vec<Curve> = samples
        .iter()
        .filter(|(.., sorted)| !sorted.is_empty())
        .map(|(name, ink, sorted)| curve(name, *ink, sorted, &shares))
        .collect();
    let values = curves.iter().flat_map(|curve| &curve.points);
    let across = Axis::fitting(Quantity::Seconds, values.map(|point| point.0));
    Chart {
        id: "latency-cdf",
        title: "Latency, cumulative",
        note: note.to_owned(),
        across,
        up: Axis::tight(Quantity::Share, [1.0].into_iter()),
        read_out: Some(read_out(&curves, &shares)),
        curves,
        marks: Vec::new(),
        shades: Vec::new(),
    }
}

fn shares() -> Vec<f64> {
    let even = (0..PARTS).map(|part| part as f64 / PARTS as f64);
    even.chain(TAIL).chain([1.0]).collect()
}

/// Of `n` samples, share `p` stands at position `(n - 1) p`, rounded to a sample.
fn curve(name: &'static str, ink: Ink, sorted_ns: &[i64], shares: &[f64]) -> Curve {
    let last = sorted_ns.len() - 1;
    let at = |share: f64| sorted_ns[(last as f64 * share).round() as usize] as f64 / 1e9;
    Curve {
        name,
        ink,
        shape: Shape::Line,
        points: shares
            .iter()
            .map(|share| (at(*share), Some(*share)))
            .collect(),
    }
}

fn read_out(curves: &[Curve], shares: &[f64]) -> ReadOut {
    let place = |share: &f64| {
        (
            *share,
            format!("{} % took at most", (share * 1000.0).round() / 10.0),
        )
    };
    let texts = |curve: &Curve| {
        let values = curve.points.iter();
        (
            curve.name,
            values
                .map(|point| Quantity::Seconds.text(point.0))
                .collect(),
        )
    };
    ReadOut {
        is_down: true,
        places: shares.iter().map(place).collect(),
        texts: curves.iter().rev().map(texts).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_the_least_to_the_greatest_sample() {
        let sorted: Vec<i64> = (0..=1000).map(|ms| ms * 1_000_000).collect();
        let chart = chart(&[("sent", Ink::First, sorted)], "");
        let points = &chart.curves[0].points;
        assert_eq!(points[0], (0.0, Some(0.0)));
        assert_eq!(points[PARTS / 2], (0.5, Some(0.5)));
        assert_eq!(points.last(), Some(&(1.0, Some(1.0))));
        assert!(points.len() <= 300);
    }

    #[test]
    fn no_samples_and_one_are_drawn_for_what_they_are() {
        assert!(
            chart(&[("sent", Ink::First, vec![])], "")
                .html()
                .contains("nothing to show")
        );
        let one = chart(&[("sent", Ink::First, vec![5])], "").html();
        assert!(!one.contains("NaN") && !one.contains("inf"), "{one}");
    }
}
