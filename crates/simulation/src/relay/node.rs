//! A relay node: exchanges under way, and batches at each of their steps.
//!
//! May assume that it is told when to go on. Must never touch the log but through the fold.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use redwedding_document::Document;
use redwedding_fold::batch::{BatchSize, PreparedBatch, PushedEntry};
use redwedding_fold::log::memory::MemoryLog;
use redwedding_fold::pushes::{Pushes, ShardPushes};
use redwedding_fold::store::memory::MemoryNodeStore;
use redwedding_fold::writer::AppendedBatch;
use redwedding_fold::{FloorPolicy, Relay, RelayNode, limits};
use redwedding_replica::ports::RelayError;
use redwedding_replica::sync::{Answer, Pull, Receipt, Request};
use redwedding_replica::testing::Moment;
use redwedding_wire::codec::Decode;
use redwedding_wire::identity::DocumentKey;

/// A batch has time for so many entries at the least,
const LEAST_IN_TIME: u64 = 8;
/// and for fewer than so many more.
const MORE_IN_TIME: u64 = 64;

/// What an exchange comes to.
type Answered = Result<Answer, RelayError>;

/// A relay node.
pub(super) struct Node {
    pub(super) relay: Relay,
    store: Arc<MemoryNodeStore>,
    /// How far its clock is off, in ms.
    pub(super) skew_ms: i64,
    /// What waits for the writer of each shard.
    queues: BTreeMap<u16, VecDeque<Queued>>,
    /// The batch under way of each shard.
    batches: BTreeMap<u16, Step>,
    /// Exchanges whose pushes are not written yet.
    exchanges: BTreeMap<u64, Exchange>,
    /// Answers that somebody waits for.
    answers: BTreeMap<u64, Answered>,
}

/// What an exchange pushes to a shard.
struct Queued {
    entries: Vec<PushedEntry>,
    waiting: Waiting,
}

/// An exchange that waits for receipts of these of its entries.
struct Waiting {
    exchange: u64,
    indices: Vec<usize>,
}

/// How far a batch has come.
enum Step {
    Prepared(PreparedBatch, Vec<Waiting>),
    Appended(AppendedBatch, Vec<Waiting>),
}

/// An exchange under way.
struct Exchange {
    site: String,
    answer: Answer,
    pushes: Pushes,
    /// Shards that it waits for.
    shards: usize,
    pulls: Vec<Pull>,
    leases: u16,
    awaited: bool,
    room: Option<usize>,
}

/// A request, or why it is none.
fn decoded(request: &[u8]) -> Result<Request, RelayError> {
    Request::decode(request)
        .map_err(|error| RelayError::Refused { status: 400, detail: error.to_string() })
}

fn recovered(log: &Arc<MemoryLog>, store: &Arc<MemoryNodeStore>, floors: FloorPolicy) -> Relay {
    let (log, store) = (Arc::clone(log) as _, Arc::clone(store) as _);
    let node = RelayNode::new(log, store, Arc::new(()), limits::FLUSH_INTERVAL_MS);
    Relay::recover(node, floors).expect("snapshots and log give the state")
}

