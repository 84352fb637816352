//! What the user should know although nothing is wrong: printed on stderr, never in the file.

use crate::dataset::LeftOut;
use crate::payload::stops_early;
use crate::plan::set::Set;
use crate::plan::{Plan, Population, PopulationTraces, Replayed};
use crate::samplers::Distribution;
use crate::spec::{Lengths, Load, Sampling, Spec, TraceRef};
use std::collections::BTreeSet;
use traces::{Accounting, Columns, NONE, servegen};

/// What was counted while requests were made.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Blocks of a trace that may share their first word with another.
    pub shared_leads: u64,
    /// Requests that are to be abandoned at a token which their answer does not have.
    pub late_cancels: u64,
    /// Prompts that the server's template alone makes longer than asked.
    pub exceeded: u64,
}

/// Every note about a compile.
pub fn notes(
    spec: &Spec,
    plan: &Plan,
    traces: &[PopulationTraces],
    counted: &Counted,
) -> Vec<String> {
    let mut notes = spec.notes.clone();
    for population in &plan.populations {
        // A body of a data set says itself how long its answer may be.
        let why = stops_early(spec.server, population.spec.api.kind);
        if let Some(why) = why.filter(|_| !population.is_raw()) {
            notes.push(format!(
                "the server may answer with fewer tokens than asked: {why}"
            ));
        }
    }
    for (population, traces) in plan.populations.iter().zip(traces) {
        about_traces(population, traces, &mut notes);
        if let Some(set) = &population.set {
            about_set(population, set, &mut notes);
        }
        if drops_parameters(&population.spec.sampling) {
            notes.push(
                "requests with temperature 0 send no other sampling parameter: the server then \
                 takes the likeliest token and draws nothing"
                    .to_owned(),
            );
        }
    }
    let Counted {
        shared_leads,
        late_cancels,
        exceeded,
    } = *counted;
    if shared_leads > 0 {
        notes.push(format!(
            "{shared_leads} blocks of the trace may share their first words with another, because more blocks follow one block than there are words"
        ));
    }
    if late_cancels > 0 {
        notes.push(format!(
            "{late_cancels} requests are to be abandoned at a token beyond their answer's length and will end by themselves"
        ));
    }
    if exceeded > 0 {
        notes.push(format!(
            "{exceeded} prompts have one token of text and count more than asked, because `tokenizer.template_overhead` alone is as long"
        ));
    }
    let mut told = BTreeSet::new();
    notes.retain(|note| told.insert(note.clone()));
    notes
}

/// Whether some requests have temperature 0 and a spec that says more.
fn drops_parameters(sampling: &Sampling) -> bool {
    let may_be_zero = |temperature: &Distribution| temperature.bounds().0 == 0;
    let more = sampling.top_p.is_some() || sampling.top_k.is_some() || sampling.seed;
    more && sampling.temperature.as_ref().is_some_and(may_be_zero)
}

fn about_traces(population: &Population, traces: &PopulationTraces, notes: &mut Vec<String>) {
    if let Load::Trace { trace: named, .. } = &population.spec.load {
        match &traces.replayed {
            Some(Replayed::Rows(trace)) => about(named, &trace.accounting, notes),
            Some(Replayed::Clients(clients)) => about_clients(named, clients, notes),
            None => {}
        }
        if let Some(rows) = population.rows() {
            about_columns(named, &rows.trace().columns, notes);
        }
    }
    if let (Lengths::FromOtherTrace(named), Some(trace)) =
        (&population.spec.data.lengths, &traces.lengths)
    {
        about(named, &trace.accounting, notes);
        if trace.columns.blocks.is_some() {
            notes.push(format!(
                "{}: gives lengths only; its blocks are used where `load.trace` replays it",
                named.file
            ));
        }
    }
}

