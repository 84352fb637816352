//! The schedule under a simulated clock.

mod caps;
mod limits;
mod made;
mod oracle;
mod random;
mod sessions;
mod simulator;
mod stages;
