//! `mock-llm` as a child process: a free port, the arrival log over HTTP, killed when dropped.

use mock_llm::{Arrival, Stats};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The server stops by itself after this, should whoever started it be killed.
const SHUTDOWN_AFTER: &str = "300s";
/// Longest wait for an answer of its own pages.
const PATIENCE: Duration = Duration::from_secs(30);
/// Its own pages are asked for so often, should the fault `refuse` fall on their connections.
const ATTEMPTS: usize = 20;

/// A server process. Dropping it kills it.
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts `mock-llm` of the multi-call binary `program` on a free port of 127.0.0.1 and waits
    /// until it listens. It has a process group of its own: a Ctrl-C in the terminal does not cut
    /// off the answers that a run still waits for.
    pub fn start(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["mock-llm", "--port", "0", "--shutdown-after"])
            .arg(SHUTDOWN_AFTER)
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("piped");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut server = ServerProcess {
            child,
            address: any,
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = serde_json::from_str(&line).ok().and_then(|ready: Ready| {
            let address = ready.listening.parse();
            address.ok()
        });
        server.address = address.ok_or_else(|| {
            io::Error::other(format!("mock-llm did not say where it listens: {line:?}"))
        })?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The POST requests so far, in arrival order.
    pub fn arrivals(&self) -> io::Result<Vec<Arrival>> {
        let body = self.ask("GET /arrivals")?;
        let lines = body.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().map_err(io::Error::from)
    }

    /// Forgets them.
    pub fn clear(&self) -> io::Result<()> {
        self.ask("DELETE /arrivals").map(drop)
    }

    /// Its counts since the start.
    pub fn stats(&self) -> io::Result<Stats> {
        serde_json::from_str(&self.ask("GET /stats")?).map_err(io::Error::from)
    }

    /// CPU time that its threads have used so far. It keeps all of them until it ends.
    pub fn cpu(&self) -> io::Result<Duration> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        let nanoseconds = tasks.map(|task| {
            // Its first figure is the time on a CPU in ns.
            let schedstat = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = schedstat.split(' ').next().unwrap_or_default();
            first.parse::<u64>().map_err(io::Error::other)
        });
        nanoseconds
            .sum::<io::Result<u64>>()
            .map(Duration::from_nanos)
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        // Both fail harmlessly when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The body of an answer.
    fn ask(&self, what: &str) -> io::Result<String> {
        let mut answer = self.ask_once(what);
        for _ in 1..ATTEMPTS {
            if answer.as_ref().is_ok_and(|answer| !answer.is_empty()) {
                break;
            }
            answer = self.ask_once(what);
        }
        let answer = answer?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
            _ => Err(io::Error::other(format!("{what}: {answer}"))),
        }
    }

    /// HTTP/1.0, because then an answer ends with the connection and has no chunks.
    fn ask_once(&self, what: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{what} HTTP/1.0\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The line that says it is ready.
#[derive(serde::Deserialize)]
struct Ready {
    listening: String,
}
