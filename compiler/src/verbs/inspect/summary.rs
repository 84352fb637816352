//! What a workload is, as a whole: for people, and as one JSON object.

use super::ShowError;
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::{
    REQUEST_LIVE, REQUEST_SALTED, RequestRecord, ResponseFormat, STAGE_AFTER_PREVIOUS,
    STAGE_WARM_UP, Section, StageKind, StageRecord, optional_u32, optional_u64,
};
use schemas::manifest::Manifest;
use schemas::reader::Workload;
use schemas::verify::file_hash;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// One stage with the keys of the command line's contract; absent values are null.
pub fn stage_json(
    workload: &Workload,
    index: usize,
    stage: &StageRecord,
) -> Result<Value, FormatError> {
    let wrong = |what: String| workload.record_error(Section::Stages, index as u64, what);
    let kind =
        StageKind::from_number(stage.kind).ok_or_else(|| wrong("kind is not defined".into()))?;
    Ok(json!({
        "name": workload.tables().optional_string(stage.name.get()).map_err(wrong)?,
        "kind": kind.name(),
        "warm_up": stage.flags & STAGE_WARM_UP != 0,
        "after_previous": stage.flags & STAGE_AFTER_PREVIOUS != 0,
        "start_ns": stage.start_ns.get(),
        "duration_ns": optional_u64(stage.duration_ns),
        "rate": optional_u64(stage.rate_microhertz).map(|rate| rate as f64 / 1e6),
        "requests": stage.request_count.get(),
        "concurrency": optional_u32(stage.concurrency),
    }))
}

pub fn summary_json(workload: &Workload) -> Result<Value, FormatError> {
    let stages = workload
        .stages()
        .iter()
        .enumerate()
        .map(|(index, stage)| stage_json(workload, index, stage));
    let requests = workload.requests();
    let sum = |field: fn(&schemas::layout::RequestRecord) -> Option<u32>| {
        requests
            .iter()
            .filter_map(field)
            .map(u64::from)
            .sum::<u64>()
    };
    let formats: Vec<&str> = ResponseFormat::ALL
        .iter()
        .filter(|format| {
            requests
                .iter()
                .any(|request| request.response_format == **format as u8)
        })
        .map(|format| format.name())
        .collect();
    let sections = Section::ALL.map(|section| {
        let place = workload.place(section);
        json!({"name": section.name(), "offset": place.offset, "bytes": place.length, "sha256": hex(&place.sha256)})
    });
    Ok(json!({
        "content_hash": hex(&workload.content_hash()),
        "file_hash": hex(&file_hash(workload)),
        "file_bytes": workload.file_bytes().len(),
        "requests": requests.len(),
        "response_formats": formats,
        "input_tokens": sum(|request| optional_u32(request.input_tokens)),
        "output_tokens": sum(|request| optional_u32(request.output_tokens)),
        "body_bytes": requests.iter().map(|request| request.body_bytes.get()).sum::<u64>(),
        "mix": mix_json(workload)?,
        "stages": stages.collect::<Result<Vec<_>, _>>()?,
        "sections": sections,
        "manifest": serde_json::to_value(workload.manifest()?).expect("a manifest is JSON"),
    }))
}

/// Where a workload comes from and how it is meant to be fired.
fn origin_text(manifest: &Manifest, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "seed           {}", manifest.seed)?;
    let compiler = &manifest.compiler;
    writeln!(
        out,
        "compiled by    {} {} (algorithm {})",
        compiler.name, compiler.version, compiler.algorithm
    )?;
    for trace in &manifest.traces {
        writeln!(
            out,
            "trace          {} ({}), sha256 {}",
            trace.file, trace.format, trace.sha256
        )?;
        writeln!(
            out,
            "               {} rows read, {} used in each of {} passes",
            trace.rows_read, trace.emitted, trace.passes
        )?;
    }
    for input in &manifest.inputs {
        writeln!(
            out,
            "input          {}, sha256 {}",
            input.file, input.sha256
        )?;
    }
    if !manifest.populations.is_empty() {
        writeln!(out, "populations    {}", manifest.populations.join(", "))?;
    }
    let hints = serde_json::to_value(&manifest.hints).expect("hints are JSON");
    let present = hints.as_object().into_iter().flatten();
    for (key, value) in present.filter(|(_, value)| !value.is_null()) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        writeln!(out, "recommended    {key} = {text}")?;
    }
    Ok(())
}

pub fn summary_text(workload: &Workload, out: &mut dyn Write) -> Result<(), ShowError> {
    let summary = summary_json(workload)?;
    let manifest = workload.manifest()?;
    let number = |key: &str| summary[key].as_u64().unwrap_or(0);
    let text = |key: &str| summary[key].as_str().unwrap_or("").to_owned();
    writeln!(out, "content hash   {}", text("content_hash"))?;
    writeln!(out, "file hash      {}", text("file_hash"))?;
    writeln!(out, "requests       {}", number("requests"))?;
    writeln!(
        out,
        "tokens         {} in, {} out ({})",
        number("input_tokens"),
        number("output_tokens"),
        manifest.tokenizer.name
    )?;
    writeln!(
        out,
        "bodies         {:.1} MB in a file of {:.1} MB",
        number("body_bytes") as f64 / 1e6,
        number("file_bytes") as f64 / 1e6
    )?;
    mix_text(&summary["mix"], out)?;
    origin_text(&manifest, out)?;
    writeln!(out)?;
    stages_text(&summary["stages"], out)?;
    Ok(())
}

