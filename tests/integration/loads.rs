//! When requests start: closed loops, users, and processes of arrival.

use crate::lines::{Lines, number};
use crate::statistics::{KS_LIMIT, exponential_cdf, gamma_cdf, ks, weibull_cdf};
use serde_json::Value;

const NS: f64 = 1e9;

fn spec(load: &str) -> String {
    format!(
        "seed: 101\napi: {{type: completion, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '1', output_distribution: '1'}}\nload: {load}\n"
    )
}

/// Requests of each stage, in order.
fn by_stage(lines: &[Value], stages: usize) -> Vec<Vec<&Value>> {
    let of = |stage| lines.iter().filter(|line| line["stage"] == stage).collect();
    (0..stages).map(of).collect()
}

#[test]
fn a_concurrent_stage_holds_slots_and_the_next_follows_its_end() {
    let workload = Lines::of(&spec(
        "{type: concurrent, interval: 3s, stages: [{num_requests: 9, concurrency_level: 3, warm_up: true}, \
         {num_requests: 20, concurrency_level: 8, name: full}, {num_requests: 2, concurrency_level: 5}]}",
    ));
    for line in &workload.lines {
        assert_eq!(
            (&line["at_ns"], &line["after"]),
            (&Value::Null, &Value::Null)
        );
    }
    let stages = by_stage(&workload.lines, 3);
    let stated = &workload.summary["stages"];
    for (stage, (requests, concurrency)) in [(9, 3), (20, 8), (2, 5)].into_iter().enumerate() {
        assert_eq!(stages[stage].len(), requests);
        assert_eq!(workload.of_stage(stage, "requests"), requests as u64);
        assert_eq!(workload.of_stage(stage, "concurrency"), concurrency);
        assert_eq!(stated[stage]["kind"], "closed");
        assert_eq!(stated[stage]["after_previous"], stage > 0);
        assert_eq!(
            workload.of_stage(stage, "start_ns"),
            if stage > 0 { 3_000_000_000 } else { 0 }
        );
        assert_eq!(stated[stage]["warm_up"], stage == 0);
    }
    assert_eq!(stated[1]["name"], "full");
    assert_eq!(stated[0]["name"], Value::Null);
    // Requests stand in the order of their stages.
    assert!(workload.numbers("stage").is_sorted());
}

/// Chains of requests that follow one another, each as its requests' think times in ns.
fn chains(requests: &[&Value]) -> Vec<Vec<u64>> {
    let mut chains: Vec<Vec<u64>> = Vec::new();
    for line in requests {
        if line["after"].is_null() {
            assert_eq!(line["at_ns"], 0, "a user begins with the stage");
            chains.push(Vec::new());
        } else {
            assert_eq!(line["at_ns"], Value::Null);
            assert_eq!(number(&line["after"], "request"), number(line, "index") - 1);
            let chain = chains.last_mut().expect("a user");
            chain.push(number(&line["after"], "delay_ns"));
        }
    }
    chains
}

#[test]
fn each_user_sends_one_request_after_the_other_and_thinks_between() {
    let workload = Lines::of(&spec(
        "{type: users, stages: [{users: 4, num_requests: 14, think_time: 250ms}, \
         {users: 5, num_requests: 3}, {users: 10, num_requests: 1010, think_time: 'exponential(2s)'}]}",
    ));
    let stages = by_stage(&workload.lines, 3);
    let lengths = |chains: &[Vec<u64>]| -> Vec<usize> {
        chains.iter().map(|chain| chain.len() + 1).collect()
    };
    let first = chains(&stages[0]);
    assert_eq!(lengths(&first), [4, 4, 3, 3]);
    assert!(
        first
            .concat()
            .iter()
            .all(|think_ns| *think_ns == 250_000_000)
    );
    let second = chains(&stages[1]);
    assert_eq!(lengths(&second), [1; 3], "no user without a request");
    let third = chains(&stages[2]);
    assert_eq!(lengths(&third), [101; 10]);
    let thinks = third.concat();
    let exponential: Vec<f64> = thinks
        .iter()
        .map(|think_ns| *think_ns as f64 / 2e9)
        .collect();
    assert!(ks(exponential.clone(), exponential_cdf) < KS_LIMIT);
    assert!(
        ks(exponential, |x| (x / 2.0).min(1.0)) > KS_LIMIT,
        "control: uniform think times"
    );
    let stated = workload.summary["stages"].as_array().expect("a list");
    for (position, stage) in stated.iter().enumerate() {
        assert_eq!(stage["kind"], "scheduled");
        assert_eq!(stage["after_previous"], position > 0);
    }
}

