//! Media that a data set names: an address, data in place, or a file whose bytes are sent as they
//! are. Refuses what a server could not read: nothing is fetched, decoded or converted here.

use super::{Media, MediaError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Longest file.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// Characters of data in place, or of an address, that a message shows.
const SHOWN_CHARS: usize = 48;

/// What stands for an image or a clip in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An address that the server fetches.
    Url(String),
    /// The data themselves.
    Data(Media),
    /// The bytes of a file.
    File(Media),
}

/// What may be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Image,
    Audio,
}

/// The image that a data set calls `reference`: an http(s) URL, a `data:` URL, or a file, looked
/// up from `directory`.
pub fn image(reference: &str, directory: &Path) -> Result<Reference, MediaError> {
    read(reference, directory, Kind::Image)
}

/// The audio clip that a data set calls `reference`: the same, or AIPerf's `wav,BASE64`.
pub fn audio(reference: &str, directory: &Path) -> Result<Reference, MediaError> {
    read(reference, directory, Kind::Audio)
}

fn read(reference: &str, directory: &Path, kind: Kind) -> Result<Reference, MediaError> {
    let begins = |scheme: &str| {
        let start = reference.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    if begins("http://") || begins("https://") {
        return address(reference, kind).map(Reference::Url);
    }
    let remedy = "write `data:image/png;base64,` and the file in Base64";
    let data = match kind {
        _ if begins("data:") => Some(data_url(reference, kind, remedy)),
        Kind::Audio => clip_in_place(reference),
        Kind::Image => None,
    };
    if let Some(data) = data {
        return data.map(Reference::Data);
    }
    let path = directory.join(reference);
    let bytes = file(&path, "name an image or an audio file")?;
    match kind.mime(&bytes) {
        Some(mime) => Ok(Reference::File(Media::new(mime, &bytes))),
        None => Err(kind.unknown(path)),
    }
}

fn address(reference: &str, kind: Kind) -> Result<String, MediaError> {
    let host = reference.split("//").nth(1).unwrap_or_default();
    let odd = |c: char| c.is_control() || c.is_whitespace();
    match host.is_empty() || host.starts_with('/') || reference.contains(odd) {
        true => Err(MediaError::Url {
            shown: shown(reference),
            kind: kind.name(),
        }),
        false => Ok(reference.to_owned()),
    }
}

/// `data:image/png;base64,..`: what it says it is must be what it is.
fn data_url(reference: &str, kind: Kind, remedy: &'static str) -> Result<Media, MediaError> {
    let error = |what: String| MediaError::Inline {
        shown: shown(reference),
        what,
        remedy,
    };
    let (head, data) = reference["data:".len()..]
        .split_once(',')
        .ok_or_else(|| error("no comma, so no data".to_owned()))?;
    let Some(mime) = head.strip_suffix(";base64") else {
        return Err(error("not in Base64".to_owned()));
    };
    in_place(data, mime, kind).map_err(error)
}

/// AIPerf's `wav,BASE64`.
fn clip_in_place(reference: &str) -> Option<Result<Media, MediaError>> {
    let (format, data) = reference.split_once(',')?;
    let mime = match format {
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        _ => return None,
    };
    let media = in_place(data, mime, Kind::Audio);
    Some(media.map_err(|what| MediaError::Inline {
        shown: shown(reference),
        what,
        remedy: "write `wav,` or `mp3,` and the file in Base64",
    }))
}

/// Checks data in place; an error says what is wrong.
fn in_place(data: &str, declared: &str, kind: Kind) -> Result<Media, String> {
    if data.len() as u64 > super::base64_bytes(MAX_FILE_BYTES) {
        return Err(format!("longer than the limit of {MAX_FILE_BYTES} bytes"));
    }
    let bytes = STANDARD
        .decode(data)
        .map_err(|error| format!("not Base64: {error}"))?;
    let Some(mime) = kind.mime(&bytes) else {
        return Err(format!(
            "the data do not begin like {} file: {}",
            kind.name(),
            kind.known()
        ));
    };
    if normal(declared) != mime {
        return Err(format!("says {declared}, but the data are {mime}"));
    }
    Ok(Media::new(mime, &bytes))
}

/// The registered name of a type that goes by several.
fn normal(mime: &str) -> &str {
    match mime {
        "image/jpg" => "image/jpeg",
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "audio/wav",
        "audio/mp3" => "audio/mpeg",
        mime => mime,
    }
}

/// The bytes of a regular file of a size that can be sent; `remedy` if it is none.
pub(super) fn file(path: &Path, remedy: &'static str) -> Result<Vec<u8>, MediaError> {
    let failed = |source| MediaError::Read {
        path: path.to_owned(),
        source,
    };
    // Before it is opened: a pipe would wait for somebody who writes.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        let path = path.to_owned();
        return Err(MediaError::NotAFile { path, remedy });
    }
    let mut bytes = Vec::new();
    let limited = File::open(path).map_err(failed)?.take(MAX_FILE_BYTES + 1);
    { limited }.read_to_end(&mut bytes).map_err(failed)?;
    let path = path.to_owned();
    match bytes.len() as u64 {
        0 => Err(MediaError::Empty { path }),
        length if length > MAX_FILE_BYTES => Err(MediaError::TooLarge {
            path,
            limit: MAX_FILE_BYTES,
        }),
        _ => Ok(bytes),
    }
}

/// The type of an image, by its first bytes.
pub(super) fn image_mime(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ => (riff(bytes)? == b"WEBP").then_some("image/webp"),
    }
}

/// The type of a clip, by its first bytes.
fn audio_mime(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        // Eleven bits that mark a frame, and layer III.
        [0xff, second, ..] if second & 0xe6 == 0xe2 => Some("audio/mpeg"),
        _ => (riff(bytes)? == b"WAVE").then_some("audio/wav"),
    }
}

/// What a RIFF file holds.
fn riff(bytes: &[u8]) -> Option<&[u8]> {
    (bytes.get(..4)? == b"RIFF").then(|| bytes.get(8..12))?
}

impl Kind {
    fn mime(self, bytes: &[u8]) -> Option<&'static str> {
        match self {
            Self::Image => image_mime(bytes),
            Self::Audio => audio_mime(bytes),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Image => "an image",
            Self::Audio => "an audio",
        }
    }

    fn known(self) -> &'static str {
        match self {
            Self::Image => "PNG, JPEG, WebP or GIF",
            Self::Audio => "WAV or MP3",
        }
    }

    fn unknown(self, path: PathBuf) -> MediaError {
        MediaError::Unknown {
            path,
            kind: self.name(),
            known: self.known(),
        }
    }
}

/// The beginning of a text that may be megabytes.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push_str("..");
    }
    shown
}
