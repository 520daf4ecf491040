//! Prints what `scripts/audit` does: figures about the sources, and where rules are broken.
//!
//! Status 0: no rule is broken; 1: one is; 2: the sources cannot be read.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use redwedding_audit::circles::{self, Circle};
use redwedding_audit::exceptions::CIRCLES;
use redwedding_audit::functions::{self, Function, MOST_LINES};
use redwedding_audit::names::{self, Places};
use redwedding_audit::repository::{Repository, root};
use redwedding_audit::rules::{self, Rule};

/// How many of the longest functions are printed if nobody says otherwise.
const LISTED: usize = 20;

fn main() -> ExitCode {
    match asked().and_then(|(listed, root)| report(listed, &root)) {
        Ok((text, kept)) => {
            // Whoever closes the pipe has read enough.
            let _ = io::stdout().write_all(text.as_bytes());
            if kept { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What the arguments say: how many functions to print, and the root of what to look at.
fn asked() -> Result<(usize, PathBuf), String> {
    let mut arguments = std::env::args().skip(1);
    let listed = match arguments.next() {
        Some(argument) => argument.parse().map_err(|_| format!("'{argument}' is not a number"))?,
        None => LISTED,
    };
    Ok((listed, arguments.next().map_or_else(|| root().to_owned(), PathBuf::from)))
}

/// The whole report, and whether no rule is broken.
fn report(listed: usize, root: &Path) -> Result<(String, bool), String> {
    let repository = Repository::read(root)?;
    let shared = names::shared(&repository)?;
    let rules = rules::all(&repository)?;
    let mut out = String::new();
    let written = functions_to(&mut out, &functions::all(&repository), listed)
        .and_then(|()| circles_to(&mut out, &circles::all(&repository).unwrap_or_default()))
        .and_then(|()| names_to(&mut out, "types", &shared.types))
        .and_then(|()| names_to(&mut out, "functions", &shared.functions))
        .and_then(|()| rules.iter().try_for_each(|rule| rule_to(&mut out, rule)));
    written.map_err(|error| error.to_string())?;
    Ok((out, rules.iter().all(|rule| rule.findings.is_empty())))
}

fn functions_to(out: &mut String, functions: &[Function], listed: usize) -> fmt::Result {
    let of = |percent| functions::percentile(functions, percent);
    let long = functions.iter().filter(|function| function.lines > MOST_LINES).count();
    writeln!(out, "functions: {}", functions.len())?;
    writeln!(out, "  lines: median {}, p95 {}, longest {}", of(50), of(95), of(100))?;
    writeln!(out, "  over {MOST_LINES} lines: {long}")?;
    for Function { lines, file, line, name } in functions.iter().take(listed) {
        writeln!(out, "  {lines:>4}  {file}:{line}  {name}")?;
    }
    Ok(())
}

fn circles_to(out: &mut String, circles: &BTreeSet<Circle>) -> fmt::Result {
    writeln!(out, "\ncircles of imports between files: {}", circles.len())?;
    for circle in circles {
        let why = circle.explained(CIRCLES).unwrap_or("nothing explains it");
        writeln!(out, "  {} files: {why}", circle.files.len())?;
        for (from, to, names) in &circle.uses {
            writeln!(out, "    {from} uses {to}: {}", names.join(", "))?;
        }
    }
    Ok(())
}

fn names_to(out: &mut String, what: &str, places: &Places) -> fmt::Result {
    writeln!(out, "\nnames that several {what} have: {}", places.len())?;
    for (name, places) in places {
        let places: Vec<_> = places.iter().map(String::as_str).collect();
        writeln!(out, "  {name}: {}", places.join(", "))?;
    }
    Ok(())
}

fn rule_to(out: &mut String, rule: &Rule) -> fmt::Result {
    let state = if rule.findings.is_empty() { "kept" } else { "broken" };
    writeln!(out, "\nrule: {}: {state}", rule.name)?;
    rule.findings.iter().try_for_each(|finding| writeln!(out, "  {finding}"))
}
