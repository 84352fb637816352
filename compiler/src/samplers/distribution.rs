//! A distribution over integers between two bounds: tokens, nanoseconds, millionths, counts.
//!
//! Bounds are clamps, not a truncation: a value outside is moved to the bound. Refuses
//! parameters without meaning when it is made, so sampling cannot fail.

use std::sync::Arc;

use super::table::Table;
use super::{InvalidDistribution, Shape, WeightedChoice};
use super::{exponential, lognormal, normal, skew_normal, to_units, uniform_inclusive};
use crate::rng::{Stream, Streams};

/// A [`Shape`] with bounds, ready to be sampled. A copy is cheap: tables are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    shape: Shape,
    min: u64,
    max: u64,
    source: Source,
    certain: Option<u64>,
}

/// What the shape needs beside its parameters.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Formula,
    Table(Arc<Table>),
    Items(Arc<WeightedChoice>),
}

impl Distribution {
    /// Checks the parameters and builds the shape's table, if it has one.
    pub fn new(shape: Shape, min: u64, max: u64) -> Result<Self, InvalidDistribution> {
        shape.check(min, max)?;
        let source = match &shape {
            Shape::Poisson { mean } => Source::Table(Arc::new(Table::poisson(*mean))),
            Shape::Zipf { exponent } => Source::Table(Arc::new(Table::zipf(*exponent, min, max))),
            Shape::Empirical(items) => {
                let choice = WeightedChoice::new(items.iter().map(|&(_, weight)| weight));
                Source::Items(Arc::new(choice.ok_or(InvalidDistribution::Weights)?))
            }
            _ => Source::Formula,
        };
        let mut distribution = Self {
            shape,
            min,
            max,
            source,
            certain: None,
        };
        distribution.certain = distribution.find_certain();
        Ok(distribution)
    }

    /// Always `value`.
    pub fn fixed(value: u64) -> Self {
        Self {
            shape: Shape::Fixed(value),
            min: value,
            max: value,
            source: Source::Formula,
            certain: Some(value),
        }
    }

    /// The kind and its parameters, as given.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The smallest and the largest value that may come out.
    pub fn bounds(&self) -> (u64, u64) {
        self.certain
            .map_or((self.min, self.max), |value| (value, value))
    }

    /// The value if it is certain beforehand, in which case no stream is ever made for it.
    pub fn certain(&self) -> Option<u64> {
        self.certain
    }

    fn find_certain(&self) -> Option<u64> {
        if self.min == self.max {
            return Some(self.min);
        }
        match (&self.shape, &self.source) {
            (&Shape::Fixed(value), _) => Some(value.clamp(self.min, self.max)),
            (
                &(Shape::Normal { mean, std_dev }
                | Shape::LogNormal { mean, std_dev }
                | Shape::SkewNormal { mean, std_dev, .. }),
                _,
            ) => (std_dev == 0.0).then(|| to_units(mean, self.min, self.max)),
            (_, Source::Table(table)) => table.choice.certain().map(|item| self.entry(table, item)),
            (Shape::Empirical(items), Source::Items(choice)) => {
                choice.certain().map(|item| self.item(items, item))
            }
            _ => None,
        }
    }

    fn entry(&self, table: &Table, item: usize) -> u64 {
        table.value(item).clamp(self.min, self.max)
    }

    fn item(&self, items: &[(u64, u64)], item: usize) -> u64 {
        items[item].0.clamp(self.min, self.max)
    }

    /// The values that a draw chooses from before clamping, each with its weight; empty where a
    /// formula decides.
    pub fn weights(&self) -> Vec<(u64, u64)> {
        match (&self.shape, &self.source) {
            (_, Source::Table(table)) => (table.first..).zip(table.choice.weights()).collect(),
            (Shape::Empirical(items), _) => items.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The mean before rounding and clamping.
    pub fn mean(&self) -> f64 {
        match (&self.shape, &self.source) {
            (&Shape::Fixed(value), _) => value as f64,
            (Shape::Uniform, _) => (self.min as f64 + self.max as f64) / 2.0,
            (
                &(Shape::Normal { mean, .. }
                | Shape::LogNormal { mean, .. }
                | Shape::SkewNormal { mean, .. }
                | Shape::Exponential { mean }
                | Shape::Poisson { mean }),
                _,
            ) => mean,
            (Shape::Zipf { .. } | Shape::Empirical(_), _) => weighted_mean(&self.weights()),
        }
    }

    /// The value of item `index`: from that one stream, or from none.
    pub fn sample(&self, streams: &Streams, index: u64) -> u64 {
        self.sample_with(|| streams.stream(index))
    }

    /// The same from a stream that is only made if there is something to draw.
    pub fn sample_with(&self, stream: impl FnOnce() -> Stream) -> u64 {
        match self.certain {
            Some(value) => value,
            None => self.draw(&mut stream()),
        }
    }

    /// The same from wherever this stream has got to.
    pub fn sample_from(&self, stream: &mut Stream) -> u64 {
        self.certain.unwrap_or_else(|| self.draw(stream))
    }

    fn draw(&self, stream: &mut Stream) -> u64 {
        let value = match (&self.shape, &self.source) {
            (Shape::Uniform, _) => return uniform_inclusive(stream, self.min, self.max),
            (_, Source::Table(table)) => return self.entry(table, table.choice.choose(stream)),
            (Shape::Empirical(items), Source::Items(choice)) => {
                return self.item(items, choice.choose(stream));
            }
            (&Shape::Normal { mean, std_dev }, _) => normal(stream, mean, std_dev),
            (&Shape::LogNormal { mean, std_dev }, _) => lognormal(stream, mean, std_dev),
            (
                &Shape::SkewNormal {
                    mean,
                    std_dev,
                    skew,
                },
                _,
            ) => skew_normal(stream, mean, std_dev, skew),
            (&Shape::Exponential { mean }, _) => mean * exponential(stream),
            (shape, _) => unreachable!("{shape:?} is certain or has a table"),
        };
        to_units(value, self.min, self.max)
    }
}

fn weighted_mean(items: &[(u64, u64)]) -> f64 {
    let sum = |term: fn(&(u64, u64)) -> f64| items.iter().map(term).sum::<f64>();
    sum(|&(value, weight)| value as f64 * weight as f64) / sum(|&(_, weight)| weight as f64)
}
