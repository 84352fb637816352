//! The mock seen from a socket, by a client that shares no code with it.

mod answers;
mod arrivals;
mod client;
mod dialects;
mod endpoints;
mod faults;
mod http2;
mod leaving;
mod program;
mod sampler;
mod timing;
mod tls;
