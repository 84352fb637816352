//! An audit as trials: each is one probe, alone or among neighbours, and has a stage of its own.
//!
//! What a request is for can be read off its ordinal, and nothing else about it is needed to make
//! it: more probes, or another number of neighbours, move nobody's draws.

use super::arrivals::{Arrival, ArrivalKind};
use super::sampling::{Sampled, sampling_seed};
use crate::rng::{Component, Seed, Streams};
use crate::spec::Audit;
use crate::spec::audit::{GREEDY_NEIGHBOURS, MAX_NEIGHBOURS};
use crate::spec::quantity::MILLION;

/// A probe's ordinals: its number is in front of so many bits.
const SLOT_BITS: u32 = 20;
/// Slots from one number of neighbours to the next: the probe itself, then the neighbours.
const SLOTS_OF_COUNT: u64 = 1024;
/// The slot of a probe among greedy neighbours.
const GREEDY_SLOT: u64 = 1 << 19;

const _: () = assert!((MAX_NEIGHBOURS as u64) < SLOTS_OF_COUNT);
const _: () = assert!((MAX_NEIGHBOURS as u64 + 1) * SLOTS_OF_COUNT <= GREEDY_SLOT);

/// What a probe shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Seeded, at the high temperature.
    Flat,
    /// Seeded, at the lower one.
    Peaked,
    /// At temperature 0.
    Greedy,
    /// At the high temperature, without a seed.
    Unseeded,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Self; 4] = [Self::Flat, Self::Peaked, Self::Greedy, Self::Unseeded];

    /// Its label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Peaked => "peaked",
            Self::Greedy => "greedy",
            Self::Unseeded => "unseeded",
        }
    }

    const fn is_seeded(self) -> bool {
        matches!(self, Self::Flat | Self::Peaked)
    }
}

/// What a trial does to its probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing: what the others are held against.
    Alone,
    /// The same again.
    Again,
    /// Sends another seed; of a greedy probe a seed at all.
    OtherSeed,
    /// Sends an id, and does not yet use it a second time.
    IdFirst,
    /// The same id, when the first has finished.
    IdReused,
    /// Keeps it company by so many that are sampled.
    Among(u32),
    /// Keeps it company by [`GREEDY_NEIGHBOURS`] that are not.
    AmongGreedy,
}

impl Role {
    /// Its label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Again => "again",
            Self::OtherSeed => "other_seed",
            Self::IdFirst => "id_first",
            Self::IdReused => "id_reused",
            Self::Among(_) => "among",
            Self::AmongGreedy => "among_greedy",
        }
    }

    /// How many keep the probe company.
    pub const fn neighbours(self) -> u32 {
        match self {
            Self::Among(count) => count,
            Self::AmongGreedy => GREEDY_NEIGHBOURS,
            _ => 0,
        }
    }

    /// Whether the probe sends an id of its own.
    pub const fn has_id(self) -> bool {
        matches!(self, Self::IdFirst | Self::IdReused)
    }

    const fn slot(self) -> u64 {
        match self {
            Self::Alone => 0,
            Self::Again => 1,
            Self::OtherSeed => 2,
            Self::IdFirst => 3,
            Self::IdReused => 4,
            Self::Among(count) => count as u64 * SLOTS_OF_COUNT,
            Self::AmongGreedy => GREEDY_SLOT,
        }
    }
}

/// A probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// From 0, among those of its kind.
    pub number: u32,
    pub kind: Kind,
}

impl Probe {
    /// Its label.
    pub fn name(self) -> String {
        format!("{}-{}", self.kind.name(), self.number)
    }

    /// Identity for the choice of a model: probes of one number ask the same, so that models in turn
    /// get probes of every kind.
    pub fn conversation(self) -> u64 {
        self.number.into()
    }

    /// The ordinal of its first trial, whose text and seed are the probe's.
    fn ordinal(self) -> u64 {
        (u64::from(self.number) * Kind::ALL.len() as u64 + self.kind as u64) << SLOT_BITS
    }
}

/// A probe and what is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    pub probe: Probe,
    pub role: Role,
}

impl Trial {
    /// What its stage is called.
    pub fn name(self) -> String {
        let (probe, role) = (self.probe.name(), self.role.name());
        match self.role {
            Role::Among(count) => format!("{probe}/{role}-{count}"),
            _ => format!("{probe}/{role}"),
        }
    }

    /// Its arrivals: half of the neighbours, then the probe, then the others.
    fn arrivals(self, stage: u32, gap_ns: u64) -> impl Iterator<Item = Arrival> {
        let count = self.role.neighbours();
        let before = count.div_ceil(2);
        let probe_ns = if count > 0 { gap_ns } else { 0 };
        let arrival = move |neighbour: Option<u32>| Arrival {
            ordinal: self.part(neighbour).ordinal(),
            stage,
            kind: ArrivalKind::Probe {
                at_ns: match neighbour {
                    None => probe_ns,
                    Some(j) if j < before => 0,
                    Some(_) => 2 * gap_ns,
                },
            },
        };
        let behind = (before..count).map(Some);
        let all = (0..before).map(Some).chain([None]).chain(behind);
        all.map(arrival)
    }

