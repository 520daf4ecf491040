//! The log loses its tail, and what is true then.
//!
//! A save may be gone for good only if the log lost it after it had left the outbox, and it never
//! came there again; or if it is set aside, with an alarm, since what it was made on is gone. Its
//! author may be told so once. All else must be there at the end. Before that, what the log lost
//! and what stands on it may be missing for a while, and what it deleted may be back.
//!
//! Must never look at how the system under test works, but for what lies in store and log.

use std::collections::{BTreeMap, BTreeSet};

use redwedding_document::entry::{Body, Entry};
use redwedding_wire::codec;
use redwedding_wire::identity::{Actor, EditId};
use redwedding_wire::version::{Base, Root, VersionRef};
use serde_bytes::ByteBuf;

use super::*;
use crate::invariants::words;

/// The saves of an outbox's value.
fn saves_in(name: &str, value: &[u8]) -> Vec<Entry> {
    let one = |value: &[u8]| {
        let (_, entry, _): (u8, ByteBuf, Vec<EditId>) = codec::from_slice(value).ok()?;
        Entry::decode(&entry).ok()
    };
    match name.contains("/-") {
        true => {
            let joined: Result<(u8, Vec<ByteBuf>), _> = codec::from_slice(value);
            joined.map_or_else(|_| Vec::new(), |all| all.1.iter().filter_map(|v| one(v)).collect())
        }
        false => one(value).into_iter().collect(),
    }
}

fn edit_of(entry: &Entry) -> Option<EditId> {
    match &entry.body {
        Body::Edit(edit) => Some(edit.delta.edit),
        _ => None,
    }
}

impl Run {
    /// A backup is restored: the newest entries of a shard are gone. Who was there may find what
    /// it has seen gone, and what it has seen deleted there again.
    pub(super) fn lose_tail(&mut self) {
        self.note_alternatives();
        let key = self.keys[self.random.index(self.keys.len())].clone();
        let random = &mut self.random;
        let lose = |relay: &mut FoldRelay, _| relay.lose_tail(&key, random);
        let lost = self.network.with_relay(lose);
        self.note(|| format!("  the log of {key} loses {} entries", lost.len()));
        let working = !self.running.is_empty();
        let writes = self.outbox_writes();
        let many: BTreeMap<_, _> =
            writes.iter().map(|(name, all)| (name.clone(), all.len())).collect();
        let waiting: BTreeSet<EditId> = self
            .network
            .stored_keys("outbox/")
            .iter()
            .flat_map(|name| saves_in(name, &writes[name][many[name] - 1]))
            .filter_map(|entry| edit_of(&entry))
            .collect();
        if let (Some(first), Some(last)) = (lost.first(), lost.last()) {
            let positions = first.0.position..=last.0.position;
            self.losses.reused.push((key.shard(limits::SHARDS), positions));
        }
        for (place, entry) in lost {
            self.losses.places.insert(place);
            let imported = self.words_of(&entry);
            self.losses.imported.extend(imported);
            self.losses.lost.extend(edit_of(&entry));
            let left = edit_of(&entry).filter(|edit| working || !waiting.contains(edit));
            if let Some(edit) = left {
                let lost = LostSave { written: many.clone(), working };
                self.losses.saves.insert(edit, lost);
            }
        }
        self.losses.turned_back = true;
        self.invariants.turned_back();
        self.pops.iter_mut().for_each(Pop::loses_cache);
        for client in &mut self.clients {
            client.is_promised_nothing();
            // What is on its way was made of the log of before.
            client.waits.clear();
        }
    }

    /// All that was ever written to the outbox, under each of its keys.
    fn outbox_writes(&self) -> BTreeMap<String, Vec<Vec<u8>>> {
        self.network.written("outbox/")
    }

    /// Saves that the log lost and that were in no outbox since.
    fn gone(&self) -> BTreeSet<EditId> {
        let writes = self.outbox_writes();
        let again = |edit: &EditId, lost: &LostSave| {
            writes.iter().any(|(name, all)| {
                // Who was at work may still have written what it heard is in the log.
                let counts = name.contains("/-") || !lost.working;
                let new = all.iter().skip(lost.written.get(name).copied().unwrap_or(0));
                let mut saves = new.flat_map(|value| saves_in(name, value));
                counts && saves.any(|entry| edit_of(&entry) == Some(*edit))
            })
        };
        let saves = self.losses.saves.iter();
        saves.filter(|(edit, lost)| !again(edit, lost)).map(|(edit, _)| *edit).collect()
    }

    /// Saves that the log has now.
    fn logged(&self) -> BTreeSet<EditId> {
        let documents = self.keys.iter().filter_map(|key| self.network.document(key));
        let whole: Vec<Document> = documents.map(|document| self.whole(&document)).collect();
        let changes = whole.iter().flat_map(|document| document.changes().kept());
        changes.map(|change| change.edit).collect()
    }

    /// Saves that were set aside.
    fn set_aside(&self) -> BTreeSet<EditId> {
        let aside = self.network.written("aside/");
        let all = aside.iter().flat_map(|(name, all)| all.iter().map(move |v| (name, v)));
        all.flat_map(|(name, value)| saves_in(name, value)).filter_map(|e| edit_of(&e)).collect()
    }

