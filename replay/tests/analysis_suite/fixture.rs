//! Fourteen requests with every outcome, on round times, so that each figure can be worked out
//! in the head. Times are in tenths of a millisecond here.

use replay::analysis::verdict::Thresholds;
use replay::analysis::{Asked, RunData, Summary, Window, summarize};
use replay::run_info::*;
use schemas::frames::{TokenTimes, encode_strings, push_result, records_header, write_frame};
use schemas::layout::{NONE_U32, NONE_U64};
use schemas::records::{
    ErrorClass, FrameKind, NONE_U16, Outcome, RESULT_CANCEL, RESULT_NEW_CONNECTION, RESULT_STREAM,
    ResultRecord,
};
use std::collections::BTreeMap;
use zerocopy::FromZeros;

pub const HASH: [u8; 32] = [0xab; 32];
const TENTH_MS: u64 = 100_000;

/// A record in the making.
#[derive(Clone, Debug)]
pub struct Made {
    pub record: ResultRecord,
    pub sent_sha256: Option<[u8; 32]>,
    pub token_ns: Vec<u64>,
}

/// A request that was never sent.
pub fn never(index: u64, stage: u32, scheduled: u64, class: ErrorClass) -> Made {
    let mut record = ResultRecord::new_zeroed();
    record.index = index.into();
    record.stage = stage.into();
    record.scheduled_ns = (scheduled * TENTH_MS).into();
    record.sent_ns = NONE_U64.into();
    record.body_written_ns = NONE_U64.into();
    record.first_byte_ns = NONE_U64.into();
    record.first_token_ns = NONE_U64.into();
    record.last_token_ns = NONE_U64.into();
    record.end_ns = NONE_U64.into();
    record.cancel_due_ns = NONE_U64.into();
    record.leaf = [index as u8; 32];
    record.session = NONE_U32.into();
    record.turn = NONE_U32.into();
    record.adapter = NONE_U32.into();
    record.input_tokens = NONE_U32.into();
    record.output_tokens = NONE_U32.into();
    record.usage_input = NONE_U32.into();
    record.usage_output = NONE_U32.into();
    record.connection = NONE_U32.into();
    record.http_status = NONE_U16.into();
    record.outcome = Outcome::NotSent as u8;
    record.error_class = class as u8;
    Made {
        record,
        sent_sha256: None,
        token_ns: Vec::new(),
    }
}

/// A request that was sent `late` after its time and ended `took` after that, with status 200.
pub fn sent(index: u64, stage: u32, scheduled: u64, late: u64, took: u64) -> Made {
    let mut made = never(index, stage, scheduled, ErrorClass::None);
    let at = (scheduled + late) * TENTH_MS;
    made.record.sent_ns = at.into();
    made.record.body_written_ns = at.into();
    made.record.first_byte_ns = at.into();
    made.record.end_ns = (at + took * TENTH_MS).into();
    made.record.response_bytes = 100.into();
    made.record.connection = 0.into();
    made.record.http_status = 200.into();
    made.record.outcome = Outcome::Ok as u8;
    made
}

impl Made {
    /// Streamed, with an event of output at each of these times after its sending.
    pub fn stream(mut self, tokens: &[u64]) -> Self {
        let sent = self.record.sent_ns.get();
        self.token_ns = tokens.iter().map(|after| sent + after * TENTH_MS).collect();
        self.record.flags |= RESULT_STREAM;
        self.record.events = (tokens.len() as u32).into();
        self.record.token_count = (tokens.len() as u32).into();
        if let (Some(first), Some(last)) = (self.token_ns.first(), self.token_ns.last()) {
            self.record.first_token_ns = (*first).into();
            self.record.last_token_ns = (*last).into();
        }
        self
    }

    /// To be abandoned this long after its sending.
    pub fn cancel_after(mut self, after: u64) -> Self {
        self.record.flags |= RESULT_CANCEL;
        self.record.cancel_due_ns = (self.record.sent_ns.get() + after * TENTH_MS).into();
        self
    }

    pub fn ended(mut self, outcome: Outcome, class: ErrorClass) -> Self {
        self.record.outcome = outcome as u8;
        self.record.error_class = class as u8;
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.record.http_status = status.into();
        self
    }

    fn expected(mut self, input: u32, output: u32) -> Self {
        self.record.input_tokens = input.into();
        self.record.output_tokens = output.into();
        self
    }

    fn usage(mut self, input: u32, output: u32) -> Self {
        self.record.usage_input = input.into();
        self.record.usage_output = output.into();
        self
    }

    fn new_connection(mut self, connection: u32) -> Self {
        self.record.flags |= RESULT_NEW_CONNECTION;
        self.record.connection = connection.into();
        self
    }
}

