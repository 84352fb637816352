use super::made::Made;
use super::property::{Property, PropertyRow, Word};
use super::*;

/// Tokens of an answer, by a number.
fn tokens(of: u32) -> Vec<u32> {
    (0..16).map(|n| (of * 31 + n * 7) % 251).collect()
}

/// An audit of one probe of each kind with one and two neighbours, by a server without fault.
/// `change` says what else is answered in a trial of a probe.
fn made(change: impl Fn(&str, &str, usize) -> Option<Vec<u32>>) -> Made {
    made_beside(change, (900, 2_100))
}

/// As [`made`], with neighbours whose tokens come in this span.
fn made_beside(change: impl Fn(&str, &str, usize) -> Option<Vec<u32>>, span: (u64, u64)) -> Made {
    let mut made = Made::default();
    for (number, probe) in ["flat-0", "peaked-0", "greedy-0", "unseeded-0"]
        .into_iter()
        .enumerate()
    {
        let number = number as u32;
        let mut trial = |role: &str, neighbours: usize| {
            let of = match role {
                "other_seed" if probe != "greedy-0" => number + 10,
                "again" if probe == "unseeded-0" => number + 20,
                _ => number,
            };
            let answer = change(probe, role, neighbours).unwrap_or_else(|| tokens(of));
            made.among(probe, role, &answer, &vec![span; neighbours]);
        };
        trial("alone", 0);
        trial("again", 0);
        if probe == "unseeded-0" {
            continue;
        }
        trial("other_seed", 0);
        trial("among", 1);
        trial("among", 2);
        if probe != "greedy-0" {
            trial("among_greedy", 2);
            trial("id_first", 0);
            trial("id_reused", 0);
        }
    }
    made
}

struct Judgement {
    rows: Vec<PropertyRow>,
    findings: Vec<&'static str>,
    outcome: Kept,
}

fn judge(made: &Made) -> Judgement {
    let probes = trials::probes(&made.answers, &made.rows).unwrap();
    let chance = Chance::seen(&probes);
    let rows = judge::rows(&probes, &chance);
    let findings = findings::findings(&made.answers, &made.rows, &probes, &rows, &chance);
    Judgement {
        outcome: outcome(&rows, &findings),
        findings: findings.iter().map(|finding| finding.id).collect(),
        rows,
    }
}

impl Judgement {
    fn row(&self, id: Property, neighbours: Option<u32>) -> &PropertyRow {
        let row = self
            .rows
            .iter()
            .find(|row| (row.id, row.neighbours) == (id, neighbours));
        row.expect("a row")
    }

    /// Names of the rows that fail.
    fn failing(&self) -> Vec<String> {
        let failing = self.rows.iter().filter(|row| row.word == Word::Fails);
        failing.map(PropertyRow::name).collect()
    }
}

#[test]
fn a_server_without_fault_keeps_its_promise() {
    let judged = judge(&made(|_, _, _| None));
    assert_eq!((judged.outcome, judged.findings.len()), (Kept::Kept, 0));
    let counts: Vec<_> = judged
        .rows
        .iter()
        .map(|row| (row.name(), row.passes))
        .collect();
    let expected = [
        ("reproducibility", 2),
        ("divergence", 1),
        ("isolation, 1", 2),
        ("isolation, 2", 2),
        ("continuity", 1),
        ("greedy stability", 4),
        ("greedy neighbours", 2),
        ("id reuse", 2),
    ];
    assert_eq!(
        counts,
        expected.map(|(name, passes)| (name.to_owned(), passes))
    );
    assert!(
        judged
            .rows
            .iter()
            .all(|row| row.word == Word::Holds && row.inconclusive.total() == 0)
    );
    let limit = judged.rows[0].failure_rate_at_most.unwrap();
    assert!((limit - 0.7764).abs() < 1e-4, "{limit}");
}

