//! The kinds of distribution and the parameters that each has.

use crate::spec::fields::Choices;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Fixed,
    Uniform,
    Normal,
    LogNormal,
    SkewNormal,
    Exponential,
    Poisson,
    Zipf,
    Empirical,
}

pub const KINDS: Choices<Kind> = Choices {
    known: &[
        ("fixed", Kind::Fixed),
        ("uniform", Kind::Uniform),
        ("normal", Kind::Normal),
        ("lognormal", Kind::LogNormal),
        ("skew_normal", Kind::SkewNormal),
        ("poisson", Kind::Poisson),
        ("exponential", Kind::Exponential),
        ("zipf", Kind::Zipf),
        ("empirical", Kind::Empirical),
    ],
    later: &["gamma", "weibull"],
    refused: &[],
};

impl Kind {
    pub fn name(self) -> &'static str {
        let known = KINDS.known.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }

    /// The parameters it has, in the order of the text form.
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Fixed => &["mean", "min", "max"],
            Self::Uniform => &["min", "max"],
            Self::Normal | Self::LogNormal => &["mean", "std_dev", "variance", "min", "max"],
            Self::SkewNormal => &["mean", "std_dev", "skew", "variance", "min", "max"],
            Self::Exponential | Self::Poisson => &["mean", "min", "max"],
            Self::Zipf => &["exponent", "min", "max"],
            Self::Empirical => &["values", "file"],
        }
    }

    /// How many of them the text form takes without a name.
    pub const fn positional(self) -> usize {
        match self {
            Self::Empirical => 0,
            Self::Fixed | Self::Exponential | Self::Poisson | Self::Zipf => 1,
            Self::Uniform | Self::Normal | Self::LogNormal => 2,
            Self::SkewNormal => 3,
        }
    }

    /// Whether it has no standard deviation, or has it of its mean, so that inference-perf passes
    /// over one that is written.
    pub const fn passes_over_std_dev(self) -> bool {
        matches!(self, Self::Fixed | Self::Exponential | Self::Poisson)
    }

    /// Whether inference-perf's mean and standard deviation stand in for missing ones.
    pub const fn is_bell(self) -> bool {
        matches!(self, Self::Normal | Self::LogNormal | Self::SkewNormal)
    }

    /// Whether it yields whole numbers by its nature, and so says nothing about a duration.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Poisson | Self::Zipf)
    }

    /// Whether `min` and `max` limit what is drawn at random, and need not be written.
    pub fn is_limited(self) -> bool {
        !matches!(self, Self::Fixed | Self::Uniform) && self.parameters().contains(&"min")
    }

    /// The name behind its article; `uniform` begins with the sound of `you`.
    pub fn with_article(self) -> String {
        let name = self.name();
        let article = if name.starts_with('e') { "an" } else { "a" };
        format!("{article} {name}")
    }

    pub fn usage(self) -> String {
        format!("`{}` has {}", self.name(), self.parameters().join(", "))
    }
}
