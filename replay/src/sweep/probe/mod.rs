//! Where a server is saturated: a backlog is worked off with more and more requests in flight, until
//! more of them give no more answers a second.
//!
//! The server is never asked for more at once than a rung says, so one that refuses crowds is still
//! measured, and a plateau is seen as one. The ladder says what it wants fired next and is given what
//! came of it. Refuses to take a rate of fewer than [`FEWEST_ENDS`] answers or [`SHORTEST_S`].

#[cfg(test)]
mod tests;

use crate::sweep::estimate::{Estimate, estimate, percentile};
use crate::sweep::result::{LimitedBy, Probe, Saturation};

/// In flight at the first rung; each further one has [`FACTOR`] times as many.
const FIRST: u32 = 16;
const FACTOR: u32 = 4;
/// Most in flight where the user names no number.
pub const MOST_IN_FLIGHT: u32 = 1024;
/// Fewest requests of a backlog.
const FEWEST_REQUESTS: u64 = 320;
/// A backlog is to last for this long at the best rate so far, in seconds.
const LASTS_S: f64 = 3.0;
/// Fewest answers, ramp and drain left out, that a rung is judged by.
pub const FEWEST_ENDS: u64 = 200;
/// Shortest time that they are spread over, in seconds.
pub const SHORTEST_S: f64 = 1.0;
/// A range that ends farther than this share from its rate is vague: the backlog was too short.
const VAGUE: f64 = 0.1;
/// A rung this many times as fast as the best before is no plateau, however vague.
const CLEARLY_RISEN: f64 = 1.5;
/// A rung whose range ends below this many times the best rate before has not risen.
const RISEN: f64 = 1.05;
/// Share of failed requests above which the server refuses.
const MOST_FAILED: f64 = 0.01;
/// Less than this share of a rung's requests in flight while there was a backlog: they were not sent
/// fast enough.
const LEAST_FILLED: f64 = 0.9;
/// Parts of a probe whose rates have the percentile that a workload recommends.
const PERCENTILE_PARTS: usize = 20;

/// A backlog to fire: all due at once, at most so many in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Most requests in flight.
    pub in_flight: u32,
    /// Requests of the backlog: the first of the workload.
    pub requests: u64,
}

/// What came of a rung.
#[derive(Clone, Debug, PartialEq)]
pub struct RungResult {
    /// Its result directory, within the sweep's.
    pub directory: String,
    /// When requests were answered well, or abandoned as the workload asks, in ns from t0, sorted.
    pub ends_ns: Vec<u64>,
    /// Share of those requests that are due at a time of their own.
    pub timed_share: f64,
    /// Requests that came to an end of whatever kind before the probe was over.
    pub landed: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How the machine that fires was doing.
    pub client: Client,
}

/// Whether the machine that fires could have done more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    /// A check of the verdict that says that it was short of CPU, in words.
    pub short_of_cpu: Option<String>,
    /// Mean number in flight from the first answer to the last sending; `None` if nothing was sent
    /// after the first answer.
    pub in_flight_mean: Option<f64>,
}

/// What a workload recommends, and what the user allows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LadderSettings {
    /// Worker threads: none is left without a request.
    pub workers: u32,
    /// Most requests in flight.
    pub most: u32,
    /// Requests that there are.
    pub available: u64,
    /// Least requests of each backlog, where the workload recommends a number.
    pub least: Option<u64>,
    /// Percentile (0 to 100) of the rates within the best probe that counts as saturation; `None`
    /// for the rate over the whole probe.
    pub percentile: Option<f64>,
}

/// A rung that can be judged.
#[derive(Clone, Copy)]
struct Best {
    estimate: Estimate,
    /// The saturation that it stands for.
    rate: f64,
    timed_share: f64,
    in_flight: u32,
}

/// The search under way.
pub struct Ladder {
    settings: LadderSettings,
    next: Option<Rung>,
    is_repeat: bool,
    best: Option<Best>,
    /// How much the last rung that was judged rose above the best before, as a share.
    rise: Option<f64>,
    limited_by: LimitedBy,
    why: String,
    probes: Vec<Probe>,
}

