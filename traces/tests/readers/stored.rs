//! Files as they are stored: compressed, cut off, or led by byte order marks.

use traces::{TraceError, azure, mooncake};

use crate::{gzip, sample, sha256};

fn plain() -> Vec<u8> {
    std::fs::read(sample("azure_code_sample.csv")).unwrap()
}

#[test]
fn gzip_reads_the_same_events_whatever_the_file_is_called() {
    let packed = gzip(&plain());
    let trace = azure::read(&packed[..], "trace.csv").unwrap();
    let direct = azure::read(&plain()[..], "trace.csv").unwrap();
    assert_eq!(trace.events, direct.events);
    assert_eq!(trace.accounting, direct.accounting);
    assert_eq!(
        (trace.sha256, trace.bytes),
        (sha256(&packed), packed.len() as u64)
    );
    assert_ne!(trace.sha256, direct.sha256);

    let jsonl = std::fs::read(sample("mooncake_sample.jsonl")).unwrap();
    let packed = mooncake::read(&gzip(&jsonl)[..], "t", 512).unwrap();
    assert_eq!(
        packed.events,
        mooncake::read(&jsonl[..], "t", 512).unwrap().events
    );
}

#[test]
fn gzip_in_several_members_is_one_file() {
    let text = plain();
    let (front, back) = text.split_at(text.len() / 3);
    let packed = [gzip(front), gzip(back)].concat();
    let trace = azure::read(&packed[..], "t").unwrap();
    assert_eq!(trace.events.len(), 20);
    assert_eq!(
        (trace.sha256, trace.bytes),
        (sha256(&packed), packed.len() as u64)
    );
}

#[test]
fn gzip_cut_off_anywhere_or_damaged_is_an_error_and_the_users() {
    let packed = gzip(&plain());
    for length in 2..packed.len() {
        let error = azure::read(&packed[..length], "t").unwrap_err();
        assert!(
            matches!(error, TraceError::Gzip { .. }),
            "{length}: {error}"
        );
        assert!(error.is_users_fault());
    }
    let mut damaged = packed;
    // In the checksum, so that only the end of the file gives it away.
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    let error = azure::read(&damaged[..], "t").unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("t: the gzip data is cut off or damaged: "),
        "{said}"
    );
    assert!(said.contains("\n  help: download the file again"), "{said}");
}

#[test]
fn one_byte_order_mark_is_no_data_and_a_second_one_is_an_error() {
    let mark = "\u{feff}".as_bytes();
    let jsonl = std::fs::read(sample("mooncake_sample.jsonl")).unwrap();
    let events = mooncake::read(&jsonl[..], "t", 512).unwrap().events;
    let marked = [mark, &jsonl].concat();
    assert_eq!(
        mooncake::read(&marked[..], "t", 512).unwrap().events,
        events
    );
    let marked = [mark, mark, &jsonl].concat();
    let error = mooncake::read(&marked[..], "t", 512)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("t:1: the file begins with two byte order marks\n  help: "),
        "{error}"
    );

    let marked = [mark, mark, &plain()].concat();
    let error = azure::read(&marked[..], "t").unwrap_err();
    assert!(
        matches!(error, TraceError::TwoByteOrderMarks { .. }),
        "{error}"
    );
}
