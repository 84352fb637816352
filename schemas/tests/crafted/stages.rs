//! Every rule of a stage.

use crate::craft::{Change, assert_refused};
use schemas::layout::{MAX_TIME_NS, NONE_U32, STAGE_AFTER_PREVIOUS, Section};

#[test]
fn every_rule_of_a_stage_is_checked() {
    let cases: [(u64, &str, Change); 15] = [
        (2, "kind is not defined", |file| file.stages[2].kind = 2),
        (0, "flags are not defined", |file| file.stages[0].flags = 4),
        (2, "flags are not defined", |file| {
            file.stages[2].flags |= 0x80;
        }),
        (0, "must be zero", |file| file.stages[0].zero = 1.into()),
        (2, "must be zero", |file| file.stages[2].zero2 = 1.into()),
        (0, "its start is later than the limit", |file| {
            file.stages[0].start_ns = (MAX_TIME_NS + 1).into();
        }),
        (2, "its start is later than the limit", |file| {
            file.stages[2].start_ns = u64::MAX.into();
        }),
        (0, "its duration is longer", |file| {
            file.stages[0].duration_ns = (MAX_TIME_NS + 1).into();
        }),
        (0, "the first stage follows no other", |file| {
            file.stages[0].flags = STAGE_AFTER_PREVIOUS;
        }),
        (1, "a closed stage has no concurrency", |file| {
            file.stages[1].concurrency = NONE_U32.into();
        }),
        (1, "a closed stage has no concurrency", |file| {
            file.stages[1].concurrency = 0.into();
        }),
        (0, "its concurrency is zero", |file| {
            file.stages[0].concurrency = 0.into();
        }),
        (1, "request_count", |file| {
            file.stages[1].request_count = 2.into();
        }),
        (2, "request_count", |file| {
            file.stages[2].request_count = 0.into();
        }),
        (0, "string id", |file| {
            file.stages[0].name = (file.strings.len() as u32).into();
        }),
    ];
    for (record, words, change) in cases {
        assert_refused(Section::Stages, record, words, change);
    }
}

#[test]
fn a_dangling_stage_name_is_named_by_its_own_record() {
    assert_refused(Section::Stages, 1, "string id", |file| {
        file.stages[1].name = (file.strings.len() as u32).into();
    });
}
