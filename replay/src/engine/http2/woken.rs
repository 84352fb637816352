//! Which futures of a connection have something new. No other thread ever sees them; the types
//! are those that `Waker` asks for.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// Of one connection; as a waker it is that of the connection itself.
#[derive(Debug, Default)]
pub(super) struct Woken {
    connection: AtomicBool,
    streams: Mutex<Vec<u32>>,
}

impl Woken {
    /// Whether the connection itself is to be polled again; forgets it.
    pub(super) fn take_connection(&self) -> bool {
        self.connection.swap(false, Relaxed)
    }

    /// Has a stream polled.
    pub(super) fn wake_stream(&self, stream: u32) {
        self.streams.lock().expect("never poisoned").push(stream);
    }

    /// Exchanges the streams to be polled for an empty list.
    pub(super) fn swap_streams(&self, empty: &mut Vec<u32>) {
        std::mem::swap(&mut *self.streams.lock().expect("never poisoned"), empty);
    }

    /// A waker for one stream.
    pub(super) fn stream_waker(self: &Arc<Self>, stream: u32) -> Waker {
        let woken = self.clone();
        Waker::from(Arc::new(StreamWaker { woken, stream }))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.connection.store(true, Relaxed);
    }
}

struct StreamWaker {
    woken: Arc<Woken>,
    stream: u32,
}

impl Wake for StreamWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.wake_stream(self.stream);
    }
}
