//! The analysis wing as its callers use it: a fixture whose figures are worked out by hand, put
//! through the file format, and every report of it.

mod cut_off;
mod fixture;
mod loads;
mod reports;
mod summaries;
