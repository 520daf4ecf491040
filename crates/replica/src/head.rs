//! The head of a document: what its point of presence shows of it.
//!
//! It lies in the cache as metadata beside a page snapshot. Whatever was shown to
//! anybody, or answered to a save, is in the head before the answer goes out; so
//! whoever reads it later, with a session or without, does not go back. Only who has
//! its lock writes it, and it never lets go of a version that it names before what it
//! shows holds that version. A head may be lost at any time, and then nothing is
//! promised about what was in it.

use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Cursor, Position, VersionName};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::client_session::ClientSession;
use crate::limits;
use crate::page_snapshot::PageSnapshot;

const FORMAT: u8 = 1;

/// What a head was made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made<'a> {
    /// Nothing that was shown before.
    Alone,
    /// A state that holds what this one holds.
    On(&'a Head),
    /// A state that holds the versions that this one names, and may be older or lack
    /// an edit of the origin.
    Beside(&'a Head),
    /// Without what this one holds, which is not to be had any more.
    Without(&'a Head),
}

/// What a point of presence shows of a document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub(crate) struct Head {
    format: u8,
    /// The log that the position belongs to.
    epoch: u64,
    /// Up to where the log is known to be in it.
    position: Position,
    /// The document's own last entry in it.
    place: Position,
    /// The newest revision of the origin that is in it; 0 for none.
    revision: u64,
    /// The number of the text in the snapshot beside; 0 while there is no page.
    shown: u64,
    /// The version objects that it has to hold and that the log may not.
    versions: Vec<u64>,
    /// Some of the other version objects that it holds, the newest last.
    held: Vec<u64>,
    /// Whether the snapshot beside holds all of this.
    whole: bool,
    /// Until when nobody need look for news, in ms since 1970; not before it was written.
    fresh_until_ms: u64,
}

impl Head {
    /// The head that shows this, for so long.
    pub(crate) fn of(snapshot: &PageSnapshot, fresh_until_ms: u64) -> Self {
        let Cursor { epoch, position, .. } = snapshot.cursor;
        let object = matches!(VersionName::of(snapshot.id), Some(VersionName::Object(_)));
        Self {
            format: FORMAT,
            epoch,
            position,
            place: snapshot.place.position,
            revision: snapshot.revision,
            shown: snapshot.id,
            versions: if object { vec![snapshot.id] } else { Vec::new() },
            held: Vec::new(),
            whole: true,
            fresh_until_ms,
        }
    }

    /// What is to be written where `there` lies now, of a head that was made so.
    pub(crate) fn over(self, there: Option<&Self>, made: Made<'_>) -> Self {
        let mut next = self;
        let (versions, held): (&[u64], &[u64]) = match made {
            Made::On(known) => (&known.versions, &known.held),
            Made::Beside(known) if next.reaches(known) => (&known.versions, &known.held),
            Made::Beside(known) => (&known.versions, &[]),
            Made::Alone | Made::Without(_) => (&[], &[]),
        };
        let had = held.iter().chain(versions).copied();
        next.held = had.filter(|version| !next.versions.contains(version)).collect();
        let Some(there) = there else { return next.bounded() };
        let known = match made {
            Made::Alone | Made::Beside(_) => false,
            Made::On(known) | Made::Without(known) => known.says(there),
        };
        if !known && !next.is_of_another_log(there.epoch) {
            next.join(there);
        }
        next.bounded()
    }

    /// Whether it is as far in the log and at the origin as another one.
    fn reaches(&self, other: &Self) -> bool {
        !self.is_of_another_log(other.epoch)
            && self.place >= other.place
            && self.revision >= other.revision
    }

    /// Asks for what another one asks for, too.
    fn join(&mut self, other: &Self) {
        let missing = other.versions.iter().filter(|version| !self.has(**version));
        let missing: Vec<_> = missing.copied().collect();
        let behind = other.place > self.place || other.revision > self.revision;
        if !behind && missing.is_empty() {
            return;
        }
        self.whole = false;
        self.epoch = self.epoch.max(other.epoch);
        self.place = self.place.max(other.place);
        self.revision = self.revision.max(other.revision);
        self.fresh_until_ms = self.fresh_until_ms.max(other.fresh_until_ms);
        self.versions.extend(missing);
    }

    /// Whether it has positions of another log. A state that no log stands behind has
    /// none.
    fn is_of_another_log(&self, epoch: u64) -> bool {
        self.epoch != 0 && epoch != 0 && self.epoch != epoch
    }

    fn bounded(mut self) -> Self {
        for list in [&mut self.versions, &mut self.held] {
            let excess = list.len().saturating_sub(limits::HEAD_VERSIONS);
            list.drain(..excess);
        }
        self
    }

    fn cursor(&self, position: Position) -> Cursor {
        Cursor { epoch: self.epoch, position, ..Cursor::default() }
    }

    fn has(&self, version: u64) -> bool {
        self.versions.contains(&version) || self.held.contains(&version)
    }

    /// Whether both show the same and ask for the same.
    pub(crate) fn says(&self, other: &Self) -> bool {
        let said = |head: &Self| (head.epoch, head.place, head.revision, head.shown, head.whole);
        said(self) == said(other) && self.versions == other.versions
    }

    /// Whether the snapshot beside holds all that is shown here.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether nobody need look for news yet. A clock that jumped back does not make it
    /// last.
    pub(crate) fn is_fresh(&self, now_ms: u64, fresh_ms: u64) -> bool {
        let left = self.fresh_until_ms.checked_sub(now_ms);
        self.whole && left.is_some_and(|left| 0 < left && left <= fresh_ms)
    }

    /// Names what it asks for first, for who looks for that in vain.
    pub(crate) fn sought(&self) -> String {
        let oldest = self.versions.first().copied().unwrap_or_default();
        format!("{:x}-{}-{}-{oldest}", self.epoch, self.place, self.revision)
    }

    /// Until when nobody need look for news, in ms since 1970.
    pub(crate) fn fresh_until_ms(&self) -> u64 {
        self.fresh_until_ms
    }

    /// The version objects that it has to hold and that the log may not.
    pub(crate) fn versions(&self) -> impl Iterator<Item = VersionName> {
        self.versions.iter().filter_map(|version| VersionName::of(*version))
    }

    /// Whether the snapshot beside holds what a client has seen and written.
    pub(crate) fn covers(&self, document: &DocumentKey, session: &ClientSession) -> bool {
        let seen = session.unsettled(document);
        let objects = || seen.iter().filter(|seen| matches!(seen, VersionName::Object(_)));
        // The version that was answered to the client's own save holds it.
        let own = session.own(document).is_empty() || objects().next().is_some();
        own && objects().all(|object| self.has(object.number().get()))
            && session.is_satisfied_by(document, self.cursor(self.position), self.revision)
    }

    /// A client that is to be shown no less than this has seen it.
    pub(crate) fn seen_by(&self, document: &DocumentKey, session: &mut ClientSession) {
        if !self.is_of_another_log(session.epoch()) {
            session.see(document.shard(limits::SHARDS), self.cursor(self.place));
        }
        // Beside a page that the log holds, too: somebody without the relay may have shown what
        // only the origin had.
        let revision = VersionName::of(self.revision);
        self.versions().chain(revision).for_each(|version| session.saw(document, version));
    }
}

impl Encode for Head {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for Head {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::HEAD_BYTES)?;
        let head: Self = codec::from_slice(bytes)?;
        codec::known_format(head.format, FORMAT)?;
        match head.versions.len().max(head.held.len()) <= limits::HEAD_VERSIONS {
            true => Ok(head),
            false => Err(DecodeError::invalid("a head names too many versions")),
        }
    }
}

