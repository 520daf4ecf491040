//! A wiki in memory: compare-and-swap on revisions, edited by people too, with
//! the faults that [`crate::ports::Origin`] allows.

use std::collections::{BTreeMap, BTreeSet};

use redwedding_document::entry::{Note, OriginPage};

use super::network::{Later, Site, State};
use crate::ports::{Origin, OriginError, Revision, Write, Written};

/// What the wiki stores.
#[derive(Debug, Default)]
pub(super) struct OriginState {
    pages: BTreeMap<String, Vec<StoredRevision>>,
    done: BTreeMap<String, Written>,
    last: u64,
    /// Pages that are deleted, until somebody restores them.
    pub(super) deleted: BTreeSet<String>,
    /// Whether it trims white space at the end of what it stores.
    pub(super) trims: bool,
    /// Whether it merges what is written on a revision after which only people wrote.
    pub(super) merges: bool,
}

/// A revision with its text.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredRevision {
    /// Its id.
    pub id: u64,
    /// When it was stored, in ms since 1970.
    pub time_ms: u64,
    /// Author and summary.
    pub note: Note,
    /// The stored text.
    pub text: String,
    /// Whether a person wrote it at the origin.
    pub by_person: bool,
    /// Whether the wiki made it, of a write of ours and what people wrote meanwhile.
    pub merged: bool,
}

impl OriginState {
    pub(super) fn revisions(&self, key: &str) -> &[StoredRevision] {
        self.pages.get(key).map_or(&[], Vec::as_slice)
    }

    /// The revisions that callers are shown.
    fn visible(&self, key: &str) -> &[StoredRevision] {
        if self.deleted.contains(key) { &[] } else { self.revisions(key) }
    }

    fn current(&self, key: &str) -> Option<&StoredRevision> {
        self.pages.get(key).filter(|_| !self.deleted.contains(key))?.last()
    }

    /// What a write on another revision than the current one merges into, as the wiki does it by
    /// itself. `None` where it is a conflict.
    fn merged(&self, key: &str, write: &Write) -> Option<String> {
        let revisions = self.revisions(key);
        let on = revisions.iter().position(|revision| revision.id == write.on)?;
        let since = &revisions[on + 1..];
        let alone = self.merges && !since.is_empty() && since.iter().all(|it| it.by_person);
        alone.then(|| merged(&revisions[on].text, &write.text, &since[since.len() - 1].text))
    }

    fn as_stored(&self, text: &str) -> String {
        if self.trims { text.trim_end().to_owned() } else { text.to_owned() }
    }
}

/// What the wiki notes of a write of ours.
fn note_of(write: &Write) -> Note {
    Note { author: "edge".into(), comment: write.summary.clone(), ..Note::default() }
}

impl State {
    /// Stores a text as a person would, whatever is there.
    pub(super) fn origin_edit(&mut self, key: &str, text: &str, author: &str) -> u64 {
        let note = Note { author: author.into(), comment: "by hand".into(), ..Note::default() };
        self.origin_store(key, text, note, true)
    }

    fn origin_store(&mut self, key: &str, text: &str, note: Note, by_person: bool) -> u64 {
        let gap = self.random.below(3);
        let time_ms = self.now_ms;
        let origin = &mut self.origin;
        origin.last += 1 + gap;
        let (id, text) = (origin.last, origin.as_stored(text));
        let merged = false;
        let revision = StoredRevision { id, time_ms, note, text, by_person, merged };
        origin.pages.entry(key.to_owned()).or_default().push(revision);
        id
    }

    /// A write on another revision than the current one: a conflict for whoever wrote, whether or
    /// not the wiki has merged it by itself.
    fn origin_merge(&mut self, key: &str, write: &Write) -> Written {
        match self.origin.merged(key, write) {
            Some(text) => {
                self.struck.count("origin merges");
                self.trace(|| format!("    origin: merges into {text:?}"));
                self.origin_store(key, &text, note_of(write), false);
                let newest = self.origin.pages.get_mut(key).and_then(|all| all.last_mut());
                newest.into_iter().for_each(|newest| newest.merged = true);
                self.origin.done.insert(write.idempotency.clone(), Written::Conflict);
            }
            None => self.trace(|| format!("    origin: conflict, not on {}", write.on)),
        }
        Written::Conflict
    }

    /// Does a write, once for each name.
    pub(super) fn origin_write(&mut self, key: &str, write: &Write) -> Written {
        if let Some(done) = self.origin.done.get(&write.idempotency) {
            return done.clone();
        }
        // Nobody but its own people may bring it back.
        if self.origin.deleted.contains(key) {
            return Written::Conflict;
        }
        let current = self.origin.current(key);
        if current.map_or(0, |current| current.id) != write.on {
            return self.origin_merge(key, write);
        }
        let stored = self.origin.as_stored(&write.text);
        let written = match current.filter(|current| current.text == stored) {
            Some(current) => Written::Unchanged { revision: current.id },
            None => {
                let revision = self.origin_store(key, &write.text, note_of(write), false);
                let stored = (stored != write.text).then_some(stored);
                Written::Stored { revision, stored, time_ms: self.now_ms }
            }
        };
        self.trace(|| format!("    origin: {written:?}: {:?}", write.text));
        self.origin.done.insert(write.idempotency.clone(), written.clone());
        written
    }
}

