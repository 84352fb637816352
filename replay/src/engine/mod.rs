//! The engine: clock, schedule, fire, wire, record. Small enough to be read whole by someone who
//! must trust it.
//!
//! After t0 a worker draws nothing, renders nothing, logs nothing and takes no lock that another
//! thread holds. It hands finished records to the recorder and never looks at them again.

pub mod answers;
pub mod clock;
pub mod crew;
pub mod demand;
pub mod exchange;
pub mod flight;
pub mod flights;
pub mod http1;
pub mod http2;
pub mod interrupt;
pub mod kept;
pub mod link;
pub mod poll;
pub mod pool;
pub mod populations;
pub mod progress;
pub mod received;
pub mod recorder;
pub mod request;
pub mod response;
pub mod run;
pub mod schedule;
pub mod sessions;
pub mod target;
pub mod timer;
pub mod timers;
pub mod tls;
pub mod wire;
pub mod worker;
