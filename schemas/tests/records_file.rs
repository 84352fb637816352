//! A records file as its users meet it: written, read back, cut off, damaged.

use proptest::prelude::*;
use schemas::frames::{
    Records, RecordsError, RequestResult, TokenTimes, encode_strings, push_result, records_header,
    write_frame,
};
use schemas::layout::{NONE_U32, NONE_U64};
use schemas::record_file::{RecordFile, Scanned};
use schemas::records::{
    ErrorClass, FrameHeader, FrameKind, MAX_FRAME_BYTES, NONE_U16, Outcome, RESULT_CANCEL,
    RESULT_LIVE, RESULT_STREAM, RecordsHeader, ResultRecord,
};
use std::path::Path;
use zerocopy::IntoBytes;

const HEADER_BYTES: usize = size_of::<RecordsHeader>();
const RECORD_BYTES: usize = size_of::<ResultRecord>();

fn result(index: u64, token_ns: &[u64]) -> RequestResult {
    let sent_ns = 1_000_000 * (index + 1);
    let record = ResultRecord {
        index: index.into(),
        scheduled_ns: sent_ns.into(),
        sent_ns: sent_ns.into(),
        body_written_ns: (sent_ns + 5).into(),
        first_byte_ns: (sent_ns + 6).into(),
        first_token_ns: token_ns.first().copied().unwrap_or(NONE_U64).into(),
        last_token_ns: token_ns.last().copied().unwrap_or(NONE_U64).into(),
        end_ns: (sent_ns + 1_000_000_000).into(),
        cancel_due_ns: (sent_ns + 1_000_000_000).into(),
        response_bytes: 99.into(),
        leaf: [index as u8; 32],
        stage: 0.into(),
        session: NONE_U32.into(),
        turn: NONE_U32.into(),
        model: 0.into(),
        adapter: 1.into(),
        events: (token_ns.len() as u32 + 1).into(),
        token_count: (token_ns.len() as u32).into(),
        input_tokens: 7.into(),
        output_tokens: NONE_U32.into(),
        usage_input: NONE_U32.into(),
        usage_output: (token_ns.len() as u32).into(),
        connection: 3.into(),
        worker: 1.into(),
        http_status: 200.into(),
        outcome: Outcome::Ok as u8,
        error_class: ErrorClass::None as u8,
        flags: RESULT_STREAM | RESULT_CANCEL,
        zero: 0,
        token_time_bytes: 0.into(),
        target: 2.into(),
        population: 3.into(),
    };
    RequestResult {
        record,
        sent_sha256: None,
        token_ns: token_ns.to_vec(),
    }
}

/// One that never came to be sent: nothing is known of it, not even when it was due.
fn never_due(index: u64) -> RequestResult {
    let mut result = result(index, &[]);
    let record = &mut result.record;
    for time in [
        &mut record.scheduled_ns,
        &mut record.sent_ns,
        &mut record.body_written_ns,
        &mut record.first_byte_ns,
        &mut record.end_ns,
        &mut record.cancel_due_ns,
    ] {
        *time = NONE_U64.into();
    }
    record.outcome = Outcome::NotSent as u8;
    record.error_class = ErrorClass::Interrupted as u8;
    (record.http_status, record.connection) = (NONE_U16.into(), NONE_U32.into());
    result
}

/// One whose body was made of the workload's and of answers.
fn live(mut result: RequestResult) -> RequestResult {
    result.record.flags |= RESULT_LIVE;
    result.sent_sha256 = Some([0xee; 32]);
    result
}

/// Three results in two frames; the second and third have token times, the second a hash as well.
fn results() -> Vec<RequestResult> {
    let far = 2_000_000 + 300_000_000_000;
    vec![
        never_due(0),
        live(result(1, &[2_000_007, 2_000_007, 2_000_200, far])),
        result(2, &[3_000_000]),
    ]
}

