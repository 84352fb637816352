//! The contract of `compiler::rng`: reproducible, divergent, continuous, isolated, and silent
//! where nothing is to be drawn. Each clause stands beside the natural mistake that breaks it.

use std::hash::{BuildHasher, RandomState};
use std::process::Command;
use std::thread;

use compiler::plan::samplers::{self, LengthDistribution, WeightedChoice};
use compiler::rng::{Component, Seed, Stream, Streams};
use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const SEED: Seed = Seed(42);
const DRAWS: usize = 40;

fn streams() -> Streams {
    Streams::new(SEED, Component::PromptLength)
}

fn take(stream: &mut Stream, draws: usize) -> Vec<u64> {
    (0..draws).map(|_| stream.next_u64()).collect()
}

/// What item `index` draws when nothing else exists.
fn alone(index: u64) -> Vec<u64> {
    take(&mut streams().stream(index), DRAWS)
}

/// The mistakes, each as people write it.
mod broken {
    use super::*;

    /// One generator for everybody.
    pub fn shared() -> ChaCha12Rng {
        ChaCha12Rng::from_seed(*streams().key())
    }

    /// One generator per item, seeded with the seed plus the item's index.
    pub fn seed_plus_index(seed: Seed, index: u64) -> u64 {
        ChaCha12Rng::seed_from_u64(seed.0 + index).next_u64()
    }

    /// One generator per component, all from the seed alone.
    pub fn seed_only(seed: Seed, _component: Component) -> u64 {
        ChaCha12Rng::seed_from_u64(seed.0).next_u64()
    }

    /// A uniform length that draws even if there is only one.
    pub fn eager_uniform(stream: &mut Stream, min: u64, max: u64) -> u64 {
        min + stream.next_u64() % (max - min + 1)
    }
}

// Reproducibility. The pinned numbers are in rng_vectors.rs.

const CHILD: &str = "draws_for_another_process";

/// Not a test of its own: what the child processes of the next test print.
#[test]
#[ignore = "run as a child process by the test below"]
fn draws_for_another_process() {
    println!("drawn: {:?}", alone(7));
    println!(
        "keyed: {}",
        RandomState::new().hash_one("dataset.prompt.length")
    );
}

fn line_of_child(prefix: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            CHILD,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(child.stdout).unwrap();
    // The harness may print "test name ... " in front of the first line.
    let place = text
        .find(prefix)
        .unwrap_or_else(|| panic!("no {prefix:?} in {text}"));
    text[place..].lines().next().unwrap().to_owned()
}

#[test]
fn another_process_draws_the_same() {
    let here = format!("drawn: {:?}", alone(7));
    assert_eq!(line_of_child("drawn: "), here);
    assert_eq!(line_of_child("drawn: "), here);
}

#[test]
fn control_a_key_from_std_hashing_differs_between_processes() {
    assert_ne!(line_of_child("keyed: "), line_of_child("keyed: "));
}

// Divergence.

#[test]
fn seeds_components_and_items_all_draw_differently() {
    let mut first_draws = Vec::new();
    for seed in [0, 1, 42, 43, u64::MAX].map(Seed) {
        for component in Component::ALL {
            for index in [0, 1, 2, 1 << 32, 1 << 40, u64::MAX] {
                first_draws.push(Streams::new(seed, component).stream(index).next_u64());
            }
        }
    }
    let all = first_draws.len();
    first_draws.sort_unstable();
    first_draws.dedup();
    assert_eq!(first_draws.len(), all, "two streams begin alike");
}

#[test]
fn control_seed_plus_index_repeats_a_neighbouring_seed() {
    assert_eq!(
        broken::seed_plus_index(Seed(42), 1),
        broken::seed_plus_index(Seed(43), 0)
    );
}

#[test]
fn control_a_key_without_the_identifier_couples_components() {
    let [a, b] = [Component::PromptLength, Component::MaxTokens];
    assert_eq!(broken::seed_only(SEED, a), broken::seed_only(SEED, b));
}

// Continuity.

#[test]
fn draws_of_one_item_continue_one_stream() {
    let mut stream = streams().stream(3);
    let mut in_steps = take(&mut stream, 1);
    in_steps.extend(take(&mut stream, 9));
    in_steps.extend(take(&mut stream, DRAWS - 10));
    assert_eq!(in_steps, alone(3));
    let mut distinct = in_steps.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), DRAWS, "a draw came twice");
}

#[test]
fn control_opening_the_stream_per_draw_repeats_the_number() {
    assert_eq!(
        streams().stream(3).next_u64(),
        streams().stream(3).next_u64()
    );
}

// Isolation.

/// Item 0 draws `DRAWS` times; before each, the neighbours in `noise` draw.
fn item_0_among(mut draw: impl FnMut(usize) -> u64, noise: &[Vec<usize>]) -> Vec<u64> {
    let mut drawn = Vec::new();
    for i in 0..DRAWS {
        for &neighbour in noise.get(i).into_iter().flatten() {
            draw(neighbour);
        }
        drawn.push(draw(0));
    }
    drawn
}

