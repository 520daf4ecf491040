//! The way to a relay, with faults; and a relay in memory, the plainest thing that
//! keeps the contract of [`crate::sync`], to hold real ones against.

use std::any::Any;
use std::collections::BTreeMap;

use redwedding_document::entry::{Body, Entry, Floor, Missing};
use redwedding_document::{Archive, Document, Segment, Unresolved, Verdict};
use redwedding_wire::codec::{self, Decode, Encode};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::{Cursor, Place};
use serde_bytes::ByteBuf;

use super::network::{Later, Network, SLOW_MS, Site, State};
use super::random::Random;
use crate::limits;
use crate::member::Members;
use crate::ports::{Relay, RelayError};
use crate::sync::{Answer, Lease, Pull, Pulled, Receipt, Record, Request, StoredRecord};

/// A relay that an in-memory network reaches.
pub trait NetworkRelay: Any + Send {
    /// A request arrives. Gives the number of its answer, which may be worked for until
    /// somebody waits for it. Of one that is not `awaited` nobody hears.
    fn arrive(&mut self, moment: &mut Moment<'_>, request: &[u8], awaited: bool) -> u64;

    /// The answer of this number, with all the work that it still takes.
    fn answer(&mut self, moment: &mut Moment<'_>, number: u64) -> Result<Vec<u8>, RelayError>;

    /// Time has passed, in which work may go on that nobody waits for.
    fn work(&mut self, _moment: &mut Moment<'_>) {}

    /// Everything heals: what is under way comes to its end.
    fn heal(&mut self, _moment: &mut Moment<'_>) {}

    /// A segment of a document's archive.
    fn segment(&mut self, of: &DocumentKey, name: Digest) -> Option<Vec<u8>>;

    /// The confirmed document; `None` where the log holds nothing of it.
    fn document(&self, key: &DocumentKey) -> Option<Document>;
}

/// The world as a relay meets it at one moment.
pub struct Moment<'a> {
    /// The time, in ms since 1970.
    pub now_ms: u64,
    /// Chance.
    pub random: &'a mut Random,
    /// What goes wrong now.
    pub faults: &'a super::Faults,
    /// How often what went wrong.
    pub struck: &'a mut super::Struck,
    /// What is written down of it.
    pub trace: &'a mut Option<Vec<String>>,
}

impl Moment<'_> {
    /// Notes an event in the trace, if one is written.
    pub fn note(&mut self, event: impl FnOnce() -> String) {
        if let Some(trace) = self.trace {
            trace.push(event());
        }
    }
}

/// A relay that keeps everything: one log per shard, and the fold of it.
#[derive(Debug)]
pub struct ModelRelay {
    shards: Vec<Shard>,
    documents: BTreeMap<DocumentKey, Kept>,
    archive: MemoryArchive,
    leases: BTreeMap<DocumentKey, u64>,
    members: Members,
    flush_interval_ms: u64,
    /// Answers that wait to be fetched, by number.
    answers: BTreeMap<u64, Result<Vec<u8>, RelayError>>,
    arrived: u64,
}

/// Segments by name.
#[derive(Clone, Debug, Default)]
struct MemoryArchive(BTreeMap<Digest, Vec<u8>>);

impl Archive for MemoryArchive {
    fn segment(&self, name: Digest) -> Option<Segment> {
        Segment::open(self.0.get(&name)?, name).ok()
    }
}

#[derive(Clone, Debug)]
struct Shard {
    head: Cursor,
    logged_ms: u64,
    cursors: Vec<Cursor>,
    times: Vec<u64>,
}

#[derive(Debug)]
struct Kept {
    document: Document,
    records: Vec<Record>,
}

/// How a pull is answered where the contract leaves a choice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// Entries in one answer; 0 for as many as are allowed.
    pub most: usize,
    /// The whole document instead of entries.
    pub snapshot: bool,
    /// "Ask again."
    pub not_now: bool,
    /// The node that answers is this many entries of the last seconds behind,
    /// unless it was pushed to.
    pub lag: u64,
}

/// What a node that is behind may not have heard of: the last seconds.
const LAG_MS: u64 = 10_000;

impl ModelRelay {
    /// A relay with an empty log, drawn to be `epoch`.
    pub fn new(epoch: u64, flush_interval_ms: u64) -> Self {
        let head = Cursor::start(epoch);
        let shard = Shard { head, logged_ms: 0, cursors: vec![head], times: vec![0] };
        Self {
            shards: vec![shard; usize::from(limits::SHARDS)],
            documents: BTreeMap::new(),
            archive: MemoryArchive::default(),
            leases: BTreeMap::new(),
            members: Members::default(),
            flush_interval_ms,
            answers: BTreeMap::new(),
            arrived: 0,
        }
    }

