//! What the engine is meant to reach, judged on what was measured.
//!
//! Each target is judged on every trace that it is about. What could not be measured is not reached.

use serde::Serialize;

use super::Measured;
use crate::engines::HOT;
use crate::measure::{Cell, Row, TraceResults};
use crate::sample::Sample;

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
    ];
    targets.into_iter().filter(|target| !target.found.is_empty()).collect()
}

/// A trace with what was found on it, or alone where nothing was.
type Found<T> = Result<(&'static str, T), &'static str>;

impl Target {
    fn of<T>(
        name: &'static str,
        found: impl Iterator<Item = Found<T>>,
        reached: impl Fn(&T) -> bool,
        said: impl Fn(&T) -> String,
    ) -> Target {
        let found: Vec<Found<T>> = found.collect();
        let said = |found: &Found<T>| match found {
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

fn nanoseconds(cell: &Option<Cell<Sample>>) -> Option<f64> {
    Some(cell.as_ref()?.as_ref().ok()?.median_ns as f64)
}

fn least(rows: &[Row], of: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
    rows.iter().filter(|row| !row.ours).filter_map(of).min_by(f64::total_cmp)
}

fn times_as_fast(results: &TraceResults, state: &str) -> Found<f64> {
    let ours = results.rows.iter().find(|row| row.engine == state);
    let ours = ours.and_then(|row| nanoseconds(&row.cold));
    let peer = least(&results.rows, |row| nanoseconds(&row.cold));
    ours.zip(peer).map(|(ours, peer)| (results.trace, peer / ours)).ok_or(results.trace)
}

fn merge_time(results: &TraceResults) -> Found<f64> {
    let ours = results.rows.iter().find(|row| row.ours && row.merge.is_some());
    let ours = ours.and_then(|row| nanoseconds(&row.merge));
    let of_peer = |row: &Row| {
        row.engine.starts_with("diamond-types").then(|| nanoseconds(&row.merge)).flatten()
    };
    let peer = least(&results.rows, of_peer);
    ours.zip(peer).map(|(ours, peer)| (results.trace, ours / peer)).ok_or(results.trace)
}

fn history_size(results: &TraceResults) -> Found<f64> {
    let bytes = |row: &Row| Some(*row.history.as_ref()?.as_ref().ok()? as f64);
    let ours = results.rows.iter().filter(|row| row.ours).find_map(bytes);
    let peer = least(&results.rows, bytes);
    ours.zip(peer).map(|(ours, peer)| (results.trace, ours / peer)).ok_or(results.trace)
}

/// In bytes, with those of its text.
fn hot_size(results: &TraceResults) -> Found<(f64, f64)> {
    let row = results.rows.iter().find(|row| row.engine == HOT);
    let bytes = row.and_then(|row| row.document.as_ref()?.as_ref().ok());
    let with_text = |bytes: &usize| (results.trace, (*bytes as f64, results.bytes as f64));
    bytes.map(with_text).ok_or(results.trace)
}

fn save_size(results: &TraceResults) -> Found<usize> {
    let row = results.rows.iter().find(|row| row.engine == HOT);
    let bytes = row.and_then(|row| row.added.as_ref()?.as_ref().ok().copied());
    bytes.map(|bytes| (results.trace, bytes)).ok_or(results.trace)
}
