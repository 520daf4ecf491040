//! Who wrote which part of a text.
//!
//! Every byte is the change's that inserted it, wherever merges have moved it. May assume that the
//! history leads to the text. Must never say more than the history knows: what stood below its
//! floor is somebody else's to tell.

use crate::history::History;
use crate::ops::Ops;
use crate::patch::Patch;
use crate::sequence::GROUND;
use crate::text::Text;
use crate::version::Version;
use crate::walker::Walker;

/// Where some bytes of a text come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A change inserted them.
    Change(u32),
    /// They stood, from this byte on, in the text below the first change that is kept.
    Below(u32),
}

/// What no change of the history inserted.
pub const UNKNOWN: Source = Source::Change(u32::MAX);

/// Bytes in a row with one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How many.
    pub len: u32,
    /// Where they come from.
    pub source: Source,
}

impl Text {
    /// Who wrote which part of the text: runs that together are as long as it is, each as long as
    /// it can be. O(edits · log edits).
    #[must_use]
    pub fn attribution(&self) -> Vec<Run> {
        self.attribution_at(&self.head())
    }

    /// As [`Text::attribution`], of the text at a version, which must be closed and kept.
    #[must_use]
    pub fn attribution_at(&self, version: &Version) -> Vec<Run> {
        let floor = self.history().floor();
        of(self.history(), self.applied().len_before(floor, self.len()), version)
    }
}

impl History {
    /// As [`Text::attribution`], of the text that all changes lead to from one of this length.
    #[must_use]
    pub fn attribution(&self, start_len: u32) -> Vec<Run> {
        of(self, start_len, &Version::up_to(self.len()))
    }
}

fn of(history: &History, start_len: u32, version: &Version) -> Vec<Run> {
    let mut walker = Walker::new(history, history.floor(), start_len, 0);
    walker.replay(history, (history.floor(), history.len()));
    // The prepare version can be any version, and its text is what is there in it: so Eg-walker's
    // way to read a position serves to read a whole text.
    walker.set_prepare_version(history, version.seen());
    let mut runs = Vec::new();
    for span in walker.sequence().spans().filter(|span| span.prepare.is_there()) {
        match span.first.checked_sub(GROUND) {
            Some(at) => push(&mut runs, Run { len: span.len, source: Source::Below(at) }),
            None => push_inserted(history.made(), (span.first, span.len), &mut runs),
        }
    }
    runs
}

/// A span may hold what many changes in a row typed.
fn push_inserted(made: &Ops, (mut byte, mut left): (u32, u32), runs: &mut Vec<Run>) {
    while left > 0 {
        let Some(change) = made.that_inserted(byte) else { return };
        let len = (made.inserted_before(change + 1) - byte).min(left);
        push(runs, Run { len, source: Source::Change(change) });
        (byte, left) = (byte + len, left - len);
    }
}

fn push(runs: &mut Vec<Run>, run: Run) {
    let continues = |last: &Run| match (last.source, run.source) {
        (Source::Change(one), Source::Change(two)) => one == two,
        (Source::Below(one), Source::Below(two)) => one + last.len == two,
        _ => false,
    };
    match runs.last_mut().filter(|last| continues(last)) {
        Some(last) => last.len += run.len,
        None => runs.push(run),
    }
}

/// Where what is shown of a text comes from, of where the whole text does; what was put there comes
/// from [`UNKNOWN`].
#[must_use]
pub fn of_shown(runs: &[Run], shown: &Patch) -> Vec<Run> {
    let mut of_shown = Vec::with_capacity(runs.len());
    let mut left = runs.iter().copied();
    let mut part: Option<Run> = None;
    // So much of the whole text, to be told or not.
    let mut pass = |mut len: u32, mut told: Option<&mut Vec<Run>>| {
        while len > 0 {
            let Some(run) = part.take().or_else(|| left.next()) else { return };
            let by = run.len.min(len);
            if let Some(told) = &mut told {
                push(told, Run { len: by, ..run });
            }
            let source = match run.source {
                Source::Below(byte) => Source::Below(byte + by),
                change => change,
            };
            part = (by < run.len).then_some(Run { len: run.len - by, source });
            len -= by;
        }
    };
    let mut at = 0;
    for (start, gone, put) in shown.edits() {
        pass(start - at, Some(&mut of_shown));
        if !put.is_empty() {
            push(&mut of_shown, Run { len: put.len() as u32, source: UNKNOWN });
        }
        pass(gone, None);
        at = start + gone;
    }
    pass(u32::MAX, Some(&mut of_shown));
    of_shown
}

/// The same runs, where what stood below is told by those of the text below.
#[must_use]
pub fn resolved(runs: &[Run], below: &[Run]) -> Vec<Run> {
    // Where each run of the text below begins.
    let starts: Vec<u32> = below
        .iter()
        .scan(0u32, |at, run| {
            let start = *at;
            *at += run.len;
            Some(start)
        })
        .collect();
    let mut told = Vec::with_capacity(runs.len());
    for run in runs {
        let Source::Below(from) = run.source else {
            push(&mut told, *run);
            continue;
        };
        let (mut at, end) = (from, from + run.len);
        let mut index = starts.partition_point(|start| *start <= at).saturating_sub(1);
        while at < end {
            let Some(found) = below.get(index) else { break };
            let within = at - starts[index];
            let len = (found.len - within).min(end - at);
            let source = match found.source {
                Source::Below(byte) => Source::Below(byte + within),
                change => change,
            };
            push(&mut told, Run { len, source });
            (at, index) = (at + len, index + 1);
        }
    }
    told
}