/// What of a data set is not sent, and what it does not say.
fn about_set(population: &Population, set: &Set, notes: &mut Vec<String>) {
    let (path, data) = (&set.named.path, &set.fitted.set);
    for (reason, rows) in LeftOut::ALL.iter().zip(&data.account.left_out) {
        if rows.count > 0 {
            notes.push(format!(
                "{path}: {} conversations left out ({}): lines {}",
                rows.count,
                reason.name(),
                listed(&rows.first_lines, rows.count)
            ));
        }
    }
    if population.spec.load != Load::Schedule {
        let timed = data
            .turns
            .iter()
            .filter(|turn| turn.at_ns.is_some())
            .count();
        if timed > 0 {
            notes.push(format!(
                "{path}: {timed} turns have a `timestamp`, which only `load: {{type: fixed_schedule}}` follows"
            ));
        }
    }
    let firsts = data
        .conversations
        .iter()
        .map(|c| &data.turns[c.turns.start as usize]);
    let delayed = firsts.filter(|turn| turn.delay_ns.is_some()).count();
    if delayed > 0 {
        notes.push(format!(
            "{path}: {delayed} conversations begin with a `delay`, which is not waited for: nothing stands before them"
        ));
    }
    if population.spec.api.kind.generates() && set.takes_default_output() {
        notes.push(format!(
            "{path}: turns without `output_length` and recorded answer are answered with \
             normal(512, 200, min=10, max=1024) tokens, inference-perf's default; \
             `data.output_distribution` sets another"
        ));
    }
}

/// What a trace knows that is not sent.
fn about_columns(named: &TraceRef, columns: &Columns, notes: &mut Vec<String>) {
    let some = |count: &u32| *count > 0 && *count != NONE;
    if columns.images.iter().any(some) {
        notes.push(format!(
            "{}: its images are not sent; each request's number of them is its label trace_images",
            named.file
        ));
    }
    if columns.blocks.is_none() && columns.previous.iter().any(|row| *row != NONE) {
        notes.push(format!(
            "{}: a turn waits for the one before it, but repeats nothing of it: the trace tells lengths only",
            named.file
        ));
    }
}

fn about_clients(named: &TraceRef, clients: &servegen::Population, notes: &mut Vec<String>) {
    about(named, &clients.accounting, notes);
    about(named, &clients.lengths_accounting, notes);
    if clients.zero_token_entries > 0 {
        notes.push(format!(
            "{}: {} entries of histograms are for 0 tokens and left out",
            named.file, clients.zero_token_entries
        ));
    }
    let mute = clients
        .clients
        .iter()
        .filter(|client| client.lengths.is_empty());
    let mute: Vec<String> = mute.map(|client| client.id.to_string()).collect();
    if !mute.is_empty() {
        notes.push(format!(
            "{}: clients without lengths send nothing: {}",
            named.file,
            mute.join(", ")
        ));
    }
}

fn about(named: &TraceRef, account: &Accounting, notes: &mut Vec<String>) {
    let file = &named.file;
    for drops in account.drops.iter().filter(|drops| drops.count > 0) {
        notes.push(format!(
            "{file}: {} rows left out ({}): rows {}",
            drops.count,
            drops.reason.name(),
            listed(&drops.first_rows, drops.count)
        ));
    }
    if account.inversions > 0 {
        notes.push(format!(
            "{file}: {} rows stood before an earlier one and were sorted by time",
            account.inversions
        ));
    }
    let traces::Counted { count, first_rows } = &account.unlinked;
    if *count > 0 {
        notes.push(format!(
            "{file}: {count} rows name an earlier turn that cannot be replayed and begin conversations of their own: rows {}",
            listed(first_rows, *count)
        ));
    }
}

/// The first rows, and whether there are more.
fn listed(rows: &[u64], count: u64) -> String {
    let named: Vec<String> = rows.iter().map(u64::to_string).collect();
    let more = if count > rows.len() as u64 {
        " …"
    } else {
        ""
    };
    format!("{}{more}", named.join(", "))
}
