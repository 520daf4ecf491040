//! What this crate encodes: every decoder at once for hostile bytes, and the
//! forms that nothing outside builds, for golden files.

use std::sync::Arc;

use redwedding_document::Document;
use redwedding_document::entry::{Entry, OriginPage};
use redwedding_document::testing::check;
use redwedding_document::testing::log::key;
use redwedding_wire::codec::{self, Decode, Encode};
use redwedding_wire::identity::EditId;
use redwedding_wire::testing::canonical;

use crate::cached_document::CachedDocument;
use crate::client_record::{ClientRecord, LoggedSave};
use crate::client_session::ClientSession;
use crate::confirmed_document::{ConfirmedDocument, Extent, Tail};
use crate::head::{Head, Made};
use crate::outbox::OutboxEntry;
use crate::outbox::joined::JoinedEntries;
use crate::overlay::Overlay;
use crate::page_snapshot::PageSnapshot;
use crate::sync::{Answer, Pulled, Record, Request, StoredRecord};

/// A value of the outbox.
pub fn outbox_value(entry: &Entry, own: &[EditId]) -> Vec<u8> {
    OutboxEntry { entry: entry.clone(), own: own.to_vec() }.encode()
}

/// Values of the outbox, joined under one key.
pub fn joined_values(entries: &[(Entry, Vec<EditId>)]) -> Vec<u8> {
    let entry = |(entry, own): &(Entry, Vec<EditId>)| OutboxEntry {
        entry: entry.clone(),
        own: own.clone(),
    };
    JoinedEntries(entries.iter().map(entry).collect()).encode()
}

/// What waits as a point of presence keeps it: these saves, in the view of a document or, where the
/// log holds nothing, of a page of the origin.
///
/// # Panics
/// Where one of them stands on another that is not among them.
pub fn overlay(document: &Document, origin: Option<OriginPage>, saves: &[Entry]) -> Vec<u8> {
    let confirmed = ConfirmedDocument::cached(document.clone());
    let mut overlay = Overlay::of(&CachedDocument::new(confirmed, origin, 0));
    for entry in saves {
        let waiting = OutboxEntry { entry: entry.clone(), own: Vec::new() };
        let mut view = overlay.view().clone();
        assert!(view.add(entry).is_ok(), "it stands on what is there");
        let base = overlay.base().cloned();
        overlay.saved((&view, base.as_ref()), &waiting);
    }
    overlay.encode().expect("nothing is parked")
}

/// Whether such bytes are of a page of which the log holds this document, and the origin this page.
pub fn is_overlay(bytes: &[u8], document: &Document, origin: Option<OriginPage>) -> bool {
    let confirmed = ConfirmedDocument::cached(document.clone());
    let overlay = Overlay::decode(bytes, &CachedDocument::new(confirmed, origin, 0));
    overlay.and_then(|overlay| overlay.encode()).is_some_and(|again| again == bytes)
}

/// A document as a point of presence keeps it.
pub fn cached_document(
    document: &Document,
    origin: Option<OriginPage>,
    exchanged_ms: u64,
) -> Vec<u8> {
    CachedDocument::new(ConfirmedDocument::cached(document.clone()), origin, exchanged_ms).encode()
}

/// The tail that follows a cached document once `entries` are folded in, and its metadata: the
/// last of them is the log's `upto`.
///
/// # Panics
/// Where there are too many of them for a tail.
pub fn cached_tail(
    document: &Document,
    records: Vec<Record>,
    exchanged_ms: u64,
) -> (Vec<u8>, Vec<u8>) {
    let mut confirmed = ConfirmedDocument::cached(document.clone());
    let folded = records.into_iter().all(|record| confirmed.fold(Arc::new(record)));
    assert!(folded, "they stand on what is kept");
    let (tail, extent) = confirmed.tail(exchanged_ms).expect("few entries");
    (tail.encode(), extent.encode())
}

/// The body of a session token, which travels sealed.
pub fn session_body(session: &ClientSession) -> Vec<u8> {
    codec::to_vec(session)
}

/// The body of a client's token that names everything that it can.
pub fn named_session_body(session: &ClientSession) -> Vec<u8> {
    let mut session = session.clone();
    session.name(u64::MAX);
    session.hear(7, 300);
    session.hear(u32::MAX, 1);
    session.leave_rest(Some(5));
    codec::to_vec(&session)
}

/// What a point of presence keeps of a client of which nothing but this is known; records of before
/// have no tag.
pub fn client_record(session: &ClientSession, tag: Option<u32>) -> Vec<u8> {
    let mut record = ClientRecord::new(tag);
    record.add(&ClientSession::new(), &mut session.clone(), 7);
    record.encode()
}

/// The head that shows `over` and, where there is one, was put over `under`, unaware of it.
pub fn head(over: &PageSnapshot, under: Option<&PageSnapshot>, fresh_until_ms: u64) -> Vec<u8> {
    let under = under.map(|under| Head::of(under, fresh_until_ms));
    Head::of(over, fresh_until_ms).over(under.as_ref(), Made::Alone).encode()
}

/// Where the log has a save that was taken here.
pub fn logged_save(shard: u16, (epoch, position): (u64, u64), served: u64) -> Vec<u8> {
    LoggedSave::new(shard, (epoch, position), served).encode()
}

/// Every decoder of this crate takes `bytes`: what decodes is what would be
/// encoded. Gives which of them did.
///
/// # Panics
/// Where something decodes from bytes that nothing encodes.
pub fn decoders(bytes: &[u8]) -> Vec<&'static str> {
    let mut decoded = Vec::new();
    let mut note = |name, found: bool| decoded.extend(found.then_some(name));
    let answer = canonical::<Answer>(bytes);
    note("request", canonical::<Request>(bytes).is_some());
    note("answer", answer.is_some());
    note("snapshot", PageSnapshot::decode(bytes).is_ok_and(|snapshot| snapshot.encode() == bytes));
    note("extent", canonical::<Extent>(bytes).is_some());
    note("tail", Tail::decode(bytes).is_ok_and(|tail| tail.encode() == bytes));
    note("outbox", canonical::<OutboxEntry>(bytes).is_some());
    note("joined", canonical::<JoinedEntries>(bytes).is_some());
    note("record", reads::<StoredRecord>(bytes));
    note("session", ClientSession::decode(bytes).is_ok());
    note("client", canonical::<ClientRecord>(bytes).is_some());
    note("logged", canonical::<LoggedSave>(bytes).is_some());
    note("head", canonical::<Head>(bytes).is_some());
    let held = CachedDocument::decode(bytes, &key());
    note("cached", held.is_some_and(|held| held.encode() == bytes));
    for pulled in answer.iter().flat_map(|answer| &answer.pulled) {
        if let Pulled::Snapshot(bytes) = pulled {
            check::document(bytes);
        }
    }
    decoded
}

/// Only decodes, for who measures what that takes.
pub fn decode(bytes: &[u8]) {
    drop(Request::decode(bytes));
    drop(Answer::decode(bytes));
    drop(PageSnapshot::decode(bytes));
    drop(Extent::decode(bytes));
    drop(Tail::decode(bytes));
    drop(OutboxEntry::decode(bytes));
    drop(JoinedEntries::decode(bytes));
    reads::<StoredRecord>(bytes);
    drop(ClientSession::decode(bytes));
    drop(Head::decode(bytes));
    drop(LoggedSave::decode(bytes));
    drop(ClientRecord::decode(bytes));
    drop(CachedDocument::decode(bytes, &key()));
}

fn reads<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) -> bool {
    codec::from_slice::<T>(bytes).is_ok()
}
