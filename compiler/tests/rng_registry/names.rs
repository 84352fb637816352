//! Names that AIPerf publishes in "Random Number Generation & Reproducibility".

use compiler::rng::Component;

/// All component-specific identifiers of that page, in its order.
const AIPERF: [&str; 20] = [
    "dataset.prompt.length",
    "dataset.prompt.corpus",
    "dataset.prompt.prefix",
    "dataset.image.dimensions",
    "dataset.image.format",
    "dataset.image.source",
    "dataset.audio.duration",
    "dataset.audio.format",
    "dataset.audio.data",
    "dataset.sampler.random",
    "dataset.sampler.shuffle",
    "dataset.loader.random_pool",
    "dataset.loader.sharegpt",
    "timing.request.cancellation",
    "timing.request.poisson_interval",
    "composer.turn.model_selection",
    "composer.turn.max_tokens",
    "composer.conversation.turn_count",
    "composer.conversation.turn_delay",
    "models.sequence.distribution",
];

#[test]
fn aiperfs_identifiers_are_registered_under_their_names() {
    let registered = |name: &str| {
        let mut all = Component::ALL.into_iter();
        all.any(|component| component.identifier() == name)
    };
    for name in AIPERF {
        assert!(registered(name), "{name}");
    }
    assert!(!registered("dataset.prompt.lengths"), "the control");
}

#[test]
fn the_registry_says_of_exactly_these_that_they_are_aiperfs() {
    let named = Component::ALL
        .into_iter()
        .filter(|component| component.is_aiperfs());
    let mut named: Vec<&str> = named.map(Component::identifier).collect();
    let mut published = AIPERF.to_vec();
    named.sort_unstable();
    published.sort_unstable();
    assert_eq!(named, published);
}

/// `ALL` is written by hand; the match over the components is not.
#[test]
fn all_components_are_in_the_list_and_in_order() {
    let source = include_str!("../../src/rng/registry.rs");
    assert_eq!(source.matches("=> Entry {").count(), Component::ALL.len());
    for (number, component) in Component::ALL.into_iter().enumerate() {
        assert_eq!(component as usize, number, "{}", component.identifier());
    }
}
