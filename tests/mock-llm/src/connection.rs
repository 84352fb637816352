//! One client connection: HTTP/1.1 over a stamped socket.
//!
//! Bytes that are no HTTP at all are answered by hyper (400, empty) and not
//! logged. A client that closes its sending half is taken to be gone.

use std::cell::Cell;
use std::rc::Rc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::handler;
use crate::stamps::{StampedStream, Stamps};
use crate::worker::Worker;

/// What the requests of a connection share.
pub struct Connection {
    pub worker: Rc<Worker>,
    /// Place in the order of accepting, from 1.
    pub id: u64,
    pub stamps: Rc<Stamps>,
    requests: Cell<u64>,
}

impl Connection {
    /// The number of the next request on this connection, from 1.
    pub fn next_request(&self) -> u64 {
        self.requests.set(self.requests.get() + 1);
        self.requests.get()
    }
}

/// Serves a connection until either side closes it.
pub async fn serve(worker: Rc<Worker>, tcp: TcpStream, id: u64) {
    let stamps = Rc::new(Stamps::default());
    let io = TokioIo::new(StampedStream::new(tcp, Rc::clone(&stamps)));
    let connection = Rc::new(Connection {
        worker,
        id,
        stamps,
        requests: Cell::new(0),
    });
    let service = service_fn(move |request| handler::handle(Rc::clone(&connection), request));
    // An error is a client that went away or spoke no HTTP; the arrival log has
    // already noted what there is to note.
    let _ = http1::Builder::new().serve_connection(io, service).await;
}
