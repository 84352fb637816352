//! A TLS server on a thread, by rustls' server side.

use crate::certificates::{Authority, Identity};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// What the server's side of one connection sees.
pub type Stream = StreamOwned<ServerConnection, TcpStream>;

pub const BOTH_VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// How the server speaks TLS.
pub fn config(
    identity: &Identity,
    alpn: &[&str],
    client_authority: Option<&Authority>,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = match client_authority {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(identity.chain(), identity.key())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Accepts one connection and does `serve` with it.
pub fn serve<T: Send + 'static>(
    config: Arc<ServerConfig>,
    serve: impl FnOnce(Stream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    accept(move |socket| {
        let connection = ServerConnection::new(config).unwrap();
        serve(StreamOwned::new(connection, socket))
    })
}

/// The same without TLS.
pub fn accept<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // So that transfers do not fit into the buffers.
    rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 32 << 10).unwrap();
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, 32 << 10).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let socket = listener.accept().unwrap().0;
        serve(socket)
    });
    (address, server)
}
