//! Merge nodes: many saves that knew nothing of each other, put together under one dot.
//!
//! A version names the newest dots beyond the log. While the relay is away thousands may save one
//! page, each on the text of before, and every version would name all of them. So where versions
//! come to name many, an entry that changes nothing and has seen these is added: from then on its
//! dot stands for them, as a merge commit does in Git. It waits and travels as a save does. Nobody
//! waits for it, and nothing is lost with it: without it versions are longer.

use std::sync::Arc;

use redwedding_document::entry::{Body, Delta, Edit, Entry, Note};
use redwedding_text::Patch;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, VersionRef};

use crate::context::Context;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::Ports;

impl<P: Ports> Context<'_, P> {
    /// After an answer that was given without the relay: adds a merge node to what waits of the
    /// document, where its versions name as many dots as a save may name itself.
    pub(crate) fn add_merge_node(&mut self, key: &DocumentKey) {
        let Some(overlay) = self.replica.memory.overlay(key).cloned() else { return };
        // It changes nothing, so it is good on whatever text its dots come to.
        let newest =
            VersionRef { check: None, hidden: None, put: None, ..overlay.view().version() };
        if newest.extra.len() < limits::INLINE_DOTS {
            return;
        }
        let Some(entry) = self.merge_node(key, newest) else { return };
        let mut view = overlay.view().clone();
        if view.add(&entry).is_err() {
            return;
        }
        let waiting = OutboxEntry { entry, own: Vec::new() };
        let Some(pending) = self.outbox().begin_insert(&waiting) else { return };
        if self.outbox().finish_insert(pending).is_err() {
            return;
        }
        let base = overlay.base().cloned();
        drop(overlay);
        if let Some(mut kept) = self.replica.memory.take_overlay(key) {
            Arc::make_mut(&mut kept).saved((&view, base.as_ref()), &waiting);
            self.replica.memory.put_overlay(key, kept);
        }
    }

    /// The entry that has seen a version. Its dots are the same at every point of presence.
    fn merge_node(&mut self, key: &DocumentKey, newest: VersionRef) -> Option<Entry> {
        let edit_key = &self.replica.config.edit_key;
        let edit = EditId::of(edit_key, key, &[b"merge node", &newest.encode()]);
        let base = match newest.extra.len() <= limits::INLINE_DOTS {
            true => Base::Version(newest),
            // Points of presence that heard of each other late.
            false => {
                self.version_store().write_object(key, &newest)?;
                Base::Object(newest.object_id(key))
            }
        };
        let note = Note::default();
        let rules = self.replica.config.rules;
        let delta = Delta { edit, base, patch: Patch::default(), note, rules };
        let accepted_ms = self.ports.now_ms();
        let pop = self.replica.config.pop.clone();
        let edit = Edit::new(delta, accepted_ms, pop);
        let body = Body::Edit(edit);
        Some(Entry::new(key.clone(), body))
    }
}
