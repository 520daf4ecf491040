//! What is known of a log that was turned back.
//!
//! Must never decide what is right: it only remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use redwedding_replica::ports::Level;
use redwedding_wire::identity::EditId;
use redwedding_wire::version::{Place, Position};

use crate::invariants::Word;

/// A save as a client submitted it: what it inserts and deletes.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) client: usize,
    pub(super) word: Option<Word>,
    pub(super) deleted: Vec<Word>,
}

/// A save that the log lost.
#[derive(Debug)]
pub(super) struct LostSave {
    /// How often each key of the outbox had been written by then.
    pub(super) written: BTreeMap<String, usize>,
    /// Whether somebody was at work who may have heard that the log has it.
    pub(super) working: bool,
}

/// What the log lost.
#[derive(Default)]
pub(super) struct Losses {
    /// Whether it ever was turned back: versions of before, which caches serve for a while, may
    /// then be known to nobody.
    pub(super) turned_back: bool,
    /// Places that it had.
    pub(super) places: BTreeSet<Place>,
    /// Where they were, of which shard: others may stand there since. A token and a point of
    /// presence that mean different ones cannot tell.
    pub(super) reused: Vec<(u16, RangeInclusive<Position>)>,
    /// Saves that it had.
    pub(super) lost: BTreeSet<EditId>,
    /// Those of them that did not wait in the outbox then.
    pub(super) saves: BTreeMap<EditId, LostSave>,
    /// Words that it took over from the origin, and what was deleted there with them.
    pub(super) imported: BTreeSet<Word>,
    /// What people deleted at the origin when they wrote a word.
    pub(super) deleted_with: BTreeMap<Word, Vec<Word>>,
    /// How often clients were told that a save of theirs is lost.
    pub(super) told: BTreeMap<usize, usize>,
    /// How often each save was acknowledged. Who sends one again that is lost may be answered by
    /// somebody who has not heard of the loss: then it can be lost once more.
    pub(super) acknowledged: BTreeMap<EditId, usize>,
    /// What clients submitted.
    pub(super) submitted: BTreeMap<EditId, Submission>,
    /// Pages of which flushing has stopped, with an alarm: the log lost what announced a revision.
    pub(super) stopped: BTreeSet<usize>,
    /// What points of presence logged so far.
    pub(super) logged: Vec<(usize, Level, String)>,
}
