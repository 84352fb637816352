//! What a few lines of tokio do: one task a request, `tokio::time::sleep_until`, a pool of plain
//! sockets, bytes made beforehand. It measures nothing and records nothing.

use harness::Inspected;
use rustix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Time between the decision for t0 and t0 itself.
const LEAD: Duration = Duration::from_millis(50);
/// Connections that are opened beforehand.
const CONNECTIONS: usize = 64;
/// Where every answer ends: an empty chunk.
const END: &[u8] = b"\r\n0\r\n\r\n";

/// When it began and what it cost.
pub struct Fired {
    pub t0_ns: u64,
    pub cpu_ns: u64,
}

/// Sends every request at its time and reads every answer to its end.
pub fn fire(address: SocketAddr, requests: &[Inspected]) -> io::Result<Fired> {
    let wire: Vec<(u64, Vec<u8>)> = requests
        .iter()
        .map(|request| (request.at_ns, on_the_wire(address, request)))
        .collect();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(tokio::task::LocalSet::new().run_until(fire_all(address, wire)))
}

fn on_the_wire(address: SocketAddr, request: &Inspected) -> Vec<u8> {
    let (path, body) = (&request.path, &request.body);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: text/event-stream\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

type Pool = Rc<RefCell<Vec<TcpStream>>>;

async fn fire_all(address: SocketAddr, wire: Vec<(u64, Vec<u8>)>) -> io::Result<Fired> {
    let pool = Pool::default();
    for _ in 0..CONNECTIONS {
        let stream = connect(address).await?;
        pool.borrow_mut().push(stream);
    }
    let cpu_before_ns = clock_ns(ClockId::ProcessCPUTime);
    let (t0, t0_ns) = (
        Instant::now() + LEAD,
        clock_ns(ClockId::Monotonic) + LEAD.as_nanos() as u64,
    );
    let mut flights = Vec::with_capacity(wire.len());
    for (at_ns, bytes) in wire {
        sleep_until(t0 + Duration::from_nanos(at_ns)).await;
        let pool = Rc::clone(&pool);
        flights.push(tokio::task::spawn_local(fly(address, pool, bytes)));
    }
    for flight in flights {
        flight.await.map_err(io::Error::other)??;
    }
    let cpu_ns = clock_ns(ClockId::ProcessCPUTime) - cpu_before_ns;
    Ok(Fired { t0_ns, cpu_ns })
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn fly(address: SocketAddr, pool: Pool, bytes: Vec<u8>) -> io::Result<()> {
    let idle = pool.borrow_mut().pop();
    let mut stream = match idle {
        Some(stream) => stream,
        None => connect(address).await?,
    };
    stream.write_all(&bytes).await?;
    let mut answer = Vec::with_capacity(16 << 10);
    while !answer.ends_with(END) {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    pool.borrow_mut().push(stream);
    Ok(())
}

fn clock_ns(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
