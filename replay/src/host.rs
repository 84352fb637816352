//! Facts about the machine that fires, read from the kernel; what it does not tell is left out.

use crate::run_info::HostInfo;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::fs::read_to_string;

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
    }
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

/// Times the scheduler took the CPU away from a thread of this process that wanted to go on, over
/// all threads that are alive; 0 where /proc cannot be read.
pub fn involuntary_context_switches() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
        .filter_map(|status| {
            let line = status
                .lines()
                .find(|line| line.starts_with("nonvoluntary_ctxt_switches"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .sum()
}
