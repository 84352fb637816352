//! A run as `run.json` has it before t0: what was asked, by whom, and what will be in force.

use crate::analysis::verdict::Thresholds;
use crate::cli::fire::FireArgs;
use crate::engine::populations::Populations;
use crate::engine::received;
use crate::engine::run::{Beginning, Ending, FireSettings};
use crate::engine::schedule::Speed;
use crate::engine::target::Target;
use crate::exit::Failure;
use crate::host;
use crate::run_info::{
    self, ClockInfo, Counters, EngineInfo, RUN_FORMAT, ReceivedBy, RunEnd, RunInfo, Settings,
    StageInfo, ThreadUse, TimerCalibration, WorkloadInfo,
};
use crate::server_facts::ServerFacts;
use crate::settings::Asked;
use schemas::hex;
use schemas::layout::{STAGE_WARM_UP, StageKind, optional_u64};
use schemas::manifest::Manifest;
use schemas::reader::Workload;
use std::path::PathBuf;
use std::time::Duration;

/// Describes a run that has not begun: its clock and threads are filled in at t0.
pub fn describe(
    args: &FireArgs,
    asked: &Asked,
    manifest: &Manifest,
    workload: &Workload,
    targets: &[Target],
    facts: &[ServerFacts],
    settings: &FireSettings,
) -> Result<RunInfo, Failure> {
    let target = |(target, facts): (&Target, &ServerFacts)| run_info::Target {
        url: target.url.clone(),
        address: target.address.to_string(),
        tls: facts.tls.clone(),
        headers: facts.headers.clone(),
        models: facts.models.clone().ok(),
        models_error: facts.models.clone().err(),
    };
    Ok(RunInfo {
        format: RUN_FORMAT,
        replay_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: EngineInfo::default(),
        command: args.command.clone(),
        workload: WorkloadInfo {
            content_hash: hex(&workload.content_hash()),
            footer_hash: hex(&workload.footer_hash()),
            file_bytes: workload.file_bytes().len() as u64,
            requests: workload.leaves().len() as u64,
            verified: !args.no_verify,
            seed: Some(manifest.seed),
            spec: Some(manifest.spec.clone()),
        },
        populations: Populations::new(workload).names().to_vec(),
        requested: requested(args, asked, workload),
        origins: asked.origins(),
        effective: effective(args, asked, workload, settings),
        slos: asked.slos.value.clone().unwrap_or_default(),
        thresholds: Thresholds::default().with(&args.judge.thresholds),
        targets: targets.iter().zip(facts).map(target).collect(),
        stages: stage_infos(workload, settings.speed)
            .map_err(|what| Failure::wrong_input(format!("{}: {what}", args.file.display())))?,
        clock: clock_info(&Beginning {
            t0_monotonic_ns: 0,
            t0_unix_ns: 0,
            timer: TimerCalibration {
                samples: 0,
                late_median_ns: 0,
                late_p99_ns: 0,
                clock_read_ns: 0,
            },
            threads: Vec::new(),
        }),
        threads: Vec::new(),
        host: host::describe(),
        counters: Counters::default(),
        end: None,
    })
}

/// Writes down what is known at t0.
pub fn begin(info: &mut RunInfo, beginning: &Beginning) {
    info.clock = clock_info(beginning);
    info.threads.clone_from(&beginning.threads);
}

/// Writes down how it ended.
pub fn end(info: &mut RunInfo, ending: &Ending) {
    for (thread, used) in info.threads.iter_mut().zip(&ending.threads) {
        thread.used = *used;
    }
    let switches = |used: &Option<ThreadUse>| used.map(|used| used.involuntary_switches);
    let (before, after) = (ending.counters_before, ending.counters_after);
    let stolen_ns = after.steal_ns.zip(before.steal_ns);
    info.engine.binary_sha256 = host::binary_sha256().map(|hash| hex(&hash));
    info.counters = before;
    info.end = Some(RunEnd {
        interrupted: ending.interrupted,
        cut_short: ending.cut_short,
        ended_ns: ending.ended_ns,
        cpu_ns: ending.cpu_ns,
        involuntary_context_switches: ending.threads.iter().map(switches).sum(),
        steal_ns: stolen_ns.map(|(after, before)| after.saturating_sub(before)),
        connections_opened: ending.connections_opened,
        monotonic_ns: Some(ending.ended_monotonic_ns),
        unix_ns: Some(ending.ended_unix_ns),
        counters: after,
    });
}