proptest! {
    #[test]
    fn an_item_draws_the_same_alone_and_among_neighbours_in_any_order(
        noise in prop::collection::vec(prop::collection::vec(1_usize..6, 0..9), DRAWS),
    ) {
        let mut items: Vec<Stream> = (0..6).map(|index| streams().stream(index)).collect();
        let drawn = item_0_among(|item| items[item].next_u64(), &noise);
        prop_assert_eq!(drawn, alone(0));
    }
}

#[test]
fn a_component_draws_the_same_whatever_the_others_draw() {
    let mut others = Component::ALL
        .map(|component| Streams::new(SEED, component).stream(0))
        .map(|mut stream| move |draws| take(&mut stream, draws));
    let mut mine = streams().stream(0);
    let drawn: Vec<u64> = (0..DRAWS)
        .map(|i| {
            others.iter_mut().for_each(|other| _ = other(i % 3));
            mine.next_u64()
        })
        .collect();
    assert_eq!(drawn, alone(0));
}

#[test]
fn control_a_shared_generator_is_shifted_by_a_neighbour() {
    let mut one_user = broken::shared();
    let mut two_users = broken::shared();
    let undisturbed = item_0_among(|_| one_user.next_u64(), &[]);
    let disturbed = item_0_among(|_| two_users.next_u64(), &[vec![1]]);
    assert_ne!(disturbed, undisturbed);
    assert_eq!(
        disturbed[..DRAWS - 1],
        undisturbed[1..],
        "shifted by exactly one"
    );
}

#[test]
fn an_item_draws_the_same_on_any_thread() {
    let expected: Vec<Vec<u64>> = (0..32).map(alone).collect();
    for threads in [1, 2, 8] {
        let streams = streams();
        let parts = thread::scope(|scope| {
            let work = |part: u64| {
                let mine = (0..32).rev().filter(move |index| index % threads == part);
                mine.map(|i| (i, take(&mut streams.stream(i), DRAWS)))
                    .collect::<Vec<_>>()
            };
            let handles: Vec<_> = (0..threads)
                .map(|part| scope.spawn(move || work(part)))
                .collect();
            handles
                .into_iter()
                .flat_map(|handle| handle.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(parts.len(), 32);
        for (index, drawn) in parts {
            assert_eq!(
                drawn, expected[index as usize],
                "item {index} of {threads} threads"
            );
        }
    }
}

#[test]
fn rejected_draws_of_one_item_shift_nobody_else() {
    // Half of all draws are rejected at this bound.
    let bound = (1 << 63) + 1;
    let mut greedy = streams().stream(0);
    let mut quiet = streams().stream(1);
    let drawn: Vec<u64> = (0..DRAWS)
        .map(|_| {
            greedy.below(bound);
            quiet.next_u64()
        })
        .collect();
    assert_eq!(drawn, alone(1));
}

// No draw where none is needed.

fn certain_lengths() -> [LengthDistribution; 6] {
    let (min, max) = (16, 4096);
    [
        LengthDistribution::Fixed(128),
        LengthDistribution::Uniform { min: 7, max: 7 },
        LengthDistribution::Normal {
            mean: 512.0,
            std_dev: 0.0,
            min,
            max,
        },
        LengthDistribution::Normal {
            mean: 512.0,
            std_dev: 9.0,
            min,
            max: 16,
        },
        LengthDistribution::LogNormal {
            mean: 512.0,
            std_dev: 0.0,
            min,
            max,
        },
        LengthDistribution::LogNormal {
            mean: 512.0,
            std_dev: 9.0,
            min,
            max: 16,
        },
    ]
}

#[test]
fn a_certain_length_never_makes_a_stream() {
    let lengths = certain_lengths().map(|d| d.sample_with(|| panic!("{d:?} made a stream")));
    assert_eq!(lengths, [128, 7, 512, 16, 512, 16]);
}

#[test]
fn an_uncertain_length_makes_exactly_one_stream() {
    let (min, max) = (16, 4096);
    for lengths in [
        LengthDistribution::Uniform { min, max },
        LengthDistribution::Normal {
            mean: 512.0,
            std_dev: 256.0,
            min,
            max,
        },
        LengthDistribution::LogNormal {
            mean: 512.0,
            std_dev: 256.0,
            min,
            max,
        },
    ] {
        let mut made = 0;
        let counted = lengths.sample_with(|| {
            made += 1;
            streams().stream(5)
        });
        assert_eq!(made, 1, "{lengths:?}");
        assert_eq!(counted, lengths.sample(&streams(), 5));
    }
}

#[test]
fn a_certain_choice_leaves_the_stream_where_it_was() {
    let mut stream = streams().stream(0);
    assert_eq!(stream.below(1), 0);
    assert_eq!(samplers::uniform_inclusive(&mut stream, 9, 9), 9);
    assert_eq!(WeightedChoice::new([5]).unwrap().choose(&mut stream), 0);
    assert_eq!(
        WeightedChoice::new([0, 0, 5, 0])
            .unwrap()
            .choose(&mut stream),
        2
    );
    assert_eq!(take(&mut stream, DRAWS), alone(0));
}

#[test]
fn control_an_eager_sampler_shifts_what_follows() {
    let mut stream = streams().stream(0);
    assert_eq!(broken::eager_uniform(&mut stream, 9, 9), 9);
    assert_ne!(take(&mut stream, DRAWS), alone(0));
}
