//! The machine that fires: facts that the kernel tells, and what a worker thread asks of it.
//!
//! What the kernel does not tell is left out; what it refuses is said, never taken for granted.

use crate::engine::run::Spin;
use crate::run_info::{Counters, HostInfo, ThreadInfo, ThreadUse};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{
    CpuSet, current_timer_slack, sched_getaffinity, sched_setaffinity, set_current_timer_slack,
};
use schemas::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::{File, read_to_string};
use std::io::{self, Read};
use std::num::NonZeroU64;
use std::sync::OnceLock;

/// Kernel, CPU and the number of processors.
pub fn describe() -> HostInfo {
    let name = rustix::system::uname();
    HostInfo {
        kernel: format!(
            "{} {}",
            name.sysname().to_string_lossy(),
            name.release().to_string_lossy()
        ),
        cpu: cpu_model(),
        cpus: std::thread::available_parallelism().map_or(1, |count| count.get() as u32),
        virtualisation: virtualisation(
            &read_to_string("/proc/cpuinfo").unwrap_or_default(),
            ["sys_vendor", "product_name"].map(|name| {
                read_to_string(format!("/sys/class/dmi/id/{name}")).unwrap_or_default()
            }),
        ),
    }
}

/// That the processor is a hypervisor's, if it says so, and what the firmware says of the machine.
fn virtualisation(cpuinfo: &str, firmware: [String; 2]) -> Option<String> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    let is_guest = flags.is_some_and(|line| line.split_whitespace().any(|f| f == "hypervisor"));
    let guest = is_guest.then_some("hypervisor");
    let firmware = firmware.iter().map(|text| text.trim());
    let told: Vec<&str> = guest
        .into_iter()
        .chain(firmware.filter(|text| !text.is_empty()))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// SHA-256 of the file that this program was started from, also if another stands in its place by
/// now; read once. `None` where it cannot be read.
pub fn binary_sha256() -> Option<Digest> {
    static HASH: OnceLock<Option<Digest>> = OnceLock::new();
    *HASH.get_or_init(|| {
        let mut file = File::open("/proc/self/exe").ok()?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer).ok()? {
                0 => return Some(hasher.finalize().into()),
                count => hasher.update(&buffer[..count]),
            }
        }
    })
}

/// What the kernel derives its clocks from.
pub fn clock_source() -> Option<String> {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn cpu_model() -> Option<String> {
    let info = read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':')
        .map(|(_, model)| model.trim().to_owned())
}

/// Raises the soft limit on open files to the hard one; gives the limit in force.
pub fn raise_open_files() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it may not be raised, the present one stands.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current.unwrap_or(1 << 20)
}

/// Ports that outgoing connections may leave from, for each address that they go to; Linux's default
/// where /proc cannot be read.
pub fn local_ports() -> usize {
    let range = read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut ends = range.split_whitespace().map(str::parse::<usize>);
    match (ends.next(), ends.next()) {
        (Some(Ok(first)), Some(Ok(last))) if first <= last => last - first + 1,
        _ => 28_232,
    }
}

/// Processors that this thread may run on, by number; empty if the kernel does not tell.
pub fn allowed_cpus() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU)
        .filter(|cpu| set.is_set(*cpu))
        .collect()
}

