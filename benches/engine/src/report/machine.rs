//! What a run ran on: machine, load, compiler, and the peers' versions.
//!
//! What cannot be found out is "unknown", which is no failure.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;

/// What a program says in one line; nothing if it does not run.
pub fn said_by(program: impl AsRef<OsStr>, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let line = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    line.ok().filter(|line| !line.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// The load average of the last minute.
pub fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// The processor, its cores, and the system.
pub fn name() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// The lock file that the bench was built with says which versions these are.
pub fn peers() -> Vec<(String, String)> {
    const NAMES: [&str; 5] =
        ["yrs", "loro", "diamond-types", "diamond-types-extended", "automerge"];
    let packages = include_str!("../../Cargo.lock").split("[[package]]");
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    packages
        .filter_map(|package| Some((field(package, "name")?, field(package, "version")?)))
        .filter(|(name, _)| NAMES.contains(&name.as_str()))
        .collect()
}
