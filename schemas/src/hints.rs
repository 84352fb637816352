//! What a spec recommends to the replay. Advice, not load: no part of the content hash, and the
//! command line of the replay always wins.
//!
//! Refuses what cannot be followed (zeros, times past the limit) and a URL with a place for a
//! secret.

use crate::layout::MAX_TIME_NS;
use serde::{Deserialize, Serialize};

/// Recommended settings; null where the spec recommends nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// Worker threads.
    pub workers: Option<u32>,
    /// Most requests in flight at once, over all workers.
    pub max_in_flight: Option<u64>,
    /// Most connections at once, over all workers.
    pub connections: Option<u64>,
    /// Longest wait for a complete response, in ns.
    pub timeout_ns: Option<u64>,
    /// Base URL of the server, without user, password, query and fragment.
    pub url: Option<String>,
    /// How to look for the server's saturation.
    pub sweep: Option<SweepHints>,
    /// Limits that requests are judged by. No key where there are none, as in files from before
    /// there were any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slos: Vec<SloHint>,
}

/// A service level objective: the longest that a time of a request may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SloHint {
    /// Which time: one of [`SLO_METRICS`].
    pub metric: String,
    /// The longest that still meets it, in ns.
    pub limit_ns: u64,
}

/// The times of a request that an SLO may limit (`RESULTS.md`, section 3).
pub const SLO_METRICS: [&str; 7] = [
    "ttft",
    "ttft_from_scheduled",
    "tpot",
    "itl",
    "ntpot",
    "latency",
    "latency_from_scheduled",
];

/// How to look for a server's saturation (inference-perf's `load.sweep`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepHints {
    /// How the stages' rates grow.
    pub progression: Progression,
    /// Requests of the probe that finds the saturation.
    pub requests: u64,
    /// Longest duration of the probe, in ns.
    pub timeout_ns: u64,
    /// Stages up to the saturation.
    pub stages: u32,
    /// Duration of each stage, in ns.
    pub stage_duration_ns: u64,
    /// Percentile of the observed rates that counts as saturation, in 10^-6: 950,000 is p95.
    pub saturation_percentile_ppm: u32,
}

/// How rates grow from stage to stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progression {
    /// By equal steps.
    Linear,
    /// By equal factors.
    Geometric,
}

/// A whole, as a number of parts per million.
const MILLION: u32 = 1_000_000;

impl Hints {
    /// The rules of `WORKLOAD.md`, section 9. Errors name the key.
    pub fn check(&self) -> Result<(), String> {
        let counts = [
            ("workers", self.workers.map(u64::from)),
            ("max_in_flight", self.max_in_flight),
            ("connections", self.connections),
            ("timeout_ns", self.timeout_ns),
        ];
        if let Some((key, _)) = counts.iter().find(|(_, value)| *value == Some(0)) {
            return Err(format!("hints.{key} is zero"));
        }
        if self.timeout_ns.is_some_and(|ns| ns > MAX_TIME_NS) {
            return Err("hints.timeout_ns is longer than the limit".into());
        }
        self.sweep.as_ref().map_or(Ok(()), SweepHints::check)?;
        check_slos(&self.slos)?;
        self.url.as_deref().map_or(Ok(()), check_url)
    }
}

impl SweepHints {
    fn check(&self) -> Result<(), String> {
        let times = [
            ("timeout_ns", self.timeout_ns),
            ("stage_duration_ns", self.stage_duration_ns),
        ];
        let counts = [("requests", self.requests), ("stages", self.stages.into())];
        if let Some((key, _)) = times.iter().chain(&counts).find(|(_, value)| *value == 0) {
            return Err(format!("hints.sweep.{key} is zero"));
        }
        if let Some((key, _)) = times.iter().find(|(_, ns)| *ns > MAX_TIME_NS) {
            return Err(format!("hints.sweep.{key} is longer than the limit"));
        }
        if !(1..=MILLION).contains(&self.saturation_percentile_ppm) {
            return Err("hints.sweep.saturation_percentile_ppm is not of 1 to 1000000".into());
        }
        Ok(())
    }
}

fn check_slos(slos: &[SloHint]) -> Result<(), String> {
    for (i, SloHint { metric, limit_ns }) in slos.iter().enumerate() {
        if !SLO_METRICS.contains(&metric.as_str()) {
            let known = SLO_METRICS.join(", ");
            return Err(format!("hints.slos[{i}].metric is none of {known}"));
        }
        if slos[..i].iter().any(|before| before.metric == *metric) {
            return Err(format!("hints.slos[{i}].metric is there twice"));
        }
        if *limit_ns == 0 {
            return Err(format!("hints.slos[{i}].limit_ns is zero"));
        }
        if *limit_ns > MAX_TIME_NS {
            return Err(format!("hints.slos[{i}].limit_ns is longer than the limit"));
        }
    }
    Ok(())
}

