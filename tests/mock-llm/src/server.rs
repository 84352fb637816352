//! Starting and stopping: the listening socket and the workers' threads.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::arrivals::{Arrival, Arrivals};
use crate::batch::{self, Batch};
use crate::config::{Config, LISTEN_BACKLOG};
use crate::stats::{Shared, Stats};
use crate::tls::TlsFiles;
use crate::worker::{self, Accepted, Worker};

/// Tasks that run between two looks at the sockets, when there is much to run: with the runtime's
/// own 61, what arrives while many streams have a token due would be read and stamped late.
const EVENT_INTERVAL: u32 = 8;

/// A server that listens. Dropping it stops it.
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// What a worker's thread begins with.
struct Seat {
    index: usize,
    shared: Arc<Shared>,
    batch: Option<mpsc::Sender<batch::Request>>,
    stop: watch::Receiver<bool>,
    source: Source,
}

/// Where a worker's connections come from.
enum Source {
    Listener(TcpListener, Vec<UnboundedSender<Accepted>>),
    Queue(UnboundedReceiver<Accepted>),
}

impl Server {
    /// Binds, starts the workers and returns when all of them serve. Raises the
    /// process's soft limit of open files to its hard limit.
    ///
    /// # Errors
    /// A value outside its limit, a file of TLS that cannot be used, an address
    /// that cannot be bound, a thread that cannot be started.
    pub fn start(config: Config) -> anyhow::Result<Server> {
        config.check().map_err(anyhow::Error::msg)?;
        raise_open_files();
        let wanted = SocketAddr::new(config.host, config.port);
        let listener =
            TcpListener::bind(wanted).with_context(|| format!("cannot listen on {wanted}"))?;
        // Again, for a longer queue than the standard library asks for.
        rustix::net::listen(&listener, LISTEN_BACKLOG).context("cannot lengthen the backlog")?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let tls = config.tls.as_ref().map(TlsFiles::acceptor).transpose()?;
        let shared = Arc::new(Shared::new(config, tls));
        let (stop, _) = watch::channel(false);
        let mut server = Server {
            addr,
            shared,
            stop,
            threads: Vec::new(),
        };
        server.spawn_workers(listener)?;
        Ok(server)
    }

    fn spawn_workers(&mut self, listener: TcpListener) -> anyhow::Result<()> {
        let workers = self.shared.workers.len();
        let (senders, queues): (Vec<_>, Vec<_>) = (1..workers).map(|_| unbounded_channel()).unzip();
        let sources = std::iter::once(Source::Listener(listener, senders))
            .chain(queues.into_iter().map(Source::Queue));
        let batch = self.spawn_batch()?;
        let (ready, all_ready) = mpsc::channel();
        for (index, source) in sources.enumerate() {
            let shared = Arc::clone(&self.shared);
            let seat = Seat {
                index,
                shared,
                batch: batch.clone(),
                stop: self.stop.subscribe(),
                source,
            };
            let ready = ready.clone();
            let thread = std::thread::Builder::new()
                .name(format!("mock-llm-{index}"))
                .spawn(move || seat.run(&ready))
                .context("cannot start a worker")?;
            self.threads.push(thread);
        }
        for _ in 0..workers {
            all_ready.recv().context("a worker died at its start")??;
        }
        Ok(())
    }

    /// The thread of the batch, where there is a sampler. It ends with the last of the workers.
    fn spawn_batch(&mut self) -> anyhow::Result<Option<mpsc::Sender<batch::Request>>> {
        let Some(kind) = self.shared.config.sampler else {
            return Ok(None);
        };
        let batch = Batch::new(kind, Arc::clone(&self.shared));
        let (sender, arrivals) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("mock-llm-batch".to_owned())
            .spawn(move || batch.run(&arrivals))
            .context("cannot start the batch")?;
        self.threads.push(thread);
        Ok(Some(sender))
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The POST requests so far, in arrival order; also after [`Server::stop`].
    pub fn arrivals(&self) -> Vec<Arrival> {
        Arrivals::of(&self.shared).collect()
    }

    /// Forgets the arrivals so far, like `DELETE /arrivals`; the counts stay.
    pub fn clear_arrivals(&self) {
        self.shared.clear();
    }

    /// Counts since the start; also after [`Server::stop`].
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Cuts off every connection and joins the workers. A second call does
    /// nothing.
    pub fn stop(&mut self) {
        self.shared.stopping.store(true, Relaxed);
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                eprintln!("mock-llm: a thread panicked");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Seat {
    /// The whole life of a worker's thread.
    fn run(self, ready: &mpsc::Sender<std::io::Result<()>>) {
        let runtime = match Builder::new_current_thread()
            .event_interval(EVENT_INTERVAL)
            .enable_all()
            .build_local(LocalOptions::default())
        {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        let worker = Rc::new(Worker {
            shared: self.shared,
            index: self.index,
            batch: self.batch,
        });
        let mut stop = self.stop;
        runtime.block_on(async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = serve(worker, self.source, ready) => {}
            }
        });
    }
}

async fn serve(worker: Rc<Worker>, source: Source, ready: &mpsc::Sender<std::io::Result<()>>) {
    match source {
        Source::Listener(listener, queues) => match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => {
                let _ = ready.send(Ok(()));
                worker::accept(worker, listener, queues).await;
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        },
        Source::Queue(queue) => {
            let _ = ready.send(Ok(()));
            worker::receive(worker, queue).await;
        }
    }
}

/// A connection is a file; the usual soft limit of 1024 is for programs that
/// use `select`.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        eprintln!("mock-llm: cannot raise the limit of open files: {error}");
    }
}
