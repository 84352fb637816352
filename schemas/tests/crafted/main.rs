//! Files that no writer makes: every hash is right and one rule of `WORKLOAD.md` is broken. Each
//! MUST be refused with section, record and offset, because a workload may come from a stranger.

mod craft;
mod file;
mod requests;
mod salt;
mod stages;
mod tables;
