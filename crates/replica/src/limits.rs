//! Limits of a replica and of its exchanges with the relay, and those of the crates below.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! [`redwedding_wire::limits`] says which limit stands where. Both ends of an exchange use those
//! of the exchange, so they stand here and not at the relay.

pub use redwedding_document::limits::*;

/// Bytes of acknowledged edits of a document that may wait for the log.
pub const OVERLAY_BYTES: usize = 16 << 20;
/// Edits beyond those that may wait that are read all the same: what several points of presence
/// took at once, each below the bound.
pub const OVERLAY_EXCESS_EDITS: usize = 1_024;
/// The same in bytes.
pub const OVERLAY_EXCESS_BYTES: usize = 4 << 20;
/// Names that one listing of a document's outbox takes.
pub const OUTBOX_NAMES: usize = 1_024;
/// Waiting saves under keys of their own from which they are joined.
pub const JOIN_AT: usize = 64;
/// Most saves under one key.
pub const JOINED_ENTRIES: usize = 256;
/// Bytes of saves from which no more are joined with them.
pub const JOINED_BYTES: usize = 1 << 20;
/// Saves that wait and are newer than what the cache holds of them, from which it is to hold them,
/// too: a sandbox that starts reads each by itself.
pub const OVERLAY_NEWS: usize = 16;
/// Of how many saves that wait one may always be newer.
pub const OVERLAY_NEWS_SHARE: usize = 128;
/// Authors of alternatives that a snapshot names.
pub const ALTERNATIVES_BY: usize = 256;