#[test]
fn stages_with_rates_follow_one_another_with_the_asked_pause() {
    let stages = "stages: [{rate: 20, duration: 2s, warm_up: true, name: heat}, \
                  {rate: 30, end_rate: 90, ramp: linear, duration: 1s, max_concurrency: 7}, {rate: 10, duration: 3s}]";
    for (interval, pause_ns) in [
        ("", 1_000_000_000),
        ("interval: 0, ", 0),
        ("interval: 250ms, ", 250_000_000),
    ] {
        let workload = Lines::of(&spec(&format!("{{type: poisson, {interval}{stages}}}")));
        let begins = [0, 2_000_000_000 + pause_ns, 3_000_000_000 + 2 * pause_ns];
        let lengths = [2_000_000_000, 1_000_000_000, 3_000_000_000];
        for (stage, requests) in by_stage(&workload.lines, 3).into_iter().enumerate() {
            assert_eq!(workload.of_stage(stage, "start_ns"), begins[stage]);
            assert_eq!(workload.of_stage(stage, "duration_ns"), lengths[stage]);
            assert!(requests.len() > 10);
            let span = begins[stage]..begins[stage] + lengths[stage];
            assert!(
                requests
                    .iter()
                    .all(|line| span.contains(&number(line, "at_ns")))
            );
        }
        let stated = workload.summary["stages"].as_array().expect("a list");
        let column =
            |key: &str| -> Vec<Value> { stated.iter().map(|stage| stage[key].clone()).collect() };
        assert_eq!(column("warm_up"), [true, false, false]);
        assert_eq!(column("concurrency"), [Value::Null, 7.into(), Value::Null]);
        assert_eq!(column("name"), ["heat".into(), Value::Null, Value::Null]);
        let rates: Vec<f64> = column("rate")
            .iter()
            .map(|rate| rate.as_f64().expect("a rate"))
            .collect();
        assert_eq!(rates, [20.0, 60.0, 10.0], "of a ramp the mean");
    }
}

/// Starts in seconds.
fn starts(load: &str) -> Vec<f64> {
    let starts = Lines::of(&spec(load)).numbers("at_ns");
    starts.into_iter().map(|ns| ns as f64 / NS).collect()
}

/// Gaps of a process, as if its rate were 1: differences of the arrivals expected until each.
fn gaps(starts: &[f64], expected: impl Fn(f64) -> f64) -> Vec<f64> {
    let before = std::iter::once(0.0).chain(starts.iter().map(|at| expected(*at)));
    starts
        .iter()
        .zip(before)
        .map(|(at, before)| expected(*at) - before)
        .collect()
}

/// `count` is within four standard deviations of what a renewal process of this mean and squared
/// coefficient of variation has.
#[track_caller]
fn assert_count(count: usize, expected: f64, squared_variation: f64) {
    let deviation = (expected * squared_variation).sqrt();
    assert!(
        (count as f64 - expected).abs() < 4.0 * deviation + 1.0,
        "{count}, not {expected}"
    );
}