/// Lets this thread run on one processor only.
pub fn pin(cpu: usize) -> io::Result<()> {
    if cpu >= CpuSet::MAX_CPU {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// Gives this thread a real-time priority (SCHED_FIFO) of 1 to 99.
pub fn fifo(priority: u32) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: priority as libc::c_int,
    };
    // SAFETY: 0 names the calling thread; the pointer is to a whole `sched_param` that lives until
    // the call returns, and the kernel only reads it.
    let status = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Asks the kernel for what a worker thread needs; to be called on that thread, before t0. Tells
/// what it was granted; `spin_ns` is left 0.
pub fn prepare_thread(worker: usize, cpu: Option<usize>, priority: Option<u32>) -> ThreadInfo {
    let mut refused = Vec::new();
    let mut granted = |what: String, outcome: io::Result<()>| match outcome {
        Ok(()) => true,
        Err(error) => {
            refused.push(format!("{what}: {error}"));
            false
        }
    };
    // 1 ns is the shortest: 0 would mean the default of 50 us.
    let slack = set_current_timer_slack(NonZeroU64::new(1)).map_err(io::Error::from);
    granted("timer slack of 1 ns".to_owned(), slack);
    ThreadInfo {
        worker: worker as u32,
        cpu: cpu
            .filter(|cpu| granted(format!("processor {cpu}"), pin(*cpu)))
            .map(|cpu| cpu as u32),
        fifo_priority: priority
            .filter(|priority| granted(format!("SCHED_FIFO {priority}"), fifo(*priority))),
        timer_slack_ns: current_timer_slack().ok(),
        spin_ns: 0,
        refused,
        used: None,
    }
}

/// The processor that a worker is to be pinned to: the lists's, in turn; `None` for an empty list.
pub fn cpu_of(worker: usize, cpus: &[usize]) -> Option<usize> {
    (!cpus.is_empty()).then(|| cpus[worker % cpus.len()])
}

/// Whether workers may spin: with `auto` where each has a processor to itself and one more is left
/// over. Watching the clock costs little more than sleeping: a wake-up costs tens of microseconds itself. Call it before any thread is pinned.
pub fn may_spin(spin: Spin, workers: usize, cpus: &[usize]) -> bool {
    // Counts what a cgroup's quota allows, too.
    let usable = std::thread::available_parallelism().map_or(1, usize::from);
    spins(spin, workers, cpus.len(), usable)
}

fn spins(spin: Spin, workers: usize, pinned_to: usize, usable: usize) -> bool {
    match spin {
        Spin::On => true,
        Spin::Off => false,
        Spin::Auto => workers < usable && (pinned_to == 0 || workers <= pinned_to),
    }
}

/// What this thread has taken of the processors since it began; it knows itself how much of that was
/// spinning, and 0 is said here. `None` where the kernel does not
/// count it.
pub fn thread_use() -> Option<ThreadUse> {
    let schedstat = read_to_string("/proc/thread-self/schedstat").ok()?;
    let status = read_to_string("/proc/thread-self/status").ok()?;
    used(&schedstat, &status)
}

fn used(schedstat: &str, status: &str) -> Option<ThreadUse> {
    let mut numbers = schedstat.split_whitespace().map(|n| n.parse().ok());
    let (cpu_ns, run_queue_ns, slices) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // A kernel that does not count says 0 to all; a thread that reads this has run.
    let switches = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line?.trim().parse().ok()
    };
    (slices > 0u64).then_some(ThreadUse {
        cpu_ns,
        spun_ns: 0,
        run_queue_ns,
        voluntary_switches: switches("voluntary_ctxt_switches:")?,
        involuntary_switches: switches("nonvoluntary_ctxt_switches:")?,
    })
}

/// Time that a hypervisor has taken from the processors which this process may run on, in ns since
/// the machine began, as a mean over them; `None` where the kernel does not tell.
fn steal_ns() -> Option<u64> {
    stolen(
        &read_to_string("/proc/stat").ok()?,
        &allowed_cpus(),
        rustix::param::clock_ticks_per_second(),
    )
}

/// What the kernel has counted since the machine began.
pub fn counters() -> Counters {
    let stalled_us = |what: &str| stalled(&read_to_string(format!("/proc/pressure/{what}")).ok()?);
    Counters {
        steal_ns: steal_ns(),
        cpu_stalled_us: stalled_us("cpu"),
        memory_stalled_us: stalled_us("memory"),
        io_stalled_us: stalled_us("io"),
    }
}

/// Microseconds for which some thread waited, of a file such as /proc/pressure/cpu.
fn stalled(pressure: &str) -> Option<u64> {
    let some = pressure
        .lines()
        .find_map(|line| line.strip_prefix("some "))?;
    let total = some
        .split_whitespace()
        .find_map(|field| field.strip_prefix("total="))?;
    total.parse().ok()
}

