//! What a client has seen or saved and nobody can produce: when it is given up.
//!
//! A log that lost its tail, a save that the relay refuses: the client would be told for ever that
//! what it has seen has not arrived. With the relay in reach, and what is sought not to be made of
//! log and store for long ([`limits::LET_GO_MS`], [`limits::LOST_SAVE_MS`]), its session lets go of
//! it. A client whose own save it was is told so, once.

use redwedding_document::Unresolved;
use redwedding_document::entry::{Body, Missing};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, ObjectId, VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::context::{ClientRequest, Context};
use crate::head::Head;
use crate::keys;
use crate::lacking::Lacking;
use crate::limits;
use crate::load::LoadError;
use crate::outbox::OutboxEntry;
use crate::ports::{Cache, Ports, Store};
use crate::reconcile::Found;

impl<P: Ports> ClientRequest<'_, P> {
    /// After an answer failed for want of what the client has seen of a document: lets go of what
    /// is not to be had. What the client is to be told.
    pub(crate) fn let_go(&mut self, key: &DocumentKey) -> LoadError {
        let Some(cached) = self.context.document_cache().document(key) else {
            return LoadError::Behind;
        };
        let seen = self.session.unsettled(key);
        self.context.salvage_named(key, seen.into_iter());
        let lost = self.let_go_of_saves(&cached);
        self.let_go_of_versions(&cached, lost);
        self.let_go_of_positions(&cached);
        self.let_go_of_revisions(&cached);
        if lost { LoadError::SaveLost } else { LoadError::Behind }
    }

    /// Whether a save of the client's own was let go.
    fn let_go_of_saves(&mut self, cached: &CachedDocument) -> bool {
        let (key, mut lost) = (cached.key(), false);
        for edit in self.session.own(key) {
            let context = &mut self.context;
            if context.has_save(cached.confirmed(), true, edit) {
                continue;
            }
            if context.shows_save(cached, edit) && !context.stays_out(cached, edit) {
                continue;
            }
            if context.is_lost_save(key, edit) {
                self.session.confirmed_one(key, edit);
                lost = true;
            }
        }
        lost
    }

    /// Versions that nobody can produce; with a save of its own that is lost, those that hold it.
    fn let_go_of_versions(&mut self, cached: &CachedDocument, lost: bool) {
        let revision = self.session.revision(cached.key());
        for name in self.session.unsettled(cached.key()) {
            let VersionName::Object(id) = name else { continue };
            let context = &mut self.context;
            if lost
                || !context.shows_version(cached, id, revision)
                    && context.origin_lacks_root(cached, id)
                    && context.store_tells(cached.key(), &keys::object(cached.key(), id))
                    && context.missing_for(&name.to_string(), limits::LOST_SAVE_MS)
            {
                self.session.forget_version(cached.key(), name);
            }
        }
    }

    /// Positions that the log does not have any more.
    fn let_go_of_positions(&mut self, cached: &CachedDocument) {
        let (shard, cursor) = (cached.key().shard(limits::SHARDS), cached.confirmed().cursor());
        let seen = self.session.seen(cursor.epoch, shard);
        // Only what the relay gave as all that there is tells what is not there.
        let complete = cached.exchanged_ms() != 0;
        if complete && cursor.position < seen {
            let what = format!("{:x}-{shard}-{seen}", cursor.epoch);
            if self.context.missing_for(&what, limits::LET_GO_MS) {
                self.session.forget_beyond(shard, cursor);
            }
        }
    }

    /// Revisions of the origin that the log cannot take over: it lost what announced one of them.
    fn let_go_of_revisions(&mut self, cached: &CachedDocument) {
        let (key, seen) = (cached.key(), self.session.revision(cached.key()));
        if cached.is_logged() && cached.revision() < seen {
            let what = format!("{}-{seen}", key.digest());
            let long = self.context.missing_for(&what, limits::LOST_SAVE_MS);
            // An origin that is away will tell once it is back.
            if long && self.context.stopped(cached.confirmed()) == Found::Yes {
                self.session.forget_revisions(key);
            }
        }
    }
}

