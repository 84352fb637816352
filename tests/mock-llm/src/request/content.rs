//! Messages and their content: a text, or a list of parts, each of which has a type.
//!
//! Three families have the same skeleton and other types; a [`Family`] says which parts it knows
//! and what each must have. A part of a type that no family here counts (a tool's result, a video)
//! is accepted and counts nothing.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::base64::{is_base64, is_data_url};
use super::{Counts, Text};
use crate::words;

/// One part of a content.
#[derive(Debug, Deserialize)]
pub struct Part<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    image_url: Option<ImageUrl<'a>>,
    #[serde(borrow)]
    input_audio: Option<Audio<'a>>,
    #[serde(borrow)]
    source: Option<Source<'a>>,
}

/// Chat nests the address, responses do not.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ImageUrl<'a> {
    Nested {
        #[serde(borrow)]
        url: Cow<'a, str>,
    },
    #[serde(borrow)]
    Bare(Cow<'a, str>),
}

#[derive(Debug, Deserialize)]
struct Audio<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    format: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct Source<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    media_type: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<Text<'a>>,
    #[serde(borrow)]
    url: Option<Text<'a>>,
}

impl Part<'_> {
    /// A part whose `text` is required.
    pub fn text(&self) -> Result<Counts, String> {
        let text = self.text.as_ref().ok_or("a text part has no `text`")?;
        Ok(Counts::words(words::count(&text.0)))
    }

    /// `{"image_url":{"url":…}}` of chat.
    pub fn nested_image(&self) -> Result<Counts, String> {
        match &self.image_url {
            Some(ImageUrl::Nested { url }) => image(is_image_url(url)),
            _ => Err("an image_url part has no `image_url.url`".to_owned()),
        }
    }

    /// `{"image_url":…}` of responses.
    pub fn bare_image(&self) -> Result<Counts, String> {
        match &self.image_url {
            Some(ImageUrl::Bare(url)) => image(is_image_url(url)),
            _ => Err("an input_image part has no text `image_url`".to_owned()),
        }
    }

    /// `{"input_audio":{"data":…,"format":…}}`
    pub fn audio(&self) -> Result<Counts, String> {
        let audio = self
            .input_audio
            .as_ref()
            .ok_or("an input_audio part has no `input_audio`")?;
        if !is_base64(&audio.data) || !matches!(audio.format.as_ref(), "wav" | "mp3") {
            return Err("`input_audio` is not wav or mp3 in base64".to_owned());
        }
        Ok(Counts {
            audios: 1,
            ..Counts::default()
        })
    }

    /// `{"source":{"type":"base64","media_type":…,"data":…}}`, or a `url`.
    pub fn source(&self) -> Result<Counts, String> {
        let source = self
            .source
            .as_ref()
            .ok_or("an image block has no `source`")?;
        let text = |text: &Option<Text<'_>>, is: fn(&str) -> bool| {
            text.as_ref().is_some_and(|text| is(&text.0))
        };
        let is_media_type = |kind: &str| {
            matches!(
                kind,
                "image/jpeg" | "image/png" | "image/gif" | "image/webp"
            )
        };
        image(match source.kind.as_ref() {
            "base64" => text(&source.media_type, is_media_type) && text(&source.data, is_base64),
            "url" => text(&source.url, is_http),
            _ => false,
        })
    }
}

fn image(good: bool) -> Result<Counts, String> {
    if !good {
        return Err("an image is neither an address nor base64 of an image type".to_owned());
    }
    Ok(Counts {
        images: 1,
        ..Counts::default()
    })
}

fn is_image_url(url: &str) -> bool {
    is_http(url) || is_data_url(url, "image/")
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// What one family makes of messages and parts.
pub trait Family {
    /// Counts a part; refuses one that is not as it must be.
    fn part(part: &Part<'_>) -> Result<Counts, String>;

    /// Whether a message may have this role.
    fn has_role(role: &str) -> bool;

    /// Whether an item of this `type` is no message, but something that is not looked at.
    fn is_no_message(_kind: &str) -> bool {
        false
    }

    /// Whether a message may be without content.
    fn may_be_empty(role: &str) -> bool;
}

/// What is counted in a list of messages.
pub struct Messages<F> {
    pub counts: Counts,
    pub number: usize,
    family: PhantomData<F>,
}

#[derive(Deserialize)]
#[serde(bound = "F: Family")]
struct Message<'a, F> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    role: Option<Text<'a>>,
    #[serde(default = "none")]
    content: Option<Content<F>>,
}

fn none<T>() -> Option<T> {
    None
}

impl<F: Family> Message<'_, F> {
    fn counts(&self) -> Result<Counts, String> {
        if self
            .kind
            .as_ref()
            .is_some_and(|kind| F::is_no_message(&kind.0))
        {
            return Ok(Counts::default());
        }
        let role = self.role.as_ref().ok_or("a message has no `role`")?;
        if !F::has_role(&role.0) {
            return Err(format!("a message has the role `{}`", role.0));
        }
        match &self.content {
            Some(content) => Ok(content.0),
            None if F::may_be_empty(&role.0) => Ok(Counts::default()),
            None => Err("a message has no `content`".to_owned()),
        }
    }
}

impl<'de, F: Family> Deserialize<'de> for Messages<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MessagesVisitor(PhantomData))
    }
}

struct MessagesVisitor<F>(PhantomData<F>);

impl<'de, F: Family> Visitor<'de> for MessagesVisitor<F> {
    type Value = Messages<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Messages<F>, A::Error> {
        let mut messages = Messages {
            counts: Counts::default(),
            number: 0,
            family: PhantomData,
        };
        while let Some(message) = seq.next_element::<Message<'de, F>>()? {
            messages
                .counts
                .add(message.counts().map_err(A::Error::custom)?);
            messages.number += 1;
        }
        Ok(messages)
    }
}

/// What is counted in a content: a text or a list of parts.
pub struct Content<F>(pub Counts, PhantomData<F>);

impl<'de, F: Family> Deserialize<'de> for Content<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor(PhantomData))
    }
}

struct ContentVisitor<F>(PhantomData<F>);

impl<'de, F: Family> Visitor<'de> for ContentVisitor<F> {
    type Value = Content<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of content parts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content<F>, E> {
        Ok(Content(Counts::words(words::count(text)), PhantomData))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content<F>, A::Error> {
        let mut counts = Counts::default();
        while let Some(part) = seq.next_element::<Part<'de>>()? {
            counts.add(F::part(&part).map_err(A::Error::custom)?);
        }
        Ok(Content(counts, PhantomData))
    }
}
