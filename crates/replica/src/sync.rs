//! The anti-entropy exchange with the relay: one question, one answer.
//!
//! `POST /v1/sync`, CBOR both ways. An exchange carries pushes, pulls, members
//! and the wish for work. Each part is bounded; what does not fit is answered
//! with "not now" and asked again in the next exchange.

use redwedding_document::entry::Missing;
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::{Cursor, Place, Position};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;
use crate::member::Members;
use crate::outbox_report::{self, BucketReport};

const FORMAT: u8 = 1;
/// The largest request: pushes, and little else.
pub const REQUEST_BYTES: usize = 16 << 20;
const _: () = assert!(
    limits::PUSH_BYTES + limits::ENTRY_BYTES + (64 << 10) <= REQUEST_BYTES,
    "an exchange holds its pushes"
);
/// The largest answer: one snapshot may be all of it.
pub const ANSWER_BYTES: usize = limits::DOCUMENT_BYTES + (8 << 20);

/// What a replica says to the relay.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Request {
    format: u8,
    /// The site whose documents it is about; the token must allow it.
    pub site: String,
    /// The point of presence that asks.
    pub pop: String,
    /// The members that it knows.
    pub members: Members,
    /// Entries to append, encoded, parents before children.
    pub pushes: Vec<ByteBuf>,
    /// Documents to read. Pulls are answered after the pushes took effect.
    pub pulls: Vec<Pull>,
    /// How many due documents it would write to the origin.
    pub leases: u16,
    /// Fields of later versions, unread.
    extensions: ByteBuf,
}

impl Request {
    /// An exchange of `pop` that asks for nothing yet.
    pub fn new(site: &str, pop: &str, members: Members) -> Self {
        Self {
            format: FORMAT,
            site: site.to_owned(),
            pop: pop.to_owned(),
            members,
            pushes: Vec::new(),
            pulls: Vec::new(),
            leases: 0,
            extensions: ByteBuf::new(),
        }
    }

    /// Says what sweeps found.
    pub fn report_outbox(&mut self, reports: &[BucketReport]) {
        self.extensions = ByteBuf::from(outbox_report::encode(reports));
    }

    /// What sweeps found; nothing where it says something else that is not known here.
    pub fn outbox_reports(&self) -> Vec<BucketReport> {
        outbox_report::decode(&self.extensions).unwrap_or_default()
    }
}

/// "What is new in this document?"
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Pull {
    /// Which document.
    pub document: DocumentKey,
    /// What the replica has of it; `None` for nothing.
    pub cursor: Option<Cursor>,
}

/// What the relay answers.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Answer {
    format: u8,
    /// The relay's log time, in ms since 1970.
    pub now_ms: u64,
    /// What became of each push, in order.
    pub receipts: Vec<Receipt>,
    /// What is new, for each pull, in order.
    pub pulled: Vec<Pulled>,
    /// The members that the relay knows.
    pub members: Members,
    /// Due documents, leased to the caller.
    pub due: Vec<Lease>,
    /// Fields of later versions, unread.
    extensions: ByteBuf,
}

impl Answer {
    /// An answer at log time `now_ms` that says nothing yet.
    pub fn new(now_ms: u64, members: Members) -> Self {
        let (receipts, pulled, due) = (Vec::new(), Vec::new(), Vec::new());
        let extensions = ByteBuf::new();
        Self { format: FORMAT, now_ms, receipts, pulled, members, due, extensions }
    }
}

/// What became of a pushed entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Receipt {
    /// It is durable in the log and counts.
    #[serde(rename = "l")]
    Logged(Place),
    /// The same change is durable in the log already, first at this place.
    #[serde(rename = "k")]
    Known(Place),
    /// It is durable in the log, or needs not be, and does not count: another
    /// one was first. Pull to see what counts.
    #[serde(rename = "n")]
    NotCounted,
    /// A save whose condition is not met by what the log holds: nothing of it is taken. Sent again
    /// it is judged anew.
    #[serde(rename = "u")]
    Unmet,
    /// Not in the log and not acknowledged: this has to be pushed before.
    #[serde(rename = "d")]
    Deferred(Missing),
    /// Not in the log: it is malformed, not allowed, or names what cannot exist.
    #[serde(rename = "r")]
    Refused(String),
    /// In the log, and kept out of the document, with an alarm: what another node had appended
    /// before it made it otherwise than it was checked. Pushed again it is judged anew.
    #[serde(rename = "q")]
    Quarantined(String),
    /// Not in the log: the exchange was full or the log could not be written.
    #[serde(rename = "b")]
    Busy,
}

impl Receipt {
    /// Whether the entry needs no further pushing: it is in what the log comes to, or something
    /// is that stands for it.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Logged(_) | Self::Known(_) | Self::NotCounted)
    }
}

