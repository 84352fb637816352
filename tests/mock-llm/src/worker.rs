//! A worker: one thread, one runtime, the connections it was given.
//!
//! Worker 0 accepts for all and gives each connection to the worker that serves
//! the fewest. `SO_REUSEPORT` would spare the hand-over, but the kernel then
//! spreads by a hash of the addresses: of 8 connections one worker easily gets
//! 6, and a closed loop of few connections would measure that hash. The price is
//! one wake-up per connection (none with one worker), not per request.

use std::net::TcpStream as StdStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::spawn_local;

use crate::batch;
use crate::connection;
use crate::stats::{Shared, WorkerShare};

/// Wait after a failed accept (out of file descriptors, mostly), so as not to
/// spin on it.
const ACCEPT_RETRY: Duration = Duration::from_millis(10);

/// A connection on its way to its worker. The queue is bounded by the limit of
/// connections.
pub struct Accepted {
    tcp: StdStream,
    id: u64,
}

/// What a worker's connections share.
pub struct Worker {
    pub shared: Arc<Shared>,
    pub index: usize,
    /// To the batch, where there is a sampler; it ends when no worker has this any more.
    pub batch: Option<Sender<batch::Request>>,
}

impl Worker {
    /// This worker's part of what is shared.
    pub fn share(&self) -> &WorkerShare {
        &self.shared.workers[self.index]
    }

    fn spawn(self: &Rc<Self>, tcp: TcpStream, id: u64) {
        let worker = Rc::clone(self);
        spawn_local(async move {
            // Counted out also when the task is dropped or panics.
            let _open = CountedIn(Rc::clone(&worker));
            connection::serve(worker, tcp, id).await;
        });
    }
}

struct CountedIn(Rc<Worker>);

impl Drop for CountedIn {
    fn drop(&mut self) {
        self.0.share().connections.fetch_sub(1, Relaxed);
    }
}

/// Serves the connections that another worker accepted.
pub async fn receive(worker: Rc<Worker>, mut queue: UnboundedReceiver<Accepted>) {
    while let Some(Accepted { tcp, id }) = queue.recv().await {
        match TcpStream::from_std(tcp) {
            Ok(tcp) => worker.spawn(tcp, id),
            Err(error) => {
                worker.share().connections.fetch_sub(1, Relaxed);
                eprintln!("mock-llm: cannot serve connection {id}: {error}");
            }
        }
    }
}

/// Accepts for all workers; `queues[i]` leads to worker `i + 1`.
pub async fn accept(
    worker: Rc<Worker>,
    listener: TcpListener,
    queues: Vec<UnboundedSender<Accepted>>,
) {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                if let Err(error) = assign(&worker, tcp, &queues) {
                    eprintln!("mock-llm: lost a connection: {error}");
                }
            }
            Err(error) => {
                eprintln!("mock-llm: cannot accept: {error}");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Gives a connection to the worker with the fewest, or closes it when there are
/// too many.
fn assign(
    worker: &Rc<Worker>,
    tcp: TcpStream,
    queues: &[UnboundedSender<Accepted>],
) -> std::io::Result<()> {
    let shared = &worker.shared;
    if shared.connections_open() >= shared.config.max_connections {
        if shared.connections_refused.fetch_add(1, Relaxed) == 0 {
            let limit = shared.config.max_connections;
            eprintln!(
                "mock-llm: {limit} connections are open, closing more; see --max-connections"
            );
        }
        return Ok(());
    }
    tcp.set_nodelay(true)?;
    let id = shared.connections_opened.fetch_add(1, Relaxed) + 1;
    if shared.refuses(id) {
        shared.connections_refused.fetch_add(1, Relaxed);
        return Ok(());
    }
    let target = (0..shared.workers.len())
        .min_by_key(|&i| shared.workers[i].connections.load(Relaxed))
        .expect("there is a worker");
    if target == worker.index {
        worker.share().connections.fetch_add(1, Relaxed);
        worker.spawn(tcp, id);
        return Ok(());
    }
    let tcp = tcp.into_std()?;
    shared.workers[target].connections.fetch_add(1, Relaxed);
    // A worker that is gone is stopping, and so are we.
    let _ = queues[target - 1].send(Accepted { tcp, id });
    Ok(())
}
