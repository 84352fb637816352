//! The files that inference-perf leaves, with its keys, so that what reads them can go on.
//!
//! `RESULTS.md` says where a figure means something else there. Refuses to write a key of theirs
//! that a run's records do not answer, and a 0 for what is not known.

use crate::analysis::goodput::Goodput;
use crate::analysis::load_summary::LoadSummary;
use crate::analysis::measures::Measures;
use crate::analysis::report::NamedFile;
use crate::analysis::slo::SloMetric;
use crate::analysis::stats::Stats;
use crate::analysis::summary::Summary;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Numbers of a distribution there: all of ours but the standard deviation, our last.
const NUMBERS: usize = Stats::KEYS.len() - 1;
/// Most bytes of an adapter's name in a file's name before it is cut. Of the 255 that there are, some
/// are for what stands around it, also while the file has its temporary name.
const MOST_NAME_BYTES: usize = 160;

/// A file for everything, each stage, each adapter, and each adapter in each stage.
pub fn files(summary: &Summary) -> Vec<NamedFile> {
    let mut files = vec![file("summary".into(), &summary.overall, false)];
    for stage in &summary.stages {
        let name = format!("stage_{}", stage.stage);
        files.push(file(name, &stage.measures, true));
    }
    for adapter in &summary.adapters {
        let name = format!("adapter_{}", escaped(&adapter.name));
        files.push(file(name, &adapter.measures, false));
    }
    for adapter in &summary.adapter_stages {
        let name = format!("adapter_{}_stage_{}", escaped(&adapter.name), adapter.stage);
        files.push(file(name, &adapter.measures, true));
    }
    files
}

/// A name as part of a file's: bytes other than letters, digits, `.`, `_` and `-` as `%XX`, and so
/// the `_` of `_stage`, or an adapter could be called as another one in a stage. What is then too
/// long is cut, and followed by the beginning of the name's SHA-256.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let bytes = name.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    let mut escaped = bytes.collect::<String>().replace("_stage", "%5Fstage");
    if escaped.len() > MOST_NAME_BYTES {
        escaped.truncate(MOST_NAME_BYTES);
        escaped.push_str(&schemas::hex(&Sha256::digest(name)[..8]));
    }
    escaped
}

fn file(name: String, measures: &Measures, of_stage: bool) -> NamedFile {
    let mut bytes = serde_json::to_vec_pretty(&report(measures, of_stage))
        .expect("numbers and texts can be written");
    bytes.push(b'\n');
    NamedFile {
        name: format!("{name}_lifecycle_metrics.json"),
        bytes,
    }
}

/// The whole of a file.
#[derive(Serialize)]
struct Report<'a> {
    benchmark_time_seconds: Option<f64>,
    load_summary: Load<'a>,
    successes: Successes<'a>,
    failures: Failures<'a>,
}

#[derive(Serialize)]
struct Load<'a> {
    count: u64,
    schedule_delay: Option<Distribution<'a>>,
    #[serde(flatten)]
    rates: Option<Rates>,
}

/// Only of a stage.
#[derive(Serialize)]
struct Rates {
    send_duration: Option<f64>,
    requested_rate: Option<f64>,
    achieved_rate: Option<f64>,
}

#[derive(Serialize)]
struct Successes<'a> {
    count: u64,
    latency: Latency<'a>,
    throughput: Throughput,
    prompt_tokens: Tokens<'a>,
    output_len: Option<Distribution<'a>>,
    output_tokens: Tokens<'a>,
    token_count_mismatches: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    goodput_metrics: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct Latency<'a> {
    request_latency: Option<Distribution<'a>>,
    normalized_time_per_output_token: Option<Distribution<'a>>,
    time_per_output_token: Option<Distribution<'a>>,
    time_to_first_token: Option<Distribution<'a>>,
    inter_token_latency: Option<Distribution<'a>>,
}

#[derive(Serialize)]
struct Throughput {
    input_tokens_per_sec: Option<f64>,
    output_tokens_per_sec: Option<f64>,
    total_tokens_per_sec: Option<f64>,
    requests_per_sec: Option<f64>,
}

#[derive(Serialize)]
struct Tokens<'a> {
    total: u64,
    #[serde(flatten)]
    distribution: Option<Distribution<'a>>,
}

#[derive(Serialize)]
struct Failures<'a> {
    count: u64,
    request_latency: Option<Distribution<'a>>,
    by_label: BTreeMap<&'a str, Label>,
}

#[derive(Serialize)]
struct Label {
    count: u64,
    /// What servers said is not recorded.
    messages: [(); 0],
}

/// Their numbers under their keys.
struct Distribution<'a>(&'a Stats);

