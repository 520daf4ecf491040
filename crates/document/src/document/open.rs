//! Which versions are open that the page does not show, as far as that was looked at.

use std::ops::Range;

use redwedding_text::grown;

/// One that is open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// The change that says so, and which of what that says is not shown it is.
    pub(super) of: (u32, u32),
    /// The save that made it.
    pub(super) save: usize,
    /// Its passage.
    pub(super) at: Range<u32>,
    /// Where the same lines stand, of what is not shown of a move.
    pub(super) elsewhere: Option<Range<u32>>,
    /// From which change on the passage may have been changed.
    pub(super) settled: usize,
}

impl Open {
    /// It is where it is once edits were made, each in the text that the one before left. How much
    /// of its passage they take away.
    pub(super) fn follow(&mut self, edits: &[(u32, u32, u32)]) -> usize {
        let (at, gone) = grown(&self.at, edits.iter().copied());
        self.at = at;
        let elsewhere = self.elsewhere.iter_mut();
        elsewhere.for_each(|at| *at = grown(at, edits.iter().copied()).0);
        gone
    }
}

/// One that a choice closed, by changing the page.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    /// As it was open, but where its passage is by now.
    pub(super) open: Open,
    /// The save that closed it,
    pub(super) by: usize,
    /// and where the passage was right before.
    pub(super) before: Range<u32>,
}

/// All that are open before a change. It follows from the changes, and is kept for whoever goes on
/// from there.
#[derive(Clone, Debug, Default)]
pub(super) struct AllOpen {
    /// Before which change; 0 where nobody has looked.
    pub(super) upto: usize,
    /// By when their saves came.
    pub(super) found: Vec<Open>,
    /// The newest that were closed: whoever undoes the choice opens them.
    pub(super) closed: Vec<Closed>,
}

/// It is no part of what is known.
impl PartialEq for AllOpen {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
