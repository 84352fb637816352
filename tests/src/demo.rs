//! `demo`: the main job from end to end, and the three programs in one binary.
//!
//! Without arguments it compiles examples/demo.yaml, starts `mock-llm` on a free port, replays
//! the workload against it and stops the server again. Each step is a child process of this
//! binary and is printed as the command that it stands for, so that a reader learns the tools.
//! `demo wlc …`, `demo replay …` and `demo mock-llm …` are the programs themselves.

use anyhow::{Context, bail};
use harness::ServerProcess;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// The spec that is compiled.
const SPEC: &str = "examples/demo.yaml";
/// Where everything goes; not under version control.
const OUT: &str = "out/demo";
/// A small model on a good GPU: 20 ms to the first token, then 200 tokens a second.
const SERVER: [&str; 4] = ["--ttft", "20ms", "--itl", "5ms"];
/// Exit status when a step could not be run at all.
const WORLD_FAILED: u8 = 3;
/// Exit status for wrong usage.
const WRONG_INPUT: u8 = 2;
/// Pause between two looks at a step and at Ctrl-C.
const LOOK_EVERY: Duration = Duration::from_millis(10);

const USAGE: &str = "\
usage: demo                     compile, serve, replay, report: about ten seconds
       demo wlc ARGS…           the compiler
       demo replay ARGS…        the load generator
       demo mock-llm ARGS…      the inference server without a model";

fn main() -> ExitCode {
    // Without the binary's own name, arguments begin with the program's.
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.first().map(|first| first.to_string_lossy()) {
        None => whole_way(),
        Some(name) if name == "wlc" => compiler::run(arguments),
        Some(name) if name == "replay" => replay::run(arguments),
        Some(name) if name == "mock-llm" => mock_llm::run(arguments),
        Some(name) if name == "--help" || name == "-h" => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some(name) => {
            eprintln!("error: {name} is none of the programs\n{USAGE}");
            ExitCode::from(WRONG_INPUT)
        }
    }
}

fn whole_way() -> ExitCode {
    match Demo::new().and_then(|demo| demo.run()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("\nthe last step ended with status {status}; the server was stopped");
            ExitCode::from(status)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(WORLD_FAILED)
        }
    }
}

/// Where the demo runs, and whether the user wants it to end.
struct Demo {
    program: PathBuf,
    root: PathBuf,
    interrupted: Arc<AtomicBool>,
}

impl Demo {
    fn new() -> anyhow::Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || flag.store(true, Relaxed)).context("cannot catch Ctrl-C")?;
        Ok(Demo {
            program: std::env::current_exe().context("cannot find this program itself")?,
            root: find_root()?,
            interrupted,
        })
    }

    /// All steps; gives the status of the first that failed, or 0.
    fn run(&self) -> anyhow::Result<u8> {
        if std::env::current_dir().ok().as_deref() != Some(&self.root) {
            println!("In {}:\n", self.root.display());
        }
        let directory = self.root.join(OUT);
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        println!("1. Decide everything that will be sent: when, to whom, which bytes.");
        let workload = format!("{OUT}/demo.wlc");
        let compiled = self.step(&format!("wlc compile {SPEC} -o {workload}"))?;
        if compiled != 0 {
            return Ok(compiled);
        }
        println!("\n2. Start a server to fire at: OpenAI's interface without a model.");
        shown(&format!("mock-llm --port 0 {}", SERVER.join(" ")));
        let mut server = ServerProcess::start(&self.program, &SERVER)?;
        println!("listening on {}", server.url());
        println!("\n3. Fire the workload at it and write down what comes back.");
        let results = fresh_run(&self.root)?;
        let fired = self.step(&format!(
            "replay run {workload} --url {} --out {results}",
            server.url()
        ))?;
        server.kill();
        if fired == 0 {
            println!("\n{}", next_steps(&workload, &results));
        }
        Ok(fired)
    }

    /// Runs one of the programs, with its words parted by blanks; gives its exit status.
    fn step(&self, command: &str) -> anyhow::Result<u8> {
        shown(command);
        let mut child = Command::new(&self.program)
            .args(command.split_whitespace())
            .current_dir(&self.root)
            .stdin(Stdio::null())
            // A group of its own: Ctrl-C reaches it once, through us, and not the server.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {command}"))?;
        loop {
            if let Some(status) = child.try_wait()? {
                let Some(code) = status.code() else {
                    bail!("{command}: {status}");
                };
                return Ok(u8::try_from(code).unwrap_or(WORLD_FAILED));
            }
            if self.interrupted.swap(false, Relaxed) {
                // Failing means that it has just ended.
                let _ = kill_process(Pid::from_child(&child), Signal::INT);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// Prints a command as a user would type it.
fn shown(command: &str) {
    println!("$ {command}");
}

/// The directory with examples/: the current one, or the workspace this was built in.
fn find_root() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().ok();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let candidates = here.into_iter().chain(built_in.map(Path::to_owned));
    candidates
        .into_iter()
        .find(|root| root.join(SPEC).is_file())
        .with_context(|| format!("cannot find {SPEC}: run this in the root of a clone"))
}

/// A result directory that does not exist yet, relative to the root. Results are never replaced.
fn fresh_run(root: &Path) -> anyhow::Result<String> {
    (1..1_000_000)
        .map(|number| format!("{OUT}/run-{number}"))
        .find(|name| !root.join(name).exists())
        .with_context(|| format!("{OUT} is full of runs: remove some"))
}

fn next_steps(workload: &str, results: &str) -> String {
    let lines = [
        (
            format!("wlc inspect {workload} --request 0 --bodies"),
            "what the first request is",
        ),
        (
            format!("wlc verify {workload}"),
            "whether the file is as it was written",
        ),
        (
            format!("replay report {results} --format jsonl"),
            "every request with all its times",
        ),
        (
            "mock-llm --port 8000".to_owned(),
            "a server to try --url on",
        ),
    ];
    let lines = lines.map(|(command, what)| format!("  {command:<52} {what}"));
    format!(
        "The server was stopped. To go on, with `cargo demo` in front of each line:\n{}",
        lines.join("\n")
    )
}
