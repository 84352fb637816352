//! What a server says of itself before t0: the models that it serves, how it names itself, and what
//! it agrees to over TLS.
//!
//! One request on a connection of its own, which is none of the load's. Whatever goes wrong is
//! written down and harms nobody. What was sent is a secret: it is hidden where the server repeats
//! it.

use crate::engine::exchange::Part;
use crate::engine::request::ExtraHeaders;
use crate::engine::response::Decoder;
use crate::engine::target::{Target, connect_within};
use crate::engine::tls::{TlsClient, TlsSettings};
use crate::run_info::TlsFacts;
use crate::secrets::Secrets;
use http::header::{AUTHORIZATION, CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use rustls::{ClientConnection, StreamOwned};
use schemas::{Digest, hex};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longest that a server is asked, from connecting to the last byte.
const LONGEST: Duration = Duration::from_secs(2);
/// Longest answer, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// Header fields of the answer that are kept.
const KEPT: [&str; 4] = ["server", "via", "x-powered-by", "openai-version"];
/// What a server said, and what it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// What was agreed on; `None` without TLS, and where the handshake failed.
    pub tls: Option<TlsFacts>,
    /// Those of `KEPT` that it sent.
    pub headers: BTreeMap<String, String>,
    /// Names of its models, in its order, or why there are none.
    pub models: Result<Vec<String>, String>,
}

/// An answer as far as it came.
#[derive(Default)]
struct Answer {
    /// What was read up to the end of the head, and perhaps more.
    head: Vec<u8>,
    status: u16,
    body: Vec<u8>,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Asks a server for its list of models (`GET {base}/v1/models`), from `bind` if it is given, as the
/// run's requests are sent. Takes two seconds at most and never fails.
pub fn ask(
    target: &Target,
    tls: &TlsSettings,
    extra: &ExtraHeaders,
    bind: Option<IpAddr>,
) -> ServerFacts {
    let mut facts = ServerFacts::not_asked();
    let mut answer = Answer::default();
    let asked = facts.exchange(target, tls, extra, bind, &mut answer);
    facts.headers = kept_fields(&answer.head);
    facts.models = asked.and_then(|()| models(&answer));
    facts.hide(&Secrets::of(extra));
    facts
}

impl ServerFacts {
    /// Of a server that nobody asked.
    pub fn not_asked() -> Self {
        ServerFacts {
            tls: None,
            headers: BTreeMap::new(),
            models: Err("not asked".to_owned()),
        }
    }

    /// Sends the request and reads what comes.
    fn exchange(
        &mut self,
        target: &Target,
        tls: &TlsSettings,
        extra: &ExtraHeaders,
        bind: Option<IpAddr>,
        answer: &mut Answer,
    ) -> Result<(), String> {
        let deadline = Instant::now() + LONGEST;
        let socket = connect_within(target.address, bind, LONGEST).map_err(|error| told(&error))?;
        let mut socket = Bounded { socket, deadline };
        let request = request(target, extra);
        if !target.https {
            return answer.read(&mut socket, &request);
        }
        let client = TlsClient::new(tls, &target.host, false);
        let session = client.ok().and_then(|client| client.begin().ok());
        let session = session.ok_or("TLS cannot be set up")?;
        let mut stream = StreamOwned::new(session, socket);
        let read = answer.read(&mut stream, &request);
        self.tls = tls_facts(&stream.conn);
        read
    }

