//! The search for the highest rate that meets the SLOs: by bisection of the ratio, to a tolerance.
//!
//! It says which rate it wants tried next and is given what came of it. Refuses to conclude anything
//! from a trial that this machine spoiled: it is repeated once, then the search ends.

use crate::analysis::verdict::Word;
use crate::sweep::result::{Goal, LimitedBy, StepResult};

/// Where the search begins, as a share of the saturation, and how far it goes down at a time where
/// that does not hold.
pub const LOWER: f64 = 0.1;
/// How often it goes down.
const DESCENTS: u32 = 2;
/// How often the rate is doubled beyond the saturation to find one that fails.
const DOUBLINGS: u32 = 3;

/// A search under way.
pub struct Search {
    saturation: f64,
    least: f64,
    descents: u32,
    doublings: u32,
    is_repeat: bool,
    is_done: bool,
    /// What the trial at `goal.fails_at` failed, in words.
    missed: String,
    goal: Goal,
}

impl Search {
    /// For the highest rate at which `share` of the requests meet all SLOs, near or below
    /// `saturation` (requests per second), until the lowest rate that fails is at most `tolerance`
    /// above the highest that holds. It does not go down to rates below `least`.
    pub fn new(saturation: f64, least: f64, share: f64, tolerance: f64) -> Self {
        Search {
            saturation,
            least,
            descents: 0,
            doublings: 0,
            missed: String::new(),
            is_repeat: false,
            is_done: false,
            goal: Goal {
                share,
                rate: None,
                holds_at: None,
                fails_at: None,
                tolerance,
                limited_by: LimitedBy::None,
                why: "the search was stopped before its end".into(),
                trials: Vec::new(),
            },
        }
    }

    /// What has been found so far.
    pub fn goal(&self) -> &Goal {
        &self.goal
    }

    /// The rate to try next, in requests per second; `None` at the end.
    pub fn next(&self) -> Option<f64> {
        if self.is_done {
            return None;
        }
        Some(match (self.goal.holds_at, self.goal.fails_at) {
            (None, None) => self.saturation * LOWER,
            (None, Some(fails)) => fails * LOWER,
            (Some(_), None) => self.saturation * f64::from(1_u32 << self.doublings),
            (Some(holds), Some(fails)) => (holds * fails).sqrt(),
        })
    }

    /// Takes what came of the rate that [`Search::next`] gave.
    pub fn take(&mut self, trial: StepResult) {
        let rate = trial.asked_rate;
        let is_invalid = trial.verdict == Word::Invalid;
        let met = trial.goodput_share;
        let holds = !is_invalid && met.is_some_and(|share| share >= self.goal.share);
        // Where all places are taken the answers are late, and what is due waits for them.
        let is_spoiled = is_invalid && !trial.is_full();
        let is_short = trial.is_short;
        if !holds && !is_spoiled {
            self.missed = missed(&trial, self.goal.share);
        }
        self.goal.trials.push(trial);
        if is_spoiled {
            return self.spoiled(rate);
        }
        self.is_repeat = false;
        if holds && is_short {
            let why = format!(
                "the workload has too few requests for a whole step at {rate:.2} requests/s, and a \
                 shorter one proves nothing: compile a longer load, or give a shorter --step-duration"
            );
            return self.end(LimitedBy::TooFewRequests, why);
        }
        if holds {
            self.goal.holds_at = Some(rate);
            self.goal.rate = Some(rate);
        } else {
            self.goal.fails_at = Some(rate);
        }
        self.judge(rate);
    }

    /// A trial that this machine made INVALID says nothing about the server.
    fn spoiled(&mut self, rate: f64) {
        if self.is_repeat {
            let why = format!(
                "the run at {rate:.2} requests/s was INVALID twice: this machine is the limit; see \
                 the verdict in its directory"
            );
            self.end(LimitedBy::Client, why);
        }
        self.is_repeat = true;
    }

