//! The `audit` block: the load that asks whether a server keeps its seed promise.
//!
//! Refuses to stand beside anything that says otherwise what is sent, or when; endpoints without a
//! seed, and answers that are not streamed: nobody would see that two of them overlapped.

use super::api::{Api, ApiKind};
use super::data::Lengths;
use super::distribution::MAX_TEMPERATURE;
use super::error::SpecError;
use super::fields::{Cursor, Fields, Keys};
use super::load::{LOAD_KEYS, MAX_STAGES};
use super::population::Shared;
use super::quantity::{DurationNs, MILLION};
use super::server::ServerKind;
use crate::samplers::Distribution;

/// Most probes of a kind.
const MAX_PROBES: u32 = 1_000;
/// Most neighbours of a probe.
pub const MAX_NEIGHBOURS: u32 = 256;
/// Most different numbers of neighbours.
const MAX_COUNTS: usize = 8;
/// Greedy neighbours of a probe.
pub const GREEDY_NEIGHBOURS: u32 = 5;
/// Tokens of prompts and of answers, at least: fewer say little.
const MIN_TOKENS: u32 = 8;
const MAX_TOKENS: u32 = 1_024;
const MAX_PROMPT_TOKENS: u32 = 4_096;
const MAX_GAP: DurationNs = DurationNs::SECOND;
const MAX_PAUSE: DurationNs = DurationNs::from_millis(60_000);

/// The `top_k` that leaves out no token. vLLM of any age takes it, and SGLang; 0 only some do.
const ALL_TOKENS: i64 = -1;

/// The header field by which some probes name themselves.
pub const ID_HEADER: &str = "x-request-id";

const TEMPERATURE_EXAMPLE: &str = "a number of more than 0, like 0.7";

/// Probes of four kinds (flat, peaked, greedy, unseeded), each fired alone and in company, one
/// after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Of each kind, at least 1.
    pub probes: u32,
    /// Numbers of neighbours, rising, each 1 to [`MAX_NEIGHBOURS`]; at least one.
    pub neighbours: Vec<u32>,
    /// Of a probe's answer; a neighbour's is twice as long.
    pub tokens: u32,
    pub prompt_tokens: u32,
    /// In 10^-6, of probes whose next token is to be anybody's guess.
    pub flat_temperature: u64,
    /// In 10^-6, lower.
    pub peaked_temperature: u64,
    /// Between the neighbours before a probe, the probe, and those behind it.
    pub gap: DurationNs,
    /// Between the end of a trial and the next.
    pub pause: DurationNs,
    /// Whether a greedy request can carry a seed. TGI is told not to sample at all.
    pub greedy_takes_seed: bool,
    /// Sent with whatever is sampled: `ALL_TOKENS`, to servers that would take their model's own
    /// `top_k` for an absent one; none to others, some of which refuse the field.
    pub top_k: Option<i64>,
}

const KEYS: Keys = Keys {
    known: &[
        "probes",
        "neighbours",
        "tokens",
        "prompt_tokens",
        "flat_temperature",
        "peaked_temperature",
        "gap",
        "pause",
    ],
    later: &[],
    refused: &[(
        "neighbors",
        "it is spelt `neighbours` here",
        "write `neighbours: [1, 5, 16]`",
    )],
};

/// Blocks of the root that would say otherwise, and why.
const FOREIGN: [(&str, &str); 5] = [
    ("data", "an audit says itself what is asked"),
    ("sessions", "each request of an audit stands alone"),
    (
        "sampling",
        "an audit sets temperatures, `top_p`, `top_k` and seeds itself",
    ),
    ("cancellation", "an audit needs whole answers"),
    ("populations", "an audit has the server for itself"),
];

