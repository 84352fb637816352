//! A distribution as it was written, map or text, with every parameter under its name; and the
//! checks of all kinds but the empirical one.

use super::defaults::{note_std, note_total_count};
use super::kind::{KINDS, Kind};
use super::text::{self, Argument};
use super::unit::Unit;
use crate::samplers::{Distribution, Shape};
use crate::spec::context::Context;
use crate::spec::error::SpecError;
use crate::spec::fields::{Cursor, Keys};
use crate::spec::quantity::{self, QuantityError};

const KEYS: Keys = Keys {
    known: &[
        "type",
        "distribution",
        "mean",
        "std_dev",
        "variance",
        "skew",
        "exponent",
        "min",
        "max",
        "values",
        "file",
        "total_count",
    ],
    later: &[],
    refused: &[(
        "std",
        "no standard deviation is called so",
        "write `std_dev`",
    )],
};

/// The keys of a map that are parameters of the distribution.
const PARAMETERS: &[&str] = &[
    "mean", "std_dev", "variance", "skew", "exponent", "min", "max", "values", "file",
];

/// Largest skew, either way, and largest exponent.
const MAX_FACTOR: u32 = 1_000_000;

/// One parameter as it was written, and the value it came with.
pub(super) struct Parameter<'a> {
    pub key: &'a str,
    /// Empty for `values`, which is no scalar.
    pub number: &'a str,
    pub cursor: Cursor<'a>,
}

/// A distribution as it was written.
pub struct Written<'a> {
    pub kind: Kind,
    pub cursor: Cursor<'a>,
    pub unit: Unit,
    pub(super) parameters: Vec<Parameter<'a>>,
}

impl<'a> Written<'a> {
    pub fn from_map(
        cursor: Cursor<'a>,
        unit: &Unit,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let passed: &[&str] = if unit.is_length() { &["std"] } else { &[] };
        let fields = cursor.clone().fields_beside(&KEYS, passed)?;
        let kind = match fields.either("type", "distribution")? {
            Some(kind) => kind.choice(&KINDS)?,
            None => Kind::Normal,
        };
        let mut parameters = Vec::new();
        for &key in PARAMETERS {
            if let Some(cursor) = fields.optional(key) {
                let number = match key {
                    "values" => "",
                    _ => cursor.scalar()?,
                };
                parameters.push(Parameter {
                    key,
                    number,
                    cursor,
                });
            }
        }
        let mut written = Self {
            kind,
            parameters,
            cursor,
            unit: *unit,
        };
        note_std(&fields, context);
        written.pass_over_std_dev(context);
        written.refuse_foreign()?;
        written.take_defaults(context);
        note_total_count(&fields, context);
        Ok(written)
    }

    pub fn from_text(text: &'a str, cursor: Cursor<'a>, unit: &Unit) -> Result<Self, SpecError> {
        let malformed = || {
            let what = format!("`{text}` is not a distribution");
            cursor.error(what, format!("write {}", unit.example))
        };
        let call = text::parse(text).ok_or_else(malformed)?;
        let kind = match call.name {
            None => Kind::Fixed,
            Some(name) => KINDS.find(name, &cursor)?,
        };
        let parameters = bind(kind, text, &call.arguments, &cursor)?;
        let written = Self {
            kind,
            parameters,
            cursor,
            unit: *unit,
        };
        written.refuse_foreign()?;
        Ok(written)
    }

    fn refuse_foreign(&self) -> Result<(), SpecError> {
        let name = self.kind.with_article();
        if self.kind.counts() && !self.unit.is_count() {
            let what = format!("{name} distribution counts things, and here nothing is counted");
            return Err(self
                .cursor
                .error(what, format!("write {}", self.unit.example)));
        }
        let known = self.kind.parameters();
        if let Some(foreign) = self.parameters.iter().find(|p| !known.contains(&p.key)) {
            let what = format!("{name} distribution has no `{}`", foreign.key);
            let remedy = format!("remove it, or change the type: {}", self.kind.usage());
            return Err(foreign.cursor.error(what, remedy));
        }
        match (self.find("std_dev"), self.find("variance")) {
            (Some(_), Some(variance)) => {
                let what = "`std_dev` says the same already";
                Err(variance.cursor.error(what, "keep one of the two"))
            }
            _ => Ok(()),
        }
    }

