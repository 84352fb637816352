//! The verbs: they put the two wings together and talk to the user.

pub mod report;
pub mod run;
