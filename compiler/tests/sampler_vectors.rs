//! The test vectors of the samplers printed in `schemas/RANDOMNESS.md` are recomputed from the
//! printed inputs, as in `rng_vectors.rs`.

mod document;

use std::fmt::Debug;

use compiler::rng::{Component, Seed, Stream, Streams};
use compiler::samplers::{
    self, Interval, Pair, PairDistribution, Ramp, RateProfile, Share, WeightedChoice,
};
use document::{SEED, call, check, component, distribution, list, number, stream};

fn four<T: Debug>(stream: &mut Stream, mut draw: impl FnMut(&mut Stream) -> T) -> String {
    list([(); 4].map(|()| draw(stream)))
}

/// Four calls of one sampler, printed so that they read back exactly.
fn four_results(text: &str, stream: &mut Stream) -> String {
    let (name, args) = call(text);
    let integer = |i: usize| number::<u64>(args[i]);
    let float = |i: usize| number::<f64>(args[i]);
    match name {
        "below" => four(stream, |s| s.below(integer(0))),
        "uniform_inclusive" => four(stream, |s| {
            samplers::uniform_inclusive(s, integer(0), integer(1))
        }),
        "weighted" => {
            let choice = WeightedChoice::new((0..args.len()).map(integer)).unwrap();
            four(stream, |s| choice.choose(s))
        }
        "share" => {
            let share = Share::new(integer(0), integer(1)).unwrap();
            four(stream, |s| u8::from(share.decide(s)))
        }
        "unit_open_closed" => four(stream, Stream::unit_open_closed),
        "unit_half_open" => four(stream, Stream::unit_half_open),
        "exponential" => four(stream, samplers::exponential),
        "exponential_exposure" => four(stream, samplers::exponential_exposure),
        "standard_normal" => four(stream, samplers::standard_normal),
        "normal" => four(stream, |s| samplers::normal(s, float(0), float(1))),
        "lognormal" => four(stream, |s| samplers::lognormal(s, float(0), float(1))),
        "skew_normal" => four(stream, |s| {
            samplers::skew_normal(s, float(0), float(1), float(2))
        }),
        "gamma" => four(stream, |s| samplers::gamma(s, float(0))),
        "weibull" => four(stream, |s| samplers::weibull(s, float(0))),
        other => panic!("no sampler {other}"),
    }
}

#[test]
fn sampler_calls_are_as_printed() {
    check(" Vectors: calls", 3, |inputs| {
        let mut stream = stream(&inputs[1], &inputs[2]);
        let results = four_results(&inputs[0], &mut stream);
        vec![results, format!("{:016x}", stream.next_u64())]
    });
}

#[test]
fn permutations_are_as_printed() {
    check(" Vectors: permutations", 3, |inputs| {
        let mut stream = stream(&inputs[1], &inputs[2]);
        let order = samplers::permutation(&mut stream, number(call(&inputs[0]).1[0]));
        vec![list(order), format!("{:016x}", stream.next_u64())]
    });
}

#[test]
fn distributions_are_as_printed() {
    check(" Vectors: distributions", 2, |inputs| {
        let distribution = distribution(&inputs[0]);
        let streams = Streams::new(SEED, component(&inputs[1]));
        vec![list((0..8).map(|item| distribution.sample(&streams, item)))]
    });
}

#[test]
fn weight_tables_are_as_printed() {
    check(" Vectors: weights", 1, |inputs| {
        let weights = distribution(&inputs[0]).weights();
        let entries = weights.len();
        let sum: u64 = weights.iter().map(|&(_, weight)| weight).sum();
        let at = |entry: usize| weights[entry].1;
        let ends = [at(0), at(entries / 2), at(entries - 1)];
        [weights[0].0, entries as u64, sum]
            .into_iter()
            .chain(ends)
            .map(|number| number.to_string())
            .collect()
    });
}

/// `input output weight; …`
fn pairs(text: &str) -> PairDistribution {
    let pair = |text: &str| {
        let (input, rest) = text.trim().split_once(") ").unwrap();
        let (output, weight) = rest.split_once(") ").unwrap();
        Pair {
            input: distribution(&format!("{input})")),
            output: distribution(&format!("{output})")),
            weight: number(weight),
        }
    };
    PairDistribution::new(text.split(';').map(pair).collect()).unwrap()
}

#[test]
fn pairs_are_as_printed() {
    let streams = Streams::new(SEED, Component::SequenceDistribution);
    check(" Vectors: pairs", 1, |inputs| {
        let pairs = pairs(&inputs[0]);
        let drawn = (0..4).map(|item| pairs.sample(&streams, item));
        vec![list(drawn.flat_map(|(input, output)| [input, output]))]
    });
}

#[test]
fn intervals_are_as_printed() {
    check(" Vectors: intervals", 1, |inputs| {
        let (name, args) = call(&inputs[0]);
        let shape = || number::<f64>(args[0]);
        let interval = match name {
            "even" => Interval::Even,
            "exponential" => Interval::Exponential,
            "gamma" => Interval::Gamma { shape: shape() },
            "weibull" => Interval::Weibull { shape: shape() },
            other => panic!("no interval {other}"),
        };
        interval.check().unwrap();
        let exposure = |ordinal| {
            let streams = || Streams::new(Seed(42), interval.component().unwrap());
            interval.exposure_with(|| streams().stream(ordinal))
        };
        vec![list((0..4).map(exposure))]
    });
}

#[test]
fn rate_profiles_are_as_printed() {
    check(" Vectors: rate profiles", 1, |inputs| {
        let (name, args) = call(&inputs[0]);
        let profile = RateProfile {
            from_microhertz: number(args[0]),
            to_microhertz: number(args[1]),
            duration_ns: number(args[2]),
            ramp: match name {
                "flat" => Ramp::Flat,
                "linear" => Ramp::Linear,
                "exponential" => Ramp::Exponential,
                other => panic!("no ramp {other}"),
            },
        };
        profile.check().unwrap();
        let whole = profile.exposure();
        let exposures = [0, whole / 3, whole * 2 / 3, whole - 1];
        let times = exposures.map(|exposure| profile.offset_ns(exposure));
        vec![whole.to_string(), list(times)]
    });
}