    /// The distribution, if it is not an empirical one.
    pub fn check(&self, context: &mut Context<'_>) -> Result<Distribution, SpecError> {
        let shape = match self.kind {
            Kind::Fixed => return self.check_fixed(context),
            Kind::Uniform => {
                let (min, max) = (self.value("min", None)?, self.value("max", None)?);
                self.check_order(min, max)?;
                return self.build(Shape::Uniform, (min, max), context);
            }
            Kind::Normal => Shape::Normal {
                mean: self.real("mean")?,
                std_dev: self.spread()?,
            },
            Kind::LogNormal => Shape::LogNormal {
                mean: self.real("mean")?,
                std_dev: self.spread()?,
            },
            Kind::SkewNormal => Shape::SkewNormal {
                mean: self.real("mean")?,
                std_dev: self.spread()?,
                skew: self.plain("skew", quantity::signed, "a number, like 2.5 or -1")?,
            },
            Kind::Exponential => Shape::Exponential {
                mean: self.real("mean")?,
            },
            Kind::Poisson => Shape::Poisson {
                mean: self.real("mean")?,
            },
            Kind::Zipf => Shape::Zipf {
                exponent: self.plain("exponent", quantity::real, "a number, like 1.1")?,
            },
            Kind::Empirical => unreachable!("`histogram` reads it"),
        };
        self.check_limited(shape, context)
    }

    /// One value, which `min` and `max` limit if they are written.
    fn check_fixed(&self, context: &mut Context<'_>) -> Result<Distribution, SpecError> {
        let value = self.value("mean", None)?;
        let min = self.value("min", Some(self.unit.min))?;
        let max = self.value("max", Some(self.unit.max))?;
        self.check_order(min, max)?;
        let limited = value.clamp(min, max);
        if limited != value {
            context.note(format!(
                "{} is {}, not {}: `min` and `max` limit it",
                self.cursor.name(),
                self.unit.show(limited),
                self.unit.show(value)
            ));
        }
        Ok(Distribution::fixed(limited))
    }

    /// A shape that is cut to `min..=max`.
    fn check_limited(
        &self,
        shape: Shape,
        context: &mut Context<'_>,
    ) -> Result<Distribution, SpecError> {
        let min = self.value("min", Some(self.unit.min))?;
        let max = self.value("max", Some(self.unit.max))?;
        self.check_order(min, max)?;
        if let Some(mean) = self.find("mean") {
            let value = self.real("mean")?;
            if value < min as f64 || value > max as f64 {
                let (min, max) = (self.shown("min", min), self.shown("max", max));
                let what = format!(
                    "the mean {} is not between min {min} and max {max}",
                    mean.number
                );
                let remedy = "move the mean between them, or the limits around it";
                return Err(mean.cursor.error(what, remedy));
            }
        }
        self.build(shape, (min, max), context)
    }

    fn build(
        &self,
        shape: Shape,
        (min, max): (u64, u64),
        context: &mut Context<'_>,
    ) -> Result<Distribution, SpecError> {
        let built = context.distribution(shape, min, max);
        built.map_err(|error| {
            let remedy = format!("write {}", self.unit.example);
            self.cursor.error(error.to_string(), remedy)
        })
    }

    fn check_order(&self, min: u64, max: u64) -> Result<(), SpecError> {
        if min <= max {
            return Ok(());
        }
        let what = format!(
            "min {} is more than max {}",
            self.shown("min", min),
            self.shown("max", max)
        );
        Err(self.at("min").error(what, "swap the two, or raise max"))
    }