/// A word with the white space behind it; and the words of a text.
fn tokens(text: &str) -> Vec<&str> {
    text.split_inclusive([' ', '\n']).collect()
}

/// Merges two texts that were made of one, word by word; the same change is made once.
fn merged(base: &str, ours: &str, theirs: &str) -> String {
    let has = |tokens: &[&str], word: &str| tokens.iter().any(|token| token.trim() == word.trim());
    let (base, ours, mut all) = (tokens(base), tokens(ours), tokens(theirs));
    all.retain(|token| has(&ours, token) || !has(&base, token));
    for (index, token) in ours.iter().enumerate() {
        if !has(&base, token) && !has(&all, token) {
            let before = index.checked_sub(1).map(|before| ours[before].trim());
            let at = before.and_then(|before| all.iter().position(|it| it.trim() == before));
            all.insert(at.map_or(0, |at| at + 1), token);
        }
    }
    let apart = |text: String, token: &&str| match text.is_empty() || text.ends_with([' ', '\n']) {
        true => text + token,
        false => text + "\n" + token,
    };
    all.iter().fold(String::new(), apart)
}

/// The wiki as one sandbox reaches it.
#[derive(Debug)]
pub struct MemoryOrigin(pub(super) Site);

fn unavailable() -> OriginError {
    OriginError::Unavailable("injected".into())
}

/// How a call to the wiki fares.
enum Reached<'a> {
    Here(std::sync::MutexGuard<'a, State>),
    /// It is never answered.
    Silent(std::sync::MutexGuard<'a, State>),
}

impl MemoryOrigin {
    fn reach<'a>(
        &'a self,
        call: &'static str,
        key: &str,
        wait_ms: u64,
    ) -> Result<Reached<'a>, OriginError> {
        let mut state = self.0.call(call, key);
        let faults = state.faults.clone();
        if state.strikes("origin hangs", faults.origin_hangs) {
            self.0.waits_for_origin(&mut state, wait_ms);
            return Ok(Reached::Silent(state));
        }
        match faults.origin_down || state.strikes("origin fails", faults.origin_fails) {
            true => Err(unavailable()),
            false => Ok(Reached::Here(state)),
        }
    }

    fn ask<'a>(
        &'a self,
        call: &'static str,
        key: &str,
        wait_ms: u64,
    ) -> Result<std::sync::MutexGuard<'a, State>, OriginError> {
        match self.reach(call, key, wait_ms)? {
            Reached::Here(state) => Ok(state),
            Reached::Silent(_) => Err(OriginError::TimedOut),
        }
    }
}

impl Origin for MemoryOrigin {
    fn page(&mut self, key: &str, wait_ms: u64) -> Result<Option<OriginPage>, OriginError> {
        let state = self.ask("origin.page", key, wait_ms)?;
        Ok(state.origin.current(key).map(|current| OriginPage {
            revision: current.id,
            text: current.text.clone(),
            time_ms: current.time_ms,
            note: current.note.clone(),
        }))
    }

    fn write(&mut self, key: &str, write: &Write, wait_ms: u64) -> Result<Written, OriginError> {
        let (mut state, silent) = match self.reach("origin.write", key, wait_ms)? {
            Reached::Here(state) => (state, false),
            Reached::Silent(state) => (state, true),
        };
        let faults = state.faults.clone();
        if silent && state.random.chance(300) {
            return Err(OriginError::TimedOut);
        }
        if state.strikes("origin rejects", faults.origin_rejects) {
            return Err(OriginError::Rejected("injected".into()));
        }
        if state.strikes("origin is late", if silent { 500 } else { faults.origin_late }) {
            let late_ms = state.random.below(60_000);
            state.later(late_ms, Later::Origin(key.to_owned(), write.clone()));
            return Err(if silent { OriginError::TimedOut } else { unavailable() });
        }
        let written = state.origin_write(key, write);
        match state.strikes("origin loses answer", faults.origin_loses_answer) {
            _ if silent => Err(OriginError::TimedOut),
            true => Err(unavailable()),
            false => Ok(written),
        }
    }

    fn revisions(
        &mut self,
        key: &str,
        after: u64,
        wait_ms: u64,
    ) -> Result<Vec<Revision>, OriginError> {
        let state = self.ask("origin.revisions", key, wait_ms)?;
        let newer = state.origin.visible(key).iter().filter(|revision| revision.id > after);
        let shown = newer.take(20).map(|revision| Revision {
            id: revision.id,
            time_ms: revision.time_ms,
            note: revision.note.clone(),
        });
        Ok(shown.collect())
    }

    fn revision_text(
        &mut self,
        key: &str,
        revision: u64,
        wait_ms: u64,
    ) -> Result<String, OriginError> {
        let state = self.ask("origin.revision_text", key, wait_ms)?;
        let mut all = state.origin.visible(key).iter();
        match all.find(|stored| stored.id == revision) {
            Some(stored) => Ok(stored.text.clone()),
            None => Err(OriginError::Rejected("no such revision".into())),
        }
    }
}
