//! What a server is told before it starts, and its named limits.
//!
//! [`Config::check`] refuses values outside the limits; nothing is clamped.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::sampler::SamplerKind;
use crate::texts::AnswerText;
use crate::tls::TlsFiles;

/// Tokens of an answer when neither the server nor the request names a number
/// (OpenAI's default for completions).
pub const DEFAULT_TOKENS: u32 = 16;
/// Connections open at once; one more is closed as soon as it is accepted.
pub const DEFAULT_MAX_CONNECTIONS: usize = 65_536;
/// Most tokens of one answer, asked or configured.
pub const MAX_TOKENS: u32 = 1_000_000;
/// Largest request body read, in bytes; a larger one is answered 413.
pub const MAX_BODY_BYTES: usize = 64 << 20;
/// Longest time to first token and between tokens.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 3600);
/// Most requests served at once, where that is limited.
pub const MAX_SLOTS: usize = 1_000_000;
/// Most faults of one server.
pub const MAX_FAULTS: usize = 64;
/// Most worker threads.
pub const MAX_WORKERS: usize = 256;
/// Arrivals one worker keeps (about 2.3 GB); later ones are counted, not kept.
pub const MAX_RECORDS_PER_WORKER: usize = 1 << 24;

/// Connections that wait in the kernel to be accepted.
pub(crate) const LISTEN_BACKLOG: i32 = 4096;
/// Bytes of one frame of an answer: bounds the memory of a stream whose tokens
/// are all due at once.
pub(crate) const FRAME_BYTES: usize = 64 << 10;

/// How a [`crate::Server`] listens and answers. The default is a free port on
/// 127.0.0.1, one worker, no delays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address to bind.
    pub host: IpAddr,
    /// Port to bind; 0 takes a free one.
    pub port: u16,
    /// Time to first token: from the read that completed the request's body to
    /// the first token's chunk.
    pub ttft: Duration,
    /// Inter-token latency: time between the deadlines of two tokens.
    pub itl: Duration,
    /// Tokens of each answer; `None` gives each request what it asks for, or
    /// [`DEFAULT_TOKENS`].
    pub tokens: Option<u32>,
    /// Requests served at once: a further one begins when the first of them has been answered in
    /// full, first come, first served. `None` serves all at once.
    pub slots: Option<usize>,
    /// Threads that serve connections.
    pub workers: usize,
    /// Connections open at once.
    pub max_connections: usize,
    /// What goes wrong, and how often; they do not overlap. No fault falls on a request that is
    /// refused anyway.
    pub faults: Vec<Fault>,
    /// How streams differ from the usual.
    pub dialect: Dialect,
    /// What answers say.
    pub answer: AnswerText,
    /// Chat and completions are sampled from a toy model in one continuous batch, a token for each
    /// request every `itl` (0: 1 ms), with `slots` rows (none: 256); the other endpoints answer as
    /// without. An answer's id is the request's `x-request-id` behind a prefix, if it has one.
    pub sampler: Option<SamplerKind>,
    /// Chat and completions with a `seed` are refused with 400.
    pub refuse_seed: bool,
    /// Speaks TLS with these files; without, plain TCP.
    pub tls: Option<TlsFiles>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            ttft: Duration::ZERO,
            itl: Duration::ZERO,
            tokens: None,
            slots: None,
            workers: 1,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            faults: Vec::new(),
            dialect: Dialect::default(),
            answer: AnswerText::default(),
            sampler: None,
            refuse_seed: false,
            tls: None,
        }
    }
}

impl Config {
    /// Says which value is outside its limit, in terms of the flags.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(1..=MAX_WORKERS).contains(&self.workers) {
            return Err(format!("--workers must be 1 to {MAX_WORKERS}"));
        }
        if let Some(tokens) = self.tokens
            && !(1..=MAX_TOKENS).contains(&tokens)
        {
            return Err(format!("--tokens must be 1 to {MAX_TOKENS}"));
        }
        if let Some(slots) = self.slots
            && !(1..=MAX_SLOTS).contains(&slots)
        {
            return Err(format!("--slots must be 1 to {MAX_SLOTS}"));
        }
        if self.ttft > MAX_DELAY || self.itl > MAX_DELAY {
            return Err("--ttft and --itl must be at most 24 hours".to_owned());
        }
        if self.max_connections == 0 {
            return Err("--max-connections must be at least 1".to_owned());
        }
        if self.faults.len() > MAX_FAULTS {
            return Err(format!("at most {MAX_FAULTS} --fault"));
        }
        if self.dialect.tokens_per_event() > MAX_TOKENS {
            return Err(format!("--dialect multi-token must be 1 to {MAX_TOKENS}"));
        }
        if self.sampler.is_some() {
            self.check_sampled()?;
        }
        self.faults.iter().try_for_each(Fault::check)
    }

    /// What a sampler generates is its own: how much, in which words and events, without faults.
    fn check_sampled(&self) -> Result<(), String> {
        let usual = Config::default();
        let with = [
            ("--answer echo", self.answer != usual.answer),
            ("--dialect", self.dialect != usual.dialect),
            ("--fault", !self.faults.is_empty()),
            ("--tokens", self.tokens.is_some()),
        ];
        match with.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(format!("--sampler and {flag} exclude each other")),
            None => Ok(()),
        }
    }
}
