//! What points of presence leave for each other in the store while the relay is away: confirmed
//! documents.
//!
//! A client that moves to another point of presence has seen more of the log than that one may
//! have, and only the relay could tell it the rest. So whoever serves without the relay leaves
//! what it stands on, under a name that says how far that goes: the same name is the same state.
//! Whoever lacks what a client has seen looks there, once in a request. Absence proves nothing.
//! What is found is as good as an old state in the cache: the next exchange finds out whether the
//! log still has it. Nothing of an overlay is left, and nothing that no log stands behind.

use std::sync::Arc;

use redwedding_document::Document;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::confirmed_document::ConfirmedDocument;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::ports::{Cache, Level, Ports, Store};

impl<P: Ports> Context<'_, P> {
    /// After an answer that was given without the relay: leaves the confirmed document that this
    /// point of presence stands on, if it is not there yet. Looked for at most once in
    /// [`limits::LEAVE_MS`] in a point of presence; while the relay answers, not at all.
    pub(crate) fn leave_document(&mut self, key: &DocumentKey) {
        if !self.relay_client().is_away() {
            return;
        }
        let lookup = self.ports.cache().lookup(&keys::leaving(key), 0);
        if lookup.fresh || lookup.revalidation.is_none() {
            return;
        }
        let (mark, fresh_ms) = (keys::leaving(key), limits::LEAVE_MS);
        let Some(cached) = self.furthest(key).filter(|cached| cached.is_logged()) else {
            self.ports.cache().insert(lookup.revalidation, &mark, Vec::new(), fresh_ms);
            return;
        };
        let name = keys::left_document(key, cached.confirmed().cursor());
        let now_ms = self.ports.now_ms();
        let left = lookup.value.and_then(|found| Left::read(&found.bytes));
        let there = left.filter(|left| left.covers(&name, now_ms));
        let left = there.clone().unwrap_or(Left { since_ms: now_ms, name });
        self.ports.cache().insert(lookup.revalidation, &mark, left.value(), fresh_ms);
        if there.is_none() && !self.write_left(&left.name, cached.confirmed()) {
            // To be tried again.
            self.ports.cache().insert(None, &mark, Vec::new(), fresh_ms);
        }
    }

    /// The document as far as this point of presence has shown it to anybody.
    fn furthest(&mut self, key: &DocumentKey) -> Option<Arc<CachedDocument>> {
        let mut shown = ClientSession::new();
        if let Some(head) = self.document_cache().head(key) {
            head.seen_by(key, &mut shown);
        }
        self.document_cache().document_for(key, &shown)
    }

    /// Whether the store took it, or never will.
    fn write_left(&mut self, name: &str, document: &Document) -> bool {
        let value = document.encode();
        if value.len() > limits::LEFT_BYTES {
            return true;
        }
        let pending = self.ports.store().begin_insert_for(name, value, limits::LEFT_MS);
        let written = self.ports.store().finish_insert(pending);
        written.inspect_err(|error| self.ports.log(Level::Warning, &error.to_string())).is_ok()
    }

    /// With the relay away: the document as another point of presence left it, if that goes on
    /// from what is `known` here. Looked for once in a request. It is kept here, too.
    pub(crate) fn handed_over(
        &mut self,
        key: &DocumentKey,
        known: Option<&CachedDocument>,
        session: &ClientSession,
    ) -> Option<Arc<CachedDocument>> {
        let away = self.relay_client().is_away() && !self.relay_client().has_answered();
        if !away || !self.budget.take_handover() {
            return None;
        }
        let cursor = known.map(|known| known.confirmed().cursor()).unwrap_or_default();
        let epoch = if cursor.epoch == 0 { session.epoch() } else { cursor.epoch };
        let listed = keys::left_documents(key, epoch);
        let names = self.ports.store().list(&listed, None, limits::LEFT_NAMES).ok()?;
        // Of several logs nobody can tell which one is.
        let log = names.first().map(|name| keys::log_of_left(name).to_owned());
        if names.iter().any(|name| Some(keys::log_of_left(name)) != log.as_deref()) {
            return None;
        }
        let known_name = (cursor.epoch != 0).then(|| keys::left_document(key, cursor));
        let further = |name: &&String| known_name.as_ref().is_none_or(|known| *name < known);
        for name in names.iter().take_while(further).take(limits::LEFT_TRIED) {
            let Some(left) = self.read_left(key, name) else { continue };
            // Else it is of a tail that the log has lost.
            if known.is_none_or(|known| left.holds(&known.confirmed().version())) {
                let mark = Left { since_ms: self.ports.now_ms(), name: name.clone() }.value();
                self.ports.cache().insert(None, &keys::leaving(key), mark, limits::LEAVE_MS);
                let taken = CachedDocument::new(ConfirmedDocument::new(left), None, 0);
                return Some(self.document_cache().keep(taken, false));
            }
        }
        None
    }

    /// What lies under a name, if it is what the name says.
    fn read_left(&mut self, key: &DocumentKey, name: &str) -> Option<Document> {
        let bytes = self.ports.store().get(name).ok().flatten()?;
        let document = Document::decode(&bytes).ok()?;
        let named = document.key() == key && keys::left_document(key, document.cursor()) == name;
        (named && !document.is_empty()).then_some(document)
    }
}

/// What a point of presence left of a document last, as its cache has it.
#[derive(Clone)]
struct Left {
    /// When it was written, in ms since 1970.
    since_ms: u64,
    name: String,
}

impl Left {
    fn read(value: &[u8]) -> Option<Self> {
        let (since, name) = value.split_at_checked(8)?;
        let since_ms = u64::from_le_bytes(since.try_into().ok()?);
        Some(Self { since_ms, name: str::from_utf8(name).ok()?.to_owned() })
    }

    fn value(&self) -> Vec<u8> {
        [&self.since_ms.to_le_bytes()[..], self.name.as_bytes()].concat()
    }

    /// Whether a state of this name need not be left any more: it is there, or one of the same log
    /// that goes further, and the store will not forget it soon.
    fn covers(&self, name: &str, now_ms: u64) -> bool {
        let age = now_ms.checked_sub(self.since_ms);
        keys::log_of_left(&self.name) == keys::log_of_left(name)
            && *self.name <= *name
            && age.is_some_and(|age| age < limits::LEFT_MS / 2)
    }
}
