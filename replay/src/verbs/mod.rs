//! The verbs: they put the two wings together and talk to the user.

pub mod compare;
pub mod deliver;
pub mod report;
pub mod run;
pub mod sweep;
