//! Reading from a TCP connection together with the time at which the kernel took the bytes in.
//!
//! A busy server comes late to what has arrived. Its log must not blame that on the load generator,
//! so it has the kernel's own stamp of the last packet that a read has brought (`SO_TIMESTAMPNS`,
//! socket(7)), carried over from CLOCK_REALTIME to CLOCK_MONOTONIC by its age. Where there is none,
//! the time of the read.

use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};

use nix::cmsg_space;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::clock;

/// Older than this, in ns, no stamp is believed: the wall clock was set.
const MAX_AGE_NS: u64 = 10_000_000_000;

/// Asks the kernel for stamps.
pub fn ask(tcp: &TcpStream) {
    // Where it refuses, reads have their own times.
    let _ = setsockopt(tcp, ReceiveTimestampns, &true);
}

/// Reads once; gives CLOCK_MONOTONIC ns at which the bytes had arrived.
pub fn poll_read(
    tcp: &TcpStream,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<u64>> {
    loop {
        ready!(tcp.poll_read_ready(cx))?;
        let read = tcp.try_io(Interest::READABLE, || read(tcp, buf.initialize_unfilled()));
        match read {
            Ok((bytes, received_ns)) => {
                buf.advance(bytes);
                return Poll::Ready(Ok(received_ns));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

fn read(tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, u64)> {
    let mut parts = [IoSliceMut::new(buffer)];
    let mut control = cmsg_space!(TimeSpec);
    let message = recvmsg::<()>(
        tcp.as_raw_fd(),
        &mut parts,
        Some(&mut control),
        MsgFlags::empty(),
    )?;
    let mut stamp_ns = None;
    for part in message.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::ScmTimestampns(at) = part {
            stamp_ns = Some(at.tv_sec() as u64 * 1_000_000_000 + at.tv_nsec() as u64);
        }
    }
    let wall = clock_gettime(ClockId::Realtime);
    let wall_ns = wall.tv_sec as u64 * 1_000_000_000 + wall.tv_nsec as u64;
    let age_ns = stamp_ns.map_or(0, |stamp_ns| wall_ns.saturating_sub(stamp_ns));
    let now_ns = clock::now_ns();
    let believed = if age_ns < MAX_AGE_NS { age_ns } else { 0 };
    Ok((message.bytes, now_ns - believed))
}