    /// Moves a document's floor towards its change `wanted`, as far as it may be; the segment
    /// stands for `merged` older ones, too. A relay that `dies` does so with the segment kept and
    /// nothing logged. Gives whether the floor moved.
    pub fn move_floor(
        &mut self,
        key: &DocumentKey,
        (wanted, merged): (usize, usize),
        dies: bool,
        now_ms: u64,
    ) -> bool {
        let Some(kept) = self.documents.get(key) else { return false };
        let floor = kept.document.prunable(wanted);
        let last = floor.checked_sub(1).and_then(|last| kept.document.changes().get(last));
        let Some(upto) = last.map(|change| change.place) else { return false };
        let mut whole = kept.document.clone();
        for _ in 0..merged {
            let newest = whole.archive().last().and_then(|it| self.archive.segment(it.digest));
            newest.iter().for_each(|newest| whole.restore(newest).expect("it is the newest"));
        }
        let from = whole.archive().last().map_or(Place::START, |newest| newest.upto);
        let Some(segment) = whole.segment(floor) else { return false };
        let (name, bytes) = segment.name();
        self.archive.0.insert(name, segment.packed());
        let floor = Floor { from, upto, segment: name, bytes };
        let entry = Entry::new(key.clone(), Body::Floor(floor));
        let bytes = ByteBuf::from(entry.encode());
        !dies && matches!(self.log(&entry, &bytes, now_ms), Receipt::Logged(_))
    }

    /// The log of a document's shard loses its last entries, so many, as with a backup that is
    /// restored. No document of the shard may have a floor.
    pub fn lose_tail(&mut self, key: &DocumentKey, entries: u64) {
        let number = key.shard(limits::SHARDS);
        let shard = &mut self.shards[usize::from(number)];
        let left = (shard.head.position - entries) as usize;
        shard.cursors.truncate(left + 1);
        shard.times.truncate(left + 1);
        shard.head = shard.cursors[left];
        let start = Cursor::start(shard.head.epoch);
        self.documents.retain(|document, kept| {
            if document.shard(limits::SHARDS) == number {
                kept.records.retain(|record| record.position <= left as u64);
                kept.document = Document::new(document.clone(), start);
                for Record { position, prefix, logged_ms, entry } in &kept.records {
                    let cursor = Cursor { position: *position, prefix: *prefix, ..start };
                    let entry = Entry::decode(entry).expect("what was logged decodes");
                    kept.document.apply(cursor, *logged_ms, &entry);
                }
            }
            !kept.records.is_empty()
        });
    }

    /// Answers an exchange at `now_ms`.
    pub fn sync(&mut self, request: &Request, now_ms: u64, choice: Choice) -> Answer {
        self.members.join(&request.members);
        let mut answer = Answer::new(now_ms, self.members.clone());
        for push in &request.pushes {
            answer.receipts.push(self.push(&request.site, push, now_ms));
        }
        let lag = if request.pushes.is_empty() { choice.lag } else { 0 };
        for pull in &request.pulls {
            answer.pulled.push(self.pull(pull, now_ms, Choice { lag, ..choice }));
        }
        answer.due = self.lease(now_ms, usize::from(request.leases));
        answer
    }

    fn push(&mut self, site: &str, bytes: &ByteBuf, now_ms: u64) -> Receipt {
        let entry = match Entry::decode(bytes) {
            Ok(entry) if entry.body.is_relay_only() => {
                return Receipt::Refused("only the relay may log this".into());
            }
            Ok(entry) if entry.document.site() == site => entry,
            Ok(_) => return Receipt::Refused("another site's document".into()),
            Err(error) => return Receipt::Refused(error.to_string()),
        };
        self.log(&entry, bytes, now_ms)
    }