fn requested(args: &FireArgs, asked: &Asked, workload: &Workload) -> Settings {
    Settings {
        workers: asked.workers.value,
        max_in_flight: asked.max_in_flight.value,
        connections: asked.connections.value,
        speed: args.load.speed.map(Speed::factor),
        timeout_ns: asked.timeout.value.map(ns),
        overload: args.load.overload,
        on_turn_failure: args.load.on_turn_failure,
        reuse: args.connection.reuse,
        balance: args.server.balance,
        token_times: args.load.no_token_times.then_some(false),
        grace_ns: args.timing.grace.map(ns),
        spin: args.timing.spin,
        ..common(args, asked, workload)
    }
}

fn effective(
    args: &FireArgs,
    asked: &Asked,
    workload: &Workload,
    settings: &FireSettings,
) -> Settings {
    Settings {
        workers: Some(settings.workers as u32),
        max_in_flight: Some(settings.max_in_flight as u32),
        connections: Some(settings.connections as u32),
        speed: Some(settings.speed.factor()),
        timeout_ns: Some(ns(settings.timeout)),
        overload: Some(settings.overload),
        on_turn_failure: Some(settings.on_turn_failure),
        reuse: Some(settings.reuse),
        balance: Some(settings.balance),
        token_times: Some(settings.token_times),
        grace_ns: Some(ns(settings.grace)),
        spin: Some(settings.spin),
        ..common(args, asked, workload)
    }
}

/// Settings that are in force as they were asked for.
fn common(args: &FireArgs, asked: &Asked, workload: &Workload) -> Settings {
    let path = |path: &PathBuf| path.display().to_string();
    let names = args.server.headers.iter().map(|(name, _)| name.to_string());
    let cpus = args.timing.cpus.iter().flat_map(|list| &list.0);
    Settings {
        requests: first_requests(workload),
        header_names: names.collect(),
        api_key_env: args.server.api_key_env.clone(),
        salt: asked.salt.clone(),
        http2: args.connection.http2,
        cacert: args.server.ca_certificates.iter().map(path).collect(),
        cert: args.server.client_certificate.as_ref().map(path),
        insecure: args.server.insecure,
        bind: args.connection.bind,
        start_at_unix_ns: args.timing.start_at,
        cpus: cpus.map(|cpu| *cpu as u32).collect(),
        fifo: args.timing.fifo,
        ..Settings::default()
    }
}

/// Requests that are fired, if those are the first of the workload and not all.
fn first_requests(workload: &Workload) -> Option<u64> {
    let (fired, all) = (workload.requests().len(), workload.leaves().len());
    (fired < all).then_some(fired as u64)
}

fn ns(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

pub(crate) fn stage_infos(workload: &Workload, speed: Speed) -> Result<Vec<StageInfo>, String> {
    let stages = workload.stages();
    let mut requests: Vec<u64> = stages
        .iter()
        .map(|stage| stage.request_count.get())
        .collect();
    if first_requests(workload).is_some() {
        requests = vec![0; stages.len()];
        for request in workload.requests() {
            let stage = requests.get_mut(request.stage.get() as usize);
            *stage.ok_or("a request has an undefined stage")? += 1;
        }
    }
    let infos = stages.iter().zip(requests).map(|(stage, requests)| {
        let name = workload.tables().optional_string(stage.name.get())?;
        let kind = StageKind::from_number(stage.kind).ok_or("a stage has an undefined kind")?;
        Ok(StageInfo {
            name: name.map(str::to_owned),
            kind: kind.name().to_owned(),
            warm_up: stage.flags & STAGE_WARM_UP != 0,
            start_ns: speed.scale_ns(stage.start_ns.get()),
            duration_ns: optional_u64(stage.duration_ns).map(|ns| speed.scale_ns(ns)),
            rate: optional_u64(stage.rate_microhertz)
                .map(|rate| rate as f64 / 1e6 * speed.factor()),
            requests,
        })
    });
    infos.collect()
}

fn clock_info(beginning: &Beginning) -> ClockInfo {
    ClockInfo {
        name: "CLOCK_MONOTONIC".to_owned(),
        t0_monotonic_ns: beginning.t0_monotonic_ns,
        t0_unix_ns: beginning.t0_unix_ns,
        source: host::clock_source(),
        received: match received::has_stamps() {
            true => ReceivedBy::Kernel,
            false => ReceivedBy::Read,
        },
        timer: beginning.timer.clone(),
    }
}
