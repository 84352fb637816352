//! A population as ServeGen describes one (Xiang et al., "ServeGen: Workload Characterization and
//! Generation of Large Language Model Serving in Production", 2025): many clients, each with its
//! own rate, gaps and lengths, window by window, superposed.

use super::wide::mul_div;
use super::{Arrival, ArrivalKind};
use crate::plan::PlanError;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::{Distribution, EXPOSURE_PER_ARRIVAL, Interval, Shape};
use crate::spec::{TraceRef, TraceStart};
use schemas::layout::MAX_TIME_NS;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use traces::servegen::{Client, Family, Population, WINDOW_S};
use traces::{Event, servegen};

/// Clients are this far apart in ordinals: request *j* of the client with id *c* is
/// `c * 2^24 + j`.
pub const CLIENT_STRIDE: u64 = 1 << 24;

/// The largest client id that fits the ordinals.
pub const MAX_CLIENT_ID: u64 = (1 << 16) - 1;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The superposed clients of a population.
#[derive(Clone, Debug)]
pub struct Clients {
    clients: Vec<Prepared>,
    gamma: Streams,
    weibull: Streams,
    input: Streams,
    output: Streams,
    from_ns: u64,
    to_ns: u64,
    /// Added up over all clients and windows, in units of 10^-15.
    exposure: u128,
    limit: Option<u64>,
    /// Rates are multiplied by the first and divided by the second.
    scale: (u128, u128),
}

/// A client, ready to be drawn from.
#[derive(Clone, Debug)]
struct Prepared {
    id: u64,
    windows: Vec<Window>,
    lengths: Vec<(u64, Distribution, Distribution)>,
}

/// A stretch of time in which a client has one rate.
#[derive(Clone, Copy, Debug)]
struct Window {
    start_ns: u64,
    end_ns: u64,
    rate_microhertz: u64,
    interval: Interval,
}

impl Clients {
    /// Prepares the clients that have a rate in the window that `named` selects.
    ///
    /// # Errors
    /// If nothing is selected, or an option does not fit.
    pub fn new(
        named: &TraceRef,
        population: &Population,
        seed: Seed,
        name: Option<&str>,
    ) -> Result<Self, PlanError> {
        let options = &named.options;
        check_options(named)?;
        let windows = population.clients.iter().flat_map(|client| &client.windows);
        let last_s = windows.map(|window| window.start_s).max().unwrap_or(0);
        if last_s > MAX_TIME_NS / NS_PER_SECOND - WINDOW_S {
            let what = "a window begins more than ten years after the first";
            return unfit(&named.file, what, "give its begin in seconds");
        }
        let last_ns = end_ns(last_s);
        let (from_ns, to_ns) = options.window.unwrap_or((0, u64::MAX));
        let to_ns = to_ns.min(last_ns);
        let streams = |component| Streams::in_population(seed, name, component);
        let mut clients = Self {
            clients: Vec::new(),
            gamma: streams(Component::GammaInterval),
            weibull: streams(Component::WeibullInterval),
            input: streams(Component::PromptLength),
            output: streams(Component::MaxTokens),
            from_ns,
            to_ns,
            exposure: 0,
            limit: options.limit,
            scale: (1, 1),
        };
        for client in &population.clients {
            clients.add(client, &named.file)?;
        }
        clients.rescale(named)?;
        Ok(clients)
    }

    fn add(&mut self, client: &Client, file: &str) -> Result<(), PlanError> {
        let prepare = |window: &servegen::Window| Window {
            start_ns: window.start_s * NS_PER_SECOND,
            end_ns: end_ns(window.start_s),
            rate_microhertz: window.rate_microhertz,
            interval: match window.family {
                Family::Gamma => Interval::Gamma {
                    shape: window.shape,
                },
                Family::Weibull => Interval::Weibull {
                    shape: window.shape,
                },
            },
        };
        let windows: Vec<Window> = client
            .windows
            .iter()
            .map(prepare)
            .filter(|window| window.rate_microhertz > 0)
            .collect();
        let selected = self.selected(&windows);
        if selected == 0 || client.lengths.is_empty() {
            return Ok(());
        }
        if client.id > MAX_CLIENT_ID {
            return unfit(
                file,
                "a client's number is above 65535",
                "renumber its two files",
            );
        }
        if windows
            .iter()
            .any(|window| window.interval.check().is_err())
        {
            let what = "a window's shape is beyond what can be drawn (gamma 0.01 to 1000, weibull 0.1 to 1000)";
            return unfit(file, what, "leave that window out, or its client");
        }
        self.exposure += selected;
        let lengths = client.lengths.iter().map(|window| {
            let start_ns = window.start_s * NS_PER_SECOND;
            (
                start_ns,
                empirical(&window.input),
                empirical(&window.output),
            )
        });
        self.clients.push(Prepared {
            id: client.id,
            windows,
            lengths: lengths.collect(),
        });
        Ok(())
    }

