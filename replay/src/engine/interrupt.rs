//! Ctrl-C and SIGTERM, counted.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// From the third on the user does not want to wait for anything.
const PATIENCE: u32 = 3;

static PRESSES: AtomicU32 = AtomicU32::new(0);
/// Nobody counts any more.
static RELEASED: AtomicBool = AtomicBool::new(false);
static LISTENING: Mutex<bool> = Mutex::new(false);

/// Counts from now on instead of ending the process. A second call starts the count anew.
pub fn listen() -> io::Result<()> {
    PRESSES.store(0, Relaxed);
    RELEASED.store(false, Relaxed);
    let mut listening = LISTENING.lock().map_err(|_| io::ErrorKind::Other)?;
    if !*listening {
        ctrlc::set_handler(|| {
            let presses = PRESSES.fetch_add(1, Relaxed) + 1;
            if RELEASED.load(Relaxed) || presses >= PATIENCE {
                std::process::exit(crate::exit::INTERRUPTED.into());
            }
        })
        .map_err(io::Error::other)?;
        *listening = true;
    }
    Ok(())
}

/// From now on a signal ends the process, as if nobody had listened.
pub fn release() {
    RELEASED.store(true, Relaxed);
}

/// How often the user has asked to stop.
pub fn presses() -> u32 {
    PRESSES.load(Relaxed)
}
