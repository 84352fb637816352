//! A server of completions that keeps every byte that it is sent.

use harness::Dir;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server that keeps every byte of every request.
pub struct Recorder {
    url: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    /// Listens on a free port until the process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let requests = Arc::default();
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || record(&stream, &kept));
            }
        });
        Recorder { url, requests }
    }

    /// Fires `w.wlc` of the directory, whose requests must all be answered well; gives what was received,
    /// heads and bodies.
    #[track_caller]
    pub fn fired(&self, dir: &Dir, results: &str, flags: &str) -> Vec<Vec<u8>> {
        let url = &self.url;
        let call = format!("run w.wlc --out {results} --url {url} --no-models {flags}");
        dir.replay(&call).run().ok();
        let accounting = &dir.json(&format!("{results}/summary.json"))["accounting"];
        assert_eq!(accounting["ok"], accounting["scheduled"], "{accounting}");
        std::mem::take(&mut *self.requests.lock().expect("no thread panics"))
    }
}

/// Reads requests until the client goes away, and answers each.
fn record(stream: &TcpStream, kept: &Mutex<Vec<Vec<u8>>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let answer = r#"{"choices":[{"index":0,"text":" a","finish_reason":"stop"}]}"#;
    loop {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut request)? == 0 {
                return Ok(());
            }
        }
        let head = String::from_utf8_lossy(&request).into_owned();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: u64 = length.map_or(0, |length| length.parse().expect("a number"));
        reader.by_ref().take(length).read_to_end(&mut request)?;
        kept.lock().expect("no thread panics").push(request);
        let length = answer.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
        write!(&*stream, "{head}: {length}\r\n\r\n{answer}")?;
    }
}

/// The value of a header field of a request that was received.
pub fn header(request: &[u8], name: &str) -> Option<String> {
    let request = String::from_utf8_lossy(request);
    let (head, _) = request.split_once("\r\n\r\n").expect("a whole head");
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(field, _)| *field == name);
    found.map(|(_, value)| value.to_owned())
}

/// The body of a request that was received.
pub fn received_body(request: &[u8]) -> &[u8] {
    let end = request.windows(4).position(|at| at == b"\r\n\r\n");
    &request[end.expect("a whole head") + 4..]
}
