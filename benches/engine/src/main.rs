//! The text engine of this project beside its peers, on real editing sessions.
//!
//! Everything is measured in one run, one thing after the other; memory in processes of their own,
//! for which this program calls itself: see the module `memory`. Status 0: all targets are reached;
//! 1: one is missed; 2: it could not be measured.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use redwedding_engine_bench::engines::{self, Entrant};
use redwedding_engine_bench::failure::Failure;
use redwedding_engine_bench::measured::Measured;
use redwedding_engine_bench::report::{self, Report};
use redwedding_engine_bench::wasm::{self, Program, WasmResults};
use redwedding_engine_bench::{curves, measure, memory, save, trace};

/// How a cold edit grows: asked for like a trace.
const CURVES: &str = "curves";

/// The most memory that a cold edit takes: asked for like a trace.
const MEMORY: &str = "memory";

/// One word changed by a whole save of a long page: asked for like a trace.
const SAVE: &str = "save";

/// Cold edits and that save inside Wasm: asked for like a trace, but not along with all.
const WASM: &str = "wasm";

/// What to measure, and where to put it.
struct Request {
    names: Vec<String>,
    out: PathBuf,
    limit: Duration,
    /// What runs Wasm, and what it runs there.
    viceroy: PathBuf,
    programs: Vec<Program>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let done = match arguments.next_if(|argument| argument == memory::CHILD) {
        Some(_) => memory::of_one_edit(&engines::entrants(), arguments).map(|peak| {
            println!("{peak}");
            true
        }),
        None => requested(arguments).and_then(|request| run(&request)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}

fn requested(mut arguments: impl Iterator<Item = String>) -> Result<Request, Failure> {
    let mut request = Request {
        names: Vec::new(),
        out: PathBuf::from("target/engine"),
        limit: Duration::from_secs(120),
        viceroy: PathBuf::from("viceroy"),
        programs: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(Failure::of(format!("{argument} needs a value")));
        match argument.as_str() {
            "--out" => request.out = value()?.into(),
            "--limit" => {
                request.limit = Duration::from_secs(value()?.parse().map_err(Failure::of)?);
            }
            "--viceroy" => request.viceroy = value()?.into(),
            "--program" => {
                let given = value()?;
                let (way, file) = given.split_once('=').ok_or(Failure::of("it is WAY=FILE"))?;
                request.programs.push(Program { way: way.to_owned(), file: file.into() });
            }
            name if known().any(|known| known == name) => request.names.push(argument),
            name => {
                let known: Vec<&str> = known().collect();
                return Err(Failure::of(format!("no '{name}'; there are: {}", known.join(", "))));
            }
        }
    }
    Ok(request)
}

fn known() -> impl Iterator<Item = &'static str> {
    let traces = trace::TRACES.iter().map(|listed| listed.name);
    traces.chain(trace::WIKIS.iter().map(|wiki| wiki.0)).chain([CURVES, MEMORY, SAVE, WASM])
}

/// Whether all targets are reached.
fn run(request: &Request) -> Result<bool, Failure> {
    let data = std::env::var_os("REDWEDDING_DATA").map(PathBuf::from);
    let data = data.ok_or(Failure::of("REDWEDDING_DATA does not name the folder with the data"))?;
    let asked = |name: &str| request.names.is_empty() || request.names.iter().any(|n| n == name);
    let load = report::load();
    let entrants = engines::entrants();
    let mut measured = Measured::default();
    for listed in trace::TRACES.iter().filter(|listed| asked(listed.name)) {
        eprintln!("==> {}", listed.name);
        let results = measure::trace(listed, &listed.read(&data)?, &entrants, request.limit);
        measured.traces.push(results);
    }
    for (page, file) in trace::WIKIS.into_iter().filter(|wiki| asked(wiki.0)) {
        eprintln!("==> {page}");
        measured.wikis.push(measure::wiki(page, &trace::read_wiki(&data, file)?, &entrants));
    }
    if asked(CURVES) {
        eprintln!("==> {CURVES}");
        measured.curves.extend(curves::measured(&entrants, request.limit));
    }
    if asked(MEMORY) {
        eprintln!("==> {MEMORY}");
        measured.memory = Some(memory::measured(&entrants, &request.out, request.limit));
    }
    if asked(SAVE) {
        eprintln!("==> {SAVE}");
        measured.saves = save::measured(&entrants, request.limit);
    }
    if request.names.iter().any(|name| name == WASM) {
        measured.wasm = Some(in_wasm(request, &data, &entrants)?);
    }
    let report = Report::of(measured, load);
    println!("{}", report::tables(&report));
    for file in report::write(&report, &request.out)? {
        eprintln!("==> written: {}", file.display());
    }
    Ok(report.targets.iter().all(|target| target.reached))
}

fn in_wasm(request: &Request, data: &Path, entrants: &[Entrant]) -> Result<WasmResults, Failure> {
    let folder = request.out.join("wasm");
    let run = wasm::Run {
        entrants,
        programs: &request.programs,
        viceroy: &request.viceroy,
        folder: &folder,
        limit: request.limit,
    };
    let mut traces = Vec::new();
    for listed in &trace::TRACES {
        let trace = listed.read(data)?;
        if !trace.sequential {
            break; // So are all after it.
        }
        eprintln!("==> {} inside Wasm", listed.name);
        traces.push(run.trace(&trace, wasm::COLD)?);
    }
    eprintln!("==> {SAVE} inside Wasm");
    let save = run.trace(&save::page(), wasm::SAVE)?;
    let ways = request.programs.iter().map(|program| program.way.clone()).collect();
    let runtime = report::said_by(&request.viceroy, &["--version"]);
    Ok(WasmResults { runtime, ways, traces, save })
}
