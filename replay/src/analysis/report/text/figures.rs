//! The figures over all that was measured, and the accounting.

use super::{Screen, UNKNOWN, digits, millis, percent, rate, row, seconds};
use crate::analysis::cancellation::Cancellation;
use crate::analysis::goodput::Goodput;
use crate::analysis::load_summary::LoadSummary;
use crate::analysis::measures::Measures;
use crate::analysis::metric::Metric;
use crate::analysis::stats::Stats;
use crate::analysis::summary::Summary;
use std::io;

/// Writes them.
pub fn write(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    accounting(screen, summary)?;
    load(screen, &summary.overall.load_summary)?;
    cancellation(screen, &summary.overall.cancellation)?;
    durations(screen, &summary.overall)?;
    server(screen, summary)?;
    goodput(screen, summary.overall.goodput.as_ref())
}

fn accounting(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    let a = &summary.accounting;
    let requests = format!(
        "{} scheduled: {} sent, {} not sent, {} unaccounted",
        a.scheduled, a.sent, a.not_sent, a.unaccounted
    );
    screen.line("requests", &requests)?;
    let outcomes = format!(
        "{} ok, {} error, {} timeout, {} cancelled",
        a.ok, a.error, a.timeout, a.cancelled
    );
    screen.line("outcomes", &outcomes)?;
    if !a.errors_by_class.is_empty() {
        let classes = a.errors_by_class.iter();
        let classes: Vec<String> = classes
            .map(|(class, count)| format!("{count} {class}"))
            .collect();
        screen.line("errors", &classes.join(", "))?;
    }
    if let Some(why) = &a.truncated {
        screen.line("truncated", why)?;
    }
    screen.gap()
}

fn load(screen: &mut Screen<'_>, load: &LoadSummary) -> io::Result<()> {
    let text = format!(
        "{} req/s asked, {} scheduled, {} achieved; {} requests in {}",
        rate(load.requested_rate),
        rate(load.scheduled_rate),
        rate(load.achieved_rate),
        load.count,
        seconds(load.send_duration),
    );
    screen.line("load", &text)?;
    if load.paced < load.count && load.paced > 0 {
        let text = format!(
            "{} requests with their own time: {} req/s scheduled, {} achieved",
            load.paced,
            rate(load.scheduled_rate),
            rate(load.paced_rate),
        );
        screen.line("on schedule", &text)?;
    }
    screen.line("sent late by", &late(load.schedule_delay.as_ref()))
}

fn cancellation(screen: &mut Screen<'_>, requests: &Cancellation) -> io::Result<()> {
    if requests.asked > 0 {
        let text = format!(
            "{} of {} that were to be, {} answered before",
            requests.cancelled, requests.asked, requests.answered_before
        );
        screen.line("cancelled", &text)?;
        screen.line("  late by", &late(requests.error_s.as_ref()))?;
    }
    screen.gap()
}

fn late(delay: Option<&Stats>) -> String {
    delay.map_or(UNKNOWN.into(), |delay| {
        let (median, p99, max) = (millis(delay.median), millis(delay.p99), millis(delay.max));
        format!("{median} median, {p99} p99, {max} max")
    })
}

fn durations(screen: &mut Screen<'_>, measures: &Measures) -> io::Result<()> {
    let columns = ["mean", "median", "p90", "p99", "max"];
    screen.plain(&row("", columns.map(String::from)))?;
    for (name, metric) in [
        ("latency from schedule", Metric::LatencyFromScheduled),
        ("latency from sending", Metric::LatencyFromSent),
        ("TTFT from schedule", Metric::TtftFromScheduled),
        ("TTFT from sending", Metric::Ttft),
        ("ITL", Metric::Itl),
        ("TPOT", Metric::Tpot),
    ] {
        let stats = measures.distribution(metric);
        let unknown = || [UNKNOWN; 5].map(String::from);
        let known = |s: &Stats| [s.mean, s.median, s.p90, s.p99, s.max].map(millis);
        screen.plain(&row(name, stats.map_or_else(unknown, known)))?;
    }
    screen.gap()
}

fn server(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    let done = &summary.overall.throughput;
    let text = format!(
        "{} output tok/s, {} input tok/s, {} ok req/s over {}",
        rate(done.output_tokens_per_s),
        rate(done.input_tokens_per_s),
        rate(done.requests_per_s),
        seconds(done.duration_s),
    );
    screen.line("throughput", &text)?;
    let text = format!(
        "{} by server usage, {} by events; requests with neither: {}",
        done.output_tokens_from_usage, done.output_tokens_from_events, done.output_unknown_requests
    );
    screen.line("output tokens", &text)?;
    let usage = &summary.overall.usage;
    let text = format!(
        "requests with it: {}; other than the workload says: {} input, {} output",
        usage.reported, usage.input_mismatches, usage.output_mismatches
    );
    screen.line("server usage", &text)?;
    let opened = summary.connections.new_during_run;
    let connections = format!("connections opened during the run: {opened}");
    let text = match &summary.overall.in_flight {
        Some(load) => format!(
            "{} requests mean, {} p99, {} max; {connections}",
            digits(load.mean),
            load.p99,
            load.max
        ),
        None => connections,
    };
    screen.line("in flight", &text)
}

fn goodput(screen: &mut Screen<'_>, goodput: Option<&Goodput>) -> io::Result<()> {
    let Some(found) = goodput else {
        return Ok(());
    };
    let share = |share: Option<f64>| share.map_or(UNKNOWN.into(), percent);
    let text = format!(
        "{} good: {} of {} requests, {} req/s",
        share(found.share),
        found.good,
        found.requests,
        rate(found.good_per_s),
    );
    screen.line("goodput", &text)?;
    let slos = found.slos.iter();
    let met = slos.map(|slo| {
        let (name, limit) = (slo.metric.name(), millis(slo.limit_s));
        format!("{name} <= {limit}: {}", share(slo.share))
    });
    screen.line("  SLOs met", &met.collect::<Vec<_>>().join(", "))
}
