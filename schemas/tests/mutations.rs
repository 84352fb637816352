//! Random damage to workload files: none passes, none panics, and what is wrong is named by bytes
//! of the file.

use schemas::body::{BodyHasher, Piece};
use schemas::error::FormatError;
use schemas::layout::{NONE_U32, NONE_U64, RequestRecord, Section, StageRecord, StartKind};
use schemas::leaf::request_leaf;
use schemas::reader::Workload;
use schemas::tables::TablesBuilder;
use schemas::verify::verify;
use schemas::writer::{Segment, WorkloadWriter};
use std::ops::Range;

#[allow(dead_code)]
#[path = "../examples/conversation.rs"]
mod conversation;
#[allow(dead_code)]
#[path = "../fuzz/src/seal.rs"]
mod seal;

const TINY: &[u8] = include_bytes!("../../tests/golden/tiny.wlc");
const CONVERSATION: &[u8] = include_bytes!("../../tests/golden/conversation.wlc");
const UNUSED: &[u8] = b"a text that no body has";
const SHARED: &str = r#"{"messages":[{"role":"user","content":""#;

/// SplitMix64 (Steele, Lea, Flood 2014): equal numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// 240 requests in 80 conversations of three turns, which repeat the answers; the first turn of
/// every other one has the salt slot. BLOB holds a text of which no body is made.
fn made() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    let mut writer = WorkloadWriter::create(&path).unwrap();
    let slot = writer.salt_slot(&conversation::salt()).unwrap();
    let unsalted = conversation::salt().unsalted();
    let shared = writer.blob(SHARED.as_bytes()).unwrap();
    writer.blob(UNUSED).unwrap();
    let mut tables = TablesBuilder::default();
    for index in 0..240u64 {
        let (session, turn) = (index / 3, (index % 3) as u32);
        let mut record = RequestRecord::at(index * 1_000);
        record.model = tables.string("m").unwrap().into();
        record.method = tables.string("POST").unwrap().into();
        record.path = tables.string("/v1/chat/completions").unwrap().into();
        let label = ("population", ["chat", "batch"][index as usize % 2]);
        record.labels = tables.pair_list(&[label]).unwrap().into();
        let name = tables.string(&format!("session-{session}")).unwrap();
        (record.session, record.turn) = (name.into(), turn.into());
        if turn > 0 {
            record.start_kind = StartKind::After as u8;
            record.after_request = (index - 1).into();
        }
        let own = own_text(index);
        let own_place = writer.blob(own.as_bytes()).unwrap();
        let mut rope = vec![shared];
        let mut pieces = vec![Piece::Bytes(SHARED.as_bytes())];
        if turn == 0 && session % 2 == 0 {
            rope.push(slot);
            pieces.push(Piece::Salt(unsalted.as_bytes()));
        }
        for answered in index - u64::from(turn)..index {
            rope.push(Segment::answer(answered));
            pieces.push(Piece::AnswerTo(answered));
        }
        rope.push(own_place);
        pieces.push(Piece::Bytes(own.as_bytes()));
        let mut hasher = BodyHasher::default();
        pieces.into_iter().for_each(|piece| hasher.piece(piece));
        let body = hasher.finish();
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(index, &record, &body, &tables.view(), &mut Vec::new()).unwrap();
        writer.request(record, &rope, leaf).unwrap();
    }
    let stage = StageRecord {
        name: NONE_U32.into(),
        kind: 0,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: NONE_U64.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: 240.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    };
    writer
        .finish(&tables, &[stage], &conversation::manifest())
        .unwrap();
    std::fs::read(&path).unwrap()
}

fn own_text(index: u64) -> String {
    format!(
        r#" question {index}: {}"}}]}}"#,
        "why ".repeat(index as usize % 40)
    )
}

fn check(bytes: &[u8], threads: usize) -> Result<(), FormatError> {
    verify(&Workload::from_bytes(bytes)?, threads, &|_| ()).map(|_| ())
}

/// The bytes that are named as wrong.
#[track_caller]
fn refused(bytes: &[u8], threads: usize, damage: &str) -> Range<u64> {
    let error = check(bytes, threads).expect_err(damage);
    let (name, place) = error.place().expect(damage);
    assert!(!name.is_empty(), "{damage}");
    assert!(
        error.to_string().starts_with(name) || name == "FILE",
        "{damage}: {error}"
    );
    place
}

/// Does something to each file, so often, in a way that is drawn anew until it changes the bytes.
fn damage_each(
    times: usize,
    mut change: impl FnMut(&mut Vec<u8>, &mut Random) -> String,
    judge: impl Fn(&[u8], &[u8], usize, &str),
) {
    let mut random = Random(7);
    for (name, good) in [
        ("tiny", TINY),
        ("conversation", CONVERSATION),
        ("made", &made()),
    ] {
        for number in 0..times {
            let (bad, damage) = loop {
                let mut bad = good.to_vec();
                let damage = change(&mut bad, &mut random);
                if bad != good {
                    break (bad, format!("{name}: {damage}"));
                }
            };
            judge(good, &bad, 1 + number % 3, &damage);
        }
    }
}

