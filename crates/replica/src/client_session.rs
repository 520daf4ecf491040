//! What a client has seen and written: its session.
//!
//! A read must dominate it, so that a client sees its own writes and never goes
//! back in time, at whichever point of presence. It is authenticated: nobody
//! can make a replica wait for what never was. Sealed it is no longer than
//! [`limits::TOKEN_BYTES`], whatever a client does.

use data_encoding::BASE64URL_NOPAD;
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Digest, DocumentKey, EditId, keyed_digest};
use redwedding_wire::version::{Cursor, Place, Position, VersionName};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;
use crate::ports::Ports;

const FORMAT: u8 = 3;

/// What a client has seen and written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct ClientSession {
    format: u8,
    /// Which client it is; 0 before it has saved or was handed a token.
    client: u64,
    /// Up to which of the answers that a record of the client's knows it says what they said; see
    /// [`crate::client_record`]. The one asked last stands last.
    heard: Vec<(RecordTag, u64)>,
    /// The name of what did not fit into the token; see [`crate::client_record`].
    rest: Option<u64>,
    /// The log that the positions belong to.
    epoch: u64,
    /// (shard, greatest position seen), by ascending shard.
    seen: Vec<(u16, Position)>,
    /// The client's latest unconfirmed saves of documents, the newest last. Of one
    /// document several, where they were made at once.
    own: Vec<(DocumentTag, EditId)>,
    /// The versions of documents that the client was served, by their numbers, where
    /// the log may not hold them: version objects, or the origin's text of a page of
    /// which the log holds nothing. Of one document several, where they were served
    /// at once. The newest last.
    served: Vec<(DocumentTag, u64)>,
}

/// The first format: no client is named.
#[derive(Default, Serialize_tuple, Deserialize_tuple)]
struct Nameless {
    format: u8,
    epoch: u64,
    seen: Vec<(u16, Position)>,
    own: Vec<(DocumentTag, EditId)>,
    served: Vec<(DocumentTag, u64)>,
}

/// The second format: a number stands where the client was to be named.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct Unnamed {
    format: u8,
    client: u64,
    epoch: u64,
    seen: Vec<(u16, Position)>,
    own: Vec<(DocumentTag, EditId)>,
    served: Vec<(DocumentTag, u64)>,
}

/// What one answer adds to what its client has seen and written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub(crate) struct SessionDelta {
    epoch: u64,
    seen: Vec<(u16, Position)>,
    own: Vec<(DocumentTag, EditId)>,
    served: Vec<(DocumentTag, u64)>,
}

impl SessionDelta {
    /// Whether it adds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.own.is_empty() && self.served.is_empty()
    }

    /// Leaves out what an answer has settled or superseded: what its session named `before`
    /// it and does not name `after` it.
    pub(crate) fn settle(&mut self, before: &ClientSession, after: &ClientSession) {
        self.own.retain(|own| !before.own.contains(own) || after.own.contains(own));
        self.served.retain(|one| !before.served.contains(one) || after.served.contains(one));
        let (epoch, now) = (self.epoch, after.epoch);
        let passed = |shard, position| {
            let (knew, knows) = (before.seen(epoch, shard), after.seen(epoch, shard));
            // Further by now; or forgotten, as the log has lost it.
            knows > position || (position <= knew && knows < knew)
        };
        self.seen.retain(|(shard, position)| epoch == now && !passed(*shard, *position));
    }
}

/// Enough of a document's digest to tell a client's documents apart.
type DocumentTag = u32;

/// Enough of a digest to tell records of a client apart.
pub(crate) type RecordTag = u32;

/// Puts those of `older` that are not there in front.
fn prepend<T: Copy + PartialEq>(newer: &mut Vec<T>, older: &[T]) {
    let missing: Vec<_> = older.iter().filter(|one| !newer.contains(one)).copied().collect();
    newer.splice(0..0, missing);
}

