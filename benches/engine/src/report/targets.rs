//! What the engine is meant to reach, judged on what was measured.
//!
//! Each target is judged on every trace that it is about. What could not be measured is not
//! reached.

use serde::Serialize;

use crate::curves::{Curve, HISTORY};
use crate::engines::HOT;
use crate::measure::{Cell, Row, TraceResults};
use crate::measured::Measured;
use crate::sample::Sample;
use crate::save;
use crate::wasm::WasmResults;

/// A target, and whether it is reached.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    pub name: &'static str,
    pub reached: bool,
    /// What was measured, trace by trace.
    pub found: Vec<String>,
}

/// How many times as fast as the fastest peer a cold edit has to be.
const COLD: f64 = 10.0;

/// Bytes that the hot state may have beyond 115 % of its text.
const HOT_BYTES: f64 = 1_024.0;

/// Bytes that a save may have beyond what it inserts.
const SAVE_BYTES: usize = 64;

/// How many times as long a cold edit may take after the longest history as after the shortest.
const FLAT: f64 = 1.5;

/// Bytes that the save of one word may send, whatever the page's length.
const SENT_BYTES: usize = 200;

/// What the save of a whole page of 1 MiB may take inside Wasm, in ns.
const WASM_NS: f64 = 10e6;

/// The targets that these results say something about.
pub fn judged(measured: &Measured) -> Vec<Target> {
    let traces = &measured.traces;
    let sequential = || traces.iter().filter(|results| results.sequential);
    let targets = [
        Target::of(
            "cold apply in the hot state, at least 10 times as fast as the fastest peer",
            sequential().map(|results| times_as_fast(results, HOT)),
            |times| *times >= COLD,
            |times| format!("{times:.1} times"),
        ),
        Target::of(
            "merging a whole history, not slower than diamond-types, published or fork",
            traces.iter().map(merge_time),
            |share| *share <= 1.0,
            |share| format!("{share:.2} of its time"),
        ),
        Target::of(
            "the whole history, not larger than the smallest peer's",
            traces.iter().map(history_size),
            |share| *share <= 1.0,
            |share| format!("{share:.2} of its size"),
        ),
        Target::of(
            "the hot state, at most 1.15 of its text and 1 KB",
            sequential().map(hot_size),
            |(bytes, text)| *bytes <= text * 1.15 + HOT_BYTES,
            |(bytes, text)| format!("{:.2} of its text", bytes / text),
        ),
        Target::of(
            "what a save of one word adds to the hot state, at most 64 bytes beyond the word",
            sequential().map(save_size),
            |bytes| *bytes <= SAVE_BYTES,
            |bytes| format!("{bytes} bytes"),
        ),
        Target::of(
            "cold apply in the hot state, after the longest history at most 1.5 times as long",
            measured.curves.iter().filter(|curve| curve.title == HISTORY).map(growth),
            |times| *times <= FLAT,
            |times| format!("{times:.2} times"),
        ),
        Target::of(
            "a whole save of 1 MiB with one word changed, sending less than 200 bytes",
            measured.saves.iter().filter(|row| row.ours).map(sent),
            |bytes| *bytes < SENT_BYTES,
            |bytes| format!("{bytes} bytes"),
        ),
        Target::of(
            "such a save in the hot state inside Wasm, in less than 10 ms",
            measured.wasm.iter().flat_map(saves_in_wasm),
            |ns| *ns < WASM_NS,
            |ns| format!("{:.2} ms", ns / 1e6),
        ),
    ];
    targets.into_iter().filter(|target| !target.found.is_empty()).collect()
}

/// A trace, or what else a target is judged on, with what was found on it, or alone where nothing
/// was.
type Found<'a, T> = Result<(&'a str, T), &'a str>;

