//! Links over TCP and TLS, and HTTP/2 over them, against servers that are not this program's.

mod certificates;
mod http2_client;
mod http2_failures;
mod http2_server;
mod http2_streams;
mod links;
mod readiness;
mod tls;
mod tls_server;
