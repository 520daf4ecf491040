//! Who made a change, as pages and the REST API show it: a name, never an address.

use redwedding_document::Change;

use crate::wiki::view::Author;

/// Who made a change.
pub(super) fn author(change: &Change) -> Author<'_> {
    match change.note.author.as_str() {
        "" if change.is_ours() => Author::Anonymous,
        "" => Author::Origin,
        name => Author::Named(name),
    }
}
