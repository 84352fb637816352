//! Text that many bodies share is in the file once.

mod compiled;

use compiled::compiled;

const NAMES: usize = 200;
const TOOL_BYTES: usize = 100_000;

/// The size of a workload whose requests go to many adapters and offer a tool with a description
/// of so many bytes.
fn size(description: usize) -> u64 {
    let adapters: Vec<String> = (0..NAMES)
        .map(|i| format!("{{name: adapter-{i}, split: 0.005}}"))
        .collect();
    let spec = format!(
        "seed: 7\nmodels: m\nlora_traffic_split: [{}]\n\
         api: {{type: chat, streaming: true, tools: [{{type: function, function: {{name: f, description: {}}}}}]}}\n\
         data: {{type: synthetic, input_distribution: 20, output_distribution: 5}}\n\
         load: {{type: constant, stages: [{{rate: 10, duration: 30}}]}}\n",
        adapters.join(", "),
        "x".repeat(description)
    );
    compiled(&spec, &[]).unwrap().finished.file_bytes
}

#[test]
fn tools_are_in_the_file_once_for_all_adapters() {
    let (short, long) = (size(1), size(TOOL_BYTES));
    // Once in a body's head, and once in the spec that the file carries.
    let more = long - short;
    assert!(more < 3 * TOOL_BYTES as u64, "{more} bytes more");
}
