//! A format of which nothing is known: every event with data is output, and the stream is complete
//! when it ends after one. What an error or a usage looks like is not known either.

use super::{Event, Reading};

pub fn read(data: &[u8]) -> Reading {
    let has_data = !data.trim_ascii().is_empty();
    Reading {
        may_end: has_data,
        ..Reading::of(if has_data {
            Event::Output
        } else {
            Event::Other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_read;
    use super::*;
    use schemas::layout::ResponseFormat;

    #[test]
    fn every_event_with_data_is_output() {
        assert_read(
            ResponseFormat::Generic,
            &[
                ("anything", Event::Output, true, None),
                (
                    r#"{"error":{"message":"x"},"usage":{"prompt_tokens":1}}"#,
                    Event::Output,
                    true,
                    None,
                ),
                ("", Event::Other, false, None),
                (" ", Event::Other, false, None),
            ],
        );
    }
}
