//! From the earliest to the latest of some times, and what happened per second of it.

const NS_PER_S: f64 = 1e9;

/// The earliest and the latest of the times that were added.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent(Option<(u64, u64)>);

impl Extent {
    /// Adds a time in ns, if there is one.
    pub fn add(&mut self, at_ns: Option<u64>) {
        let Some(at_ns) = at_ns else {
            return;
        };
        let (first, last) = self.0.unwrap_or((at_ns, at_ns));
        self.0 = Some((first.min(at_ns), last.max(at_ns)));
    }

    /// From the earliest to the latest in seconds; `None` for no time.
    pub fn seconds(self) -> Option<f64> {
        self.0.map(|(first, last)| (last - first) as f64 / NS_PER_S)
    }
}

/// A rate per second; `None` for a duration that is unknown or zero.
pub fn per_second(count: f64, duration_s: Option<f64>) -> Option<f64> {
    let duration_s = duration_s.filter(|duration| *duration > 0.0)?;
    Some(count / duration_s)
}

/// A share; `None` of nothing.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
