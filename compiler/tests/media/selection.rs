//! Which items of the pools a request holds.

use super::statistics::{chi_squared, counts};
use super::{SEED, data};
use compiler::plan::media::Media;
use compiler::rng::Component;

fn plan(line: &str) -> Media {
    Media::new(&data(line).0, SEED, None)
}

#[test]
fn counts_and_choices_follow_what_was_asked() {
    let plan = plan("images: {count: 'uniform(0, 3)', pool: 5}");
    let images = plan.images.as_ref().unwrap();
    let held: Vec<Vec<u32>> = (0..4_000).map(|index| images.of(index)).collect();
    let numbers = counts(held.iter().map(Vec::len), 4);
    // 0.1 % points for 3 and 4 degrees of freedom.
    assert!(chi_squared(&numbers, &[1; 4]) < 16.27, "{numbers:?}");
    assert!(chi_squared(&numbers, &[2, 1, 1, 1]) > 16.27, "the control");
    let chosen = counts(held.iter().flatten().map(|&item| item as usize), 5);
    assert!(chi_squared(&chosen, &[1; 5]) < 18.47, "{chosen:?}");
    assert_eq!(held[7], images.of(7));
}

#[test]
fn a_longer_request_begins_like_a_shorter_one() {
    let two = plan("images: {count: 2, pool: 50}");
    let four = plan("images: {count: 4, pool: 50}");
    for index in 0..50 {
        let (two, four) = (two.images.as_ref().unwrap(), four.images.as_ref().unwrap());
        assert_eq!(two.of(index)[..], four.of(index)[..2]);
    }
}

#[test]
fn images_and_clips_are_chosen_apart() {
    let plan = plan("images: {count: 3, pool: 1000}, audio: {count: 3, pool: 1000}");
    let (images, audio) = (plan.images.unwrap(), plan.audio.unwrap());
    assert!((0..20).all(|index| images.of(index) != audio.of(index)));
}

#[test]
fn only_what_is_uncertain_is_drawn_from() {
    for (line, expected) in [
        ("images: {pool: 1}", vec![]),
        ("images: {pool: 2}", vec![Component::ImageSelection]),
        (
            "images: {count: 'uniform(1, 2)', pool: 1}",
            vec![Component::ImageCount],
        ),
        (
            "audio: {count: 'uniform(1, 2)', pool: 2}",
            vec![Component::AudioCount, Component::AudioSelection],
        ),
        ("audio: {count: 0, pool: 2}", vec![]),
    ] {
        assert_eq!(plan(line).components(), expected, "{line}");
    }
    assert_eq!(
        plan("images: {pool: 1, count: 2}").images.unwrap().of(9),
        [0, 0]
    );
}