impl Ladder {
    /// At its first rung.
    pub fn new(settings: LadderSettings) -> Self {
        let mut ladder = Ladder {
            settings,
            next: None,
            is_repeat: false,
            best: None,
            rise: None,
            limited_by: LimitedBy::None,
            why: "the search was stopped before its end".into(),
            probes: Vec::new(),
        };
        ladder.climb(FIRST.max(settings.workers).min(settings.most));
        ladder
    }

    /// What to fire next; `None` at the end.
    pub fn next(&self) -> Option<Rung> {
        self.next
    }

    /// What has been found so far; `None` if no rung could be judged.
    pub fn saturation(&self) -> Option<Saturation> {
        let best = self.best?;
        Some(Saturation {
            rate: best.rate,
            paced_rate: best.rate * best.timed_share,
            percentile: self.settings.percentile,
            low: best.estimate.low,
            high: best.estimate.high,
            in_flight: best.in_flight,
            limited_by: self.limited_by,
            why: self.why.clone(),
            probes: self.probes.clone(),
        })
    }

    /// What ended the search.
    pub fn limited_by(&self) -> LimitedBy {
        self.limited_by
    }

    /// The same in words.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Takes what came of the rung that [`Ladder::next`] gave.
    pub fn take(&mut self, result: RungResult) {
        let Some(rung) = self.next.take() else {
            return;
        };
        let found = estimate(&result.ends_ns);
        self.probes.push(Probe {
            directory: result.directory.clone(),
            in_flight: rung.in_flight,
            requests: rung.requests,
            failed: result.failed,
            rate: found.map(|found| found.rate),
            low: found.map(|found| found.low),
            high: found.map(|found| found.high),
        });
        if is_refused(&result) {
            let why = format!(
                "the server refuses at {} in flight: {} of {} requests failed; allow fewer with \
                 --max-in-flight, or see the errors in {}",
                rung.in_flight, result.failed, rung.requests, result.directory
            );
            return self.end(LimitedBy::Errors, why);
        }
        match found.filter(|found| found.ends >= FEWEST_ENDS && found.window_s >= SHORTEST_S) {
            Some(found) => self.judge(rung, found, &result),
            None => self.too_little(rung, &result),
        }
    }

    fn judge(&mut self, rung: Rung, found: Estimate, result: &RungResult) {
        let before = self.best.map(|best| best.estimate.rate);
        if self.is_to_be_repeated(rung, found, before) && self.repeat(rung, result) {
            return;
        }
        self.is_repeat = false;
        if before.is_none_or(|before| found.rate > before) {
            let rate = self
                .settings
                .percentile
                .and_then(|percent| percentile(&result.ends_ns, percent, PERCENTILE_PARTS));
            self.best = Some(Best {
                estimate: found,
                rate: rate.unwrap_or(found.rate),
                timed_share: result.timed_share,
                in_flight: rung.in_flight,
            });
        }
        self.rise = before.map(|before| found.rate / before - 1.0);
        // A machine that is short while the rate still rises is short of nothing that counts.
        if before.is_some_and(|before| found.high < RISEN * before) {
            let change = self.rise.unwrap_or_default() * 100.0;
            let why = format!(
                "{} in flight gave {change:+.1} % compared with fewer",
                rung.in_flight
            );
            match client_limit(rung, &result.client) {
                Some(client) => {
                    let why = format!("{why}, but {client}: this machine may be the limit");
                    self.end(LimitedBy::Client, why);
                }
                None => self.end(LimitedBy::Server, why),
            }
        } else {
            self.climb_from(rung);
        }
    }

    /// A rung that may be the plateau is told exactly.
    fn is_to_be_repeated(&self, rung: Rung, found: Estimate, before: Option<f64>) -> bool {
        let has_risen = before.is_none_or(|before| found.rate > CLEARLY_RISEN * before);
        let is_last = rung.in_flight == self.settings.most;
        found.high - found.rate > VAGUE * found.rate && (is_last || !has_risen)
    }

