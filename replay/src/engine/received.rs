//! When the kernel received what a worker reads, which may be later.
//!
//! Linux stamps each packet as it takes it in and hands the stamp of the last one out with the
//! bytes of a read (`SO_TIMESTAMPNS`, socket(7)). So a worker that was kept from running, or that
//! reads the answers of several requests in one go, measures the server and not itself; what it
//! cannot tell apart any more are packets that one read brings together, which share the last
//! one's time. The stamps are of CLOCK_REALTIME; they are carried over to CLOCK_MONOTONIC by their
//! age. The end of a connection has no stamp: its time is that of the read.

use super::clock::{NS_PER_S, monotonic_ns, unix_ns};
use nix::cmsg_space;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use rustix::net::{AddressFamily, SocketType};
use std::io::{self, IoSliceMut};
use std::net::TcpStream;
use std::os::fd::AsRawFd;

/// How far the clocks may have moved against each other between two reads, in ns. More is a step
/// of the wall clock, or a pause between the two readings: then the time of the read holds. A smaller
/// step moves the times of one read by as much.
const MAX_DRIFT_NS: i64 = 1_000_000;

/// Whether the kernel accepts to stamp what sockets receive.
pub fn has_stamps() -> bool {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
    socket.is_ok_and(|socket| setsockopt(&socket, ReceiveTimestampns, &true).is_ok())
}

/// The reading side of a socket.
#[derive(Debug)]
pub struct Receiver {
    /// CLOCK_REALTIME less CLOCK_MONOTONIC at the last read, in ns.
    offset_ns: i64,
    /// See [`Receiver::received_ns`].
    received_ns: u64,
    control: Vec<u8>,
}

impl Receiver {
    /// Asks for stamps. Where they are refused, the times are those of the reads.
    pub fn new(socket: &TcpStream) -> Self {
        let _ = setsockopt(socket, ReceiveTimestampns, &true);
        Receiver {
            offset_ns: unix_ns() as i64 - monotonic_ns() as i64,
            received_ns: 0,
            control: cmsg_space!(TimeSpec),
        }
    }

    /// CLOCK_MONOTONIC ns at which the kernel had received the last byte that was read.
    pub fn received_ns(&self) -> u64 {
        self.received_ns
    }

    /// Reads once: one system call.
    pub fn read(&mut self, socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let mut parts = [IoSliceMut::new(buffer)];
        let control = Some(&mut self.control[..]);
        let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, control, MsgFlags::empty())?;
        let mut stamp_ns = None;
        for part in message.cmsgs().into_iter().flatten() {
            if let ControlMessageOwned::ScmTimestampns(at) = part {
                stamp_ns = Some(at.tv_sec() as u64 * NS_PER_S + at.tv_nsec() as u64);
            }
        }
        let bytes = message.bytes;
        self.note(stamp_ns);
        Ok(bytes)
    }

    fn note(&mut self, stamp_ns: Option<u64>) {
        // In this order: a pause between the two makes the result late, never early.
        let unix_ns = unix_ns();
        let now_ns = monotonic_ns();
        let offset_ns = unix_ns as i64 - now_ns as i64;
        let drift_ns = offset_ns - std::mem::replace(&mut self.offset_ns, offset_ns);
        let age_ns = match stamp_ns {
            Some(stamp_ns) if drift_ns.abs() <= MAX_DRIFT_NS => unix_ns.saturating_sub(stamp_ns),
            _ => 0,
        };
        self.received_ns = now_ns.saturating_sub(age_ns).max(self.received_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::io::Write;
    use std::net::TcpListener;
    use std::time::Duration;

    /// How long everybody is late on purpose.
    const PAUSE: Duration = Duration::from_millis(30);

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    /// When a byte that has come by `there_ns` is said to have come, read a pause later.
    fn read_late(near: &TcpStream, mut far: &TcpStream, receiver: &mut Receiver) -> (u64, u64) {
        far.write_all(b"x").unwrap();
        poll(&mut [PollFd::new(near, PollFlags::IN)], None).unwrap();
        let there_ns = monotonic_ns();
        std::thread::sleep(PAUSE);
        assert_eq!(receiver.read(near, &mut [0; 8]).unwrap(), 1);
        assert!(receiver.received_ns() <= monotonic_ns());
        (there_ns, receiver.received_ns())
    }

    #[test]
    fn what_is_read_late_has_the_time_at_which_it_came() {
        let (near, far) = pair();
        let mut receiver = Receiver::new(&near);
        let mut last_ns = 0;
        // A pause of the test itself between two readings of the clocks can spoil one of them.
        let exact = (0..10).filter(|_| {
            let begun_ns = monotonic_ns();
            let (there_ns, received_ns) = read_late(&near, &far, &mut receiver);
            assert!(received_ns >= std::mem::replace(&mut last_ns, received_ns));
            (begun_ns.saturating_sub(1_000_000)..=there_ns + 1_000_000).contains(&received_ns)
        });
        assert!(exact.count() >= 5);
    }

    #[test]
    fn without_stamps_it_has_the_time_of_the_read() {
        let (near, far) = pair();
        let mut receiver = Receiver::new(&near);
        setsockopt(&near, ReceiveTimestampns, &false).unwrap();
        let (there_ns, received_ns) = read_late(&near, &far, &mut receiver);
        assert!(received_ns >= there_ns + PAUSE.as_nanos() as u64);
    }

    #[test]
    fn a_step_of_the_wall_clock_moves_no_time() {
        let (near, far) = pair();
        let mut receiver = Receiver::new(&near);
        receiver.offset_ns -= 3_600_000_000_000;
        let (there_ns, received_ns) = read_late(&near, &far, &mut receiver);
        assert!(
            received_ns >= there_ns + PAUSE.as_nanos() as u64,
            "not believed"
        );
    }
}
