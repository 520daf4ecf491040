//! Every bound and default of the system, in one place.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! Relations that must hold between them are checked at compile time below.

/// Longest text of a page.
pub const PAGE_BYTES: usize = 2 << 20;
/// Longest page title, in its canonical spelling.
pub const TITLE_BYTES: usize = 255;
/// Longest key of a document.
pub const KEY_BYTES: usize = 512;
/// Longest site prefix.
pub const SITE_BYTES: usize = 64;
/// Longest edit summary.
pub const COMMENT_BYTES: usize = 1_000;
/// Longest name of an author.
pub const AUTHOR_BYTES: usize = 255;
/// Largest request body; a form triples what is not ASCII.
pub const BODY_BYTES: usize = 8 << 20;
/// Largest encoded log entry: a page and what surrounds it.
pub const ENTRY_BYTES: usize = PAGE_BYTES * 2 + (64 << 10);
/// Largest encoded document that a decoder takes.
pub const DOCUMENT_BYTES: usize = 64 << 20;
/// Largest typed value that a change may lead to, encoded.
pub const TYPED_BYTES: usize = 8 << 20;
/// Largest encoded change of typed data.
pub const TYPED_DELTA_BYTES: usize = 4 << 20;
/// How deep maps of typed data are nested.
pub const TYPED_DEPTH: usize = 8;
/// Dots that a delta names inline; more go into a version object.
pub const INLINE_DOTS: usize = 16;
/// Acknowledged edits of a document that may wait for the log.
pub const OVERLAY_EDITS: usize = 4_096;
/// Bytes of acknowledged edits of a document that may wait for the log.
pub const OVERLAY_BYTES: usize = 4 << 20;
/// Largest encoded version object.
pub const VERSION_BYTES: usize = 64 << 10;
/// Served version objects that a document remembers.
pub const OBJECTS: usize = 512;
/// Retries whose delta came out different that a document remembers.
pub const ALIASES: usize = 4_096;
/// Texts of the origin, unknown to the log, that a document keeps although no
/// edit was made on them.
pub const SEEDS: usize = 4;
/// Bytes of texts of the origin that are unknown to the log, edits on them
/// included, beyond which a document takes no further one.
pub const SEED_BYTES: usize = 4 * PAGE_BYTES;
/// Log time after the last edit on such a text from which it may make room.
pub const SEED_MS: u64 = 86_400_000;
/// Length that concurrent edits together may bring a text to. Each save is held
/// to [`PAGE_BYTES`] before it is acknowledged; after that nothing may refuse it.
pub const MERGED_BYTES: usize = 1 << 30;
/// Texts of the origin whose version a document remembers.
pub const ORIGIN_TEXTS: usize = 1_024;
/// Attempts to write to the origin that a document remembers.
pub const INTENTS: usize = 64;
/// Changes that are taken back from the archive for an edit made below the floor;
/// one from further down is carried over.
pub const RESTORED_CHANGES: usize = 16_384;
/// Bytes of segments that are taken back for such an edit.
pub const RESTORED_BYTES: usize = 16 << 20;
/// Log time for which the changes of a document are kept: the forms that people have open.
pub const FLOOR_MS: u64 = 86_400_000;
/// Changes that are kept of a document however busy it is, and half of what there may be before older
/// ones are pruned. At 20 saves a second that is the last three to seven minutes; whoever took longer
/// merges through the archive. A new sandbox has to read all that is kept.
pub const FLOOR_CHANGES: usize = 4_096;
/// Changes that are worth a segment.
pub const FLOOR_LEAST: usize = 64;
/// Bytes of a segment that stands for older ones: it has to fit a sandbox beside its document.
pub const SEGMENT_BYTES: usize = 8 << 20;
/// How many times as long as its compressed form a part of a segment may be.
pub const PACKED_TIMES: usize = 128;
/// Segments that a document's archive is in.
pub const SEGMENTS: usize = 16;
/// Refused entries that a document lists.
pub const QUARANTINED: usize = 64;
/// Overlaps recorded for one edit.
pub const OVERLAPS: usize = 8;
/// Log entries in one answer to a pull.
pub const PULL_ENTRIES: usize = 256;
/// Bytes of log entries in one answer to a pull.
pub const PULL_BYTES: usize = 4 << 20;
/// Pushes in one exchange.
pub const PUSH_ENTRIES: usize = 256;
/// Documents pulled in one exchange.
pub const PULL_DOCUMENTS: usize = 64;
/// Most members (points of presence) that are tracked.
pub const MEMBERS: usize = 512;
/// Largest session token.
pub const TOKEN_BYTES: usize = 1_024;
/// A client's own unconfirmed saves that a token or an outbox value names.
pub const OWN_UNCONFIRMED: usize = 64;
/// Backend calls of one request.
pub const BACKEND_CALLS_PER_REQUEST: u32 = 16;
/// Backend calls after which a sandbox retires; the platform ends it at 32.
pub const BACKEND_CALLS_PER_SANDBOX: u32 = 16;
/// Segments of archives that one request fetches.
pub const FETCHED_SEGMENTS: u32 = 6;
/// Log partitions.
pub const SHARDS: u16 = 16;
/// How old the last exchange may be before a read pulls.
pub const STALENESS_MS: u64 = 500;
/// How often a page that the edge holds is looked up at the origin.
pub const ORIGIN_POLL_MS: u64 = 10_000;
/// How long the relay is left alone after it could not be reached.
pub const RELAY_BACKOFF_MS: u64 = 1_000;
/// How long a whole document or an unconfirmed entry stays in the cache.
pub const CACHE_MS: u64 = 3_600_000;
/// Entries in the cache after a document's base; then the base is written anew.
pub const TAIL_ENTRIES: usize = 64;
/// Bytes of such entries.
pub const TAIL_BYTES: usize = 64 << 10;
/// Documents that a sandbox keeps in memory.
pub const HELD_DOCUMENTS: usize = 4;
/// Rendered answers that a sandbox keeps.
pub const KEPT_ANSWERS: usize = 8;
/// Bytes of such answers, with the texts that they show.
pub const KEPT_BYTES: usize = 8 << 20;
/// Saves that are looked up one by one before the outbox is listed.
pub const PEEKED_ENTRIES: usize = 16;
/// How long a silent member is remembered.
pub const MEMBER_MS: u64 = 600_000;
/// Revisions of the origin taken over in one go.
pub const IMPORTS: usize = 4;
/// Longest summary of a revision that a flush writes.
pub const SUMMARY_BYTES: usize = 480;
/// How long edits wait to be written to the origin together.
pub const FLUSH_INTERVAL_MS: u64 = 5_000;
/// Pending edits that make a document due at once.
pub const FLUSH_MAX_EDITS: usize = 1_000;
/// How long a lease on a document lasts.
pub const LEASE_MS: u64 = 30_000;
/// Age from which a sweep pushes an outbox entry again.
pub const OUTBOX_AGE_MS: u64 = 10_000;
/// Outbox buckets; a sweep lists one at a time.
pub const OUTBOX_BUCKETS: u16 = 64;
/// Documents flushed by one tick.
pub const FLUSHES_PER_TICK: usize = 4;