    /// Saves that stand on what the log lost.
    fn afloat(&self) -> BTreeSet<EditId> {
        let writes = self.outbox_writes();
        let all = writes.iter().flat_map(|(name, all)| all.iter().map(move |v| (name, v)));
        let all: Vec<Entry> = all.flat_map(|(name, value)| saves_in(name, value)).collect();
        let objects = self.network.written("version/");
        let (mut edits, mut actors) = (self.losses.lost.clone(), BTreeSet::new());
        loop {
            let before = BTreeSet::len(&edits);
            for entry in &all {
                let Body::Edit(edit) = &entry.body else { continue };
                let base = match &edit.delta.base {
                    Base::Version(version) => Some(version.clone()),
                    Base::Object(id) => {
                        let end = format!("{}/{:013x}", entry.document.digest(), id.0);
                        let mut named = objects.iter().filter(|(name, _)| name.ends_with(&end));
                        named.find_map(|(_, all)| VersionRef::decode(all.first()?).ok())
                    }
                };
                let lost = edits.contains(&edit.delta.edit)
                    || base.is_some_and(|base| self.is_lost(&base, &actors));
                if lost {
                    edits.insert(edit.delta.edit);
                    actors.extend(entry.actor());
                }
            }
            if edits.len() == before {
                return edits;
            }
        }
    }

    fn is_lost(&self, version: &VersionRef, actors: &BTreeSet<Actor>) -> bool {
        let root = matches!(version.root, Root::Log(place) if self.losses.places.contains(&place));
        root || version.extra.iter().any(|actor| actors.contains(actor))
    }

    fn submissions(&self, edits: &BTreeSet<EditId>) -> Vec<Submission> {
        edits.iter().filter_map(|edit| self.losses.submitted.get(edit)).cloned().collect()
    }

    /// Before the end is looked at: what may be missing there, and what was missing for a while.
    pub(super) fn account_for_losses(&mut self) {
        if !self.losses.turned_back {
            return;
        }
        let (gone, aside, logged) = (self.gone(), self.set_aside(), self.logged());
        let excused = &(&gone | &aside) - &logged;
        let many = |what: &BTreeSet<EditId>| (what - &logged).len() as u64;
        self.report.struck.count_many("save is lost with its tail", many(&gone));
        self.report.struck.count_many("save is set aside", many(&aside));
        let back = self.losses.saves.keys().filter(|edit| logged.contains(edit)).count();
        self.report.struck.count_many("lost save is back", back as u64);
        for Submission { word, deleted, .. } in self.submissions(&excused) {
            self.invariants.lost(word, &deleted);
        }
        let floating = self.submissions(&(&self.afloat() | &aside));
        let words = floating.iter().flat_map(|save| save.word.iter().chain(&save.deleted));
        let mut words: BTreeSet<Word> = words.copied().collect();
        words.extend(self.in_others_places());
        words.extend(&self.losses.imported);
        for page in &self.losses.stopped {
            // What only the origin has there was shown before the log knew the page, and is let go.
            let revisions = self.network.revisions(self.keys[*page].key());
            words.extend(
                revisions.iter().flat_map(|revision| crate::invariants::words(&revision.text)),
            );
        }
        self.invariants.flickered(&words);
    }

    /// The words of what stands in the log where it lost something.
    fn in_others_places(&self) -> Vec<Word> {
        let (keys, reused) = (&self.keys, &self.losses.reused);
        let records = |relay: &mut FoldRelay, _| -> Vec<_> {
            keys.iter().flat_map(|key| relay.records(key)).collect()
        };
        let records = self.network.with_relay(records).into_iter();
        let others = records.filter(|(cursor, _, entry)| {
            let shard = entry.document.shard(limits::SHARDS);
            reused
                .iter()
                .any(|(of, positions)| *of == shard && positions.contains(&cursor.position))
        });
        others.flat_map(|(_, _, entry)| self.words_of(&entry)).collect()
    }

    /// The words that an entry brings or deletes.
    fn words_of(&self, entry: &Entry) -> Vec<Word> {
        let brought = match &entry.body {
            Body::Edit(edit) => {
                let submission = self.losses.submitted.get(&edit.delta.edit).cloned();
                let Some(Submission { word, deleted, .. }) = submission else { return Vec::new() };
                return word.into_iter().chain(deleted).collect();
            }
            Body::Base(page) => words(&page.text),
            Body::Import(import) => words(import.patch.inserted()),
            _ => Vec::new(),
        };
        let deleted = brought.iter().filter_map(|word| self.losses.deleted_with.get(word));
        let deleted: Vec<Word> = deleted.flatten().copied().collect();
        [brought, deleted].concat()
    }

    /// How often saves of a client's were acknowledged: each at least once, as far as its point of
    /// presence knows, whether the answer came or not.
    fn times_acknowledged(&self, client: usize, edits: &BTreeSet<EditId>) -> usize {
        let Losses { submitted, acknowledged, .. } = &self.losses;
        let own = |edit: &&EditId| submitted.get(*edit).is_some_and(|save| save.client == client);
        let times = |edit| acknowledged.get(edit).copied().unwrap_or_default().max(1);
        edits.iter().filter(own).map(times).sum()
    }

    /// No client was told more often that a save of its own is lost than such saves were
    /// acknowledged.
    pub(super) fn check_told(&mut self) {
        let floating = &self.afloat() | &self.set_aside();
        for (client, told) in std::mem::take(&mut self.losses.told) {
            let own = self.times_acknowledged(client, &floating);
            if told > own {
                self.invariants.fail(format!("client {client} was told {told} times of {own}"));
            }
        }
    }
}
