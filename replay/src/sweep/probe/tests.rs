//! The ladder against a simulated server of known capacity.

use super::*;
use crate::analysis::row::Row;
use crate::sweep::measure;
use crate::sweep::rescale::Paced;
use crate::sweep::simulated::Fifo;
use schemas::kinds::StartKind;
use schemas::layout::{RequestRecord, StageRecord};
use schemas::record_file::{Place, RecordView};
use schemas::records::{ErrorClass, Outcome, ResultRecord};
use zerocopy::FromZeros;

const SERVER: Fifo = Fifo {
    places: 20,
    service_ns: 100_000_000,
};
/// From an answer to the next request: a client and its network.
const GAP_NS: u64 = 300_000;

fn settings() -> LadderSettings {
    LadderSettings {
        most: MOST_IN_FLIGHT,
        available: 100_000,
        ..LadderSettings::default()
    }
}

fn answered(ends_ns: Vec<u64>) -> RungResult {
    RungResult {
        directory: "probe".into(),
        landed: ends_ns.len() as u64,
        ends_ns,
        timed_share: 1.0,
        failed: 0,
        client: Client::default(),
    }
}

/// A record, as the engine leaves it.
fn row(index: u64, outcome: Outcome, class: ErrorClass, end_ns: u64) -> Row {
    let mut record = ResultRecord::new_zeroed();
    (record.outcome, record.error_class) = (outcome as u8, class as u8);
    (record.index, record.end_ns) = (index.into(), end_ns.into());
    Row::of(&RecordView {
        record: &record,
        place: Place {
            offset: 0,
            bytes: 0,
        },
        bytes: &[],
        sent_sha256: None,
        token_ns: &[],
    })
}

/// What is taken of such records, of a workload in which every other request waits for an answer.
fn measured(rows: &[Row]) -> RungResult {
    let stages = [StageRecord::new_zeroed()];
    let request = |index| {
        let mut request = RequestRecord::at(index);
        if index % 2 == 1 {
            request.start_kind = StartKind::After as u8;
            request.after_request = (index - 1).into();
        }
        request
    };
    let requests: Vec<_> = (0..10_000).map(request).collect();
    let paced = Paced::of(&requests, &stages).expect("a rate");
    measure::rung("probe".into(), &paced, rows, &[])
}

fn run(settings: LadderSettings, mut fire: impl FnMut(Rung) -> RungResult) -> Ladder {
    let mut ladder = Ladder::new(settings);
    while let Some(rung) = ladder.next() {
        ladder.take(fire(rung));
    }
    ladder
}

fn of(server: &Fifo, settings: LadderSettings) -> Ladder {
    run(settings, |rung| {
        answered(server.closed(rung.requests, rung.in_flight, GAP_NS))
    })
}

#[test]
fn the_saturation_of_a_server_is_its_capacity() {
    for (places, service_ms) in [
        (20, 100),
        (10, 100),
        (1, 20),
        (150, 700),
        (64, 1000),
        (3, 7),
    ] {
        let server = Fifo {
            places,
            service_ns: service_ms * 1_000_000,
        };
        let found = of(&server, settings()).saturation().unwrap();
        let off = found.rate / server.capacity() - 1.0;
        assert!(off.abs() < 0.03, "{places} of {service_ms} ms: {found:?}");
        assert_eq!(found.limited_by, LimitedBy::Server, "{found:?}");
    }
}

#[test]
fn the_backlog_grows_with_what_is_in_flight_and_the_rate() {
    let found = of(&SERVER, settings()).saturation().unwrap();
    let rungs: Vec<_> = found
        .probes
        .iter()
        .map(|p| (p.in_flight, p.requests))
        .collect();
    // 16 of 20 places answer 159 a second, 3 s of which are 479 requests.
    assert_eq!(rungs, [(16, 320), (64, 479), (256, 1024)]);
}