#[test]
fn a_range_that_holds_the_altered_byte_is_named() {
    damage_each(
        500,
        |bytes, random| {
            let position = random.below(bytes.len());
            bytes[position] ^= 1 + random.below(255) as u8;
            format!("byte {position}")
        },
        |good, bad, threads, damage| {
            let place = refused(bad, threads, damage);
            let altered = good.iter().zip(bad).position(|(good, bad)| good != bad);
            assert!(
                place.contains(&(altered.unwrap() as u64)),
                "{damage}: {place:?}"
            );
        },
    );
}

#[test]
fn every_truncation_is_named() {
    damage_each(
        100,
        |bytes, random| {
            bytes.truncate(random.below(bytes.len()));
            format!("cut to {}", bytes.len())
        },
        |_, bad, threads, damage| {
            refused(bad, threads, damage);
        },
    );
}

#[test]
fn every_splice_is_named() {
    damage_each(
        200,
        |bytes, random| {
            let length = 1 + random.below(200);
            let [from, to] = [0; 2].map(|_| random.below(bytes.len() - length));
            match random.below(3) {
                0 => {
                    let drawn = (0..length).map(|_| random.below(256) as u8);
                    let drawn: Vec<u8> = drawn.collect();
                    bytes.splice(to..to, drawn);
                    format!("{length} bytes put in at {to}")
                }
                1 => {
                    bytes.drain(to..to + length);
                    format!("{length} bytes taken out at {to}")
                }
                _ => {
                    bytes.copy_within(from..from + length, to);
                    format!("{length} bytes copied from {from} to {to}")
                }
            }
        },
        |_, bad, threads, damage| {
            refused(bad, threads, damage);
        },
    );
}

#[test]
fn the_files_pass_undamaged_and_without_section_hashes_damage_would_pass_too() {
    let made = made();
    for good in [TINY, CONVERSATION, &made] {
        check(good, 2).unwrap();
        assert_eq!(seal::workload(good, u64::MAX).unwrap(), good);
    }
    let unused = made
        .windows(UNUSED.len())
        .position(|bytes| bytes == UNUSED)
        .unwrap();
    let mut bad = made.clone();
    bad[unused] ^= 1;
    let place = refused(&bad, 2, "the unused text");
    let workload = Workload::from_bytes(&made).unwrap();
    let blob = workload.place(Section::Blob);
    assert_eq!(
        place,
        blob.offset as u64..blob.end() as u64,
        "nothing tells where"
    );
    let sealed = seal::workload(&bad, u64::MAX).unwrap();
    check(&sealed, 2).unwrap();
    let sealed = Workload::from_bytes(&sealed).unwrap();
    assert_eq!(sealed.content_hash(), workload.content_hash());
}

#[test]
fn what_is_altered_is_named_no_wider_than_what_only_the_altered_requests_have() {
    let made = made();
    let workload = Workload::from_bytes(&made).unwrap();
    let begin = |section| workload.place(section).offset as u64;
    let own = own_text(100);
    let own_at = made
        .windows(own.len())
        .position(|bytes| bytes == own.as_bytes())
        .unwrap() as u64;
    let first_segment = workload.requests()[100].first_segment.get();
    let segments = u64::from(workload.requests()[100].segment_count.get());
    let told = |position: u64, place: Range<u64>, words: &str| {
        let mut bad = made.clone();
        bad[position as usize] ^= 1;
        let error = check(&bad, 2).unwrap_err();
        assert_eq!(error.place().unwrap().1, place, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let one = "altered, as the leaf of request 100 shows (SHA-256";
    told(own_at + 9, own_at..own_at + own.len() as u64, one);
    let (start, stride) = (begin(Section::Requests), 96);
    let at = start + 100 * stride;
    told(at + 8, at..at + stride, one);
    let at = begin(Section::Leaves) + 100 * 32;
    told(at, at..at + 32, one);
    let at = begin(Section::Segments) + first_segment * 16;
    told(at, at..at + segments * 16, one);
    // What all bodies begin with is wrong in all; what else they have is wrong with it.
    let blob = workload.place(Section::Blob);
    let shared = blob.offset as u64 + conversation::salt().unsalted().len() as u64;
    told(
        shared,
        blob.offset as u64..blob.end() as u64,
        "altered, as the leaves of requests 0 to 239 show",
    );
    // A record of STRINGS that reaches past the bytes.
    let at = begin(Section::Strings) + 5 * 8;
    told(at + 3, at..at + 8, "altered: string 5 reaches past");
}
