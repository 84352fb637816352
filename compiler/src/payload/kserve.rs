//! The generate extension of KServe v2, which Triton has: one text, and parameters in an object of
//! their own, as the protocol has it and the vLLM backend reads it, or beside the text, as the
//! inputs of a TensorRT-LLM ensemble.

use super::{Element, joined};
use crate::spec::KserveForm;

/// Path behind the base URL, with `{model}`; the streamed answer has one of its own.
pub const fn path(streaming: bool) -> &'static str {
    match streaming {
        true => "/v2/models/{model}/generate_stream",
        false => "/v2/models/{model}/generate",
    }
}

/// The body up to the text; `fields` have a comma in front of each.
pub fn head(form: KserveForm, streaming: bool, fields: &str) -> String {
    match form {
        KserveForm::Vllm => r#"{"text_input":""#.to_owned(),
        KserveForm::TrtLlm => format!(r#"{{"stream":{streaming}{fields},"text_input":""#),
    }
}

/// What stands between two parts, before the first, or behind the last.
pub fn fence(
    form: KserveForm,
    streaming: bool,
    previous: Option<Element>,
    next: Option<Element>,
) -> Option<String> {
    let end = match form {
        KserveForm::Vllm => format!(r#"","parameters":{{"stream":{streaming}"#),
        KserveForm::TrtLlm => "\"".to_owned(),
    };
    joined::fence(previous, next, &end)
}

/// The body from behind the sampling parameters on; `fields` have a comma in front of each.
pub fn tail(form: KserveForm, output_tokens: u32, fields: &str) -> String {
    match form {
        KserveForm::Vllm => format!(r#"{fields},"max_tokens":{output_tokens}}}}}"#),
        KserveForm::TrtLlm => format!(r#","max_tokens":{output_tokens}}}"#),
    }
}
