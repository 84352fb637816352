//! The analysis wing as its callers use it: a fixture whose figures are worked out by hand, put
//! through the file format, and every report of it.

mod compare;
mod cut_off;
mod fixture;
mod formats;
mod hand;
mod html;
mod loads;
mod reports;
mod run_files;
mod slices;
mod summaries;
mod time;
