//! What a pool is made of.

use super::statistics::{KS_LIMIT, ks};
use super::{audio_pool, bytes, hashes, image_pool, image_pool_in};
use compiler::media::Pool;
use compiler::rng::{Component, Streams};
use compiler::samplers::{Distribution, Shape};
use hound::WavReader;
use image::{GenericImageView as _, ImageFormat, RgbImage};
use std::io::Cursor;

/// Each block, and the SHA-256 of the first two items of its pool under seed 42.
const IMAGES: &[(&str, [&str; 2])] = &[
    (
        "{pool: 2, width: 33, height: 17}",
        [
            "ad9cbdb3208af05b4c5059b22513dc73900d4eb732819e7a1d566099d1049e53",
            "24091522118c0a4b7c966f50e2d3a707932d5fa4f4ac86a4c92d80ae3e25dc7c",
        ],
    ),
    (
        "{pool: 2, width: 33, height: 17, format: jpeg}",
        [
            "1a924fffb35cd388e28269173256989a6bfcf63dde7998c52509f10833c91774",
            "4bdb646d6af0ae6da28e05bf57e069a3f2345eb1479531aa5c44b4bee6335601",
        ],
    ),
    (
        "{pool: 2, width: 33, height: 17, format: webp}",
        [
            "538749b98e36200f8dbe38e9d2050545308494000601128b6ae9f03221a79290",
            "c93bfd04f49cc6a4cf7710c6d489d9705dfe64d32dabd9d42ddc1b49e61709c5",
        ],
    ),
];

const CLIPS: &[(&str, [&str; 2])] = &[
    (
        "{pool: 2, duration: 10ms, bit_depth: 8}",
        [
            "f3f735d964c7dfce33d232bb8496c45a4f7c3a5550172c53cd62f4381958d37d",
            "6e64f1b5b1187e38d8e7940c2c660ab0fba1cb93302028302e14c3d8fea09449",
        ],
    ),
    (
        "{pool: 2, duration: 10ms}",
        [
            "5d719b428d00e508607e4dc216c40bfd9693c7a6f28433fcf73e1ee5a159f3b4",
            "57db68684fe05d6d02cf0a63669bf848f0ed7dcb6178ed2c1176a20027d2b1b3",
        ],
    ),
    (
        "{pool: 2, duration: 10ms, bit_depth: 24}",
        [
            "e35459560ef19f20f8b0bec40ff650de1bb8e66b4878d9446e80a0dc0efb92c3",
            "ab5d38964cd2fd1936eddc90c111db03baa3ef5311e900cd77f6ca33dd682b20",
        ],
    ),
    (
        "{pool: 2, duration: 10ms, bit_depth: 32}",
        [
            "20e8304b6e5f0b88373cf3c344c44a6d792423f32640138ed5e0caabf3f4c807",
            "db25b075b3838dd3662dfd64512dfe297543a12bf09de393260b0d612ed5d138",
        ],
    ),
];

const MIXED: &str =
    "width: 'uniform(1, 64)', aspect_ratio: 'uniform(0.5, 2)', format: {png: 2, jpeg: 1, webp: 1}";
const MIXED_CLIPS: &str =
    "duration: 'uniform(1ms, 50ms)', sample_rate: [8000, 44100], bit_depth: [8, 16, 24, 32]";

#[test]
fn the_bytes_are_pinned() {
    let shown = |block: &str, pool: &Pool| format!("(\"{block}\", {:?})", hashes(pool));
    let (mut found, mut pinned) = (Vec::new(), Vec::new());
    for (block, expected) in IMAGES {
        found.push(shown(block, &image_pool(block)));
        pinned.push(format!("(\"{block}\", {expected:?})"));
    }
    for (block, expected) in CLIPS {
        found.push(shown(block, &audio_pool(block)));
        pinned.push(format!("(\"{block}\", {expected:?})"));
    }
    assert_eq!(found, pinned, "\n{}", found.join(",\n"));
}