/// How often one sandbox of a point of presence joins saves of a document.
pub const JOIN_MS: u64 = 1_000;
/// How long a save of a page that was found full is refused for that; counted anew after half of
/// it.
pub const FULL_MS: u64 = 1_000;
/// Rounds that one exchange about a document may take: more to read, a reset, a full answer.
pub const EXCHANGE_ROUNDS: u32 = 4;
/// Log entries in one answer to a pull.
pub const PULL_ENTRIES: usize = 256;
/// Bytes of log entries in one answer to a pull.
pub const PULL_BYTES: usize = 4 << 20;
/// Pushes in one exchange.
pub const PUSH_ENTRIES: usize = 256;
/// Entries that are pushed in one exchange at most, for their documents to be read back with it.
pub const PUSHED_ALONG: usize = 64;
/// Bytes of pushes in one exchange, from which no further one is added.
pub const PUSH_BYTES: usize = 8 << 20;
/// Exchanges that one sweep of a bucket takes.
pub const SWEEP_EXCHANGES: usize = 6;
/// Bytes of saves that one sweep of a bucket loads.
pub const SWEEP_BYTES: usize = 8 << 20;
/// Time that a sweep has left for an exchange, or it begins none: the relay folds what is pushed
/// for half a second, and perhaps what others pushed before. Who waits less would hold it for away.
pub const SWEEP_EXCHANGE_MS: u64 = 1_000;
/// Refused saves of a bucket that are tried again at the end of each round through it.
pub const SET_ASIDE: usize = 64;
/// How often a point of presence sweeps a bucket after answers, without ticks.
pub const SWEEP_MS: u64 = 10_000;
/// Documents pulled in one exchange.
pub const PULL_DOCUMENTS: usize = 64;
/// Most members (points of presence) that are tracked.
pub const MEMBERS: usize = 512;
/// Largest session token.
pub const TOKEN_BYTES: usize = 1_024;
/// Largest session, and largest record of a client that a point of presence keeps.
pub const SESSION_BYTES: usize = 8_192;
/// Records of a client's of which a session token says up to which answer it knows them.
pub const SESSION_RECORDS: usize = 6;
/// Versions that the log may not hold that a head names, and others that it holds: as many
/// saves of one page can be answered at once, each unaware of the others.
pub const HEAD_VERSIONS: usize = 32;
/// Largest head.
pub const HEAD_BYTES: usize = 1_024;
/// How long a text that was shown is looked for before it is let go of, with the relay and
/// the store in reach.
pub const LET_GO_MS: u64 = 30_000;
/// How long it is looked for in vain before what this point of presence took of it goes back
/// into the outbox.
pub const SALVAGED_MS: u64 = LET_GO_MS / 2;
/// How long a client's own save is sought before it is told that it is lost: the store may show
/// for a minute and more what it has not.
pub const LOST_SAVE_MS: u64 = 300_000;
/// How often either is sought in vain before it is given up, at least.
pub const TIMES_SOUGHT: u64 = 4;
/// A client's own unconfirmed saves that a token or an outbox value names.
pub const OWN_UNCONFIRMED: usize = 64;
/// How often a sandbox asks whether a bucket is to be swept.
pub const SWEEP_ASKED_MS: u64 = 1_000;
/// Backend calls that a request makes before it is answered.
pub const BACKEND_CALLS_PER_REQUEST: u32 = 16;
/// Backend calls after which a sandbox retires once its request is done.
pub const BACKEND_CALLS_PER_SANDBOX: u32 = 16;
/// Backend calls that a sandbox may make at all: the platform's limit.
pub const BACKEND_CALLS_PER_EXECUTION: u32 = 32;
/// Backend calls that writing a document to the origin may take: pull, intent, write, end.
pub const CALLS_PER_FLUSH: u32 = 4;
/// Segments of archives that one request fetches.
pub const FETCHED_SEGMENTS: u32 = 6;
/// Backend calls of a tick that sweeps leave to flushes.
pub const CALLS_FOR_FLUSHES: u32 = 1 + 2 * CALLS_PER_FLUSH;
/// How old the last exchange may be before a read pulls.
pub const STALENESS_MS: u64 = 500;
/// How often a page that the edge holds is looked up at the origin.
pub const ORIGIN_POLL_MS: u64 = 10_000;
/// How long a request waits for the relay in all, before it is answered from what is there.
pub const RELAY_WAIT_MS: u64 = 300;
/// Longest wait of a save that the store has for what the log makes of it, where others changed the
/// same.
pub const DECISION_WAIT_MS: u64 = 100;
/// A time-out after less than this says nothing about the relay.
pub const RELAY_PATIENCE_MS: u64 = 150;
/// How long work after the answer waits for the relay in all; a save that the store did not
/// take, too.
pub const RELAY_BACKGROUND_MS: u64 = 2_000;
/// How long the relay is left alone after it failed once; twice that after each failure more.
pub const RELAY_BACKOFF_MS: u64 = 1_000;
/// How long it is left alone at most. Whoever has seen what only the log has is told to wait for
/// so long after it is back. A probe in vain costs nobody anything: it comes after an answer.
pub const RELAY_BACKOFF_MOST_MS: u64 = 3_000;
/// How long nobody else probes the relay while somebody does.
pub const RELAY_PROBE_MS: u64 = 2_500;
/// How long a request waits for the origin in all.
pub const ORIGIN_WAIT_MS: u64 = 3_000;
/// How long a whole document or an unconfirmed entry stays in the cache.
pub const CACHE_MS: u64 = 3_600_000;
/// Entries in the cache after a document's base; then the base is written anew.
pub const TAIL_ENTRIES: usize = 16;
/// Bytes of such entries.
pub const TAIL_BYTES: usize = 64 << 10;
/// How often a point of presence looks whether it has left a document for others, without the
/// relay.
pub const LEAVE_MS: u64 = 3_000;
/// How long the store keeps a document that was left; written anew after half of that.
pub const LEFT_MS: u64 = 24 * 3_600_000;
/// Largest document that is left: the platform's store takes 25 MB.
pub const LEFT_BYTES: usize = 20 << 20;
/// Names of left documents that are looked at.
pub const LEFT_NAMES: usize = 64;
/// Left documents that are read before one is found that goes on from what is known.
pub const LEFT_TRIED: usize = 3;
/// How often a request looks for left documents.
pub const HANDOVERS: u32 = 1;
/// Documents that a sandbox keeps in memory.
pub const HELD_DOCUMENTS: usize = 4;
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
/// How long a lease on a document lasts.
pub const LEASE_MS: u64 = 30_000;
/// Age from which a sweep pushes an outbox entry again.
pub const OUTBOX_AGE_MS: u64 = 10_000;
/// Outbox buckets; a sweep lists one at a time.
pub const OUTBOX_BUCKETS: u16 = 64;
/// Documents flushed by one tick.
pub const FLUSHES_PER_TICK: usize = 4;

const _: () = assert!(ENTRY_BYTES <= PULL_BYTES + PAGE_BYTES, "one entry must fit an answer");
const _: () = assert!(JOINED_BYTES + 2 * ENTRY_BYTES <= SWEEP_BYTES * 2, "one value can be swept");
const _: () = assert!(
    BACKEND_CALLS_PER_REQUEST + BACKEND_CALLS_PER_SANDBOX <= BACKEND_CALLS_PER_EXECUTION,
    "a sandbox that has not retired can make all calls of a request"
);
const _: () = assert!(RELAY_PROBE_MS > RELAY_BACKGROUND_MS, "one probe at a time");
const _: () = assert!(LEFT_BYTES <= DOCUMENT_BYTES, "what was left can be read");
const _: () = assert!(RELAY_PATIENCE_MS < RELAY_WAIT_MS, "a hung relay must be noticed");