/// Two warm-up requests, then twelve, 100 ms apart from 1 s on.
pub fn requests() -> Vec<Made> {
    let mut first = sent(2, 1, 10_000, 1, 610).expected(10, 4).usage(10, 4);
    first.record.session = 2.into();
    first.record.turn = 0.into();
    first.record.adapter = 1.into();
    vec![
        sent(0, 0, 0, 50, 450).new_connection(1),
        sent(1, 0, 1000, 0, 200),
        first.stream(&[200, 300, 400, 600]),
        // Its first two events came with one read; the server gave no usage.
        sent(3, 1, 11_000, 2, 900)
            .expected(20, 3)
            .stream(&[500, 500, 900]),
        sent(4, 1, 12_000, 1, 1000).expected(20, 9).usage(20, 8),
        sent(5, 1, 13_000, 3, 100)
            .status(500)
            .ended(Outcome::Error, ErrorClass::Status),
        sent(6, 1, 14_000, 1, 300)
            .stream(&[200])
            .ended(Outcome::Error, ErrorClass::Closed),
        sent(7, 1, 15_000, 2, 10_000)
            .status(NONE_U16)
            .ended(Outcome::Timeout, ErrorClass::NoResponse),
        sent(8, 1, 16_000, 1, 500)
            .stream(&[200, 300])
            .cancel_after(497)
            .ended(Outcome::Cancelled, ErrorClass::None),
        sent(9, 1, 17_000, 4, 110)
            .expected(12, 1)
            .usage(11, 1)
            .stream(&[100]),
        never(10, 1, 18_000, ErrorClass::Connect).expected(12, 1),
        // Five tokens in three events.
        sent(11, 1, 19_000, 1, 310)
            .usage(NONE_U32, 5)
            .stream(&[100, 200, 300]),
        sent(12, 1, 20_000, 2, 200).stream(&[]),
        sent(13, 1, 21_000, 5, 400).new_connection(2),
    ]
}

/// The bytes of a records file, two frames of records in it.
pub fn file_bytes(request_count: u64, made: &[Made], complete: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let header = records_header(HASH, request_count);
    out.extend_from_slice(zerocopy::IntoBytes::as_bytes(&header));
    let (items, payload) = encode_strings(["llama-3.1-8b", "movie", "session_000007"].into_iter());
    write_frame(&mut out, FrameKind::Strings, items, &payload).unwrap();
    for part in made.chunks(made.len().div_ceil(2).max(1)) {
        let mut payload = Vec::new();
        for made in part {
            let mut times = TokenTimes::default();
            for at_ns in &made.token_ns {
                times.push(made.record.sent_ns.get(), *at_ns);
            }
            let hash = made.sent_sha256.as_ref();
            push_result(&mut payload, &made.record, hash, times.bytes());
        }
        write_frame(&mut out, FrameKind::Records, part.len() as u32, &payload).unwrap();
    }
    if complete {
        write_frame(&mut out, FrameKind::End, 0, &[]).unwrap();
    }
    out
}

/// What a reader of these records finds.
pub fn data(info: RunInfo, request_count: u64, made: &[Made]) -> RunData {
    data_in(info, &file_bytes(request_count, made, true), Window::ALL)
}

/// What a reader of a file with these bytes finds; the open file outlives its directory.
pub fn data_in(info: RunInfo, bytes: &[u8], window: Window) -> RunData {
    let directory = tempfile::tempdir().unwrap();
    info.write(directory.path()).unwrap();
    std::fs::write(directory.path().join(RECORDS_FILE), bytes).unwrap();
    replay::analysis::open(directory.path(), window).unwrap()
}

/// The summary that a run leaves.
pub fn summary(data: &RunData) -> Summary {
    summarize(data, &Asked::of_run(&data.info))
}

pub fn stage(name: &str, warm_up: bool, start_ns: u64, requests: u64) -> StageInfo {
    StageInfo {
        name: Some(name.into()),
        kind: "scheduled".into(),
        warm_up,
        start_ns,
        duration_ns: None,
        rate: Some(10.0),
        requests,
    }
}

/// The description that goes with [`requests`].
pub fn info() -> RunInfo {
    let settings = Settings {
        workers: Some(1),
        speed: Some(1.0),
        ..Settings::default()
    };
    RunInfo {
        format: RUN_FORMAT,
        replay_version: "0.1.0".into(),
        engine: EngineInfo::default(),
        command: vec![],
        workload: WorkloadInfo {
            content_hash: schemas::hex(&HASH),
            footer_hash: "cd".repeat(32),
            file_bytes: 4096,
            requests: 14,
            verified: true,
            seed: Some(42),
            spec: None,
        },
        populations: vec![],
        requested: settings.clone(),
        origins: Origins {
            url: Origin::Flag,
            workers: Origin::Default,
            max_in_flight: Origin::Default,
            connections: Origin::Default,
            timeout_ns: Origin::Default,
            slos: Origin::Default,
        },
        effective: settings,
        slos: vec![],
        thresholds: Thresholds::default(),
        targets: vec![Target {
            url: "http://localhost:8000".into(),
            address: "127.0.0.1:8000".into(),
            tls: None,
            headers: BTreeMap::new(),
            models: None,
            models_error: None,
        }],
        stages: vec![
            stage("warm", true, 0, 2),
            stage("steady", false, 1_000_000_000, 12),
        ],
        clock: clock(),
        threads: vec![],
        host: HostInfo {
            kernel: "Linux 6.1".into(),
            cpu: None,
            cpus: 2,
            virtualisation: None,
        },
        counters: Counters::default(),
        end: Some(RunEnd {
            interrupted: false,
            cut_short: false,
            ended_ns: 2_500_200_000,
            cpu_ns: 1_000_000,
            involuntary_context_switches: Some(5),
            steal_ns: Some(0),
            connections_opened: 3,
            monotonic_ns: None,
            unix_ns: None,
            counters: Counters::default(),
        }),
    }
}

fn clock() -> ClockInfo {
    ClockInfo {
        name: "CLOCK_MONOTONIC".into(),
        t0_monotonic_ns: 1,
        t0_unix_ns: 2,
        source: None,
        received: ReceivedBy::Kernel,
        timer: TimerCalibration {
            samples: 100,
            late_median_ns: 50_000,
            late_p99_ns: 90_000,
            clock_read_ns: 20,
        },
    }
}