fn frame(kind: FrameKind, items: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_frame(&mut out, kind, items, payload).unwrap();
    out
}

fn strings_frame() -> Vec<u8> {
    let (items, payload) = encode_strings(["llama", "", "ü"].into_iter());
    frame(FrameKind::Strings, items, &payload)
}

fn payload_of(results: &[RequestResult]) -> Vec<u8> {
    let mut payload = Vec::new();
    for result in results {
        let RequestResult {
            record,
            sent_sha256,
            token_ns,
        } = result;
        let mut times = TokenTimes::default();
        for at_ns in token_ns {
            times.push(record.sent_ns.get(), *at_ns);
        }
        push_result(&mut payload, record, sent_sha256.as_ref(), times.bytes());
    }
    payload
}

fn records_frame(results: &[RequestResult]) -> Vec<u8> {
    frame(
        FrameKind::Records,
        results.len() as u32,
        &payload_of(results),
    )
}

/// Header and frames; the file is these one behind the other.
fn good_parts() -> Vec<Vec<u8>> {
    let all = results();
    vec![
        records_header([9; 32], 3).as_bytes().to_vec(),
        strings_frame(),
        records_frame(&all[..2]),
        records_frame(&all[2..]),
        frame(FrameKind::End, 0, &[]),
    ]
}

/// Reads a file's bytes at once and frame by frame: both find the same.
#[track_caller]
fn read(bytes: &[u8]) -> Result<Records, RecordsError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.wlr");
    std::fs::write(&path, bytes).unwrap();
    let whole = Records::from_bytes(bytes, &path);
    match (&whole, scan(&path)) {
        (Ok(whole), Ok((scanned, results))) => {
            let expected = Scanned {
                strings: whole.strings.clone(),
                truncated: whole.truncated.clone(),
            };
            assert_eq!((scanned, results), (expected, whole.results.clone()));
        }
        (Err(whole), Err(scanned)) => assert_eq!(whole.to_string(), scanned.to_string()),
        (whole, scanned) => panic!("{whole:?}\n{scanned:?}"),
    }
    whole
}

/// What a scan finds, twice, and what is at the places that it names.
fn scan(path: &Path) -> Result<(Scanned, Vec<RequestResult>), RecordsError> {
    let file = RecordFile::open(path)?;
    let whole = std::fs::read(path).unwrap();
    let (mut results, mut places) = (Vec::new(), Vec::new());
    let scanned = file.scan(&mut |view| {
        let begin = view.place.offset as usize;
        let end = begin + view.place.bytes as usize;
        assert_eq!(view.bytes, &whole[begin..end]);
        assert!(view.bytes.starts_with(view.record.as_bytes()));
        places.push(view.place);
        results.push(RequestResult {
            record: *view.record,
            sent_sha256: view.sent_sha256,
            token_ns: view.token_ns.to_vec(),
        });
    })?;
    let again: Result<Vec<_>, _> = places.iter().map(|place| file.at(*place)).collect();
    assert_eq!(again?, results);
    let mut count = 0;
    assert_eq!(file.scan(&mut |_| count += 1)?, scanned);
    assert_eq!(count, results.len());
    Ok((scanned, results))
}

/// Results without the field that only writing sets.
fn comparable(results: &[RequestResult]) -> Vec<RequestResult> {
    let mut results = results.to_vec();
    for result in &mut results {
        result.record.token_time_bytes = 0.into();
    }
    results
}

#[test]
fn what_is_written_is_read_back_with_its_token_times() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.wlr");
    std::fs::write(&path, good_parts().concat()).unwrap();
    let records = Records::read(&path).unwrap();
    assert_eq!(records.truncated, None);
    assert_eq!(records.strings, ["llama", "", "ü"]);
    assert_eq!(records.header.content_hash, [9; 32]);
    assert_eq!(records.header.request_count.get(), 3);
    assert_eq!(comparable(&records.results), results());
    assert_eq!(records.string(0.into()), Some("llama"));
    assert_eq!(records.string(NONE_U32.into()), None);
}