    const fn part(self, neighbour: Option<u32>) -> Part {
        let trial = self;
        Part { trial, neighbour }
    }
}

/// One request of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub trial: Trial,
    /// Number of the neighbour; none: the probe itself.
    pub neighbour: Option<u32>,
}

impl Part {
    /// What the request with this ordinal is for.
    pub fn of(ordinal: u64) -> Self {
        let (number, slot) = (ordinal >> SLOT_BITS, ordinal % (1 << SLOT_BITS));
        let kinds = Kind::ALL.len() as u64;
        let probe = Probe {
            number: (number / kinds) as u32,
            kind: Kind::ALL[(number % kinds) as usize],
        };
        let among = slot % SLOTS_OF_COUNT;
        let (role, place) = match slot {
            0 => (Role::Alone, 0),
            1 => (Role::Again, 0),
            2 => (Role::OtherSeed, 0),
            3 => (Role::IdFirst, 0),
            4 => (Role::IdReused, 0),
            GREEDY_SLOT.. => (Role::AmongGreedy, among),
            _ => (Role::Among((slot / SLOTS_OF_COUNT) as u32), among),
        };
        let neighbour = place.checked_sub(1).map(|j| j as u32);
        Trial { probe, role }.part(neighbour)
    }

    /// Its identity.
    fn ordinal(self) -> u64 {
        let place = self.neighbour.map_or(0, |j| u64::from(j) + 1);
        self.trial.probe.ordinal() + self.trial.role.slot() + place
    }

    /// Identity of its text: a probe says the same in all trials, and an unseeded one what the flat one
    /// of its number says: they differ in the seed alone.
    pub fn text_ordinal(self) -> u64 {
        match self.neighbour {
            None => {
                let probe = self.trial.probe;
                let kind = match probe.kind {
                    Kind::Unseeded => Kind::Flat,
                    kind => kind,
                };
                Probe { kind, ..probe }.ordinal()
            }
            Some(_) => self.ordinal(),
        }
    }
}

/// An audit, ready to be made.
pub struct Audited<'s> {
    pub audit: &'s Audit,
    seeds: Streams,
}

impl<'s> Audited<'s> {
    /// Prepares the audit of a population.
    pub fn new(audit: &'s Audit, seed: Seed, population: Option<&str>) -> Self {
        let seeds = Streams::in_population(seed, population, Component::SamplingSeed);
        Self { audit, seeds }
    }

    /// Every trial, in the order in which they are fired.
    pub fn trials(&self) -> impl Iterator<Item = Trial> + '_ {
        let probes = (0..self.audit.probes).flat_map(|number| {
            let of_kind = move |kind| Probe { number, kind };
            Kind::ALL.map(of_kind)
        });
        probes.flat_map(|probe| {
            let roles = self.roles(probe.kind).into_iter();
            roles.map(move |role| Trial { probe, role })
        })
    }

    fn roles(&self, kind: Kind) -> Vec<Role> {
        let mut roles = vec![Role::Alone, Role::Again];
        if kind == Kind::Unseeded {
            return roles;
        }
        if kind.is_seeded() || self.audit.greedy_takes_seed {
            roles.push(Role::OtherSeed);
        }
        roles.extend(self.audit.neighbours.iter().map(|n| Role::Among(*n)));
        if kind.is_seeded() {
            roles.extend([Role::AmongGreedy, Role::IdFirst, Role::IdReused]);
        }
        roles
    }

    /// All requests, in order; the first trial is the stage with this index.
    pub fn arrivals(&self, first: u32) -> impl Iterator<Item = Arrival> + '_ {
        let gap_ns = self.audit.gap.get();
        let trials = (first..).zip(self.trials());
        trials.flat_map(move |(stage, trial)| trial.arrivals(stage, gap_ns))
    }

    /// The sampling parameters of a request. Of neighbours that are sampled every other one has a
    /// seed. What is sampled says that no token is left out: servers take their model's own `top_p`
    /// and `top_k` for absent ones.
    pub fn sampled(&self, part: &Part) -> Sampled {
        let (flat, peaked) = (self.audit.flat_temperature, self.audit.peaked_temperature);
        let Trial { probe, role } = part.trial;
        let (temperature, seed_of) = match (part.neighbour, role, probe.kind) {
            (Some(_), Role::AmongGreedy, _) => (0, None),
            (Some(j), ..) => (flat, (j % 2 == 0).then(|| part.ordinal())),
            (None, Role::OtherSeed, Kind::Greedy) => (0, Some(part.ordinal())),
            (None, _, Kind::Greedy) => (0, None),
            (None, _, Kind::Unseeded) => (flat, None),
            (None, role, kind) => {
                let is_other = role == Role::OtherSeed;
                let seed_of = if is_other {
                    part.ordinal()
                } else {
                    probe.ordinal()
                };
                let is_flat = kind == Kind::Flat;
                (if is_flat { flat } else { peaked }, Some(seed_of))
            }
        };
        let is_sampled = temperature > 0;
        Sampled {
            temperature: Some(temperature),
            top_p: is_sampled.then_some(MILLION),
            top_k: self.audit.top_k.filter(|_| is_sampled),
            seed: seed_of.map(|ordinal| sampling_seed(&self.seeds, ordinal)),
        }
    }
}