/// One answer is changed, and so the rows fail that compare it.
#[test]
fn each_property_fails_on_its_own() {
    type Case = (
        &'static str,
        &'static str,
        usize,
        &'static [&'static str],
        &'static [&'static str],
    );
    let cases: [Case; 7] = [
        ("flat-0", "among", 1, &["isolation, 1"], &["layer_unknown"]),
        (
            "peaked-0",
            "among",
            2,
            &["isolation, 2"],
            &["layer_unknown"],
        ),
        (
            "peaked-0",
            "among_greedy",
            2,
            &["greedy neighbours"],
            &["greedy_draws"],
        ),
        ("flat-0", "id_first", 0, &["id reuse"], &["leaky_id"]),
        ("flat-0", "id_reused", 0, &["id reuse"], &["leaky_id"]),
        (
            "greedy-0",
            "other_seed",
            0,
            &["greedy stability"],
            &["greedy_uses_seed"],
        ),
        ("greedy-0", "among", 2, &["greedy stability"], &["kernels"]),
    ];
    for (probe, role, neighbours, rows, findings) in cases {
        let changed = |p: &str, r: &str, n: usize| (p, r, n) == (probe, role, neighbours);
        let judged = judge(&made(|p, r, n| changed(p, r, n).then(|| tokens(99))));
        assert_eq!(judged.failing(), rows, "{probe} {role} {neighbours}");
        assert_eq!(judged.findings, findings, "{probe} {role} {neighbours}");
        assert_eq!(judged.outcome, Kept::Broken);
    }
}

#[test]
fn a_counter_example_names_the_requests_and_the_token() {
    let mut answer = tokens(0);
    answer[4] = 250;
    let judged = judge(&made(|p, r, n| {
        ((p, r, n) == ("flat-0", "among", 2)).then(|| answer.clone())
    }));
    let row = judged.row(Property::Isolation, Some(2));
    let example = row.counter_example.as_ref().unwrap();
    assert_eq!(
        (example.probe.as_str(), example.index_a, example.index_b),
        ("flat-0", 0, Some(5))
    );
    assert_eq!(example.at, Some(4));
    assert_eq!(example.before.as_deref(), Some(" w0 w7 w14 w21"));
    assert!(example.a.starts_with(" w28 w35"));
    assert!(example.b.as_ref().unwrap().starts_with(" w250 w35"));
    assert_eq!((row.passes, row.failures), (1, 1));
}

#[test]
fn the_same_answer_to_another_seed_fails_where_many_tokens_are_likely() {
    let judged = judge(&made(|p, r, _| {
        (r == "other_seed" && p == "flat-0").then(|| tokens(0))
    }));
    assert_eq!(judged.failing(), ["divergence"]);
    assert_eq!(judged.findings, ["seed_ignored"]);
    let row = judged.row(Property::Divergence, None);
    assert_eq!(row.counter_example.as_ref().unwrap().at, None);
    // A peaked probe may have the same answer by chance.
    let judged = judge(&made(|p, r, _| {
        (r == "other_seed" && p == "peaked-0").then(|| tokens(1))
    }));
    assert_eq!(judged.outcome, Kept::Kept);
}

#[test]
fn an_id_that_the_server_did_not_take_shows_nothing() {
    let judged = |id: Option<&str>, role: &str, answer: Option<Vec<u32>>| {
        let mut made = made(|p, r, _| answer.clone().filter(|_| (p, r) == ("flat-0", "id_reused")));
        for answer in &mut made.answers {
            if answer.labels["audit_role"].starts_with(role) {
                answer.id = id.map(str::to_owned);
            }
        }
        judge(&made)
    };
    for (id, role) in [
        (None, "id_"),
        (Some("chatcmpl-7"), "id_"),
        // Taken once, it is not reused.
        (None, "id_first"),
        (Some("chatcmpl-7"), "id_reused"),
    ] {
        let same = judged(id, role, None);
        let row = same.row(Property::IdReuse, None);
        assert_eq!((row.word, row.passes), (Word::Unknown, 0), "{id:?} {role}");
        assert_eq!(row.inconclusive.id_not_taken, 2);
        assert_eq!(row.failure_rate_at_most, None);
        assert_eq!((same.outcome, same.failing().len()), (Kept::Unproven, 0));
        // What differs convicts, whatever the id.
        let different = judged(id, role, Some(tokens(99)));
        assert_eq!(different.failing(), ["id reuse"], "{id:?} {role}");
        assert_eq!(different.findings, ["leaky_id"]);
    }
    let bare = judged(Some("audit-0123456789ab-0"), "id_", None);
    assert_eq!(bare.outcome, Kept::Kept);
}

