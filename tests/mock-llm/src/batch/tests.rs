//! The batch without its thread, a step at a time.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::config::Config;

fn batch(kind: SamplerKind, slots: Option<usize>) -> Batch {
    let config = Config {
        slots,
        sampler: Some(kind),
        ..Config::default()
    };
    Batch::new(kind, Arc::new(Shared::new(config, None)))
}

/// Sends a request for so many tokens, with its prompt and seed.
fn ask(batch: &mut Batch, id: Option<&str>, seed: u64, tokens: u32) -> UnboundedReceiver<u32> {
    let (answer, tokens_of) = unbounded_channel();
    batch.waiting.push_back(Request {
        id: id.map(str::to_owned),
        prompt_hash: seed,
        temperature: 2.0,
        seed: Some(seed),
        tokens,
        ready: Instant::now(),
        answer,
    });
    tokens_of
}

fn drain(tokens: &mut UnboundedReceiver<u32>) -> Vec<u32> {
    std::iter::from_fn(|| tokens.try_recv().ok()).collect()
}

#[test]
fn requests_share_steps_join_at_any_and_leave_with_their_last_token() {
    let mut batch = batch(SamplerKind::PerRequest, None);
    let mut long = ask(&mut batch, None, 1, 4);
    batch.step();
    let mut short = ask(&mut batch, None, 2, 2);
    batch.step();
    assert_eq!((drain(&mut long).len(), drain(&mut short).len()), (2, 1));
    batch.step();
    assert_eq!(batch.sequences.len(), 1);
    batch.step();
    assert_eq!((drain(&mut long).len(), drain(&mut short).len()), (2, 1));
    let expected = BatchStats {
        rows: 0,
        generators: 0,
        steps: 4,
        tokens: 6,
    };
    assert_eq!(*batch.shared.batch(), expected);
    assert_eq!(batch.due(), None, "idle");
}

#[test]
fn a_seeded_request_is_answered_the_same_in_company_by_the_contract_only() {
    let answer = |kind, neighbours| {
        let mut batch = batch(kind, None);
        let kept: Vec<_> = (0..neighbours)
            .map(|n| ask(&mut batch, None, 10 + n, 8))
            .collect();
        let mut tokens = ask(&mut batch, None, 1, 8);
        (0..8).for_each(|_| batch.step());
        drop(kept);
        drain(&mut tokens)
    };
    let alone = answer(SamplerKind::PerRequest, 0);
    assert_eq!(alone.len(), 8);
    assert_eq!(answer(SamplerKind::PerRequest, 5), alone);
    assert_eq!(answer(SamplerKind::Shared, 0), alone);
    assert_ne!(answer(SamplerKind::Shared, 5), alone);
}

#[test]
fn who_has_gone_leaves_the_batch_at_the_next_step() {
    let mut batch = batch(SamplerKind::PerRequest, None);
    let gone = ask(&mut batch, None, 1, 100);
    let stays = ask(&mut batch, None, 2, 100);
    batch.step();
    assert_eq!((batch.sequences.len(), batch.sampler.held()), (2, 2));
    drop(gone);
    batch.step();
    assert_eq!((batch.sequences.len(), batch.sampler.held()), (1, 1));
    drop(stays);
    drop(ask(&mut batch, None, 3, 100));
    batch.step();
    assert_eq!((batch.sequences.len(), batch.sampler.held()), (0, 0));
}

#[test]
fn without_a_free_row_the_first_that_came_is_the_next() {
    let mut batch = batch(SamplerKind::PerRequest, Some(1));
    let mut all: Vec<_> = (0..3).map(|n| ask(&mut batch, None, n, 2)).collect();
    let mut order = Vec::new();
    for _ in 0..6 {
        batch.step();
        order.push(all.iter_mut().position(|tokens| tokens.try_recv().is_ok()));
    }
    assert_eq!(order, [0, 0, 1, 1, 2, 2].map(Some));
}

#[test]
fn an_id_in_use_is_not_given_twice() {
    let mut batch = batch(SamplerKind::PerRequest, None);
    let kept = [(); 2].map(|()| ask(&mut batch, Some("x"), 1, 9));
    batch.step();
    let ids: Vec<&str> = batch.sequences.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["x", "\n2"]);
    drop(kept);
}

#[test]
fn a_late_step_is_not_caught_up() {
    let mut batch = batch(SamplerKind::PerRequest, None);
    let kept = ask(&mut batch, None, 1, 100);
    let late = Instant::now() - 50 * DEFAULT_STEP;
    batch.next = late;
    batch.waiting[0].ready = late;
    batch.step();
    assert!(batch.next > late + 49 * DEFAULT_STEP, "not a step later");
    let planned = Instant::now() + 50 * DEFAULT_STEP;
    batch.next = planned;
    batch.step();
    assert_eq!(batch.next, planned + DEFAULT_STEP, "no drift");
    drop(kept);
}
