//! What the record of an audit's request says beside its body: labels, and the id of some.

use crate::plan::audit::{Part, Probe};
use crate::rng::Seed;
use schemas::audit::{ID_PREFIX, KIND, NEIGHBOUR, NEIGHBOURS, PROBE, ROLE};
use schemas::error::WriteError;
use schemas::tables::TablesBuilder;
use sha2::{Digest, Sha256};

/// Bytes of a hash that an id holds, as twice as many digits.
const ID_BYTES: usize = 6;

/// The pair list that says what a request is for.
pub fn labels(part: &Part, tables: &mut TablesBuilder) -> Result<u32, WriteError> {
    let (probe, role) = (part.trial.probe, part.trial.role);
    let (name, neighbours) = (probe.name(), role.neighbours().to_string());
    let pairs = [
        (KIND, Some(probe.kind.name())),
        (NEIGHBOURS, (role.neighbours() > 0).then_some(&*neighbours)),
        (PROBE, Some(&*name)),
        (
            ROLE,
            Some(match part.neighbour {
                Some(_) => NEIGHBOUR,
                None => role.name(),
            }),
        ),
    ];
    let pairs: Vec<(&str, &str)> = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    tables.pair_list(&pairs)
}

/// The id under which a probe asks twice. Another probe, or another workload's seed, has another.
pub fn request_id(seed: Seed, probe: Probe) -> String {
    let hash = Sha256::digest(format!("{}/{}", seed.0, probe.name()));
    format!("{ID_PREFIX}{}", schemas::hex(&hash[..ID_BYTES]))
}
