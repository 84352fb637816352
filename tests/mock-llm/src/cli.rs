//! What was typed.

use std::net::IpAddr;
use std::time::Duration;

use clap::Parser;

use crate::config::{Config, DEFAULT_MAX_CONNECTIONS};
use crate::delay;

const EXAMPLES: &str = "\
Examples:
  mock-llm --port 8000
      answers at once, with as many tokens as each request asks for
  mock-llm --port 0 --ttft 50ms --itl 5ms --tokens 128
      a free port (see the line on stdout); 128 tokens in 50 + 127 x 5 ms
  curl -s localhost:8000/v1/chat/completions \\
      -d '{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'
  curl -s localhost:8000/arrivals        one JSON object per POST request
  curl -s -X DELETE localhost:8000/arrivals
  curl -s localhost:8000/stats

Endpoints: /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses,
/v1/messages, /generate, /generate_stream, /v2/rerank, /v1/rerank, /rerank,
/v1/ranking, /v2/models/M/generate and /generate_stream.

When it listens, one line of JSON is on stdout: {\"listening\":\"127.0.0.1:8000\"}.
Times in the arrival log are CLOCK_MONOTONIC nanoseconds, taken when the first
bytes of a request were read from the socket. A token is a whitespace-separated
word. Delays count from the read that completed the request's body; timers have
a granularity of 1 ms: a token is never early, and up to 1 ms late.";

/// An inference server without a model (see its endpoints below), for tests and
/// benchmarks of load generators.
#[derive(Debug, Parser)]
#[command(name = "mock-llm", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,

    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,

    /// Time to first token: 0, 250us, 20ms, 1.5s
    #[arg(long, value_name = "D", default_value = "0", value_parser = delay::parse)]
    ttft: Duration,

    /// Time between two tokens
    #[arg(long, value_name = "D", default_value = "0", value_parser = delay::parse)]
    itl: Duration,

    /// Tokens per answer, whatever the request asks for [default: the request's
    /// max_completion_tokens or max_tokens, else 16]
    #[arg(long, value_name = "N")]
    tokens: Option<u32>,

    /// Threads that serve connections
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,

    /// Connections open at once; one more is closed at once
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_CONNECTIONS)]
    max_connections: usize,

    /// Stop by itself after this time, in case nobody else does
    #[arg(long, value_name = "D", value_parser = delay::parse)]
    pub shutdown_after: Option<Duration>,
}

impl Cli {
    /// The server that was asked for.
    pub fn config(&self) -> Config {
        Config {
            host: self.host,
            port: self.port,
            ttft: self.ttft,
            itl: self.itl,
            tokens: self.tokens,
            workers: self.workers,
            max_connections: self.max_connections,
        }
    }
}
