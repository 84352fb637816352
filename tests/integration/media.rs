//! Images and clips in bodies: what a server finds when it decodes them, at every endpoint that takes
//! them, through the whole program.

use crate::lines::{Lines, body, number};
use crate::said::Said;
use crate::support::{Run, dir, root, server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

const LOAD: &str = "load: {type: constant, stages: [{rate: 60, duration: 1}]}\n";
const IMAGES: &str = "images: {count: 'uniform(0, 3)', pool: 7, width: 'uniform(8, 40)', height: 'uniform(8, 24)', \
                      format: {png: 1, jpeg: 1, webp: 1}, source: noise}";
const AUDIO: &str = "audio: {count: 'uniform(0, 2)', pool: 3, duration: 'uniform(10ms, 40ms)', \
                     sample_rate: [8000, 16000], bit_depth: [8, 16, 24, 32]}";

fn spec(api: &str, media: &str, more: &str) -> String {
    format!(
        "seed: 21\nmodels: m\napi: {{{api}}}\n{LOAD}\
         data: {{type: random, input_distribution: 'uniform(2, 9)', output_distribution: 3, {media}}}\n{more}"
    )
}

/// Media type and bytes of a data URL.
#[track_caller]
fn data_url(url: &str) -> (&str, Vec<u8>) {
    let (mime, base64) = url
        .strip_prefix("data:")
        .and_then(|url| url.split_once(";base64,"))
        .unwrap_or_else(|| panic!("no data URL: {url:.60}"));
    (mime, STANDARD.decode(base64).expect("Base64"))
}

/// Image parts of a body, with the media types that they say they have.
fn images(body: &Value) -> Vec<(String, Vec<u8>)> {
    let messages = body.get("messages").or_else(|| body.get("input"));
    let messages = messages.and_then(Value::as_array).expect("messages");
    let parts = messages
        .iter()
        .filter_map(|m| m["content"].as_array())
        .flatten();
    let image = |part: &Value| {
        if let Some(source) = part.get("source") {
            let bytes = STANDARD.decode(source["data"].as_str()?).expect("Base64");
            return Some((source["media_type"].as_str()?.to_owned(), bytes));
        }
        let url = part
            .pointer("/image_url/url")
            .or_else(|| part.get("image_url"))?;
        let (mime, bytes) = data_url(url.as_str()?);
        Some((mime.to_owned(), bytes))
    };
    parts.filter_map(image).collect()
}

/// Clips of a chat body.
fn clips(body: &Value) -> Vec<Vec<u8>> {
    let messages = body["messages"].as_array().expect("messages");
    let parts = messages
        .iter()
        .filter_map(|m| m["content"].as_array())
        .flatten();
    let clip = |part: &Value| {
        let audio = part.get("input_audio")?;
        assert_eq!(audio["format"], "wav");
        Some(STANDARD.decode(audio["data"].as_str()?).expect("Base64"))
    };
    parts.filter_map(clip).collect()
}

/// Bodies of the endpoint `kind`, held against the schema of the API.
fn bodies(kind: &str, lines: &[Value]) -> Vec<Value> {
    let schema = root().join(format!("tests/schemas/{kind}.json"));
    let schema = std::fs::read_to_string(schema).expect(kind);
    let schema: Value = serde_json::from_str(&schema).expect(kind);
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let read = |line: &Value| {
        let body = body(line);
        let faults: Vec<String> = schema.iter_errors(&body).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{kind}: {}", faults.join("\n"));
        body
    };
    lines.iter().map(read).collect()
}

#[test]
fn a_server_finds_images_of_the_formats_and_sizes_that_were_asked_for() {
    for (kind, api) in [
        ("chat", "type: chat, streaming: true"),
        ("responses", "type: responses"),
        ("messages", "type: messages"),
    ] {
        let Lines { lines, .. } = Lines::of(&spec(api, IMAGES, ""));
        let bodies = bodies(kind, &lines);
        let found: Vec<_> = bodies.iter().map(images).collect();
        let counts: BTreeSet<usize> = found.iter().map(Vec::len).collect();
        assert_eq!(counts, BTreeSet::from([0, 1, 2, 3]), "{kind}");
        let mut formats = BTreeSet::new();
        for (mime, bytes) in found.iter().flatten() {
            let format = ImageFormat::from_mime_type(mime).expect("a known type");
            assert_eq!(image::guess_format(bytes).expect("an image"), format);
            let reader = image::ImageReader::with_format(Cursor::new(bytes), format);
            let image = reader.decode().expect("an image that can be decoded");
            assert!((8..=40).contains(&image.width()), "{}", image.width());
            assert!((8..=24).contains(&image.height()), "{}", image.height());
            formats.insert(mime.as_str());
        }
        let all = BTreeSet::from(["image/jpeg", "image/png", "image/webp"]);
        assert_eq!(
            formats, all,
            "{kind}: of seven images each has one of three formats"
        );
        let distinct: BTreeSet<&Vec<u8>> = found.iter().flatten().map(|(_, bytes)| bytes).collect();
        assert_eq!(distinct.len(), 7, "{kind}: the pool, and nothing else");
    }
}

#[test]
fn the_height_of_an_image_follows_its_width() {
    let media = "images: {width: 'uniform(20, 80)', aspect_ratio: 2, pool: 9}";
    let Lines { lines, .. } = Lines::of(&spec("type: chat", media, ""));
    let mut widths = BTreeSet::new();
    for (_, bytes) in lines.iter().flat_map(|line| images(&body(line))) {
        let image = image::load_from_memory(&bytes).expect("an image");
        assert_eq!(image.height(), image.width().div_ceil(2));
        widths.insert(image.width());
    }
    assert!(widths.len() > 3, "{widths:?}");
}

#[test]
fn a_server_finds_clips_of_the_rates_depths_and_lengths_that_were_asked_for() {
    let Lines { lines, .. } = Lines::of(&spec("type: chat", AUDIO, ""));
    let bodies = bodies("chat", &lines);
    let counts: BTreeSet<usize> = bodies.iter().map(|body| clips(body).len()).collect();
    assert_eq!(counts, BTreeSet::from([0, 1, 2]));
    let distinct: BTreeSet<Vec<u8>> = bodies.iter().flat_map(clips).collect();
    assert_eq!(distinct.len(), 3);
    for clip in distinct {
        let mut reader = hound::WavReader::new(Cursor::new(clip)).expect("a WAV file");
        let header = reader.spec();
        assert_eq!(header.channels, 1);
        assert!([8_000, 16_000].contains(&header.sample_rate));
        assert!([8, 16, 24, 32].contains(&header.bits_per_sample));
        let ms = f64::from(reader.duration()) * 1e3 / f64::from(header.sample_rate);
        assert!((9.5..40.5).contains(&ms), "{ms} ms");
        let samples = reader
            .samples::<i32>()
            .map(|sample| sample.expect("a sample"));
        assert!(samples.collect::<BTreeSet<i32>>().len() > 10, "no silence");
    }
}

#[test]
fn each_medium_of_a_pool_is_stored_once() {
    let dir = dir();
    let media = "images: {count: 2, pool: 5, width: 96, height: 96, format: jpeg, source: noise}, \
                 audio: {pool: 2, duration: 200ms}";
    let Lines { lines, .. } = Lines::with(&dir, &spec("type: chat", media, ""), "");
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for line in &lines {
        for medium in Said::of(line).media {
            *sent.entry(medium).or_default() += 1;
        }
    }
    assert_eq!(sent.len(), 7, "the items of both pools");
    assert_eq!(sent.values().sum::<usize>(), 3 * lines.len());
    let file = dir.read("lines.wlc");
    for medium in sent.keys() {
        let found = file
            .windows(medium.len())
            .filter(|at| *at == medium.as_bytes());
        assert_eq!(found.count(), 1, "{medium:.40}");
    }
    // Twice as many requests add records and texts, but no medium.
    let twice = spec("type: chat", media, "").replace("rate: 60", "rate: 120");
    Lines::with(&dir, &twice, "");
    let (once, twice) = (file.len(), dir.read("lines.wlc").len());
    let smallest = sent.keys().map(String::len).min().expect("a medium");
    assert!(twice - once < lines.len() * 600, "{once} and {twice} bytes");
    assert!(
        smallest > 3_000,
        "{smallest} bytes are less than a request takes"
    );
}

#[test]
fn later_turns_repeat_the_images_and_clips_of_earlier_ones() {
    let sessions = "sessions: {turns: 3, delay: 1s, history: materialised}\n";
    let media = format!("{IMAGES}, {AUDIO}");
    let Lines { lines, .. } = Lines::of(&spec("type: chat, streaming: true", &media, sessions));
    let bodies = bodies("chat", &lines);
    let mut further = 0;
    let mut before: Option<&Value> = None;
    for (line, body) in lines.iter().zip(&bodies) {
        if number(line, "turn") > 0 {
            let earlier = before.expect("a turn before")["messages"]
                .as_array()
                .unwrap();
            let now = body["messages"].as_array().unwrap();
            assert_eq!(now[..earlier.len()], earlier[..]);
            assert_eq!(now.len(), earlier.len() + 2);
            further += images(body).len() - images(before.unwrap()).len();
        }
        before = Some(body);
    }
    assert!(further > 50, "{further} images in later turns");
}

#[test]
fn media_are_the_same_bytes_on_any_number_of_threads() {
    let dir = dir();
    let media = format!("{IMAGES}, {AUDIO}");
    let spec = spec("type: chat", &media, "");
    let files = [1, 2, 5].map(|threads| {
        Lines::with(&dir, &spec, &format!("--threads {threads}"));
        dir.read("lines.wlc")
    });
    assert!(files[0] == files[1] && files[0] == files[2]);
}

#[test]
fn bodies_with_media_are_accepted_answered_and_counted() {
    for api in ["chat", "responses", "messages"] {
        for streaming in [true, false] {
            let server = server(0, 0);
            let url = format!("http://{}", server.addr());
            let media = if api == "chat" {
                format!("{IMAGES}, {AUDIO}")
            } else {
                IMAGES.to_owned()
            };
            let spec = spec(&format!("type: {api}, streaming: {streaming}"), &media, "");
            let run = Run::new(&spec, &url, "--speed 20");
            run.assert_all_ok();
            assert_eq!(run.count("usage_output", 3), run.workload.len(), "{api}");
        }
    }
}

#[test]
fn images_of_a_folder_are_what_is_sent() {
    let dir = dir();
    for (name, level) in [("a.png", 10_u8), ("b.jpg", 200)] {
        let mut bytes = Cursor::new(Vec::new());
        let image = image::RgbImage::from_pixel(30, 20, image::Rgb([level; 3]));
        let format = ImageFormat::from_path(name).expect("a known ending");
        image.write_to(&mut bytes, format).expect("encoded");
        dir.write(&format!("pictures/{name}"), bytes.into_inner());
    }
    let media = "images: {pool: 12, width: 16, height: 8, format: png, source: ./pictures}";
    let Lines { lines, summary, .. } = Lines::with(&dir, &spec("type: chat", media, ""), "");
    let mut levels = BTreeSet::new();
    for (_, bytes) in lines.iter().flat_map(|line| images(&body(line))) {
        let image = image::load_from_memory(&bytes)
            .expect("an image")
            .into_rgb8();
        assert_eq!(image.dimensions(), (16, 8));
        levels.insert(image.get_pixel(8, 4).0[0] / 50);
    }
    assert_eq!(levels, BTreeSet::from([0, 4]), "both pictures are sent");
    let inputs = summary["manifest"]["inputs"].to_string();
    assert!(
        inputs.contains("a.png") && inputs.contains("b.jpg"),
        "{inputs}"
    );
}