impl Audit {
    /// Whether the root asks for an audit. Refuses what cannot stand beside one.
    pub(super) fn is_asked(root: &Fields<'_>) -> Result<bool, SpecError> {
        let Some(cursor) = root.optional("audit") else {
            return refuse_empty(root).map(|()| false);
        };
        let beside = |block: Cursor<'_>, why: &str| {
            let remedy = format!("remove it, or {}", cursor.name());
            Err(block.error(why, remedy))
        };
        for (key, why) in FOREIGN {
            if let Some(block) = root.optional(key) {
                return beside(block, why);
            }
        }
        let load = root.optional("load").map(|load| load.entries());
        for (key, value) in load.transpose()?.unwrap_or_default() {
            if LOAD_KEYS.contains(&key.text) && !value.is_null() {
                return beside(value, "an audit says itself when its requests start");
            }
        }
        Ok(true)
    }

    /// The audit at `cursor`, of requests to this endpoint, whose block is the root's.
    pub(super) fn read(
        cursor: Cursor<'_>,
        shared: &Shared<'_, '_>,
        api: &Api,
    ) -> Result<Self, SpecError> {
        check_api(shared.root, api)?;
        let has_defaults = matches!(shared.server, Some(ServerKind::Vllm | ServerKind::Sglang));
        let fields = cursor.fields(&KEYS)?;
        let count = |key, min, max, default, things| match fields.optional(key) {
            Some(cursor) => between(&cursor, min, max, things),
            None => Ok(default),
        };
        let (flat_temperature, peaked_temperature) = read_temperatures(&fields)?;
        let audit = Self {
            probes: count("probes", 1, MAX_PROBES, 8, " of probes")?,
            neighbours: match fields.optional("neighbours") {
                Some(list) => read_neighbours(&list)?,
                None => vec![1, 5, 16],
            },
            tokens: count("tokens", MIN_TOKENS, MAX_TOKENS, 32, " of tokens")?,
            prompt_tokens: count(
                "prompt_tokens",
                MIN_TOKENS,
                MAX_PROMPT_TOKENS,
                32,
                " of tokens",
            )?,
            flat_temperature,
            peaked_temperature,
            gap: read_duration(&fields, "gap", MAX_GAP)?,
            pause: read_duration(&fields, "pause", MAX_PAUSE)?,
            greedy_takes_seed: api.kind != ApiKind::Tgi,
            top_k: (has_defaults && api.kind != ApiKind::Tgi).then_some(ALL_TOKENS),
        };
        audit.check_size(&fields)?;
        Ok(audit)
    }

    /// Each trial is a stage.
    fn check_size(&self, fields: &Fields<'_>) -> Result<(), SpecError> {
        let trials = self.trials();
        if trials <= MAX_STAGES as u64 {
            return Ok(());
        }
        let most = MAX_STAGES as u64 / (trials / u64::from(self.probes));
        let what = format!("{trials} trials are more than the limit of {MAX_STAGES}");
        let at = fields.optional("probes").unwrap_or(fields.cursor.clone());
        Err(at.error(what, format!("write `probes: {most}`, or fewer")))
    }

    /// Stages: one for each trial.
    pub fn trials(&self) -> u64 {
        let counts = self.neighbours.len() as u64;
        let seeded = 6 + counts;
        let greedy = 2 + u64::from(self.greedy_takes_seed) + counts;
        let unseeded = 2;
        u64::from(self.probes) * (2 * seeded + greedy + unseeded)
    }

    /// Requests of all trials.
    pub fn requests(&self) -> u64 {
        let sampled: u64 = self.neighbours.iter().map(|n| u64::from(*n)).sum();
        let greedy = u64::from(GREEDY_NEIGHBOURS);
        self.trials() + u64::from(self.probes) * (2 * (sampled + greedy) + sampled)
    }

    /// Tokens of prompts and of probes' answers.
    pub(super) fn lengths(&self) -> Lengths {
        Lengths::Drawn {
            input: Distribution::fixed(self.prompt_tokens.into()),
            output: Distribution::fixed(self.tokens.into()),
        }
    }
}

/// `audit:` with nothing under it would be no audit, and another load, without a word.
fn refuse_empty(root: &Fields<'_>) -> Result<(), SpecError> {
    let entries = root.cursor.entries()?;
    match entries.iter().find(|(key, _)| key.text == "audit") {
        Some((key, _)) => {
            let remedy = "write `audit: {}` for the defaults, or remove it";
            Err(key.error("nothing stands under it", remedy))
        }
        None => Ok(()),
    }
}

