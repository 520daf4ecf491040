//! The condition of a save: from what a client wants to be so to what the log decides by.
//!
//! Only the log can say that a condition is met. That it is not is said here, where what is known
//! of the log shows it: then no entry is made, and the relay need not be in reach.

use redwedding_document::entry::{Body, Condition, Entry};
use redwedding_document::{Document, View};
use redwedding_wire::identity::{Digest, DocumentKey};

use crate::cached_document::CachedDocument;
use crate::context::ClientRequest;
use crate::overlap::WouldMeet;
use crate::ports::Ports;
use crate::save::error::SaveError;
use crate::save::submission::{OnlyIf, Save};

impl Save {
    /// Whether it is not met for what is known without the log: the page is the origin's alone, or
    /// nobody's. Said only where the log has nothing of it: it may have this very save.
    pub(super) fn is_unmet_beside_log(&self, cached: &CachedDocument, missing: bool) -> bool {
        match self.only_if {
            Some(OnlyIf::Present) => missing,
            Some(OnlyIf::Absent) => cached.id() != 0 && !cached.is_logged(),
            _ => false,
        }
    }
}

/// The texts that a client names beside that of the version it edited.
pub(super) struct NamedTexts(Vec<Digest>);

impl<P: Ports> ClientRequest<'_, P> {
    /// The texts of the versions that the page is to be at, but for the one that was edited. One
    /// that is not known is not what the page shows.
    pub(super) fn named_texts(
        &mut self,
        key: &DocumentKey,
        save: &Save,
    ) -> Result<NamedTexts, SaveError> {
        let Some(OnlyIf::Unchanged(versions)) = &save.only_if else {
            return Ok(NamedTexts(Vec::new()));
        };
        let mut texts = Vec::new();
        for version in versions.iter().filter(|version| save.base != Some(**version)) {
            let (_, text) = self.read_version(key, *version)?;
            texts.extend(text.map(|text| Digest::of_text(&text)));
        }
        Ok(NamedTexts(texts))
    }
}

/// The condition of a save whose entry this would be, made on `base_text`.
///
/// # Errors
/// It is not met, as far as the document is known.
pub(super) fn condition(
    save: &Save,
    (entry, base_text): (&Entry, &str),
    named: &NamedTexts,
    (document, view): (&Document, &View),
) -> Result<Option<Condition>, WouldMeet> {
    let condition = match &save.only_if {
        // A page that is there stays there.
        None | Some(OnlyIf::Present) => return Ok(None),
        Some(OnlyIf::NoOverlap) => Condition::NoOverlap,
        Some(OnlyIf::Absent) => Condition::Absent,
        Some(OnlyIf::Unchanged(versions)) => {
            let is_named = versions.iter().any(|version| save.base == Some(*version));
            let base = is_named.then(|| Digest::of_text(base_text));
            let mut texts = base.iter().chain(&named.0);
            // Of several the log is asked for the one that is shown here.
            let shown = Digest::of_text(view.shown());
            let text = texts.clone().find(|text| **text == shown).or_else(|| texts.next());
            Condition::Unchanged(*text.ok_or_else(WouldMeet::default)?)
        }
    };
    let entry = on_condition(entry.clone(), Some(condition));
    match WouldMeet::unless_taken(document, &entry) {
        Some(would_meet) => Err(would_meet),
        None => Ok(Some(condition)),
    }
}

/// The entry of a save, with its condition.
pub(super) fn on_condition(entry: Entry, condition: Option<Condition>) -> Entry {
    let mut entry = entry;
    if let Body::Edit(edit) = &mut entry.body {
        edit.condition = condition;
    }
    entry
}