#[test]
fn images_decode_to_what_was_asked() {
    let pool = image_pool(&format!("{{pool: 40, {MIXED}}}"));
    let mut seen = Vec::new();
    for media in &pool.media {
        let file = bytes(media);
        assert_eq!(media.bytes, file.len() as u64);
        let format = image::guess_format(&file).unwrap();
        assert_eq!(format.to_mime_type(), media.mime);
        let (width, height) = image::load_from_memory(&file).unwrap().dimensions();
        let ratio = f64::from(width) / f64::from(height);
        // Half a pixel of rounding, either way.
        let slack = 0.5 / f64::from(height) * ratio + 1e-9;
        assert!((1..=64).contains(&width), "{width}");
        assert!(
            ratio > 0.5 - slack - 0.01 && ratio < 2.0 + slack * 2.0,
            "{width}x{height}"
        );
        seen.push(format);
        assert!(
            media
                .data_url()
                .starts_with(&format!("data:{};base64,", media.mime))
        );
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        assert!(seen.contains(&format), "{format:?}");
    }
}

#[test]
fn lossless_noise_is_the_key_stream() {
    let streams = Streams::new(super::SEED, Component::ImageSource);
    for format in ["png", "webp"] {
        let pool = image_pool(&format!(
            "{{pool: 2, width: 4, height: 3, format: {format}}}"
        ));
        for (number, media) in pool.media.iter().enumerate() {
            let mut stream = streams.stream(number as u64);
            let draws: Vec<u8> = (0..5)
                .flat_map(|_| stream.next_u64().to_le_bytes())
                .collect();
            let pixels = image::load_from_memory(&bytes(media)).unwrap().into_rgb8();
            assert_eq!(pixels.into_raw(), draws[..36], "{format}");
        }
    }
}

#[test]
fn clips_decode_to_what_was_asked() {
    let durations = Streams::new(super::SEED, Component::AudioDuration);
    let asked = Distribution::new(Shape::Uniform, 1_000_000, 50_000_000).unwrap();
    let pool = audio_pool(&format!("{{pool: 60, {MIXED_CLIPS}}}"));
    let (mut rates, mut depths) = (Vec::new(), Vec::new());
    for (number, media) in pool.media.iter().enumerate() {
        assert_eq!((media.mime, media.format()), ("audio/wav", "wav"));
        let reader = WavReader::new(Cursor::new(bytes(media))).unwrap();
        let spec = reader.spec();
        assert_eq!(spec.channels, 1);
        let ns = asked.sample(&durations, number as u64) as f64;
        let samples = ns * f64::from(spec.sample_rate) / 1e9;
        assert!(
            (f64::from(reader.duration()) - samples).abs() <= 0.5,
            "{number}"
        );
        let decoded = reader.into_samples::<i32>();
        assert_eq!(
            decoded.filter(Result::is_ok).count(),
            samples.round() as usize
        );
        rates.push(spec.sample_rate);
        depths.push(spec.bits_per_sample);
    }
    assert!([8000, 44100].iter().all(|rate| rates.contains(rate)));
    assert!([8, 16, 24, 32].iter().all(|depth| depths.contains(depth)));
    assert!(rates.iter().all(|rate| [8000, 44100].contains(rate)));
}

#[test]
fn samples_are_the_key_stream() {
    let block = "{pool: 1, duration: 1ms, sample_rate: 4000, bit_depth: 24}";
    let file = bytes(&audio_pool(block).media[0]);
    let mut stream = Streams::new(super::SEED, Component::AudioData).stream(0);
    let draws: Vec<u8> = (0..2)
        .flat_map(|_| stream.next_u64().to_le_bytes())
        .collect();
    assert_eq!(file[file.len() - 12..], draws[..12]);
}

#[test]
fn a_short_clip_has_a_sample() {
    let pool = audio_pool("{pool: 1, duration: 1ns}");
    let reader = WavReader::new(Cursor::new(bytes(&pool.media[0]))).unwrap();
    assert_eq!(reader.duration(), 1);
}

#[test]
fn any_number_of_threads_makes_the_same() {
    let made = [1, 2, 5].map(|threads| {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(threads);
        threads.build().unwrap().install(|| {
            let images = image_pool(&format!("{{pool: 33, {MIXED}}}"));
            (images, audio_pool(&format!("{{pool: 33, {MIXED_CLIPS}}}")))
        })
    });
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);
}

