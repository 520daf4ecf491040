//! The simulation: replicas at several points of presence, the nodes of a relay, an origin,
//! people, and everything that may go wrong between them, drawn from a seed.
//!
//! Only one of them runs at a time, and who goes on is drawn before each call to
//! a port, so a seed gives the same run every time. A failing seed is printed
//! with the shortest run that still fails and what happened in it. Environment:
//! `SEEDS` how many, `FIRST` from which on, `ACTIONS` and `WITHOUT` as printed,
//! to replay exactly one run with its trace.

mod invariants;
mod kinds;
mod plan;
mod regressions;
mod run;
mod threads;

use std::env;
use std::iter::successors;
use std::time::Instant;

use kinds::KINDS;
use plan::{Plan, Report, Runs};
use run::run;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn nothing_is_lost_or_doubled() {
    campaign(Runs::Short, 400, 0);
}

#[test]
fn nothing_is_lost_where_few_are_joined() {
    campaign(Runs::Joining, 200, 0);
}

#[test]
fn what_does_not_meet_its_condition_is_nowhere() {
    campaign(Runs::Conditional, 200, 0);
}

#[test]
fn nothing_is_lost_however_long_the_outage() {
    campaign(Runs::Long, 4, 300);
}

/// Runs as many seeds as the environment says, or so many, of so many actions.
fn campaign(runs: Runs, seeds: u64, actions: usize) {
    let first = number("FIRST").unwrap_or(1);
    let seeds = number("SEEDS").unwrap_or(seeds);
    let actions = number("ACTIONS").map_or(actions, |actions| actions as usize);
    let without = number("WITHOUT").unwrap_or(0);
    let keep_going = number("KEEP_GOING").is_some();
    let (begun, mut total, mut failed) = (Instant::now(), Report::default(), Vec::new());
    let mut told = begun;
    for seed in first..first + seeds {
        let plan = Plan { runs, seed, actions, without, traced: false };
        let report = run(plan);
        if !report.failures.is_empty() {
            if !keep_going {
                explain(plan, report.actions);
            }
            eprintln!("seed {seed}: {}", report.failures[0]);
            failed.push(seed);
        }
        total.add(&report);
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            let done = seed + 1 - first;
            eprintln!("{done} of {seeds} runs, {} failed", failed.len());
        }
    }
    tell(&total, seeds, begun.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "{} of {seeds} failed: {failed:?}", failed.len());
}

/// Tells what many runs came to.
fn tell(total: &Report, runs: u64, seconds: f64) {
    let Report { saves, reads, refused, calls, rounds, waiting, .. } = total;
    let hours = total.passed_ms as f64 / 3_600_000.0;
    eprintln!(
        "{runs} runs in {seconds:.1} s ({:.1} a second), {hours:.0} simulated hours ({:.1} a second): \
         {saves} saves, {reads} reads, {refused} refused; at most {calls} calls, {rounds} rounds, \
         {waiting} saves waiting\nstruck: {}",
        runs as f64 / seconds,
        hours / seconds,
        total.struck
    );
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    for seed in 1..4 {
        let plan = Plan { runs: Runs::Short, seed, actions: 60, without: 0, traced: true };
        assert_eq!(run(plan).trace, run(plan).trace);
    }
}

/// What a failure is about, whoever and whatever it is about.
fn kind(failure: &str) -> String {
    let about = failure.split(['\"', '[', '{']).next().unwrap_or_default();
    about.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Finds the shortest failing run and tells it.
fn explain(plan: Plan, actions: usize) -> ! {
    let failure = run(plan).failures.first().map(|failure| kind(failure));
    let long = plan.runs == Runs::Long;
    let fails = |plan: Plan| run(plan).failures.first().map(|failure| kind(failure)) == failure;
    let mut least = Plan { actions, ..plan };
    // An outage does not draw its faults by kind, and trying them all takes long there.
    for kind in 0..if long { 0 } else { KINDS } {
        let fewer = Plan { without: least.without | 1 << kind, ..least };
        if fails(fewer) {
            least = fewer;
        }
    }
    // A long run is long to try: there each attempt is twice as long as the last.
    let step = |last: &usize| Some(if long { last * 2 } else { last + 1 });
    for actions in successors(Some(1), step).take_while(|tried| *tried < actions) {
        let shorter = Plan { actions, ..least };
        if fails(shorter) {
            least = shorter;
            break;
        }
    }
    let report = run(Plan { traced: true, ..least });
    report.trace.iter().for_each(|event| eprintln!("{event}"));
    report.failures.iter().take(10).for_each(|failure| eprintln!("FAILED: {failure}"));
    let Plan { runs, seed, actions, without, .. } = least;
    let kind = runs.name();
    panic!("seed {seed}; replay: scripts/simulate {kind}1 {seed} {actions} {without}");
}