#[test]
fn token_times_that_were_not_kept_are_no_damage_and_half_of_them_are() {
    let kept = result(1, &[2_000_007, 2_000_007, 2_000_200]);
    let mut times = TokenTimes::default();
    for at_ns in &kept.token_ns {
        times.push(kept.record.sent_ns.get(), *at_ns);
    }
    let read_with = |bytes: &[u8]| {
        let mut payload = Vec::new();
        push_result(&mut payload, &kept.record, None, bytes);
        let frames = [
            records_header([9; 32], 3).as_bytes().to_vec(),
            frame(FrameKind::Records, 1, &payload),
            frame(FrameKind::End, 0, &[]),
        ];
        read(&frames.concat()).map(|records| records.results[0].clone())
    };
    let without = read_with(&[]).unwrap();
    assert_eq!(without.record.token_count.get(), 3);
    assert_eq!(without.record.token_time_bytes.get(), 0);
    assert_eq!(without.token_ns, [0; 0]);
    assert_eq!(read_with(times.bytes()).unwrap().token_ns, kept.token_ns);
    for length in 1..times.bytes().len() {
        let told = read_with(&times.bytes()[..length]).unwrap_err().to_string();
        assert!(told.contains("are damaged"), "{told}");
    }
}

#[test]
fn the_flag_and_the_hash_cannot_contradict_each_other() {
    let mut claims = result(0, &[]);
    claims.record.flags |= RESULT_LIVE;
    let mut denies = live(result(0, &[]));
    denies.record.flags &= !RESULT_LIVE;
    let end = frame(FrameKind::End, 0, &[]);
    let header = records_header([9; 32], 2).as_bytes().to_vec();
    let records = read(&[header, records_frame(&[claims, denies]), end].concat()).unwrap();
    let read: Vec<_> = records
        .results
        .iter()
        .map(|result| (result.record.flags & RESULT_LIVE, result.sent_sha256))
        .collect();
    assert_eq!(read, [(0, None), (RESULT_LIVE, Some([0xee; 32]))]);
}

#[test]
fn a_file_cut_off_anywhere_is_read_up_to_its_last_whole_frame() {
    let parts = good_parts();
    let file = parts.concat();
    let mut ends = vec![];
    for part in &parts {
        ends.push(ends.last().unwrap_or(&0) + part.len());
    }
    for length in 0..file.len() {
        let verdict = read(&file[..length]);
        if length < HEADER_BYTES {
            assert!(matches!(verdict, Err(RecordsError::Header { .. })));
            continue;
        }
        let records = verdict.unwrap_or_else(|error| panic!("cut to {length}: {error}"));
        let whole = ends.iter().filter(|end| **end <= length).count();
        let told = records.truncated.expect("it is told");
        let place = format!("offset {}", ends[whole - 1]);
        assert!(told.ends_with(&place), "{told}, not {place}");
        let (strings, results_read) = [(0, 0), (3, 0), (3, 2), (3, 3)][whole - 1];
        assert_eq!(records.strings.len(), strings, "cut to {length}");
        let expected = &results()[..results_read];
        assert_eq!(comparable(&records.results), expected, "cut to {length}");
    }
}

#[test]
fn every_flipped_bit_is_an_error_or_reported() {
    let parts = good_parts();
    let file = parts.concat();
    for position in 0..file.len() {
        for bit in 0..8 {
            let mut bad = file.clone();
            bad[position] ^= 1 << bit;
            match read(&bad) {
                Err(error) => assert!(error.to_string().contains("offset"), "{error}"),
                // A length that grew looks like a file that was cut off.
                Ok(records) => assert!(records.truncated.is_some(), "byte {position} bit {bit}"),
            }
        }
    }
}