#[test]
fn a_server_that_still_gets_faster_has_a_lower_bound() {
    let endless = Fifo {
        places: 100_000,
        service_ns: 100_000_000,
    };
    let most = LadderSettings {
        most: 64,
        ..settings()
    };
    let found = of(&endless, most).saturation().unwrap();
    assert_eq!(found.limited_by, LimitedBy::None);
    assert!((found.rate / 640.0 - 1.0).abs() < 0.03, "{found:?}");
    assert_eq!(found.in_flight, 64);
    assert!(found.why.contains("raise --max-in-flight"), "{}", found.why);
    // Too short a backlog was repeated with a longer one.
    let rungs: Vec<_> = found
        .probes
        .iter()
        .map(|p| (p.in_flight, p.requests))
        .collect();
    assert_eq!(rungs[..2], [(16, 320), (64, 479)]);
    assert_eq!((rungs[2].0, rungs.len()), (64, 3));
    assert!(rungs[2].1 >= 4 * 479);
}

#[test]
fn a_server_that_refuses_crowds_is_measured_below_them() {
    let ladder = run(settings(), |rung| {
        let mut result = answered(SERVER.closed(rung.requests, rung.in_flight, GAP_NS));
        result.failed = if rung.in_flight > 16 { 50 } else { 0 };
        result.landed += result.failed;
        result
    });
    let found = ladder.saturation().unwrap();
    assert_eq!((found.limited_by, found.in_flight), (LimitedBy::Errors, 16));
    assert!(
        found.why.contains("refuses at 64 in flight"),
        "{}",
        found.why
    );
    assert_eq!(found.probes.len(), 2);
    let at_once = run(settings(), |_| RungResult {
        failed: 320,
        landed: 320,
        ..answered(vec![])
    });
    assert_eq!(at_once.saturation(), None);
    assert!(at_once.why().contains("320 of 320"), "{}", at_once.why());
}

#[test]
fn a_client_that_is_the_limit_is_named() {
    let with = |client: Client| {
        let ladder = run(settings(), |rung| RungResult {
            client: client.clone(),
            ..answered(SERVER.closed(rung.requests, rung.in_flight, GAP_NS))
        });
        ladder.saturation().unwrap()
    };
    let found = with(Client {
        in_flight_mean: Some(224.0),
        ..Client::default()
    });
    assert_eq!(found.limited_by, LimitedBy::Client);
    assert!(found.why.contains("224.0 of 256"), "{}", found.why);
    let found = with(Client {
        short_of_cpu: Some("a worker is busy for 99 % of the time".into()),
        ..Client::default()
    });
    assert_eq!(found.limited_by, LimitedBy::Client);
    assert!(
        found.why.ends_with("this machine may be the limit"),
        "{}",
        found.why
    );
    // Control: filled well enough.
    let found = with(Client {
        in_flight_mean: Some(1000.0),
        ..Client::default()
    });
    assert_eq!(found.limited_by, LimitedBy::Server);
}

