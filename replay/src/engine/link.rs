//! Bytes to and from a server, over TCP or over TLS, without ever waiting.
//!
//! Knows nothing of HTTP. Made for edge-triggered readiness: whoever drives a link calls until
//! `WouldBlock`, and no byte that has arrived is kept from him. Over plain TCP a read or a write is
//! one system call and no allocation.

use super::received::Receiver;
use super::tls::{TlsClient, explain, is_refusal};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use rustls::{ClientConnection, Error};
use schemas::records::ErrorClass;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// Plaintext that TLS takes at once, in bytes, and holds until the socket has taken all of it.
const TLS_WRITE_LIMIT: usize = 64 << 10;

/// One connection to a server. Dropping it closes the socket.
#[derive(Debug)]
pub struct Link {
    socket: TcpStream,
    receiver: Receiver,
    connected: bool,
    tls: Option<Box<ClientConnection>>,
}

impl Link {
    /// Begins to connect, from `bind` if given, and does not wait: see [`Link::establish`].
    ///
    /// Errors are those of the socket calls, such as no descriptor or no local port being left.
    pub fn connect(
        address: SocketAddr,
        bind: Option<IpAddr>,
        tls: Option<&TlsClient>,
    ) -> io::Result<Self> {
        let tls = match tls {
            Some(tls) => {
                let mut tls = tls.begin().map_err(|error| broken(&error))?;
                tls.set_buffer_limit(Some(TLS_WRITE_LIMIT));
                Some(Box::new(tls))
            }
            None => None,
        };
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if let Some(ip) = bind {
            rustix::net::bind(&socket, &SocketAddr::new(ip, 0))?;
        }
        match rustix::net::connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let socket = TcpStream::from(socket);
        Ok(Link {
            receiver: Receiver::new(&socket),
            socket,
            connected: false,
            tls,
        })
    }

    /// Goes on connecting; to be called at each readiness. True once the server has accepted and
    /// the TLS handshake, if any, is through; bytes may have come along with its end, so a read
    /// must follow.
    ///
    /// An error ends the link: refused, unreachable, or TLS failed (`InvalidData`, with a text for
    /// the user).
    pub fn establish(&mut self) -> io::Result<bool> {
        if !self.connected {
            if let Some(error) = self.socket.take_error()? {
                return Err(error);
            }
            match self.socket.peer_addr() {
                Ok(_) => self.connected = true,
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let Some(tls) = &mut self.tls else {
            return Ok(true);
        };
        loop {
            let written = write_held(tls, &self.socket)?;
            if !tls.is_handshaking() || !written {
                return Ok(written);
            }
            match receive(tls, &self.socket, &mut self.receiver) {
                Ok(0) => {
                    let text = "the server closed the connection during the TLS handshake";
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, text));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes as much as is taken now and says how many bytes that is; `WouldBlock` if none.
    ///
    /// Over TLS, bytes count as taken when they are encrypted; [`Link::flush`] tells when the
    /// socket has them. Nothing more is taken before.
    pub fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return uninterrupted(|| (&self.socket).write_vectored(parts));
        };
        if !write_held(tls, &self.socket)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = tls.writer().write_vectored(parts)?;
        write_held(tls, &self.socket)?;
        Ok(taken)
    }

    /// Writes what TLS holds back; to be called when the socket is ready to write. True when all is
    /// in the socket; always true over plain TCP.
    pub fn flush(&mut self) -> io::Result<bool> {
        match &mut self.tls {
            Some(tls) => write_held(tls, &self.socket),
            None => Ok(true),
        }
    }

    /// Reads what has come, into a `buffer` that is not empty; 0 when the server has ended the
    /// connection, `WouldBlock` when nothing is there.
    ///
    /// Over TLS an end without the server's notice of it is `UnexpectedEof`: it may have been cut
    /// off. A record that is not right is `InvalidData`; `PermissionDenied` says that the server
    /// does not accept our certificate, which TLS 1.3 tells only after the handshake.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return uninterrupted(|| self.receiver.read(&self.socket, buffer));
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            receive(tls, &self.socket, &mut self.receiver)?;
        }
    }

    /// CLOCK_MONOTONIC ns at which the kernel had received what was last read from the socket.
    pub fn received_ns(&self) -> u64 {
        self.receiver.received_ns()
    }

    /// Whether bytes go through TLS, which hands out its records one by one: a read that did not
    /// fill the buffer may then have left something behind.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether the server chose HTTP/2 in the TLS handshake; false over plain TCP.
    pub fn is_http2(&self) -> bool {
        let tls = self.tls.as_ref();
        tls.is_some_and(|tls| tls.alpn_protocol() == Some(b"h2"))
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What an error of an established link means for a request that was on it. `begun` says whether
/// any of its response had come. The end of the connection counts as `UnexpectedEof`.
pub fn error_class(error: ErrorKind, begun: bool) -> ErrorClass {
    match error {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            ErrorClass::Reset
        }
        ErrorKind::InvalidData => ErrorClass::Protocol,
        ErrorKind::PermissionDenied => ErrorClass::Connect,
        _ if begun => ErrorClass::CutShort,
        _ => ErrorClass::Closed,
    }
}

/// Takes one read's worth of TLS records from the socket; 0 at its end.
fn receive(
    tls: &mut ClientConnection,
    socket: &TcpStream,
    receiver: &mut Receiver,
) -> io::Result<usize> {
    let read = uninterrupted(|| tls.read_tls(&mut Received { socket, receiver }))?;
    if let Err(error) = tls.process_new_packets() {
        // The server is told why, if the socket takes it.
        let _ = write_held(tls, socket);
        return Err(broken(&error));
    }
    Ok(read)
}

/// What TLS reads from.
struct Received<'l> {
    socket: &'l TcpStream,
    receiver: &'l mut Receiver,
}

impl Read for Received<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receiver.read(self.socket, buffer)
    }
}

/// Writes what TLS has ready; true when nothing is left.
fn write_held(tls: &mut ClientConnection, mut socket: &TcpStream) -> io::Result<bool> {
    while tls.wants_write() {
        match uninterrupted(|| tls.write_tls(&mut socket)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn broken(error: &Error) -> io::Error {
    let kind = match is_refusal(error) {
        true => ErrorKind::PermissionDenied,
        false => ErrorKind::InvalidData,
    };
    io::Error::new(kind, explain(error))
}

fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
