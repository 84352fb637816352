//! How long prompts and answers are.

use super::PlannedRequest;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::{Distribution, Shape};
use crate::spec::LengthSpec;
use rayon::prelude::*;

/// Draws both lengths of every request; gives the components that were drawn from.
pub fn draw(
    input: &LengthSpec,
    output: &LengthSpec,
    seed: Seed,
    requests: &mut [PlannedRequest],
) -> Vec<Component> {
    let (input, output) = (distribution(input), distribution(output));
    let input_streams = Streams::new(seed, Component::PromptLength);
    let output_streams = Streams::new(seed, Component::MaxTokens);
    // The bounds of a spec are 32-bit, and so is every length between them.
    requests.par_iter_mut().for_each(|request| {
        request.input_tokens = input.sample(&input_streams, request.ordinal) as u32;
        request.output_tokens = output.sample(&output_streams, request.ordinal) as u32;
    });
    let drawn = [
        (input, Component::PromptLength),
        (output, Component::MaxTokens),
    ];
    drawn
        .into_iter()
        .filter(|(lengths, _)| lengths.certain().is_none())
        .map(|(_, component)| component)
        .collect()
}

fn distribution(spec: &LengthSpec) -> Distribution {
    let (shape, min, max) = match *spec {
        LengthSpec::Fixed { tokens } => return Distribution::fixed(u64::from(tokens)),
        LengthSpec::Uniform { min, max } => (Shape::Uniform, min, max),
        LengthSpec::Normal {
            mean,
            std_dev,
            min,
            max,
        } => (Shape::Normal { mean, std_dev }, min, max),
        LengthSpec::LogNormal {
            mean,
            std_dev,
            min,
            max,
        } => (Shape::LogNormal { mean, std_dev }, min, max),
    };
    Distribution::new(shape, u64::from(min), u64::from(max)).expect("the spec was checked")
}
