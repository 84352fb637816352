//! How many media a request holds, and which ones of its population's pools. No bytes: an item of a
//! pool is its number here.

use crate::rng::{Component, Seed, Streams};
use crate::samplers::Distribution;
use crate::spec;

/// What the requests of a population hold.
#[derive(Clone, Debug)]
pub struct Media {
    pub images: Option<Selection>,
    pub audio: Option<Selection>,
}

/// One kind of media.
#[derive(Clone, Debug)]
pub struct Selection {
    count: (Distribution, Streams, Component),
    pool: u32,
    chosen: (Streams, Component),
}

impl Media {
    /// Prepares the media of a population.
    pub fn new(data: &spec::Data, seed: Seed, population: Option<&str>) -> Self {
        let selection = |count: &Distribution, pool, counted, chosen| {
            let streams = |component| Streams::in_population(seed, population, component);
            Selection {
                count: (count.clone(), streams(counted), counted),
                pool,
                chosen: (streams(chosen), chosen),
            }
        };
        let images = data.images.as_ref().map(|images| {
            let (counted, chosen) = (Component::ImageCount, Component::ImageSelection);
            selection(&images.count, images.pool, counted, chosen)
        });
        let audio = data.audio.as_ref().map(|audio| {
            let (counted, chosen) = (Component::AudioCount, Component::AudioSelection);
            selection(&audio.count, audio.pool, counted, chosen)
        });
        Self { images, audio }
    }

    /// What is drawn from for requests. What is drawn from for the pools is said by the pools.
    pub fn components(&self) -> Vec<Component> {
        let kinds = [&self.images, &self.audio].into_iter().flatten();
        kinds.flat_map(Selection::components).collect()
    }
}

impl Selection {
    /// How many the request with this index holds.
    pub fn count(&self, index: u64) -> u32 {
        self.count.0.sample(&self.count.1, index) as u32
    }

    /// Numbers in the pool, in the order in which the request with this index holds them. The same
    /// one may come twice.
    pub fn of(&self, index: u64) -> Vec<u32> {
        let count = self.count(index) as usize;
        if self.pool == 1 || count == 0 {
            return vec![0; count];
        }
        let mut stream = self.chosen.0.stream(index);
        let pool = self.pool.into();
        (0..count).map(|_| stream.below(pool) as u32).collect()
    }

    fn components(&self) -> Vec<Component> {
        let uncertain = self.count.0.certain().is_none();
        let counted = uncertain.then_some(self.count.2);
        let chosen = (self.pool > 1 && self.count.0.bounds().1 > 0).then_some(self.chosen.1);
        counted.into_iter().chain(chosen).collect()
    }
}
