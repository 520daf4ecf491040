//! How files look: a header, lines that fit, and names of files.

use crate::finding::Finding;
use crate::repository::{Repository, is_script};

/// The most characters of a line.
pub const COLUMNS: usize = 100;

/// Files that do not begin with what they are for.
#[must_use]
pub fn judge_headers(repository: &Repository) -> Vec<Finding> {
    let bare = repository.sources.iter().filter(|(_, source)| !source.text.starts_with("//! "));
    bare.map(|(path, _)| Finding::line(path, 1, "no module header (`//! ...`)")).collect()
}

/// Lines of sources and scripts that are too long.
#[must_use]
pub fn judge_columns(repository: &Repository) -> Vec<Finding> {
    let sources = repository.sources.iter().map(|(path, source)| (path, &source.text));
    let scripts = repository.others.iter().filter(|(path, _)| is_script(path));
    let mut findings = Vec::new();
    for (path, text) in sources.chain(scripts) {
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS {
                findings.push(Finding::line(path, number + 1, format!("{columns} columns")));
            }
        }
    }
    findings
}

/// Files `name/mod.rs` that could be `name.rs`, and exceptions that are none.
#[must_use]
pub fn judge_file_names(repository: &Repository, exceptions: &[&str]) -> Vec<Finding> {
    let files = repository.sources.keys().filter(|path| path.ends_with("/mod.rs"));
    let fresh = files.filter(|path| !exceptions.contains(&path.as_str()));
    let finding = |path: &String| {
        let better = path.trim_end_matches("/mod.rs");
        Finding::file(path, format!("is named mod.rs: {better}.rs, please"))
    };
    let mut findings: Vec<_> = fresh.map(finding).collect();
    for path in exceptions.iter().filter(|path| !repository.sources.contains_key(**path)) {
        findings.push(Finding::file(path, "is listed as a mod.rs that stays, and is not there"));
    }
    findings
}