/// What is new in a document.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Pulled {
    /// The document's entries after the given cursor; no others lie before `upto`.
    #[serde(rename = "e", with = "entries_wire")]
    Entries {
        /// In the log's order.
        records: Vec<Record>,
        /// How far the shard's log was read.
        upto: Cursor,
        /// Whether more follow: ask again from `upto`.
        more: bool,
    },
    /// The whole document, encoded.
    #[serde(rename = "s")]
    Snapshot(ByteBuf),
    /// The cursor is of another log, or of a part that was lost: drop the
    /// document, pull it whole, and push the outbox again.
    #[serde(rename = "r")]
    Reset,
    /// This relay node has not come to the cursor yet.
    #[serde(rename = "b")]
    Behind,
    /// The answer is full: ask again.
    #[serde(rename = "f")]
    NotNow,
}

/// Entries as an array, as all structures are.
mod entries_wire {
    use super::{Cursor, Deserialize, Deserializer, Record, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        records: &[Record],
        upto: &Cursor,
        more: &bool,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (records, upto, more).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<(Vec<Record>, Cursor, bool), D::Error> {
        Deserialize::deserialize(deserializer)
    }
}

/// One entry as the log has it.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Record {
    /// Its position.
    pub position: Position,
    /// The log's prefix hash after it.
    pub prefix: Digest,
    /// When the log took it, in ms since 1970. Never decreases within a shard.
    pub logged_ms: u64,
    /// The encoded entry.
    pub entry: ByteBuf,
}

/// The stored form of a log record, over which the prefix hash runs. Its format
/// version comes first.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredRecord {
    /// When the log took it, in ms since 1970.
    pub logged_ms: u64,
    /// The encoded entry.
    pub entry: ByteBuf,
}

impl Serialize for StoredRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (FORMAT, self.logged_ms, &self.entry).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (format, logged_ms, entry) = <(u8, u64, ByteBuf)>::deserialize(deserializer)?;
        codec::known_format(format, FORMAT).map_err(D::Error::custom)?;
        Ok(Self { logged_ms, entry })
    }
}

/// A due document, leased.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Lease {
    /// Which document.
    pub document: DocumentKey,
    /// Until when nobody else is asked to do it, in the relay's log time.
    pub until_ms: u64,
}

impl Encode for Request {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for Request {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, REQUEST_BYTES)?;
        let request: Self = codec::from_slice(bytes)?;
        codec::known_format(request.format, FORMAT)?;
        let many = request.pushes.len() > limits::PUSH_ENTRIES
            || request.pulls.len() > limits::PULL_DOCUMENTS;
        if many {
            return Err(DecodeError::invalid("more pushes or pulls than an exchange may have"));
        }
        if request.site.len() > limits::SITE_BYTES || request.pop.len() > limits::SITE_BYTES {
            return Err(DecodeError::invalid(
                "the name of a site or point of presence is too long",
            ));
        }
        let keys = request.pulls.iter().map(|pull| pull.document.check());
        keys.collect::<Result<(), _>>().map_err(|error| DecodeError::Invalid(error.to_string()))?;
        Ok(request)
    }
}

impl Encode for Answer {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for Answer {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, ANSWER_BYTES)?;
        let answer: Self = codec::from_slice(bytes)?;
        codec::known_format(answer.format, FORMAT)?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decodes(change: impl FnOnce(&mut Request)) -> bool {
        let mut request = Request::new("wiki", "pop", Members::default());
        change(&mut request);
        Request::decode(&request.encode()).is_ok_and(|decoded| decoded == request)
    }

    fn pull() -> Pull {
        Pull { document: DocumentKey::new("wiki", "Page").expect("a key"), cursor: None }
    }

    #[test]
    fn a_request_has_bounded_parts() {
        for (more, good) in [(0, true), (1, false), (100, false)] {
            let push = ByteBuf::from(b"an entry");
            let pushes = vec![push; limits::PUSH_ENTRIES + more];
            assert_eq!(decodes(|request| request.pushes = pushes), good);
            let pulls = vec![pull(); limits::PULL_DOCUMENTS + more];
            assert_eq!(decodes(|request| request.pulls = pulls), good);
            let name = "n".repeat(limits::SITE_BYTES + more);
            assert_eq!(decodes(|request| request.site = name.clone()), good);
            assert_eq!(decodes(|request| request.pop = name), good);
        }
    }

    #[test]
    fn what_needs_no_further_pushing_is_settled() {
        let settled = [Receipt::Logged(Place::START), Receipt::Known(Place::START)];
        assert!(settled.iter().chain([&Receipt::NotCounted]).all(Receipt::is_settled));
        let missing = Missing::Position(1);
        let open = [Receipt::Deferred(missing), Receipt::Refused(String::new()), Receipt::Busy];
        let kept_out = [Receipt::Unmet, Receipt::Quarantined(String::new())];
        assert!(!open.iter().chain(&kept_out).any(Receipt::is_settled));
    }

    #[test]
    fn what_sweeps_found_is_told_and_read_back() {
        let mut request = Request::new("wiki", "pop", Members::default());
        assert_eq!(request.outbox_reports(), []);
        let report = BucketReport { bucket: 3, waiting: 5, oldest_ms: 7 };
        request.report_outbox(&[report]);
        let read = Request::decode(&request.encode()).expect("a request");
        assert_eq!(read.outbox_reports(), [report]);
    }
}
