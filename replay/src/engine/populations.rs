//! Which population of the workload a request comes from, as its labels say.

use schemas::reader::Workload;
use schemas::tables::Tables;

/// The label that names a request's population.
const LABEL: &str = "population";

/// The populations of a workload; none without names.
#[derive(Debug, Default)]
pub struct Populations {
    names: Vec<String>,
    /// For each pair list: what records have as `population`.
    of_list: Vec<u16>,
}

impl Populations {
    /// Reads the names in the manifest, and all lists of labels once if there are any.
    pub fn new(workload: &Workload) -> Self {
        let names = workload
            .manifest()
            .map_or_else(|_| Vec::new(), |manifest| manifest.populations);
        if names.is_empty() {
            return Populations::default();
        }
        let tables = workload.tables();
        let lists = 0..tables.pair_lists.len() as u32;
        let of_list = lists.map(|list| number(&tables, list, &names)).collect();
        Populations { names, of_list }
    }

    /// Their names, in the order of the workload's manifest.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What a record has as `population` for a request with this list of labels: 1 and the index
    /// of the name, or 0 for none.
    pub fn of(&self, labels: u32) -> u16 {
        self.of_list.get(labels as usize).copied().unwrap_or(0)
    }
}

/// A list that cannot be read names no population; whoever sends it says what is wrong with it.
fn number(tables: &Tables<'_>, list: u32, names: &[String]) -> u16 {
    let pairs = tables.pair_list(list).unwrap_or_default();
    let label = pairs
        .iter()
        .find(|pair| tables.string(pair.name.get()) == Ok(LABEL));
    let value = label.and_then(|pair| tables.string(pair.value.get()).ok());
    let place = value.and_then(|value| names.iter().position(|name| name == value));
    place.map_or(0, |place| u16::try_from(place + 1).unwrap_or(0))
}