#[test]
fn who_differs_alone_convicts_nobody_else() {
    let judged = judge(&made(|p, r, _| {
        (p == "flat-0" && r != "alone").then(|| tokens(50))
    }));
    assert_eq!(judged.failing(), ["reproducibility"]);
    assert_eq!(judged.findings, ["not_reproducible"]);
    for (id, neighbours) in [
        (Property::Isolation, Some(1)),
        (Property::GreedyNeighbours, None),
        (Property::IdReuse, None),
    ] {
        let row = judged.row(id, neighbours);
        assert_eq!(
            (row.passes, row.inconclusive.not_reproducible),
            (1, 1),
            "{id:?}"
        );
    }
    let judged = judge(&made(|p, r, _| {
        (p == "greedy-0" && r == "again").then(|| tokens(50))
    }));
    assert_eq!(judged.failing(), ["greedy stability"]);
    assert_eq!(judged.findings, ["greedy_alone"]);
}

#[test]
fn without_overlap_nothing_is_claimed() {
    // Half of the probe's time, from 1,000 to 2,000, is enough; a little less is not.
    for (span, is_enough) in [
        ((1_500, 9_000), true),
        ((1_501, 9_000), false),
        ((0, 1_499), false),
        ((2_000, 3_000), false),
    ] {
        let same = judge(&made_beside(|_, _, _| None, span));
        let different =
            |_: &str, role: &str, _: usize| role.starts_with("among").then(|| tokens(99));
        let different = judge(&made_beside(different, span));
        match is_enough {
            true => {
                assert_eq!(same.outcome, Kept::Kept);
                assert_eq!(different.failing().len(), 4);
            }
            false => {
                for judged in [same, different] {
                    assert_eq!(
                        (judged.outcome, judged.failing().len()),
                        (Kept::Unproven, 0)
                    );
                    assert_eq!(judged.findings, ["not_overlapping"]);
                    let row = judged.row(Property::Isolation, Some(2));
                    assert_eq!((row.word, row.inconclusive.no_overlap), (Word::Unknown, 2));
                    assert_eq!(row.failure_rate_at_most, None);
                    let greedy = judged.row(Property::GreedyStability, None);
                    assert_eq!((greedy.word, greedy.passes), (Word::Holds, 2));
                }
            }
        }
    }
}

#[test]
fn tokens_that_repeat_far_above_chance_are_a_reset() {
    let repeated = |times: usize| {
        let mut answer = tokens(0);
        answer[..=times].fill(3);
        answer
    };
    let judged = |times| {
        judge(&made(|p, r, _| {
            (p == "flat-0" && r != "other_seed").then(|| repeated(times))
        }))
    };
    assert_eq!(judged(2).outcome, Kept::Kept);
    let reset = judged(12);
    assert_eq!(reset.failing(), ["continuity"]);
    assert_eq!(reset.findings, ["reset"]);
    let row = reset.row(Property::Continuity, None);
    let example = row.counter_example.as_ref().unwrap();
    let repeats = example.repeats.as_ref().unwrap();
    assert_eq!((repeats.count, repeats.of), (12, 15));
    assert!(repeats.probability < 1e-3);
    assert_eq!((example.a.as_str(), example.index_b), (" w3 (#3)", None));
}

#[test]
fn where_all_answers_repeat_nothing_is_said_about_draws() {
    let loops = |p: &str, r: &str, _: usize| {
        let of = if r == "other_seed" {
            4
        } else {
            u32::from(r == "again" && p == "unseeded-0")
        };
        ["flat-0", "unseeded-0"].contains(&p).then(|| vec![of; 16])
    };
    let judged = judge(&made(loops));
    let row = judged.row(Property::Continuity, None);
    assert_eq!((row.word, row.inconclusive.not_flat), (Word::Unknown, 1));
    assert_eq!(
        (judged.findings, judged.outcome),
        (vec!["not_flat"], Kept::Unproven)
    );
    let short = judge(&made(|p, r, _| {
        (p == "flat-0" && r != "other_seed").then(|| vec![1, 2, 3])
    }));
    assert_eq!(
        short.row(Property::Continuity, None).inconclusive.no_tokens,
        1
    );
}

