//! From what was typed and what the workload recommends to the settings of a run.
//!
//! A flag wins over a hint, a hint over the default, and each setting knows which it was. Refuses
//! a hint that cannot be followed instead of bending it, and names the flag that replaces it.

use crate::analysis::slo::{Slo, check_twice};
use crate::cli::fire::{FireArgs, MAX_IN_FLIGHT, MAX_WORKERS};
use crate::combinations::{check_closed_stages, check_cpus};
use crate::engine::demand::default_connections;
use crate::engine::request::ExtraHeaders;
use crate::engine::run::{FireSettings, Reuse};
use crate::engine::schedule::Speed;
use crate::engine::tls::TlsSettings;
use crate::exit::Failure;
use crate::host;
use crate::run_info::{Origin, Origins, Salting};
use crate::values::TIMEOUTS;
use http::header::HeaderValue;
use schemas::manifest::{Hints, Salt, SloHint};
use schemas::reader::Workload;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// Open files that are not connections.
const SPARE_FILES: u64 = 64;

/// A setting and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// What was asked for; `None` is left to the program.
    pub value: Option<T>,
    /// Who asked.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn of(flag: Option<T>, hint: Option<T>) -> Self {
        let origin = match (&flag, &hint) {
            (Some(_), _) => Origin::Flag,
            (None, Some(_)) => Origin::Workload,
            (None, None) => Origin::Default,
        };
        Setting {
            value: flag.or(hint),
            origin,
        }
    }
}

/// What was asked for, of the settings that a workload may recommend.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Base URLs of the servers.
    pub urls: Setting<Vec<String>>,
    /// Worker threads.
    pub workers: Setting<u32>,
    /// Most requests in flight at once.
    pub max_in_flight: Setting<u32>,
    /// Connections opened before t0.
    pub connections: Setting<u32>,
    /// Longest wait for a complete response.
    pub timeout: Setting<Duration>,
    /// What answers are held against.
    pub slos: Setting<Vec<Slo>>,
    /// What stands in salt slots; no advice of a workload.
    pub salt: Option<Salting>,
}

impl Asked {
    /// Joins the command line and the hints; `salt` is what the workload's slots may be filled with,
    /// if a request has one.
    pub fn new(args: &FireArgs, hints: &Hints, salt: Option<&Salt>) -> Result<Self, Failure> {
        let workers = hints.workers.map(u64::from);
        let salted = |text: &str| salting(text, salt, &args.file);
        let urls = Some(args.server.urls.clone()).filter(|urls| !urls.is_empty());
        Ok(Asked {
            urls: Setting::of(urls, hints.url.clone().map(|url| vec![url])),
            workers: number("--workers", args.timing.workers, workers, MAX_WORKERS)?,
            max_in_flight: number(
                "--max-in-flight",
                args.load.max_in_flight,
                most_in_flight(hints),
                MAX_IN_FLIGHT,
            )?,
            // How many are opened early is no advice of a workload.
            connections: Setting::of(args.connection.connections, None),
            timeout: timeout(args.load.timeout, hints.timeout_ns)?,
            slos: slos(&args.judge.slos, &hints.slos)?,
            salt: args.load.salt.as_deref().map(salted).transpose()?,
        })
    }

    /// Who set what, as `run.json` has it.
    pub fn origins(&self) -> Origins {
        Origins {
            url: self.urls.origin,
            workers: self.workers.origin,
            max_in_flight: self.max_in_flight.origin,
            connections: self.connections.origin,
            timeout_ns: self.timeout.origin,
            slos: self.slos.origin,
        }
    }

    /// What comes from the workload, as the flags that would say the same; `None` for nothing.
    pub fn from_workload(&self) -> Option<String> {
        let flags = [
            shown("--url", &self.first_url()),
            shown("--workers", &self.workers),
            shown("--max-in-flight", &self.max_in_flight),
            self.timeout_seconds(),
            self.hinted_slos(),
        ];
        let flags: Vec<String> = flags.into_iter().flatten().collect();
        (!flags.is_empty()).then(|| flags.join(" "))
    }

    /// A workload recommends one at most.
    fn first_url(&self) -> Setting<&str> {
        let urls = self.urls.value.as_deref().unwrap_or_default();
        Setting {
            value: urls.first().map(String::as_str),
            origin: self.urls.origin,
        }
    }

