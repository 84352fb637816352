//! Every registered component is drawn from by some spec, and because of one feature of it: with the
//! feature off the manifest does not name it, with nothing else changed but the feature it does.

use crate::features::{FEATURES, Feature};
use compiler::compile::{Job, compile};
use compiler::rng::Component;
use rayon::prelude::*;
use schemas::reader::Workload;
use std::collections::BTreeSet;
use std::path::Path;

/// What draws nothing but the corpus and where each prompt is cut.
const PLAIN: &str = "\
api: {type: chat}
models: [a, b]
data: {type: synthetic, input_distribution: 8, output_distribution: 4}
load: {type: constant, stages: [{rate: 4, duration: 1}]}
";

const AZURE: &str = "\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:47.6805900,396,109
2023-11-16 18:15:48.6805900,879,55
2023-11-16 18:15:49.6805900,91,9
";

const MOONCAKE: &str = "\
{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [0, 1]}
{\"timestamp\": 9, \"input_length\": 512, \"output_length\": 5, \"hash_ids\": [0]}
";

/// Three lines of a data set, or of a pool.
const TURNS: &str = "\
{\"text\": \"One.\"}
{\"text\": \"Two.\"}
{\"text\": \"Three.\"}
";

const CHATS: &str = r#"[
{"id": "a", "conversations": [{"from": "human", "value": "One?"}, {"from": "gpt", "value": "Yes."}]},
{"id": "b", "conversations": [{"from": "human", "value": "Two?"}, {"from": "gpt", "value": "Yes."}]},
{"id": "c", "conversations": [{"from": "human", "value": "Three?"}, {"from": "gpt", "value": "No."}]}
]"#;

/// The files that the features name.
fn write_files(directory: &Path) {
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("azure.csv", AZURE);
    write("mooncake.jsonl", MOONCAKE);
    write("turns.jsonl", TURNS);
    write("one.jsonl", "{\"text\": \"One.\"}\n");
    write("chats.json", CHATS);
    std::fs::create_dir(directory.join("images")).unwrap();
    let image = image::RgbImage::from_pixel(4, 4, image::Rgb([9, 90, 200]));
    image.save(directory.join("images/one.png")).unwrap();
}

/// What the workload's manifest says was drawn from.
fn identifiers(sets: &[&str]) -> BTreeSet<String> {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path());
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let target = directory.path().join("s.wlc");
    let job = Job {
        spec_text: PLAIN,
        spec_name: "s.yaml",
        directory: directory.path(),
        sets: &sets,
        seed: Some(7),
        target: &target,
    };
    if let Err(error) = compile(&job, &mut |_, _| true) {
        panic!("{sets:?}: {error}");
    }
    let workload = Workload::open(&target).unwrap();
    let rng = workload.manifest().unwrap().rng;
    rng.identifiers.into_iter().collect()
}

fn of(components: &[Component]) -> BTreeSet<String> {
    let names = components.iter().map(|c| c.identifier().to_owned());
    names.collect()
}

/// What a feature adds.
fn added(feature: &Feature) -> BTreeSet<String> {
    let off = identifiers(feature.beside);
    let on = identifiers(&[feature.beside, feature.on].concat());
    on.difference(&off).cloned().collect()
}

#[test]
fn a_plain_spec_draws_its_texts_only() {
    let texts = of(&[Component::PromptCorpus, Component::CorpusWords]);
    assert_eq!(identifiers(&[]), texts);
}

#[test]
fn each_component_appears_with_its_feature() {
    let wrong = FEATURES.par_iter().filter_map(|feature| {
        let (added, expected) = (added(feature), of(feature.draws));
        (added != expected).then(|| format!("{:?}: {added:?}, not {expected:?}", feature.on))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_components_have_a_feature() {
    let drawn = FEATURES.iter().flat_map(|feature| feature.draws.to_vec());
    let drawn: BTreeSet<Component> = drawn.collect();
    let all: BTreeSet<Component> = Component::ALL.into_iter().collect();
    let missing: Vec<&str> = all.difference(&drawn).map(|c| c.identifier()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A feature that is certain adds nothing: the comparison sees the difference.
#[test]
fn control_a_certain_length_adds_nothing() {
    let feature = Feature {
        draws: &[Component::PromptLength],
        beside: &[],
        on: &["data.input_distribution=fixed(9)"],
    };
    assert_ne!(added(&feature), of(feature.draws));
}