    /// What windows add up to between the selected begin and end.
    fn selected(&self, windows: &[Window]) -> u128 {
        let cut = |window: &Window| Window {
            start_ns: window.start_ns.clamp(self.from_ns, self.to_ns),
            end_ns: window.end_ns.clamp(self.from_ns, self.to_ns),
            ..*window
        };
        windows.iter().map(|window| cut(window).exposure()).sum()
    }

    /// Finds the scale of the rates; refuses a population without requests, and one of whose
    /// clients has more than its ordinals.
    fn rescale(&mut self, named: &TraceRef) -> Result<(), PlanError> {
        let file = named.file.clone();
        if self.exposure == 0 {
            return Err(PlanError::NothingSelected { file });
        }
        let span_ns = u128::from(self.to_ns - self.from_ns);
        if let Some(rate) = named.options.rate {
            self.scale = (u128::from(rate.get()) * span_ns, self.exposure);
        }
        // Requests before the selected begin are drawn too, so that no window moves a draw.
        let requests = |client: &Prepared| {
            let begun = client.windows.iter().filter(|w| w.start_ns < self.to_ns);
            let exposure = begun.map(Window::exposure).sum();
            self.scaled(exposure) / EXPOSURE_PER_ARRIVAL
        };
        // Half of them: drawn gaps may bring more requests than are expected.
        if self.clients.iter().map(requests).max() > Some(u128::from(CLIENT_STRIDE / 2)) {
            let what = "a client is expected to send more than 8,388,608 requests";
            return unfit(&named.file, what, "lower `rate`, or narrow `window`");
        }
        Ok(())
    }

    /// Arrivals to expect.
    pub fn expected(&self) -> u64 {
        let expected = self.scaled(self.exposure) / EXPOSURE_PER_ARRIVAL;
        let expected = u64::try_from(expected).unwrap_or(u64::MAX);
        expected.min(self.limit.unwrap_or(u64::MAX))
    }

    /// Length of the selected window in ns.
    pub fn duration_ns(&self) -> u64 {
        self.to_ns - self.from_ns
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        let windows = || self.clients.iter().flat_map(|client| &client.windows);
        let any = |component: Component| {
            let mut windows = windows();
            windows.any(|window| window.interval.component() == Some(component))
        };
        let mut components = vec![Component::PromptLength, Component::MaxTokens];
        let intervals = [Component::GammaInterval, Component::WeibullInterval];
        components.extend(intervals.into_iter().filter(|component| any(*component)));
        components
    }

    fn scaled(&self, exposure: u128) -> u128 {
        let (multiply, divide) = self.scale;
        mul_div(exposure, multiply, divide)
    }

    /// Walks the requests of all clients in order of time, then of client id.
    pub fn arrivals(&self, stage: u32) -> impl Iterator<Item = Arrival> + '_ {
        let mut walks: Vec<Walk> = self.clients.iter().map(|c| Walk::new(self, c)).collect();
        let first = walks.iter_mut().enumerate();
        let mut heads: BinaryHeap<Reverse<(u64, usize)>> = first
            .filter_map(|(i, walk)| Some(Reverse((walk.next_ns()?, i))))
            .collect();
        let all = std::iter::from_fn(move || {
            let Reverse((at_ns, i)) = heads.pop()?;
            let arrival = walks[i].arrival(stage, at_ns);
            if let Some(next_ns) = walks[i].next_ns() {
                heads.push(Reverse((next_ns, i)));
            }
            Some(arrival)
        });
        all.take(usize::try_from(self.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX))
    }
}

