//! What a run gives: tables for a terminal, JSON for programs, a chart for a page.

mod chart;
mod lines;
mod tables;
mod targets;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

pub use targets::Target;

use crate::curves::Curve;
use crate::measure::{TraceResults, WikiResults};
use crate::memory::Memory;
use crate::save;
use crate::wasm::WasmResults;

/// All that was measured, on what, and what it is judged.
#[derive(Serialize)]
pub struct Report {
    pub machine: String,
    /// Its load averages as the measuring began and as it ended; the bench itself is 1.
    pub load: [String; 2],
    pub rustc: String,
    /// This project's commit.
    pub commit: String,
    /// Peers, with their versions.
    pub peers: Vec<(String, String)>,
    #[serde(flatten)]
    pub measured: Measured,
    pub targets: Vec<Target>,
}

/// All that was measured, as far as it was asked for.
#[derive(Default, Serialize)]
pub struct Measured {
    pub traces: Vec<TraceResults>,
    pub wikis: Vec<WikiResults>,
    pub curves: Vec<Curve>,
    pub memory: Option<Memory>,
    pub saves: Vec<save::Row>,
    pub wasm: Option<WasmResults>,
}

impl Report {
    /// Judges what was measured.
    pub fn of(measured: Measured, load_before: String) -> Report {
        Report {
            machine: machine(),
            load: [load_before, load()],
            rustc: said_by("rustc", &["--version"]),
            commit: said_by(
                "git",
                &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"],
            ),
            peers: peers(),
            targets: targets::judged(&measured),
            measured,
        }
    }

    /// The tables, and what has to be known to read them.
    pub fn tables(&self) -> String {
        tables::all(self)
    }

    fn below_charts(&self) -> String {
        format!("less is better; {}; {}", self.machine, self.rustc)
    }

    /// Writes JSON and charts into a folder; where they are.
    pub fn write(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::create_dir_all(folder)?;
        let mut files = vec![("engine.json", serde_json::to_string_pretty(self)? + "\n")];
        if !self.measured.traces.is_empty() {
            files.push(("engine.svg", chart::svg(self)));
        }
        if !self.measured.curves.is_empty() {
            files.push(("engine-curves.svg", lines::svg(self)));
        }
        let written = files.into_iter().map(|(name, content)| {
            let path = folder.join(name);
            fs::write(&path, content).map(|()| path)
        });
        written.collect()
    }
}

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

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// The lock file that the bench was built with says which versions these are.
fn peers() -> Vec<(String, String)> {
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