    fn timeout_seconds(&self) -> Option<String> {
        let seconds = self.timeout.value?.as_secs_f64();
        (self.timeout.origin == Origin::Workload).then(|| format!("--timeout {seconds}s"))
    }

    fn hinted_slos(&self) -> Option<String> {
        let flags = self.slos.value.iter().flatten();
        let flags: Vec<String> = flags.map(|slo| format!("--slo {slo}")).collect();
        (self.slos.origin == Origin::Workload).then(|| flags.join(" "))
    }

    /// Settings in force, every default resolved. Refuses what this process may not do and what
    /// this workload cannot be fired with.
    pub fn resolve(
        &self,
        args: &FireArgs,
        workload: &Workload,
        speed: Speed,
    ) -> Result<FireSettings, Failure> {
        let workers = self.workers.value.unwrap_or(1) as usize;
        let (max_in_flight, connections) = self.counts(args, workload, speed, workers)?;
        let cpus = args
            .timing
            .cpus
            .clone()
            .map_or_else(Vec::new, |list| list.0);
        check_cpus(&cpus, &host::allowed_cpus())?;
        let server = &args.server;
        Ok(FireSettings {
            workers,
            max_in_flight,
            connections,
            speed,
            timeout: self.timeout.value.unwrap_or(DEFAULT_TIMEOUT),
            extra: ExtraHeaders {
                fields: server.headers.clone(),
                authorization: server.api_key_env.as_deref().map(api_key).transpose()?,
            },
            salt: self.salt.as_ref().map(|salt| salt.words.join(" ")),
            overload: args.load.overload.unwrap_or_default(),
            on_turn_failure: args.load.on_turn_failure.unwrap_or_default(),
            reuse: args.connection.reuse.unwrap_or_default(),
            balance: server.balance.unwrap_or_default(),
            http2: args.connection.http2,
            tls: TlsSettings {
                ca_certificates: server.ca_certificates.clone(),
                client_certificate: server.client_certificate.clone(),
                client_key: server.client_key.clone(),
                insecure: server.insecure,
            },
            bind: args.connection.bind,
            token_times: !args.load.no_token_times,
            grace: args.timing.grace.unwrap_or(DEFAULT_GRACE),
            longest: None,
            start_at_unix_ns: args.timing.start_at,
            cpus,
            fifo_priority: args.timing.fifo,
            spin: args.timing.spin.unwrap_or_default(),
        })
    }

    /// Most in flight when nobody says a number: what files and, without HTTP/2, local ports allow.
    /// Where ports run out, the kernel takes long to say that there is none.
    fn default_in_flight(&self, args: &FireArgs, most: usize) -> usize {
        let urls = self.urls.value.as_ref().map_or(1, Vec::len);
        match args.connection.http2 {
            true => most,
            false => most.min(host::local_ports() / 4 * 3 * urls),
        }
    }

    /// Most requests in flight and connections opened early, within the limit on open files.
    fn counts(
        &self,
        args: &FireArgs,
        workload: &Workload,
        speed: Speed,
        workers: usize,
    ) -> Result<(usize, usize), Failure> {
        let files = host::raise_open_files();
        let most = files
            .saturating_sub(SPARE_FILES + workers as u64 * 8)
            .max(1) as usize;
        let max_in_flight = self.max_in_flight.value.map_or_else(
            || self.default_in_flight(args, most),
            |asked| asked as usize,
        );
        if self.max_in_flight.value.is_some() && max_in_flight < workers {
            return Err(Failure::wrong_input(format!(
                "--max-in-flight {max_in_flight} is less than one for each of {workers} workers: raise it or ask for fewer --workers"
            )));
        }
        check_closed_stages(workload.stages(), workers, max_in_flight)?;
        let connections = match self.connections.value {
            Some(asked) => asked as usize,
            None if args.connection.reuse == Some(Reuse::Never) => 0,
            // Requests share them; one more is opened where a server takes no more streams.
            None if args.connection.http2 => workers * self.urls.value.as_ref().map_or(1, Vec::len),
            None => default_connections(workload.requests(), workload.stages(), speed)
                .max(workers)
                .min(max_in_flight),
        };
        // Without HTTP/2 a request in flight has a connection to itself.
        let busy = if args.connection.http2 {
            0
        } else {
            max_in_flight
        };
        if connections.max(busy) > most {
            return Err(Failure::wrong_input(format!(
                "--connections {connections} or --max-in-flight {max_in_flight} exceed the {files} files that this process may open: \
                 raise the limit with `ulimit -n` or ask for at most {most}"
            )));
        }
        Ok((max_in_flight, connections))
    }
}

