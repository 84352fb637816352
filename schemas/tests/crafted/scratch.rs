use crate::craft::{Craft, check};
use schemas::layout::*;
#[test]
fn circle() {
    let mut craft = Craft::good();
    // request 5 (stage 0) waits for request 4 (stage 2, which waits for stage 1 which waits for stage 0)
    craft.stages[1].flags = STAGE_AFTER_PREVIOUS;
    craft.requests[5].stage = 0.into();
    craft.requests[5].start_kind = 1;
    craft.requests[5].after_request = 4.into();
    craft.stages[0].request_count = 4.into();
    craft.stages[2].request_count = 1.into();
    println!("circle: {:?}", check(&craft.file().0, 1));
}
#[test]
fn spaces() {
    let mut craft = Craft::good();
    craft.headers(&[("a", " b "), ("x-api-key", "k"), ("expect", "100-continue"), ("keep-alive","1")]);
    println!("headers: {:?}", check(&craft.file().0, 1));
}
#[test]
fn work() {
    let mut craft = Craft::good();
    craft.blob = vec![b'x'; 1 << 20];
    let n = 2000u32;
    craft.requests[2].first_segment = (craft.segments.len() as u64).into();
    for _ in 0..n { craft.segments.push(SegmentRecord { offset: 0.into(), length: (1u64 << 20).into() }); }
    craft.requests[2].segment_count = n.into();
    let mut leaves = craft.leaves(); leaves[2] = [0; 32];
    let (f, _) = craft.file_with(&leaves);
    let t = std::time::Instant::now();
    println!("work: {:?} in {:?}", check(&f, 1), t.elapsed());
}