/// The URL is not repeated in the message: it may hold the secret that it is refused for.
fn check_url(url: &str) -> Result<(), String> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let broken = match rest {
        None => "does not begin with http:// or https://",
        Some(rest) if rest.is_empty() || rest.starts_with('/') => "has no host",
        Some(rest) if !rest.bytes().all(|byte| byte.is_ascii_graphic()) => {
            "holds more than visible ASCII"
        }
        Some(rest) if rest.contains(['@', '?', '#']) => {
            "holds a user, a password, a query or a fragment, where secrets stand"
        }
        Some(_) => return Ok(()),
    };
    Err(format!("hints.url {broken}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep() -> SweepHints {
        SweepHints {
            progression: Progression::Geometric,
            requests: 2_000,
            timeout_ns: 60_000_000_000,
            stages: 5,
            stage_duration_ns: 180_000_000_000,
            saturation_percentile_ppm: 950_000,
        }
    }

    #[test]
    fn a_url_has_no_place_for_a_secret_and_none_is_repeated() {
        let with = |url: &str| Hints {
            url: Some(url.to_owned()),
            ..Hints::default()
        };
        for good in [
            "http://127.0.0.1:8000",
            "https://host/v1/",
            "http://[::1]:1",
        ] {
            with(good).check().unwrap();
        }
        for bad in [
            "hunter2",
            "http://",
            "http:///hunter2",
            "ftp://hunter2",
            "http://me:hunter2@host",
            "http://host/?key=hunter2",
            "http://host/#hunter2",
            "http://host/\u{fc}hunter2",
            "http://host/ hunter2",
        ] {
            let message = with(bad).check().expect_err(bad);
            assert!(message.starts_with("hints.url "), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_refused_by_name() {
        Hints::default().check().unwrap();
        let good = Hints {
            workers: Some(1),
            max_in_flight: Some(1),
            connections: Some(1),
            timeout_ns: Some(MAX_TIME_NS),
            url: None,
            sweep: Some(sweep()),
            slos: Vec::new(),
        };
        good.check().unwrap();
        type Change = fn(&mut Hints, &mut SweepHints);
        let cases: [(&str, Change); 10] = [
            ("hints.workers", |hints, _| hints.workers = Some(0)),
            ("hints.max_in_flight", |hints, _| {
                hints.max_in_flight = Some(0)
            }),
            ("hints.connections", |hints, _| hints.connections = Some(0)),
            ("hints.timeout_ns", |hints, _| hints.timeout_ns = Some(0)),
            ("hints.timeout_ns", |hints, _| {
                hints.timeout_ns = Some(MAX_TIME_NS + 1);
            }),
            ("hints.sweep.requests", |_, sweep| sweep.requests = 0),
            ("hints.sweep.stages", |_, sweep| sweep.stages = 0),
            ("hints.sweep.timeout_ns", |_, sweep| sweep.timeout_ns = 0),
            ("hints.sweep.stage_duration_ns", |_, sweep| {
                sweep.stage_duration_ns = MAX_TIME_NS + 1;
            }),
            ("hints.sweep.saturation_percentile_ppm", |_, sweep| {
                sweep.saturation_percentile_ppm = MILLION + 1;
            }),
        ];
        for (key, change) in cases {
            let (mut hints, mut changed) = (good.clone(), sweep());
            change(&mut hints, &mut changed);
            hints.sweep = Some(changed);
            let message = hints.check().expect_err(key);
            assert!(message.starts_with(&format!("{key} ")), "{message}");
        }
    }

    fn slo(metric: &str, limit_ns: u64) -> SloHint {
        let metric = metric.to_owned();
        SloHint { metric, limit_ns }
    }

    #[test]
    fn a_limit_is_of_a_known_time_once_and_not_nothing() {
        let with = |slos: &[SloHint]| Hints {
            slos: slos.to_vec(),
            ..Hints::default()
        };
        let all: Vec<SloHint> = SLO_METRICS.iter().map(|name| slo(name, 1)).collect();
        with(&all).check().unwrap();
        let first = slo("ttft", MAX_TIME_NS);
        for (second, says) in [
            (slo("p99", 1), "metric is none of ttft, "),
            (slo("ttft", 1), "metric is there twice"),
            (slo("tpot", 0), "limit_ns is zero"),
            (slo("tpot", MAX_TIME_NS + 1), "limit_ns is longer"),
        ] {
            let message = with(&[first.clone(), second]).check().expect_err(says);
            let rest = message.strip_prefix("hints.slos[1].").expect(&message);
            assert!(rest.starts_with(says), "{message}");
        }
    }

    #[test]
    fn without_limits_the_json_is_what_it_was_before_there_were_any() {
        let none = serde_json::to_value(Hints::default()).unwrap();
        assert!(none.get("slos").is_none(), "{none}");
        assert_eq!(serde_json::from_value::<Hints>(none).unwrap().slos, []);
        let slos = vec![slo("ttft", 1)];
        let some = Hints {
            slos,
            ..Hints::default()
        };
        let json = serde_json::to_value(&some).unwrap();
        assert_eq!(json["slos"][0]["metric"], "ttft");
        assert_eq!(serde_json::from_value::<Hints>(json).unwrap(), some);
    }
}