    fn judge(&mut self, rate: f64) {
        match (self.goal.holds_at, self.goal.fails_at) {
            (None, _) if self.descents < DESCENTS && rate * LOWER >= self.least => {
                self.descents += 1;
            }
            (None, _) => {
                let why = format!(
                    "no rate tried holds; the lowest was {rate:.2} requests/s: {}",
                    self.missed
                );
                self.end(LimitedBy::Server, why);
            }
            (Some(holds), Some(fails)) => {
                if fails / holds <= 1.0 + self.goal.tolerance {
                    let why = format!("at {fails:.2} requests/s {}", self.missed);
                    self.end(LimitedBy::Server, why);
                }
            }
            (Some(_), None) if rate < self.saturation => {}
            (Some(_), None) if self.doublings < DOUBLINGS => self.doublings += 1,
            (Some(_), None) => {
                let why = format!(
                    "it still holds at {rate:.2} requests/s, {} times the saturation: a lower bound; \
                     the SLOs limit nothing here, or --step-duration is too short for a queue",
                    1 << DOUBLINGS
                );
                self.end(LimitedBy::None, why);
            }
        }
    }

    fn end(&mut self, limited_by: LimitedBy, why: String) {
        self.is_done = true;
        self.goal.limited_by = limited_by;
        self.goal.why = why;
    }
}

