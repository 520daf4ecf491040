//! The cold edit and the save of a whole page inside Wasm: of the engines that run there, in
//! programs compiled in different ways.
//!
//! States are built here, and measured by `guest.rs`, which is this same code compiled to Wasm. It
//! runs in Viceroy as the edge function does, and has the states from a key-value store. May assume
//! that both list the same engines in the same order, up to the first that does not run in Wasm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Deadline;
use crate::engine::{Engine, Stored};
use crate::engines::Entrant;
use crate::failure::Failure;
use crate::measure::{self, Cell};
use crate::sample::Sample;
use crate::save;
use crate::trace::Trace;

/// What is measured of a state and its text, by the name that the program in Wasm is told.
#[derive(Clone, Copy)]
pub struct Measure {
    pub name: &'static str,
    pub of: fn(&dyn Engine, &Stored, &str) -> Cell<Sample>,
}

/// An edit.
pub const COLD: Measure = Measure { name: "cold", of: measure::cold };

/// A whole save in which one word changed.
pub const SAVE: Measure = Measure { name: "save", of: save::time };

/// The key-value store with the states.
pub const STORE: &str = "states";

/// Where the text at the end of a trace is.
pub fn end_key(trace: &str) -> String {
    format!("{trace}.end")
}

/// Where an entrant's state is.
pub fn state_key(trace: &str, entrant: usize) -> String {
    format!("{trace}.{entrant}")
}

/// What comes out for each state.
#[derive(Deserialize, Serialize)]
pub struct Line {
    pub entrant: usize,
    pub time: Result<Sample, String>,
}

/// A Wasm program that measures.
#[derive(Clone, Debug)]
pub struct Program {
    /// How it was compiled.
    pub way: String,
    pub file: PathBuf,
}

/// All that was measured in Wasm.
#[derive(Clone, Debug, Serialize)]
pub struct WasmResults {
    pub runtime: String,
    /// How the programs were compiled.
    pub ways: Vec<String>,
    pub traces: Vec<WasmTraceResults>,
    /// Of a page of 1 MiB.
    pub save: WasmTraceResults,
}

/// What one trace gave.
#[derive(Clone, Debug, Serialize)]
pub struct WasmTraceResults {
    pub trace: &'static str,
    pub rows: Vec<Row>,
}

/// One engine's.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub engine: String,
    /// Natively, and then in each program.
    pub times: Vec<Cell<Sample>>,
}

/// What is measured, by what, and where.
pub struct Run<'a> {
    pub entrants: &'a [Entrant],
    pub programs: &'a [Program],
    pub viceroy: &'a Path,
    /// For files that are taken away again.
    pub folder: &'a Path,
    pub limit: Duration,
}

impl Run<'_> {
    /// Measures one trace.
    pub fn trace(&self, trace: &Trace, measure: Measure) -> Result<WasmTraceResults, Failure> {
        fs::create_dir_all(self.folder)?;
        let mut states = States { folder: self.folder, files: Vec::new() };
        states.put(end_key(trace.name), trace.end.as_bytes())?;
        let takes_part = self.entrants.iter().enumerate().filter(|(_, entrant)| entrant.in_wasm);
        let mut rows = Vec::new();
        for (index, entrant) in takes_part.clone() {
            let engine = entrant.engine.as_ref();
            let stored = engine.build(trace, Deadline::after(self.limit));
            if let Ok(stored) = &stored {
                states.put(state_key(trace.name, index), &stored.document)?;
            }
            let native = stored.and_then(|stored| (measure.of)(engine, &stored, &trace.end));
            rows.push(Row { engine: engine.name(), times: vec![native] });
        }
        for program in self.programs {
            eprintln!("    {}: {}", trace.name, program.way);
            let lines = states.measured_by(program, self.viceroy, trace.name, measure)?;
            for (row, (index, _)) in rows.iter_mut().zip(takes_part.clone()) {
                let line = lines.iter().find(|line| line.entrant == index);
                let line = line.ok_or(Failure::Absent);
                row.times.push(line.and_then(|line| line.time.clone().map_err(Failure::Engine)));
            }
        }
        Ok(WasmTraceResults { trace: trace.name, rows })
    }
}

/// The files of the store, there for as long as this is.
struct States<'a> {
    folder: &'a Path,
    files: Vec<(String, PathBuf)>,
}

impl States<'_> {
    fn put(&mut self, key: String, value: &[u8]) -> Result<(), Failure> {
        let file = self.folder.join(&key);
        fs::write(&file, value)?;
        self.files.push((key, file));
        Ok(())
    }

    fn measured_by(
        &self,
        program: &Program,
        viceroy: &Path,
        trace: &str,
        measure: Measure,
    ) -> Result<Vec<Line>, Failure> {
        let entries = self.files.iter().map(|(key, file)| format!("{{key={key:?},file={file:?}}}"));
        let entries = entries.collect::<Vec<_>>().join(",");
        let config = self.folder.join("fastly.toml");
        let content =
            format!("manifest_version = 3\n[local_server.kv_stores]\n{STORE} = [{entries}]\n");
        fs::write(&config, content)?;
        let mut command = Command::new(viceroy);
        command.arg("run").arg("--config").arg(&config).arg(&program.file);
        command.args([trace, measure.name]);
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| Failure::of(format!("{viceroy:?}: {error}")))?;
        if !output.status.success() {
            return Err(Failure::of(format!("{:?}: {}", program.file, output.status)));
        }
        let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        lines.collect::<Result<_, _>>().map_err(Failure::of)
    }
}

impl Drop for States<'_> {
    /// They are made of the data, which must not stay anywhere.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.folder);
    }
}