#[test]
fn a_default_seed_is_told_and_counted_once() {
    let judged = judge(&made(|p, _, _| (p == "unseeded-0").then(|| tokens(9))));
    assert_eq!(
        (judged.outcome, judged.findings),
        (Kept::Kept, vec!["default_seed"])
    );
    let made = made(|p, _, _| (p == "unseeded-0").then(|| tokens(9)));
    let probes = trials::probes(&made.answers, &made.rows).unwrap();
    assert_eq!(Chance::seen(&probes).of, 15);
}

#[test]
fn a_refused_seed_is_a_finding() {
    let refused = |status, said: &str, without: bool| {
        let mut made = Made::default();
        for probe in ["flat-0", "peaked-0"] {
            made.trial(probe, "alone", &tokens(0)).refused(status, said);
            made.trial(probe, "again", &tokens(0)).refused(status, said);
        }
        made.trial("greedy-0", "other_seed", &tokens(1))
            .refused(status, said);
        made.trial("greedy-0", "alone", &tokens(1));
        if !without {
            made.refused(status, said);
        }
        made
    };
    for (status, said) in [
        (
            400,
            "{\"error\":{\"message\":\"Unsupported parameter: 'Seed'\"}}",
        ),
        (422, "extra fields not permitted"),
        (501, "not there"),
    ] {
        let judged = judge(&refused(status, said, true));
        assert_eq!(judged.findings, ["seed_rejected", "errors"], "{said}");
        assert_eq!(judged.outcome, Kept::Broken);
        let row = judged.row(Property::Reproducibility, None);
        assert_eq!((row.word, row.inconclusive.no_answer), (Word::Unknown, 2));
    }
    // A server that fails, or answers nothing at all, refuses no seeds.
    let others = [
        refused(503, "no seed capital", true),
        refused(400, "seed", false),
    ];
    // Nor does one that answers a single request with a seed.
    let mut one = refused(400, "too long: {\"seed\": 7}", true);
    one.trial("flat-1", "alone", &tokens(3));
    for made in others.iter().chain([&one]) {
        let judged = judge(made);
        assert_eq!(judged.findings[0], "errors");
        assert_eq!(judged.outcome, Kept::Unproven);
    }
}

#[test]
fn a_shared_generator_changes_nearly_all_and_no_greedy_answer() {
    let changed =
        |p: &str, r: &str, _: usize| (r == "among" && p != "greedy-0").then(|| tokens(99));
    let judged = judge(&made(changed));
    assert_eq!(judged.failing(), ["isolation, 1", "isolation, 2"]);
    assert_eq!(judged.findings, ["shared_rng"]);
    // Where no greedy answer among neighbours is there to compare with, nobody is convicted.
    let mut without = made(changed);
    for (answer, row) in without.answers.iter().zip(&mut without.rows) {
        let is = |name: &str, value: &str| answer.labels[name] == value;
        if is("audit_kind", "greedy") && is("audit_role", "neighbour") {
            row.first_token_ns = row.last_token_ns;
        }
    }
    let judged = judge(&without);
    assert_eq!(judged.failing(), ["isolation, 1", "isolation, 2"]);
    assert_eq!(judged.findings, ["not_overlapping", "layer_unknown"]);
}

#[test]
fn a_peaked_answer_that_no_seed_changes_passes_nothing() {
    let judged = judge(&made(|p, r, _| {
        (p == "peaked-0" && r == "other_seed").then(|| tokens(1))
    }));
    for (id, neighbours) in [
        (Property::Reproducibility, None),
        (Property::Isolation, Some(1)),
        (Property::GreedyNeighbours, None),
        (Property::IdReuse, None),
    ] {
        let row = judged.row(id, neighbours);
        assert_eq!((row.passes, row.inconclusive.seed_inert), (1, 1), "{id:?}");
    }
    // What breaks is seen in it nevertheless.
    let judged = judge(&made(|p, r, _| {
        let of = match r {
            "other_seed" => 1,
            "among" => 99,
            _ => return None,
        };
        (p == "peaked-0").then(|| tokens(of))
    }));
    assert_eq!(judged.failing(), ["isolation, 1", "isolation, 2"]);
}

