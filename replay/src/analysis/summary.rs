//! Everything that is known of a run, in one value: `summary.json`.
//!
//! Derived from `run.json` and the records alone, so that anyone can compute it again. Warm-up
//! stages are left out of all figures but their own stage's, and not of the accounting.

use crate::analysis::accounting::Accounting;
use crate::analysis::group::{Dimension, GroupKey};
use crate::analysis::measures::{Measures, measure};
use crate::analysis::run_data::RunData;
use crate::analysis::sessions::{self, Sessions};
use crate::analysis::slo::{Slo, SloMetric};
use crate::analysis::verdict::{Facts, Thresholds, Verdict, judge};
use crate::analysis::window::Window;
use crate::run_info::{RunInfo, StageInfo};
use serde::{Deserialize, Serialize};

/// Version of the summary's shape.
pub const SUMMARY_FORMAT: u32 = 2;

/// What a run is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Objectives.
    pub slos: Vec<Slo>,
    /// Of the verdict.
    pub thresholds: Thresholds,
}

impl Asked {
    /// What `run.json` says: what `summary.json` is made with.
    pub fn of_run(info: &RunInfo) -> Self {
        Asked {
            slos: info.slos.clone(),
            thresholds: info.thresholds.clone(),
        }
    }
}

/// The whole of `summary.json`. Durations are in seconds, rates per second; null is "not known".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SUMMARY_FORMAT`].
    pub format: u32,
    /// What was fired.
    pub workload: Fired,
    /// The schedule's times were divided by this.
    pub speed: Option<f64>,
    /// `--salt`; null when the bodies were sent as they stand in the workload.
    pub salt: Option<String>,
    /// What the requests were held against.
    pub slos: Vec<SloLimit>,
    /// What was measured; null for everything.
    pub window: Option<Measured>,
    /// Whether the run may be believed.
    pub verdict: Verdict,
    /// What became of every request, warm-up included.
    pub accounting: Accounting,
    /// Figures over all stages that are not warm-up.
    #[serde(flatten)]
    pub overall: Measures,
    /// Figures stage by stage, warm-up included.
    pub stages: Vec<StageSummary>,
    /// Figures of each model.
    pub models: Vec<NamedSummary>,
    /// Figures of each adapter.
    pub adapters: Vec<NamedSummary>,
    /// Figures of each adapter in each stage.
    pub adapter_stages: Vec<AdapterStageSummary>,
    /// Figures of each population.
    pub populations: Vec<NamedSummary>,
    /// Groups of which there are no figures, because there are too many.
    pub groups_left_out: u64,
    /// Conversations; null without any.
    pub sessions: Option<Sessions>,
    /// Connections, warm-up included.
    pub connections: Connections,
}

/// What was fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    /// Merkle root of the workload, hexadecimal.
    pub content_hash: String,
    /// Requests in the workload.
    pub requests: u64,
    /// Those that were to be fired: the first so many.
    pub fired: u64,
}

/// A limit that every request was to keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SloLimit {
    /// What is limited.
    pub metric: SloMetric,
    /// The longest that still meets it, in seconds.
    pub limit_s: f64,
}

impl SloLimit {
    /// A limit as files have it.
    pub fn of(slo: &Slo) -> Self {
        SloLimit {
            metric: slo.metric,
            limit_s: slo.limit_ns as f64 / 1e9,
        }
    }
}

/// A part of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Scheduled from this time on, in s from t0.
    pub from_s: f64,
    /// And before this; null for no end.
    pub to_s: Option<f64>,
    /// Requests that are not in it.
    pub left_out: u64,
}

/// The figures of one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageSummary {
    /// Its index in the workload.
    pub stage: u32,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Left out of all other figures.
    pub warm_up: bool,
    /// Its figures.
    #[serde(flatten)]
    pub measures: Measures,
}

/// The figures of one model, adapter or population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedSummary {
    /// Its name.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub measures: Measures,
}

/// The figures of one adapter in one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdapterStageSummary {
    /// The adapter.
    pub name: String,
    /// Index of the stage.
    pub stage: u32,
    /// Its figures.
    #[serde(flatten)]
    pub measures: Measures,
}

/// Connections of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// Requests that waited for a connection which was opened for them after t0.
    pub new_during_run: u64,
}

/// Derives the summary of a run.
pub fn summarize(data: &RunData, asked: &Asked) -> Summary {
    let (info, accounting) = (&data.info, &data.accounting);
    let mut groups = data.groups.keys.iter().zip(measure(data, &asked.slos));
    let (_, overall) = groups.next().expect("the first group is everything");
    let new = data.rows.iter().filter(|row| row.is_on_new_connection());
    let mut summary = Summary {
        format: SUMMARY_FORMAT,
        workload: Fired {
            content_hash: info.workload.content_hash.clone(),
            requests: info.workload.requests,
            fired: accounting.scheduled,
        },
        speed: info.effective.speed,
        salt: info.effective.salt.as_ref().map(|salt| salt.text.clone()),
        slos: asked.slos.iter().map(SloLimit::of).collect(),
        window: measured(data),
        verdict: judge(&Facts::of(info, accounting, &overall), &asked.thresholds),
        accounting: accounting.clone(),
        overall,
        stages: Vec::new(),
        models: Vec::new(),
        adapters: Vec::new(),
        adapter_stages: Vec::new(),
        populations: Vec::new(),
        groups_left_out: data.groups.left_out,
        sessions: sessions::summarize(data),
        connections: Connections {
            new_during_run: new.count() as u64,
        },
    };
    groups.for_each(|(key, measures)| enter(&mut summary, key, measures, &info.stages));
    summary
}

/// Puts the figures of a group where they belong.
fn enter(summary: &mut Summary, key: &GroupKey, measures: Measures, stages: &[StageInfo]) {
    let name = key.name.clone();
    let stage = key.stage.unwrap_or_default();
    let named = |measures| NamedSummary {
        name: name.clone().unwrap_or_default(),
        measures,
    };
    match key.dimension {
        Dimension::All => {}
        Dimension::Stage => summary.stages.push(StageSummary {
            stage,
            name,
            warm_up: stages[stage as usize].warm_up,
            measures,
        }),
        Dimension::Model => summary.models.push(named(measures)),
        Dimension::Adapter => summary.adapters.push(named(measures)),
        Dimension::AdapterStage => summary.adapter_stages.push(AdapterStageSummary {
            name: name.unwrap_or_default(),
            stage,
            measures,
        }),
        Dimension::Population => summary.populations.push(named(measures)),
    }
}

fn measured(data: &RunData) -> Option<Measured> {
    let Window { from_ns, to_ns } = data.window;
    let outside = data.rows.iter().filter(|row| !data.window.has(row));
    (data.window != Window::ALL).then(|| Measured {
        from_s: from_ns as f64 / 1e9,
        to_s: (to_ns < u64::MAX).then_some(to_ns as f64 / 1e9),
        left_out: outside.count() as u64,
    })
}
