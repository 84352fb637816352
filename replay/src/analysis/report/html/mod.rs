//! One HTML file that explains a run, or a sweep, to people: verdict, figures, charts, provenance.
//!
//! Self-contained: it fetches nothing, works from disk, by day and by night, and without its
//! script. Every figure is the summary's; nothing is measured here. Refuses to let a text from a
//! file become markup.

mod audit;
mod axis;
mod cdf;
mod chart;
mod escape;
mod groups;
mod headline;
mod histogram;
mod lanes;
mod lines;
mod number;
mod page;
mod provenance;
mod sweep;
mod tables;

pub use audit::write_audit;
pub use sweep::write_sweep;

use crate::analysis::distributions::sorted_samples;
use crate::analysis::metric::Metric;
use crate::analysis::{RunData, Summary, series};
use chart::{Chart, Ink};
use histogram::Name;
use lines::Timeline;
use page::Page;
use std::io::{self, Write};

const TTFT: Name = Name {
    id: "ttft",
    title: "Time to first token",
    note: "first token − sent, of streamed requests that ended well;",
};

const ITL: Name = Name {
    id: "itl",
    title: "Inter-token latency",
    note: "every gap between consecutive tokens of a response;",
};

/// Writes the report of a run.
pub fn write(data: &RunData, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let seconds = series::per_second(data);
    let timeline = Timeline::of(&seconds);
    let mut page = Page::new("Load test", &headline::beside(&data.info));
    headline::band(&mut page, summary);
    page.tiles(&headline::tiles(summary));
    page.row(&headline::times(summary), &[timeline.rate()]);
    page.row("", &[timeline.lag(), timeline.in_flight()]);
    page.row("", &[timeline.latency(), latency_cdf(data)]);
    page.row("", &[ttft(data, summary), itl(data, summary)]);
    let (lanes, behind) = lanes::html(data);
    page.lanes(&lanes, behind);
    groups::add(&mut page, summary);
    provenance::add(&mut page, &data.info, summary);
    page.write("replay: load test", out)
}

fn latency_cdf(data: &RunData) -> Chart {
    let of = |metric| sorted_samples(data, metric);
    let samples = [
        ("from sent", Ink::First, of(Metric::LatencyFromSent)),
        (
            "from scheduled",
            Ink::Second,
            of(Metric::LatencyFromScheduled),
        ),
    ];
    let note = "share of the requests that ended well and took at most so long";
    cdf::chart(&samples, note)
}

fn ttft(data: &RunData, summary: &Summary) -> Chart {
    let samples = sorted_samples(data, Metric::Ttft);
    let steps: Vec<(i64, u64)> = samples.into_iter().map(|ns| (ns, 1)).collect();
    histogram::chart(TTFT, &steps, summary.overall.distribution(Metric::Ttft))
}

fn itl(data: &RunData, summary: &Summary) -> Chart {
    let counted = |(ns, count): (u64, u64)| (i64::try_from(ns).unwrap_or(i64::MAX), count);
    let steps: Vec<(i64, u64)> = data.gaps[0].steps().map(counted).collect();
    histogram::chart(ITL, &steps, summary.overall.distribution(Metric::Itl))
}
