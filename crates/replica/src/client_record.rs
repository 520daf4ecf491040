//! What a point of presence keeps of a client: the join of the sessions that its answers
//! carried.
//!
//! Two answers that are made at once each carry what the client had seen before, and the
//! client keeps one of them. So each is joined with what others left here, before the
//! request and after it. A token has little room: what a client has written or seen of
//! more documents than it can name stays here alone, and what the log is known to hold
//! leaves it first. It may be lost with the cache; then the token is all there is.

use redwedding_document::entry::Body;
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Cursor, Position, VersionName};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::client_session::ClientSession;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::{Cache, Level, Ports};
use crate::replica::Replica;

const FORMAT: u8 = 1;

/// A client's session while its request is answered.
#[derive(Clone, Debug, Default)]
pub struct OpenSession {
    /// What it is now.
    pub session: ClientSession,
    /// What it was when the request began.
    before: ClientSession,
}

/// Where the log has a save that was taken here, with the version that was answered.
#[derive(Serialize_tuple, Deserialize_tuple)]
pub(crate) struct LoggedSave {
    format: u8,
    shard: u16,
    epoch: u64,
    /// The log is known up to there.
    position: Position,
    /// The number of that version, which the log holds, too.
    served: u64,
}

impl LoggedSave {
    pub(crate) fn new(shard: u16, (epoch, position): (u64, Position), served: u64) -> Self {
        Self { format: FORMAT, shard, epoch, position, served }
    }
}

impl Encode for LoggedSave {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for LoggedSave {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let logged: Self = codec::from_slice(bytes)?;
        codec::known_format(logged.format, FORMAT)?;
        Ok(logged)
    }
}

impl Replica {
    /// The session that a client presents, with what the point of presence knows of the
    /// client; that of one that has seen nothing where it presents none that can be read.
    pub fn open_session<P: Ports>(&self, ports: &mut P, sealed: Option<&str>) -> OpenSession {
        let mut keys = self.config.all_keys();
        let opened =
            sealed.and_then(|sealed| keys.find_map(|of| ClientSession::open(sealed, &of.tokens)));
        let mut session = opened.unwrap_or_default();
        if let Some(kept) = record(ports, session.client()) {
            session.join(&kept);
        }
        OpenSession { before: session.clone(), session }
    }

    /// The session token: the session as the client carries it, joined with those of
    /// answers that were made meanwhile. The point of presence keeps it as well.
    #[must_use]
    pub fn seal<P: Ports>(&self, ports: &mut P, open: &OpenSession) -> String {
        let OpenSession { session, before } = open;
        let named = session.client() != 0;
        if named && session == before {
            return session.seal(&self.config.keys.tokens);
        }
        let mut joined = session.clone();
        if !named {
            let mut client = [0; 8];
            ports.draw(&mut client);
            joined.name(u64::from_le_bytes(client).max(1));
        }
        let lock = ports.cache().lock(&keys::client_lock(joined.client()));
        let kept = record(ports, joined.client());
        if let Some(mut kept) = kept.clone() {
            kept.settle_as(before, session);
            joined.join(&kept);
        }
        if joined.exceeds(limits::TOKEN_BYTES) {
            settle_logged(ports, &mut joined);
        }
        if joined.exceeds(limits::SESSION_BYTES) {
            let event = "a client has more unconfirmed pages than are kept of it";
            ports.log(Level::Warning, event);
            joined = joined.within(limits::SESSION_BYTES);
        }
        if kept.as_ref() != Some(&joined) {
            let name = keys::client(joined.client());
            ports.cache().insert(None, &name, joined.encode(), limits::CACHE_MS);
        }
        drop(lock);
        joined.seal(&self.config.keys.tokens)
    }
}

impl<P: Ports> Context<'_, P> {
    /// Notes that the log has a save that was taken here, if it holds all that was answered
    /// with it.
    pub(crate) fn note_logged(&mut self, key: &DocumentKey, edit: EditId, taken: &OutboxEntry) {
        let Body::Edit(body) = &taken.entry.body else { return };
        let (Some(served), Some(cached)) = (&body.served, self.document_cache().document(key))
        else {
            return;
        };
        let document = cached.confirmed();
        if document.change_of(edit).is_none() || !document.holds(served) {
            return;
        }
        let Cursor { epoch, position, .. } = document.cursor();
        let served = VersionName::Object(served.object_id(key)).number().get();
        let shard = key.shard(limits::SHARDS);
        let value = LoggedSave::new(shard, (epoch, position), served).encode();
        self.ports.cache().insert(None, &keys::logged(edit), value, limits::CACHE_MS);
    }
}

fn record<P: Ports>(ports: &mut P, client: u64) -> Option<ClientSession> {
    if client == 0 {
        return None;
    }
    let kept = ClientSession::decode(&ports.cache().peek(&keys::client(client))?).ok()?;
    (kept.client() == client).then_some(kept)
}

/// Replaces saves that the log is known to hold by their positions.
fn settle_logged<P: Ports>(ports: &mut P, session: &mut ClientSession) {
    for edit in session.saves() {
        let found = ports.cache().peek(&keys::logged(edit));
        let Some(logged) = found.and_then(|bytes| LoggedSave::decode(&bytes).ok()) else {
            continue;
        };
        let LoggedSave { shard, epoch, position, served, .. } = logged;
        let cursor = Cursor { epoch, position, ..Cursor::default() };
        session.logged(edit, served, shard, cursor);
    }
}
