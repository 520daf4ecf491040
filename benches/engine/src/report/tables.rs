//! The tables: one row for each engine, one column for each trace.

use super::content::Report;
use crate::curves::{Curve, Line};
use crate::failure::Failure;
use crate::measure::{Cell, Row, TraceResults};
use crate::memory::{self, Memory};
use crate::sample::Sample;
use crate::save;
use crate::wasm::{WasmResults, WasmTraceResults};

const NOTES: &str = "\
Times are medians of processor time, with half the distance of the quartiles; each cell's runs
follow one another.
Those of whole saves differ as the saves do.
n/a: the engine has no such thing. > N s: given up after that time.

What differs in the work
  ours          a change keeps what a save brings along (identity, author, times, base); peers keep
                places and text alone. A page's bytes are read as those of a cache: in any encoding
                of the same value, but checked in all else.
  hot state     the text and no edit at all: what was before is in the archive. With edits, those
                are above the floor. loro's shallow snapshot drops its history, too.
  whole history ours is its archive's form: who made the edits, what they had seen, what they did
                and inserted. Our document with every edit keeps also what each deleted, and is
                ready to be worked with; its size is among the documents.
  compression   of text: loro, automerge, diamond-types and our archive do; our document and yrs do
                not.
  yrs           version 1 encoding. Drops deleted text, as by default; where the whole history
                counts, that is kept. Merging begins from the decoded update.
  loro          merging imports encoded updates: their decoding cannot be told apart.
  automerge     compressed, and loaded without verifying hashes. Merging begins from decoded
                changes.
  diamond-types the newest published version, of 2022. It has no state but the whole history, which
                a load decodes and merges. Merging begins from the decoded log, and goes in steps:
                at once, concurrent histories take it up to hundreds of times as long, for a check
                that was left in.
  its fork      diamond-types-extended, which has its later merging. Merging begins from the log in
                memory, and first cuts the text's part out of it, since a text is in a map there.
                It has no encoding of its own: its history is in JSON.
  peak memory   the document's bytes that are loaded do not count, those that are encoded do. The
                shorter page is for orientation: some code comes into memory along with it.
  inside Wasm   measured by the wall clock, which there counts what others do on the machine.
  traces        what one writer did in a row is one transaction for peers; for ours, each edit is a
                change of its own.
";

const SAVE: &str = "One word changed by a whole save of 1 MiB: load, diff, edit, encode";

/// Everything that is printed.
pub fn all(report: &Report) -> String {
    let mut out = inputs(report);
    let traces = &report.measured.traces;
    let sequential: Vec<&TraceResults> = traces.iter().filter(|t| t.sequential).collect();
    let every: Vec<&TraceResults> = traces.iter().collect();
    let time = |cell: &Option<Cell<Sample>>| cell.as_ref().map(|cell| said(cell, sample));
    let size = |cell: &Option<Cell<usize>>| cell.as_ref().map(|cell| said(cell, bytes));
    let cold = "Cold apply: load, insert 24 characters, encode update and document, read out";
    out += &of_traces(cold, &sequential, |row| time(&row.cold));
    out += &of_traces("The document so loaded, in bytes", &sequential, |row| size(&row.document));
    out +=
        &of_traces("What a save of one word sends, in bytes beyond the word", &sequential, |row| {
            size(&row.update)
        });
    let added = "What a save of one word adds to the document, in bytes beyond the word";
    out += &of_traces(added, &sequential, |row| size(&row.added));
    let merge = "Merging the whole history: from events in memory to the text";
    out += &of_traces(merge, &every, |row| time(&row.merge));
    out += &of_traces("The whole history, in bytes", &every, |row| size(&row.history));
    out += &ends(&every);
    out += &wikis(report);
    out += &report.measured.curves.iter().map(curve).collect::<String>();
    out += &report.measured.memory.as_ref().map(memory).unwrap_or_default();
    out += &saves(&report.measured.saves);
    out += &report.measured.wasm.as_ref().map(wasm).unwrap_or_default();
    out += "\n";
    out += NOTES;
    out += &judgement(report);
    out
}