#[test]
fn a_few_tokens_in_turn_are_a_reset_too() {
    let in_turn = |p: &str, r: &str, _: usize| {
        (p == "flat-0" && r != "other_seed").then(|| (0..16).map(|n| n % 3).collect())
    };
    let judged = judge(&made(in_turn));
    assert_eq!(judged.failing(), ["continuity"]);
    let row = judged.row(Property::Continuity, None);
    let example = row.counter_example.as_ref().unwrap();
    assert_eq!(example.repeats.as_ref().unwrap().count, 13);
    assert_eq!(example.a, " w0 (#0)");
}

#[test]
fn where_a_reset_would_not_be_blamed_nothing_is_passed() {
    // Eight tokens, of which without a seed three of seven come again: even seven of seven would be no proof.
    let short = |p: &str, r: &str, _: usize| match (p, r) {
        ("unseeded-0", "alone") => Some(vec![1, 1, 1, 1, 2, 3, 4, 5]),
        ("unseeded-0", _) => Some(vec![11, 12, 13, 14, 15, 16, 17, 18]),
        ("flat-0", "other_seed") => Some(vec![7; 8]),
        ("flat-0", _) => Some(vec![9; 8]),
        _ => None,
    };
    let judged = judge(&made(short));
    let row = judged.row(Property::Continuity, None);
    assert_eq!((row.word, row.inconclusive.not_flat), (Word::Unknown, 1));
    assert_eq!(judged.outcome, Kept::Unproven);
}

#[test]
fn pieces_are_tokens_only_if_the_server_counted_as_many() {
    let judged = |counted: u32| {
        let mut made = made(|_, _, _| None);
        for (answer, row) in made.answers.iter_mut().zip(&mut made.rows) {
            answer.token_ids = None;
            row.usage_output = counted;
        }
        judge(&made).row(Property::Continuity, None).clone()
    };
    assert_eq!(judged(16).word, Word::Holds);
    for counted in [17, schemas::layout::NONE_U32] {
        assert_eq!(judged(counted).inconclusive.no_tokens, 1, "{counted}");
    }
}

#[test]
fn what_a_server_says_moves_no_cursor_and_turns_no_line() {
    let mut made = Made::default();
    made.trial("flat-0", "alone", &tokens(0))
        .refused(500, "a\u{1b}[2K\n\u{202e}b");
    let probes = trials::probes(&made.answers, &made.rows).unwrap();
    let chance = Chance::seen(&probes);
    let rows = judge::rows(&probes, &chance);
    let findings = findings::findings(&made.answers, &made.rows, &probes, &rows, &chance);
    assert!(
        findings[0].text.ends_with("(a?[2K ?b)"),
        "{}",
        findings[0].text
    );
}

#[test]
fn what_is_no_trial_is_refused() {
    let mut made = Made::default();
    made.trial("flat-0", "alone", &tokens(0));
    let told = |made: &Made| {
        format!(
            "{:#}",
            trials::probes(&made.answers, &made.rows).unwrap_err()
        )
    };
    let mut two = Made::default();
    two.among("flat-0", "neighbour", &tokens(0), &[]);
    assert_eq!(
        told(&two),
        "stage 0 of the workload is no trial of an audit: 0 of its requests are no neighbours, not one"
    );
    made.answers[0]
        .labels
        .insert("audit_role".into(), "beside".into());
    assert!(
        told(&made).contains("unknown variant `beside`"),
        "{}",
        told(&made)
    );
    made.answers[0].labels.remove("audit_kind");
    assert!(
        told(&made).contains("request 0 has no label audit_kind"),
        "{}",
        told(&made)
    );
}