/// The stages as a table; a column stands only where a stage has something to say in it.
fn stages_text(stages: &Value, out: &mut dyn Write) -> io::Result<()> {
    let seconds = |value: &Value| value.as_u64().map(|ns| format!("{:.3}", ns as f64 / 1e9));
    let start = |stage: &Value| {
        let start = seconds(&stage["start_ns"])?;
        Some(match stage["after_previous"] == true {
            true => format!("+{start}"),
            false => start,
        })
    };
    let kind = |stage: &Value| {
        let kind = stage["kind"].as_str()?;
        Some(match stage["warm_up"] == true {
            true => format!("{kind}, warm-up"),
            false => kind.to_owned(),
        })
    };
    type Cell<'c> = &'c dyn Fn(&Value) -> Option<String>;
    let columns: [(&str, Cell); 7] = [
        ("name", &|stage| stage["name"].as_str().map(str::to_owned)),
        ("kind", &kind),
        ("start s", &start),
        ("duration s", &|stage| seconds(&stage["duration_ns"])),
        ("rate/s", &|stage| Some(stage["rate"].as_f64()?.to_string())),
        ("in flight", &|stage| {
            Some(stage["concurrency"].as_u64()?.to_string())
        }),
        ("requests", &|stage| {
            Some(stage["requests"].as_u64()?.to_string())
        }),
    ];
    let stages: Vec<&Value> = stages.as_array().into_iter().flatten().collect();
    let mut lines = vec!["stage".to_owned()];
    lines.extend((0..stages.len()).map(|index| index.to_string()));
    for (title, cell) in columns {
        let cells: Vec<Option<String>> = stages.iter().map(|stage| cell(stage)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let width = lines.iter().map(String::len).max().unwrap_or(0) + 2;
        let texts = cells.into_iter().map(|cell| cell.unwrap_or("-".to_owned()));
        let texts = std::iter::once(title.to_owned()).chain(texts);
        for (line, text) in lines.iter_mut().zip(texts) {
            *line = format!("{line:<width$}{text}");
        }
    }
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// How the requests divide: conversations, models, adapters, cancellations.
fn mix_json(workload: &Workload) -> Result<Value, FormatError> {
    let requests = workload.requests();
    let count = |of: fn(&RequestRecord) -> bool| requests.iter().filter(|r| of(r)).count();
    let by_name = |id: fn(&RequestRecord) -> Option<u32>| {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        requests.iter().filter_map(id).for_each(|id| {
            *counts.entry(id).or_default() += 1;
        });
        let named = counts.into_iter().map(|(id, count)| {
            let name = workload.tables().string(id);
            let wrong = |what| workload.record_error(Section::Strings, u64::from(id), what);
            Ok((name.map_err(wrong)?.to_owned(), json!(count)))
        });
        named.collect::<Result<serde_json::Map<_, _>, FormatError>>()
    };
    let sessions: BTreeSet<u32> = requests
        .iter()
        .filter_map(|request| optional_u32(request.session))
        .collect();
    Ok(json!({
        "sessions": sessions.len(),
        "models": by_name(|request| Some(request.model.get()))?,
        "adapters": by_name(|request| optional_u32(request.adapter))?,
        "cancelled": count(|request| {
            optional_u64(request.cancel_after_ns).is_some()
                || optional_u32(request.cancel_after_tokens).is_some()
        }),
        "live": count(|request| request.flags & REQUEST_LIVE != 0),
        "salted": count(|request| request.flags & REQUEST_SALTED != 0),
    }))
}

/// The same in words; what does not occur is not spoken of.
fn mix_text(mix: &Value, out: &mut dyn Write) -> io::Result<()> {
    let number = |key: &str| mix[key].as_u64().filter(|count| *count > 0);
    if let Some(sessions) = number("sessions") {
        writeln!(out, "sessions       {sessions}")?;
    }
    for (key, title) in [("models", "models"), ("adapters", "adapters")] {
        let names = mix[key].as_object().into_iter().flatten();
        let names: Vec<String> = names
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        if !names.is_empty() {
            writeln!(out, "{title:<14} {}", names.join(", "))?;
        }
    }
    for (key, what) in [
        ("cancelled", "requests are abandoned half-way"),
        ("live", "requests wait for the server's own answers"),
        (
            "salted",
            "requests have a slot that `replay run --salt` fills",
        ),
    ] {
        if let Some(count) = number(key) {
            writeln!(out, "{key:<14} {count} {what}")?;
        }
    }
    Ok(())
}
