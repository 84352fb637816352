//! The groups that figures are given for: everything measured, and each stage, model, adapter,
//! adapter within a stage, and population.
//!
//! Warm-up requests are in the group of their stage and in no other, requests outside the window in
//! none. Refuses to keep more than [`MAX_GROUPS`] of a dimension; what is left out is counted.

use crate::analysis::row::Row;
use crate::analysis::window::Window;
use crate::run_info::StageInfo;
use schemas::layout::NONE_U32;
use schemas::records::NONE_U16;
use std::collections::{BTreeMap, HashMap};

/// Most groups of one dimension.
pub const MAX_GROUPS: usize = 1_000;

/// What requests are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Not at all: everything that is measured.
    All,
    /// By stage.
    Stage,
    /// By model.
    Model,
    /// By adapter; requests without one are in none.
    Adapter,
    /// By adapter and stage; requests without an adapter are in none.
    AdapterStage,
    /// By population; requests without one are in none.
    Population,
}

/// What the requests of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKey {
    /// What they are told apart by.
    pub dimension: Dimension,
    /// Of the model, adapter, population or stage.
    pub name: Option<String>,
    /// Of [`Dimension::Stage`] and [`Dimension::AdapterStage`].
    pub stage: Option<u32>,
}

/// A dimension, a string id or population (0 where there is neither), a stage (likewise).
type Id = (Dimension, u32, u32);

/// Everything that is measured.
const ALL: Id = (Dimension::All, 0, 0);

/// The groups of a run, and which requests are in which.
#[derive(Clone, Debug)]
pub struct Groups {
    /// The first is everything; then by dimension, id and stage.
    pub keys: Vec<GroupKey>,
    /// Requests that are measured in each, by its place in `keys`.
    pub sizes: Vec<u64>,
    /// Groups beyond [`MAX_GROUPS`] of their dimension.
    pub left_out: u64,
    /// The first group that has the very same requests.
    same_as: Vec<usize>,
    /// For each kind of request, the groups that it is in and that are not the same as another.
    cells: Vec<Vec<usize>>,
}

/// What a request's groups depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Cell {
    stage: u32,
    model: u32,
    adapter: u32,
    population: u16,
}

impl Groups {
    /// Finds the groups of these requests, whose stages are among `stages`, and enters into each
    /// row which it is in.
    pub fn assign(
        rows: &mut [Row],
        window: Window,
        stages: &[StageInfo],
        strings: &[String],
        populations: &[String],
    ) -> Groups {
        let counted = number_cells(rows, window);
        let mut sizes: BTreeMap<Id, u64> = BTreeMap::from([(ALL, 0)]);
        let stage_ids = (0..stages.len() as u32).map(|stage| (Dimension::Stage, 0, stage));
        sizes.extend(stage_ids.map(|id| (id, 0)));
        for (cell, count) in &counted {
            for id in cell.ids(stages) {
                *sizes.entry(id).or_default() += count;
            }
        }
        let found = sizes.len();
        keep_first_of_each_dimension(&mut sizes);
        let ids: Vec<Id> = sizes.keys().copied().collect();
        let same_as = same_as(&sizes, stages);
        let position = |id: &Id| ids.binary_search(id).ok();
        let groups_of = |cell: &Cell| {
            let ids = cell.ids(stages);
            let places = ids.iter().filter_map(position);
            places.filter(|group| same_as[*group] == *group).collect()
        };
        Groups {
            keys: ids
                .iter()
                .map(|id| key(*id, stages, strings, populations))
                .collect(),
            left_out: (found - ids.len()) as u64,
            cells: counted.iter().map(|(cell, _)| groups_of(cell)).collect(),
            sizes: sizes.into_values().collect(),
            same_as,
        }
    }

    /// The groups that a request is in, as places in `keys`, without those that are the same as
    /// another.
    pub fn of(&self, row: &Row) -> &[usize] {
        self.cells
            .get(row.cell as usize)
            .map_or(&[], |groups| groups)
    }

    /// Whether a request is in the figures over everything.
    pub fn is_measured(&self, row: &Row) -> bool {
        self.of(row).first() == Some(&0)
    }