#[test]
fn an_error_names_the_frame_and_its_offset() {
    let parts = good_parts();
    let mut bad = parts.concat();
    let third = HEADER_BYTES + parts[1].len() + parts[2].len();
    bad[third + 20] ^= 1;
    let told = read(&bad).unwrap_err().to_string();
    let place = format!("records.wlr: FRAME 2 at offset {third}: ");
    assert!(told.contains(&place), "{told}");
}

/// The error of a file of these frames behind a good header.
fn refusal(frames: &[Vec<u8>]) -> String {
    let header = records_header([9; 32], 3).as_bytes().to_vec();
    read(&[header, frames.concat()].concat())
        .expect_err("it was read")
        .to_string()
}

#[test]
fn only_the_first_frame_may_be_a_string_table() {
    let [_, strings, first, _, end] = &good_parts()[..] else {
        unreachable!()
    };
    for (frames, number) in [
        (vec![strings.clone(), strings.clone(), end.clone()], 1),
        (vec![first.clone(), strings.clone(), end.clone()], 1),
        (vec![strings.clone(), first.clone(), strings.clone()], 2),
    ] {
        let told = refusal(&frames);
        assert!(told.contains(&format!("FRAME {number} at ")), "{told}");
        assert!(told.contains("not the first frame"), "{told}");
    }
    let header = records_header([9; 32], 3).as_bytes().to_vec();
    let without = read(&[header, first.clone(), end.clone()].concat()).unwrap();
    assert_eq!((without.strings.len(), without.results.len()), (0, 2));
}

#[test]
fn frames_with_right_checksums_that_break_a_rule_are_refused() {
    let one = payload_of(&results()[1..2]);
    let altered = |change: fn(&mut ResultRecord)| {
        let mut results = results();
        change(&mut results[1].record);
        records_frame(&results)
    };
    let end = frame(FrameKind::End, 0, &[]);
    let cases = [
        (frame(FrameKind::Records, 2, &one), "record 1 is cut off"),
        (frame(FrameKind::Records, 0, &one), "bytes follow"),
        (
            frame(FrameKind::Records, 1, &one[..one.len() - 1]),
            "token times of record 0 are cut off",
        ),
        (
            frame(FrameKind::Records, 1, &one[..RECORD_BYTES + 31]),
            "body hash of record 0 is cut off",
        ),
        (
            altered(|record| record.token_count = 5.into()),
            "(request 1) are damaged",
        ),
        (
            altered(|record| record.token_count = 3.into()),
            "(request 1) are damaged",
        ),
        (altered(|record| record.outcome = 5), "is not defined"),
        (altered(|record| record.error_class = 18), "is not defined"),
        (altered(|record| record.flags = 16), "is not defined"),
        (altered(|record| record.zero = 1), "is not defined"),
        (frame(FrameKind::End, 1, &[]), "not empty"),
        (frame(FrameKind::Strings, 1, &[1, 0, 0, 0, 0xff]), "UTF-8"),
        (frame(FrameKind::Strings, 1, &[2, 0, 0, 0, b'a']), "cut off"),
        (frame(FrameKind::Strings, 0, &[0, 0, 0, 0]), "bytes follow"),
        ([&end[..], &end].concat(), "bytes follow it"),
        ([&end[..], &[0]].concat(), "bytes follow it"),
        (frame(FrameKind::End, 0, &[1]), "bytes follow it"),
    ];
    for (frames, words) in cases {
        let told = refusal(&[frames]);
        assert!(told.contains("FRAME 0 at offset 64: "), "{told}");
        assert!(told.contains(words), "{told}, not {words}");
    }
}

/// A frame header with its checksum over no payload.
fn bare_header(kind: u32, length: u32) -> Vec<u8> {
    let mut header = FrameHeader {
        kind: kind.into(),
        length: length.into(),
        items: 0.into(),
        crc32c: 0.into(),
    };
    header.crc32c = crc32c::crc32c(&header.as_bytes()[..12]).into();
    header.as_bytes().to_vec()
}

