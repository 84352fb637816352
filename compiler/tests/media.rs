//! Pools of images and audio clips: the same bytes everywhere, sizes and formats as asked, each
//! item its own draws, and what is wrong with a folder or a file said exactly. Decoded again by
//! `image` and `hound`.

#[path = "media/files.rs"]
mod files;
#[path = "media/pools.rs"]
mod pools;
#[path = "media/selection.rs"]
mod selection;
#[path = "statistics/mod.rs"]
mod statistics;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use compiler::media::{Media, Pool, audio, images};
use compiler::rng::Seed;
use compiler::spec::{Data, Spec};
use std::path::Path;

const SEED: Seed = Seed(42);

/// The `data` block of a spec with this line in it, and the notes about it.
fn data(line: &str) -> (Data, Vec<String>) {
    let text = format!(
        "models: m\napi: {{type: chat}}\ndata: {{type: random, input_distribution: 8, output_distribution: 8, {line}}}\n"
    );
    let spec = Spec::parse(&text, "s.yaml", &[], &mut |_| unreachable!()).expect(line);
    let data = spec.populations.into_iter().next().unwrap().data;
    (data, spec.notes)
}

fn image_pool_in(block: &str, directory: &Path) -> Result<Pool, String> {
    let (data, _) = data(&format!("images: {block}"));
    let images = data.images.expect(block);
    images::pool(&images, SEED, None, directory).map_err(|error| error.to_string())
}

fn image_pool(block: &str) -> Pool {
    image_pool_in(block, Path::new(".")).unwrap()
}

fn audio_pool(block: &str) -> Pool {
    let (data, _) = data(&format!("audio: {block}"));
    audio::pool(&data.audio.expect(block), SEED, None).unwrap()
}

fn bytes(media: &Media) -> Vec<u8> {
    STANDARD.decode(&media.base64).unwrap()
}

fn hashes(pool: &Pool) -> Vec<String> {
    let hash = |media: &Media| schemas::hex(&media.sha256);
    pool.media.iter().map(hash).collect()
}

#[test]
fn the_libraries_are_those_of_the_lock_file() {
    let lock = include_str!("../../Cargo.lock");
    for library in compiler::media::LIBRARIES.split(", ") {
        let (name, version) = library.split_once(' ').unwrap();
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "{library}");
    }
}

#[test]
fn defaults_are_told() {
    let (_, notes) = data("images: {}, audio: {}");
    for note in [
        "`data.images`: by default count 1, pool 32, width 512, height 512, format png, source noise; write them to change them",
        "`data.audio`: by default count 1, pool 32, duration 10s, sample_rate 16000, bit_depth 16, format wav; write them to change them",
    ] {
        assert!(notes.iter().any(|n| n == note), "{note}\n{notes:?}");
    }
    let written = "images: {count: 2, pool: 3, width: 8, aspect_ratio: 2, format: webp, source: noise}, audio: {count: 0}";
    let (with, mut notes) = data(written);
    notes.retain(|note| note.contains("`data."));
    assert_eq!(notes, ["`data.audio`: count is 0, so no request has audio"]);
    assert!(with.images.is_some() && with.audio.is_none());
}
