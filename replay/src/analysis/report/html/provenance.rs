//! Where a run comes from: hashes, spec, command, machine and settings; what is needed to do it
//! again, or to doubt it.

use super::escape::Escaped;
use super::number::{Quantity, count};
use super::page::Page;
use super::tables::facts;
use crate::analysis::summary::Summary;
use crate::run_info::RunInfo;
use crate::wall_time;
use serde::Serialize;
use serde_json::Value;

/// Adds all of it.
pub fn add(page: &mut Page, info: &RunInfo, summary: &Summary) {
    let html = format!(
        "<section class=\"card\"><h3>Provenance</h3>{}</section>",
        facts(&pairs(info))
    );
    page.push(&html);
    page.folded("Settings in force", &listed(&info.effective));
    page.folded(
        "Thresholds of the verdict",
        &listed(&summary.verdict.thresholds),
    );
    page.folded("What became of every request", &listed(&summary.accounting));
    if let Some(spec) = &info.workload.spec {
        let sets = match spec.sets.is_empty() {
            true => String::new(),
            false => format!(
                "<p class=\"note\">with --set {}</p>",
                Escaped(&spec.sets.join(" --set "))
            ),
        };
        page.folded("Spec", &format!("{sets}<pre>{}</pre>", Escaped(&spec.text)));
    }
}

fn pairs(info: &RunInfo) -> Vec<(&'static str, String)> {
    let (workload, host, clock) = (&info.workload, &info.host, &info.clock);
    let targets = info.targets.iter();
    let targets = targets.map(|target| format!("{} ({})", target.url, target.address));
    let verified = if workload.verified { "yes" } else { "no" };
    let spec = workload.spec.as_ref();
    let ended = info.end.as_ref();
    let seconds = |ns: u64| Quantity::Seconds.text(ns as f64 / 1e9);
    vec![
        ("content hash", workload.content_hash.clone()),
        ("file hash", workload.footer_hash.clone()),
        ("requests in it", count(workload.requests)),
        ("verified before t0", verified.to_owned()),
        (
            "seed",
            workload
                .seed
                .map(|seed| seed.to_string())
                .unwrap_or_default(),
        ),
        (
            "spec SHA-256",
            spec.map(|spec| spec.sha256.clone()).unwrap_or_default(),
        ),
        ("command", info.command.join(" ")),
        ("targets", targets.collect::<Vec<_>>().join("\n")),
        ("t0", wall_time::utc(clock.t0_unix_ns)),
        (
            "lasted",
            ended.map(|end| seconds(end.ended_ns)).unwrap_or_default(),
        ),
        ("replay", info.replay_version.clone()),
        ("kernel", host.kernel.clone()),
        ("processor", host.cpu.clone().unwrap_or_default()),
        ("processors", host.cpus.to_string()),
        (
            "clock",
            format!(
                "{} ({})",
                clock.name,
                clock.source.as_deref().unwrap_or("source unknown")
            ),
        ),
        ("timer late, p99", seconds(clock.timer.late_p99_ns)),
    ]
}

/// The keys and plain values of what stands in a file.
fn listed(value: &impl Serialize) -> String {
    let Ok(Value::Object(map)) = serde_json::to_value(value) else {
        unreachable!("what is listed is an object");
    };
    let texts: Vec<(String, String)> = map
        .into_iter()
        .map(|(key, value)| (key, plain(&value)))
        .collect();
    let pairs: Vec<(&str, String)> = texts
        .iter()
        .map(|(key, text)| (key.as_str(), text.clone()))
        .collect();
    facts(&pairs)
}

/// Empty for what is not set.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| format!("{key} {}", plain(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        _ => value.to_string(),
    }
}