fn stolen(stat: &str, cpus: &[usize], ticks_per_second: u64) -> Option<u64> {
    let of = |cpu: &usize| -> Option<u64> {
        let key = format!("cpu{cpu} ");
        let line = stat.lines().find_map(|line| line.strip_prefix(&key))?;
        // user, nice, system, idle, iowait, irq, softirq, steal
        line.split_whitespace().nth(7)?.parse().ok()
    };
    let ticks = cpus.iter().map(of).sum::<Option<u64>>()?;
    (ticks * (1_000_000_000 / ticks_per_second)).checked_div(cpus.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs on a thread of its own, whose affinity dies with it.
    fn on_a_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
        std::thread::spawn(run).join().unwrap()
    }

    #[test]
    fn a_pinned_thread_runs_on_that_processor_alone_and_others_stay_as_they_were() {
        let before = allowed_cpus();
        let cpu = *before.last().unwrap();
        let (info, after) =
            on_a_thread(move || (prepare_thread(3, Some(cpu), None), allowed_cpus()));
        assert_eq!(
            (info.worker, info.cpu, info.fifo_priority),
            (3, Some(cpu as u32), None)
        );
        assert_eq!((info.timer_slack_ns, info.refused), (Some(1), vec![]));
        assert_eq!(after, [cpu]);
        assert_eq!(allowed_cpus(), before);
    }

    #[test]
    fn what_is_refused_is_told_and_not_claimed() {
        let absent = CpuSet::MAX_CPU - 1;
        let info = on_a_thread(move || prepare_thread(0, Some(absent), Some(100)));
        assert_eq!((info.cpu, info.fifo_priority), (None, None));
        let [processor, fifo] = &info.refused[..] else {
            panic!("{:?}", info.refused)
        };
        assert!(processor.starts_with("processor 1023: "), "{processor}");
        assert!(fifo.starts_with("SCHED_FIFO 100: "), "{fifo}");
    }

    #[test]
    fn a_priority_is_in_force_or_refused() {
        let (info, policy) = on_a_thread(|| {
            let info = prepare_thread(0, None, Some(1));
            // SAFETY: takes no pointer; 0 names the calling thread.
            (info, unsafe { libc::sched_getscheduler(0) })
        });
        match info.fifo_priority {
            Some(priority) => assert_eq!((priority, policy), (1, libc::SCHED_FIFO)),
            None => assert!(info.refused.len() == 1 && policy == libc::SCHED_OTHER),
        }
    }

    /// Runs for so long, by its own processor's time; tells what it took for that.
    fn spin(cpu_ns: u64) -> ThreadUse {
        let before = thread_use().expect("this kernel counts");
        loop {
            let used = thread_use().expect("this kernel counts").since(&before);
            if used.cpu_ns >= cpu_ns {
                return used;
            }
        }
    }

    #[test]
    fn threads_that_share_a_processor_wait_in_its_queue_and_one_that_sleeps_does_not() {
        const SPIN_NS: u64 = 100_000_000;
        let cpu = allowed_cpus()[0];
        let barrier = std::sync::Barrier::new(2);
        let waited_ns = std::thread::scope(|scope| {
            let spinner = || {
                pin(cpu).unwrap();
                barrier.wait();
                spin(SPIN_NS).run_queue_ns
            };
            let both = [scope.spawn(spinner), scope.spawn(spinner)];
            both.map(|thread| thread.join().unwrap()).into_iter().max()
        });
        // Whoever is done last has waited for all of the other's time.
        assert!(waited_ns.unwrap() > SPIN_NS / 2, "{waited_ns:?}");
        let (asleep, slept) = on_a_thread(|| {
            let (before, begun) = (thread_use().unwrap(), std::time::Instant::now());
            std::thread::sleep(std::time::Duration::from_millis(400));
            (thread_use().unwrap().since(&before), begun.elapsed())
        });
        assert!(
            u128::from(asleep.run_queue_ns) < slept.as_nanos() / 2,
            "{asleep:?}"
        );
        assert!(asleep.cpu_ns < SPIN_NS, "{asleep:?}");
        assert!(asleep.voluntary_switches > 0, "{asleep:?}");
    }

    #[test]
    fn what_the_kernel_does_not_count_is_not_taken_for_nothing() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t2\n";
        let counted = ThreadUse {
            cpu_ns: 11,
            spun_ns: 0,
            run_queue_ns: 22,
            voluntary_switches: 7,
            involuntary_switches: 2,
        };
        assert_eq!(used("11 22 3\n", status), Some(counted));
        assert_eq!(used("0 0 0\n", status), None, "nobody counts");
        assert_eq!(used("11 22\n", status), None);
        assert_eq!(used("11 22 3\n", "Name:\tx\n"), None);
    }

    #[test]
    fn stolen_time_is_a_mean_over_the_processors_that_may_be_used() {
        let stat = "cpu  9 9 9 9 9 9 9 999 0 0\ncpu0 1 1 1 1 1 1 1 10 0 0\n\
                    cpu1 1 1 1 1 1 1 1 30 0 0\ncpu10 1 1 1 1 1 1 1 500 0 0\nintr 5\n";
        assert_eq!(stolen(stat, &[0, 1], 100), Some(200_000_000));
        assert_eq!(stolen(stat, &[1], 100), Some(300_000_000));
        assert_eq!(stolen(stat, &[1], 1000), Some(30_000_000));
        assert_eq!(stolen(stat, &[0, 2], 100), None, "one is not told");
        assert_eq!(stolen(stat, &[], 100), None);
        assert_eq!(stolen("cpu0 1 1 1\n", &[0], 100), None);
    }

    #[test]
    fn pressure_is_what_some_waited_and_not_what_all_did() {
        let pressure = "some avg10=0.00 avg60=1.00 avg300=0.10 total=123456\n\
                        full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n";
        assert_eq!(stalled(pressure), Some(123_456));
        assert_eq!(stalled("full avg10=0.00 total=99\n"), None);
        assert_eq!(stalled("some avg10=0.00\n"), None);
        assert_eq!(stalled(""), None);
    }

    #[test]
    fn a_guest_is_told_by_its_processor_and_a_machine_by_its_firmware() {
        let firmware = || ["QEMU\n".to_owned(), "Standard PC\n".to_owned()];
        let neither = || [String::new(), "\n".to_owned()];
        let guest = "processor: 0\nflags\t\t: fpu hypervisor lm\n";
        let metal = "processor: 0\nflags\t\t: fpu lm\nnote: hypervisor\n";
        let told = |info, firmware| virtualisation(info, firmware);
        assert_eq!(told(guest, neither()).unwrap(), "hypervisor");
        assert_eq!(
            told(guest, firmware()).unwrap(),
            "hypervisor, QEMU, Standard PC"
        );
        assert_eq!(told(metal, firmware()).unwrap(), "QEMU, Standard PC");
        assert_eq!(told(metal, neither()), None);
        assert_eq!(told("", neither()), None);
    }

    #[test]
    fn the_program_is_hashed_as_it_was_started() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(binary_sha256(), Some(Sha256::digest(file).into()));
    }

    #[test]
    fn processors_are_taken_in_turn() {
        let taken: Vec<_> = (0..3).map(|worker| cpu_of(worker, &[5, 2])).collect();
        assert_eq!(taken, [Some(5), Some(2), Some(5)]);
        assert_eq!(cpu_of(0, &[]), None);
    }

    #[test]
    fn auto_spins_only_where_a_processor_is_left_over() {
        assert!(spins(Spin::Auto, 1, 0, 2));
        assert!(!spins(Spin::Auto, 1, 0, 1));
        assert!(!spins(Spin::Auto, 2, 1, 4), "two workers share a processor");
        assert!(spins(Spin::Auto, 2, 2, 4));
        assert!(spins(Spin::On, 8, 0, 1));
        assert!(!spins(Spin::Off, 1, 0, 8));
    }
}
