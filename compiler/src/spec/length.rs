//! Token lengths: a distribution written as a map or as text, to a [`LengthSpec`]
//! in which every value makes sense.
//!
//! Refuses a parameter that the kind of distribution does not have: it would be
//! ignored, and somebody meant something by it.

use super::distribution::{self, Argument};
use super::error::SpecError;
use super::fields::{Choices, Cursor, Keys, REMOVE};
use super::node::Value;
use super::quantity::{self, QuantityError};

/// Most tokens that a spec can ask for in one prompt or answer; the default `max`.
pub const MAX_LENGTH_TOKENS: u32 = 1_048_576;
/// The default `min`: a server rejects an empty prompt and an empty answer.
pub const MIN_LENGTH_TOKENS: u32 = 1;

/// How many tokens a prompt or an answer has.
///
/// `mean` and `std_dev` are those of the lengths themselves, in tokens, before a
/// draw is rounded and limited to `min..=max`; for a log-normal distribution too,
/// as in inference-perf, not those of the logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LengthSpec {
    /// Always the same; nothing is drawn.
    Fixed { tokens: u32 },
    /// Every length from `min` to `max` equally likely, both included.
    Uniform { min: u32, max: u32 },
    /// Gaussian; `min <= mean <= max`, `std_dev >= 0`.
    Normal {
        mean: f64,
        std_dev: f64,
        min: u32,
        max: u32,
    },
    /// Log-normal; `min <= mean <= max`, `std_dev >= 0`.
    LogNormal {
        mean: f64,
        std_dev: f64,
        min: u32,
        max: u32,
    },
}

/// What a length looks like, for messages.
const EXAMPLE: &str = "a number of tokens, fixed(128), uniform(16, 4096), normal(512, 256) or \
     lognormal(512, 256, min=16, max=4096)";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fixed,
    Uniform,
    Normal,
    LogNormal,
}

const KINDS: Choices<Kind> = Choices {
    known: &[
        ("fixed", Kind::Fixed),
        ("uniform", Kind::Uniform),
        ("normal", Kind::Normal),
        ("lognormal", Kind::LogNormal),
    ],
    later: &[
        "poisson",
        "skew_normal",
        "gamma",
        "weibull",
        "zipf",
        "exponential",
        "empirical",
    ],
};

const KEYS: Keys = Keys {
    known: &["type", "mean", "std_dev", "min", "max"],
    later: &[
        (
            "total_count",
            "remove it: every request draws a length of its own",
        ),
        ("skew", REMOVE),
        ("variance", "write `std_dev`, its square root"),
    ],
};

/// One parameter as it was written, and the value it came with.
struct Parameter<'a> {
    key: &'a str,
    number: &'a str,
    cursor: Cursor<'a>,
}

/// A distribution as it was written.
struct Written<'a> {
    kind: Kind,
    parameters: Vec<Parameter<'a>>,
    cursor: Cursor<'a>,
}

impl LengthSpec {
    /// inference-perf's default, for a spec without `data`.
    pub const DEFAULT: Self = Self::Normal {
        mean: 512.0,
        std_dev: 200.0,
        min: 10,
        max: 1024,
    };

