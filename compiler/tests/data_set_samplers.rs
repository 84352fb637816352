//! Which conversation of a data set each arrival takes: statistics, passes, threads.

use compiler::dataset::DataSet;
use compiler::plan::PlanError;
use compiler::plan::dataset::{Begin, Sampler, Taken, schedule};
use compiler::rng::{Component, Seed, Streams};
use compiler::samplers::Distribution;
use compiler::spec::{History, SetKind, SetOrder, SetRef};
use compiler::text::tokenizer::Tokenizer;
use std::collections::BTreeSet;

const SEED: Seed = Seed(7);

fn named(kind: SetKind, order: SetOrder, entries: Option<u64>) -> SetRef {
    SetRef {
        kind,
        path: "d".into(),
        order,
        entries,
        output: None,
        delay: Distribution::fixed(0),
        history: History::Materialised,
    }
}

fn sampler(order: SetOrder, conversations: u64) -> Sampler {
    let named = named(SetKind::MultiTurn, order, None);
    Sampler::new(&named, conversations, &[], SEED, None)
}

fn taken(sampler: &Sampler, ordinal: u64) -> u32 {
    match sampler.take(ordinal) {
        Taken::Conversation(number) => number,
        Taken::Parts(parts) => panic!("{parts:?}"),
    }
}

/// Passes in which some conversation is taken twice, or not at all.
fn broken_passes(sampler: &Sampler, conversations: u64, passes: u64) -> u64 {
    let is_broken = |pass: &u64| {
        let ordinals = pass * conversations..(pass + 1) * conversations;
        let seen: BTreeSet<u32> = ordinals.map(|ordinal| taken(sampler, ordinal)).collect();
        seen.len() as u64 != conversations
    };
    (0..passes).filter(is_broken).count() as u64
}

/// Pearson's statistic of how often each of `cells` was taken.
fn chi_square(counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let expected = total as f64 / counts.len() as f64;
    let off = |count: &u64| (*count as f64 - expected) * (*count as f64 - expected) / expected;
    counts.iter().map(off).sum()
}

#[test]
fn sequential_goes_through_the_file_again_and_again() {
    let sampler = sampler(SetOrder::Sequential, 3);
    let numbers: Vec<u32> = (0..7).map(|ordinal| taken(&sampler, ordinal)).collect();
    assert_eq!(numbers, [0, 1, 2, 0, 1, 2, 0]);
    assert!(sampler.components().is_empty());
}

#[test]
fn a_shuffle_takes_each_once_in_a_pass_and_in_another_order_in_the_next() {
    let shuffled = sampler(SetOrder::Shuffle, 50);
    assert_eq!(broken_passes(&shuffled, 50, 20), 0);
    let pass = |pass: u64| -> Vec<u32> {
        (pass * 50..(pass + 1) * 50)
            .map(|ordinal| taken(&shuffled, ordinal))
            .collect()
    };
    assert_ne!(pass(0), pass(1));
    assert_eq!(shuffled.components(), [Component::SamplerShuffle]);
}

#[test]
fn control_drawing_with_replacement_fails_the_same_count() {
    assert_eq!(broken_passes(&sampler(SetOrder::Random, 50), 50, 20), 20);
}

#[test]
fn a_shuffle_puts_each_conversation_everywhere_equally_often() {
    // 4 conversations have 24 orders; 23 degrees of freedom, 99.9 % are below 49.7.
    let orders_of = |sampler: &Sampler, stride: u64| {
        let mut counts = std::collections::BTreeMap::<Vec<u32>, u64>::new();
        for pass in 0..6_000 {
            let first = pass * stride;
            let order = (first..first + 4)
                .map(|ordinal| taken(sampler, ordinal))
                .collect();
            *counts.entry(order).or_default() += 1;
        }
        let mut counts: Vec<u64> = counts.into_values().collect();
        counts.resize(24, 0);
        chi_square(&counts)
    };
    let shuffled = sampler(SetOrder::Shuffle, 4);
    let statistic = orders_of(&shuffled, 4);
    assert!(statistic < 49.7, "{statistic}");
    let control = orders_of(&sampler(SetOrder::Sequential, 4), 4);
    assert!(control > 49.7, "{control}");
}

#[test]
fn random_takes_each_equally_often_by_its_own_stream() {
    let random = sampler(SetOrder::Random, 20);
    let mut counts = [0_u64; 20];
    for ordinal in 0..20_000 {
        counts[taken(&random, ordinal) as usize] += 1;
    }
    // 19 degrees of freedom: 99.9 % are below 43.8.
    let statistic = chi_square(&counts);
    assert!(statistic < 43.8, "{statistic}");
    let streams = Streams::new(SEED, Component::SamplerRandom);
    assert_eq!(u64::from(taken(&random, 17)), streams.stream(17).below(20));
    assert!(sampler(SetOrder::Random, 1).components().is_empty());
    assert!(sampler(SetOrder::Shuffle, 1).components().is_empty());
}

