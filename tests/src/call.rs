//! A child process with a hard time limit: what it was asked, what it said, how it ended.
//!
//! A child that outlives its limit is killed and the caller panics with the command; a child
//! whose handle is dropped is killed too. Nothing that a test starts stays behind.

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest life of a child that is given no other limit.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks at a child.
const LOOK_EVERY: Duration = Duration::from_millis(3);

/// Whether a program of this name is on PATH.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// A command that is not yet started.
pub struct Call {
    command: Command,
    limit: Duration,
    on_terminal: bool,
}

impl Call {
    /// A program; arguments follow.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Call {
            command: Command::new(program),
            limit: DEFAULT_LIMIT,
            on_terminal: false,
        }
    }

    /// One more argument, as it stands.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Arguments parted by blanks.
    pub fn words(mut self, arguments: &str) -> Self {
        self.command.args(arguments.split_whitespace());
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The directory to run in.
    pub fn cwd(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// The time after which the child is killed.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Gives it a terminal for stderr. What it says there arrives as a terminal shows it: each line
    /// ends with CR and LF.
    pub fn on_terminal(mut self) -> Self {
        self.on_terminal = true;
        self
    }

    /// Starts it and waits for its end.
    #[track_caller]
    pub fn run(self) -> Outcome {
        self.start().wait()
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Running {
        let shown = shown(&self.command);
        let (screen, stderr) = match self.on_terminal {
            true => {
                let (screen, terminal) = terminal().expect("a pseudo-terminal");
                (Some(screen), terminal.into())
            }
            false => (None, Stdio::piped()),
        };
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: cannot be started: {error}"));
        Running {
            stdout: Some(drain(child.stdout.take().expect("piped"))),
            stderr: Some(match screen {
                Some(screen) => drain(screen),
                None => drain(child.stderr.take().expect("piped")),
            }),
            deadline: Instant::now() + self.limit,
            child,
            shown,
        }
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// A pseudo-terminal: what is shown on it, and what a program writes to. Once the program has ended,
/// reading fails.
fn terminal() -> rustix::io::Result<(File, File)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = openpt(flags)?;
    grantpt(&screen)?;
    unlockpt(&screen)?;
    let program = ioctl_tiocgptpeer(&screen, flags)?;
    Ok((screen.into(), program.into()))
}

/// Reads a pipe on a thread of its own, so that the child never waits for us.
fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What arrived before a broken pipe is what there is.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// A child at work. Dropping it kills it.
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    deadline: Instant,
    shown: String,
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        // A child that has ended cannot be interrupted.
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
    }

    /// Sends SIGKILL, as a crash would end it.
    pub fn kill(&self) {
        // A child that has ended cannot be killed.
        let _ = kill_process(Pid::from_child(&self.child), Signal::KILL);
    }

    /// Waits for the end, at most until the limit.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        let status = loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => break status,
                None if Instant::now() < self.deadline => std::thread::sleep(LOOK_EVERY),
                None => {
                    let _ = self.child.kill();
                    let stderr = text(self.stderr.take());
                    panic!("{}: killed at its time limit; stderr: {stderr}", self.shown);
                }
            }
        };
        Outcome {
            command: std::mem::take(&mut self.shown),
            status: status.code(),
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail harmlessly when the child has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|reader| reader.join().ok());
    String::from_utf8(bytes.unwrap_or_default()).expect("our programs print UTF-8")
}

/// How a child ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub command: String,
    /// Exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Outcome {
    /// Panics with everything that is known unless it ended with this status.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(
            self.status,
            Some(status),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Status 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.expect(0)
    }

    /// Status 0 and one JSON object on stdout.
    #[track_caller]
    pub fn json(self) -> Value {
        let this = self.ok();
        serde_json::from_str(&this.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", this.command, this.stdout))
    }

    /// Status 0 and one JSON object a line on stdout.
    #[track_caller]
    pub fn json_lines(self) -> Vec<Value> {
        let this = self.ok();
        let lines = this.stdout.lines().map(serde_json::from_str);
        lines
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{}: {error}", this.command))
    }
}
