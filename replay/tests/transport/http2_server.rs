//! An HTTP/2 server by the server side of crate h2, on a thread of its own.

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use replay::engine::clock::monotonic_ns;
use rustls::{ServerConfig, ServerConnection};
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, ready};
use std::thread;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What the server saw.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A request's head, by its path.
    Begun(String),
    /// The client reset the request.
    Reset(Reason),
    /// All of a body came, at a time in ns and of this length.
    Body(u64, usize),
}

/// A running server of one connection.
pub struct Server {
    pub address: SocketAddr,
    pub events: Receiver<Event>,
    /// Lets a request for `/held` go on.
    pub go: Arc<Notify>,
}

/// Starts a server; `settings` as it is to announce them.
pub fn serve(settings: Builder, tls: Option<Arc<ServerConfig>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 32 << 10).unwrap();
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, 32 << 10).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, events) = channel();
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    // Not joined: it ends with its connection.
    thread::spawn(move || {
        let socket = listener.accept().unwrap().0;
        socket.set_nodelay(true).unwrap();
        socket.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        runtime.block_on(async {
            let socket = TcpStream::from_std(socket).unwrap();
            match tls {
                None => connection(socket, settings, sender, gate).await,
                Some(config) => {
                    let tls = ServerConnection::new(config).unwrap();
                    connection(TlsStream { socket, tls }, settings, sender, gate).await;
                }
            }
        });
    });
    Server {
        address,
        events,
        go,
    }
}

async fn connection<T>(stream: T, settings: Builder, events: Sender<Event>, gate: Arc<Notify>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = settings.handshake::<_, Bytes>(stream).await.unwrap();
    while let Some(accepted) = connection.accept().await {
        // The client may be gone.
        let Ok((request, response)) = accepted else {
            return;
        };
        let path = request.uri().path().to_owned();
        let _ = events.send(Event::Begun(path.clone()));
        match path.as_str() {
            "/last" => connection.graceful_shutdown(),
            "/abrupt" => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            _ => {}
        }
        tokio::spawn(answer(
            path,
            request,
            response,
            events.clone(),
            gate.clone(),
        ));
    }
}

/// Ends early where the client goes away.
async fn answer(
    path: String,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    events: Sender<Event>,
    gate: Arc<Notify>,
) -> Option<()> {
    let mut body = request.into_body();
    let head = || {
        let head = Response::builder().header("content-type", "text/event-stream");
        head.body(()).unwrap()
    };
    match path.as_str() {
        "/echo" | "/last" => {
            let mut out = respond.send_response(head(), false).ok()?;
            while let Some(data) = body.data().await {
                let data = data.ok()?;
                body.flow_control().release_capacity(data.len()).ok()?;
                send(&mut out, data).await?;
            }
            out.send_data(Bytes::new(), true).ok()
        }
        // Takes nothing beyond its window until it is told to.
        "/held" => {
            gate.notified().await;
            let mut length = 0;
            while let Some(data) = body.data().await {
                let data = data.ok()?;
                length += data.len();
                body.flow_control().release_capacity(data.len()).ok()?;
            }
            let _ = events.send(Event::Body(monotonic_ns(), length));
            respond.send_response(head(), true).map(|_| ()).ok()
        }
        // A great many small frames, and fields after them.
        "/tokens" => {
            let mut out = respond.send_response(head(), false).ok()?;
            for _ in 0..100_000 {
                send(&mut out, Bytes::from_static(b"t")).await?;
            }
            out.send_trailers(
                [("x-end".parse().unwrap(), "1".parse().unwrap())]
                    .into_iter()
                    .collect(),
            )
            .ok()
        }
        "/reset" => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            None
        }
        "/half" => {
            let mut out = respond.send_response(head(), false).ok()?;
            send(&mut out, Bytes::from_static(b"half")).await?;
            gate.notified().await;
            out.send_reset(Reason::INTERNAL_ERROR);
            None
        }
        // Sends for ever.
        "/endless" => {
            let mut out = respond.send_response(head(), false).ok()?;
            loop {
                tokio::select! {
                    reason = poll_fn(|context| out.poll_reset(context)) => {
                        let _ = events.send(Event::Reset(reason.ok()?));
                        return None;
                    }
                    () = tokio::task::yield_now() => {}
                }
                out.reserve_capacity(1000);
                if out.capacity() > 0 {
                    out.send_data(Bytes::from(vec![b'e'; out.capacity().min(1000)]), false)
                        .ok()?;
                }
            }
        }
        // Never answers.
        "/silent" | "/abrupt" => {
            let reason = poll_fn(|context| respond.poll_reset(context)).await.ok()?;
            let _ = events.send(Event::Reset(reason));
            drop(body);
            None
        }
        path => panic!("{path}"),
    }
}

/// Sends as the client's flow control allows.
async fn send(out: &mut SendStream<Bytes>, mut data: Bytes) -> Option<()> {
    while !data.is_empty() {
        out.reserve_capacity(data.len());
        let capacity = poll_fn(|context| out.poll_capacity(context)).await?.ok()?;
        let now = data.split_to(capacity.min(data.len()));
        out.send_data(now, false).ok()?;
    }
    Some(())
}

/// rustls over a tokio socket, just as far as the tests need it.
struct TlsStream {
    socket: TcpStream,
    tls: ServerConnection,
}

/// A socket for rustls: what is not there now is `WouldBlock`.
struct Now<'a>(&'a TcpStream);

impl Read for Now<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Now<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsStream {
    fn poll_held(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            ready!(self.socket.poll_write_ready(context))?;
            match self.tls.write_tls(&mut Now(&self.socket)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => drop(done?),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match this.tls.reader().read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => {
                    buffer.advance(done?);
                    return Poll::Ready(Ok(()));
                }
            }
            ready!(this.socket.poll_read_ready(context))?;
            match this.tls.read_tls(&mut Now(&this.socket)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => drop(done?),
            }
            this.tls.process_new_packets().map_err(io::Error::other)?;
            // Of the handshake.
            let _ = this.poll_held(context)?;
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_held(context))?;
        let taken = self.tls.writer().write(bytes)?;
        let _ = self.poll_held(context)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_held(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