#[test]
fn gamma_gaps_are_gamma_distributed_at_the_asked_rate() {
    let starts = starts("{type: gamma, burstiness: 0.25, stages: [{rate: 100, duration: 30}]}");
    assert_count(starts.len(), 3000.0, 4.0);
    let gaps = gaps(&starts, |at| at * 100.0);
    assert!(ks(gaps.clone(), |x| gamma_cdf(0.25, x * 0.25)) < KS_LIMIT);
    assert!(
        ks(gaps.clone(), |x| gamma_cdf(0.35, x * 0.35)) > KS_LIMIT,
        "control: another shape"
    );
    assert!(ks(gaps, exponential_cdf) > KS_LIMIT, "control: poisson");
}

#[test]
fn weibull_gaps_are_weibull_distributed_at_the_asked_rate() {
    let starts = starts("{type: weibull, shape: 1.7, stages: [{rate: 100, duration: 30}]}");
    assert_count(starts.len(), 3000.0, 0.4);
    let gaps = gaps(&starts, |at| at * 100.0);
    assert!(ks(gaps.clone(), |x| weibull_cdf(1.7, x)) < KS_LIMIT);
    assert!(
        ks(gaps.clone(), |x| weibull_cdf(1.4, x)) > KS_LIMIT,
        "control: another shape"
    );
    assert!(ks(gaps, exponential_cdf) > KS_LIMIT, "control: poisson");
}

/// Arrivals expected until `at`, of a linear ramp from `a` to `b` over `length` seconds.
fn linear(a: f64, b: f64, length: f64) -> impl Fn(f64) -> f64 {
    move |at| a * at + (b - a) * at * at / (2.0 * length)
}

/// The same, of a ramp that grows by equal factors in equal times.
fn exponential(a: f64, b: f64, length: f64) -> impl Fn(f64) -> f64 {
    let growth = libm::log(b / a) / length;
    move |at| a * libm::expm1(growth * at) / growth
}

#[test]
fn the_rate_of_a_ramp_is_the_asked_one_at_every_moment() {
    let ramped = |ramp: &str| {
        starts(&format!(
            "{{type: poisson, stages: [{{rate: 10, end_rate: 190, ramp: {ramp}, duration: 30}}]}}"
        ))
    };
    let up = linear(10.0, 190.0, 30.0);
    let steep = exponential(10.0, 190.0, 30.0);
    let (line, curve) = (ramped("linear"), ramped("exponential"));
    assert_count(line.len(), up(30.0), 1.0);
    assert_count(curve.len(), steep(30.0), 1.0);
    assert!(ks(gaps(&line, &up), exponential_cdf) < KS_LIMIT);
    assert!(ks(gaps(&curve, &steep), exponential_cdf) < KS_LIMIT);
    // Controls: a flat rate of the same mean, and the other ramp.
    assert!(ks(gaps(&line, |at| at * 100.0), exponential_cdf) > KS_LIMIT);
    assert!(ks(gaps(&curve, &up), exponential_cdf) > KS_LIMIT);
}

#[test]
fn even_arrivals_of_a_ramp_come_when_the_rate_has_added_up_to_a_whole_number() {
    let check = |ramp: &str, expected: &dyn Fn(f64) -> f64| {
        let starts = starts(&format!(
            "{{type: constant, stages: [{{rate: 40, end_rate: 2, ramp: {ramp}, duration: 9}}]}}"
        ));
        assert_eq!(starts.len() as f64, expected(9.0).ceil());
        let worst = |(j, at): (usize, &f64)| (expected(*at) - j as f64).abs();
        // A time is a whole number of ns, at up to 40 arrivals per second.
        starts.iter().enumerate().map(worst).fold(0.0, f64::max)
    };
    assert!(check("linear", &linear(40.0, 2.0, 9.0)) < 1e-6);
    assert!(check("exponential", &exponential(40.0, 2.0, 9.0)) < 1e-6);
    // Control: a little less steep.
    let starts =
        starts("{type: constant, stages: [{rate: 40, end_rate: 2, ramp: linear, duration: 9}]}");
    let other = linear(40.0, 2.1, 9.0);
    assert!((other(starts[100]) - 100.0).abs() > 1e-4);
}