const _: () = assert!(SHARDS.is_power_of_two() && SHARDS <= 32, "a version id has 5 bits of shard");
const _: () = assert!(ENTRY_BYTES <= PULL_BYTES + PAGE_BYTES, "one entry must fit an answer");
const _: () = assert!(TYPED_DELTA_BYTES + 1_024 <= ENTRY_BYTES, "a change must fit an entry");
const _: () = assert!(TYPED_BYTES * 4 <= DOCUMENT_BYTES, "concurrent changes add up");
const _: () = assert!(BODY_BYTES >= PAGE_BYTES * 3, "a page must fit a form");
const _: () = assert!(BACKEND_CALLS_PER_REQUEST + BACKEND_CALLS_PER_SANDBOX <= 32);
const _: () = assert!(TITLE_BYTES <= KEY_BYTES);
const _: () = assert!(SEED_BYTES * 4 <= DOCUMENT_BYTES, "a seed is stored as text and as edits");
const _: () = assert!(FLOOR_CHANGES * 2 <= RESTORED_CHANGES, "what was pruned at once comes back");
const _: () = assert!(SEGMENT_BYTES * 2 <= RESTORED_BYTES, "a segment can be taken back");
const _: () = assert!(INLINE_DOTS < OVERLAY_EDITS);
const _: () = assert!(OVERLAY_EDITS * 9 + 1_024 <= VERSION_BYTES, "a version has so many dots");
