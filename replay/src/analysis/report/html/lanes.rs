//! Swim lanes: when each of a sample of requests waited, was answered and ended.
//!
//! A request takes the first lane that is free, so the picture is as high as requests were in
//! flight. Shows at most [`MOST`] requests, evenly by index, and says how many there are.

use super::axis::Axis;
use super::number::{Quantity, count};
use crate::analysis::row::Row;
use crate::analysis::run_data::RunData;
use schemas::records::Outcome;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;

/// Most requests that are shown.
pub const MOST: usize = 2_000;
/// Width and height of the picture in units of the drawing.
const WIDTH: f64 = 1190.0;
const MOST_HEIGHT: f64 = 420.0;
/// Height of a lane when there are few.
const LANE: f64 = 14.0;
/// Parts of the time axis that are written below.
const TICKS: u32 = 8;

/// What a stretch of a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Late,
    Waiting,
    Output,
    Failed,
    Cancelled,
}

/// Every part, its class in the style and its name.
const PARTS: [(Part, &str, &str); 5] = [
    (Part::Late, "late", "due, not yet sent"),
    (Part::Waiting, "waiting", "sent, no output yet"),
    (Part::Output, "output", "first output to end"),
    (Part::Failed, "failed", "failed or timed out"),
    (Part::Cancelled, "cancelled", "abandoned as asked"),
];

/// One request in its lane; times in s.
struct Bar<'a> {
    row: &'a Row,
    lane: usize,
    due_s: f64,
    sent_s: f64,
    first_s: Option<f64>,
    end_s: f64,
}

/// The figure as HTML, and what the page's script needs to enlarge it and to name requests.
pub fn html(data: &RunData) -> (String, Value) {
    let sent: Vec<&Row> = data.rows.iter().filter(|row| is_drawn(row)).collect();
    let every = sent.len().div_ceil(MOST).max(1);
    let (bars, lanes) = lay(sent.iter().step_by(every).copied());
    let end_s = bars.iter().map(|bar| bar.end_s).fold(0.0, f64::max);
    let axis = Axis::tight(Quantity::Seconds, [end_s].into_iter());
    let picture = Picture {
        end_s: axis.value(1.0),
        lane: (MOST_HEIGHT / lanes.max(1) as f64).min(LANE),
        lanes: lanes.max(1),
    };
    let note = format!(
        "{} of {} requests shown{}; each takes the first free lane. Drag to enlarge a stretch of time, double-click to see all again.",
        count(bars.len() as u64),
        count(sent.len() as u64),
        if every > 1 {
            format!(", every {every}th by index")
        } else {
            String::new()
        },
    );
    (picture.html(&bars, &note), picture.data(data, &bars))
}

/// Whether it has a beginning and an end.
fn is_drawn(row: &Row) -> bool {
    row.is_sent() && row.times().end_ns.is_some()
}

/// Gives each request the first lane that is free when it is due; also the number of lanes.
fn lay<'a>(rows: impl Iterator<Item = &'a Row>) -> (Vec<Bar<'a>>, usize) {
    let mut bars: Vec<Bar<'a>> = rows.filter_map(bar).collect();
    bars.sort_by(|a, b| a.begin_s().total_cmp(&b.begin_s()));
    let mut free: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
    // Ends in ns and lanes of those that are in one.
    let mut busy: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut lanes = 0;
    for bar in &mut bars {
        let begin_ns = (bar.begin_s() * 1e9) as u64;
        while let Some(Reverse((_, lane))) = busy.peek().filter(|next| next.0.0 <= begin_ns) {
            free.push(Reverse(*lane));
            busy.pop();
        }
        bar.lane = free.pop().map_or(lanes, |lane| lane.0);
        lanes = lanes.max(bar.lane + 1);
        busy.push(Reverse((bar.row.end_ns, bar.lane)));
    }
    (bars, lanes)
}

fn bar(row: &Row) -> Option<Bar<'_>> {
    let times = row.times();
    let seconds = |ns: u64| ns as f64 / 1e9;
    let sent_s = seconds(times.sent_ns?);
    Some(Bar {
        row,
        lane: 0,
        due_s: times.scheduled_ns.map_or(sent_s, seconds),
        sent_s,
        first_s: times.first_token_ns.map(seconds),
        end_s: seconds(times.end_ns?),
    })
}

