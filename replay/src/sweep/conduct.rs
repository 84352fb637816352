//! Fires a sweep: probes, steps and trials of one workload, each into a directory of its own, with a
//! pause between them.
//!
//! `sweep.json` is written anew after each. Refuses to go on once the user has stopped a load.

use crate::analysis::RunData;
use crate::analysis::report::text;
use crate::analysis::summary::{SloLimit, Summary};
use crate::analysis::verdict::Word;
use crate::cli::sweep::SweepArgs;
use crate::engine::schedule::Speed;
use crate::exit::{self, Failure};
use crate::firing::{Firing, Step, summarise};
use crate::settings::most_in_flight;
use crate::sweep::estimate::FEWEST_ENDS;
use crate::sweep::goal::Search;
use crate::sweep::knee::knee;
use crate::sweep::loads;
use crate::sweep::measure;
use crate::sweep::probe::{Ladder, LadderSettings, MOST_IN_FLIGHT, Rung};
use crate::sweep::rescale::Paced;
use crate::sweep::result::{
    LimitedBy, SWEEP_FILE, SWEEP_FORMAT, StepResult, SweepResult, SweptWorkload,
};
use crate::sweep::steps::rates;
use schemas::hex;
use schemas::hints::{Progression, SweepHints};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Steps where neither a flag nor the workload names a number.
const STEPS: u32 = 8;
/// Duration of a step where neither a flag nor the workload names one.
const STEP_DURATION: Duration = Duration::from_secs(30);
/// Longest duration of a probe where neither a flag nor the workload names one.
const PROBE_DURATION: Duration = Duration::from_secs(60);
/// Pause before each further load, for the server to come to rest.
const PAUSE: Duration = Duration::from_secs(1);
/// What salts begin with where the user names none.
const SALT: &str = "sweep";

/// A sweep under way.
pub struct Sweep<'a> {
    args: &'a SweepArgs,
    firing: &'a Firing,
    paced: Paced<'a>,
    directory: PathBuf,
    steps: u32,
    step_duration: Duration,
    has_fired: bool,
    result: SweepResult,
}

impl<'a> Sweep<'a> {
    /// Nothing is fired yet. `slos` are those that the firing was prepared with.
    pub fn new(
        args: &'a SweepArgs,
        firing: &'a Firing,
        paced: Paced<'a>,
        slos: Vec<SloLimit>,
        directory: PathBuf,
    ) -> Self {
        let hints = firing.manifest().hints.sweep.as_ref();
        let hinted = |ns: &SweepHints| Duration::from_nanos(ns.stage_duration_ns);
        let progression = args.progression.or(hints.map(|hints| hints.progression));
        let step_duration = args.step_duration.or(hints.map(hinted));
        let step_duration = step_duration.unwrap_or(STEP_DURATION);
        let workload = firing.workload();
        Sweep {
            args,
            firing,
            paced,
            directory,
            steps: args
                .steps
                .or(hints.map(|hints| hints.stages))
                .unwrap_or(STEPS),
            step_duration,
            has_fired: false,
            result: SweepResult {
                format: SWEEP_FORMAT,
                replay_version: env!("CARGO_PKG_VERSION").into(),
                workload: SweptWorkload {
                    content_hash: hex(&workload.content_hash()),
                    requests: workload.requests().len() as u64,
                },
                slos,
                progression: progression.unwrap_or(Progression::Linear),
                step_duration_s: step_duration.as_secs_f64(),
                interrupted: true,
                saturation: None,
                steps: Vec::new(),
                knee: None,
                goal: None,
            },
        }
    }

    /// Says what makes later steps unlike earlier ones.
    pub fn warn(&self) {
        if !self.firing.takes_salt() {
            eprintln!(
                "warning: every step sends the same prompts, so a server that keeps prefixes answers \
                 later ones faster: compile the workload with `data: {{salt: true}}`"
            );
        }
    }

    /// Fires all of it. An interruption by the user is a failure with status
    /// [`exit::INTERRUPTED`].
    pub fn run(&mut self) -> Result<(), Failure> {
        let highest = match self.args.up_to {
            Some(rate) => rate,
            None => self.saturate()?,
        };
        self.step_up(highest)?;
        if self.args.goal {
            self.search(highest)?;
        }
        self.result.interrupted = false;
        self.write()
    }

