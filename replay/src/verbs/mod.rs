//! The verbs: they put the two wings together and talk to the user.

pub mod archive;
pub mod audit;
pub mod compare;
pub mod deliver;
pub mod report;
pub mod run;
pub mod sign;
pub mod sweep;
pub mod verify;