impl Bar<'_> {
    fn begin_s(&self) -> f64 {
        self.due_s.min(self.sent_s)
    }

    /// The stretches of its lane.
    fn parts(&self) -> Vec<(Part, f64, f64)> {
        let mut parts = Vec::new();
        if self.due_s < self.sent_s {
            parts.push((Part::Late, self.due_s, self.sent_s));
        }
        let output_from = self.first_s.unwrap_or(self.end_s);
        match Outcome::from_number(self.row.outcome) {
            Some(Outcome::Ok) => {
                parts.push((Part::Waiting, self.sent_s, output_from));
                parts.push((Part::Output, output_from, self.end_s));
            }
            Some(Outcome::Cancelled) => parts.push((Part::Cancelled, self.sent_s, self.end_s)),
            _ => parts.push((Part::Failed, self.sent_s, self.end_s)),
        }
        parts
    }
}

struct Picture {
    end_s: f64,
    lane: f64,
    lanes: usize,
}

impl Picture {
    fn height(&self) -> f64 {
        self.lane * self.lanes as f64
    }

    fn x(&self, seconds: f64) -> f64 {
        seconds / self.end_s * WIDTH
    }

    fn html(&self, bars: &[Bar<'_>], note: &str) -> String {
        let height = self.height();
        let mut out = String::from(
            "<figure id=\"lanes\" class=\"card\"><figcaption><h3>Requests</h3><ul class=\"legend boxes\">",
        );
        for (_, class, name) in PARTS {
            let _ = write!(out, "<li class=\"{class}\">{name}</li>");
        }
        let _ = write!(out, "</ul><p>{note}</p></figcaption>");
        if bars.is_empty() {
            out.push_str("<p class=\"nothing\">nothing to show</p></figure>");
            return out;
        }
        let _ = write!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" style=\"height:{height:.0}px\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Requests\">"
        );
        for (part, class, _) in PARTS {
            let _ = write!(
                out,
                "<path class=\"{class}\" d=\"{}\"/>",
                self.path(bars, part)
            );
        }
        out.push_str("</svg><p class=\"ticks\">");
        for tick in 0..=TICKS {
            let at_s = self.end_s * f64::from(tick) / f64::from(TICKS);
            let _ = write!(out, "<span>{at_s:.2} s</span>");
        }
        out.push_str("</p></figure>\n");
        out
    }

    /// The rectangles of one kind.
    fn path(&self, bars: &[Bar<'_>], kind: Part) -> String {
        let mut path = String::new();
        let gap = if self.lane > 3.0 { 1.0 } else { 0.0 };
        for bar in bars {
            let parts = bar.parts().into_iter();
            for (_, from, to) in parts.filter(|(part, ..)| *part == kind) {
                let (x, width) = (self.x(from), self.x(to) - self.x(from));
                let (y, height) = (bar.lane as f64 * self.lane, self.lane - gap);
                let _ = write!(path, "M{x:.2} {y:.1}h{width:.2}v{height:.1}h-{width:.2}z");
            }
        }
        path
    }

    fn data(&self, data: &RunData, bars: &[Bar<'_>]) -> Value {
        let rows: Vec<Value> = bars.iter().map(|bar| self.row(data, bar)).collect();
        json!({ "end": self.end_s, "lanes": self.lanes, "rows": rows })
    }

    /// Lane, beginning and end in s, and what is said of it.
    fn row(&self, data: &RunData, bar: &Bar<'_>) -> Value {
        let micros = |seconds: f64| (seconds * 1e6).round() / 1e6;
        let row = bar.row;
        let outcome = Outcome::from_number(row.outcome).map_or("?", Outcome::name);
        let mut said = format!(
            "request {}, {outcome}\ndue {:.3} s, sent {} after\n",
            row.index,
            bar.due_s,
            Quantity::Seconds.text(bar.sent_s - bar.due_s),
        );
        if let Some(first_s) = bar.first_s {
            let _ = writeln!(
                said,
                "TTFT {}",
                Quantity::Seconds.text(first_s - bar.sent_s)
            );
        }
        let took = Quantity::Seconds.text(bar.end_s - bar.sent_s);
        let _ = write!(said, "took {took}");
        if let Some(class) = row.class() {
            let _ = write!(said, ", {}", class.name());
        }
        if let Some(adapter) = data.string(row.adapter) {
            let _ = write!(said, "\nadapter {adapter}");
        }
        json!([bar.lane, micros(bar.begin_s()), micros(bar.end_s), said])
    }
}