    /// A parameter that is one of the values that can be drawn.
    pub(super) fn value(&self, key: &str, default: Option<u64>) -> Result<u64, SpecError> {
        let parameter = match (self.find(key), default) {
            (Some(parameter), _) => parameter,
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(self.missing(key)),
        };
        let example = match self.unit.is_length() {
            true => format!("a whole number of tokens from 1 to {}", self.unit.max),
            false => self.unit.value_example.to_owned(),
        };
        self.unit
            .value(parameter.number)
            .map_err(|error| parameter.cursor.quantity_error(&error, &example))
    }

    fn real(&self, key: &str) -> Result<f64, SpecError> {
        let parameter = self.find(key).ok_or_else(|| self.missing(key))?;
        self.unit.real(parameter.number).map_err(|error| {
            parameter
                .cursor
                .quantity_error(&error, self.unit.value_example)
        })
    }

    /// The standard deviation, or the root of the variance.
    fn spread(&self) -> Result<f64, SpecError> {
        let Some(variance) = self.find("variance") else {
            return self.real("std_dev");
        };
        let Some(steps) = self.unit.steps_of_one() else {
            let what = "the variance of a duration is a square of seconds, which has no unit here";
            return Err(variance.cursor.error(what, "write `std_dev`, its root"));
        };
        let value = self.plain("variance", quantity::real, "a number, like 100")?;
        Ok(libm::sqrt(value) * steps)
    }

    /// A parameter that is a bare number.
    fn plain(
        &self,
        key: &str,
        read: fn(&str, u32) -> Result<f64, QuantityError>,
        example: &str,
    ) -> Result<f64, SpecError> {
        let parameter = self.find(key).ok_or_else(|| self.missing(key))?;
        let limit = match key {
            "variance" => u32::MAX,
            _ => MAX_FACTOR,
        };
        read(parameter.number, limit)
            .map_err(|error| parameter.cursor.quantity_error(&error, example))
    }

    /// The cursor of a parameter that the histogram reads itself.
    pub fn parameter(&self, key: &str) -> Option<Cursor<'a>> {
        self.find(key).map(|parameter| parameter.cursor.clone())
    }

    pub(super) fn find(&self, key: &str) -> Option<&Parameter<'a>> {
        self.parameters
            .iter()
            .find(|parameter| parameter.key == key)
    }

    /// A limit as it was written, or as it would be.
    fn shown(&self, key: &str, value: u64) -> String {
        let written = self.find(key).map(|found| found.number.to_owned());
        written.unwrap_or_else(|| self.unit.show(value))
    }

    /// The value of `key`, or the whole distribution if it is not written.
    fn at(&self, key: &str) -> &Cursor<'a> {
        self.find(key).map_or(&self.cursor, |found| &found.cursor)
    }

    pub fn missing(&self, key: &str) -> SpecError {
        let name = self.kind.with_article();
        let what = format!("{name} distribution needs `{key}`");
        let remedy = format!(
            "add it; {}. Or write {}",
            self.kind.usage(),
            self.unit.example
        );
        self.cursor.error(what, remedy)
    }
}

/// Gives each argument of the text form its name.
fn bind<'a>(
    kind: Kind,
    text: &str,
    arguments: &[Argument<'a>],
    cursor: &Cursor<'a>,
) -> Result<Vec<Parameter<'a>>, SpecError> {
    let names = &kind.parameters()[..kind.positional()];
    let mut parameters: Vec<Parameter<'a>> = Vec::new();
    for (i, argument) in arguments.iter().enumerate() {
        let Some(key) = argument.key.or(names.get(i).copied()) else {
            let what = format!("`{text}` has too many bare numbers");
            let remedy = format!("{}; write min= and max= by name", kind.usage());
            return Err(cursor.error(what, remedy));
        };
        if parameters.iter().any(|known| known.key == key) {
            let what = format!("`{text}` gives {key} twice");
            return Err(cursor.error(what, "keep one of the two"));
        }
        let (number, cursor) = (argument.number, cursor.clone());
        parameters.push(Parameter {
            key,
            number,
            cursor,
        });
    }
    Ok(parameters)
}
