//! Which versions are open that the page does not show, as far as that was looked at. A cache keeps
//! it: each sandbox that starts would look through all of them anew.

use std::ops::Range;

use redwedding_text::grown;
use redwedding_wire::codec::DecodeError;

use super::rows::{Rows, RowsIn};

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
    fn write(&self, rows: &mut Rows) {
        rows.number(self.of.0);
        rows.number(self.of.1);
        rows.count(self.save);
        rows.range_or_none(Some(&self.at));
        rows.range_or_none(self.elsewhere.as_ref());
        rows.count(self.settled);
    }

    fn read(rows: &mut RowsIn<'_>) -> Result<Self, DecodeError> {
        let (of, save) = ((rows.number()?, rows.number()?), rows.number()?);
        let (at, elsewhere) = (rows.range()?, rows.range_or_none()?);
        Ok(Self { of, save, at, elsewhere, settled: rows.number()? })
    }

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

impl AllOpen {
    pub(super) fn write(&self, rows: &mut Rows) {
        rows.count(self.upto);
        rows.count(self.found.len());
        self.found.iter().for_each(|open| open.write(rows));
        rows.count(self.closed.len());
        for Closed { open, by, before } in &self.closed {
            open.write(rows);
            rows.count(*by);
            rows.range_or_none(Some(before));
        }
    }

    /// What was written of a state with so many changes.
    pub(super) fn read(rows: &mut RowsIn<'_>, changes: usize) -> Result<Self, DecodeError> {
        let upto: usize = rows.number()?;
        if upto > changes {
            return Err(DecodeError::invalid("more was looked at than there is"));
        }
        let found = rows.list(8, Open::read)?;
        let closed = rows.list(11, |rows| {
            let (open, by) = (Open::read(rows)?, rows.number()?);
            Ok(Closed { open, by, before: rows.range()? })
        })?;
        Ok(Self { upto, found, closed })
    }
}

/// It is no part of what is known.
impl PartialEq for AllOpen {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
