//! In what runs were not alike before anything came back: what was fired, how, where and from
//! where, and whether each may be believed.

use crate::analysis::compare::Run;
use crate::analysis::verdict::Word;
use serde::Serialize;
use serde_json::{Value, json};

/// One thing in which runs were not alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its place in `run.json`; of the verdict, in `summary.json`.
    pub what: String,
    /// What it was in each run.
    pub values: Vec<Value>,
    /// What that means, in a sentence.
    pub means: &'static str,
}

/// What is looked at one by one, and what a difference in it means.
const KEYS: [(&str, &str); 6] = [
    (
        "workload.content_hash",
        "another load was fired: what changed below may be the load's doing",
    ),
    (
        "targets[].url",
        "another endpoint was asked: if that is what you compare, all else must be alike",
    ),
    (
        "slos",
        "goodput was held against other limits and cannot be compared",
    ),
    ("replay_version", "another program fired and measured"),
    ("host", "another machine fired and measured"),
    (
        "verdict.verdict",
        "a run that is not VALID did not put on its load as asked: see its report",
    ),
];
/// What a difference in `effective.speed` means.
const SPEED: &str = "the load came at another speed: every figure depends on it";
/// What a difference in `effective.salt` means.
const SALT: &str =
    "the prompts had other words in their salt slots: a prefix cache sees other text";
/// What a difference in any other of the settings means.
const SETTING: &str = "the load was put on with another setting";

/// All of them, the heaviest first.
pub fn differences(runs: &[Run]) -> Vec<Difference> {
    let seen = |what: &str| runs.iter().map(|run| value(run, what)).collect::<Vec<_>>();
    let keys = KEYS.iter().map(|(what, means)| (seen(what), *what, *means));
    let found = keys.filter(|(values, what, _)| match *what {
        // That all are equally bad is no comfort.
        "verdict.verdict" => values.iter().any(|word| *word != json!(Word::Valid)),
        _ => !alike(values),
    });
    let mut all: Vec<Difference> = found
        .map(|(values, what, means)| Difference {
            what: what.to_owned(),
            values,
            means,
        })
        .collect();
    let behind_the_load = all
        .iter()
        .take_while(|difference| difference.what == KEYS[0].0)
        .count();
    all.splice(behind_the_load..behind_the_load, settings(runs));
    all
}

fn alike(values: &[Value]) -> bool {
    values.iter().all(|value| *value == values[0])
}

fn value(run: &Run, what: &str) -> Value {
    let info = &run.info;
    match what {
        "workload.content_hash" => json!(info.workload.content_hash),
        "targets[].url" => info
            .targets
            .iter()
            .map(|target| json!(target.url))
            .collect(),
        "slos" => run.summary.slos.iter().map(|slo| json!(slo)).collect(),
        "replay_version" => json!(info.replay_version),
        "host" => json!(info.host),
        _ => json!(run.summary.verdict.verdict),
    }
}

/// Every setting in force that was not the same in all, speed and salt first.
fn settings(runs: &[Run]) -> Vec<Difference> {
    let all: Vec<Value> = runs.iter().map(|run| json!(run.info.effective)).collect();
    let keys = all[0].as_object().into_iter().flat_map(|map| map.keys());
    let seen = |key: &String| all.iter().map(|settings| settings[key].clone()).collect();
    let mut found: Vec<Difference> = keys
        .map(|key| Difference {
            what: format!("effective.{key}"),
            values: seen(key),
            means: match key.as_str() {
                "speed" => SPEED,
                "salt" => SALT,
                _ => SETTING,
            },
        })
        .filter(|difference| !alike(&difference.values))
        .collect();
    found.sort_by_key(|difference| {
        [SPEED, SALT, SETTING]
            .iter()
            .position(|means| *means == difference.means)
    });
    found
}
