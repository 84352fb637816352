//! Values that a file holds as one byte: their numbers, their names, and nothing else.

macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_meta])* $variant = $number,)* }

        impl $name {
            /// Every value, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The value for a number read from a file.
            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some($name::$variant),)* _ => None }
            }

            /// The name used in JSON and in messages.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }
    };
}
pub(crate) use numbered;

numbered! {
    /// What makes a stage's requests start.
    StageKind {
        /// Open loop: each request has its own time.
        Scheduled = 0 "scheduled",
        /// Closed loop: a request starts when a slot of the stage is free.
        Closed = 1 "closed",
    }
}

numbered! {
    /// When a request starts.
    StartKind {
        /// At an absolute time from t0.
        At = 0 "at",
        /// A delay after another request ends.
        After = 1 "after",
        /// As soon as a slot of its stage is free.
        Slot = 2 "slot",
    }
}

numbered! {
    /// How the response is to be read.
    ResponseFormat {
        /// OpenAI `/v1/chat/completions`.
        OpenAiChat = 0 "openai_chat",
        /// OpenAI `/v1/completions`.
        OpenAiCompletion = 1 "openai_completion",
        /// OpenAI `/v1/embeddings`.
        OpenAiEmbeddings = 2 "openai_embeddings",
        /// OpenAI `/v1/responses`.
        OpenAiResponses = 3 "openai_responses",
        /// Anthropic `/v1/messages`.
        AnthropicMessages = 4 "anthropic_messages",
        /// Text Generation Inference, `/generate` and `/generate_stream`.
        TgiGenerate = 5 "tgi_generate",
        /// Rerank in the forms of Cohere, Text Embeddings Inference and NIM.
        Rerank = 6 "rerank",
        /// Triton's generate extension of the KServe v2 protocol.
        KserveGenerate = 7 "kserve_generate",
        /// Any other: nothing is known of what it holds.
        Generic = 8 "generic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_values_are_each_others_inverse() {
        for kind in StartKind::ALL {
            assert_eq!(StartKind::from_number(*kind as u8), Some(*kind));
        }
        assert_eq!(StartKind::from_number(3), None);
    }
}
