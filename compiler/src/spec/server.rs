//! The `server` block: the server's software, where a payload depends on it, and the address that
//! inference-perf keeps there. Refuses API keys: secrets never enter a workload.

use super::context::Context;
use super::error::SpecError;
use super::fields::{Choices, Cursor, Keys};
use schemas::manifest::Hints;

/// The server's software and what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    pub kind: ServerKind,
    /// Whether answers are to have exactly the length asked for, where the server can do that.
    pub ignore_eos: bool,
}

/// A family of servers that share extensions of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    Vllm,
    Sglang,
    Tgi,
}

const KEYS: Keys = Keys {
    known: &[
        "type",
        "model_name",
        "base_url",
        "ignore_eos",
        "cert_path",
        "key_path",
    ],
    later: &[],
    refused: &[(
        "api_key",
        "keys never enter a workload",
        "remove it; `replay run --api-key-env VAR` sends it",
    )],
};

const KINDS: Choices<ServerKind> = Choices {
    known: &[
        ("vllm", ServerKind::Vllm),
        ("sglang", ServerKind::Sglang),
        ("tgi", ServerKind::Tgi),
    ],
    later: &["tensorrt_llm", "trtllm"],
    refused: &[(
        "mock",
        "`mock` is no server: a workload is fired over HTTP",
        "remove it, and give `replay run` the URL of the server `mock-llm`",
    )],
};

/// The block, and what of it belongs elsewhere.
pub(super) struct ServerBlock<'a> {
    pub server: Server,
    /// inference-perf's only place for a model's name.
    pub model_name: Option<Cursor<'a>>,
    pub url: Option<String>,
}

impl<'a> ServerBlock<'a> {
    pub fn read(cursor: Cursor<'a>, context: &mut Context<'_>) -> Result<Self, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        let kind = match fields.optional("type") {
            Some(kind) => kind.choice(&KINDS)?,
            None => {
                context.note("`server.type` is vllm, inference-perf's default".to_owned());
                ServerKind::Vllm
            }
        };
        let ignore_eos = fields.optional("ignore_eos").map(|eos| eos.bool());
        for key in ["cert_path", "key_path"] {
            if let Some(path) = fields.optional(key).filter(|path| !path.node.is_empty()) {
                let name = path.name();
                context.note(format!(
                    "{name} is not used: a workload holds no certificates"
                ));
            }
        }
        let server = Server {
            kind,
            ignore_eos: ignore_eos.unwrap_or(Ok(true))?,
        };
        Ok(Self {
            server,
            model_name: fields
                .optional("model_name")
                .filter(|name| !name.node.is_empty()),
            url: fields.optional("base_url").map(read_url).transpose()?,
        })
    }
}

/// A URL that the replay may be pointed at by default.
fn read_url(cursor: Cursor<'_>) -> Result<String, SpecError> {
    let url = cursor.text()?.to_owned();
    let hints = Hints {
        url: Some(url.clone()),
        ..Hints::default()
    };
    hints.check().map_err(|broken| {
        let what = broken.trim_start_matches("hints.");
        cursor.error(
            what,
            "write http:// or https://, a host and perhaps a port and a path",
        )
    })?;
    Ok(url)
}
