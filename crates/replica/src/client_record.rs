//! What a point of presence keeps of a client: what its last answers added to the client's
//! session.
//!
//! Two answers that are made at once each carry what the client had seen before, and the client
//! keeps the token of one of them. So each answer's addition is put down here under a number, and
//! a token says up to which number it has them: a request takes in those that its token lacks
//! before it begins, and again before its own token is sealed. What a token had and has settled
//! since, here or elsewhere, does not come back, since its number is no news. (Numbers in place
//! of times, and additions in place of states: Almeida et al., "Delta state replicated data
//! types", 2018.)
//!
//! A record may be lost with the cache, also between two answers that are made at once. The next
//! one counts anew, under a tag of its own: no number of the old one is taken for one of its own.
//! Whoever has been told of the old one puts down all that it has beyond the token that came. So
//! what was answered while the cache lives is known to all that are answered after; what was
//! answered before that is in its own token alone.
//!
//! A token has little room. Saves that the log is known to hold leave it first, then the
//! documents of longest ago go into the store, under a name that the token keeps.

use redwedding_document::entry::Body;
use redwedding_wire::array_with_optional_last;
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Digest, DocumentKey, EditId, digest};
use redwedding_wire::version::{Cursor, Position, VersionName};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::client_session::{ClientSession, RecordTag, SessionDelta, draw_client, tag_of};
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::{Cache, Level, Ports, Store};
use crate::replica::Replica;

const FORMAT: u8 = 1;

/// A client's session while its request is answered.
#[derive(Clone, Debug, Default)]
pub struct OpenSession {
    /// What it is now.
    pub session: ClientSession,
    /// What the token said that came, with what did not fit into it.
    presented: ClientSession,
    /// What it was when the request began: that, and what the point of presence knew besides,
    before: ClientSession,
    /// by the record with this tag.
    record: Option<RecordTag>,
    /// What did not fit into the token that came, and its name.
    rest: Option<(u64, ClientSession)>,
}

/// What the last answers of a point of presence to a client added to its session.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ClientRecord {
    format: u8,
    /// By number, ascending.
    additions: Vec<(u64, SessionDelta)>,
    /// By which sessions know whose numbers they are; records of before have their point of
    /// presence's.
    tag: Option<RecordTag>,
}

array_with_optional_last!(ClientRecord { format, additions; tag });

impl ClientRecord {
    pub(crate) fn new(tag: Option<RecordTag>) -> Self {
        Self { format: FORMAT, additions: Vec::new(), tag }
    }

    /// The tag that sessions know its numbers by.
    fn tag(&self, pop: RecordTag) -> RecordTag {
        self.tag.unwrap_or(pop)
    }

    /// Lets a session take in what it lacks.
    fn tell(&self, session: &mut ClientSession, pop: RecordTag) {
        let (tag, heard) = (self.tag(pop), session.heard(self.tag(pop)));
        for (number, delta) in self.additions.iter().filter(|addition| addition.0 > heard) {
            session.join(delta);
            session.hear(tag, *number);
        }
    }

    /// Puts down what an answer added, in place of what it settled.
    pub(crate) fn add(
        &mut self,
        before: &ClientSession,
        after: &mut ClientSession,
        pop: RecordTag,
    ) {
        let added = after.beyond(before);
        let (tag, heard) = (self.tag(pop), before.heard(self.tag(pop)));
        for (_, delta) in self.additions.iter_mut().filter(|addition| addition.0 <= heard) {
            delta.settle(before, after);
        }
        let last = self.additions.last().map_or(0, |last| last.0);
        self.tell(after, pop);
        let number = last.max(heard) + 1;
        self.additions.push((number, added));
        after.hear(tag, number);
        // An empty one at the end says how far the numbers are.
        self.additions.retain(|(of, delta)| *of == number || !delta.is_empty());
        while self.additions.len() > 1 && codec::to_vec(self).len() > limits::SESSION_BYTES {
            self.additions.remove(0);
        }
    }
}

impl Encode for ClientRecord {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for ClientRecord {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        // One addition may be as large as the whole.
        codec::bounded(bytes, limits::SESSION_BYTES * 2)?;
        let record: Self = codec::from_slice(bytes)?;
        codec::known_format(record.format, FORMAT)?;
        Ok(record)
    }
}

/// Where the log has a save that was taken here, with the version that was answered.
#[derive(Serialize_tuple, Deserialize_tuple)]
pub(crate) struct LoggedSave {
    format: u8,
    shard: u16,
    epoch: u64,
    /// The document's own last entry that is known.
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
    /// The session that a client presents, with what the point of presence knows of the client;
    /// that of one that has seen nothing where it presents none that can be read.
    pub fn open_session<P: Ports>(&self, ports: &mut P, sealed: Option<&str>) -> OpenSession {
        let mut keys = self.config.all_keys();
        let opened =
            sealed.and_then(|sealed| keys.find_map(|of| ClientSession::open(sealed, &of.tokens)));
        let mut session = opened.unwrap_or_default();
        let rest = session.rest().and_then(|name| Some((name, rest(ports, &session, name)?)));
        if let Some((_, rest)) = &rest {
            session.join(&rest.beyond(&ClientSession::new()));
            session.leave_rest(rest.rest());
        }
        let (presented, pop) = (session.clone(), self.pop_tag());
        let record = record(ports, session.client());
        record.iter().for_each(|record| record.tell(&mut session, pop));
        let record = record.map(|record| record.tag(pop));
        OpenSession { presented, before: session.clone(), record, session, rest }
    }

