//! The endpoints, and what each of them can be asked for.

use crate::spec::fields::Choices;

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKind {
    /// OpenAI `/v1/chat/completions`.
    Chat,
    /// OpenAI `/v1/completions`.
    Completion,
    /// OpenAI `/v1/embeddings`.
    Embeddings,
    /// OpenAI `/v1/responses`.
    Responses,
    /// Anthropic `/v1/messages`.
    Messages,
    /// Text Generation Inference's `/generate` and `/generate_stream`.
    Tgi,
    /// Documents ordered by a query.
    Rerank(RerankForm),
    /// The generate extension of KServe v2, which Triton has.
    Kserve(KserveForm),
    /// Bodies that a data set brings whole.
    Raw,
    /// Bodies by the spec's own template.
    Template,
}

/// Whose body a rerank request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RerankForm {
    /// Cohere's, which vLLM has too.
    Cohere,
    /// Text Embeddings Inference's.
    Tei,
    /// NVIDIA NIM's.
    Nim,
}

/// Which backend of Triton reads a generate request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KserveForm {
    /// Parameters in an object of their own.
    Vllm,
    /// Parameters beside the text.
    TrtLlm,
}

/// A sampling parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    Temperature,
    TopP,
    TopK,
    Seed,
}

impl Parameter {
    /// Every parameter.
    pub const ALL: [Self; 4] = [Self::Temperature, Self::TopP, Self::TopK, Self::Seed];

    /// Its key in `sampling`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TopK => "top_k",
            Self::Seed => "seed",
        }
    }
}

/// Rerank and KServe have several forms; these are the defaults.
pub(super) const KINDS: Choices<ApiKind> = Choices {
    known: &[
        ("chat", ApiKind::Chat),
        ("completion", ApiKind::Completion),
        ("completions", ApiKind::Completion),
        ("embeddings", ApiKind::Embeddings),
        ("responses", ApiKind::Responses),
        ("messages", ApiKind::Messages),
        ("anthropic_messages", ApiKind::Messages),
        ("anthropic", ApiKind::Messages),
        ("tgi", ApiKind::Tgi),
        ("huggingface_generate", ApiKind::Tgi),
        ("tgi_generate", ApiKind::Tgi),
        ("rerank", ApiKind::Rerank(RerankForm::Cohere)),
        ("kserve", ApiKind::Kserve(KserveForm::Vllm)),
        ("triton", ApiKind::Kserve(KserveForm::Vllm)),
        ("kserve_v2_generate", ApiKind::Kserve(KserveForm::Vllm)),
        ("raw", ApiKind::Raw),
        ("template", ApiKind::Template),
    ],
    later: &[],
    refused: &[],
};

pub(super) const RERANK_FORMS: Choices<ApiKind> = Choices {
    known: &[
        ("cohere", ApiKind::Rerank(RerankForm::Cohere)),
        ("tei", ApiKind::Rerank(RerankForm::Tei)),
        ("nim", ApiKind::Rerank(RerankForm::Nim)),
    ],
    later: &[],
    refused: &[],
};

pub(super) const KSERVE_FORMS: Choices<ApiKind> = Choices {
    known: &[
        ("vllm", ApiKind::Kserve(KserveForm::Vllm)),
        ("trtllm", ApiKind::Kserve(KserveForm::TrtLlm)),
    ],
    later: &[],
    refused: &[],
};

impl ApiKind {
    /// The word for it in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completion => "completion",
            Self::Embeddings => "embeddings",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Tgi => "tgi",
            Self::Rerank(_) => "rerank",
            Self::Kserve(_) => "kserve",
            Self::Raw => "raw",
            Self::Template => "template",
        }
    }

    /// Whether it answers with text, so that a number of tokens is asked for and answers may be
    /// streamed.
    pub const fn generates(self) -> bool {
        !matches!(self, Self::Embeddings | Self::Rerank(_))
    }

    /// Whether it is known where an answer holds its text, so that a replay can put it into later
    /// turns. Nobody says that of a server behind a body of one's own.
    pub const fn tells_answers(self) -> bool {
        self.generates() && !matches!(self, Self::Raw | Self::Template)
    }

    /// Whether a message may hold images.
    pub const fn takes_images(self) -> bool {
        matches!(self, Self::Chat | Self::Responses | Self::Messages)
    }

    /// Whether a message may hold audio clips.
    pub const fn takes_audio(self) -> bool {
        matches!(self, Self::Chat)
    }

    /// Whether a body is nothing without documents.
    pub const fn needs_documents(self) -> bool {
        matches!(self, Self::Rerank(_))
    }

    /// Whether texts follow one another in one string, so that roles are lost.
    pub const fn joins_texts(self) -> bool {
        !matches!(self, Self::Chat | Self::Responses | Self::Messages)
    }

    /// Whether a body is a list of messages, each with a role.
    pub const fn has_messages(self) -> bool {
        !self.joins_texts()
    }

    /// Whether a body names its model, which is how servers route to adapters.
    pub const fn names_model(self) -> bool {
        !matches!(
            self,
            Self::Tgi | Self::Rerank(RerankForm::Tei) | Self::Kserve(_) | Self::Raw
        )
    }

    /// The sampling parameters that it has.
    pub const fn parameters(self) -> &'static [Parameter] {
        use Parameter::{Seed, Temperature, TopK, TopP};
        match self {
            Self::Chat | Self::Completion | Self::Tgi | Self::Kserve(_) => {
                &[Temperature, TopP, TopK, Seed]
            }
            Self::Responses => &[Temperature, TopP],
            Self::Messages => &[Temperature, TopP, TopK],
            Self::Embeddings | Self::Rerank(_) | Self::Raw | Self::Template => &[],
        }
    }
}