    fn log(&mut self, entry: &Entry, bytes: &ByteBuf, now_ms: u64) -> Receipt {
        let shard = &mut self.shards[usize::from(entry.document.shard(limits::SHARDS))];
        let mut fresh = None;
        let document = match self.documents.get_mut(&entry.document) {
            Some(kept) => &mut kept.document,
            None => {
                fresh.insert(Document::new(entry.document.clone(), Cursor::start(shard.head.epoch)))
            }
        };
        match document.missing(entry) {
            Ok(None) => {}
            // Where there is an archive, it may be there.
            Ok(Some(Missing::Segment(_) | Missing::Actor(_) | Missing::Origin(_)))
                if !document.archive().is_empty() => {}
            Ok(Some(Missing::Position(position))) if position <= shard.head.position => {
                return Receipt::Refused("it names a version that does not exist".into());
            }
            Ok(Some(missing)) | Err(Unresolved::Missing(missing)) => {
                return Receipt::Deferred(missing);
            }
            Err(stale) => return Receipt::Refused(stale.to_string()),
        }
        let logged_ms = shard.logged_ms.max(now_ms);
        let stored = codec::to_vec(&StoredRecord { logged_ms, entry: bytes.clone() });
        let cursor = shard.head.after(&stored);
        let admission = match document.admit_with(&self.archive, cursor, logged_ms, entry) {
            Ok(admission) => admission,
            Err(missing) => return Receipt::Deferred(missing),
        };
        if let Verdict::Quarantined(fault) = &admission.verdict {
            return Receipt::Refused(fault.to_string());
        }
        if admission.changed {
            shard.head = cursor;
            shard.logged_ms = logged_ms;
            shard.cursors.push(cursor);
            shard.times.push(logged_ms);
            if let Some(document) = fresh {
                let kept = Kept { document, records: Vec::new() };
                self.documents.insert(entry.document.clone(), kept);
            }
            if let Some(kept) = self.documents.get_mut(&entry.document) {
                let (position, prefix) = (cursor.position, cursor.prefix);
                kept.records.push(Record { position, prefix, logged_ms, entry: bytes.clone() });
            }
            let ends = matches!(entry.body, Body::Committed(_) | Body::Checkpoint(_));
            if ends && admission.verdict == Verdict::Counted {
                self.leases.remove(&entry.document);
            }
        }
        match admission.verdict {
            Verdict::Counted => Receipt::Logged(cursor.place()),
            Verdict::Duplicate { first } | Verdict::Alias { first } => Receipt::Known(first),
            Verdict::Superseded => Receipt::NotCounted,
            Verdict::Unmet => Receipt::Unmet,
            Verdict::Below { segment } => Receipt::Deferred(Missing::Segment(segment)),
            Verdict::Quarantined(fault) => Receipt::Refused(fault.to_string()),
        }
    }

    fn pull(&self, pull: &Pull, now_ms: u64, choice: Choice) -> Pulled {
        if choice.not_now {
            return Pulled::NotNow;
        }
        let shard = &self.shards[usize::from(pull.document.shard(limits::SHARDS))];
        let kept = self.documents.get(&pull.document);
        let recent = shard.times.iter().rev().take_while(|time| **time + LAG_MS > now_ms).count();
        let lag = choice.lag.min(recent as u64).min(shard.head.position);
        let reached = shard.head.position - lag;
        let cursor = match pull.cursor {
            None if lag == 0 => {
                return match kept {
                    Some(kept) => Pulled::Snapshot(ByteBuf::from(kept.document.encode())),
                    None => Pulled::Entries { records: vec![], upto: shard.head, more: false },
                };
            }
            None => shard.cursors[0],
            Some(cursor) => cursor,
        };
        if cursor.epoch != shard.head.epoch || cursor.position > shard.head.position {
            return Pulled::Reset;
        }
        if cursor.position > reached {
            return Pulled::Behind;
        }
        if shard.cursors[cursor.position as usize] != cursor {
            return Pulled::Reset;
        }
        if let Some(kept) = kept.filter(|_| choice.snapshot && lag == 0) {
            return Pulled::Snapshot(ByteBuf::from(kept.document.encode()));
        }
        let records = kept.map_or(&[][..], |kept| &kept.records);
        let new = records
            .iter()
            .filter(|record| record.position > cursor.position && record.position <= reached);
        let mut new: Vec<Record> = new.cloned().collect();
        let most = if choice.most == 0 { limits::PULL_ENTRIES } else { choice.most };
        let more = new.len() > most;
        new.truncate(most);
        let last = if more { new.last().map_or(0, |record| record.position) } else { reached };
        Pulled::Entries { records: new, upto: shard.cursors[last as usize], more }
    }

    fn is_due(&self, document: &Document, now_ms: u64) -> bool {
        let origin = document.origin();
        if let Some(open) = origin.open() {
            return open.logged_ms + limits::LEASE_MS <= now_ms;
        }
        if origin.tip.as_ref().is_some_and(|tip| !tip.exact) {
            return true;
        }
        let first = document.pending().next();
        first.is_some_and(|first| first.logged_ms + self.flush_interval_ms <= now_ms)
    }