impl Target {
    fn of<'a, T>(
        name: &'static str,
        found: impl Iterator<Item = Found<'a, T>>,
        reached: impl Fn(&T) -> bool,
        said: impl Fn(&T) -> String,
    ) -> Target {
        let found: Vec<Found<'_, T>> = found.collect();
        let said = |found: &Found<'_, T>| match found {
            Ok((trace, value)) => format!("{trace} {}", said(value)),
            Err(trace) => format!("{trace} n/a"),
        };
        Target {
            name,
            reached: found.iter().all(|found| found.as_ref().is_ok_and(|(_, t)| reached(t))),
            found: found.iter().map(said).collect(),
        }
    }
}

fn nanoseconds(cell: &Cell<Sample>) -> Option<f64> {
    Some(cell.as_ref().ok()?.median_ns as f64)
}

fn least(rows: &[Row], of: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
    rows.iter().filter(|row| !row.ours).filter_map(of).min_by(f64::total_cmp)
}

fn times_as_fast<'a>(results: &'a TraceResults, state: &str) -> Found<'a, f64> {
    let ours = results.rows.iter().find(|row| row.engine == state);
    let ours = ours.and_then(|row| nanoseconds(row.cold.as_ref()?));
    let peer = least(&results.rows, |row| nanoseconds(row.cold.as_ref()?));
    ours.zip(peer).map(|(ours, peer)| (results.trace, peer / ours)).ok_or(results.trace)
}

fn merge_time(results: &TraceResults) -> Found<'_, f64> {
    let ours = results.rows.iter().find(|row| row.ours && row.merge.is_some());
    let ours = ours.and_then(|row| nanoseconds(row.merge.as_ref()?));
    let of_peer = |row: &Row| {
        row.engine.starts_with("diamond-types").then(|| nanoseconds(row.merge.as_ref()?)).flatten()
    };
    let peer = least(&results.rows, of_peer);
    ours.zip(peer).map(|(ours, peer)| (results.trace, ours / peer)).ok_or(results.trace)
}

fn history_size(results: &TraceResults) -> Found<'_, f64> {
    let bytes = |row: &Row| Some(*row.history.as_ref()?.as_ref().ok()? as f64);
    let ours = results.rows.iter().filter(|row| row.ours).find_map(bytes);
    let peer = least(&results.rows, bytes);
    ours.zip(peer).map(|(ours, peer)| (results.trace, ours / peer)).ok_or(results.trace)
}

/// In bytes, with those of its text.
fn hot_size(results: &TraceResults) -> Found<'_, (f64, f64)> {
    let row = results.rows.iter().find(|row| row.engine == HOT);
    let bytes = row.and_then(|row| row.document.as_ref()?.as_ref().ok());
    let with_text = |bytes: &usize| (results.trace, (*bytes as f64, results.bytes as f64));
    bytes.map(with_text).ok_or(results.trace)
}

fn save_size(results: &TraceResults) -> Found<'_, usize> {
    let row = results.rows.iter().find(|row| row.engine == HOT);
    let bytes = row.and_then(|row| row.added.as_ref()?.as_ref().ok().copied());
    bytes.map(|bytes| (results.trace, bytes)).ok_or(results.trace)
}

/// The last place's time, beside the first's.
fn growth(curve: &Curve) -> Found<'_, f64> {
    let times = curve.lines.iter().find(|line| line.engine == HOT).map(|line| &line.times);
    let at = |cell: Option<&Cell<Sample>>| nanoseconds(cell?);
    let ends = times.and_then(|times| at(times.first()).zip(at(times.last())));
    ends.map(|(first, last)| (curve.over, last / first)).ok_or(curve.over)
}

fn sent(row: &save::Row) -> Found<'_, usize> {
    let bytes = row.sent.as_ref().map(|bytes| (row.engine.as_str(), *bytes));
    bytes.map_err(|_| row.engine.as_str())
}

/// In ns, for each way to compile.
fn saves_in_wasm(results: &WasmResults) -> impl Iterator<Item = Found<'_, f64>> {
    let hot = results.save.rows.iter().find(|row| row.engine == HOT);
    results.ways.iter().enumerate().map(move |(way, name)| {
        // Before them is the native one.
        let time = hot.and_then(|row| nanoseconds(row.times.get(way + 1)?));
        time.map(|ns| (name.as_str(), ns)).ok_or(name.as_str())
    })
}