#[test]
fn a_choice_does_not_depend_on_threads_or_order() {
    for order in [SetOrder::Random, SetOrder::Shuffle] {
        let alone = sampler(order, 37);
        let expected: Vec<u32> = (0..2_000).map(|ordinal| taken(&alone, ordinal)).collect();
        let shared = sampler(order, 37);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (shared, expected) = (&shared, &expected);
                scope.spawn(move || {
                    // Each goes its own way, far more passes apart than orders are kept.
                    for step in 0..2_000 {
                        let ordinal = (step * (2 * thread + 1) * 331) % 2_000;
                        assert_eq!(taken(shared, ordinal), expected[ordinal as usize]);
                    }
                });
            }
        });
    }
}

#[test]
fn entries_are_the_first_of_a_file_and_of_sharegpt_a_drawn_part_in_its_order() {
    let first = named(SetKind::SingleTurn, SetOrder::Sequential, Some(3));
    let first = Sampler::new(&first, 10, &[], SEED, None);
    let numbers: Vec<u32> = (0..4).map(|ordinal| taken(&first, ordinal)).collect();
    assert_eq!(numbers, [0, 1, 2, 0]);

    let part = named(SetKind::ShareGpt, SetOrder::Sequential, Some(5));
    let numbers_of = |seed| -> Vec<u32> {
        let sampler = Sampler::new(&part, 100, &[], seed, None);
        assert_eq!(sampler.components(), [Component::ShareGpt]);
        (0..5).map(|ordinal| taken(&sampler, ordinal)).collect()
    };
    let numbers = numbers_of(SEED);
    assert!(
        numbers.is_sorted() && numbers != [0, 1, 2, 3, 4],
        "{numbers:?}"
    );
    assert_ne!(numbers, numbers_of(Seed(8)));
    let all = Sampler::new(&part, 5, &[], SEED, None);
    assert!(all.components().is_empty());
    assert_eq!(all.count(), 5);
}

#[test]
fn a_request_takes_one_line_of_each_pool() {
    let pools = [0..3, 3..4, 4..9];
    let named = named(SetKind::RandomPool, SetOrder::Sequential, None);
    let sampler = Sampler::new(&named, 9, &pools, SEED, None);
    let mut counts = [0_u64; 9];
    for ordinal in 0..3_000 {
        let Taken::Parts(parts) = sampler.take(ordinal) else {
            panic!("no parts");
        };
        assert_eq!(parts.len(), 3);
        for (part, pool) in parts.iter().zip(&pools) {
            assert!(pool.contains(part), "{parts:?}");
            counts[*part as usize] += 1;
        }
    }
    // 2 and 4 degrees of freedom: 99.9 % are below 13.8 and 18.5.
    assert!(
        chi_square(&counts[..3]) < 13.8 && chi_square(&counts[4..]) < 18.5,
        "{counts:?}"
    );
    let mut stream = Streams::new(SEED, Component::RandomPool).stream(5);
    let expected = Taken::Parts(vec![stream.below(3) as u32, 3, 4 + stream.below(5) as u32]);
    assert_eq!(sampler.take(5), expected);
    assert_eq!(sampler.components(), [Component::RandomPool]);
}

#[test]
fn a_further_population_draws_under_its_own_name() {
    let named = named(SetKind::MultiTurn, SetOrder::Random, None);
    let sampler = |name| Sampler::new(&named, 1_000, &[], SEED, name);
    let numbers = |name| -> Vec<u32> { (0..8).map(|i| taken(&sampler(name), i)).collect() };
    assert_ne!(numbers(None), numbers(Some("other")));
}

#[test]
fn a_schedule_begins_with_the_earliest_and_needs_every_first_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        DataSet::read(SetKind::SingleTurn, &path, &Tokenizer::o200k_base()).unwrap()
    };
    let a = "{\"text\": \"a\", \"timestamp\": 1000.5}\n";
    let b = "{\"text\": \"b\", \"timestamp\": 1000}\n";
    let named = named(SetKind::SingleTurn, SetOrder::Sequential, None);
    let plan = |set: &DataSet| {
        let conversations = set.conversations.len() as u64;
        schedule(set, &Sampler::new(&named, conversations, &[], SEED, None))
    };
    let begins = plan(&read(&[a, b, a].concat())).unwrap();
    let begin = |at_ns, place| Begin {
        at_ns,
        place,
        from: 0,
    };
    assert_eq!(begins, [begin(0, 1), begin(500_000, 0), begin(500_000, 2)]);
    let error = plan(&read(&[a, "\n", "{\"text\": \"c\"}\n"].concat())).unwrap_err();
    assert!(
        matches!(&error, PlanError::NoTimestamp { line: 3, .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("d:3: the first turn of this conversation"),
        "{error}"
    );
}
