//! An inference server without a model: OpenAI's endpoints, Anthropic's messages, Text Generation
//! Inference, rerank in three forms, and Triton's generate extension (see `api.rs`).
//!
//! It answers with the same token over and over (see [`Config`] for more), at the pace it was told, and
//! writes down when each request reached it. A load generator can so be judged
//! from outside: by what arrived and when, not by what it says it sent.
//!
//! Told so, it also does what real servers do: it fails ([`Fault`]), streams in other dialects
//! ([`Dialect`]), says something else to every request ([`AnswerText`]) and speaks TLS
//! ([`TlsFiles`]). HTTP/1.1 and HTTP/2 are told apart by their first bytes, with TLS and without.
//!
//! With a sampler ([`SamplerKind`]) chat and completions are generated: sampled from a toy model in a
//! continuous batch, with per-request randomness as it should be, or broken in a known way.
//!
//! It refuses to be clever: no tokenizer (a token is a whitespace-separated
//! word), one choice per answer.
//!
//! ```no_run
//! let mut server = mock_llm::Server::start(mock_llm::Config::default())?;
//! println!("http://{}/v1/chat/completions", server.addr());
//! server.stop();
//! for arrival in server.arrivals() {
//!     println!("{} {}", arrival.arrival_ns, arrival.path);
//! }
//! # anyhow::Ok(())
//! ```

mod answer;
mod api;
mod arrivals;
mod batch;
mod body;
mod capacity;
mod cli;
mod clock;
mod config;
mod connection;
mod delay;
mod dialect;
mod failing;
mod fault;
mod frames;
mod generated;
mod generator;
mod handler;
mod huge;
mod log;
mod misframed;
mod model;
mod pacing;
mod post;
mod program;
mod received;
mod refusal;
mod render;
mod request;
mod sampler;
mod server;
mod socket;
mod softmax;
mod split;
mod stamps;
mod stats;
mod stream;
mod texts;
mod ticket;
mod tls;
mod wire;
mod words;
mod worker;

pub use arrivals::Arrival;
pub use batch::BatchStats;
pub use config::{
    Config, DEFAULT_MAX_CONNECTIONS, DEFAULT_TOKENS, MAX_BODY_BYTES, MAX_DELAY, MAX_FAULTS,
    MAX_RECORDS_PER_WORKER, MAX_SLOTS, MAX_TOKENS, MAX_WORKERS,
};
pub use dialect::Dialect;
pub use fault::{Fault, FaultKind};
pub use generator::Generator;
pub use model::{ToyModel, VOCABULARY};
pub use program::run;
pub use sampler::{Row, Sampler, SamplerKind};
pub use server::Server;
pub use stats::Stats;
pub use texts::{AnswerText, echo_text};
pub use tls::TlsFiles;
