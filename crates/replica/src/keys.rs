//! The names under which state lies in the store and the cache.
//!
//! Store keys are fresh: what lies under one never gets another meaning.

use data_encoding::HEXLOWER;
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId};
use redwedding_wire::version::{Cursor, ObjectId, OriginText, Position};

use crate::limits;

/// The outbox bucket of a document.
pub(crate) fn bucket(document: &DocumentKey) -> u16 {
    let digest = document.digest().0;
    u16::from_le_bytes([digest[2], digest[3]]) % limits::OUTBOX_BUCKETS
}

/// Everything of the outbox in a bucket.
pub(crate) fn outbox_bucket(bucket: u16) -> String {
    format!("outbox/{bucket:03}/")
}

/// Everything of the outbox that is about a document.
pub(crate) fn outbox_document(document: &DocumentKey) -> String {
    format!("{}{}/", outbox_bucket(bucket(document)), document.digest())
}

/// A save in the outbox.
pub(crate) fn outbox(document: &DocumentKey, edit: EditId) -> String {
    format!("{}{edit}", outbox_document(document))
}

/// Saves of a document in the outbox that were joined under one key. They come before single ones
/// in a listing, the oldest first.
pub(crate) fn outbox_joined(document: &DocumentKey, first_ms: u64, digest: Digest) -> String {
    format!("{}{JOINED}{first_ms:012x}-{digest}", outbox_document(document))
}

/// Whether a name in the outbox is of saves that were joined.
pub(crate) fn is_joined(name: &str) -> bool {
    last_part(name).starts_with(JOINED)
}

/// The save that a name in the outbox is of, where it is of one.
pub(crate) fn single(name: &str) -> Option<EditId> {
    let edit = HEXLOWER.decode(last_part(name).as_bytes()).ok()?;
    Some(EditId(edit.try_into().ok()?))
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Less than every digit.
const JOINED: &str = "-";

/// An acknowledged save that the relay refuses.
pub(crate) fn set_aside(document: &DocumentKey, edit: EditId) -> String {
    format!("{}{}/{edit}", set_aside_bucket(bucket(document)), document.digest())
}

/// Whether a name is of a refused save.
pub(crate) fn is_set_aside(name: &str) -> bool {
    name.starts_with("aside/")
}

/// All refused saves of a bucket.
pub(crate) fn set_aside_bucket(bucket: u16) -> String {
    format!("aside/{bucket:03}/")
}

/// A version object.
pub(crate) fn object(document: &DocumentKey, id: ObjectId) -> String {
    format!("version/{}/{:013x}", document.digest(), id.0)
}

/// A text of the origin that edits were made on while the log did not know it.
pub(crate) fn detached_base(document: &DocumentKey, text: OriginText) -> String {
    format!("seed/{}/{}-{}", document.digest(), text.revision, text.text)
}

/// Confirmed documents that points of presence left for each other, of the log with this epoch; of
/// any log for 0. Of one log the furthest comes first in a listing.
pub(crate) fn left_documents(document: &DocumentKey, epoch: u64) -> String {
    match epoch {
        0 => format!("handover/{}/", document.digest()),
        _ => format!("handover/{}/{epoch:016x}-", document.digest()),
    }
}

/// The one that ends there.
pub(crate) fn left_document(document: &DocumentKey, cursor: Cursor) -> String {
    let Cursor { epoch, position, prefix } = cursor;
    let log = format!("handover/{}/{epoch:016x}", document.digest());
    format!("{log}-{:016x}-{prefix}", Position::MAX - position)
}

/// What is the same for all of them that are of one log.
pub(crate) fn log_of_left(name: &str) -> &str {
    name.split('-').next().unwrap_or(name)
}

/// In the cache: what this point of presence left of a document, and when.
pub(crate) fn leaving(document: &DocumentKey) -> String {
    format!("leaving/{}", document.digest())
}

/// In the cache: what the point of presence shows of a document.
pub(crate) fn head(document: &DocumentKey) -> String {
    format!("head/{}", document.digest())
}

/// The lock of whoever writes that, or the document.
pub(crate) fn document_lock(document: &DocumentKey) -> String {
    format!("document-lock/{}", document.digest())
}

/// In the cache: what the last answers to a client added to its session.
pub(crate) fn client(client: u64) -> String {
    format!("client/{client:016x}")
}

/// The lock of whoever writes that.
pub(crate) fn client_lock(client: u64) -> String {
    format!("client-lock/{client:016x}")
}

/// What did not fit into a client's token.
pub(crate) fn session_rest(client: u64, name: u64) -> String {
    format!("session/{client:016x}/{name:016x}")
}

/// In the cache: where the log has a save that was taken here.
pub(crate) fn logged(edit: EditId) -> String {
    format!("logged/{edit}")
}

/// In the cache: the base of the confirmed document.
pub(crate) fn document(document: &DocumentKey) -> String {
    format!("document/{}", document.digest())
}

/// In the cache: the entries after that base.
pub(crate) fn tail(document: &DocumentKey) -> String {
    format!("tail/{}", document.digest())
}

/// In the cache: a save's outbox value, for who reads it right after.
pub(crate) fn entry(edit: EditId) -> String {
    format!("entry/{edit}")
}

/// In the cache: the value under a name of the outbox, which never changes.
pub(crate) fn outbox_value(name: &str) -> String {
    match is_joined(name) {
        true => format!("joined/{name}"),
        false => format!("entry/{}", last_part(name)),
    }
}

/// In the cache: the last name of a bucket that was swept; absent at its end.
pub(crate) fn swept_to(bucket: u16) -> String {
    format!("swept/{bucket:03}")
}

/// In the cache: the bucket that this point of presence sweeps next by itself.
pub(crate) const SWEEPING: &str = "sweeping";

/// In the cache: a document with all that was known to wait for the log.
pub(crate) fn overlay(document: &DocumentKey) -> String {
    format!("overlay/{}", document.digest())
}

/// In the cache: as much of a document waits as may; how much, and when that was counted.
pub(crate) fn full(document: &DocumentKey) -> String {
    format!("full/{}", document.digest())
}

/// In the cache: somebody joins a document's saves.
pub(crate) fn joining(document: &DocumentKey) -> String {
    format!("joining/{}", document.digest())
}

/// In the cache: the same, by the dots that a version names it with.
pub(crate) fn entry_by(document: &DocumentKey, actor: Actor) -> String {
    format!("entry/{}/{actor}", document.digest())
}

/// In the cache: a segment of a document's archive.
pub(crate) fn segment(document: &DocumentKey, name: Digest) -> String {
    format!("segment/{}/{name}", document.digest())
}

/// In the cache: for how long something that a client has seen is sought in vain.
pub(crate) fn missing(what: &str) -> String {
    format!("missing/{what}")
}

/// In the cache: a page as the origin had it when it was asked last, without the relay.
pub(crate) fn asked_origin(document: &DocumentKey) -> String {
    format!("asked/{}", document.digest())
}

/// In the cache: the origin was asked about a document.
pub(crate) fn polled(document: &DocumentKey) -> String {
    format!("polled/{}", document.digest())
}

/// In the cache: the breaker, fresh for as long as the relay is to be left alone.
pub(crate) const BREAKER: &str = "relay-breaker";