#[test]
fn undefined_kinds_and_lengths_over_the_limit_are_refused() {
    for kind in [0, 4, 256 + 1, u32::MAX] {
        let told = refusal(&[bare_header(kind, 0)]);
        assert!(told.contains(&format!("kind {kind} is not")), "{told}");
    }
    let told = refusal(&[bare_header(2, MAX_FRAME_BYTES + 1)]);
    assert!(told.contains("exceeds the limit"), "{told}");
}

#[test]
fn a_payload_over_the_limit_is_not_written() {
    let mut out = Vec::new();
    let long = vec![0; MAX_FRAME_BYTES as usize + 1];
    let error = write_frame(&mut out, FrameKind::Records, 1, &long).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    assert!(out.is_empty());
}

#[test]
fn a_file_of_version_1_0_is_read_and_knows_no_populations() {
    let mut header = records_header([7; 32], 1);
    header.minor = 0.into();
    header.crc32c = crc32c::crc32c(&header.as_bytes()[..56]).into();
    let mut old = result(0, &[1_000_007]);
    old.record.population = 0.into();
    let parts = [
        header.as_bytes().to_vec(),
        records_frame(&[old]),
        frame(FrameKind::End, 0, &[]),
    ];
    let records = read(&parts.concat()).unwrap();
    assert_eq!(records.results[0].record.population.get(), 0);
}

#[test]
fn other_files_and_versions_are_told_apart() {
    let good = records_header([9; 32], 0);
    let with = |change: fn(&mut RecordsHeader)| {
        let mut header = good;
        change(&mut header);
        header.crc32c = crc32c::crc32c(&header.as_bytes()[..56]).into();
        read(header.as_bytes()).unwrap_err().to_string()
    };
    assert!(with(|header| header.magic[1] = b'X').contains("not a records file"));
    assert!(with(|header| header.major = 0.into()).contains("too old"));
    assert!(with(|header| header.major = 2.into()).contains("too new"));
    assert!(with(|header| header.minor = 2.into()).contains("too new"));
    assert!(
        with(|header| (header.major, header.minor) = (0.into(), 9.into()))
            .contains("0.9 is too old")
    );
    assert!(
        with(|header| (header.major, header.minor) = (2.into(), 0.into()))
            .contains("2.0 is too new")
    );
    assert!(with(|header| header.zero2 = 1.into()).contains("HEADER at offset 56"));
}

proptest! {
    /// Any times that do not go back come back as they were; whatever the bytes, nothing panics.
    #[test]
    fn token_times_of_any_size_come_back(steps in prop::collection::vec(0u64..1 << 50, 0..40)) {
        let mut now = 1_000_000;
        let token_ns: Vec<u64> = steps.iter().map(|step| { now += step; now }).collect();
        let written = vec![result(0, &token_ns)];
        let header = records_header([9; 32], 1).as_bytes().to_vec();
        let end = frame(FrameKind::End, 0, &[]);
        let records = read(&[header, records_frame(&written), end].concat()).unwrap();
        prop_assert_eq!(comparable(&records.results), written);
    }

    #[test]
    fn any_payload_with_a_right_checksum_is_read_or_refused(
        kind in 1u8..4,
        items in 0u32..4,
        payload in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let header = records_header([9; 32], 1).as_bytes().to_vec();
        let kind = FrameKind::from_number(kind).unwrap();
        let _ = read(&[header, frame(kind, items, &payload)].concat());
    }
}

#[test]
fn a_place_that_was_altered_since_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.wlr");
    std::fs::write(&path, good_parts().concat()).unwrap();
    let file = RecordFile::open(&path).unwrap();
    let mut places = Vec::new();
    file.scan(&mut |view| places.push(view.place)).unwrap();
    std::fs::write(&path, &good_parts().concat()[..HEADER_BYTES + 20]).unwrap();
    let message = file.at(places[0]).unwrap_err().to_string();
    assert!(message.contains("cannot read"), "{message}");
}
