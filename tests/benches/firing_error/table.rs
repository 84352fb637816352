//! The table: one line for each program, times in µs.

use crate::Measured;
use crate::lateness::Spread;
use std::time::Duration;

/// Prints what the columns mean and their heads.
pub fn print_head() {
    println!(
        "missing     requests that did not arrive\n\
         arrived/s   from the first to the last arrival; longer: ms that this took beyond the schedule\n\
         late        arrival at the server's socket, as its kernel stamps it - schedule, in µs\n\
         own         the program's own sent - schedule, in µs\n\
         CPU/req     µs of the whole process, start and report included; firing: from t0 to the last answer\n"
    );
    println!(
        "{:<6} {:<16} {:>8} {:>7} {:>9} {:>7} {:>8} {:>7} {:>7} {:>8} {:>7} {:>7} {:>7} {:>7}",
        "req/s",
        "program",
        "requests",
        "missing",
        "arrived/s",
        "longer",
        "late p50",
        "p90",
        "p99",
        "max",
        "own p50",
        "own p99",
        "CPU/req",
        "firing",
    );
}

/// Prints one program's line.
pub fn print_row(rate: u32, program: &str, measured: &Measured) {
    let us = |ns: f64| format!("{:.0}", ns / 1e3);
    let unknown = || "-".to_owned();
    let own = |pick: fn((f64, f64)) -> f64| measured.own.map_or_else(unknown, |own| us(pick(own)));
    let cpu = |cpu| {
        measured
            .each(cpu)
            .map_or_else(unknown, |us| format!("{us:.1}"))
    };
    let seen = &measured.seen;
    let Spread { p50, p90, p99, max } = seen.late;
    println!(
        "{rate:<6} {program:<16} {:>8} {:>7} {:>9.0} {:>7.1} {:>8} {:>7} {:>7} {:>8} {:>7} {:>7} {:>7} {:>7}",
        seen.arrived,
        seen.missing,
        seen.per_s(),
        (seen.took_ns as f64 - seen.planned_ns as f64) / 1e6,
        us(p50 as f64),
        us(p90 as f64),
        us(p99 as f64),
        us(max as f64),
        own(|(median, _)| median),
        own(|(_, p99)| p99),
        cpu(measured.whole_cpu),
        cpu(measured.firing_cpu),
    );
}

/// Prints `replay` held against another program.
pub fn print_ratio(ours: &Measured, name: &str, other: &Measured) {
    let times = |other: u64, ours: u64| other as f64 / ours.max(1) as f64;
    let (our_late, other_late) = (&ours.seen.late, &other.seen.late);
    print!(
        "       replay is {:.1} × better than {name} at the median, {:.1} × at p99",
        times(other_late.p50, our_late.p50),
        times(other_late.p99, our_late.p99),
    );
    let share = |ours: Option<f64>, other: Option<f64>| ours.zip(other).map(|(a, b)| a / b);
    let whole = share(ours.each(ours.whole_cpu), other.each(other.whole_cpu));
    let firing = share(ours.each(ours.firing_cpu), other.each(other.firing_cpu));
    if let Some(ratio) = whole {
        print!(", for {ratio:.2} × its CPU");
    }
    if let Some(ratio) = firing {
        print!(", for {ratio:.2} × its CPU while firing");
    }
    println!();
}

impl Measured {
    /// µs for each request that arrived.
    fn each(&self, cpu: Option<Duration>) -> Option<f64> {
        cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.seen.arrived as f64)
    }
}
