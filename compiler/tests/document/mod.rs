//! The tables of `schemas/RANDOMNESS.md`, parsed, and the words that they are written in.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fmt::{Debug, Write as _};

use compiler::rng::{Component, Seed, Stream, Streams};
use compiler::samplers::{Distribution, Shape};

const DOCUMENT: &str = include_str!("../../../schemas/RANDOMNESS.md");
/// The seed of all vectors but the keys.
pub const SEED: Seed = Seed(42);

pub type Row = Vec<String>;

/// The body rows of the first table under a heading.
pub fn table(heading: &str) -> Vec<Row> {
    let mut lines = DOCUMENT
        .lines()
        .skip_while(|line| line.trim_start_matches('#') != heading);
    assert!(
        lines.next().is_some(),
        "no heading {heading:?} in RANDOMNESS.md"
    );
    let rows: Vec<Row> = lines
        .take_while(|line| !line.starts_with('#'))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(cell).collect())
        .collect();
    assert!(!rows.is_empty(), "no table under {heading:?}");
    rows
}

pub fn cell(text: &str) -> String {
    text.trim().trim_matches('`').to_owned()
}

/// Recomputes each row from its first `inputs` cells and reports all that differ at once.
pub fn check(heading: &str, inputs: usize, compute: impl Fn(&[String]) -> Row) {
    let mut wrong = String::new();
    for row in table(heading) {
        let computed = compute(&row[..inputs]);
        if row[inputs..] != computed[..] {
            let printed = row.join(" | ");
            let line = [&row[..inputs], &computed[..]].concat().join(" | ");
            writeln!(wrong, "document: {printed}\n    code: {line}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{heading}\n{wrong}");
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn list<T: Debug>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("{item:?}")).collect();
    items.join(", ")
}

pub fn component(identifier: &str) -> Component {
    let named = |component: &Component| component.identifier() == identifier;
    Component::ALL
        .into_iter()
        .find(named)
        .unwrap_or_else(|| panic!("{identifier} unregistered"))
}

pub fn stream(identifier: &str, index: &str) -> Stream {
    Streams::new(SEED, component(identifier)).stream(index.parse().unwrap())
}

/// Splits `name(1, 2)` into the name and its arguments.
pub fn call(text: &str) -> (&str, Vec<&str>) {
    let (name, rest) = text.split_once('(').unwrap();
    let inside = rest.trim_end_matches(')');
    (
        name,
        inside
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect(),
    )
}

pub fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// A distribution as the document writes it; its last two arguments are the bounds.
pub fn distribution(text: &str) -> Distribution {
    let (name, args) = call(text);
    let float = |i: usize| number::<f64>(args[i]);
    let shape = match name {
        "fixed" => return Distribution::fixed(number(args[0])),
        "uniform" => Shape::Uniform,
        "normal" => Shape::Normal {
            mean: float(0),
            std_dev: float(1),
        },
        "lognormal" => Shape::LogNormal {
            mean: float(0),
            std_dev: float(1),
        },
        "skew_normal" => Shape::SkewNormal {
            mean: float(0),
            std_dev: float(1),
            skew: float(2),
        },
        "exponential" => Shape::Exponential { mean: float(0) },
        "poisson" => Shape::Poisson { mean: float(0) },
        "zipf" => Shape::Zipf { exponent: float(0) },
        "empirical" => {
            let items = args[..args.len() - 2].iter();
            let item = |text: &&str| text.split_once(':').map(|(v, w)| (number(v), number(w)));
            Shape::Empirical(items.map(|text| item(text).unwrap()).collect())
        }
        other => panic!("no distribution {other}"),
    };
    let [.., min, max] = args[..] else {
        panic!("no bounds in {text}")
    };
    Distribution::new(shape, number(min), number(max)).unwrap()
}
