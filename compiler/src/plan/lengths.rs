//! How long prompts and answers are.

use super::PlannedRequest;
use crate::plan::samplers::LengthDistribution;
use crate::rng::{Component, Seed, Streams};
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
    requests.par_iter_mut().for_each(|request| {
        request.input_tokens = input.sample(&input_streams, request.ordinal);
        request.output_tokens = output.sample(&output_streams, request.ordinal);
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

fn distribution(spec: &LengthSpec) -> LengthDistribution {
    let distribution = match *spec {
        LengthSpec::Fixed { tokens } => LengthDistribution::Fixed(tokens),
        LengthSpec::Uniform { min, max } => LengthDistribution::Uniform { min, max },
        LengthSpec::Normal {
            mean,
            std_dev,
            min,
            max,
        } => LengthDistribution::Normal {
            mean,
            std_dev,
            min,
            max,
        },
        LengthSpec::LogNormal {
            mean,
            std_dev,
            min,
            max,
        } => LengthDistribution::LogNormal {
            mean,
            std_dev,
            min,
            max,
        },
    };
    distribution.check().expect("the spec was checked");
    distribution
}
