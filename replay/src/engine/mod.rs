//! The engine: clock, schedule, fire, wire, record. Small enough to be read whole by someone who
//! must trust it.
//!
//! After t0 a worker draws nothing, renders nothing, logs nothing and takes no lock that another
//! thread holds. It hands finished records to the recorder and never looks at them again.

pub mod clock;
pub mod connection;
pub mod flight;
pub mod progress;
pub mod recorder;
pub mod request;
pub mod run;
pub mod schedule;
pub mod target;
pub mod timer;
pub mod wire;
pub mod worker;