    fn lease(&mut self, now_ms: u64, most: usize) -> Vec<Lease> {
        self.leases.retain(|_, until_ms| *until_ms > now_ms);
        let free = self.documents.iter().filter(|(key, _)| !self.leases.contains_key(key));
        let due = free.filter(|(_, kept)| self.is_due(&kept.document, now_ms));
        let until_ms = now_ms + limits::LEASE_MS;
        let leases: Vec<Lease> =
            due.take(most).map(|(key, _)| Lease { document: key.clone(), until_ms }).collect();
        for lease in &leases {
            self.leases.insert(lease.document.clone(), until_ms);
        }
        leases
    }
}

fn choice(random: &mut Random, faults: &super::Faults) -> Choice {
    let odd = |random: &mut Random| random.chance(faults.relay_odd_answers);
    Choice {
        most: if odd(random) { 1 + random.index(3) } else { 0 },
        snapshot: odd(random),
        not_now: odd(random),
        lag: if odd(random) { 1 + random.below(3) } else { 0 },
    }
}

impl NetworkRelay for ModelRelay {
    fn arrive(&mut self, moment: &mut Moment<'_>, request: &[u8], awaited: bool) -> u64 {
        let choice = choice(moment.random, moment.faults);
        let answer = match Request::decode(request) {
            Ok(request) => {
                let answer = self.sync(&request, moment.now_ms, choice);
                moment.note(|| told(&answer));
                Ok(answer.encode())
            }
            Err(error) => Err(RelayError::Refused { status: 400, detail: error.to_string() }),
        };
        self.arrived += 1;
        if awaited {
            self.answers.insert(self.arrived, answer);
        }
        self.arrived
    }

    fn answer(&mut self, _moment: &mut Moment<'_>, number: u64) -> Result<Vec<u8>, RelayError> {
        self.answers.remove(&number).unwrap_or_else(|| Err(unavailable()))
    }

    fn segment(&mut self, of: &DocumentKey, name: Digest) -> Option<Vec<u8>> {
        let found = self.archive.segment(name).filter(|found| found.key() == of)?;
        Segment::plain(&found.packed()).ok()
    }

    fn document(&self, key: &DocumentKey) -> Option<Document> {
        self.documents.get(key).map(|kept| kept.document.clone())
    }
}

impl State {
    /// The relay, and the world as it meets it now.
    pub(super) fn at_relay(&mut self) -> (&mut dyn NetworkRelay, Moment<'_>) {
        let Self { relay, now_ms, random, faults, struck, trace, .. } = self;
        (&mut **relay, Moment { now_ms: *now_ms, random, faults, struck, trace })
    }

    /// Whether nothing gets from a point of presence to the relay, and nothing back.
    fn partitioned(&mut self, pop: usize) -> (bool, bool) {
        let (unreached, unheard) = (self.faults.relay_unreached, self.faults.relay_unheard);
        let cut = |pops: u32| pops >> pop & 1 == 1;
        if cut(unreached) || cut(unheard) {
            self.struck.count("one-way partition");
        }
        (cut(unreached), cut(unheard))
    }

    /// How long the next answer takes, in ms; `None` for ever.
    fn relay_takes_ms(&mut self) -> Option<u64> {
        let (hangs, slow) = (self.faults.relay_hangs, self.faults.relay_slow);
        match self.strikes("relay hangs", hangs) {
            true => None,
            false if self.strikes("relay is slow", slow) => Some(self.random.below(SLOW_MS)),
            false => Some(0),
        }
    }

    /// A request arrives at the relay; gives the number of its answer.
    pub(super) fn relay_takes(&mut self, request: &[u8], awaited: bool) -> u64 {
        let (relay, mut moment) = self.at_relay();
        relay.arrive(&mut moment, request, awaited)
    }

