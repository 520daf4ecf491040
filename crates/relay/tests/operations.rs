//! docs/operations.md explains all that an operator of a relay meets.
//!
//! Must never hold a list of its own: flags, metrics and log lines are taken from the program.

mod support;

use std::path::Path;
use std::process::Command;

use support::*;

const EXPLAINED: &str = include_str!("../../../docs/operations.md");

/// Those of `names` that no table of the document has a row for.
fn unexplained(names: &[String]) -> Vec<&String> {
    let rows = EXPLAINED.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let rows: Vec<&str> = rows.flat_map(|(first, _)| first.split("; ")).collect();
    names.iter().filter(|name| !rows.iter().any(|row| row.starts_with(name.as_str()))).collect()
}

#[test]
fn every_flag_is_explained() {
    let program = Command::new(env!("CARGO_BIN_EXE_redwedding-relay")).arg("-h").output();
    let help = String::from_utf8(program.expect("run").stdout).expect("text");
    let options = help.split("Examples:").next().unwrap_or_default().lines();
    let flags = options.filter_map(|line| line.trim_start().strip_prefix("--"));
    let flags = flags.map(|rest| rest.split(' ').next().unwrap_or_default());
    let flags: Vec<_> = flags.map(|flag| format!("`--{flag}")).collect();
    assert!(flags.len() > 5, "{help}");
    assert_eq!(unexplained(&flags), [""; 0]);
}

#[test]
fn every_metric_is_explained() {
    let server = Server::start();
    let text = get(&format!("{}/metrics", server.base)).1;
    let metrics = text.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE redwedding_relay_")?.split_once(' ')?;
        let suffix = if kind == "counter" { "_total" } else { "" };
        Some(format!("`{name}{suffix}"))
    });
    let metrics: Vec<_> = metrics.collect();
    assert!(metrics.len() > 10, "{text}");
    assert_eq!(unexplained(&metrics), [""; 0]);
}

#[test]
fn every_error_that_is_logged_is_explained() {
    let mut lines = Vec::new();
    errors(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut lines);
    assert!(lines.len() > 10, "{lines:?}");
    assert_eq!(unexplained(&lines), [""; 0]);
}

/// What the sources below a folder log as an error or a warning.
fn errors(folder: &Path, lines: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("read") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            errors(&path, lines);
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("read");
        for level in ["tracing::error!(", "tracing::warn!("] {
            for call in source.split(level).skip(1) {
                let call = call.split(");").next().unwrap_or_default();
                let line = call.rsplit('"').nth(1).expect("a line to log");
                lines.push(line.to_owned());
            }
        }
    }
}
