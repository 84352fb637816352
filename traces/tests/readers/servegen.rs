//! The ServeGen reader.

use std::fs;
use std::path::Path;

use traces::TraceError;
use traces::servegen::{Family, Population, Window, fingerprint, read_directory};

use crate::{gzip, sample, sha256};

fn population() -> Population {
    read_directory(&sample("servegen_sample")).unwrap()
}

#[test]
fn clients_windows_and_histograms_read_exactly() {
    let population = population();
    let ids: Vec<u64> = population.clients.iter().map(|client| client.id).collect();
    assert_eq!(ids, [2, 10]);
    let client = &population.clients[0];
    let window = |start_s, rate_microhertz, family, shape| Window {
        start_s,
        rate_microhertz,
        family,
        shape,
    };
    assert_eq!(
        client.windows,
        [
            window(0, 1_331_667, Family::Weibull, 0.375),
            window(1800, 150_000, Family::Gamma, 0.0604),
        ]
    );
    let [first, last] = &client.lengths[..] else {
        panic!("two histograms expected");
    };
    assert_eq!(
        first.input,
        [(224, 500_000_000_000), (300, 250_000_000_000)]
    );
    assert_eq!(first.output, [(40, 157_604_413), (41, 999_842_395_587)]);
    assert_eq!(last.input, [(7, 1_000_000_000_000)]);
    assert_eq!(last.output, [(2, 10_000_000), (3, 999_990_000_000)]);
}