    pub(super) fn read(cursor: Cursor<'_>) -> Result<Self, SpecError> {
        let written = match &cursor.node.value {
            Value::Map(_) => Written::from_map(cursor)?,
            Value::Text(text) | Value::Number(text) => Written::from_text(text, cursor)?,
            _ => {
                let what = format!("expected a distribution, found {}", cursor.node.kind());
                return Err(cursor.error(what, format!("write {EXAMPLE}")));
            }
        };
        written.check()
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Uniform => "uniform",
            Self::Normal => "normal",
            Self::LogNormal => "lognormal",
        }
    }

    /// The parameters it has, in the order of the text form.
    const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Fixed => &["mean"],
            Self::Uniform => &["min", "max"],
            Self::Normal | Self::LogNormal => &["mean", "std_dev", "min", "max"],
        }
    }

    /// How many of them the text form takes without a name.
    const fn positional(self) -> usize {
        match self {
            Self::Fixed => 1,
            Self::Uniform | Self::Normal | Self::LogNormal => 2,
        }
    }

    fn usage(self) -> String {
        format!("`{}` has {}", self.name(), self.parameters().join(", "))
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

impl<'a> Written<'a> {
    fn from_map(cursor: Cursor<'a>) -> Result<Self, SpecError> {
        let fields = cursor.clone().fields(&KEYS)?;
        let kind = match fields.optional("type") {
            Some(kind) => kind.choice(&KINDS)?,
            None => Kind::Normal,
        };
        let mut parameters = Vec::new();
        for &key in KEYS.known.iter().filter(|key| **key != "type") {
            if let Some(cursor) = fields.optional(key) {
                let number = cursor.scalar()?;
                parameters.push(Parameter {
                    key,
                    number,
                    cursor,
                });
            }
        }
        let written = Self {
            kind,
            parameters,
            cursor,
        };
        written.refuse_foreign()?;
        Ok(written)
    }

    fn from_text(text: &'a str, cursor: Cursor<'a>) -> Result<Self, SpecError> {
        let malformed = || {
            let what = format!("`{text}` is not a distribution");
            cursor.error(what, format!("write {EXAMPLE}"))
        };
        let call = distribution::parse(text).ok_or_else(malformed)?;
        let kind = match call.name {
            None => Kind::Fixed,
            Some(name) => KINDS.find(name, &cursor)?,
        };
        let parameters = bind(kind, text, &call.arguments, &cursor)?;
        let written = Self {
            kind,
            parameters,
            cursor,
        };
        written.refuse_foreign()?;
        Ok(written)
    }

    fn refuse_foreign(&self) -> Result<(), SpecError> {
        let known = self.kind.parameters();
        match self.parameters.iter().find(|p| !known.contains(&p.key)) {
            None => Ok(()),
            Some(foreign) => {
                let name = self.kind.name();
                let what = format!("a {name} distribution has no `{}`", foreign.key);
                let remedy = format!("remove it, or change the type: {}", self.kind.usage());
                Err(foreign.cursor.error(what, remedy))
            }
        }
    }

    fn check(&self) -> Result<LengthSpec, SpecError> {
        match self.kind {
            Kind::Fixed => self
                .tokens("mean", None)
                .map(|tokens| LengthSpec::Fixed { tokens }),
            Kind::Uniform => {
                let (min, max) = (self.tokens("min", None)?, self.tokens("max", None)?);
                self.check_order(min, max)?;
                Ok(LengthSpec::Uniform { min, max })
            }
            Kind::Normal | Kind::LogNormal => self.check_bell(),
        }
    }

    fn check_bell(&self) -> Result<LengthSpec, SpecError> {
        let (mean, std_dev) = (self.real("mean")?, self.real("std_dev")?);
        let min = self.tokens("min", Some(MIN_LENGTH_TOKENS))?;
        let max = self.tokens("max", Some(MAX_LENGTH_TOKENS))?;
        self.check_order(min, max)?;
        if mean < f64::from(min) || mean > f64::from(max) {
            let what = format!("the mean {mean} is not between min {min} and max {max}");
            let remedy = "move the mean between them, or the limits around it";
            return Err(self.at("mean").error(what, remedy));
        }
        Ok(match self.kind {
            Kind::LogNormal => LengthSpec::LogNormal {
                mean,
                std_dev,
                min,
                max,
            },
            _ => LengthSpec::Normal {
                mean,
                std_dev,
                min,
                max,
            },
        })
    }

    fn check_order(&self, min: u32, max: u32) -> Result<(), SpecError> {
        if min <= max {
            return Ok(());
        }
        let what = format!("min {min} is more than max {max}");
        Err(self.at("min").error(what, "swap the two, or raise max"))
    }

    /// A parameter that counts tokens: 1 to [`MAX_LENGTH_TOKENS`].
    fn tokens(&self, key: &str, default: Option<u32>) -> Result<u32, SpecError> {
        let parameter = match (self.find(key), default) {
            (Some(parameter), _) => parameter,
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(self.missing(key)),
        };
        let limit = u64::from(MAX_LENGTH_TOKENS);
        let value = match quantity::whole(parameter.number, limit) {
            Ok(0) => Err(QuantityError::NotPositive(parameter.number.to_owned())),
            other => other,
        };
        let example = format!("a whole number of tokens from 1 to {MAX_LENGTH_TOKENS}");
        match value {
            Ok(value) => Ok(value as u32),
            Err(error) => Err(parameter.error(&error, &example)),
        }
    }

    fn real(&self, key: &str) -> Result<f64, SpecError> {
        let parameter = self.find(key).ok_or_else(|| self.missing(key))?;
        quantity::real(parameter.number, MAX_LENGTH_TOKENS)
            .map_err(|error| parameter.error(&error, "a number of tokens, like 512"))
    }

    fn find(&self, key: &str) -> Option<&Parameter<'a>> {
        self.parameters
            .iter()
            .find(|parameter| parameter.key == key)
    }

    /// The value of `key`, or the whole distribution if it is not written.
    fn at(&self, key: &str) -> &Cursor<'a> {
        self.find(key).map_or(&self.cursor, |found| &found.cursor)
    }

    fn missing(&self, key: &str) -> SpecError {
        let name = self.kind.name();
        let what = format!("a {name} distribution needs `{key}`");
        let remedy = format!("add it; {}. Or write {EXAMPLE}", self.kind.usage());
        self.cursor.error(what, remedy)
    }
}

impl Parameter<'_> {
    fn error(&self, error: &QuantityError, example: &str) -> SpecError {
        self.cursor.error(error.to_string(), error.remedy(example))
    }
}
