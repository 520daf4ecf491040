//! The relay as it ships, in memory: nodes of the real fold over one log, each with a store of its
//! own.
//!
//! Exchanges are under way at the same time: what they push is gathered in batches, and the steps
//! of the batches of all nodes and shards are taken in an order that is drawn. May assume that it
//! is called as the world's order has it. Must never do what a server over the same fold would not.

mod node;

use std::collections::BTreeMap;
use std::sync::Arc;

use redwedding_document::entry::Entry;
use redwedding_document::{Archive, Document, Segment};
use redwedding_fold::log::Log;
use redwedding_fold::log::memory::{AppendFault, MemoryLog};
use redwedding_fold::{FloorPolicy, limits};
use redwedding_replica::ports::RelayError;
use redwedding_replica::sync::StoredRecord;
use redwedding_replica::testing::{Moment, NetworkRelay, Random, Struck, told};
use redwedding_wire::codec::{self, Decode, Encode};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::{Cursor, Place, Position};

use node::Node;

/// Room in an answer that is odd: a few entries of a small page.
const ODD_ROOM: usize = 2_000;
/// Steps that are taken between two calls of sandboxes, at most.
const STEPS: usize = 3;

/// The relay: its log, and its nodes.
pub struct FoldRelay {
    log: Arc<MemoryLog>,
    nodes: Vec<Node>,
    floors: FloorPolicy,
    /// Exchanges that arrived, by number: where each is answered.
    exchanges: BTreeMap<u64, usize>,
    arrived: u64,
    /// How often what happened.
    pub struck: Struck,
}

impl FoldRelay {
    /// A relay of so many nodes over an empty log of this epoch.
    #[must_use]
    pub fn new(epoch: u64, nodes: usize, floors: FloorPolicy) -> Self {
        let log = Arc::new(MemoryLog::new(epoch, limits::SHARDS));
        let nodes = (0..nodes).map(|_| Node::start(&log, floors)).collect();
        let (exchanges, struck) = (BTreeMap::new(), Struck::default());
        Self { log, nodes, floors, exchanges, arrived: 0, struck }
    }

    /// A node dies and starts again, perhaps on a new disk: one that is at work, if one is.
    pub fn restart(&mut self, random: &mut Random) {
        let drawn = random.index(self.nodes.len());
        let node = self.nodes.iter().position(Node::is_busy).unwrap_or(drawn);
        let new_disk = random.chance(200);
        self.struck.count("relay node restarts");
        if new_disk {
            self.struck.count("relay node on a new disk");
        }
        if self.nodes[node].is_busy() {
            self.struck.count("relay node dies at work");
        }
        self.nodes[node].restart(&self.log, self.floors, new_disk);
    }

    /// A node writes its snapshots.
    pub fn write_snapshots(&mut self, random: &mut Random) {
        let node = random.index(self.nodes.len());
        self.nodes[node].relay.write_snapshots();
    }

    /// A node looks after its floors.
    pub fn move_floors(&mut self, random: &mut Random, now_ms: u64) {
        let node = random.index(self.nodes.len());
        let moved = self.nodes[node].relay.move_floors(now_ms);
        self.struck.count_many("floor moves", moved as u64);
    }

    /// The log loses the last records of a document's shard, as many as are drawn, and all nodes
    /// start again. Gives the entries that were lost, with their places.
    pub fn lose_tail(&mut self, key: &DocumentKey, random: &mut Random) -> Vec<(Place, Entry)> {
        let shard = key.shard(limits::SHARDS);
        let head = self.log.head(shard).map_or(0, |head| head.position);
        let lost = 1 + random.below(4).min(head);
        let from = (head + 1).saturating_sub(lost).max(1);
        let lost = self.logged_from(shard, from).into_iter();
        let entries = lost.map(|(cursor, _, entry)| (cursor.place(), entry)).collect();
        self.log.lose_tail(shard, from);
        self.struck.count("log loses tail");
        for node in &mut self.nodes {
            node.restart(&self.log, self.floors, false);
        }
        entries
    }

    /// All nodes fold what the log has.
    pub fn catch_up(&self) {
        self.nodes.iter().for_each(Node::catch_up);
    }

    /// The document's entries, in the log's order: where, when, and what.
    #[must_use]
    pub fn records(&self, key: &DocumentKey) -> Vec<(Cursor, u64, Entry)> {
        let mut found = self.logged_from(key.shard(limits::SHARDS), 1);
        found.retain(|(_, _, entry)| entry.document == *key);
        found
    }