    /// The session token: the session as the client carries it, with what answers added that
    /// were made meanwhile. The point of presence keeps what this one added.
    #[must_use]
    pub fn seal<P: Ports>(&self, ports: &mut P, open: &OpenSession) -> String {
        let OpenSession { session, before, presented, rest, .. } = open;
        let mut sealed = session.clone();
        if sealed.client() == 0 {
            sealed.name(draw_client(ports));
        }
        // A client without a number has one from this answer on: nobody else answers it now.
        let known = before.client() != 0;
        if known && (session != before || before != presented) {
            self.put_down(ports, open, &mut sealed);
        } else if let Some(record) = record(ports, before.client()) {
            // The client may keep this answer's token, which says nothing new of its own.
            record.tell(&mut sealed, self.pop_tag());
        }
        fit(ports, &mut sealed, rest.as_ref());
        sealed.seal(&self.config.keys.tokens)
    }

    /// Puts down what an answer says that the record of its client lacks; it takes in what other
    /// answers said meanwhile.
    fn put_down<P: Ports>(&self, ports: &mut P, open: &OpenSession, sealed: &mut ClientSession) {
        let OpenSession { session, before, presented, .. } = open;
        let (client, pop) = (sealed.client(), self.pop_tag());
        let lock = ports.cache().lock(&keys::client_lock(client));
        let found = record(ports, client);
        let same = found.as_ref().map(|record| record.tag(pop)) == open.record;
        let new = || ClientRecord::new(Some(self.tag_of_record(sealed, ports.now_ms())));
        let mut record = found.unwrap_or_else(new);
        if same && session == before {
            record.tell(sealed, pop);
        } else {
            // What a lost record had said goes into the next one.
            record.add(if same { before } else { presented }, sealed, pop);
            ports.cache().insert(None, &keys::client(client), record.encode(), limits::CACHE_MS);
        }
        drop(lock);
    }

    /// The tag of a record that begins now: no other one has it.
    fn tag_of_record(&self, session: &ClientSession, now_ms: u64) -> RecordTag {
        let parts = [self.config.pop.as_bytes(), &now_ms.to_le_bytes(), &session.encode()];
        tag_of(digest("client record", &parts))
    }

    /// The name that sessions knew the point of presence by, before each record had its own.
    fn pop_tag(&self) -> RecordTag {
        tag_of(Digest::of_text(&self.config.pop))
    }
}

/// Makes a session short enough for a token. What it leaves out is where the log has it, or in
/// the store.
fn fit<P: Ports>(ports: &mut P, session: &mut ClientSession, rest: Option<&(u64, ClientSession)>) {
    if session.fits(limits::TOKEN_BYTES) {
        return;
    }
    settle_logged(ports, session);
    if session.fits(limits::TOKEN_BYTES) {
        return;
    }
    if let Some((name, rest)) = rest {
        // What lies there need not be written again.
        let mut shorter = session.clone();
        let all = shorter.take_out(rest);
        shorter.leave_rest(Some(*name));
        if all && shorter.fits(limits::TOKEN_BYTES) {
            *session = shorter;
            return;
        }
    }
    let mut shorter = session.clone();
    let older = shorter.split_off(limits::TOKEN_BYTES / 2);
    let bytes = older.encode();
    let name = name_of(&bytes);
    let key = keys::session_rest(session.client(), name);
    let kept = bytes.len() <= limits::SESSION_BYTES && {
        let pending = ports.store().begin_insert(&key, bytes.clone());
        ports.store().finish_insert(pending).is_ok()
    };
    if kept {
        ports.cache().insert(None, &key, bytes, limits::CACHE_MS);
        shorter.leave_rest(Some(name));
        *session = shorter;
    } else {
        let event = "what a client has seen does not fit into its token, and is not kept";
        ports.log(Level::Warning, event);
    }
}

fn name_of(rest: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest("session", &[rest]).0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// What did not fit into a token, if it is visible here. Absence proves nothing: the token goes
/// on naming it.
fn rest<P: Ports>(ports: &mut P, session: &ClientSession, name: u64) -> Option<ClientSession> {
    let key = keys::session_rest(session.client(), name);
    let cached = ports.cache().peek(&key);
    let bytes = cached.or_else(|| ports.store().get(&key).ok().flatten());
    if bytes.is_none() {
        ports.log(Level::Warning, "the rest of a client's session is not visible here yet");
    }
    let bytes = bytes.filter(|bytes| name_of(bytes) == name)?;
    ClientSession::decode(&bytes).ok()
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
        let (epoch, position) = (document.cursor().epoch, document.place().position);
        let served = VersionName::Object(served.object_id(key)).number().get();
        let shard = key.shard(limits::SHARDS);
        let value = LoggedSave::new(shard, (epoch, position), served).encode();
        self.ports.cache().insert(None, &keys::logged(edit), value, limits::CACHE_MS);
    }
}

fn record<P: Ports>(ports: &mut P, client: u64) -> Option<ClientRecord> {
    if client == 0 {
        return None;
    }
    ClientRecord::decode(&ports.cache().peek(&keys::client(client))?).ok()
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
