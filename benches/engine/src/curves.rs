//! How a cold edit grows with the page and with its history, and a merge with the edits made at
//! once; on synthetic pages.
//!
//! One thing is varied at a time: the text's length without any history, or the number of edits in
//! a text whose length stays, one after the other or all at once.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Deadline;
use crate::engine::Engine;
use crate::engines::Entrant;
use crate::failure::Failure;
use crate::measure::{self, Cell};
use crate::sample::Sample;
use crate::synthetic::{self, Places};
use crate::trace::Trace;

/// Text lengths in bytes, up to that of the longest page that is taken.
const SIZES: [usize; 4] = [2 << 10, 20 << 10, 200 << 10, 2 << 20];

/// Numbers of edits.
const EDITS: [usize; 4] = [10, 100, 1_000, 10_000];

/// Numbers of writers who know nothing of each other.
const WRITERS: [usize; 4] = [10, 100, 1_000, 4_000];

/// Length of the text whose history is varied.
const PAGE: usize = 20 << 10;

/// How the curve of cold edits over the history is called.
pub const HISTORY: &str = "Cold apply by history";

/// Something measured over one thing that grows.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    pub title: &'static str,
    /// What grows, in which unit.
    pub over: &'static str,
    pub at: Vec<usize>,
    pub lines: Vec<Line>,
}

/// One engine's.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub engine: String,
    pub ours: bool,
    /// As many as there are places.
    pub times: Vec<Cell<Sample>>,
}

/// What is measured at the places of a curve.
#[derive(Clone, Copy)]
enum Measure {
    Cold,
    Merge,
}

impl Measure {
    fn concerns(self, entrant: &Entrant) -> bool {
        match self {
            Measure::Cold => entrant.cold,
            Measure::Merge => entrant.history,
        }
    }

    fn of(self, engine: &dyn Engine, trace: &Trace, limit: Duration) -> Cell<Sample> {
        let stored = engine.build(trace, Deadline::after(limit))?;
        let checked = |text: &str| {
            synthetic::same_words(text, &trace.end).then_some(()).ok_or(Failure::WrongText)
        };
        match self {
            Measure::Cold => measure::cold(engine, &stored, &trace.end),
            Measure::Merge => measure::merge(engine, trace, Some(&stored), limit, checked),
        }
    }
}

/// All curves: two of cold edits, two of merges.
pub fn measured(entrants: &[Entrant], limit: Duration) -> [Curve; 4] {
    let curve = |title, over, at: [usize; 4], trace: fn(usize) -> Trace, measure: Measure| {
        eprintln!("    {title}");
        let traces = at.map(trace);
        let line = |entrant: &Entrant| {
            let engine = entrant.engine.as_ref();
            eprintln!("        {}", engine.name());
            let time = |trace| measure.of(engine, trace, limit);
            Line {
                engine: engine.name(),
                ours: entrant.ours,
                times: traces.iter().map(time).collect(),
            }
        };
        let entrants = entrants.iter().filter(|entrant| measure.concerns(entrant));
        Curve { title, over, at: at.to_vec(), lines: entrants.map(line).collect() }
    };
    let sizes = |bytes| synthetic::edited(bytes, 0);
    let edits = |edits| synthetic::edited(PAGE, edits);
    let drawn = |writers| synthetic::crowded(PAGE, writers, Places::Drawn);
    let one = |writers| synthetic::crowded(PAGE, writers, Places::One);
    let writers = "writers at once, on a text of 20 KB";
    [
        curve("Cold apply by page", "bytes of text, no history", SIZES, sizes, Measure::Cold),
        curve(HISTORY, "edits in a text of 20 KB", EDITS, edits, Measure::Cold),
        curve("Merging edits all over a page", writers, WRITERS, drawn, Measure::Merge),
        curve("Merging edits at one place", writers, WRITERS, one, Measure::Merge),
    ]
}
