//! Triton's generate extension of the KServe v2 protocol: `/v2/models/…/generate` and
//! `/generate_stream` (its `extension_generate` document).
//!
//! Output is an event whose `text_output` is not empty, be it the text so far or what is new:
//! backends do either. Nothing in an event says that it is the last, so nothing tells an empty one
//! that ends the stream from a token without text; it is no output. The stream is complete when it
//! ends after an event. An `error` may come after the status. Usage is not reported.

use super::json::{Broken, Text, document};
use super::{Event, Reading};

pub fn read(data: &[u8]) -> Result<Reading, Broken> {
    let (mut is_error, mut text) = (false, Text::None);
    let text_place = document(data, |key, at| match key {
        b"text_output" => at.text().map(|found| text = found),
        b"error" => at.is_report().map(|report| is_error = report),
        _ => at.skip(),
    })?;
    Ok(Reading {
        event: match text {
            _ if is_error => Event::Error,
            Text::Some => Event::Output,
            _ => Event::Other,
        },
        may_end: true,
        text: text_place,
        ..Reading::default()
    })
}