fn inputs(report: &Report) -> String {
    let peers: Vec<String> =
        report.peers.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut out = format!(
        "Text engines side by side\n  {}; load {} before, {} after\n  {}; release, fat LTO\n  \
         this project at {}; {}\n",
        report.machine,
        report.load[0],
        report.load[1],
        report.rustc,
        report.commit,
        peers.join(", ")
    );
    let kind = |trace: &TraceResults| if trace.sequential { "sequential" } else { "concurrent" };
    let rows = report.measured.traces.iter().map(|trace| {
        let name = trace.trace.to_owned();
        vec![name, kind(trace).to_owned(), grouped(trace.edits), grouped(trace.bytes)]
    });
    let header = ["", "", "edits", "bytes at the end"].map(str::to_owned).to_vec();
    if !report.measured.traces.is_empty() {
        out += &table("Traces", &[vec![header], rows.collect()].concat());
    }
    out
}

fn of_traces(
    title: &str,
    traces: &[&TraceResults],
    cell: impl Fn(&Row) -> Option<String>,
) -> String {
    let Some(first) = traces.first() else { return String::new() };
    let mut header = vec![String::new()];
    header.extend(traces.iter().map(|trace| trace.trace.to_owned()));
    let mut lines = vec![header];
    for row in &first.rows {
        let of = |trace: &&TraceResults| {
            trace.rows.iter().find(|other| other.engine == row.engine).and_then(&cell)
        };
        let cells: Vec<Option<String>> = traces.iter().map(of).collect();
        if cells.iter().any(Option::is_some) {
            let mut line = vec![row.engine.clone()];
            line.extend(cells.into_iter().map(Option::unwrap_or_default));
            lines.push(line);
        }
    }
    if lines.len() > 1 { table(title, &lines) } else { String::new() }
}

/// Whose text is not the recorded one, where that may be.
fn ends(traces: &[&TraceResults]) -> String {
    let mut out = String::from("\nEnd content\n");
    for trace in traces {
        let named = |end: &dyn Fn(&Cell<bool>) -> bool| {
            let rows = trace.rows.iter().filter(|row| end(&row.end));
            rows.map(|row| row.engine.clone()).collect::<Vec<_>>().join("; ")
        };
        let other = named(&|end| *end == Ok(false));
        let wrong = named(&|end| matches!(end, Err(Failure::WrongText)));
        let found = match (other.as_str(), wrong.as_str()) {
            ("", "") => "as recorded, by all that came to an end".to_owned(),
            (other, "") => format!("as recorded by the rest; another text: {other}"),
            (_, wrong) => format!("WRONG: {wrong}"),
        };
        out += &format!("  {:12} {found}\n", trace.trace);
    }
    if traces.is_empty() { String::new() } else { out }
}

fn wikis(report: &Report) -> String {
    let mut out = String::new();
    for wiki in &report.measured.wikis {
        let header =
            ["", "one save", "all saves", "stored then, in bytes"].map(str::to_owned).to_vec();
        let rows = wiki.rows.iter().map(|row| {
            let all = said(&row.all_ns, |all| duration(*all));
            vec![row.engine.clone(), said(&row.save, sample), all, said(&row.document, bytes)]
        });
        let title = format!(
            "Whole saves of {}, by diff: {} revisions, {} bytes at the end",
            wiki.page,
            wiki.saves,
            grouped(wiki.bytes)
        );
        out += &table(&title, &[vec![header], rows.collect()].concat());
    }
    out
}

fn wasm(results: &WasmResults) -> String {
    let cold = of_ways(results, "Cold apply", &results.traces);
    cold + of_ways(results, SAVE, std::slice::from_ref(&results.save)).as_str()
}

