//! What the bench asks of an engine: one document from bytes to bytes.
//!
//! Each engine implements it in a file of its own and may use its fastest way. Must never hide a
//! failure in a number: what an engine cannot do, or not in time, is a [`Failure`].

use std::time::Duration;

use redwedding_text::{Patch, diff};
use serde::{Serialize, Serializer};

use crate::clock::Clock;
use crate::trace::{Edit, Trace};

/// Where an engine's documents come from.
pub trait Documents {
    /// A document of which nothing is written yet, for the writer `replica`.
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure>;

    /// A document from what [`Document::encode`] gave, for the writer `replica`.
    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure>;
}

/// An engine under test, in one configuration.
pub trait Engine: Documents {
    /// How the tables call it.
    fn name(&self) -> String;

    /// The end state of a trace. Not measured.
    fn build(&self, trace: &Trace, deadline: Deadline) -> Result<Stored, Failure> {
        let document = crate::replicas::replay(self, trace, deadline)?.encode()?;
        Ok(Stored { history: document.clone(), document })
    }

    /// Decodes the history of a trace; what is given back merges it all and reads out the text.
    /// Only that is measured.
    fn merge<'a>(&self, trace: &'a Trace, stored: Option<&'a Stored>)
    -> Result<Merge<'a>, Failure>;
}

/// A merge, ready to run.
pub type Merge<'a> = Box<dyn FnOnce(Deadline) -> Result<String, Failure> + 'a>;

/// A document in memory.
pub trait Document {
    /// Makes edits one after the other, in as few transactions as the engine allows.
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure>;

    /// Makes `new` of `old`, the present text: by the same plain diff for everyone.
    fn save(&mut self, old: &str, new: &str) -> Result<(), Failure> {
        let patch = diff::between(old, new);
        self.edit(&edits_of(&patch, self.counts_characters().then_some(old)))
    }

    /// Whether places are characters instead of bytes.
    fn counts_characters(&self) -> bool {
        false
    }

    /// What the last [`Document::edit`] did, for other replicas.
    fn encode_update(&mut self) -> Result<Vec<u8>, Failure>;

    /// Takes in what other replicas' [`Document::encode_update`] gave, parents before children.
    fn receive(&mut self, updates: &[&[u8]]) -> Result<(), Failure>;

    /// The whole document.
    fn encode(&mut self) -> Result<Vec<u8>, Failure>;

    /// The text.
    fn text(&self) -> Result<String, Failure>;
}

/// A writer that no trace has.
pub const READER: u64 = 1 << 40;

/// A trace's end state, encoded.
#[derive(Clone)]
pub struct Stored {
    /// What [`Engine::load`] takes.
    pub document: Vec<u8>,
    /// Everything that ever happened, for [`Engine::merge`] and for its size.
    pub history: Vec<u8>,
}

/// Why there is no number.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The engine has no such thing.
    #[error("n/a")]
    Absent,
    /// It was ended.
    #[error("> {} s", .0.as_secs())]
    TooLong(Duration),
    /// It came to another text.
    #[error("wrong text")]
    WrongText,
    /// It reported an error.
    #[error("error: {0}")]
    Engine(String),
}

impl Failure {
    /// An engine's own error.
    pub fn of(error: impl std::fmt::Display) -> Failure {
        Failure::Engine(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::of(error)
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// When whatever runs step by step has to give up, by that clock.
#[derive(Clone, Copy)]
pub struct Deadline {
    begun: Clock,
    limit: Duration,
}

impl Deadline {
    /// `limit` from now.
    pub fn after(limit: Duration) -> Deadline {
        Deadline { begun: Clock::now(), limit }
    }

    /// Fails once the time is up.
    pub fn check(self) -> Result<(), Failure> {
        match self.begun.elapsed() > self.limit {
            true => Err(Failure::TooLong(self.limit)),
            false => Ok(()),
        }
    }
}

/// A patch as edits to make one after the other: from the last to the first, so that none moves
/// another. In characters where the patched text is given.
fn edits_of(patch: &Patch, old: Option<&str>) -> Vec<Edit> {
    let mut edits = Vec::with_capacity(patch.hunks().len());
    let (mut bytes, mut characters) = (0, 0);
    let mut count = |to: usize| match old {
        None => to,
        Some(old) => {
            characters += old[bytes..to].chars().count();
            bytes = to;
            characters
        }
    };
    for (start, deleted, text) in patch.edits() {
        let at = count(start as usize);
        let end = count(start as usize + deleted as usize);
        edits.push(Edit { at, deleted: end - at, text: text.to_owned() });
    }
    edits.reverse();
    edits
}
