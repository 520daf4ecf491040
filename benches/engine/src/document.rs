//! What the bench asks of an engine's documents.
//!
//! Each engine implements it in a file of its own and may use its fastest way. Must never hide a
//! failure in a number: what an engine cannot do, or not in time, is a [`Failure`].

use redwedding_text::{Patch, diff};

use crate::failure::Failure;
use crate::trace::Edit;

/// Where an engine's documents come from.
pub trait Documents {
    /// A document of which nothing is written yet, for the writer `replica`.
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure>;

    /// A document from what [`Document::encode`] gave, for the writer `replica`.
    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure>;
}

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