    /// Hides what the texts repeat of what was sent.
    fn hide(&mut self, secrets: &Secrets) {
        let hide = |text: &mut String| {
            secrets.hide(text);
        };
        self.headers.values_mut().for_each(hide);
        match &mut self.models {
            Ok(models) => models.iter_mut().for_each(hide),
            Err(error) => hide(error),
        }
    }
}

impl Answer {
    /// Sends a request and reads its answer to the end; what came before an error is kept.
    fn read(&mut self, stream: &mut (impl Read + Write), request: &[u8]) -> Result<(), String> {
        let sent = stream.write_all(request).and_then(|()| stream.flush());
        sent.map_err(|error| told(&error))?;
        let mut decoder = Decoder::default();
        let mut buffer = [0; 8 << 10];
        let mut bytes_read = 0;
        loop {
            let count = match stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // Over TLS, an end that was not announced: whether anything is missing is seen below.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
                read => read.map_err(|error| told(&error))?,
            };
            bytes_read += count;
            if bytes_read > MOST_BYTES {
                return Err(format!("its answer is longer than {MOST_BYTES} bytes"));
            }
            if !decoder.has_begun() {
                self.head.extend_from_slice(&buffer[..count]);
            }
            let (status, body) = (&mut self.status, &mut self.body);
            let mut on = |part: Part<'_>| match part {
                Part::Head { status: told, .. } => *status = told,
                Part::Data { bytes, .. } => body.extend_from_slice(bytes),
                _ => {}
            };
            // Nobody asks when it was read.
            let done = match count {
                0 => decoder.close(1, &mut on).map(|()| true),
                _ => decoder.feed(&buffer[..count], 1, &mut on),
            };
            match done {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(class) => return Err(format!("its answer failed: {}", class.name())),
            }
        }
    }
}

/// A socket that nobody waits for beyond a deadline, however slowly bytes come.
struct Bounded {
    socket: TcpStream,
    deadline: Instant,
}

impl Bounded {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(ErrorKind::TimedOut.into()),
            false => Ok(Some(left)),
        }
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(buffer)
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The request, with what the user adds to every one.
fn request(target: &Target, extra: &ExtraHeaders) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    let agent = concat!("replay/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    for (name, _) in &extra.fields {
        headers.remove(name);
    }
    for (name, value) in &extra.fields {
        headers.append(name, value.clone());
    }
    if let Some(value) = &extra.authorization {
        headers.insert(AUTHORIZATION, value.clone());
    }
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let mut bytes = format!("GET {}/v1/models HTTP/1.1\r\n", target.base_path).into_bytes();
    if !headers.contains_key(HOST) {
        bytes.extend_from_slice(format!("host: {}\r\n", target.authority).as_bytes());
    }
    for (name, value) in &headers {
        bytes.extend_from_slice(name.as_ref());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The names in a list of models.
fn models(answer: &Answer) -> Result<Vec<String>, String> {
    if answer.status != 200 {
        return Err(format!("status {}", answer.status));
    }
    let models: Models =
        serde_json::from_slice(&answer.body).map_err(|_| "its answer is no list of models")?;
    Ok(models.data.into_iter().map(|model| model.id).collect())
}

/// Those fields of the last head that tell who answers; several of one name are joined.
fn kept_fields(mut head: &[u8]) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 128];
        let mut response = httparse::Response::new(&mut fields);
        let Ok(httparse::Status::Complete(length)) = response.parse(head) else {
            return kept;
        };
        // Interim answers stand before the one that counts.
        if matches!(response.code, Some(100..200)) {
            head = &head[length..];
            continue;
        }
        for field in response.headers.iter() {
            let name = field.name.to_ascii_lowercase();
            if !KEPT.contains(&name.as_str()) {
                continue;
            }
            let value = String::from_utf8_lossy(field.value);
            let all = kept.entry(name).or_default();
            if !all.is_empty() {
                all.push_str(", ");
            }
            all.push_str(&value);
        }
        return kept;
    }
}

/// What a finished handshake has agreed on.
fn tls_facts(session: &ClientConnection) -> Option<TlsFacts> {
    if session.is_handshaking() {
        return None;
    }
    let suite = format!("{:?}", session.negotiated_cipher_suite()?.suite());
    let alpn = session.alpn_protocol();
    let certificate: Digest = Sha256::digest(session.peer_certificates()?.first()?).into();
    Some(TlsFacts {
        version: format!("{:?}", session.protocol_version()?).replace('_', "."),
        // The library tells the suites of TLS 1.3 apart by a prefix that their names do not have.
        cipher: suite.replace("TLS13_", "TLS_"),
        alpn: alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
        certificate_sha256: hex(&certificate),
    })
}

/// An error in words, without what was sent.
fn told(error: &io::Error) -> String {
    match (error.kind(), error.get_ref()) {
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => {
            format!("no answer within {} s", LONGEST.as_secs())
        }
        (_, Some(inner)) => inner.to_string(),
        (kind, None) => kind.to_string(),
    }
}

#[cfg(test)]
mod tests;