impl Serialize for Distribution<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(NUMBERS))?;
        for (key, value) in Stats::KEYS.iter().zip(self.0.values()).take(NUMBERS) {
            map.serialize_entry(key, &value)?;
        }
        map.end()
    }
}

fn distribution(stats: &Option<Stats>) -> Option<Distribution<'_>> {
    stats.as_ref().map(Distribution)
}

fn report(measures: &Measures, of_stage: bool) -> Report<'_> {
    let (done, errors) = (&measures.throughput, &measures.errors);
    Report {
        benchmark_time_seconds: done.duration_s,
        load_summary: load(&measures.load_summary, of_stage),
        successes: successes(measures),
        failures: Failures {
            count: without_answer(measures),
            request_latency: distribution(&measures.failed_latency_s),
            by_label: errors
                .by_class
                .iter()
                .map(|(class, count)| (class.as_str(), label(*count)))
                .collect(),
        },
    }
}

/// Requests that failed, those not sent included: each has one class.
fn without_answer(measures: &Measures) -> u64 {
    measures.errors.by_class.values().sum()
}

/// All but those and the cancelled ones.
fn ok(measures: &Measures) -> u64 {
    let others = without_answer(measures) + measures.cancellation.cancelled;
    measures.errors.requests.saturating_sub(others)
}

fn label(count: u64) -> Label {
    Label {
        count,
        messages: [],
    }
}

fn load(load: &LoadSummary, of_stage: bool) -> Load<'_> {
    Load {
        count: load.count,
        schedule_delay: distribution(&load.schedule_delay),
        rates: of_stage.then_some(Rates {
            send_duration: load.send_duration,
            requested_rate: load.requested_rate,
            achieved_rate: load.achieved_rate,
        }),
    }
}

fn successes(measures: &Measures) -> Successes<'_> {
    let done = &measures.throughput;
    Successes {
        count: ok(measures),
        latency: Latency {
            request_latency: distribution(&measures.latency_from_sent_s),
            normalized_time_per_output_token: distribution(&measures.ntpot_s),
            time_per_output_token: distribution(&measures.tpot_s),
            time_to_first_token: distribution(&measures.ttft_s),
            inter_token_latency: distribution(&measures.itl_s),
        },
        throughput: Throughput {
            input_tokens_per_sec: done.input_tokens_per_s,
            output_tokens_per_sec: done.output_tokens_per_s,
            total_tokens_per_sec: done.total_tokens_per_s,
            requests_per_sec: done.requests_per_s,
        },
        prompt_tokens: Tokens {
            total: done.input_tokens_from_usage + done.input_tokens_from_workload,
            distribution: distribution(&measures.input_tokens),
        },
        output_len: distribution(&measures.output_tokens),
        output_tokens: Tokens {
            total: done.output_tokens_from_usage + done.output_tokens_from_events,
            distribution: distribution(&measures.output_tokens),
        },
        token_count_mismatches: measures.usage.output_mismatches,
        goodput_metrics: measures.goodput.as_ref().map(goodput),
    }
}

fn goodput(goodput: &Goodput) -> Map<String, Value> {
    let percent = |share: Option<f64>| json!(share.map(|share| share * 100.0));
    let mut map = Map::new();
    let mut enter = |key: &str, value: Value| map.insert(key.to_owned(), value);
    enter("goodput_percentage", percent(goodput.share));
    enter("request_goodput", json!(goodput.good_per_s));
    enter("good_requests", json!(goodput.good));
    enter("total_requests", json!(goodput.requests));
    for slo in &goodput.slos {
        let metric = match slo.metric {
            SloMetric::Latency => "request_latency",
            other => other.name(),
        };
        let key = format!("{metric}_attainment_percentage");
        enter(&key, percent(slo.share));
    }
    map
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_of_adapters_stay_apart_and_in_the_directory() {
        assert_eq!(escaped("movie-v1.0_b"), "movie-v1.0_b");
        assert_eq!(escaped("../a/é"), "..%2Fa%2F%C3%A9");
        assert_eq!(escaped("a%2F"), "a%252F");
        // Not `adapter_a_stage_1`, which is `a` in stage 1.
        assert_eq!(escaped("a_stage_1"), "a%5Fstage_1");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        assert_eq!(escaped(&"a".repeat(160)), "a".repeat(160));
        // `printf 'a%.0s' $(seq 161) | sha256sum`
        let cut = "a".repeat(160) + "1668eb4fad53ba7b";
        assert_eq!(escaped(&"a".repeat(161)), cut);
        let long = |last: &str| escaped(&("é".repeat(400) + last));
        assert_ne!(long("1"), long("2"));
        assert_eq!(long("1").len(), 176);
    }
}