impl<P: Ports> Context<'_, P> {
    /// Whether a save that the log does not hold can be shown: it, and all that it was made on;
    /// or will be, once the sweep has brought the text of the origin into the log that it stands
    /// on.
    fn shows_save(&mut self, cached: &CachedDocument, edit: EditId) -> bool {
        let Some(own) = self.saves_of(cached, &[edit]) else { return false };
        let waits = own.iter().any(|save| self.waits_for_origin_text(cached, save));
        let lacking = Lacking { own, versions: Vec::new(), revision: 0 };
        waits || self.view_with(cached, &lacking).is_some()
    }

    /// After a save was not found in the log that can be shown: the log may have had it, and lost
    /// it after it had left the outbox. Puts it back after long. Whether that cannot be: where
    /// flushing has stopped the origin may have it, and it would be there twice.
    fn stays_out(&mut self, cached: &CachedDocument, edit: EditId) -> bool {
        if !self.missing_for(&format!("back-{edit}"), limits::LOST_SAVE_MS) {
            return false;
        }
        let stopped = self.stopped(cached.confirmed());
        if stopped == Found::No {
            self.put_back(cached, edit);
        }
        stopped == Found::Yes
    }

    /// Whether a save stands on a text of the origin that the log does not know and that can be
    /// had.
    fn waits_for_origin_text(&mut self, cached: &CachedDocument, save: &OutboxEntry) -> bool {
        let Body::Edit(edit) = &save.entry.body else { return false };
        let on = match &edit.delta.base {
            Base::Version(version) => Some(version.clone()),
            Base::Object(id) => self.version_store().object_of(cached.confirmed(), *id),
        };
        let Some(VersionRef { root, .. }) = on else { return false };
        let root = VersionRef::of_root(root);
        match cached.confirmed().resolve_version(&root) {
            Err(Unresolved::Missing(missing @ Missing::Origin(_))) => {
                self.dependency(cached.key(), &missing).is_some()
            }
            _ => false,
        }
    }

    /// Puts a save that is known here into the outbox once more, with the client's own before it.
    fn put_back(&mut self, cached: &CachedDocument, edit: EditId) {
        for save in self.saves_of(cached, &[edit]).unwrap_or_default() {
            self.put_into_outbox(&save);
        }
    }

    /// Whether a version can be shown, or something that holds it, on a text of the origin that is
    /// as new as the client has seen: one that stands on an older text comes beside it in the log
    /// alone.
    fn shows_version(&mut self, cached: &CachedDocument, id: ObjectId, revision: u64) -> bool {
        let version = self.version_store().object_of(cached.confirmed(), id);
        let Some(version) = version else { return false };
        let lacking = Lacking { own: Vec::new(), versions: vec![version], revision };
        self.view_with(cached, &lacking).is_some()
    }

    /// Whether nothing that a version stands on may still come from the origin, which is asked
    /// for it. While it does not answer nothing can be said.
    fn origin_lacks_root(&mut self, cached: &CachedDocument, id: ObjectId) -> bool {
        let version = self.version_store().object_of(cached.confirmed(), id);
        let Some(version) = version.filter(|version| cached.lacks_root(version)) else {
            return true;
        };
        let all_told = self.reconcile(cached.confirmed().clone(), false).done;
        match self.document_cache().document(cached.key()) {
            Some(now) if now.lacks_root(&version) => {
                all_told || self.stopped(now.confirmed()) == Found::Yes
            }
            Some(_) => false,
            None => all_told,
        }
    }

    /// Whether the relay has refused an acknowledged save that cannot be shown, or the store has
    /// not had it for long.
    fn is_lost_save(&mut self, key: &DocumentKey, edit: EditId) -> bool {
        match self.ports.store().get(&keys::set_aside(key, edit)) {
            Ok(Some(_)) => true,
            Ok(None) => {
                self.store_tells(key, &keys::outbox(key, edit))
                    && self.missing_for(&edit.to_string(), limits::LOST_SAVE_MS)
            }
            Err(_) => false,
        }
    }

    /// Whether the store says what it has of a document's outbox, and under this name. While it
    /// does not answer, nothing is lost.
    fn store_tells(&mut self, key: &DocumentKey, name: &str) -> bool {
        self.ports.store().get(name).is_ok() && self.outbox().names_of(key).is_ok()
    }

    /// Whether what a head asks for, and is not to be had, was sought for long enough. What can be
    /// had, but not beside what a client has seen or saved, is not lost: others are shown it.
    pub(crate) fn is_lost(&mut self, key: &DocumentKey, head: &Head) -> bool {
        self.salvage_named(key, head.versions());
        if self.shows_head(key, head) {
            return false;
        }
        let what = format!("{}-{}", key.digest(), head.sought());
        self.missing_for(&what, limits::LET_GO_MS)
    }

    /// Whether what a head asks for can be shown to somebody who has seen nothing else.
    fn shows_head(&mut self, key: &DocumentKey, head: &Head) -> bool {
        let mut alone = ClientSession::new();
        head.seen_by(key, &mut alone);
        let cached = self.document_cache().document_for(key, &alone);
        let Some(cached) = cached.filter(|cached| cached.satisfies(&alone)) else { return false };
        let lacking = self.lacking(&mut alone, &cached, false);
        lacking.is_some_and(|it| it.is_nothing() || self.view_with(&cached, &it).is_some())
    }

    /// Whether something has been sought in vain for so long, in this point of presence, and the
    /// relay has answered each time. Between two times that it was sought no more than a part of
    /// that counts, so that a clock that leaps does not give it up. Counts as sought now.
    pub(crate) fn missing_for(&mut self, what: &str, long_ms: u64) -> bool {
        let name = keys::missing(what);
        // What the request found out may be as old as itself.
        let now_ms = self.began_ms;
        let sought = self.ports.cache().peek(&name).and_then(|bytes| sought_of(&bytes));
        let answered = self.relay_client().has_answered();
        let passed_ms = sought.and_then(|(for_ms, last_ms)| {
            let passed_ms = now_ms.checked_sub(last_ms)?.min(long_ms / limits::TIMES_SOUGHT);
            Some(for_ms + passed_ms)
        });
        let for_ms = passed_ms.filter(|_| answered).unwrap_or(0);
        if answered || sought.is_some() {
            let value = [for_ms.to_le_bytes(), now_ms.to_le_bytes()].concat();
            self.ports.cache().insert(None, &name, value, limits::CACHE_MS);
        }
        for_ms >= long_ms
    }

    /// What was sought in vain counts as sought for the first time when it is sought next.
    pub(crate) fn seek_anew(&mut self, what: &str) {
        self.ports.cache().insert(None, &keys::missing(what), Vec::new(), limits::CACHE_MS);
    }
}

/// For how long something was sought in vain, and when last, both in ms.
fn sought_of(bytes: &[u8]) -> Option<(u64, u64)> {
    let (for_ms, last_ms) = bytes.split_at_checked(8)?;
    Some((
        u64::from_le_bytes(for_ms.try_into().ok()?),
        u64::from_le_bytes(last_ms.try_into().ok()?),
    ))
}
