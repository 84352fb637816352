//! Which part of a run is measured.

use crate::analysis::row::Row;

/// Requests with `scheduled_ns` in `from_ns .. to_ns` are measured, in ns from t0. A request whose
/// time never came is in no window but [`Window::ALL`]. What others did to the server meanwhile is
/// not measured: at its borders there is less in flight than there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First moment that is in.
    pub from_ns: u64,
    /// First moment that is not; `u64::MAX` for no end.
    pub to_ns: u64,
}

impl Window {
    /// Everything.
    pub const ALL: Window = Window {
        from_ns: 0,
        to_ns: u64::MAX,
    };

    /// Whether a request is in it.
    pub fn has(&self, row: &Row) -> bool {
        *self == Self::ALL || (self.from_ns..self.to_ns).contains(&row.scheduled_ns)
    }
}