#[test]
fn a_fingerprint_is_what_reading_gives_and_moves_with_a_byte() {
    let read = population();
    let said = fingerprint(&sample("servegen_sample")).unwrap();
    assert_eq!(said, (read.sha256, read.bytes));
    let directory = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(sample("servegen_sample")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    assert_eq!(fingerprint(directory.path()).unwrap(), said);
    let file = directory.path().join("chunk-10-dataset.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.clone() + " ").unwrap();
    let other = fingerprint(directory.path()).unwrap();
    assert_ne!(other.0, said.0);
    assert_eq!(other.1, said.1 + 1);
    fs::remove_file(&file).unwrap();
    let error = fingerprint(directory.path()).unwrap_err().to_string();
    assert!(error.contains("client 10 has no file"), "{error}");
}

#[test]
fn every_row_and_every_histogram_is_accounted_for() {
    let population = population();
    let account = &population.accounting;
    assert_eq!((account.rows_read, account.emitted), (6, 3));
    assert_eq!(account.rows_read, account.emitted + account.dropped());
    let named: Vec<_> = account
        .drops
        .iter()
        .map(|d| (d.reason.name(), &d.first_rows[..]))
        .collect();
    let expected = [
        ("idle", &[1][..]),
        ("no_pattern", &[2][..]),
        ("zero_rate", &[4][..]),
    ];
    assert_eq!(named, expected);
    assert_eq!(account.ignored_columns, ["README.md"]);
    let lengths = &population.lengths_accounting;
    assert_eq!(
        (lengths.rows_read, lengths.emitted, lengths.dropped()),
        (4, 3, 1)
    );
    assert_eq!(lengths.drops[0].first_rows, [1]);
    assert_eq!(lengths.ignored_columns, ["reason_tokens"]);
    assert_eq!(population.zero_token_entries, 1);
}

#[test]
fn the_histogram_before_a_dropped_one_holds_on() {
    let client = &population().clients[0];
    let start = |at_s| client.lengths_at(at_s).map(|lengths| lengths.start_s);
    assert_eq!(
        [start(0), start(1200), start(1799), start(1800), start(9999)],
        [Some(0), Some(0), Some(0), Some(1800), Some(1800)]
    );
    let later = traces::servegen::Client {
        lengths: client.lengths[1..].to_vec(),
        ..client.clone()
    };
    assert_eq!(later.lengths_at(600), None);
}

#[test]
fn the_hash_is_that_of_the_list_that_sha256sum_prints() {
    let mut list = String::new();
    let mut bytes = 0;
    // In order of bytes: 10 before 2.
    for name in [
        "chunk-10-dataset.json",
        "chunk-10-trace.csv",
        "chunk-2-dataset.json",
        "chunk-2-trace.csv",
    ] {
        let file = fs::read(sample("servegen_sample").join(name)).unwrap();
        bytes += file.len() as u64;
        list += &format!("{}  {name}\n", crate::hex(&sha256(&file)));
    }
    let population = population();
    assert_eq!(population.sha256, sha256(list.as_bytes()));
    assert_eq!(population.bytes, bytes);
}

const TRACE: &str = "0,2,1.0,Gamma,1.0,0.5\n";
const DATASET: &str = r#"{"0": {"input_tokens": "{5: 1.0}", "output_tokens": "{6: 1.0}"}}"#;

fn read(directory: &Path, trace: &[u8], dataset: &[u8]) -> Result<Population, TraceError> {
    fs::write(directory.join("chunk-7-trace.csv"), trace).unwrap();
    fs::write(directory.join("chunk-7-dataset.json"), dataset).unwrap();
    read_directory(directory)
}

#[test]
fn packed_files_read_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let plain = read(directory.path(), TRACE.as_bytes(), DATASET.as_bytes()).unwrap();
    let (trace, dataset) = (gzip(TRACE.as_bytes()), gzip(DATASET.as_bytes()));
    let packed = read(directory.path(), &trace, &dataset).unwrap();
    assert_eq!(packed.clients, plain.clients);
    assert_ne!(packed.sha256, plain.sha256);
    let error = read(directory.path(), &trace, &dataset[..20]).unwrap_err();
    assert!(matches!(error, TraceError::Gzip { .. }), "{error}");
    let error = read(directory.path(), &trace[..20], &dataset).unwrap_err();
    assert!(matches!(error, TraceError::Gzip { .. }), "{error}");
}

#[test]
fn wrong_windows_name_line_row_and_field() {
    for (row, said) in [
        ("600,1,1,Gamma,1", "it has 5 fields, not 6"),
        ("600,1,1,Gamma,1,1,1", "it has 7 fields, not 6"),
        (
            "x,1,1,Gamma,1,1",
            "start: \"x\" is not a whole number of seconds",
        ),
        (
            "600.5,1,1,Gamma,1,1",
            "start: \"600.5\" is not a whole number of seconds",
        ),
        ("599,1,1,Gamma,1,1", "it starts at 599 s, before 600 s"),
        ("600,-1,1,Gamma,1,1", "rate: \"-1\" is not a number from 0"),
        (
            "600,NaN,1,Gamma,1,1",
            "rate: \"NaN\" is not a number from 0",
        ),
        ("600,1,inf,Gamma,1,1", "cv: \"inf\" is not a number from 0"),
        (
            "600,1,1,Pareto,1,1",
            "family: \"Pareto\" is neither Gamma nor Weibull",
        ),
        ("600,1,1,Gamma,0,1", "shape: \"0\" is not above 0"),
        ("600,1,1,Weibull,,1", "shape: \"\" is not a number from 0"),
        ("600,1,1,Gamma,1,-2", "scale: \"-2\" is not a number from 0"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let trace = format!("{TRACE}\r\n{row}");
        let error = read(directory.path(), trace.as_bytes(), DATASET.as_bytes()).unwrap_err();
        let place = format!("chunk-7-trace.csv:3: window row 1: {said}\n  help: ");
        assert!(error.is_users_fault());
        assert!(
            error.to_string().contains(&place),
            "{error}\nis not\n{place}"
        );
    }
}

#[test]
fn wrong_datasets_name_window_and_field() {
    let of_input = |input: &str| DATASET.replace("{5: 1.0}", input);
    for (dataset, said) in [
        (String::new(), "not a dataset: EOF"),
        (
            "[]".to_owned(),
            "not a dataset: invalid type: sequence, expected an object",
        ),
        (
            DATASET.replace("\"{6: 1.0}\"", "{}"),
            "not a dataset: invalid type: map, expected a string",
        ),
        (
            "version https://git-lfs.github.com/spec/v1\n".to_owned(),
            "not a dataset: expected value",
        ),
        (
            DATASET.replace("\"0\"", "\"x\""),
            "window \"x\" is no later second",
        ),
        (
            DATASET.replace("input_tokens", "text_tokens"),
            "window 0: prompts of several media",
        ),
        (
            DATASET.replace("output_tokens", "outputs"),
            "window 0, field output_tokens: it is missing",
        ),
        (
            DATASET.replace("output_tokens", "input_tokens"),
            "window 0, field input_tokens: it stands twice",
        ),
        (
            of_input("5: 1.0"),
            "window 0, field input_tokens: \"5: 1.0\" is not in braces",
        ),
        (
            of_input("{5 1.0}"),
            "window 0, field input_tokens: \"5 1.0\" is not tokens: probability",
        ),
        (
            of_input("{5: nan}"),
            "window 0, field input_tokens: \"5: nan\" is not tokens: probability",
        ),
        (
            of_input("{5: -0.5}"),
            "window 0, field input_tokens: \"5: -0.5\" is not tokens: probability",
        ),
        (
            of_input("{5.5: 1.0}"),
            "window 0, field input_tokens: \"5.5: 1.0\" is not tokens: probability",
        ),
        (
            of_input("{99999999: 1.0}"),
            "window 0, field input_tokens: \"99999999: 1.0\" is not tokens",
        ),
        (
            of_input("{5: 0.5, 5: 0.5}"),
            "window 0, field input_tokens: 5 tokens stand twice",
        ),
        (
            of_input("{5: 0.9}"),
            "window 0, field input_tokens: the probabilities sum to 900000000000 / ",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let error = read(directory.path(), TRACE.as_bytes(), dataset.as_bytes()).unwrap_err();
        let place = format!("chunk-7-dataset.json: {said}");
        assert!(
            error.to_string().contains(&place),
            "{error}\nis not\n{place}"
        );
        assert!(error.to_string().contains("\n  help: "), "{error}");
        let pointer = dataset.starts_with("version ");
        assert_eq!(
            error.to_string().contains("git lfs pull"),
            pointer,
            "{error}"
        );
    }
}

#[test]
fn a_client_needs_both_files_and_a_directory_a_client() {
    let directory = tempfile::tempdir().unwrap();
    let said = || read_directory(directory.path()).unwrap_err().to_string();
    // None of these is how ServeGen writes a client's name.
    for name in [
        "chunk-+1-trace.csv",
        "chunk-01-trace.csv",
        "chunk--trace.csv",
        "chunk-1-trace.csv.bak",
    ] {
        fs::write(directory.path().join(name), TRACE).unwrap();
    }
    assert!(
        said().contains(": no file chunk-<i>-trace.csv\n  help: "),
        "{}",
        said()
    );
    fs::write(directory.path().join("chunk-1-trace.csv"), TRACE).unwrap();
    assert!(
        said().contains(": client 1 has no file chunk-1-dataset.json\n  help: "),
        "{}",
        said()
    );
    fs::write(directory.path().join("chunk-1-dataset.json"), DATASET).unwrap();
    let population = read_directory(directory.path()).unwrap();
    assert_eq!(population.accounting.ignored_columns.len(), 4);

    let no_directory = directory.path().join("chunk-1-trace.csv");
    assert!(read_directory(&no_directory).unwrap_err().is_users_fault());
}
