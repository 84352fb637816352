//! The test vectors of texts, media, documents and data sets printed in `schemas/RANDOMNESS.md` are
//! recomputed from the printed inputs, as in `rng_vectors.rs`.

mod document;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use compiler::media::{Media, audio, images};
use compiler::plan::dataset::{Sampler, Taken};
use compiler::plan::documents::Documents;
use compiler::plan::front::Front;
use compiler::plan::media::Media as Selections;
use compiler::rng::Component;
use compiler::samplers::Distribution;
use compiler::spec::{
    self, Audio, CorpusRef, Data, Height, History, ImageFormat, ImageSource, Images, PrefixPool,
    SetKind, SetOrder, SetRef, Spec,
};
use compiler::text::code;
use compiler::text::prompt::Place;
use compiler::text::source::{Source, TextOut};
use compiler::text::tokenizer::Tokenizer;
use compiler::text::unique::{lead_words, unique_lead};
use document::{SEED, call, check, distribution, hex, list, number, stream, table};
use sha2::{Digest as _, Sha256};
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// Lines of a block of the corpus of code.
const BLOCK_LINES: usize = 64;
/// Blocks of it.
const BLOCKS: usize = 256;

/// A vocabulary whose words are `w` and their rank, as large as the built-in one.
fn vocabulary() -> Vec<String> {
    let words = table(" Vectors: corpus").swap_remove(0);
    assert_eq!(words[0], "vocabulary words");
    let ranks = 0..number::<usize>(&words[1]);
    ranks.map(|rank| format!("w{rank}")).collect()
}

/// The ranks of words of [`vocabulary`].
fn ranks(text: &str) -> String {
    let rank = |word: &str| number::<u32>(word.strip_prefix('w').expect("a word"));
    list(text.split(' ').map(rank))
}

fn numbers<T: FromStr>(text: &str) -> Vec<T> {
    text.split(", ").map(number).collect()
}

/// Lists one behind the other.
fn listed<T: Display>(lists: impl IntoIterator<Item = Vec<T>>) -> String {
    let one = |list: Vec<T>| {
        let items: Vec<String> = list.iter().map(T::to_string).collect();
        items.join(", ")
    };
    let lists: Vec<String> = lists.into_iter().map(one).collect();
    lists.join("; ")
}

fn first_four<T>(items: impl Fn(usize) -> T) -> Vec<T> {
    (0..4).map(items).collect()
}

#[test]
fn random_texts_are_as_printed() {
    let words: Arc<[String]> = vocabulary().into();
    let source = Source::Random(words);
    check(" Vectors: random text", 2, |inputs| {
        let mut out = TextOut::default();
        let mut stream = stream("dataset.prompt.corpus", &inputs[0]);
        let tokens = number(&inputs[1]);
        let appended = source.append(&mut stream, tokens, Place::Start, &mut out);
        appended.expect("words are exact");
        vec![ranks(&source.render(&out))]
    });
}

#[test]
fn code_is_as_printed() {
    let code = code::generate(SEED, &vocabulary());
    let lines: Vec<&str> = code.split_inclusive('\n').collect();
    assert_eq!(lines.len(), BLOCKS * BLOCK_LINES);
    check(" Vectors: code", 1, |inputs| {
        let first = number::<usize>(&inputs[0]) * BLOCK_LINES;
        let block = &lines[first..first + BLOCK_LINES];
        let digest = hex(&Sha256::digest(block.concat()));
        vec![block[1].trim().to_owned(), digest]
    });
}

/// What needs the tokenizer, which cuts the corpus.
#[test]
fn texts_of_code_are_as_printed() {
    let tokenizer = Tokenizer::o200k_base();
    let words: Arc<[String]> = tokenizer.words().expect("words").into();
    let source = Source::new(&CorpusRef::Code, SEED, &words, &tokenizer).expect("a corpus");
    check(" Vectors: texts of code", 2, |inputs| {
        let mut out = TextOut::default();
        let mut stream = stream("dataset.prompt.corpus", &inputs[0]);
        let tokens: u32 = number(&inputs[1]);
        let appended = source.append(&mut stream, tokens, Place::Start, &mut out);
        appended.expect("an embedded vocabulary is exact");
        let quoted = format!("\"{}\"", source.render(&out));
        let text: String = serde_json::from_str(&quoted).expect("a JSON string");
        assert_eq!(tokenizer.count(&text).unwrap(), tokens as usize);
        vec![hex(&Sha256::digest(text))]
    });
}

