//! What comes of two edits, and of their passages.

use std::ops::Range;

use crate::patch::Patch;

/// An edit as it comes out beside another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreeWay {
    /// From the text after the first edit to the merged one.
    pub patch: Patch,
    /// Passages that both touched, in order.
    pub met: Vec<Met>,
    /// Which of the second edit's hunks merging character by character would get wrong, ascending,
    pub decided: Vec<u32>,
    /// and what comes in their place: from the text after the first edit, these hunks alone.
    pub instead: Patch,
    /// Whether it may get all of them right, too: nothing is to be done where it does.
    pub by_chance: bool,
}

/// A passage that both edits touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Where it is in the text that both edited,
    pub base: Range<u32>,
    /// and in the merged text; empty where nothing of it is left.
    pub range: Range<u32>,
    /// What came of it.
    pub outcome: Outcome,
    /// Where the merged text has, of what is not shown of a move, the other end: whoever puts that
    /// here takes this away.
    pub elsewhere: Option<Range<u32>>,
}

/// What came of a passage that two edits touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both are made.
    Both,
    /// The second edit made what the first one had made, or a part of it: that stands.
    Same,
    /// The second edit holds what the first one had made: it stands in its place.
    Larger,
    /// The first one is shown, and this is what the second one made of the passage.
    Hidden(String),
    /// The second one is shown, and this is what the first one had made of it.
    Replaced(String),
}

/// When the author of an edit made another one of the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Own {
    /// Before it,
    Earlier,
    /// or nobody knows: what is taken in later counts as later.
    AtOnce,
    /// After it, whatever was taken in first.
    Later,
}

/// What of a hunk's text the author of another edit put there, and others put the rest. Nothing of
/// what the hunk takes away others took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPart {
    /// When.
    pub when: Own,
    /// What, in bytes of the text that the hunk puts.
    pub part: Range<usize>,
}

/// What becomes of a passage.
pub(super) struct Decided {
    pub(super) text: String,
    pub(super) outcome: Outcome,
    /// Whether it has to be just so, where both are made: insertions in an order, too.
    pub(super) ordered: bool,
}
