//! Audits: which trials there are, what each of them sends, and that nobody's draws depend on how
//! many others there are.

#[path = "audit/drawn.rs"]
mod drawn;
#[path = "audit/sent.rs"]
mod sent;
#[path = "audit/trials.rs"]
mod trials;

use compiler::compile::{Job, compile};
use schemas::layout::RequestRecord;
use schemas::reader::Workload;
use serde_json::Value;
use std::collections::BTreeMap;

/// An audit that is small and has every role.
const SMALL: &str = "\
seed: 7
api: {type: chat, streaming: true}
models: [{name: m}]
audit: {probes: 2, neighbours: [1, 4], gap: 3ms, pause: 9ms}
";

/// A request of a workload, as the tests look at it.
#[derive(Clone, Debug)]
struct Sent {
    stage: String,
    record: RequestRecord,
    labels: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Sent {
    fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    fn is_probe(&self) -> bool {
        self.label("audit_role") != "neighbour"
    }
}

/// Compiles `spec` with these overrides; gives the file's bytes and what is in it.
fn made(spec: &str, sets: &[&str]) -> (Vec<u8>, Workload) {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("s.wlc");
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let job = Job {
        spec_text: spec,
        spec_name: "s.yaml",
        directory: directory.path(),
        sets: &sets,
        seed: None,
        target: &target,
    };
    if let Err(error) = compile(&job, &mut |_, _| true) {
        panic!("{sets:?}: {error}");
    }
    let bytes = std::fs::read(&target).unwrap();
    (bytes, Workload::open(&target).unwrap())
}

/// All requests of what `spec` compiles to, in order.
fn sent(spec: &str, sets: &[&str]) -> Vec<Sent> {
    let (_, workload) = made(spec, sets);
    let tables = workload.tables();
    let pairs = |list: u32| -> BTreeMap<String, String> {
        let pairs = tables.named_pairs(list).unwrap().into_iter();
        pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    };
    let requests = workload.requests().iter().zip(0..);
    let of = |(record, index): (&RequestRecord, u64)| {
        let stage = &workload.stages()[record.stage.get() as usize];
        let body = workload.body_bytes(index).unwrap().expect("a whole body");
        Sent {
            stage: tables.string(stage.name.get()).unwrap().to_owned(),
            record: *record,
            labels: pairs(record.labels.get()),
            headers: pairs(record.headers.get()),
            body: serde_json::from_slice(&body).unwrap(),
        }
    };
    requests.map(of).collect()
}

/// The probes themselves, by the names of their stages.
fn probes(sent: &[Sent]) -> BTreeMap<&str, &Sent> {
    let probes = sent.iter().filter(|one| one.is_probe());
    probes.map(|one| (&*one.stage, one)).collect()
}
