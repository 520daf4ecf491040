//! What a client has seen or saved and nobody can produce: when it is given up.
//!
//! A log that lost its tail, a save that the relay refuses: the client would be told for ever that
//! what it has seen has not arrived. With the relay in reach, and what is sought in neither log nor
//! store for long ([`limits::LET_GO_MS`], [`limits::LOST_SAVE_MS`]), its session lets go of it. A
//! client whose own save it was is told so, once.

use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::VersionName;

use crate::context::{ClientRequest, Context};
use crate::head::Head;
use crate::keys;
use crate::limits;
use crate::load::LoadError;
use crate::ports::{Cache, Ports, Store};

impl<P: Ports> ClientRequest<'_, P> {
    /// After an answer failed for want of what the client has seen of a document: lets go of what
    /// is not to be had. What the client is to be told.
    pub(crate) fn let_go(&mut self, key: &DocumentKey) -> LoadError {
        let lost = self.let_go_of_saves(key);
        self.let_go_of_versions(key, lost);
        self.let_go_of_positions(key);
        if lost { LoadError::SaveLost } else { LoadError::Behind }
    }

    /// Whether a save of the client's own was let go.
    fn let_go_of_saves(&mut self, key: &DocumentKey) -> bool {
        let mut lost = false;
        for edit in self.session.own(key) {
            let context = &mut self.context;
            let logged = context.document_cache().document(key);
            let logged =
                logged.is_some_and(|cached| context.has_save(cached.confirmed(), true, edit));
            let waits = context.outbox().entry(key, edit).is_some();
            if logged || waits {
                continue;
            }
            if context.is_set_aside(key, edit)
                || context.missing_for(&edit.to_string(), limits::LOST_SAVE_MS)
            {
                self.session.confirmed_one(key, edit);
                lost = true;
            }
        }
        lost
    }

    /// Version objects that nobody has; with a save of its own that is lost, those that hold it.
    fn let_go_of_versions(&mut self, key: &DocumentKey, lost: bool) {
        for version in self.session.unsettled(key) {
            let VersionName::Object(id) = version else { continue };
            let known = self.context.version_store().object(key, id).is_some();
            if lost
                || !known && self.context.missing_for(&version.to_string(), limits::LOST_SAVE_MS)
            {
                self.session.settled(key);
                return;
            }
        }
    }

    /// Positions that the log does not have any more.
    fn let_go_of_positions(&mut self, key: &DocumentKey) {
        let Some(cached) = self.context.document_cache().document(key) else { return };
        let (shard, cursor) = (key.shard(limits::SHARDS), cached.confirmed().cursor());
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
}

impl<P: Ports> Context<'_, P> {
    /// Whether the relay has refused an acknowledged save.
    fn is_set_aside(&mut self, key: &DocumentKey, edit: EditId) -> bool {
        let found = self.ports.store().get(&keys::set_aside(key, edit));
        matches!(found, Ok(Some(_)))
    }

    /// Whether what a head asks for, and is not to be had, was sought for long enough.
    pub(crate) fn is_lost(&mut self, key: &DocumentKey, head: &Head) -> bool {
        let what = format!("{}-{}", key.digest(), head.sought());
        self.missing_for(&what, limits::LET_GO_MS)
    }

    /// Whether something was sought in vain before, in this point of presence, so long ago, and the
    /// relay has answered each time. Counts as sought now, if not.
    fn missing_for(&mut self, what: &str, long_ms: u64) -> bool {
        let name = keys::missing(what);
        // What the request found out may be as old as itself.
        let now_ms = self.began_ms;
        let since = self.ports.cache().peek(&name);
        let since = since.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map(u64::from_le_bytes);
        let answered = self.relay_client().has_answered();
        match since.and_then(|since_ms| now_ms.checked_sub(since_ms)) {
            Some(for_ms) if answered => for_ms >= long_ms,
            None if !answered => false,
            _ => {
                let value = now_ms.to_le_bytes().to_vec();
                self.ports.cache().insert(None, &name, value, limits::CACHE_MS);
                false
            }
        }
    }
}
