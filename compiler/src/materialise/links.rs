//! Which request waits for which, as indices of the file.

use crate::plan::{PlannedRequest, Population, Start};
use crate::rng::index::MAX_LOOPED_ROWS;

const NOBODY: (u64, u64) = (u64::MAX, u64::MAX);

/// The last request under each key, of each population.
pub struct Links {
    last: Vec<Vec<(u64, u64)>>,
}

impl Links {
    /// Room for every key.
    pub fn new(populations: &[Population]) -> Self {
        let slots = |population: &Population| vec![NOBODY; population.link_slots()];
        Self {
            last: populations.iter().map(slots).collect(),
        }
    }

    /// The index that `request` waits for, if it waits; notes that `request` has `index`.
    pub fn resolve(&mut self, request: &PlannedRequest, index: u64) -> Option<u64> {
        let last = &mut self.last[request.population as usize];
        let slot = |key: u64| (key % MAX_LOOPED_ROWS) as usize;
        let after = match request.start {
            Start::AfterPrevious { .. } => Some(index - 1),
            // A turn that is not replayed, because a window or a sample left it out, is not
            // waited for.
            Start::At {
                after: Some(key), ..
            } => last
                .get(slot(key))
                .filter(|(of, _)| *of == key)
                .map(|(_, index)| *index),
            Start::At { after: None, .. } | Start::Slot => None,
        };
        if let Some(key) = request.key {
            last[slot(key)] = (key, index);
        }
        after
    }
}
