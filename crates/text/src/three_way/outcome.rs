//! What comes of passages.

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
    pub part: std::ops::Range<usize>,
}

/// What becomes of a passage.
pub(super) struct Decided {
    pub(super) text: String,
    pub(super) outcome: Outcome,
    /// Whether it has to be just so, where both are made: insertions in an order, too.
    pub(super) ordered: bool,
}
