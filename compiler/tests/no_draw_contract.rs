//! The last clause of the contract of `compiler::rng`: no draw where none is needed, so that what
//! is certain shifts nothing. Beside it the natural mistake.

use compiler::rng::{Component, Seed, Stream, Streams};
use compiler::samplers::{
    self, Distribution, Interval, Pair, PairDistribution, Shape, Share, WeightedChoice,
};

const DRAWS: usize = 8;

fn streams() -> Streams {
    Streams::new(Seed(42), Component::PromptLength)
}

fn take(stream: &mut Stream, draws: usize) -> Vec<u64> {
    (0..draws).map(|_| stream.next_u64()).collect()
}

/// What item `index` draws when nothing was drawn before.
fn alone(index: u64) -> Vec<u64> {
    take(&mut streams().stream(index), DRAWS)
}

/// A uniform length that draws even if there is only one.
fn eager_uniform(stream: &mut Stream, min: u64, max: u64) -> u64 {
    min + stream.next_u64() % (max - min + 1)
}

fn distribution(shape: Shape, min: u64, max: u64) -> Distribution {
    Distribution::new(shape, min, max).unwrap()
}

/// Every shape with room to vary.
fn uncertain_shapes() -> Vec<Shape> {
    let (mean, std_dev) = (512.0, 256.0);
    vec![
        Shape::Uniform,
        Shape::Normal { mean, std_dev },
        Shape::LogNormal { mean, std_dev },
        Shape::SkewNormal {
            mean,
            std_dev,
            skew: 3.0,
        },
        Shape::Exponential { mean },
        Shape::Poisson { mean },
        Shape::Zipf { exponent: 1.0 },
        Shape::Empirical([(100, 1), (200, 2)].into()),
    ]
}

fn certain_distributions() -> Vec<(Distribution, u64)> {
    let (mean, std_dev, skew) = (512.0, 0.0, 3.0);
    let shapes = [
        (Shape::Fixed(128), 128),
        (Shape::Normal { mean, std_dev }, 512),
        (Shape::LogNormal { mean, std_dev }, 512),
        (
            Shape::SkewNormal {
                mean,
                std_dev,
                skew,
            },
            512,
        ),
        (Shape::Zipf { exponent: 999.0 }, 16),
        (Shape::Empirical([(1, 0), (777, 3)].into()), 777),
        (Shape::Empirical([(9000, 3)].into()), 4096),
    ];
    let by_shape = shapes.map(|(shape, value)| (distribution(shape, 16, 4096), value));
    let by_bounds = uncertain_shapes()
        .into_iter()
        .map(|shape| (distribution(shape, 7, 7), 7));
    by_shape.into_iter().chain(by_bounds).collect()
}

#[test]
fn a_certain_value_never_makes_a_stream() {
    for (certain, value) in certain_distributions() {
        assert_eq!(certain.certain(), Some(value), "{certain:?}");
        let sampled = certain.sample_with(|| panic!("{certain:?} made a stream"));
        assert_eq!(sampled, value, "{certain:?}");
        let mut stream = streams().stream(0);
        assert_eq!(certain.sample_from(&mut stream), value);
        assert_eq!(take(&mut stream, DRAWS), alone(0), "{certain:?} drew");
    }
}

#[test]
fn an_uncertain_value_makes_exactly_one_stream() {
    for shape in uncertain_shapes() {
        let uncertain = distribution(shape, 16, 4096);
        assert_eq!(uncertain.certain(), None, "{uncertain:?}");
        let mut made = 0;
        let counted = uncertain.sample_with(|| {
            made += 1;
            streams().stream(5)
        });
        assert_eq!(made, 1, "{uncertain:?}");
        assert_eq!(counted, uncertain.sample(&streams(), 5));
        let mut stream = streams().stream(5);
        assert_eq!(counted, uncertain.sample_from(&mut stream));
        assert_ne!(
            take(&mut stream, DRAWS),
            alone(5),
            "{uncertain:?} drew nothing"
        );
    }
}

#[test]
fn an_even_interval_and_certain_pairs_make_no_stream() {
    let even = Interval::Even.exposure_with(|| panic!("even gaps made a stream"));
    assert_eq!(even, samplers::EXPOSURE_PER_ARRIVAL);
    assert_eq!(Interval::Even.component(), None);
    let pair = |input, weight| Pair {
        input: Distribution::fixed(input),
        output: Distribution::fixed(9),
        weight,
    };
    let pairs = PairDistribution::new(vec![pair(1, 0), pair(2, 5)]).unwrap();
    let lengths = pairs.sample_with(|| panic!("one pair made a stream"));
    assert_eq!(lengths, (2, 9));
    let uncertain = PairDistribution::new(vec![pair(1, 1), pair(2, 5)]).unwrap();
    assert_eq!(uncertain.certain(), None);
}

#[test]
fn a_certain_choice_leaves_the_stream_where_it_was() {
    let mut stream = streams().stream(0);
    assert_eq!(stream.below(1), 0);
    assert_eq!(samplers::uniform_inclusive(&mut stream, 9, 9), 9);
    assert_eq!(WeightedChoice::new([5]).unwrap().choose(&mut stream), 0);
    assert_eq!(
        WeightedChoice::new([0, 0, 5, 0])
            .unwrap()
            .choose(&mut stream),
        2
    );
    assert!(Share::new(3, 3).unwrap().decide(&mut stream));
    assert!(!Share::new(0, 3).unwrap().decide(&mut stream));
    assert_eq!(samplers::permutation(&mut stream, 1), [0]);
    assert_eq!(take(&mut stream, DRAWS), alone(0));
}

#[test]
fn control_an_eager_sampler_shifts_what_follows() {
    let mut stream = streams().stream(0);
    assert_eq!(eager_uniform(&mut stream, 9, 9), 9);
    assert_ne!(take(&mut stream, DRAWS), alone(0));
}
