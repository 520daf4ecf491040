//! How saves follow each other in a long run.
//!
//! Must never matter in a short one.

/// How saves follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// Each on a text that was just read, wherever.
    Chained,
    /// On a text from before the outage.
    Independent,
    /// Either.
    Mixed,
    /// Chained, and each brings up to a megabyte.
    Large,
}