    fn relay_answers(&mut self, number: u64) -> Result<Vec<u8>, RelayError> {
        let (relay, mut moment) = self.at_relay();
        relay.answer(&mut moment, number)
    }
}

/// What is written down of an answer.
pub fn told(answer: &Answer) -> String {
    format!("    relay: {:?} {:?}", answer.receipts, pulled(answer))
}

fn pulled(answer: &Answer) -> Vec<String> {
    let one = |pulled: &Pulled| match pulled {
        Pulled::Entries { records, upto, more } => {
            let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
            format!("entries {positions:?} upto {} more {more}", upto.position)
        }
        Pulled::Snapshot(_) => "snapshot".to_owned(),
        other => format!("{other:?}"),
    };
    answer.pulled.iter().map(one).collect()
}

/// The way to the relay, as one sandbox has it.
#[derive(Debug)]
pub struct MemoryRelay(pub(super) Site);

/// An exchange under way.
#[derive(Debug)]
pub struct PendingExchange {
    network: Network,
    /// The request, while the relay has not taken it.
    request: Option<Vec<u8>>,
    /// Whether the request went nowhere.
    lost: bool,
    /// The number of the answer, once it has.
    answer: Option<u64>,
    /// How long the answer takes, in ms; `None` for ever.
    takes_ms: Option<u64>,
}

fn unavailable() -> RelayError {
    RelayError::Unavailable("injected".into())
}

impl Relay for MemoryRelay {
    type Pending = PendingExchange;

    fn begin(&mut self, request: Vec<u8>) -> PendingExchange {
        let mut state = self.0.call("relay.begin", "");
        let network = self.0.network();
        let faults = state.faults.clone();
        let (unreached, unheard) = state.partitioned(self.0.pop());
        let takes_ms = state.relay_takes_ms().filter(|_| !unreached && !unheard);
        let mut pending =
            PendingExchange { network, request: None, lost: unreached, answer: None, takes_ms };
        if unreached {
            return pending;
        }
        if faults.relay_down || state.strikes("relay loses", faults.relay_loses) {
            pending.lost = true;
            if !faults.relay_down && state.random.chance(300) {
                let wait_ms = state.random.below(30_000);
                state.later(wait_ms, Later::Relay(request));
            }
        } else if state.random.chance(500) {
            pending.answer = Some(state.relay_takes(&request, true));
            if state.strikes("relay hears twice", faults.relay_twice) {
                pending.request = Some(request);
            }
        } else {
            pending.request = Some(request);
        }
        pending
    }

    fn finish(
        &mut self,
        mut pending: PendingExchange,
        wait_ms: u64,
    ) -> Result<Vec<u8>, RelayError> {
        let mut state = self.0.call("relay.finish", "");
        let faults = state.faults.clone();
        self.0.waits_for_relay(&mut state, pending.takes_ms.unwrap_or(u64::MAX).min(wait_ms));
        if pending.takes_ms.is_none_or(|takes_ms| takes_ms > wait_ms) {
            // Dropped: the relay may have it, or get it yet.
            if let Some(request) = pending.request.take_if(|_| state.random.chance(300)) {
                let late_ms = state.random.below(30_000);
                state.later(late_ms, Later::Relay(request));
            }
            return Err(RelayError::TimedOut);
        }
        if let Some(request) = pending.request.take() {
            // Where it was taken before, this is the second time.
            let first = pending.answer.is_none();
            if !faults.relay_down {
                let number = state.relay_takes(&request, first);
                pending.answer.get_or_insert(number);
            }
        }
        let lost = state.strikes("relay loses answer", faults.relay_loses_answer);
        let mut answer = match pending.answer {
            Some(number) if !pending.lost => state.relay_answers(number),
            _ => Err(unavailable()),
        };
        let garbled = state.strikes("relay garbles", faults.relay_garbles);
        if let Ok(answer) = answer.as_mut()
            && garbled
        {
            answer.truncate(state.random.index(answer.len()));
        }
        drop(state);
        if lost { Err(unavailable()) } else { answer }
    }

    fn segment(
        &mut self,
        of: &DocumentKey,
        name: Digest,
        wait_ms: u64,
    ) -> Result<Option<Vec<u8>>, RelayError> {
        let mut state = self.0.call("relay.segment", of.key());
        let (unreached, unheard) = state.partitioned(self.0.pop());
        let takes_ms = state.relay_takes_ms().filter(|_| !unreached && !unheard);
        self.0.waits_for_relay(&mut state, takes_ms.unwrap_or(u64::MAX).min(wait_ms));
        if takes_ms.is_none_or(|takes_ms| takes_ms > wait_ms) {
            return Err(RelayError::TimedOut);
        }
        let (down, loses) = (state.faults.relay_down, state.faults.relay_loses);
        if down || state.random.chance(loses) {
            return Err(unavailable());
        }
        Ok(state.relay.segment(of, name))
    }
}

impl Drop for PendingExchange {
    /// The sandbox died: the request may have gone out.
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        let mut state = self.network.state();
        if !state.faults.relay_down && state.random.chance(500) {
            let _number = state.relay_takes(&request, false);
        }
    }
}