#[cfg(test)]
mod tests {
    use redwedding_document::entry::{Note, OriginPage};
    use redwedding_wire::identity::Digest;
    use redwedding_wire::version::Place;

    use super::*;

    /// A sandbox that lost the relay has shown the origin's newest text, while another one took a
    /// save of the page that the log has.
    #[test]
    fn what_is_shown_beside_a_logged_page_is_asked_for() {
        let (text, note) = ("by hand\n".to_owned(), Note::default());
        let page = OriginPage { revision: 5, text, time_ms: 0, note };
        let of_origin = PageSnapshot::of_origin(&page, Cursor::default(), 0);
        let cursor = Cursor { epoch: 7, position: 9, prefix: Digest::default() };
        let place = Place { position: 8, check: 0 };
        let mut taken = of_origin.clone();
        (taken.cursor, taken.place, taken.revision, taken.id) = (cursor, place, 1, 1 << 51);
        let there = Head::of(&taken, 0);
        let joined = Head::of(&of_origin, 0).over(Some(&there), Made::Alone);
        assert!(!joined.is_whole());
        let key = DocumentKey::new("wiki", "Page").expect("a key");
        let mut session = ClientSession::new();
        joined.seen_by(&key, &mut session);
        assert_eq!((session.seen(7, key.shard(limits::SHARDS)), session.revision(&key)), (8, 5));
    }
}