    /// What has been found so far.
    pub fn result(&self) -> &SweepResult {
        &self.result
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Looks for the saturation; gives it in paced requests per second.
    fn saturate(&mut self) -> Result<f64, Failure> {
        let mut ladder = Ladder::new(self.ladder_settings());
        for number in 1.. {
            let Some(rung) = ladder.next() else {
                break;
            };
            self.tell(&format!(
                "probe {number}: {} requests, {} in flight",
                rung.requests, rung.in_flight
            ));
            let name = loads::probe(number);
            let (data, summary) = self.fire(&name, self.probe(rung))?;
            let reasons = &summary.verdict.reasons;
            ladder.take(measure::rung(name, &self.paced, &data.rows, reasons));
            self.result.saturation = ladder.saturation();
            self.write()?;
        }
        let Some(found) = &self.result.saturation else {
            let message = format!("no saturation was found: {}", ladder.why());
            return Err(match ladder.limited_by() {
                LimitedBy::Errors => Failure::world(message),
                _ => Failure::wrong_input(message),
            });
        };
        let told = text::sweep::saturation(found);
        let rate = found.paced_rate;
        match ladder.limited_by() {
            LimitedBy::Server => self.tell(&format!("saturation: {told}: {}", ladder.why())),
            _ => eprintln!("warning: saturation: {told}: {}", ladder.why()),
        }
        Ok(rate)
    }

    fn ladder_settings(&self) -> LadderSettings {
        let hints = &self.firing.manifest().hints;
        let hinted = most_in_flight(hints).map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        let workers = self.args.fire.timing.workers.or(hints.workers);
        let sweep = hints.sweep.as_ref();
        LadderSettings {
            workers: workers.unwrap_or(1),
            most: self
                .args
                .fire
                .load
                .max_in_flight
                .or(hinted)
                .unwrap_or(MOST_IN_FLIGHT),
            available: self.result.workload.requests,
            least: sweep.map(|sweep| sweep.requests),
            percentile: sweep.map(|sweep| f64::from(sweep.saturation_percentile_ppm) / 1e4),
        }
    }

    /// All due at once, and so many in flight.
    fn probe(&self, rung: Rung) -> Step {
        let hints = self.firing.manifest().hints.sweep.as_ref();
        let hinted = hints.map(|hints| Duration::from_nanos(hints.timeout_ns));
        let longest = self.args.probe_duration.or(hinted);
        Step {
            speed: Speed::new(*Speed::RANGE.end()),
            requests: Some(rung.requests),
            max_in_flight: Some(rung.in_flight),
            longest: Some(longest.unwrap_or(PROBE_DURATION)),
            ..Step::default()
        }
    }

    /// The steps up to the highest rate.
    fn step_up(&mut self, highest: f64) -> Result<(), Failure> {
        let rates = rates(self.result.progression, highest, self.steps);
        for (number, rate) in (1..).zip(rates) {
            let name = loads::step(number);
            let what = format!("step {number} of {}", self.steps);
            let step = self.at_rate(&what, name, rate)?;
            let share = step.goodput_share;
            self.result.steps.push(step);
            self.result.knee = knee(&self.result.steps);
            self.write()?;
            let has_missed = share.is_none_or(|share| share < self.args.goal_share);
            if self.args.stop_on_slo && has_missed {
                let met = share.unwrap_or_default() * 100.0;
                self.tell(&format!(
                    "no further step: {met:.2} % of the requests meet the SLOs"
                ));
                break;
            }
        }
        Ok(())
    }

    /// The highest rate that meets the SLOs.
    fn search(&mut self, saturation: f64) -> Result<(), Failure> {
        let least = FEWEST_ENDS as f64 / self.step_duration.as_secs_f64();
        let mut search = Search::new(saturation, least, self.args.goal_share, self.args.tolerance);
        while let Some(rate) = search.next() {
            let number = search.goal().trials.len() + 1;
            let what = format!("trial {number}");
            search.take(self.at_rate(&what, loads::trial(number), rate)?);
            self.result.goal = Some(search.goal().clone());
            self.write()?;
        }
        Ok(())
    }

    fn at_rate(&mut self, what: &str, name: String, rate: f64) -> Result<StepResult, Failure> {
        let scaled = self.paced.at_rate(rate, self.step_duration);
        let scaled = scaled.map_err(Failure::wrong_input)?;
        let speed = scaled.speed.factor();
        self.tell(&format!(
            "{what}: {rate:.2} requests/s, {} requests, speed {speed:.4}",
            scaled.requests
        ));
        if scaled.is_short {
            eprintln!(
                "warning: {what} is over in {:.1} s instead of {:.1} s: the workload has no more \
                 requests",
                scaled.paced as f64 / rate,
                self.result.step_duration_s
            );
        }
        let step = Step {
            speed: Some(scaled.speed),
            requests: Some(scaled.requests),
            ..Step::default()
        };
        let (data, summary) = self.fire(&name, step)?;
        if summary.verdict.verdict == Word::Invalid {
            eprintln!("warning: {what} is INVALID: see `replay report` of {name}");
        }
        let paced = &self.paced;
        Ok(measure::step(name, rate, &scaled, paced, &data, &summary))
    }

    /// Fires into a directory of this name and derives the summary.
    fn fire(&mut self, name: &str, step: Step) -> Result<(RunData, Summary), Failure> {
        if std::mem::replace(&mut self.has_fired, true) {
            std::thread::sleep(PAUSE);
        }
        let salt = self.args.fire.load.salt.as_deref().unwrap_or(SALT);
        let takes_salt = self.firing.takes_salt();
        let step = Step {
            salt: takes_salt.then(|| format!("{salt}-{name}")),
            ..step
        };
        let directory = self.directory.join(name);
        let fired = self.firing.fire(&step, &directory)?;
        let made = summarise(&directory)?;
        if fired.interrupted {
            return Err(Failure {
                status: exit::INTERRUPTED,
                message: "interrupted".into(),
            });
        }
        Ok(made)
    }

    /// Writes `sweep.json`.
    pub fn write(&self) -> Result<(), Failure> {
        let written = self.result.write(&self.directory);
        written.map_err(|error| Failure::world(format!("cannot write {SWEEP_FILE}: {error}")))
    }

    fn tell(&self, line: &str) {
        if !self.args.fire.quiet {
            eprintln!("{line}");
        }
    }
}