/// A table for each way, the native one first.
fn of_ways(results: &WasmResults, what: &str, traces: &[WasmTraceResults]) -> String {
    let native = format!("{what}, natively, as beside the following");
    let ways = results.ways.iter();
    let titles = ways.map(|way| format!("{what}, inside Wasm, {way}, in {}", results.runtime));
    let table_of = |(way, title): (usize, String)| {
        let header = std::iter::once(String::new());
        let header = header.chain(traces.iter().map(|found| found.trace.to_owned()));
        let mut lines = vec![header.collect::<Vec<_>>()];
        for (place, row) in traces.iter().take(1).flat_map(|first| &first.rows).enumerate() {
            let cells = traces.iter().map(|found| said(&found.rows[place].times[way], sample));
            lines.push(std::iter::once(row.engine.clone()).chain(cells).collect());
        }
        table(&title, &lines)
    };
    std::iter::once(native).chain(titles).enumerate().map(table_of).collect()
}

fn curve(curve: &Curve) -> String {
    let mut header = vec![curve.over.to_owned()];
    header.extend(curve.at.iter().map(|at| grouped(*at)));
    let line = |line: &Line| {
        let cells = line.times.iter().map(|cell| said(cell, sample));
        std::iter::once(line.engine.clone()).chain(cells).collect()
    };
    let lines = curve.lines.iter().map(line);
    table(curve.title, &std::iter::once(header).chain(lines).collect::<Vec<_>>())
}

fn saves(rows: &[save::Row]) -> String {
    let header = ["", "time", "sent, in bytes"].map(str::to_owned).to_vec();
    let row =
        |row: &save::Row| vec![row.engine.clone(), said(&row.time, sample), said(&row.sent, bytes)];
    let rows = rows.iter().map(row);
    let lines: Vec<_> = std::iter::once(header).chain(rows).collect();
    if lines.len() > 1 { table(SAVE, &lines) } else { String::new() }
}

fn memory(memory: &Memory) -> String {
    let mut header = vec!["bytes of text, no history".to_owned()];
    header.extend(memory.at.iter().map(|at| grouped(*at)));
    let row = |row: &memory::Row| {
        let cells = row.peaks.iter().map(|cell| said(cell, bytes));
        std::iter::once(row.engine.clone()).chain(cells).collect()
    };
    let rows = memory.rows.iter().map(row);
    let title = "Peak memory of a cold edit, in bytes beyond those of the document";
    table(title, &std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

fn judgement(report: &Report) -> String {
    let mut out = String::from("\nTargets\n");
    for target in &report.targets {
        let judged = if target.reached { "reached" } else { "missed " };
        out += &format!("  {judged}  {}\n           {}\n", target.name, target.found.join(", "));
    }
    if report.targets.is_empty() { String::new() } else { out }
}

fn table(title: &str, lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = format!("\n{title}\n");
    for line in lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let joined = cells.collect::<Vec<_>>().join("   ");
        out += &format!("  {}\n", joined.trim_end());
    }
    out
}

fn said<T>(cell: &Cell<T>, value: impl Fn(&T) -> String) -> String {
    match cell {
        Ok(found) => value(found),
        // What it says is in the JSON.
        Err(Failure::Engine(_)) => "error".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

fn sample(sample: &Sample) -> String {
    let spread = (sample.quartiles_ns.1 - sample.quartiles_ns.0) as f64 / 2.0;
    let share = 100.0 * spread / sample.median_ns.max(1) as f64;
    let spread = if sample.runs > 1 { format!("±{share:>2.0}%") } else { "once".to_owned() };
    format!("{} {spread}", duration(sample.median_ns))
}

/// A duration in three digits.
pub fn duration(nanoseconds: u64) -> String {
    let (value, unit) = match nanoseconds as f64 {
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s "),
    };
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$} {unit}")
}

fn bytes(bytes: &usize) -> String {
    grouped(*bytes)
}

/// A number in groups of three digits.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}
