//! What the facts of a run are held against.
//!
//! In `run.json` before t0, so that a run says by what it wants to be judged, and in the summary.
//! Refuses keys that there are not, and values that no fact can be held against.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::str::FromStr;

/// Values above which a run has a reason against it. Shares are of 1, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Schedule delay p99 above which a run is degraded: the 10 ms that inference-perf's guide asks
    /// of the median.
    pub schedule_delay_p99_degraded_s: f64,
    /// Schedule delay p99 above which a run is invalid.
    pub schedule_delay_p99_invalid_s: f64,
    /// `|paced_rate / scheduled_rate - 1|` above which a run is degraded.
    pub rate_error_degraded: f64,
    /// `|paced_rate / scheduled_rate - 1|` above which a run is invalid.
    pub rate_error_invalid: f64,
    /// Share of the requests dropped by `--overload drop` above which a run is degraded.
    pub dropped_degraded: f64,
    /// Share of the requests dropped by `--overload drop` above which a run is invalid: as much as a
    /// rate may be off by, since the rates of what was sent do not show what was dropped.
    pub dropped_invalid: f64,
    /// Fewest requests whose rate is judged: with fewer, one late sending moves it by more than 1 %.
    pub rate_min_requests: u64,
    /// Shortest scheduled span whose rate is judged: below, 10 ms of delay are 1 % of it.
    pub rate_min_span_s: f64,
    /// Share of the run that a worker waited for a processor above which that is noted.
    pub run_queue_note: f64,
    /// Share of the run that a worker waited for a processor above which a run is degraded.
    pub run_queue_degraded: f64,
    /// Share of the run that a hypervisor took above which that is noted.
    pub steal_note: f64,
    /// Share of the run that a hypervisor took above which a run is degraded.
    pub steal_degraded: f64,
    /// Share of the run that a worker ran above which that is noted.
    pub client_busy_note: f64,
    /// Share of the run that a worker ran above which a run is degraded: what is due while it is
    /// busy is sent late.
    pub client_busy_degraded: f64,
    /// Involuntary context switches per second above which they are noted.
    pub involuntary_context_switches_per_s_note: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            schedule_delay_p99_degraded_s: 0.010,
            schedule_delay_p99_invalid_s: 0.100,
            rate_error_degraded: 0.01,
            rate_error_invalid: 0.05,
            dropped_degraded: 0.0,
            dropped_invalid: 0.05,
            rate_min_requests: 100,
            rate_min_span_s: 1.0,
            run_queue_note: 0.01,
            run_queue_degraded: 0.05,
            steal_note: 0.01,
            steal_degraded: 0.05,
            client_busy_note: 0.8,
            client_busy_degraded: 0.95,
            involuntary_context_switches_per_s_note: 10.0,
        }
    }
}

/// One threshold that is not to be the default. `--threshold run_queue_note=0.02`.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    key: String,
    value: Value,
}

impl Thresholds {
    /// With these put in; of two for one key the later holds.
    #[must_use]
    pub fn with(&self, others: &[Threshold]) -> Self {
        let mut map = self.map();
        for Threshold { key, value } in others {
            map.insert(key.clone(), value.clone());
        }
        serde_json::from_value(Value::Object(map)).expect("each was tried when it was typed")
    }

    fn map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => unreachable!("thresholds are an object of numbers"),
        }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut map = Thresholds::default().map();
        let (key, number) = text
            .split_once('=')
            .ok_or("write a key and its value, e.g. run_queue_note=0.02")?;
        let place = map.get_mut(key).ok_or_else(|| {
            let keys: Vec<String> = Thresholds::default()
                .map()
                .into_iter()
                .map(|pair| pair.0)
                .collect();
            format!(
                "there is no threshold {key:?}; write one of {}",
                keys.join(", ")
            )
        })?;
        *place = match place.is_u64() {
            true => number.parse::<u64>().ok().map(Value::from),
            false => number.parse::<f64>().ok().filter(|number| *number >= 0.0).and_then(finite),
        }
        .ok_or_else(|| format!("{number:?} is no threshold; write a number from 0 on, {key} a whole one if it counts requests"))?;
        Ok(Threshold {
            key: key.to_owned(),
            value: place.clone(),
        })
    }
}

/// JSON has no other numbers.
fn finite(number: f64) -> Option<Value> {
    number.is_finite().then(|| Value::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_replaces_that_threshold_alone() {
        let typed = |text: &str| text.parse::<Threshold>().unwrap();
        let set = Thresholds::default().with(&[
            typed("steal_note=0.5"),
            typed("rate_min_requests=7"),
            typed("steal_note=0"),
        ]);
        let expected = Thresholds {
            steal_note: 0.0,
            rate_min_requests: 7,
            ..Thresholds::default()
        };
        assert_eq!(set, expected);
        assert_eq!(set.with(&[]), expected);
    }

    #[test]
    fn what_is_no_threshold_is_refused_with_what_to_write() {
        for (text, part) in [
            ("steal_note", "write a key and its value"),
            ("steal=1", "write one of "),
            ("steal=1", "client_busy_note, "),
            ("steal_note=", "a number from 0 on"),
            ("steal_note=-0.1", "a number from 0 on"),
            ("steal_note=inf", "a number from 0 on"),
            ("steal_note=nan", "a number from 0 on"),
            ("rate_min_requests=1.5", "a whole one"),
        ] {
            let told = text.parse::<Threshold>().expect_err(text);
            assert!(told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn a_file_that_names_some_has_the_defaults_for_the_rest() {
        let read: Thresholds = serde_json::from_str(r#"{"steal_note":0.5}"#).unwrap();
        let expected = Thresholds {
            steal_note: 0.5,
            ..Thresholds::default()
        };
        assert_eq!(read, expected);
    }
}
