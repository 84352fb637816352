//! A service level objective (SLO): the longest that a measured time of a request may take.
//!
//! Refuses times that are not measured for each request, limits without a unit, and limits of
//! nothing.

use crate::analysis::metric::Metric;
use crate::analysis::row::Row;
use crate::values::parse_duration;
use schemas::layout::MAX_TIME_NS;
use schemas::manifest::SloHint;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A time of a request that a limit can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SloMetric {
    /// From the send to the first output.
    Ttft,
    /// From the scheduled time to the first output.
    TtftFromScheduled,
    /// Between tokens, the mean of the request: (last - first) / (tokens - 1).
    Tpot,
    /// Between events with output, the mean of the request.
    Itl,
    /// From the send to the end, divided by the tokens.
    Ntpot,
    /// From the send to the end.
    Latency,
    /// From the scheduled time to the end.
    LatencyFromScheduled,
}

impl SloMetric {
    /// All of them, in the order of `schemas::hints::SLO_METRICS`.
    pub const ALL: [Self; 7] = [
        Self::Ttft,
        Self::TtftFromScheduled,
        Self::Tpot,
        Self::Itl,
        Self::Ntpot,
        Self::Latency,
        Self::LatencyFromScheduled,
    ];

    /// As it is typed, and as files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ttft => "ttft",
            Self::TtftFromScheduled => "ttft_from_scheduled",
            Self::Tpot => "tpot",
            Self::Itl => "itl",
            Self::Ntpot => "ntpot",
            Self::Latency => "latency",
            Self::LatencyFromScheduled => "latency_from_scheduled",
        }
    }
}

impl FromStr for SloMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|metric| metric.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{name:?} is no time of a request; write one of {names}")
        })
    }
}

/// A limit that every request is to keep. `--slo ttft=500ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// What is limited.
    pub metric: SloMetric,
    /// The longest that still meets it, in ns.
    pub limit_ns: u64,
}

/// Whether a request met an SLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    Yes,
    No,
    /// The time cannot be known of a request that succeeded, e.g. TTFT of one that was not
    /// streamed. Counts as missed.
    Unknown,
}

impl Slo {
    /// Whether a request that ended well met it.
    pub fn is_met(&self, row: &Row) -> Met {
        let observed_ns = match self.metric {
            SloMetric::Ttft => Metric::Ttft.of(row),
            SloMetric::TtftFromScheduled => Metric::TtftFromScheduled.of(row),
            SloMetric::Tpot => match row.output_tokens() {
                Some(tokens) if tokens.count() < 2 => Some(0),
                _ => Metric::Tpot.of(row),
            },
            SloMetric::Itl => mean_gap_ns(row),
            SloMetric::Ntpot => Metric::Ntpot.of(row),
            SloMetric::Latency => Metric::LatencyFromSent.of(row),
            SloMetric::LatencyFromScheduled => Metric::LatencyFromScheduled.of(row),
        };
        self.judge(observed_ns)
    }

    /// A time may be negative: one sent early may be answered before it was due.
    fn judge(&self, observed_ns: Option<i64>) -> Met {
        match observed_ns {
            Some(ns) if ns <= self.limit_ns as i64 => Met::Yes,
            Some(_) => Met::No,
            None => Met::Unknown,
        }
    }

    /// What a workload recommends. Errors say what to write instead.
    pub fn of_hint(hint: &SloHint) -> Result<Self, String> {
        let metric = hint.metric.parse()?;
        let limit_ns = hint.limit_ns;
        Ok(Self { metric, limit_ns })
    }
}