fn tag(document: &DocumentKey) -> DocumentTag {
    tag_of(document.digest())
}

/// A number for a client that has none yet.
pub(crate) fn draw_client<P: Ports>(ports: &mut P) -> u64 {
    let mut client = [0; 8];
    ports.draw(&mut client);
    u64::from_le_bytes(client).max(1)
}

/// The tag of what has this digest.
pub(crate) fn tag_of(digest: Digest) -> u32 {
    let [first, second, third, fourth, ..] = digest.0;
    u32::from_le_bytes([first, second, third, fourth])
}

impl Default for ClientSession {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientSession {
    /// The session of a client that has seen nothing.
    pub fn new() -> Self {
        let Nameless { epoch, seen, own, served, .. } = Nameless::default();
        Self { format: FORMAT, client: 0, heard: Vec::new(), rest: None, epoch, seen, own, served }
    }

    /// Reads what [`ClientSession::seal`] wrote. A session that was not sealed with `key`
    /// is `None`.
    pub fn open(sealed: &str, key: &[u8; 32]) -> Option<Self> {
        if sealed.len() > limits::TOKEN_BYTES {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (code, body) = bytes.split_at_checked(16)?;
        let expected = keyed_digest(key, "token", &[body]).0;
        let differing = code.iter().zip(expected).fold(0, |all, (a, b)| all | (a ^ b));
        (differing == 0).then(|| Self::decode(body).ok())?
    }

    /// The session as a client carries it, authenticated with `key`.
    ///
    /// Where that would be too long, it leaves out the documents that were seen and
    /// written longest ago: whoever seals it has put them elsewhere.
    pub fn seal(&self, key: &[u8; 32]) -> String {
        let mut shorter = self.clone();
        while !shorter.fits(limits::TOKEN_BYTES) {
            shorter.forget_oldest();
        }
        let body = codec::to_vec(&shorter);
        let code = keyed_digest(key, "token", &[&body]).0;
        BASE64URL_NOPAD.encode(&[&code[..], &body].concat())
    }

    /// Whether a token with it has no more than so many characters.
    pub(crate) fn fits(&self, most: usize) -> bool {
        BASE64URL_NOPAD.encode_len(16 + codec::to_vec(self).len()) <= most
    }

    /// Which client it is; 0 before it has saved or was handed a token.
    pub(crate) fn client(&self) -> u64 {
        self.client
    }

    /// By which number the log knows the client where it saves without a name: nobody who sees it
    /// there can tell which session it is.
    pub(crate) fn author_number(&self, key: &[u8; 32]) -> u64 {
        let Digest(digest) = keyed_digest(key, "client", &[&self.client.to_le_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = digest;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Names the client.
    pub(crate) fn name(&mut self, client: u64) {
        self.client = client;
    }

    /// Up to which of the answers that a record knows it says what they said.
    pub(crate) fn heard(&self, record: RecordTag) -> u64 {
        self.heard.iter().find(|heard| heard.0 == record).map_or(0, |heard| heard.1)
    }

    /// It says what a record knows up to this answer. Of those that were asked longest ago it
    /// forgets that, and takes in again what they say.
    pub(crate) fn hear(&mut self, record: RecordTag, answer: u64) {
        let answer = answer.max(self.heard(record));
        self.heard.retain(|heard| heard.0 != record);
        self.heard.push((record, answer));
        let excess = self.heard.len().saturating_sub(limits::SESSION_RECORDS);
        self.heard.drain(..excess);
    }

    /// What it says beyond an earlier one.
    pub(crate) fn beyond(&self, before: &Self) -> SessionDelta {
        let seen = |seen: &&(u16, Position)| before.seen(self.epoch, seen.0) < seen.1;
        let own = |own: &&_| !before.own.contains(own);
        let served = |served: &&_| !before.served.contains(served);
        SessionDelta {
            epoch: self.epoch,
            seen: self.seen.iter().filter(seen).copied().collect(),
            own: self.own.iter().filter(own).copied().collect(),
            served: self.served.iter().filter(served).copied().collect(),
        }
    }

    /// Takes in what another answer to the same client said. Of logs with different epochs
    /// this one's counts.
    pub(crate) fn join(&mut self, other: &SessionDelta) {
        if self.epoch == 0 || self.epoch == other.epoch {
            for (shard, position) in &other.seen {
                let (epoch, position) = (other.epoch, *position);
                self.see(*shard, Cursor { epoch, position, ..Cursor::default() });
            }
        }
        prepend(&mut self.own, &other.own);
        prepend(&mut self.served, &other.served);
    }

    /// The name of what did not fit into the token.
    pub(crate) fn rest(&self) -> Option<u64> {
        self.rest
    }

    /// Names what does not fit into the token.
    pub(crate) fn leave_rest(&mut self, name: Option<u64>) {
        self.rest = name;
    }

    /// Takes what it says of the documents that were seen and written longest ago out of
    /// it, until a token with it has no more than so many characters.
    pub(crate) fn split_off(&mut self, most: usize) -> Self {
        let whole = self.clone();
        while !(self.fits(most) || self.own.is_empty() && self.served.is_empty()) {
            self.forget_oldest();
        }
        let SessionDelta { own, served, .. } = whole.beyond(self);
        Self { client: self.client, rest: self.rest, own, served, ..Self::new() }
    }

    /// Takes out what another one says of documents. Whether it said all of it.
    pub(crate) fn take_out(&mut self, other: &Self) -> bool {
        let all = other.own.iter().all(|own| self.own.contains(own))
            && other.served.iter().all(|served| self.served.contains(served));
        self.own.retain(|own| !other.own.contains(own));
        self.served.retain(|served| !other.served.contains(served));
        all
    }

    /// All saves of the client's that it names, the oldest first.
    pub(crate) fn saves(&self) -> Vec<EditId> {
        self.own.iter().map(|own| own.1).collect()
    }

    /// The log holds one of these saves, and the version that it was answered with: all of
    /// that is in `shard` up to `cursor`.
    pub(crate) fn logged(&mut self, edit: EditId, served: u64, shard: u16, cursor: Cursor) {
        if self.epoch == cursor.epoch || self.epoch == 0 {
            self.see(shard, cursor);
            self.own.retain(|own| own.1 != edit);
            self.served.retain(|version| version.1 != served);
        }
    }

    /// Leaves out what it says of one document: one that the client has not written,
    /// as long as there is one.
    fn forget_oldest(&mut self) {
        let written = |tag| self.own.iter().any(|own| own.0 == tag);
        let read = self.served.iter().map(|served| served.0).find(|tag| !written(*tag));
        let oldest = read.or_else(|| self.own.first().map(|own| own.0));
        match oldest {
            Some(oldest) => {
                self.own.retain(|own| own.0 != oldest);
                self.served.retain(|served| served.0 != oldest);
            }
            // Positions: no shard is named twice, so there are no more than fit.
            None => self.seen.truncate(usize::from(limits::SHARDS)),
        }
    }

    /// The log that its positions belong to; 0 for none.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The greatest position seen of a shard of the log with this epoch; 0 for
    /// none, or where the session is of another log.
    pub fn seen(&self, epoch: u64, shard: u16) -> Position {
        if self.epoch != epoch {
            return 0;
        }
        let found = self.seen.iter().find(|seen| seen.0 == shard);
        found.map_or(0, |seen| seen.1)
    }

    /// The client's latest unconfirmed saves of `document`: one, or several that were
    /// made at once.
    pub fn own(&self, document: &DocumentKey) -> Vec<EditId> {
        let tag = tag(document);
        self.own.iter().filter(|own| own.0 == tag).map(|own| own.1).collect()
    }

    /// The versions of `document` that the client was served last, where the log
    /// may not hold them. What is served next must hold them all.
    pub fn unsettled(&self, document: &DocumentKey) -> Vec<VersionName> {
        let tag = tag(document);
        let served = self.served.iter().filter(|served| served.0 == tag);
        served.filter_map(|served| VersionName::of(served.1)).collect()
    }

    /// The origin's revision that the client was served of a page of which the
    /// log held nothing; 0 for none.
    pub fn revision(&self, document: &DocumentKey) -> u64 {
        let revisions = self.unsettled(document).into_iter().map(|served| match served {
            VersionName::Revision(revision) => revision.get(),
            _ => 0,
        });
        revisions.max().unwrap_or(0)
    }

    /// Whether a state of `document` at `cursor`, with the origin's edits up to
    /// `revision`, holds what the client has seen.
    pub(crate) fn is_satisfied_by(
        &self,
        document: &DocumentKey,
        cursor: Cursor,
        revision: u64,
    ) -> bool {
        let shard = document.shard(limits::SHARDS);
        // A state that no log stands behind holds nothing of any log.
        let epoch = if cursor.epoch == 0 { self.epoch } else { cursor.epoch };
        self.seen(epoch, shard) <= cursor.position && self.revision(document) <= revision
    }

    /// The client was served `shard` up to `cursor`.
    pub fn see(&mut self, shard: u16, cursor: Cursor) {
        if cursor.position == 0 {
            return;
        }
        if self.epoch != cursor.epoch {
            self.epoch = cursor.epoch;
            self.seen.clear();
        }
        match self.seen.binary_search_by_key(&shard, |seen| seen.0) {
            Ok(index) => self.seen[index].1 = self.seen[index].1.max(cursor.position),
            Err(index) => self.seen.insert(index, (shard, cursor.position)),
        }
    }

    /// The client was served `document` as the log with this cursor has it, up to the document's
    /// own last entry. What the log has beyond that is of others, and nobody need wait for it.
    pub(crate) fn see_document(&mut self, document: &DocumentKey, cursor: Cursor, last: Place) {
        let upto = Cursor { position: last.position, ..cursor };
        self.see(document.shard(limits::SHARDS), upto);
    }

    /// The client wrote `edit`, which is not confirmed yet and was made on its saves of
    /// the document before, but for those `apart`: the log may take it before them.
    pub fn wrote(&mut self, document: &DocumentKey, edit: EditId, apart: &[EditId]) {
        self.confirmed(document);
        let tag = tag(document);
        self.own.extend(apart.iter().chain([&edit]).map(|edit| (tag, *edit)));
    }

    /// The client's saves of `document` are confirmed.
    pub fn confirmed(&mut self, document: &DocumentKey) {
        let tag = tag(document);
        self.own.retain(|own| own.0 != tag);
    }

    /// One of the client's saves of `document` is confirmed.
    pub(crate) fn confirmed_one(&mut self, document: &DocumentKey, edit: EditId) {
        let own = (tag(document), edit);
        self.own.retain(|other| *other != own);
    }

    /// The client was served this version, which holds all that it had seen and
    /// which the log may not hold yet.
    pub fn served(&mut self, document: &DocumentKey, version: VersionName) {
        self.settled(document);
        self.saw(document, version);
    }

    /// The client was served this version, too, which the log may not hold yet.
    pub(crate) fn saw(&mut self, document: &DocumentKey, version: VersionName) {
        let served = (tag(document), version.number().get());
        if !self.served.contains(&served) {
            self.served.push(served);
        }
    }

    /// What the client was served of `document` is confirmed.
    pub fn settled(&mut self, document: &DocumentKey) {
        let tag = tag(document);
        self.served.retain(|served| served.0 != tag);
    }

    /// One of the versions that the client was served of `document` is not to be had any more.
    pub(crate) fn forget_version(&mut self, document: &DocumentKey, version: VersionName) {
        let forgotten = (tag(document), version.number().get());
        self.served.retain(|served| *served != forgotten);
    }

    /// What the client was served of `document` is not at the origin any more.
    pub(crate) fn forget_revisions(&mut self, document: &DocumentKey) {
        let tag = tag(document);
        let revision = |number| matches!(VersionName::of(number), Some(VersionName::Revision(_)));
        self.served.retain(|served| served.0 != tag || !revision(served.1));
    }

    /// A lost tail: positions of `shard` beyond `upto` do not exist any more.
    pub fn forget_beyond(&mut self, shard: u16, upto: Cursor) {
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.0 == shard) {
            seen.1 = seen.1.min(upto.position);
        }
    }
}

impl Encode for ClientSession {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for ClientSession {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::SESSION_BYTES)?;
        if let Ok(session) = codec::from_slice::<Self>(bytes) {
            codec::known_format(session.format, FORMAT)?;
            return Ok(session);
        }
        if let Ok(Unnamed { format, epoch, seen, own, served, .. }) = codec::from_slice(bytes) {
            codec::known_format(format, 2)?;
            return Ok(Self { epoch, seen, own, served, ..Self::new() });
        }
        let Nameless { format, epoch, seen, own, served } = codec::from_slice(bytes)?;
        codec::known_format(format, 1)?;
        Ok(Self { epoch, seen, own, served, ..Self::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redwedding_wire::version::ObjectId;

    fn document(name: &str) -> DocumentKey {
        DocumentKey::new("wiki", name).expect("key")
    }

    fn cursor(position: Position) -> Cursor {
        Cursor { epoch: 7, position, prefix: Digest::default() }
    }

    #[test]
    fn a_full_session_stays_below_its_bound() {
        let mut session = ClientSession::new();
        for index in 0..100u16 {
            let document = document(&format!("page {index}"));
            session.see(index % limits::SHARDS, cursor(u64::MAX - u64::from(index)));
            session.wrote(&document, EditId([0xff; 16]), &[]);
            session.served(&document, VersionName::Object(ObjectId((1 << 51) - 1)));
        }
        let sealed = session.seal(&[1; 32]);
        assert!(sealed.len() <= limits::TOKEN_BYTES, "{} bytes", sealed.len());
        let opened = ClientSession::open(&sealed, &[1; 32]).expect("a session");
        let newest = (88..100u16).map(|index| document(&format!("page {index}")));
        for document in newest {
            assert_eq!(opened.own(&document), [EditId([0xff; 16])]);
            assert_eq!(opened.unsettled(&document).len(), 1);
        }
        assert_eq!(opened.seen, session.seen);
    }

    #[test]
    fn only_what_was_sealed_with_the_key_opens() {
        let mut session = ClientSession::new();
        session.see(3, cursor(9));
        let sealed = session.seal(&[1; 32]);
        assert_eq!(ClientSession::open(&sealed, &[2; 32]), None);
        let mut changed = sealed.clone().into_bytes();
        *changed.last_mut().expect("bytes") ^= 1;
        let changed = String::from_utf8(changed).expect("ascii");
        assert_eq!(ClientSession::open(&changed, &[1; 32]), None);
        for rubbish in ["", "x", "é", &"A".repeat(2_000)] {
            assert_eq!(ClientSession::open(rubbish, &[1; 32]), None);
        }
    }

    #[test]
    fn the_session_of_a_new_client_opens_again() {
        for session in [ClientSession::new(), ClientSession::default()] {
            assert_eq!(
                ClientSession::open(&session.seal(&[1; 32]), &[1; 32]),
                Some(ClientSession::new())
            );
        }
    }

    #[test]
    fn positions_only_grow_and_belong_to_one_log() {
        let mut session = ClientSession::new();
        session.see(3, cursor(9));
        session.see(3, cursor(4));
        assert_eq!((session.seen(7, 3), session.seen(8, 3), session.seen(7, 2)), (9, 0, 0));
    }
}
