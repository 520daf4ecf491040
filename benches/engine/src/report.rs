//! What a run gives: tables for a terminal, JSON for programs, charts for a page.

mod chart;
mod content;
mod lines;
mod machine;
mod tables;
mod targets;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use content::Report;
pub use machine::{load, said_by};
pub use tables::all as tables;

/// Writes JSON and charts into a folder; where they are.
pub fn write(report: &Report, folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let mut files = vec![("engine.json", serde_json::to_string_pretty(report)? + "\n")];
    if !report.measured.traces.is_empty() {
        files.push(("engine.svg", chart::svg(report)));
    }
    if !report.measured.curves.is_empty() {
        files.push(("engine-curves.svg", lines::svg(report)));
    }
    let written = files.into_iter().map(|(name, content)| {
        let path = folder.join(name);
        fs::write(&path, content).map(|()| path)
    });
    written.collect()
}