    /// The group whose figures are also this group's: it has the same requests.
    pub fn measured_as(&self, group: usize) -> usize {
        self.same_as[group]
    }
}

/// Numbers the cells that occur among the rows in the window; gives each with its requests.
fn number_cells(rows: &mut [Row], window: Window) -> Vec<(Cell, u64)> {
    let mut numbers: HashMap<Cell, u32> = HashMap::new();
    let mut counted: Vec<(Cell, u64)> = Vec::new();
    let mut last: Option<(Cell, u32)> = None;
    for row in rows.iter_mut().filter(|row| window.has(row)) {
        let cell = Cell {
            stage: row.stage,
            model: row.model,
            adapter: row.adapter,
            population: row.population,
        };
        let number = match last {
            Some((same, number)) if same == cell => number,
            _ => *numbers.entry(cell).or_insert_with(|| {
                counted.push((cell, 0));
                counted.len() as u32 - 1
            }),
        };
        last = Some((cell, number));
        counted[number as usize].1 += 1;
        row.cell = number;
    }
    counted
}

impl Cell {
    /// In the order of the groups, the one of everything first.
    fn ids(&self, stages: &[StageInfo]) -> Vec<Id> {
        let stage = (Dimension::Stage, 0, self.stage);
        if stages[self.stage as usize].warm_up {
            return vec![stage];
        }
        let mut ids = vec![ALL, stage];
        if self.model != NONE_U32 {
            ids.push((Dimension::Model, self.model, 0));
        }
        if self.adapter != NONE_U32 {
            ids.push((Dimension::Adapter, self.adapter, 0));
            ids.push((Dimension::AdapterStage, self.adapter, self.stage));
        }
        if self.population != NONE_U16 {
            ids.push((Dimension::Population, self.population.into(), 0));
        }
        ids
    }
}

fn keep_first_of_each_dimension(sizes: &mut BTreeMap<Id, u64>) {
    let mut kept: BTreeMap<Dimension, usize> = BTreeMap::new();
    sizes.retain(|(dimension, ..), _| {
        let kept = kept.entry(*dimension).or_default();
        *kept += 1;
        *kept <= MAX_GROUPS
    });
}

/// A group with as many requests as everything has is everything, if it can be: all but warm-up
/// stages are parts of it. So is an adapter in a stage the adapter.
fn same_as(sizes: &BTreeMap<Id, u64>, stages: &[StageInfo]) -> Vec<usize> {
    let ids: Vec<&Id> = sizes.keys().collect();
    let wholes = |(dimension, id, stage): Id| match dimension {
        Dimension::Stage if stages[stage as usize].warm_up => [None, None],
        Dimension::AdapterStage => [Some(ALL), Some((Dimension::Adapter, id, 0))],
        _ => [Some(ALL), None],
    };
    let same = |(place, (id, size)): (usize, (&Id, &u64))| {
        let mut wholes = wholes(*id).into_iter().flatten();
        let whole = wholes.find(|whole| sizes.get(whole) == Some(size));
        whole.map_or(place, |whole| {
            ids.binary_search(&&whole).expect("it has a size")
        })
    };
    sizes.iter().enumerate().map(same).collect()
}

fn key(
    (dimension, id, stage): Id,
    stages: &[StageInfo],
    strings: &[String],
    populations: &[String],
) -> GroupKey {
    // An id without a string is told by its number: it is the file's fault, not the request's.
    let named = |names: &[String]| {
        let name = names.get(id as usize).cloned();
        Some(name.unwrap_or_else(|| format!("#{id}")))
    };
    let (name, has_stage) = match dimension {
        Dimension::All => (None, false),
        Dimension::Stage => (stages[stage as usize].name.clone(), true),
        Dimension::Model | Dimension::Adapter => (named(strings), false),
        Dimension::AdapterStage => (named(strings), true),
        Dimension::Population => (named(populations), false),
    };
    GroupKey {
        dimension,
        name,
        stage: has_stage.then_some(stage),
    }
}
