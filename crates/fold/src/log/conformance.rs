//! What every log has to pass, whatever it stands on.
//!
//! May assume that `open` gives a log of at least four shards of its own. Must
//! never know which implementation it runs on. It panics where the contract of
//! [`Log`] is broken, saying what was expected.

use std::collections::HashSet;
use std::thread;

use redwedding_wire::version::Cursor;

use super::{AppendError, Log, Logged};
use crate::limits::{READ_BYTES, RECORD_BYTES};

/// Runs the whole suite; `open` gives a fresh, empty log each time.
///
/// # Panics
/// Where the log breaks the contract.
pub fn check<L: Log>(open: impl Fn() -> L) {
    an_empty_log_says_so(&open());
    positions_are_dense_and_prefixes_chain(&open());
    shards_are_apart(&open());
    reading_is_bounded_and_complete(&open());
    long_records_are_refused_whole(&open());
    truncation_keeps_names(&open());
    concurrent_appends_keep_their_records_together(&open());
}

/// What durable logs have to pass besides; `open` opens the same log each time,
/// and the one before was dropped.
///
/// # Panics
/// Where something was forgotten.
pub fn check_durable<L: Log>(open: impl Fn() -> L) {
    let (epoch, head) = {
        let log = open();
        append(&log, 1, &[b"a", b"b", b"c"]);
        log.truncate(1, 2).expect("truncate");
        append(&log, 2, &[b"only"]);
        log.truncate(2, 2).expect("truncate");
        (log.epoch(), log.head(1).expect("head"))
    };
    let log = open();
    assert_eq!(log.epoch(), epoch, "the epoch survives");
    assert_eq!(log.head(1), Ok(head), "the head survives");
    assert_eq!(log.head(2).map(|head| head.position), Ok(1), "an empty shard keeps its head");
    assert_eq!(append(&log, 1, &[b"d"]), 4, "positions go on");
    assert_eq!(append(&log, 2, &[b"next"]), 2, "positions go on where all was truncated");
    let expected = head.after(b"d");
    assert_eq!(log.head(1), Ok(expected), "prefix hashes go on");
}

fn append(log: &impl Log, shard: u16, records: &[&[u8]]) -> u64 {
    let records = records.iter().map(|record| record.to_vec()).collect();
    log.append(shard, records).expect("append")
}

fn all(log: &impl Log, shard: u16) -> Vec<Logged> {
    let mut found: Vec<Logged> = Vec::new();
    loop {
        let from = found.last().map_or(1, |last| last.cursor.position + 1);
        let more = log.read(shard, from, 7).expect("read");
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn an_empty_log_says_so(log: &impl Log) {
    assert_eq!(log.head(0), Ok(Cursor::start(log.epoch())), "the head of an empty log");
    assert_eq!(log.read(0, 1, 10), Ok(vec![]), "an empty log holds nothing");
    assert_eq!(log.record(0, 1), Ok(None), "an empty log holds nothing");
    assert_eq!(log.record(0, 0), Ok(None), "position 0 is before everything");
    assert_eq!(log.append(0, vec![]), Ok(1), "appending nothing gives the next position");
    assert_eq!(log.head(0).map(|head| head.position), Ok(0), "and appends nothing");
}

fn positions_are_dense_and_prefixes_chain(log: &impl Log) {
    assert_eq!(append(log, 0, &[b"a", b"b"]), 1, "the first position is 1");
    assert_eq!(append(log, 0, &[b"c"]), 3, "positions are dense");
    assert_eq!(append(log, 0, &[b""]), 4, "a record may be empty");
    let mut cursor = Cursor::start(log.epoch());
    for (logged, record) in all(log, 0).iter().zip([&b"a"[..], b"b", b"c", b""]) {
        cursor = cursor.after(record);
        assert_eq!(logged.record, record, "records come back as they were appended");
        assert_eq!(logged.cursor, cursor, "the prefix hash runs over all records before");
        assert_eq!(log.record(0, cursor.position).as_ref(), Ok(&Some(logged.clone())));
    }
    assert_eq!(log.head(0), Ok(cursor), "the head is the last record's cursor");
    assert_eq!(log.record(0, 5), Ok(None), "nothing lies past the head");
}

fn shards_are_apart(log: &impl Log) {
    append(log, 0, &[b"zero"]);
    append(log, 3, &[b"three"]);
    assert_eq!(all(log, 3).len(), 1);
    assert_eq!(all(log, 1), vec![]);
    assert_eq!(all(log, 0)[0].record, b"zero");
}

fn reading_is_bounded_and_complete(log: &impl Log) {
    let long = vec![b'x'; READ_BYTES / 3];
    for _ in 0..8 {
        append(log, 2, &[&long]);
    }
    let first = log.read(2, 1, 100).expect("read");
    assert!(!first.is_empty(), "a read makes progress");
    assert!(first.len() < 8, "a read ends with the record that passes the bound");
    assert_eq!(log.read(2, 3, 2).expect("read").len(), 2, "a read keeps to its limit");
    assert_eq!(all(log, 2).len(), 8, "reading on gives all");
}

fn long_records_are_refused_whole(log: &impl Log) {
    let records = vec![b"short".to_vec(), vec![0; RECORD_BYTES + 1]];
    let refused = log.append(0, records);
    assert_eq!(refused, Err(AppendError::TooLong(RECORD_BYTES + 1)));
    assert_eq!(log.head(0).map(|head| head.position), Ok(0), "all or none");
}

fn truncation_keeps_names(log: &impl Log) {
    append(log, 0, &[b"a", b"b", b"c"]);
    let before = all(log, 0);
    log.truncate(0, 3).expect("truncate");
    assert_eq!(all(log, 0), before[2..], "what is kept keeps position and prefix");
    assert_eq!(log.record(0, 2), Ok(None), "what was dropped is gone");
    assert_eq!(log.read(0, 1, 10).expect("read"), before[2..], "a read begins at what is kept");
    log.truncate(0, 100).expect("truncate");
    assert_eq!(log.head(0), Ok(before[2].cursor), "the head stays");
    assert_eq!(append(log, 0, &[b"d"]), 4, "and positions go on");
    assert_eq!(log.head(0), Ok(before[2].cursor.after(b"d")));
}

fn concurrent_appends_keep_their_records_together(log: &impl Log) {
    const APPENDERS: u8 = 8;
    const ROUNDS: u8 = 25;
    thread::scope(|scope| {
        for appender in 0..APPENDERS {
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let pair = [&[appender, round, 0][..], &[appender, round, 1]];
                    let first = append(log, u16::from(appender % 2), &pair);
                    let found = log.record(u16::from(appender % 2), first).expect("read back");
                    assert_eq!(found.map(|logged| logged.record), Some(pair[0].to_vec()));
                }
            });
        }
    });
    let mut seen = HashSet::new();
    for shard in 0..2 {
        let found = all(log, shard);
        for pair in found.chunks(2) {
            assert_eq!(pair[0].record[..2], pair[1].record[..2], "an append stays together");
            assert!(seen.insert(pair[0].record.clone()), "each record is in once");
        }
        let dense = found.iter().zip(1..).all(|(logged, at)| logged.cursor.position == at);
        assert!(dense, "positions are dense under concurrency");
    }
    assert_eq!(seen.len(), usize::from(APPENDERS) * usize::from(ROUNDS), "none is missing");
}
