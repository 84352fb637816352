//! Text Generation Inference, `/generate` and `/generate_stream`: one text, and parameters in an
//! object of their own (API documentation, "Generate tokens").

use super::{Element, joined, parameters};
use crate::plan::sampling::Sampled;

/// Path behind the base URL; the streamed answer has one of its own.
pub const fn path(streaming: bool) -> &'static str {
    match streaming {
        true => "/generate_stream",
        false => "/generate",
    }
}

/// The body up to the text.
pub const HEAD: &str = r#"{"inputs":""#;

/// What stands between two parts, before the first, or behind the last. Details say how many
/// tokens the answer has.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    joined::fence(previous, next, r#"","parameters":{"details":true"#)
}

/// Sampling parameters. A temperature must be more than 0 and `top_p` less than 1: the likeliest
/// token is asked for by `do_sample`, and a `top_p` of 1, which cuts nothing off, is left out.
pub fn append_parameters(sampled: &Sampled, out: &mut String) {
    if *sampled == Sampled::default() {
        return;
    }
    if sampled.temperature == Some(0) {
        out.push_str(r#","do_sample":false"#);
        return;
    }
    out.push_str(r#","do_sample":true"#);
    let top_p = sampled.top_p.filter(|top_p| *top_p < parameters::MICRO);
    parameters::append(&Sampled { top_p, ..*sampled }, out);
}

/// The body from behind the sampling parameters on; `fields` have a comma in front of each.
pub fn tail(output_tokens: u32, fields: &str) -> String {
    format!(r#"{fields},"max_new_tokens":{output_tokens}}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::append_parameters;
    use crate::plan::sampling::Sampled;

    #[test]
    fn the_likeliest_token_is_asked_for_and_nothing_else() {
        let said = |temperature| {
            let mut out = String::new();
            let top_k = Some(5);
            let sampled = Sampled {
                temperature,
                top_k,
                ..Sampled::default()
            };
            append_parameters(&sampled, &mut out);
            out
        };
        assert_eq!(said(Some(0)), r#","do_sample":false"#);
        let drawn = said(Some(500_000));
        assert!(drawn.starts_with(r#","do_sample":true,"#), "{drawn}");
        assert!(drawn.contains(r#""temperature":0.5"#), "{drawn}");
        assert!(drawn.contains(r#""top_k":5"#), "{drawn}");
    }
}