#[test]
fn leads_are_as_printed() {
    let words = vocabulary();
    check(" Vectors: leads", 3, |inputs| {
        let [populations, population, ordinal] = [0, 1, 2].map(|i| number::<u64>(&inputs[i]));
        let count = lead_words(populations << 40, words.len());
        let mut out = TextOut::default();
        let identity = ordinal * populations + population;
        unique_lead(identity, count, &words, Place::Start, &mut out);
        vec![ranks(&out.own)]
    });
}

#[test]
fn prefix_choices_are_as_printed() {
    check(" Vectors: prefix choices", 1, |inputs| {
        let front = spec::Front {
            prefix_pool: Some(PrefixPool {
                count: number(&inputs[0]),
                length: Distribution::fixed(9),
            }),
            ..spec::Front::default()
        };
        let front = Front::new(&front, SEED, None);
        vec![list((0..8).map(|session| front.prefix(session).unwrap()))]
    });
}

fn image_block(count: Distribution, pool: u32) -> Images {
    Images {
        count,
        pool,
        width: Distribution::fixed(8),
        height: Height::Pixels(Distribution::fixed(8)),
        formats: vec![(ImageFormat::Png, 1)],
        source: ImageSource::Noise,
    }
}

fn audio_block(count: Distribution, pool: u32) -> Audio {
    Audio {
        count,
        pool,
        duration: Distribution::fixed(1_000_000),
        sample_rates: vec![16_000],
        bit_depths: vec![16],
    }
}

/// The `data` block of a spec that says nothing about it.
fn plain_data() -> Data {
    let spec = Spec::parse("models: m\n", "s.yaml", &[], &mut |_| unreachable!()).unwrap();
    spec.populations.into_iter().next().unwrap().data
}

#[test]
fn selections_are_as_printed() {
    check(" Vectors: selections", 3, |inputs| {
        let (count, pool) = (distribution(&inputs[1]), number(&inputs[2]));
        let mut data = plain_data();
        match inputs[0].as_str() {
            "image" => data.images = Some(image_block(count, pool)),
            _ => data.audio = Some(audio_block(count, pool)),
        }
        let planned = Selections::new(&data, SEED, None);
        let selection = planned.images.or(planned.audio).unwrap();
        vec![listed((0..4).map(|index| selection.of(index)))]
    });
}

fn file(media: &Media) -> Vec<u8> {
    STANDARD.decode(&media.base64).unwrap()
}

fn made(images: &Images) -> Vec<Media> {
    images::pool(images, SEED, None, Path::new("."))
        .unwrap()
        .media
}

#[test]
fn images_are_as_printed() {
    const FORMATS: [ImageFormat; 3] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp];
    check(" Vectors: images", 3, |inputs| {
        let height = match inputs[1].strip_prefix("ratio ") {
            Some(ratio) => Height::AspectRatio(distribution(ratio)),
            None => Height::Pixels(distribution(&inputs[1])),
        };
        let weighted = FORMATS.into_iter().zip(numbers::<u64>(&inputs[2]));
        let pool = made(&Images {
            width: distribution(&inputs[0]),
            height,
            formats: weighted.filter(|(_, weight)| *weight > 0).collect(),
            ..image_block(Distribution::fixed(1), 4)
        });
        let shown = first_four(|i| {
            let decoded = image::load_from_memory(&file(&pool[i])).unwrap();
            let (width, height) = (decoded.width(), decoded.height());
            format!("{width}x{height} {}", pool[i].format())
        });
        vec![shown.join(", ")]
    });
}

#[test]
fn noise_is_as_printed() {
    check(" Vectors: noise", 3, |inputs| {
        let [image, width, height] = [0, 1, 2].map(|i| number::<u64>(&inputs[i]));
        let pool = made(&Images {
            width: Distribution::fixed(width),
            height: Height::Pixels(Distribution::fixed(height)),
            ..image_block(Distribution::fixed(1), image as u32 + 1)
        });
        let decoded = image::load_from_memory(&file(&pool[image as usize])).unwrap();
        vec![hex(&decoded.into_rgb8().into_raw())]
    });
}

fn clips(audio: &Audio) -> Vec<Vec<u8>> {
    let pool = audio::pool(audio, SEED, None).unwrap();
    pool.media.iter().map(file).collect()
}