    /// The rung once more with a longer backlog; false if it was repeated before, if there is no
    /// longer one, or if not even this one was worked off in its time.
    fn repeat(&mut self, rung: Rung, result: &RungResult) -> bool {
        let ends = &result.ends_ns;
        let may = !self.is_repeat
            && is_worked_off(rung, result)
            && rung.requests < self.settings.available;
        if may {
            self.is_repeat = true;
            let lasting = (ends.len() as f64 / span_s(ends).max(1e-3) * LASTS_S) as u64;
            let requests = (rung.requests * 4).max(lasting);
            let requests = requests.min(self.settings.available);
            self.next = Some(Rung { requests, ..rung });
        }
        may
    }

    /// Too few answers, or in too short a time: once more with a longer backlog, if it is that.
    fn too_little(&mut self, rung: Rung, result: &RungResult) {
        let ends = &result.ends_ns;
        if self.repeat(rung, result) {
            return;
        }
        self.is_repeat = false;
        if !is_worked_off(rung, result) {
            // The time was over before the backlog was: more in flight may be answered within it.
            self.climb_from(rung);
        } else {
            let why = format!(
                "{} requests were answered in {:.2} s at {} in flight, too few to tell a rate: \
                 compile a workload with more requests",
                ends.len(),
                span_s(ends),
                rung.in_flight
            );
            self.end(LimitedBy::TooFewRequests, why);
        }
    }

    fn climb_from(&mut self, rung: Rung) {
        let most = self.settings.most;
        if rung.in_flight < most {
            return self.climb(rung.in_flight.saturating_mul(FACTOR).min(most));
        }
        let rise = self
            .rise
            .map_or_else(String::new, |rise| format!(" (by {:+.1} %)", rise * 100.0));
        let (limited_by, why) = match self.best {
            Some(_) => (
                LimitedBy::None,
                format!(
                    "the rate may still rise at {most} in flight{rise}: a lower bound; raise \
                     --max-in-flight"
                ),
            ),
            None => (
                LimitedBy::TooFewRequests,
                format!(
                    "at {most} in flight fewer than {FEWEST_ENDS} requests are answered in the \
                     time that a probe has: give it more with --probe-duration, raise \
                     --max-in-flight, or name the highest rate with --up-to"
                ),
            ),
        };
        self.end(limited_by, why);
    }

    fn climb(&mut self, in_flight: u32) {
        let best = self.best.map_or(0.0, |best| best.estimate.rate);
        let requests = FEWEST_REQUESTS
            .max(u64::from(in_flight) * 4)
            .max((best * LASTS_S).ceil() as u64)
            .max(self.settings.least.unwrap_or_default())
            .min(self.settings.available);
        self.next = Some(Rung {
            in_flight,
            requests,
        });
    }

    fn end(&mut self, limited_by: LimitedBy, why: String) {
        self.limited_by = limited_by;
        self.why = why;
    }
}

fn span_s(ends_ns: &[u64]) -> f64 {
    let first = ends_ns.first().copied().unwrap_or_default();
    (ends_ns.last().copied().unwrap_or_default() - first) as f64 / 1e9
}

fn is_worked_off(rung: Rung, result: &RungResult) -> bool {
    result.landed >= rung.requests
}

fn is_refused(result: &RungResult) -> bool {
    let all = result.failed + result.ends_ns.len() as u64;
    result.failed as f64 > MOST_FAILED * all as f64
}

fn client_limit(rung: Rung, client: &Client) -> Option<String> {
    if let Some(why) = &client.short_of_cpu {
        return Some(why.clone());
    }
    let mean = client.in_flight_mean?;
    (mean < LEAST_FILLED * f64::from(rung.in_flight)).then(|| {
        format!(
            "only {mean:.1} of {} were in flight while a backlog was left",
            rung.in_flight
        )
    })
}
