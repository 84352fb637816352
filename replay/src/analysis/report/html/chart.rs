//! A chart as an SVG that needs no script: axes, curves, and what is said of it above.
//!
//! Colours are classes, so that the page's style decides them by day and by night. What a pointer
//! reads off is handed to the page beside it, as text. Refuses to draw a value that is not there:
//! the curve has a gap.

use super::axis::Axis;
use super::escape::Escaped;
use serde_json::{Value, json};
use std::fmt::Write;

/// Most points of a curve.
pub const MOST_POINTS: usize = 600;

/// Room for what stands beside the axes, in the units of the drawing.
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;
/// Size of every chart: two stand in a row.
const WIDTH: f64 = 580.0;
const HEIGHT: f64 = 216.0;

/// The colour of a curve, as the style names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What is asked for or stands for an ideal: grey and broken.
    Asked,
    /// The curve to look at first.
    First,
    /// The next.
    Second,
    /// The third.
    Third,
}

impl Ink {
    fn class(self) -> &'static str {
        match self {
            Ink::Asked => "asked",
            Ink::First => "first",
            Ink::Second => "second",
            Ink::Third => "third",
        }
    }
}

/// How a curve goes from point to point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Each value holds until the next point; the last until here.
    Steps(f64),
    /// The same, filled down to the axis.
    Filled(f64),
    /// Straight from point to point.
    Line,
    /// The same, with a dot at each.
    Dots,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// As the legend has it.
    pub name: &'static str,
    /// Its colour.
    pub ink: Ink,
    /// How it goes.
    pub shape: Shape,
    /// Ascending by the first number.
    pub points: Vec<(f64, Option<f64>)>,
}

/// A place on the horizontal axis that is pointed out.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where.
    pub at: f64,
    /// What it is.
    pub label: String,
}

/// What a pointer reads off: at places along one axis, a text for each curve.
#[derive(Clone, Debug)]
pub struct ReadOut {
    /// Down the vertical axis instead of along the horizontal one.
    pub is_down: bool,
    /// Value on that axis, and what stands above the texts there.
    pub places: Vec<(f64, String)>,
    /// For each name, as many texts as there are places.
    pub texts: Vec<(&'static str, Vec<String>)>,
}

/// A chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Its id in the page.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The same more precisely: units, populations, what was merged.
    pub note: String,
    /// The horizontal axis.
    pub across: Axis,
    /// The vertical axis.
    pub up: Axis,
    /// Its curves; the first lies lowest.
    pub curves: Vec<Curve>,
    /// Places that are pointed out.
    pub marks: Vec<Mark>,
    /// Stretches of the horizontal axis with another ground.
    pub shades: Vec<(f64, f64)>,
    /// What a pointer reads off.
    pub read_out: Option<ReadOut>,
}

impl Chart {
    /// The figure as HTML.
    pub fn html(&self) -> String {
        let mut out = String::new();
        let (id, title) = (self.id, self.title);
        let _ = write!(
            out,
            "<figure id=\"{id}\" class=\"card\"><figcaption><h3>{title}</h3>"
        );
        if self.curves.len() > 1 {
            out.push_str("<ul class=\"legend\">");
            for curve in self.curves.iter().rev() {
                let (class, name) = (curve.ink.class(), Escaped(curve.name));
                let _ = write!(out, "<li class=\"{class}\">{name}</li>");
            }
            out.push_str("</ul>");
        }
        let _ = write!(out, "<p>{}</p></figcaption>", Escaped(&self.note));
        let is_empty = |curve: &Curve| curve.points.iter().all(|point| point.1.is_none());
        match self.curves.iter().all(is_empty) {
            true => out.push_str("<p class=\"nothing\">nothing to show</p>"),
            false => out.push_str(&self.svg()),
        }
        out.push_str("</figure>\n");
        out
    }

    fn svg(&self) -> String {
        let (width, title) = (WIDTH, self.title);
        let mut out =
            format!("<svg viewBox=\"0 0 {width} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">");
        let (top, height) = (TOP, HEIGHT - TOP - BOTTOM);
        for (from, to) in &self.shades {
            let (x, end) = (self.x(*from), self.x(*to));
            let width = (end - x).max(1.0);
            let _ = write!(
                out,
                "<rect class=\"shade\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{height}\"/>"
            );
        }
        self.draw_axes(&mut out);
        for curve in &self.curves {
            self.draw(curve, &mut out);
        }
        for (line, mark) in self.marks.iter().enumerate() {
            self.draw_mark(mark, line, &mut out);
        }
        out.push_str("</svg>");
        out
    }

    fn draw_axes(&self, out: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in self.up.ticks() {
            let (y, text) = (self.y(tick), self.up.quantity.tick(tick));
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" class=\"left\">{text}</text>",
                LEFT - 7.0,
                y + 4.0
            );
        }
        let _ = write!(out, "<path class=\"axis\" d=\"M{LEFT} {bottom}H{right}\"/>");
        for tick in self.across.ticks() {
            let (x, text) = (self.x(tick), self.across.quantity.tick(tick));
            // A text at the very end would be cut off.
            let class = if x > right - 16.0 { "end" } else { "below" };
            let x_text = if x > right - 16.0 { WIDTH - 2.0 } else { x };
            let _ = write!(
                out,
                "<path class=\"axis\" d=\"M{x:.1} {bottom}v4\"/>\
                 <text x=\"{x_text:.1}\" y=\"{:.0}\" class=\"{class}\">{text}</text>",
                bottom + 18.0
            );
        }
    }

