//! When a sandbox last asked whether the origin is to be polled. May be lost at any
//! time: the point of presence's cache is asked then.

use redwedding_wire::identity::DocumentKey;

use crate::limits;

/// When it was last looked whether the origin is to be polled, by document, in ms
/// since 1970; the newest first.
#[derive(Default)]
pub(crate) struct Polls(Vec<(DocumentKey, u64)>);

impl Polls {
    /// How long ago this was last asked about a document, in ms; counts as asked,
    /// where that is longer than `fresh_ms`.
    pub(crate) fn ask(&mut self, key: &DocumentKey, now_ms: u64, fresh_ms: u64) -> Option<u64> {
        let found = self.0.iter().position(|(of, _)| of == key);
        let ago_ms = found.and_then(|at| now_ms.checked_sub(self.0[at].1));
        if ago_ms.is_none_or(|ago_ms| ago_ms >= fresh_ms) {
            found.map(|at| self.0.remove(at));
            self.0.insert(0, (key.clone(), now_ms));
            self.0.truncate(limits::HELD_DOCUMENTS);
        }
        ago_ms
    }
}