/// Why a rate does not hold.
fn missed(trial: &StepResult, share: f64) -> String {
    let why = match trial.verdict {
        Word::Invalid => "the schedule was not kept".to_owned(),
        _ => format!(
            "fewer than {} % of the requests meet the SLOs",
            share * 100.0
        ),
    };
    why + &trial.cap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::simulated::Fifo;

    const SERVER: Fifo = Fifo {
        places: 20,
        service_ns: 100_000_000,
    };

    /// The share of an even load of three seconds that is answered within 300 ms.
    fn share(rate: f64) -> f64 {
        let due: Vec<u64> = (0..(rate * 3.0).round() as u64)
            .map(|i| (i as f64 / rate * 1e9) as u64)
            .collect();
        let ends = SERVER.open(due.iter().copied());
        let good = ends
            .iter()
            .zip(&due)
            .filter(|(end, due)| *end - *due <= 300_000_000);
        good.count() as f64 / due.len() as f64
    }

    fn trial(rate: f64, share: f64) -> StepResult {
        StepResult {
            goodput_share: Some(share),
            ..StepResult::at(rate)
        }
    }

    fn run(mut search: Search, share: impl Fn(f64) -> f64) -> Goal {
        while let Some(rate) = search.next() {
            search.take(trial(rate, share(rate)));
        }
        search.goal
    }

    #[test]
    fn the_rate_is_within_the_tolerance_of_the_exact_one() {
        // A queue grows by (rate / 200 - 1) each second; 99 % of three seconds wait 200 ms at most.
        let exact = SERVER.capacity() * (1.0 + 0.2 / (0.99 * 3.0));
        let found = run(Search::new(200.0, 0.0, 0.99, 0.005), share);
        let rate = found.rate.unwrap();
        assert!((rate / exact - 1.0).abs() < 0.005, "{rate} is not {exact}");
        assert!(found.fails_at.unwrap() / rate <= 1.005);
        assert_eq!(found.limited_by, LimitedBy::Server);
        // Control: of a server half as large the same would be far off.
        let half = run(Search::new(200.0, 0.0, 0.99, 0.005), |rate| {
            share(rate * 2.0)
        });
        assert!((half.rate.unwrap() / exact - 0.5).abs() < 0.005);
    }

    #[test]
    fn it_goes_beyond_a_saturation_that_was_taken_too_low() {
        let found = run(Search::new(60.0, 0.0, 0.99, 0.01), share);
        assert!(
            (found.rate.unwrap() / 213.5 - 1.0).abs() < 0.01,
            "{found:?}"
        );
        let rates: Vec<f64> = found.trials.iter().map(|trial| trial.asked_rate).collect();
        assert_eq!(rates[..4], [6.0, 60.0, 120.0, 240.0]);
    }

    #[test]
    fn where_no_rate_holds_there_is_none() {
        let found = run(Search::new(200.0, 0.0, 0.99, 0.02), |_| 0.5);
        assert_eq!((found.rate, found.holds_at), (None, None));
        assert_eq!(
            (found.fails_at, found.limited_by),
            (Some(200.0 * LOWER * LOWER * LOWER), LimitedBy::Server)
        );
        let words = "no rate tried holds; the lowest was 0.20 requests/s: fewer than 99 %";
        assert!(found.why.starts_with(words), "{}", found.why);
        assert_eq!(found.trials.len(), 3);
        // Not to where a trial has hardly a request.
        let found = run(Search::new(200.0, 1.0, 0.99, 0.02), |_| 0.5);
        assert_eq!(found.trials.len(), 2);
    }

    #[test]
    fn it_goes_down_to_a_rate_that_holds() {
        let holds = |rate| f64::from(u8::from(rate <= 5.0));
        let found = run(Search::new(200.0, 0.0, 0.99, 0.02), holds);
        let rate = found.rate.unwrap();
        assert!(rate <= 5.0 && rate * 1.02 > 5.0, "{found:?}");
        assert_eq!(found.limited_by, LimitedBy::Server);
    }

    #[test]
    fn a_trial_that_takes_every_place_fails_and_spoils_nothing() {
        // 40 places: at most 400 requests/s, and what is due beyond that waits for one.
        let mut search = Search::new(200.0, 0.0, 0.99, 0.02);
        while let Some(rate) = search.next() {
            let is_full = rate > 400.0;
            search.take(StepResult {
                verdict: if is_full { Word::Invalid } else { Word::Valid },
                max_in_flight: Some(40),
                in_flight_max: if is_full { 40 } else { 39 },
                ..trial(rate, 1.0)
            });
        }
        let found = search.goal();
        assert_eq!(found.limited_by, LimitedBy::Server, "{found:?}");
        assert_eq!(found.rate, Some(400.0));
        assert!(found.fails_at.unwrap() <= 400.0 * 1.02);
        assert!(found.why.contains("all 40 places"), "{}", found.why);
    }

    #[test]
    fn a_short_trial_fails_but_does_not_hold() {
        let run = |share: f64| {
            let mut search = Search::new(200.0, 0.0, 0.99, 0.02);
            search.take(trial(20.0, 1.0));
            search.take(StepResult {
                is_short: true,
                ..trial(200.0, share)
            });
            search.goal
        };
        let found = run(1.0);
        assert_eq!(found.limited_by, LimitedBy::TooFewRequests);
        assert_eq!((found.rate, found.fails_at), (Some(20.0), None));
        assert!(found.why.contains("compile a longer load"), "{}", found.why);
        let found = run(0.5);
        assert_eq!((found.rate, found.fails_at), (Some(20.0), Some(200.0)));
        assert_eq!(found.limited_by, LimitedBy::None);
    }

    #[test]
    fn where_every_rate_holds_it_is_a_lower_bound() {
        let found = run(Search::new(200.0, 0.0, 0.99, 0.02), |_| 1.0);
        assert_eq!((found.rate, found.fails_at), (Some(1600.0), None));
        assert_eq!(found.limited_by, LimitedBy::None);
        assert!(found.why.contains("lower bound"), "{}", found.why);
    }

    #[test]
    fn a_trial_that_this_machine_spoils_is_repeated_once() {
        let spoiled = |rate| StepResult {
            verdict: Word::Invalid,
            ..trial(rate, 1.0)
        };
        let mut search = Search::new(200.0, 0.0, 0.99, 0.02);
        search.take(trial(20.0, 1.0));
        search.take(spoiled(200.0));
        assert_eq!(search.next(), Some(200.0), "once more");
        search.take(trial(200.0, 1.0));
        assert_eq!(search.next(), Some(400.0));
        search.take(spoiled(400.0));
        assert_eq!(search.goal().limited_by, LimitedBy::None);
        search.take(spoiled(400.0));
        assert_eq!(search.next(), None);
        let found = search.goal();
        assert_eq!(
            (found.rate, found.limited_by),
            (Some(200.0), LimitedBy::Client)
        );
        assert_eq!(found.trials.len(), 5);
    }
}