fn check_options(named: &TraceRef) -> Result<(), PlanError> {
    let options = &named.options;
    let unfit = |what| {
        let remedy = "remove it; `window`, `limit` and `rate` shape a population of clients";
        unfit(&named.file, what, remedy)
    };
    match () {
        _ if options.sample.is_some() => unfit("a population of clients has no rows to sample"),
        _ if options.passes > 1 => unfit("a population of clients has no rows to repeat"),
        _ if options.speed.is_some() => unfit("a population of clients has no times to compress"),
        _ if options.start == TraceStart::Window => {
            unfit("a population of clients always starts with its window")
        }
        () => Ok(()),
    }
}

fn unfit<T>(file: &str, what: &'static str, remedy: &'static str) -> Result<T, PlanError> {
    let file = file.to_owned();
    Err(PlanError::Unfit { file, what, remedy })
}

fn end_ns(start_s: u64) -> u64 {
    (start_s + WINDOW_S) * NS_PER_SECOND
}

/// A histogram as a distribution; the reader has checked that it has weight.
fn empirical(histogram: &[(u32, u64)]) -> Distribution {
    let items: Vec<(u64, u64)> = histogram
        .iter()
        .map(|(tokens, weight)| (u64::from(*tokens), *weight))
        .collect();
    let (min, max) = (items[0].0, items[items.len() - 1].0);
    Distribution::new(Shape::Empirical(items.into()), min, max).expect("the reader checked it")
}

impl Window {
    fn exposure(&self) -> u128 {
        u128::from(self.rate_microhertz) * u128::from(self.end_ns - self.start_ns)
    }
}

/// One client on its way through its windows.
struct Walk<'c> {
    all: &'c Clients,
    client: &'c Prepared,
    next_request: u64,
    window: usize,
    /// From the window's begin to the next request, in scaled exposure.
    ahead: u128,
}

impl<'c> Walk<'c> {
    fn new(all: &'c Clients, client: &'c Prepared) -> Self {
        let mut walk = Self {
            all,
            client,
            next_request: 0,
            window: 0,
            ahead: 0,
        };
        // From the trace's begin, whatever is selected: a request keeps its draws.
        walk.ahead = walk.gap();
        walk
    }

    /// The gap before the next request, of the window in which it begins.
    fn gap(&self) -> u128 {
        let Some(window) = self.client.windows.get(self.window) else {
            return 0;
        };
        let streams = match window.interval {
            Interval::Weibull { .. } => &self.all.weibull,
            _ => &self.all.gamma,
        };
        window.interval.exposure(streams, self.ordinal())
    }

    fn ordinal(&self) -> u64 {
        assert!(
            self.next_request < CLIENT_STRIDE,
            "the expectation was checked"
        );
        self.client.id * CLIENT_STRIDE + self.next_request
    }

    /// When the next selected request comes, in ns from t0; none behind the last.
    fn next_ns(&mut self) -> Option<u64> {
        loop {
            let at_ns = self.trace_ns().filter(|at_ns| *at_ns < self.all.to_ns)?;
            if at_ns >= self.all.from_ns {
                return Some(at_ns - self.all.from_ns);
            }
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.next_request += 1;
        self.ahead += self.gap();
    }

    /// When the next request comes, in ns from the trace's begin; none behind the last window.
    fn trace_ns(&mut self) -> Option<u64> {
        loop {
            let window = self.client.windows.get(self.window)?;
            let whole = self.all.scaled(window.exposure());
            if self.ahead < whole {
                // In scaled exposure the window's rate is whole / length.
                let length_ns = u128::from(window.end_ns - window.start_ns);
                let offset_ns = mul_div(self.ahead, length_ns, whole) as u64;
                return Some(window.start_ns + offset_ns);
            }
            self.ahead -= whole;
            self.window += 1;
        }
    }

    /// The request that was found at `at_ns`; moves on to the next.
    fn arrival(&mut self, stage: u32, at_ns: u64) -> Arrival {
        let ordinal = self.ordinal();
        let trace_ns = at_ns + self.all.from_ns;
        let lengths = &self.client.lengths;
        // Before the first histogram the first one holds.
        let begun = lengths.partition_point(|(start_ns, ..)| *start_ns <= trace_ns);
        let (_, input, output) = &lengths[begun.saturating_sub(1)];
        let event = Event {
            at_ns: trace_ns,
            row: u32::MAX,
            input_tokens: input.sample(&self.all.input, ordinal) as u32,
            output_tokens: output.sample(&self.all.output, ordinal) as u32,
        };
        self.advance();
        let kind = ArrivalKind::Row { at_ns, event };
        Arrival {
            ordinal,
            stage,
            kind,
        }
    }
}