    /// What lies below the floor of a document.
    #[must_use]
    pub fn archive(&self, key: &DocumentKey) -> impl Archive {
        Segments { node: &self.nodes[0], document: key.clone() }
    }

    fn logged_from(&self, shard: u16, from: Position) -> Vec<(Cursor, u64, Entry)> {
        let mut found = Vec::new();
        let mut next = from;
        loop {
            let records = self.log.read(shard, next, 1_024).expect("a log in memory");
            let Some(last) = records.last() else { return found };
            next = last.cursor.position + 1;
            for logged in records {
                let stored: StoredRecord = codec::from_slice(&logged.record).expect("a record");
                let entry = Entry::decode(&stored.entry).expect("what the relay logged decodes");
                found.push((logged.cursor, stored.logged_ms, entry));
            }
        }
    }

    /// A step of one node's work.
    fn step(&mut self, moment: &mut Moment<'_>, node: usize) {
        let faulty = moment.random.chance(moment.faults.log_fails);
        if faulty && self.nodes[node].is_about_to_append() {
            let lost = moment.random.chance(500);
            moment.struck.count(if lost { "append is lost" } else { "append is unconfirmed" });
            self.log.inject(if lost { AppendFault::Lost } else { AppendFault::Unacknowledged });
        }
        let gathered = self.nodes[node].step(moment);
        moment.struck.count_many("exchanges share a batch", gathered as u64);
    }
}

impl NetworkRelay for FoldRelay {
    fn arrive(&mut self, moment: &mut Moment<'_>, request: &[u8], awaited: bool) -> u64 {
        self.arrived += 1;
        let node = moment.random.index(self.nodes.len());
        let odd = moment.random.chance(moment.faults.relay_odd_answers);
        if odd {
            moment.struck.count("answer has little room");
        }
        let room = odd.then(|| 100 + moment.random.index(ODD_ROOM));
        if awaited {
            self.exchanges.insert(self.arrived, node);
        }
        self.nodes[node].arrive(moment, self.arrived, request, awaited, room);
        self.arrived
    }

    fn answer(&mut self, moment: &mut Moment<'_>, number: u64) -> Result<Vec<u8>, RelayError> {
        let unavailable = || RelayError::Unavailable("the relay node has died".into());
        let node = self.exchanges.remove(&number).ok_or_else(unavailable)?;
        loop {
            if let Some(answer) = self.nodes[node].take_answer(number) {
                return answer.map(|answer| {
                    moment.note(|| told(&answer));
                    answer.encode()
                });
            }
            if !self.nodes[node].is_busy() {
                return Err(unavailable());
            }
            // Others work as well.
            let other = moment.random.index(self.nodes.len());
            self.step(moment, other);
            self.step(moment, node);
        }
    }

    fn work(&mut self, moment: &mut Moment<'_>) {
        if moment.random.chance(moment.faults.relay_clock_leaps) {
            moment.struck.count("relay clock leaps");
            let node = moment.random.index(self.nodes.len());
            self.nodes[node].skew_ms = moment.random.below(7_200_000) as i64 - 3_600_000;
        }
        for _ in 0..moment.random.index(STEPS + 1) {
            let node = moment.random.index(self.nodes.len());
            self.step(moment, node);
        }
        // A node hears of what others appended, sooner or later.
        if self.nodes.len() > 1 && moment.random.chance(100) {
            let node = moment.random.index(self.nodes.len());
            self.nodes[node].catch_up();
        }
    }

    fn heal(&mut self, moment: &mut Moment<'_>) {
        self.nodes.iter_mut().for_each(|node| node.skew_ms = 0);
        while self.nodes.iter().any(Node::is_busy) {
            for node in 0..self.nodes.len() {
                self.step(moment, node);
            }
        }
        self.catch_up();
    }

    fn segment(&mut self, of: &DocumentKey, name: Digest) -> Option<Vec<u8>> {
        let found = self.nodes.iter().map(|node| node.relay.segment(of, name));
        found.filter_map(Result::ok).flatten().next()
    }

    fn document(&self, key: &DocumentKey) -> Option<Document> {
        let documents = self.nodes.iter().filter_map(|node| node.document(key));
        documents.max_by_key(|document| document.cursor().position)
    }
}

/// The archive of a document as a node has it.
struct Segments<'a> {
    node: &'a Node,
    document: DocumentKey,
}

impl Archive for Segments<'_> {
    fn segment(&self, name: Digest) -> Option<Segment> {
        let found = self.node.relay.node.store.segment(self.document.digest(), name).ok()??;
        Segment::open(&found, name).ok()
    }
}