#[test]
fn clips_are_as_printed() {
    check(" Vectors: clips", 3, |inputs| {
        let files = clips(&Audio {
            duration: distribution(&inputs[0]),
            sample_rates: numbers(&inputs[1]),
            bit_depths: numbers(&inputs[2]),
            ..audio_block(Distribution::fixed(1), 4)
        });
        let shown = first_four(|i| {
            let clip = hound::WavReader::new(&files[i][..]).unwrap();
            let form = clip.spec();
            let (rate, depth) = (form.sample_rate, form.bits_per_sample);
            format!("{rate}/{depth}/{}", clip.duration())
        });
        vec![shown.join(", ")]
    });
}

#[test]
fn samples_are_as_printed() {
    check(" Vectors: samples", 2, |inputs| {
        let clip: u32 = number(&inputs[0]);
        let files = clips(&Audio {
            bit_depths: numbers(&inputs[1]),
            ..audio_block(Distribution::fixed(1), clip + 1)
        });
        let mut clip = hound::WavReader::new(&files[clip as usize][..]).unwrap();
        vec![list(clip.samples::<i32>().take(6).map(Result::unwrap))]
    });
}

#[test]
fn documents_are_as_printed() {
    check(" Vectors: documents", 3, |inputs| {
        let documents = spec::Documents {
            count: distribution(&inputs[1]),
            is_batch: inputs[0] == "batch",
            length: distribution(&inputs[2]),
        };
        let documents = Documents::new(&documents, SEED, None);
        let lengths = |index| documents.lengths(index, documents.count(index)).collect();
        vec![listed::<u32>((0..3).map(lengths))]
    });
}

/// A sampler as the document writes it.
fn sampler(text: &str) -> Sampler {
    let (name, args) = call(text);
    let sizes: Vec<u32> = args.into_iter().map(number).collect();
    let (kind, order) = match name {
        "sequential" => (SetKind::MultiTurn, SetOrder::Sequential),
        "random" => (SetKind::MultiTurn, SetOrder::Random),
        "shuffle" => (SetKind::MultiTurn, SetOrder::Shuffle),
        "sharegpt" => (SetKind::ShareGpt, SetOrder::Sequential),
        "random_pool" => (SetKind::RandomPool, SetOrder::Random),
        other => panic!("no data set {other}"),
    };
    let named = SetRef {
        kind,
        path: "d".into(),
        order,
        entries: (kind == SetKind::ShareGpt).then(|| sizes[1].into()),
        output: None,
        delay: Distribution::fixed(0),
        history: History::Materialised,
    };
    let pools: Vec<_> = match kind {
        // Each begins at 0, so that what is taken is the number of a line.
        SetKind::RandomPool => sizes.iter().map(|lines| 0..*lines).collect(),
        _ => Vec::new(),
    };
    Sampler::new(&named, sizes[0].into(), &pools, SEED, None)
}

#[test]
fn data_sets_are_as_printed() {
    check(" Vectors: data sets", 1, |inputs| {
        let sampler = sampler(&inputs[0]);
        let taken = match sampler.take(0) {
            Taken::Conversation(_) => listed([(0..12).map(|i| one(&sampler, i)).collect()]),
            Taken::Parts(_) => listed((0..6).map(|i| parts(&sampler, i))),
        };
        vec![taken]
    });
}

fn one(sampler: &Sampler, ordinal: u64) -> u32 {
    match sampler.take(ordinal) {
        Taken::Conversation(number) => number,
        Taken::Parts(parts) => panic!("{parts:?}"),
    }
}

fn parts(sampler: &Sampler, ordinal: u64) -> Vec<u32> {
    match sampler.take(ordinal) {
        Taken::Parts(parts) => parts,
        Taken::Conversation(number) => panic!("{number}"),
    }
}

/// The comparison tells components apart.
#[test]
fn control_another_component_gives_other_vectors() {
    let choice = |component: Component| {
        let streams = compiler::rng::Streams::new(SEED, component);
        list((0..8).map(|i| streams.stream(i).below(1000)))
    };
    let printed = table(" Vectors: prefix choices").pop().unwrap();
    assert_eq!(printed[0], "1000");
    assert_eq!(choice(Component::PromptPrefix), printed[1]);
    assert_ne!(choice(Component::PrefixCorpus), printed[1]);
}
