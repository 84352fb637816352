//! The contract of `compiler::rng`: reproducible, divergent, continuous and isolated. Each clause
//! stands beside the natural mistake that breaks it. That nothing is drawn where nothing need be is
//! in `no_draw_contract.rs`.

use std::hash::{BuildHasher, RandomState};
use std::process::Command;
use std::thread;

use compiler::rng::{Component, Seed, Stream, Streams, index};
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

// Populations and composed indices.

/// The mistake: the name goes into the seed's place, so that the two may run together.
fn key_without_a_separator(population: &str, identifier: &str) -> String {
    format!("42:{population}{identifier}")
}

#[test]
fn a_named_population_draws_like_no_other_and_leaves_the_nameless_one_alone() {
    let component = Component::PromptLength;
    let nameless = Streams::in_population(SEED, None, component);
    assert_eq!(nameless, Streams::new(SEED, component));
    let names = ["", "a", "b", "a.b", "a.dataset", "dataset.prompt.length"].map(Some);
    let mut keys = vec![*nameless.key()];
    for name in names {
        for component in [component, Component::MaxTokens] {
            keys.push(*Streams::in_population(SEED, name, component).key());
        }
    }
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "two populations have one key");
}

#[test]
fn control_a_name_without_a_separator_runs_into_the_identifier() {
    assert_eq!(
        key_without_a_separator("a", "bdataset.prompt.length"),
        key_without_a_separator("ab", "dataset.prompt.length")
    );
}

/// The mistake: turns numbered through, so that a longer session moves all that follow.
fn numbered_through(turns_of: &[u64], session: usize, turn: u64) -> u64 {
    turns_of[..session].iter().sum::<u64>() + turn
}

#[test]
fn turn_0_and_pass_0_have_the_plain_stream_and_no_two_items_share_one() {
    for ordinal in [0, 1, 7, index::MAX_ORDINALS - 1] {
        assert_eq!(index::request_index(0, ordinal), ordinal);
    }
    assert_eq!(index::looped_ordinal(0, 7), 7);
    let last = index::request_index(index::MAX_TURNS - 1, index::MAX_ORDINALS - 1);
    assert_eq!(last, u64::MAX);
    let last_row = index::looped_ordinal(index::MAX_PASSES - 1, index::MAX_LOOPED_ROWS - 1);
    assert_eq!(last_row, index::MAX_ORDINALS - 1);
    let next_turn = index::request_index(1, 0);
    assert_eq!(
        next_turn,
        index::request_index(0, index::MAX_ORDINALS - 1) + 1
    );
    let next_pass = index::looped_ordinal(1, 0);
    assert_eq!(
        next_pass,
        index::looped_ordinal(0, index::MAX_LOOPED_ROWS - 1) + 1
    );
}

#[test]
fn control_numbering_turns_through_moves_the_next_session() {
    assert_ne!(
        numbered_through(&[1, 1], 1, 0),
        numbered_through(&[2, 1], 1, 0)
    );
}

#[test]
#[should_panic(expected = "MAX_ORDINALS")]
fn an_ordinal_that_would_reach_into_the_next_turn_is_refused() {
    index::request_index(0, index::MAX_ORDINALS);
}

#[test]
#[should_panic(expected = "MAX_LOOPED_ROWS")]
fn a_row_that_would_reach_into_the_next_pass_is_refused() {
    index::looped_ordinal(0, index::MAX_LOOPED_ROWS);
}