/// The mean gap between events with output, in ns; 0 where there can be none. Of an answer in one
/// piece it is known only if that had fewer than two tokens.
fn mean_gap_ns(row: &Row) -> Option<i64> {
    let events = match row.is_stream() {
        true => u64::from(row.token_count),
        false => row.output_tokens()?.count(),
    };
    match events {
        0 | 1 => Some(0),
        _ => row.mean_gap_ns().filter(|_| row.is_stream()),
    }
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (metric, limit) = text
            .split_once('=')
            .ok_or("write a time and its limit, e.g. ttft=500ms")?;
        let metric = metric.parse()?;
        let limit_ns = u64::try_from(parse_duration(limit)?.as_nanos()).unwrap_or(u64::MAX);
        if !(1..=MAX_TIME_NS).contains(&limit_ns) {
            return Err("a limit is from 0.001us to 87648h".to_owned());
        }
        Ok(Self { metric, limit_ns })
    }
}

impl fmt::Display for Slo {
    /// As it is typed: the same text gives the same SLO.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
        write!(out, "{}=", self.metric.name())?;
        let whole = UNITS
            .iter()
            .find(|(ns, _)| self.limit_ns.is_multiple_of(*ns));
        match whole {
            Some((ns, unit)) => write!(out, "{}{unit}", self.limit_ns / ns),
            None => write!(
                out,
                "{}.{:03}us",
                self.limit_ns / 1_000,
                self.limit_ns % 1_000
            ),
        }
    }
}

/// Refuses two limits to one time, of which nobody knows which counts.
pub fn check_twice(slos: &[Slo]) -> Result<(), String> {
    for (i, slo) in slos.iter().enumerate() {
        if slos[..i].iter().any(|before| before.metric == slo.metric) {
            return Err(format!("{} has two limits; keep one", slo.metric.name()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::hints::SLO_METRICS;

    fn slo(text: &str) -> Slo {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_times_are_those_that_a_spec_may_name() {
        assert_eq!(SloMetric::ALL.map(SloMetric::name), SLO_METRICS);
        for metric in SloMetric::ALL {
            let json = serde_json::to_value(metric).unwrap();
            assert_eq!(json, metric.name());
        }
    }

    #[test]
    fn a_limit_is_read_to_the_nanosecond_and_printed_as_it_is_typed() {
        for (text, limit_ns) in [
            ("ttft=500ms", 500_000_000),
            ("tpot=30ms", 30_000_000),
            ("latency=2s", 2_000_000_000),
            ("itl=1500us", 1_500_000),
            ("ntpot=0.001us", 1),
            ("latency_from_scheduled=1234567.891us", 1_234_567_891),
        ] {
            assert_eq!(slo(text).limit_ns, limit_ns, "{text}");
            assert_eq!(slo(text).to_string(), text);
        }
        assert_eq!(slo("ttft=1.5m").to_string(), "ttft=90s");
        let longest = Slo {
            metric: SloMetric::Ttft,
            limit_ns: MAX_TIME_NS,
        };
        assert_eq!(slo(&longest.to_string()), longest);
    }

    #[test]
    fn what_is_no_limit_is_refused_with_what_to_write() {
        for (text, says) in [
            ("", "ttft=500ms"),
            ("ttft", "ttft=500ms"),
            ("p99=1s", "latency_from_scheduled"),
            ("TTFT=1s", "write one of ttft"),
            ("ttft=", "unit"),
            ("ttft=500", "unit"),
            ("ttft=0s", "87648h"),
            ("ttft=87649h", "87648h"),
            ("ttft=-1s", "no time"),
        ] {
            let message = text.parse::<Slo>().expect_err(text);
            assert!(message.contains(says), "{text}: {message}");
        }
        let twice = [slo("ttft=1s"), slo("tpot=1s"), slo("ttft=2s")];
        assert!(check_twice(&twice).unwrap_err().starts_with("ttft "));
        check_twice(&twice[1..]).unwrap();
    }

    #[test]
    fn a_limit_that_is_just_kept_is_met() {
        let slo = slo("ttft=1us");
        assert_eq!(slo.judge(Some(1_000)), Met::Yes);
        assert_eq!(slo.judge(Some(1_001)), Met::No);
        assert_eq!(slo.judge(None), Met::Unknown);
    }
}
