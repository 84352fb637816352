//! A workload file written anew through `schemas`, changed as a test pleases: all hashes are right
//! again, so it verifies.

use schemas::body::BodyHasher;
use schemas::layout::{NONE_U64, Section};
use schemas::layout::{RequestRecord, SegmentRecord};
use schemas::leaf::request_leaf;
use schemas::manifest::Manifest;
use schemas::reader::Workload;
use schemas::tables::TablesBuilder;
use schemas::writer::{Segment, WorkloadWriter};
use std::path::Path;

/// What a test may change. Strings and pair lists keep their numbers; new ones are added behind.
pub struct Rewritten {
    pub manifest: Manifest,
    pub requests: Vec<RequestRecord>,
    pub tables: TablesBuilder,
    /// Cuts each literal segment of two bytes or more in two.
    pub cut: bool,
}

/// Writes `to` with the bodies and stages of `from`, an unsalted workload.
pub fn rewrite(from: &Path, to: &Path, change: impl FnOnce(&mut Rewritten)) {
    let original = Workload::open(from).expect("a workload");
    let mut changed = Rewritten {
        manifest: original.manifest().expect("a manifest"),
        requests: original.requests().to_vec(),
        tables: tables_of(&original),
        cut: false,
    };
    assert_eq!(changed.manifest.salt, None, "a slot would be lost");
    change(&mut changed);
    let mut writer = WorkloadWriter::create(to).expect("a directory of this test");
    let blob = original.section(Section::Blob);
    writer.blob(blob).expect("disk space");
    for (index, record) in (0..).zip(&changed.requests) {
        let mut body = BodyHasher::default();
        let pieces = original.body(index).expect("a body");
        pieces.for_each(|piece| body.piece(piece));
        let view = changed.tables.view();
        let leaf = request_leaf(index, record, &body.finish(), &view, &mut Vec::new());
        let rope = rope(&original, index, changed.cut);
        let leaf = leaf.expect("its references are good");
        writer.request(*record, &rope, leaf).expect("disk space");
    }
    let finished = writer.finish(&changed.tables, original.stages(), &changed.manifest);
    finished.expect("disk space");
}

fn tables_of(workload: &Workload) -> TablesBuilder {
    let old = workload.tables();
    let mut tables = TablesBuilder::default();
    for id in 0..old.strings.len() as u32 {
        let text = old.string(id).expect("a string");
        assert_eq!(tables.string(text).expect("room"), id);
    }
    for id in 0..old.pair_lists.len() as u32 {
        let pairs = old.named_pairs(id).expect("a list");
        assert_eq!(tables.pair_list(&pairs).expect("room"), id);
    }
    tables
}

fn rope(workload: &Workload, index: u64, cut: bool) -> Vec<Segment> {
    let request = &workload.requests()[index as usize];
    let first = request.first_segment.get() as usize;
    let segments = &workload.segments()[first..first + request.segment_count.get() as usize];
    segments
        .iter()
        .flat_map(|segment| halves(segment, cut))
        .collect()
}

fn halves(segment: &SegmentRecord, cut: bool) -> Vec<Segment> {
    let (offset, length) = (segment.offset.get(), segment.length.get());
    let half = length / 2;
    if !cut || offset == NONE_U64 || half == 0 {
        return vec![Segment { offset, length }];
    }
    let (front, back) = ((offset, half), (offset + half, length - half));
    [front, back]
        .map(|(offset, length)| Segment { offset, length })
        .to_vec()
}
