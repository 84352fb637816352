//! The mock seen from a socket, by a client that shares no code with it.

mod answers;
mod arrivals;
mod client;
mod endpoints;
mod program;
mod timing;
