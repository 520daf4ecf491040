//! Merges of real edits, made concurrent: does a page read as if one person had written it?
//!
//! Neighbouring revisions of wiki pages are saved as if their authors had not seen each other. What
//! has to come of it is known, so each merge is right, one writer's version with the other one at
//! hand, refused, or wrong. Beside ours: diff3 by lines, as MediaWiki merges (`git merge-file`),
//! the same by words (`merge3`), and yrs. Arguments choose mergers, by name, and kinds of which the
//! wrong pages of ours are shown. Status 0: ours has no wrong page; 1: it has; 2: it could not be
//! measured.

mod cases;
mod meant;
mod mergers;
mod verdict;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use redwedding_engine_bench::failure::Failure;
use redwedding_engine_bench::trace;

use cases::{Case, KINDS};
use mergers::Merger;
use verdict::Verdict;

/// How long a peer may take for a kind.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Failure> {
    let data = std::env::var_os("REDWEDDING_DATA").map(PathBuf::from);
    let data = data.ok_or(Failure::of("REDWEDDING_DATA does not name the folder with wiki/"))?;
    let shown: Vec<String> = std::env::args().skip(1).collect();
    let mut cases: Vec<Case> = Vec::new();
    for (name, file) in trace::WIKIS {
        cases.extend(cases::of_history(name, &trace::read_revisions(&data, file)?));
    }
    let chosen = |merger: &dyn Merger| shown.iter().any(|name| name == merger.name());
    let mut mergers = mergers::all();
    if mergers.iter().any(|merger| chosen(merger.as_ref())) {
        mergers.retain(|merger| chosen(merger.as_ref()));
    }
    println!("| kind | cases | merged by | right | one version, other at hand | refused | wrong |");
    println!("|---|---|---|---|---|---|---|");
    let mut good = true;
    for kind in KINDS {
        let of_kind: Vec<&Case> = cases.iter().filter(|case| case.kind == kind).collect();
        for merger in &mergers {
            let counts = count(merger.as_ref(), &of_kind, &shown)?;
            let [right, version, refused, wrong] = counts;
            let cases = match counts.iter().sum::<usize>() {
                all if all == of_kind.len() => all.to_string(),
                some => format!("the first {some} of {}", of_kind.len()),
            };
            println!(
                "| {kind} | {cases} | {} | {right} | {version} | {refused} | {wrong} |",
                merger.name(),
            );
            good &= !merger.is_ours() || wrong == 0;
        }
    }
    Ok(good)
}

/// How many came out in each way; those of ours that `shown` names by kind are printed. A peer
/// that takes too long is given up.
fn count(merger: &dyn Merger, cases: &[&Case], shown: &[String]) -> Result<[usize; 4], Failure> {
    let mut counts = [0; 4];
    let start = Instant::now();
    for case in cases {
        if !merger.is_ours() && start.elapsed() > LIMIT {
            break;
        }
        let merged = merger.merge(case)?;
        let verdict = Verdict::of(case, &merged);
        counts[verdict as usize] += 1;
        let listed = shown.iter().any(|name| name == case.kind);
        if listed && merger.is_ours() && verdict == Verdict::Wrong {
            verdict::print(case, &merged);
        }
    }
    Ok(counts)
}