#[test]
fn an_item_is_the_same_in_a_pool_of_any_size() {
    let folder = folder_of_gradients(3);
    let of_folder = |pool| {
        let block = format!("{{pool: {pool}, source: '.', {MIXED}}}");
        image_pool_in(&block, folder.path()).unwrap()
    };
    for (small, large) in [
        (
            image_pool(&format!("{{pool: 3, {MIXED}}}")),
            image_pool(&format!("{{pool: 100, {MIXED}}}")),
        ),
        (of_folder(3), of_folder(100)),
        (
            audio_pool(&format!("{{pool: 3, {MIXED_CLIPS}}}")),
            audio_pool(&format!("{{pool: 100, {MIXED_CLIPS}}}")),
        ),
    ] {
        assert_eq!(small.media[..], large.media[..3]);
        assert_ne!(small.media[0], small.media[1]);
    }
}

#[test]
fn one_feature_moves_no_other_draw() {
    let sizes = |block: &str| -> Vec<(u32, u32)> {
        let pool = image_pool(block);
        let size = |media| image::load_from_memory(&bytes(media)).unwrap().dimensions();
        pool.media.iter().map(size).collect()
    };
    let size = "pool: 8, width: 'uniform(1, 64)', height: 'uniform(1, 64)'";
    let plain = sizes(&format!("{{{size}}}"));
    assert_eq!(
        plain,
        sizes(&format!("{{{size}, format: {{png: 1, webp: 1}}}}"))
    );
    // The control: another width moves the height behind it in the same stream or the width itself.
    assert_ne!(
        plain,
        sizes("{pool: 8, width: 'uniform(1, 65)', height: 'uniform(1, 64)'}")
    );
}

#[test]
fn widths_follow_their_distribution() {
    let pool = image_pool("{pool: 2000, width: 'uniform(1, 400)', height: 1, format: webp}");
    let width = |media| {
        let decoded = image::load_from_memory(&bytes(media)).unwrap();
        f64::from(decoded.width())
    };
    let widths: Vec<f64> = pool.media.iter().map(width).collect();
    let asked = |x: f64| (x / 400.0).clamp(0.0, 1.0);
    assert!(ks(widths.clone(), asked) < KS_LIMIT);
    // The control: a distribution a tenth wider.
    assert!(ks(widths, |x| (x / 440.0).clamp(0.0, 1.0)) > KS_LIMIT);
}

#[test]
fn nothing_is_drawn_where_nothing_is_uncertain() {
    let folder = folder_of_gradients(1);
    let one = image_pool_in("{pool: 2, source: '.'}", folder.path()).unwrap();
    assert_eq!(one.components, []);
    assert_eq!(one.media[0], one.media[1]);
    assert_eq!(
        image_pool("{pool: 1, width: 2, height: 2}").components,
        [Component::ImageSource]
    );
    let all = [
        Component::ImageDimensions,
        Component::ImageFormat,
        Component::ImageSource,
    ];
    assert_eq!(image_pool(&format!("{{pool: 1, {MIXED}}}")).components, all);
    assert_eq!(
        audio_pool("{pool: 1, duration: 1ms}").components,
        [Component::AudioData]
    );
    let all = [
        Component::AudioDuration,
        Component::AudioFormat,
        Component::AudioData,
    ];
    assert_eq!(
        audio_pool(&format!("{{pool: 1, {MIXED_CLIPS}}}")).components,
        all
    );
}

#[test]
fn a_folders_images_are_stretched_and_listed() {
    let folder = folder_of_gradients(3);
    std::fs::write(folder.path().join(".hidden"), "no image").unwrap();
    let block = "{pool: 20, source: '.', width: 20, height: 10, format: webp}";
    let pool = image_pool_in(block, folder.path()).unwrap();
    let names: Vec<&str> = pool
        .inputs
        .iter()
        .map(|input| input.file.as_str())
        .collect();
    assert_eq!(names, ["./0.png", "./1.png", "./2.png"]);
    for media in &pool.media {
        let decoded = image::load_from_memory(&bytes(media)).unwrap().into_rgb8();
        assert_eq!(decoded.dimensions(), (20, 10));
        // Left to right is dark to light in all of them, so the picture is still there.
        let row: Vec<u8> = (0..20).map(|x| decoded.get_pixel(x, 5).0[0]).collect();
        assert!(row.is_sorted() && row[0] < row[19], "{row:?}");
    }
}

/// Images of 40 by 30 that get lighter from left to right, each in another green.
fn folder_of_gradients(images: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..images {
        let pixel = |x, y| image::Rgb([x as u8 * 6, number as u8 * 80, y as u8]);
        let path = folder.path().join(format!("{number}.png"));
        RgbImage::from_fn(40, 30, pixel).save(path).unwrap();
    }
    folder
}