/// Refuses endpoints that promise nothing about seeds, and what nobody could judge.
fn check_api(root: &Fields<'_>, api: &Api) -> Result<(), SpecError> {
    let block = root.optional("api");
    let entry = |key: &str| {
        let entries = block.as_ref()?.entries().unwrap_or_default();
        let found = entries.into_iter().find(|(entry, _)| entry.text == key);
        found.map(|(_, value)| value)
    };
    let whole = block.as_ref().unwrap_or(&root.cursor);
    if !matches!(api.kind, ApiKind::Chat | ApiKind::Completion | ApiKind::Tgi) {
        let what = match api.kind {
            ApiKind::Kserve(_) => {
                "an answer of the endpoint `kserve` does not tell its tokens apart"
            }
            _ => "a body of this endpoint has no field `seed`, so there is no promise to audit",
        };
        let remedy = "write `type: chat`, `completion` or `tgi`";
        return Err(entry("type").unwrap_or(whole.clone()).error(what, remedy));
    }
    if !api.streaming {
        let what = "an audit sees in the times of tokens that answers overlapped";
        let at = entry("streaming").unwrap_or(whole.clone());
        return Err(at.error(what, "write `streaming: true` in `api`"));
    }
    if let Some((_, at)) = entry("headers")
        .and_then(|headers| headers.entries().ok())
        .unwrap_or_default()
        .into_iter()
        .find(|(name, _)| name.text.eq_ignore_ascii_case(ID_HEADER))
    {
        let what = "an audit sends ids of its own, with two of its trials";
        return Err(at.error(what, "remove it"));
    }
    Ok(())
}

fn between(cursor: &Cursor<'_>, min: u32, max: u32, things: &str) -> Result<u32, SpecError> {
    let value = cursor.count_u32(1, max, things)?;
    if value < min {
        let what = format!("`{value}` is less than {min}");
        let remedy = format!("write a whole number{things} from {min} to {max}");
        return Err(cursor.error(what, remedy));
    }
    Ok(value)
}

fn read_neighbours(list: &Cursor<'_>) -> Result<Vec<u32>, SpecError> {
    let items = list.list()?;
    if !(1..=MAX_COUNTS).contains(&items.len()) {
        let what = format!("{} numbers of neighbours", items.len());
        return Err(list.error(
            what,
            format!("write 1 to {MAX_COUNTS} of them, like [1, 5, 16]"),
        ));
    }
    let mut counts: Vec<u32> = Vec::with_capacity(items.len());
    for item in items {
        let count = item.count_u32(1, MAX_NEIGHBOURS, " of neighbours")?;
        if counts.last().is_some_and(|last| *last >= count) {
            let what = format!("`{count}` is not more than the number before it");
            return Err(item.error(what, "write them from the lowest to the highest, each once"));
        }
        counts.push(count);
    }
    Ok(counts)
}

/// The flat and the peaked one.
fn read_temperatures(fields: &Fields<'_>) -> Result<(u64, u64), SpecError> {
    let one = |key: &str, default| {
        let Some(cursor) = fields.optional(key) else {
            return Ok(default);
        };
        let value = cursor.positive_millionths(TEMPERATURE_EXAMPLE)?;
        if value > MAX_TEMPERATURE {
            let most = MAX_TEMPERATURE / MILLION;
            let what = format!("a temperature is at most {most}");
            return Err(cursor.error(what, format!("write at most {most}")));
        }
        Ok(value)
    };
    let flat = one("flat_temperature", 2 * MILLION)?;
    let peaked = one("peaked_temperature", MILLION * 7 / 10)?;
    if peaked >= flat {
        let keys = ["peaked_temperature", "flat_temperature"];
        let written = keys.iter().find_map(|key| fields.optional(key));
        let at = written.unwrap_or(fields.cursor.clone());
        let what = "peaked probes need a lower temperature than flat ones";
        return Err(at.error(
            what,
            "raise `flat_temperature`, or lower `peaked_temperature`",
        ));
    }
    Ok((flat, peaked))
}

fn read_duration(fields: &Fields<'_>, key: &str, max: DurationNs) -> Result<DurationNs, SpecError> {
    let Some(cursor) = fields.optional(key) else {
        return Ok(DurationNs::from_millis(5));
    };
    let value = cursor.duration_or_zero()?;
    if value > max {
        let most = max.get() / DurationNs::SECOND.get();
        let what = format!("it is longer than {most} s");
        return Err(cursor.error(what, format!("write a duration of up to {most}s, like 5ms")));
    }
    Ok(value)
}
