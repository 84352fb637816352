//! Hand-made answers and records for the tests of the judge.

use super::continuity::Chance;
use super::findings::Finding;
use super::property::{CounterExample, Judged, Property, PropertyRow, Repeats, Why};
use super::trials::Kind;
use super::{Audit, Kept, Requests};
use crate::analysis::row::Row;
use crate::answer_file::Answer;
use schemas::layout::NONE_U64;
use schemas::record_file::{Place, RecordView};
use schemas::records::{ErrorClass, NONE_U16, Outcome, ResultRecord};
use std::collections::BTreeMap;
use zerocopy::FromZeros;

/// An answer without labels, in stage 0.
pub fn answer(index: u64, pieces: &[&str], ids: Option<&[u32]>) -> Answer {
    Answer {
        index,
        stage: 0,
        labels: BTreeMap::new(),
        sha256: None,
        pieces: pieces.iter().map(|piece| (*piece).to_owned()).collect(),
        token_ids: ids.map(<[u32]>::to_vec),
        id: None,
        error: None,
    }
}

/// What an audit may show of a server that says `said` wherever it can: a row that holds, two that
/// fail, one that is unknown, and a finding.
pub fn broken(said: &str) -> Audit {
    let difference = CounterExample {
        probe: "flat-0".to_owned(),
        index_a: 0,
        index_b: Some(9),
        at: Some(1),
        before: Some(said.to_owned()),
        a: said.to_owned(),
        b: Some(format!("{said}{said}")),
        repeats: None,
    };
    let repeats = CounterExample {
        index_b: None,
        at: None,
        before: None,
        b: None,
        repeats: Some(Repeats {
            count: 17,
            of: 31,
            probability: 1.25e-20,
        }),
        ..difference.clone()
    };
    let row = |id, neighbours, judged: Vec<Judged>| PropertyRow::of(id, neighbours, judged);
    Audit {
        outcome: Kept::Broken,
        content_hash: "c0ffee".to_owned(),
        probes: BTreeMap::from([(Kind::Flat, 2), (Kind::Greedy, 2)]),
        requests: Requests { sent: 20, ok: 19 },
        confidence: 0.95,
        properties: vec![
            row(
                Property::Reproducibility,
                None,
                vec![Judged::Pass, Judged::Pass],
            ),
            row(Property::Isolation, Some(5), vec![Judged::Fail(difference)]),
            row(Property::Continuity, None, vec![Judged::Fail(repeats)]),
            row(Property::IdReuse, None, vec![Judged::Says(Why::NoAnswer)]),
        ],
        continuity: Chance {
            of: 0,
            repeats: 0,
            chance_at_most: None,
        },
        findings: vec![Finding {
            id: "errors",
            text: format!("1 of 20 requests: {said}"),
        }],
    }
}

/// An audit that is put together trial by trial.
#[derive(Default)]
pub struct Made {
    /// The answers, by index.
    pub answers: Vec<Answer>,
    /// As many rows.
    pub rows: Vec<Row>,
    stages: u32,
}

/// When the tokens of a request came, in ns: from the first to the last.
type Span = (u64, u64);
/// The tokens of a probe come then.
const SPAN: Span = (1_000, 2_000);

impl Made {
    /// A trial of the probe `KIND-0`: it gets this answer, without neighbours.
    pub fn trial(&mut self, probe: &str, role: &str, tokens: &[u32]) -> &mut Self {
        self.among(probe, role, tokens, &[])
    }

    /// A trial whose neighbours' tokens come in these spans.
    pub fn among(&mut self, probe: &str, role: &str, tokens: &[u32], spans: &[Span]) -> &mut Self {
        self.request(probe, role, tokens, SPAN);
        for span in spans {
            self.request(probe, "neighbour", &[7, 8, 9], *span);
        }
        self.stages += 1;
        self
    }

    /// The last request, as the server refused it.
    pub fn refused(&mut self, status: u16, said: &str) -> &mut Self {
        let (answer, row) = (
            self.answers.last_mut().unwrap(),
            self.rows.last_mut().unwrap(),
        );
        answer.pieces.clear();
        answer.token_ids = None;
        answer.error = Some(said.to_owned());
        row.outcome = Outcome::Error as u8;
        row.error_class = ErrorClass::Status as u8;
        row.http_status = status;
        (row.first_token_ns, row.last_token_ns) = (NONE_U64, NONE_U64);
        self
    }

    fn request(&mut self, probe: &str, role: &str, tokens: &[u32], span: Span) {
        let index = self.answers.len() as u64;
        let pieces: Vec<String> = tokens.iter().map(|id| format!(" w{id}")).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let kind = probe.split('-').next().unwrap();
        let labels = [
            ("audit_probe", probe),
            ("audit_kind", kind),
            ("audit_role", role),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let is_named = role.starts_with("id_");
        self.answers.push(Answer {
            stage: self.stages,
            id: is_named.then(|| "chatcmpl-audit-0".to_owned()),
            labels: BTreeMap::from(labels),
            ..answer(index, &pieces, Some(tokens))
        });
        self.rows.push(row(index, span, tokens.len() as u32));
    }
}

fn row(index: u64, span: Span, tokens: u32) -> Row {
    let mut record = ResultRecord::new_zeroed();
    record.index = index.into();
    record.sent_ns = 1.into();
    record.first_token_ns = span.0.into();
    record.last_token_ns = span.1.into();
    record.outcome = Outcome::Ok as u8;
    record.http_status = 200.into();
    record.token_count = tokens.into();
    record.usage_output = tokens.into();
    let view = RecordView {
        record: &record,
        place: Place {
            offset: 0,
            bytes: 0,
        },
        bytes: &[],
        sent_sha256: None,
        token_ns: &[],
    };
    Row {
        population: NONE_U16,
        ..Row::of(&view)
    }
}