/// The words that a salt chooses. Refuses one that nothing would be salted by.
pub fn salting(text: &str, salt: Option<&Salt>, file: &Path) -> Result<Salting, Failure> {
    let salt = salt.ok_or_else(|| {
        Failure::wrong_input(format!(
            "--salt {text}: no request of {} has a place for it\n  help: compile the workload with `data: {{salt: true}}`, or leave --salt out",
            file.display()
        ))
    })?;
    let words = salt.chosen(text).into_iter().map(str::to_owned);
    Ok(Salting {
        text: text.to_owned(),
        words: words.collect(),
    })
}

/// Most requests in flight that a workload recommends. A request in flight holds a connection, so
/// either bound holds for both.
pub fn most_in_flight(hints: &Hints) -> Option<u64> {
    let bounds = hints.max_in_flight.into_iter().chain(hints.connections);
    bounds.min()
}

/// Flags replace all that a workload recommends.
pub fn slos(flags: &[Slo], hints: &[SloHint]) -> Result<Setting<Vec<Slo>>, Failure> {
    check_twice(flags).map_err(|what| Failure::wrong_input(format!("--slo: {what}")))?;
    let hinted: Result<Vec<Slo>, String> = hints.iter().map(Slo::of_hint).collect();
    let hinted = match (flags, hinted) {
        ([], Err(what)) => {
            return Err(Failure::wrong_input(format!(
                "the workload recommends an SLO that is not known: {what}\n  help: give --slo, which replaces all of them"
            )));
        }
        (_, hinted) => hinted.unwrap_or_default(),
    };
    let unless_empty = |slos: Vec<Slo>| Some(slos).filter(|slos| !slos.is_empty());
    Ok(Setting::of(
        unless_empty(flags.to_vec()),
        unless_empty(hinted),
    ))
}

/// A flag as it would be typed, if the workload set it.
fn shown<T: Display>(flag: &str, setting: &Setting<T>) -> Option<String> {
    let value = setting.value.as_ref()?;
    (setting.origin == Origin::Workload).then(|| format!("{flag} {value}"))
}

fn number(
    name: &str,
    flag: Option<u32>,
    hint: Option<u64>,
    most: u32,
) -> Result<Setting<u32>, Failure> {
    let hint = hint.filter(|_| flag.is_none());
    let fits = |hint: u64| u32::try_from(hint).ok().filter(|n| (1..=most).contains(n));
    match hint {
        Some(hint) if fits(hint).is_none() => Err(Failure::wrong_input(format!(
            "the workload recommends {name} {hint}, which is not of 1 to {most}\n  help: give another {name}"
        ))),
        hint => Ok(Setting::of(flag, hint.and_then(fits))),
    }
}

fn timeout(flag: Option<Duration>, hint_ns: Option<u64>) -> Result<Setting<Duration>, Failure> {
    let hint = hint_ns.filter(|_| flag.is_none()).map(Duration::from_nanos);
    match hint {
        Some(hint) if !TIMEOUTS.contains(&hint) => Err(Failure::wrong_input(format!(
            "the workload recommends a --timeout of {hint:?}, which is not between 1ms and 2777h\n  help: give another --timeout"
        ))),
        hint => Ok(Setting::of(flag, hint)),
    }
}

fn api_key(variable: &str) -> Result<HeaderValue, Failure> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !variable.chars().all(is_name) {
        // It may be the key itself.
        return Err(Failure::wrong_input(
            "--api-key-env: what was given is no name of a variable; put the key into a variable \
             and give its name",
        ));
    }
    let key = std::env::var(variable).map_err(|_| {
        Failure::wrong_input(format!(
            "--api-key-env {variable}: the variable is not set or not text; export it first"
        ))
    })?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| {
        Failure::wrong_input(format!(
            "--api-key-env {variable}: its value cannot be sent in a header"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
pub(crate) mod tests;
