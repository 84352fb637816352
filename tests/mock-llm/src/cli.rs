//! What was typed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::config::{Config, DEFAULT_MAX_CONNECTIONS};
use crate::delay;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::sampler::SamplerKind;
use crate::texts::AnswerText;
use crate::tls::TlsFiles;

const EXAMPLES: &str = "\
Examples:
  mock-llm --port 8000
      answers at once, with as many tokens as each request asks for
  mock-llm --port 0 --ttft 50ms --itl 5ms --tokens 128
      a free port (see the line on stdout); 128 tokens in 50 + 127 x 5 ms
  mock-llm --slots 20 --ttft 100ms --tokens 1
      a server that is saturated at 200 requests a second
  mock-llm --itl 20ms --fault reset@0.1 --fault status=503@0.1 --dialect crlf,split
      of ten requests one is reset and one answered 503; streams with CR LF, in pieces
  mock-llm --itl 1ms --sampler shared
      answers with a seed repeat alone, and not in company; see --sampler
  curl -s localhost:8000/v1/chat/completions \\
      -d '{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'
  curl -s localhost:8000/arrivals        one JSON object per POST request
  curl -s -X DELETE localhost:8000/arrivals
  curl -s localhost:8000/stats

Endpoints: /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses,
/v1/messages, /generate, /generate_stream, /v2/rerank, /v1/rerank, /rerank,
/v1/ranking, /v2/models/M/generate and /generate_stream.

When it listens, one line of JSON is on stdout: {\"listening\":\"127.0.0.1:8000\"}.
Times in the arrival log are CLOCK_MONOTONIC nanoseconds: when the kernel had
the first bytes of a request (HTTP/2: of its HEADERS frame; over TLS when they
were decrypted). answered_ns is just before the write of an answer's last byte;
closed_early_ns is when a client was seen to be gone, also between two tokens.
A token is a whitespace-separated word. Delays count from when the request's
body was there, or, with --slots, from when it has a place; timers have a
granularity of 1 ms: a token is never early, and up to 1 ms late.";

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

    /// Requests served at once, first come, first served; each holds its place for ttft +
    /// (tokens - 1) x itl, also if its client hangs up, so K places answer K / that time a second
    /// [default: no limit]
    #[arg(long, value_name = "K")]
    slots: Option<usize>,

    /// Threads that serve connections
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,

    /// Connections open at once; one more is closed at once
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_CONNECTIONS)]
    max_connections: usize,

    /// What goes wrong, with which share of the requests; several do not overlap: refuse (close
    /// when accepted), reset (RST in the body), close (FIN in the body), stall (one token, then
    /// nothing), silent (never answer), slow-headers=D, garbage (no JSON in events), status=N,
    /// half-close (FIN before any answer), huge-event=BYTES, long-length, short-length, no-done
    /// (no finish reason), error-event, bad-chunk. `reset@0.2` is every fifth request
    #[arg(long = "fault", value_name = "KIND[=VALUE][@SHARE]")]
    faults: Vec<Fault>,

    /// How streams differ from the usual, a list between commas: role-first (the first event has
    /// a role alone), empty-tokens[=N] (every Nth token has no text), multi-token=N (N tokens an
    /// event), usage-each, crlf, no-space, comments, no-done (no [DONE]), multi-line, ndjson,
    /// split (written in pieces of 1 to 40 bytes)
    #[arg(
        long,
        value_name = "LIST",
        default_value = "",
        hide_default_value = true
    )]
    #[arg(value_parser = dialect)]
    dialect: Dialect,

    /// What answers say
    #[arg(long, value_enum, default_value_t)]
    answer: AnswerText,

    /// Sample chat and completions from a toy model of 256 tokens by their `temperature` (1) and
    /// `seed`, all requests in one continuous batch: a step every --itl (0: 1 ms) gives each a
    /// token, --slots is its rows (256). `per-request` keeps the promise of a seed, the others are
    /// broken each in its way. Other endpoints answer as without. Not with --answer echo,
    /// --dialect, --fault, --tokens
    #[arg(long, value_enum, value_name = "KIND")]
    sampler: Option<SamplerKind>,

    /// Refuse chat and completions that have a `seed`, with 400
    #[arg(long)]
    refuse_seed: bool,

    /// Speak TLS with this certificate chain (PEM); HTTP/2 by ALPN
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Serve only clients whose certificate this authority signed (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,

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
            slots: self.slots,
            workers: self.workers,
            max_connections: self.max_connections,
            faults: self.faults.clone(),
            dialect: self.dialect.clone(),
            answer: self.answer,
            sampler: self.sampler,
            refuse_seed: self.refuse_seed,
            tls: self.tls(),
        }
    }

    fn tls(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles {
            certificate,
            key,
            client_ca: self.tls_client_ca.clone(),
            protocols: TlsFiles::HTTP,
        })
    }
}

fn dialect(list: &str) -> Result<Dialect, String> {
    if list.is_empty() {
        return Ok(Dialect::default());
    }
    list.parse()
}
