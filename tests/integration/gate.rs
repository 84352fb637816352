//! A server that answers when it is told to, so that what a client does next can be awaited
//! instead of timed.

use crate::support::read_request;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const ANSWER: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
/// An arrival that is too many has this long to show before each answer.
const QUIET: Duration = Duration::from_millis(2);

/// Answers that may be given.
type Permits = Arc<(Mutex<usize>, Condvar)>;

/// The server. Requests are never streamed.
pub struct Gate {
    url: String,
    arrivals: Receiver<()>,
    permits: Permits,
}

impl Gate {
    /// Listens on a free port.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (arrived, arrivals) = channel();
        let permits = Permits::default();
        let shared = Arc::clone(&permits);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (arrived, permits) = (arrived.clone(), Arc::clone(&shared));
                // It ends with the connection.
                std::thread::spawn(move || serve(&stream, &arrived, &permits));
            }
        });
        Gate {
            url,
            arrivals,
            permits,
        }
    }

    /// Base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets so many of the requests that are there be answered.
    pub fn answer(&self, requests: usize) {
        *self.permits.0.lock().expect("no panic while it is held") += requests;
        self.permits.1.notify_all();
    }

    /// Holds a client to `level` requests in flight over `requests` in all: that many come, then
    /// after each answer one more, until there are no more. Says what came too many or too few;
    /// `patience` is the longest wait for one.
    pub fn hold(&self, level: usize, requests: usize, patience: Duration) -> Result<(), String> {
        let mut arrived = 0;
        for answered in 0..=requests {
            let wanted = requests.min(answered + level);
            while arrived < wanted {
                if let Err(error) = self.arrivals.recv_timeout(patience) {
                    let there = arrived - answered;
                    return Err(format!(
                        "{there} in flight after {answered} answers: {error}"
                    ));
                }
                arrived += 1;
            }
            if self.arrivals.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {
                return Err(format!("one too many after {answered} answers"));
            }
            if answered < requests {
                self.answer(1);
            }
        }
        Ok(())
    }
}

fn serve(mut stream: &TcpStream, arrived: &Sender<()>, permits: &Permits) -> io::Result<()> {
    // A connection that brings no further request is at its end.
    while stream.peek(&mut [0])? > 0 {
        read_request(stream)?;
        // Nobody listens any more once the test is over.
        let _ = arrived.send(());
        let left = permits.0.lock().expect("no panic while it is held");
        let mut left = permits
            .1
            .wait_while(left, |left| *left == 0)
            .expect("no panic while it is held");
        *left -= 1;
        drop(left);
        stream.write_all(ANSWER.as_bytes())?;
    }
    Ok(())
}