#[test]
fn too_few_requests_are_no_rate() {
    let few = LadderSettings {
        available: 220,
        ..settings()
    };
    let ladder = of(&SERVER, few);
    assert_eq!(ladder.saturation(), None);
    assert!(
        ladder.why().contains("compile a workload with more"),
        "{}",
        ladder.why()
    );
    // Ten seconds an answer, a probe of a minute: the first rungs are answered too rarely.
    let slow = Fifo {
        places: 100,
        service_ns: 10_000_000_000,
    };
    let cut_off = |rung: Rung| {
        let mut ends = slow.closed(rung.requests, rung.in_flight, GAP_NS);
        ends.retain(|end| *end <= 60_000_000_000);
        let index = |place: usize| place as u64;
        let done = ends.iter().enumerate();
        let done = done.map(|(place, end)| row(index(place), Outcome::Ok, ErrorClass::None, *end));
        // Those in flight at the end are cut off, those that wait for a place are never sent.
        let in_flight = ends.len() as u64 + u64::from(rung.in_flight);
        let cut_off = (ends.len() as u64..rung.requests).map(|index| {
            let outcome = match index < in_flight {
                true => Outcome::Error,
                false => Outcome::NotSent,
            };
            row(index, outcome, ErrorClass::Interrupted, 60_000_000_000)
        });
        measured(&done.chain(cut_off).collect::<Vec<_>>())
    };
    let found = run(settings(), cut_off).saturation().unwrap();
    assert_eq!(found.probes[0].in_flight, 16);
    assert!(found.probes.iter().all(|probe| probe.failed == 0));
    // Of six waves least squares lose 1 / 6²; a server of fixed times is the worst case.
    assert!((found.rate / 10.0 - 1.0).abs() < 0.07, "{found:?}");
    let capped = LadderSettings {
        most: 16,
        ..settings()
    };
    let ladder = run(capped, cut_off);
    assert_eq!(ladder.saturation(), None);
    for flag in ["--probe-duration", "--max-in-flight", "--up-to"] {
        assert!(ladder.why().contains(flag), "{}", ladder.why());
    }
}

#[test]
fn a_percentile_replaces_the_rate_and_not_the_range() {
    // 150 a second, then 250.
    let slow = (0..600).map(|i| i * 20_000_000 / 3);
    let fast = (1..=1000).map(|i| 4_000_000_000 + i * 4_000_000);
    let ends: Vec<u64> = slow.chain(fast).collect();
    let saturation = |percentile| {
        let settings = LadderSettings {
            percentile,
            ..settings()
        };
        run(settings, |_| answered(ends.clone()))
            .saturation()
            .unwrap()
    };
    let plain = saturation(None);
    let percent = |percentile| saturation(Some(percentile));
    let (low, high) = (percent(5.0), percent(95.0));
    assert!((low.rate - 150.0).abs() < 1.0, "{low:?}");
    assert!((high.rate - 250.0).abs() < 1.0, "{high:?}");
    assert!(low.rate < plain.rate && plain.rate < high.rate);
    assert_eq!((high.low, high.high), (plain.low, plain.high));
    assert_eq!((plain.percentile, high.percentile), (None, Some(95.0)));
}

#[test]
fn what_the_probes_end_cuts_off_is_no_failure_and_what_is_abandoned_is_an_answer() {
    use {ErrorClass as Class, Outcome::*};
    let rows = [
        row(0, Ok, Class::None, 5),
        row(1, Cancelled, Class::None, 3),
        row(2, Error, Class::Connect, 4),
        row(3, Timeout, Class::None, 6),
        row(4, NotSent, Class::SessionEnded, 7),
        row(5, Error, Class::Interrupted, 8),
        row(6, NotSent, Class::Interrupted, 9),
    ];
    let found = measured(&rows);
    assert_eq!(found.ends_ns, [3, 5]);
    assert_eq!((found.landed, found.failed), (5, 2));
    assert_eq!(found.timed_share, 0.5);
}

#[test]
fn steps_are_paced_by_the_requests_that_have_a_time_of_their_own() {
    let ladder = run(settings(), |rung| {
        let ends = SERVER.closed(rung.requests, rung.in_flight, GAP_NS);
        let rows = (0..).zip(ends).map(|(index, end)| {
            let outcome = if index % 3 == 0 {
                Outcome::Cancelled
            } else {
                Outcome::Ok
            };
            row(index, outcome, ErrorClass::None, end)
        });
        measured(&rows.collect::<Vec<_>>())
    });
    // Each of them brings a turn with it: half of what the server answers is due by itself.
    let found = ladder.saturation().unwrap();
    assert!((found.rate / 200.0 - 1.0).abs() < 0.03, "{found:?}");
    assert!((found.paced_rate / 100.0 - 1.0).abs() < 0.03, "{found:?}");
}
