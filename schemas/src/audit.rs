//! The labels by which an audit workload says what each of its requests is for: which probe, in
//! which role, among how many. A trial is all requests of one stage, of which exactly one is no
//! neighbour. WORKLOAD.md, section 6, lists names and values.
//!
//! Refuses on purpose: to judge. What the answers show is the business of who reads them.

use crate::reader::Workload;

/// The probe that a request belongs to, by kind and number from 0: `flat-0`, `peaked-3`,
/// `greedy-1`, `unseeded-2`.
pub const PROBE: &str = "audit_probe";

/// The kind of that probe: `flat`, `peaked`, `greedy` or `unseeded`.
pub const KIND: &str = "audit_kind";

/// What the request is for: `alone`, `again`, `other_seed`, `among`, `among_greedy`, `id_first` or
/// `id_reused` where it is the probe itself, [`NEIGHBOUR`] where it keeps it company.
pub const ROLE: &str = "audit_role";

/// How many neighbours the trial has, in decimal; on every request of a trial that has some.
pub const NEIGHBOURS: &str = "audit_neighbours";

/// The [`ROLE`] of what is not the probe itself.
pub const NEIGHBOUR: &str = "neighbour";

/// What each request id begins with that an audit sends: a server that takes it answers with an id
/// that has this in it.
pub const ID_PREFIX: &str = "audit-";

/// Whether a workload is an audit: its first request has the label [`ROLE`].
pub fn is_audit(workload: &Workload) -> bool {
    let Some(first) = workload.requests().first() else {
        return false;
    };
    let labels = workload.tables().named_pairs(first.labels.get());
    labels.is_ok_and(|labels| labels.iter().any(|(name, _)| *name == ROLE))
}