impl Node {
    pub(super) fn start(log: &Arc<MemoryLog>, floors: FloorPolicy) -> Self {
        let store = Arc::default();
        Self {
            relay: recovered(log, &store, floors),
            store,
            skew_ms: 0,
            queues: BTreeMap::new(),
            batches: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// The process ends where it is, and starts again.
    pub(super) fn restart(&mut self, log: &Arc<MemoryLog>, floors: FloorPolicy, new_disk: bool) {
        let store = if new_disk { Arc::default() } else { Arc::clone(&self.store) };
        let relay = recovered(log, &store, floors);
        let skew_ms = self.skew_ms;
        *self = Self { relay, store, skew_ms, ..Self::start(log, floors) };
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.exchanges.is_empty()
    }

    pub(super) fn is_about_to_append(&self) -> bool {
        self.batches.values().any(|step| matches!(step, Step::Prepared(..)))
    }

    /// Folds in what other nodes appended.
    pub(super) fn catch_up(&self) {
        for shard in 0..limits::SHARDS {
            let _told = self.relay.writer(shard).catch_up();
        }
    }

    pub(super) fn document(&self, key: &DocumentKey) -> Option<Document> {
        let state = self.relay.shard_of(key).read();
        state.documents.get(key).map(|found| found.document.clone())
    }

    pub(super) fn take_answer(&mut self, number: u64) -> Option<Answered> {
        self.answers.remove(&number)
    }

    /// An exchange arrives: it meets, and its pushes queue.
    pub(super) fn arrive(
        &mut self,
        moment: &mut Moment<'_>,
        number: u64,
        request: &[u8],
        awaited: bool,
        room: Option<usize>,
    ) {
        let request = match decoded(request) {
            Ok(request) => request,
            Err(error) => return drop(self.answers.insert(number, Err(error))),
        };
        let now_ms = moment.now_ms.saturating_add_signed(self.skew_ms);
        let members = self.relay.meet(&request.members, now_ms);
        let answer = Answer::new(self.relay.node.log_time(now_ms), members);
        let (pushes, shards) = Pushes::sort(&request.site, request.pushes);
        let (site, pulls, leases) = (request.site, request.pulls, request.leases);
        let many = shards.len();
        let exchange =
            Exchange { site, answer, pushes, shards: many, pulls, leases, awaited, room };
        self.exchanges.insert(number, exchange);
        for ShardPushes { shard, indices, entries } in shards {
            let waiting = Waiting { exchange: number, indices };
            self.queues.entry(shard).or_default().push_back(Queued { entries, waiting });
        }
        if many == 0 {
            self.conclude(number, now_ms);
        }
    }

    /// One step of one shard's work. Gives whether it gathered what several exchanges pushed.
    pub(super) fn step(&mut self, moment: &mut Moment<'_>) -> usize {
        let busy: Vec<u16> = self.batches.keys().chain(self.queues.keys()).copied().collect();
        let Some(shard) = busy.get(moment.random.index(busy.len())).copied() else { return 0 };
        let now_ms = moment.now_ms.saturating_add_signed(self.skew_ms);
        match self.batches.remove(&shard) {
            None => return self.prepare(moment, shard, now_ms),
            Some(Step::Prepared(batch, waiting)) => {
                let appended = self.relay.writer(shard).append(batch);
                self.batches.insert(shard, Step::Appended(appended, waiting));
            }
            Some(Step::Appended(batch, waiting)) => {
                let receipts = self.relay.writer(shard).install(batch);
                for (Waiting { exchange, indices }, receipts) in waiting.into_iter().zip(receipts) {
                    self.hear(exchange, &indices, receipts, now_ms);
                }
            }
        }
        0
    }

    /// Gathers what waits for a shard, and prepares it.
    fn prepare(&mut self, moment: &mut Moment<'_>, shard: u16, now_ms: u64) -> usize {
        let Some(mut queue) = self.queues.remove(&shard) else { return 0 };
        let (mut size, mut pushes, mut waiting) = (BatchSize::default(), Vec::new(), Vec::new());
        while !size.is_full() {
            let Some(next) = queue.pop_front() else { break };
            size.add(&next.entries);
            pushes.push(next.entries);
            waiting.push(next.waiting);
        }
        if !queue.is_empty() {
            self.queues.insert(shard, queue);
        }
        let several = usize::from(pushes.len() > 1);
        let (asked, in_time) = (Cell::new(0), LEAST_IN_TIME + now_ms % MORE_IN_TIME);
        let is_late = |_: usize| asked.replace(asked.get() + 1) >= in_time;
        let prepared = self.relay.writer(shard).prepare(pushes, now_ms, &is_late);
        if asked.get() > in_time {
            moment.struck.count("batch has no time for all");
        }
        self.batches.insert(shard, Step::Prepared(prepared, waiting));
        several
    }

    /// An exchange hears what became of its pushes to one shard.
    fn hear(&mut self, number: u64, indices: &[usize], receipts: Vec<Receipt>, now_ms: u64) {
        let Some(exchange) = self.exchanges.get_mut(&number) else { return };
        exchange.pushes.answer(indices, receipts);
        exchange.shards -= 1;
        if exchange.shards == 0 {
            self.conclude(number, now_ms);
        }
    }

    /// All that an exchange pushed is written: it pulls, and gets leases.
    fn conclude(&mut self, number: u64, now_ms: u64) {
        let Some(exchange) = self.exchanges.remove(&number) else { return };
        let Exchange { site, mut answer, pushes, pulls, leases, awaited, room, .. } = exchange;
        let (receipts, refused) = self.relay.conclude(pushes);
        self.relay.retain(&refused, now_ms);
        answer.receipts = receipts;
        answer.pulled = match room {
            Some(room) => self.relay.pull_within(&pulls, room),
            None => self.relay.pull(&pulls),
        };
        answer.due = self.relay.lease(&site, leases, now_ms);
        if room.is_some() {
            // Leases are advice: others may be asked to flush the same.
            let mut due = self.relay.node.due();
            answer.due.iter().for_each(|lease| due.end_lease(&lease.document));
        }
        if awaited {
            self.answers.insert(number, Ok(answer));
        }
    }
}
