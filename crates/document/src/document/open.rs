//! Which versions are open that the page does not show, as far as that was looked at.

use std::ops::Range;

/// One that is open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// The change that says so, and which of what that says is not shown it is.
    pub(super) of: (u32, u32),
    /// The save that made it.
    pub(super) save: usize,
    /// Its passage.
    pub(super) at: Range<u32>,
    /// From which change on the passage may have been changed.
    pub(super) settled: usize,
}

/// All that are open before a change. It follows from the changes, and is kept for whoever goes on
/// from there.
#[derive(Clone, Debug, Default)]
pub(super) struct AllOpen {
    /// Before which change; 0 where nobody has looked.
    pub(super) upto: usize,
    /// By when their saves came.
    pub(super) found: Vec<Open>,
}

/// It is no part of what is known.
impl PartialEq for AllOpen {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
