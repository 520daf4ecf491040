//! How a cold edit grows with the page and with its history, on pages made for it.
//!
//! One thing is varied at a time: the text's length without any history, or the number of edits in
//! a text whose length stays. The pages are the same in every run.

use std::time::Duration;

use serde::Serialize;

use crate::engine::Deadline;
use crate::engines::Entrant;
use crate::measure::{self, Cell};
use crate::sample::Sample;
use crate::trace::{Edit, Trace, Transaction};

/// Text lengths in bytes, up to that of the longest page that is taken.
const SIZES: [usize; 4] = [2 << 10, 20 << 10, 200 << 10, 2 << 20];

/// Numbers of edits.
const EDITS: [usize; 4] = [10, 100, 1_000, 10_000];

/// Length of the text whose history is varied.
const PAGE: usize = 20 << 10;

/// Cold edits over one thing that grows.
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
    pub cold: Vec<Cell<Sample>>,
}

/// Both curves.
pub fn measured(entrants: &[Entrant], limit: Duration) -> [Curve; 2] {
    let curve = |title, over, at: [usize; 4], trace: fn(usize) -> Trace| {
        let traces = at.map(trace);
        let line = |entrant: &Entrant| {
            eprintln!("    {}", entrant.engine.name());
            let engine = entrant.engine.as_ref();
            let cold = |trace: &Trace| {
                let stored = engine.build(trace, Deadline::after(limit))?;
                measure::cold(engine, &stored, &trace.end)
            };
            Line {
                engine: engine.name(),
                ours: entrant.ours,
                cold: traces.iter().map(cold).collect(),
            }
        };
        let cold = entrants.iter().filter(|entrant| entrant.cold);
        Curve { title, over, at: at.to_vec(), lines: cold.map(line).collect() }
    };
    [
        curve("Cold apply by page", "bytes of text, no history", SIZES, |bytes| edited(bytes, 0)),
        curve("Cold apply by history", "edits in a text of 20 KB", EDITS, |n| edited(PAGE, n)),
    ]
}

const WORDS: [&str; 8] =
    ["river ", "stone ", "cloud ", "field ", "night ", "water ", "house ", "light "];

/// A page of so many bytes, in which words were replaced so many times.
fn edited(bytes: usize, edits: usize) -> Trace {
    let mut drawn = 0x9e37_79b9_7f4a_7c15u64;
    let mut draw = |below: usize| {
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        usize::try_from(drawn % below as u64).unwrap_or(0)
    };
    let words = bytes / WORDS[0].len();
    let mut end: String = (0..words).map(|_| WORDS[draw(WORDS.len())]).collect();
    let mut made = vec![Edit { at: 0, deleted: 0, text: end.clone() }];
    for _ in 0..edits {
        let (at, text) = (draw(words) * WORDS[0].len(), WORDS[draw(WORDS.len())]);
        end.replace_range(at..at + text.len(), text);
        made.push(Edit { at, deleted: text.len(), text: text.to_owned() });
    }
    let only = Transaction { parents: Vec::new(), agent: 0, edits: made };
    Trace { name: "made", transactions: vec![only], end, sequential: true }
}
