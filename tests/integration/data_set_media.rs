//! Images and clips that a data set names: by file, in place, and by address, in the form of each
//! endpoint, each in the file once.

use crate::data_sets::{each_second, spec};
use crate::lines::{Lines, body};
use crate::support::dir;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::{Dir, sha256_hex};
use serde_json::{Value, json};

/// The beginning of a PNG: a server would say what is wrong with the rest.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of an image";
const WAV: &[u8] = b"RIFF\x08\x00\x00\x00WAVEnot much of a clip";
const URL: &str = "https://example.org/a%20b.png?x=\"1\"";

/// A directory whose data set, in `sets`, is these rows.
fn directory(rows: &[Value]) -> Dir {
    let dir = dir();
    let rows: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
    dir.write("sets/d.jsonl", rows.concat());
    dir.write("sets/img/a.png", PNG).write("sets/a.wav", WAV);
    dir
}

fn of(dir: &Dir, api: &str, more: &str) -> Lines {
    let data = format!("type: single_turn, path: sets/d.jsonl, output_distribution: 2{more}");
    Lines::with(
        dir,
        &spec(&format!("type: {api}"), &data, &each_second(1)),
        "",
    )
}

fn image_url() -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(PNG))
}

#[test]
fn chat_takes_files_data_and_addresses() {
    let clip = STANDARD.encode(WAV);
    let row = json!({
        "texts": ["look", "here"], "images": ["img/a.png", image_url(), URL],
        "audios": ["a.wav", format!("wav,{clip}")],
    });
    let dir = directory(&[row]);
    let lines = of(&dir, "chat", "");
    let part = |text: &str| json!({"type": "text", "text": text});
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let audio = json!({"type": "input_audio", "input_audio": {"data": clip, "format": "wav"}});
    let content = json!([
        part("look"),
        part("here"),
        image(&image_url()),
        image(&image_url()),
        image(URL),
        audio,
        audio,
    ]);
    assert_eq!(
        body(&lines.lines[0])["messages"],
        json!([{"role": "user", "content": content}])
    );
    // Files are inputs, seen from the spec; what stands in place is part of one, addresses are none.
    let inputs = &lines.summary["manifest"]["inputs"];
    let input = |file: &str| {
        let bytes = dir.read(file);
        json!({"file": file, "sha256": sha256_hex(&bytes), "bytes": bytes.len()})
    };
    let expected = ["sets/d.jsonl", "sets/img/a.png", "sets/a.wav"].map(input);
    assert_eq!(inputs, &json!(expected));
    let manifest = lines.summary["manifest"].to_string();
    let root = dir.path("").display().to_string();
    assert!(
        !manifest.contains(&root),
        "no place on this machine: {manifest}"
    );
}

#[test]
fn responses_and_messages_have_their_own_forms() {
    let dir = directory(&[json!({"text": "look", "image": URL})]);
    let content = json!([
        {"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": URL, "detail": "auto"},
    ]);
    let lines = of(&dir, "responses", "");
    assert_eq!(
        body(&lines.lines[0])["input"],
        json!([{"role": "user", "content": content}])
    );
    let dir = directory(&[json!({"text": "look", "image": "img/a.png"})]);
    let source = json!({"type": "base64", "media_type": "image/png", "data": STANDARD.encode(PNG)});
    let content = json!([{"type": "text", "text": "look"}, {"type": "image", "source": source}]);
    let lines = of(&dir, "messages", "");
    assert_eq!(
        body(&lines.lines[0])["messages"],
        json!([{"role": "user", "content": content}])
    );
}

#[test]
fn an_image_alone_is_a_message() {
    let dir = directory(&[json!({"image": "img/a.png"})]);
    let lines = of(&dir, "chat", ", system_prompt: {length: 3}");
    let content = json!([{"type": "image_url", "image_url": {"url": image_url()}}]);
    let messages = body(&lines.lines[0])["messages"].clone();
    assert_eq!(messages[1], json!({"role": "user", "content": content}));
    assert_eq!(lines.numbers("input_tokens"), [3]);
}

#[test]
fn an_image_of_many_requests_is_in_the_file_once() {
    let dir = directory(&[json!({"text": "look", "image": "img/a.png"})]);
    let size = |requests: u32| {
        let data = "type: single_turn, path: sets/d.jsonl, output_distribution: 2";
        let spec = spec("type: chat", data, &each_second(requests));
        crate::support::compile(&dir, "w", &spec, "")["file_bytes"]
            .as_u64()
            .expect("a size")
    };
    let big: Vec<u8> = PNG
        .iter()
        .copied()
        .chain(std::iter::repeat_n(7, 200_000))
        .collect();
    dir.write("sets/img/a.png", big);
    assert!(size(50) < size(1) + 200_000, "{} {}", size(50), size(1));
}

#[test]
fn images_of_earlier_turns_are_repeated() {
    let dir =
        directory(&[json!({"turns": [{"image": "img/a.png", "text": "look"}, {"text": "and?"}]})]);
    let data = "type: multi_turn, path: sets/d.jsonl, output_distribution: 2";
    let lines = Lines::with(&dir, &spec("type: chat", data, &each_second(1)), "");
    let first = body(&lines.lines[0])["messages"][0].clone();
    let second = body(&lines.lines[1])["messages"].clone();
    assert_eq!(second[0], first);
    assert_eq!(second[2], json!({"role": "user", "content": "and?"}));
}
