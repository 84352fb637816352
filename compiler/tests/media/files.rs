//! Files: what a data set names, and what is wrong with folders.

use super::{audio_pool, bytes, image_pool, image_pool_in};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use compiler::media::{Media, MediaError, Reference, file};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn png() -> Vec<u8> {
    bytes(&image_pool("{pool: 1, width: 8, height: 8}").media[0])
}

fn wav() -> Vec<u8> {
    bytes(&audio_pool("{pool: 1, duration: 1ms}").media[0])
}

#[test]
fn wrong_folders_are_named_with_a_remedy() {
    let png = png();
    let text = folder(&[("a.png", &png), ("b.txt", b"hello")]);
    let cut = folder(&[("a.png", &png[..60])]);
    let empty = folder(&[]);
    let nothing = folder(&[("a.png", b"")]);
    let nested = folder(&[("a.png", &png)]);
    fs::create_dir(nested.path().join("sub")).unwrap();
    let gif = folder(&[("a.gif", b"GIF89a.......")]);
    for (directory, source, shown) in [
        (
            &text,
            "missing",
            "missing: cannot be read: No such file or directory (os error 2)\n  help: name something that exists and that this user may read",
        ),
        (
            &text,
            "a.png",
            "a.png: not a folder\n  help: name the folder that the images are in",
        ),
        (
            &text,
            "",
            "b.txt: does not begin like an image file: PNG, JPEG or WebP\n  help: convert it, or remove it",
        ),
        (
            &gif,
            "",
            "a.gif: does not begin like an image file: PNG, JPEG or WebP\n  help: convert it, or remove it",
        ),
        (
            &empty,
            "",
            ": the folder is empty\n  help: put PNG, JPEG or WebP images into it, or write `source: noise`",
        ),
        (
            &nothing,
            "",
            "a.png: the file is empty\n  help: replace or remove it",
        ),
        (
            &nested,
            "",
            "sub: not a regular file\n  help: leave only images in the folder",
        ),
        (
            &cut,
            "",
            "a.png: cannot be decoded: unexpected end of file\n  help: replace it with an image that a viewer opens, or remove it",
        ),
    ] {
        let root = directory.path().display();
        let named = format!("{root}/{source}");
        let block = format!("{{pool: 2, width: 4, height: 4, source: '{named}'}}");
        let error = image_pool_in(&block, Path::new(".")).unwrap_err();
        let found = error.replace(&format!("{root}/"), "");
        assert_eq!(found, shown);
    }
}

#[test]
fn what_a_data_set_names_is_taken_as_it_is() {
    let (png, wav) = (png(), wav());
    let directory = folder(&[("a.bin", &png), ("b.wav", &wav), ("c", b"\xff\xfb\x90\x00")]);
    let image = |reference: &str| file::image(reference, directory.path()).unwrap();
    let audio = |reference: &str| file::audio(reference, directory.path()).unwrap();
    let data = |mime, bytes: &[u8]| Reference::Data(Media::new(mime, bytes));
    let of_file = |mime, bytes: &[u8]| Reference::File(Media::new(mime, bytes));
    for url in ["https://example.org/a.png", "HTTP://example.org"] {
        assert_eq!(image(url), Reference::Url(url.to_owned()));
    }
    assert_eq!(image("a.bin"), of_file("image/png", &png));
    assert_eq!(audio("b.wav"), of_file("audio/wav", &wav));
    assert_eq!(audio("c"), of_file("audio/mpeg", b"\xff\xfb\x90\x00"));
    let url = Media::new("image/png", &png).data_url();
    assert_eq!(image(&url), data("image/png", &png));
    let in_place = format!("wav,{}", STANDARD.encode(&wav));
    assert_eq!(audio(&in_place), data("audio/wav", &wav));
    let odd = format!("data:audio/x-wav;base64,{}", STANDARD.encode(&wav));
    assert_eq!(audio(&odd), data("audio/wav", &wav));
    for (bytes, mime) in [
        (b"\xff\xd8\xff\xe0".as_slice(), "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8L", "image/webp"),
    ] {
        fs::write(directory.path().join("d"), bytes).unwrap();
        assert_eq!(image("d"), of_file(mime, bytes));
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let long = folder(&[("text", b"hello"), ("none", b""), ("a.wav", &wav())]);
    let large = fs::File::create(long.path().join("large")).unwrap();
    large.set_len(file::MAX_FILE_BYTES + 1).unwrap();
    let png = STANDARD.encode(png());
    let image = |reference: &str| file::image(reference, long.path());
    let audio = |reference: &str| file::audio(reference, long.path());
    let root = format!("{}/", long.path().display());
    let shown = |result: Result<Reference, MediaError>| {
        let error = result.unwrap_err();
        assert!(error.is_users_fault());
        error.to_string().replace(&root, "")
    };
    for (result, expected) in [
        (
            image("gone.png"),
            "gone.png: cannot be read: No such file or directory (os error 2)\n  help: name something that exists and that this user may read",
        ),
        (
            image("."),
            ".: not a regular file\n  help: name an image or an audio file",
        ),
        (
            image("none"),
            "none: the file is empty\n  help: replace or remove it",
        ),
        (
            image("text"),
            "text: does not begin like an image file: PNG, JPEG, WebP or GIF\n  help: convert it, or remove it",
        ),
        (
            image("a.wav"),
            "a.wav: does not begin like an image file: PNG, JPEG, WebP or GIF\n  help: convert it, or remove it",
        ),
        (
            audio("text"),
            "text: does not begin like an audio file: WAV or MP3\n  help: convert it, or remove it",
        ),
        (
            image("large"),
            "large: larger than the limit of 67108864 bytes\n  help: make it smaller, as a client would before it sends it",
        ),
        (
            image("https://"),
            "\"https://\" is no address of an image file\n  help: write http:// or https://, a host and a path, without blanks",
        ),
        (
            image("https://a b"),
            "\"https://a b\" is no address of an image file\n  help: write http:// or https://, a host and a path, without blanks",
        ),
        (
            image("data:image/png"),
            "\"data:image/png\": no comma, so no data\n  help: write `data:image/png;base64,` and the file in Base64",
        ),
        (
            image("data:image/png,abc"),
            "\"data:image/png,abc\": not in Base64\n  help: write `data:image/png;base64,` and the file in Base64",
        ),
        (
            image("data:image/png;base64,ab!"),
            "\"data:image/png;base64,ab!\": not Base64: Invalid symbol 33, offset 2.\n  help: write `data:image/png;base64,` and the file in Base64",
        ),
        (
            audio("wav,AAAA"),
            "\"wav,AAAA\": the data do not begin like an audio file: WAV or MP3\n  help: write `wav,` or `mp3,` and the file in Base64",
        ),
    ] {
        assert_eq!(shown(result), expected);
    }
    let wrong = shown(image(&format!("data:image/webp;base64,{png}")));
    assert!(
        wrong.contains(": says image/webp, but the data are image/png\n"),
        "{wrong}"
    );
    assert!(wrong.len() < 200, "{wrong}");
}

#[test]
fn more_audio_than_a_workload_holds_is_refused_before_it_is_made() {
    let (data, _) = super::data("audio: {pool: 100000, duration: 1h}");
    let error = compiler::media::audio::pool(&data.audio.unwrap(), super::SEED, None).unwrap_err();
    let shown = "the pool of 100000 clips is larger than the limit of 4294967296 bytes as Base64: 27 of them fit\n  help: lower `pool` to 27, or make them smaller";
    assert_eq!(error.to_string(), shown);
}
