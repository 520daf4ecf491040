//! Prints what `scripts/audit` does: figures about the sources, and where rules are broken.
//!
//! Status 0: no rule is broken; 1: one is; 2: the sources cannot be read.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use redwedding_audit::functions::{self, Function, MOST_LINES};
use redwedding_audit::names::{self, Places};
use redwedding_audit::repository::{Repository, root};
use redwedding_audit::{Finding, circles, layout, limit_use};

/// How many of the longest functions are printed if nobody says otherwise.
const LISTED: usize = 20;

fn main() -> ExitCode {
    match asked().and_then(|(listed, root)| print(listed, &root)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
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

/// Whether no rule is broken.
fn print(listed: usize, root: &Path) -> Result<bool, String> {
    let repository = Repository::read(root)?;
    let functions = functions::all(&repository);
    print_functions(&functions, listed, repository.sources.len());
    let circles = circles::all(&repository)?;
    print_circles(&circles);
    let shared = names::shared(&repository)?;
    print_names("types", &shared.types);
    print_names("functions", &shared.functions);
    let rules = [
        (format!("functions over {MOST_LINES} lines"), functions::judge(&functions)),
        ("circles of imports that nothing explains".to_owned(), circles::judge(&circles)),
        ("limits".to_owned(), limit_use::judge(&repository)?),
        ("module headers".to_owned(), layout::judge_headers(&repository)),
        (format!("lines over {} columns", layout::COLUMNS), layout::judge_columns(&repository)),
        ("files named mod.rs".to_owned(), layout::judge_file_names(&repository)),
    ];
    for (rule, findings) in &rules {
        print_findings(rule, findings);
    }
    Ok(rules.iter().all(|(_, findings)| findings.is_empty()))
}

fn print_functions(functions: &[Function], listed: usize, files: usize) {
    let of = |percent| functions::percentile(functions, percent);
    let long = functions.iter().filter(|function| function.lines > MOST_LINES).count();
    println!("functions: {} in {files} files", functions.len());
    println!("  lines: median {}, p95 {}, longest {}", of(50), of(95), of(100));
    println!("  over {MOST_LINES} lines: {long}");
    for Function { lines, file, line, name } in functions.iter().take(listed) {
        println!("  {lines:>4}  {file}:{line}  {name}");
    }
}

fn print_circles<'a>(circles: impl IntoIterator<Item = &'a circles::Circle>) {
    let circles: Vec<_> = circles.into_iter().collect();
    println!("\ncircles of imports between files: {}", circles.len());
    for circle in circles {
        println!("  {} files: {}", circle.files.len(), circle.explained().unwrap_or("why?"));
        for (from, to, names) in &circle.uses {
            println!("    {from} uses {to}: {}", names.join(", "));
        }
    }
}

fn print_names(what: &str, places: &Places) {
    println!("\nnames that several {what} have: {}", places.len());
    for (name, places) in places {
        println!("  {name}: {}", places.iter().cloned().collect::<Vec<_>>().join(", "));
    }
}

fn print_findings(rule: &str, findings: &[Finding]) {
    println!("\nrule: {rule}: {}", if findings.is_empty() { "kept" } else { "broken" });
    for finding in findings {
        println!("  {finding}");
    }
}