    fn draw(&self, curve: &Curve, out: &mut String) {
        let class = curve.ink.class();
        let (outline, ground) = match curve.shape {
            Shape::Steps(end) => (self.steps(&curve.points, end, None), String::new()),
            Shape::Filled(end) => {
                let bottom = HEIGHT - BOTTOM;
                let ground = self.steps(&curve.points, end, Some(bottom));
                (self.steps(&curve.points, end, None), ground)
            }
            Shape::Line | Shape::Dots => (self.line(&curve.points), String::new()),
        };
        if !ground.is_empty() {
            let _ = write!(out, "<path class=\"ground {class}\" d=\"{ground}\"/>");
        }
        let _ = write!(out, "<path class=\"curve {class}\" d=\"{outline}\"/>");
        if curve.shape == Shape::Dots {
            for (x, y) in known(&curve.points) {
                let (x, y) = (self.x(x), self.y(y));
                let _ = write!(
                    out,
                    "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
                );
            }
        }
    }

    /// A path through steps; closed down to `bottom` if there is one.
    fn steps(&self, points: &[(f64, Option<f64>)], end: f64, bottom: Option<f64>) -> String {
        let mut path = String::new();
        let mut is_down = false;
        for (place, (x, y)) in points.iter().enumerate() {
            let next = points.get(place + 1);
            let (from, to) = (self.x(*x), self.x(next.map_or(end, |next| next.0)));
            let Some(y) = y.map(|y| self.y(y)) else {
                is_down = false;
                continue;
            };
            let _ = match (is_down, bottom) {
                (true, _) => write!(path, "V{y:.1}H{to:.1}"),
                (false, None) => write!(path, "M{from:.1} {y:.1}H{to:.1}"),
                (false, Some(bottom)) => write!(path, "M{from:.1} {bottom}V{y:.1}H{to:.1}"),
            };
            is_down = true;
            let goes_on = next.is_some_and(|next| next.1.is_some());
            if let Some(bottom) = bottom.filter(|_| !goes_on) {
                let _ = write!(path, "V{bottom}Z");
                is_down = false;
            }
        }
        path
    }

    fn line(&self, points: &[(f64, Option<f64>)]) -> String {
        let mut path = String::new();
        let mut is_down = false;
        for (x, y) in points {
            if let Some(y) = y {
                let pen = if is_down { 'L' } else { 'M' };
                let _ = write!(path, "{pen}{:.1} {:.1}", self.x(*x), self.y(*y));
            }
            is_down = y.is_some();
        }
        path
    }

    /// The text of each stands a line lower than the one before.
    fn draw_mark(&self, mark: &Mark, line: usize, out: &mut String) {
        let (x, bottom) = (self.x(mark.at), HEIGHT - BOTTOM);
        let is_right = x > WIDTH / 2.0;
        let (class, x_text) = if is_right {
            ("left", x - 6.0)
        } else {
            ("right", x + 6.0)
        };
        let _ = write!(
            out,
            "<path class=\"mark\" d=\"M{x:.1} {TOP}V{bottom}\"/>\
             <text x=\"{x_text:.1}\" y=\"{:.0}\" class=\"mark {class}\">{}</text>",
            TOP + 11.0 + 15.0 * line as f64,
            Escaped(&mark.label)
        );
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.across.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - self.up.place(value)) * (HEIGHT - TOP - BOTTOM)
    }

    /// What the page's script needs to let a pointer read the chart off.
    pub fn hover(&self) -> Option<Value> {
        let read_out = self.read_out.as_ref()?;
        let tenths = |units: f64| (units * 10.0).round() / 10.0;
        let at = |value: f64| match read_out.is_down {
            true => tenths(self.y(value)),
            false => tenths(self.x(value)),
        };
        let places = read_out.places.iter();
        let (at, heads): (Vec<f64>, Vec<&String>) =
            places.map(|(value, head)| (at(*value), head)).unzip();
        Some(json!({
            "id": self.id,
            "down": read_out.is_down,
            "at": at,
            "heads": heads,
            "rows": read_out.texts,
            "box": [LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM],
        }))
    }
}

fn known(points: &[(f64, Option<f64>)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    points.iter().filter_map(|(x, y)| Some((*x, (*y)?)))
}
