//! The world that the in-memory ports share: time, randomness, faults, and what
//! happens late.
//!
//! Everything that happens follows from the seed and from the order of the
//! calls. A schedule may be hooked in before each call: it can let others go
//! first, or end the caller.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redwedding_document::Document;
use redwedding_wire::identity::DocumentKey;

use super::cache::{CacheState, MemoryCache};
use super::origin::{MemoryOrigin, OriginState, StoredRevision};
use super::random::Random;
use super::relay::{MemoryRelay, ModelRelay, NetworkRelay};
use super::store::{MemoryStore, StoreState};
use super::struck::Struck;
use crate::limits;
use crate::ports::{Level, Ports, Write};

/// How often what goes wrong: chances in a thousand, for each call.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The store cannot be reached at all.
    pub store_down: bool,
    /// The store refuses a call: too many requests.
    pub store_busy: u32,
    /// A call to the store fails.
    pub store_fails: u32,
    /// A write that failed was, or will be, done all the same.
    pub store_applies: u32,
    /// A write is seen late elsewhere, and listed late anywhere.
    pub store_stale: u32,
    /// How late at most, in ms.
    pub store_lag_ms: u64,
    /// The cache forgets a value that is asked for.
    pub cache_forgets: u32,
    /// The cache serves the value before the last.
    pub cache_old: u32,
    /// The relay cannot be reached at all.
    pub relay_down: bool,
    /// Points of presence, one bit each, from which nothing gets to the relay.
    pub relay_unreached: u32,
    /// Those to which nothing gets from the relay.
    pub relay_unheard: u32,
    /// A request is lost, or arrives long after the caller gave up.
    pub relay_loses: u32,
    /// The answer is lost.
    pub relay_loses_answer: u32,
    /// A request is delivered twice.
    pub relay_twice: u32,
    /// The relay's log does not confirm a batch, which may be in it all the same.
    pub log_fails: u32,
    /// An exchange, or a segment, is never answered; it may be carried out all the same.
    pub relay_hangs: u32,
    /// An exchange takes up to 600 ms.
    pub relay_slow: u32,
    /// An exchange is carried out and answered with noise.
    pub relay_garbles: u32,
    /// The relay makes use of each freedom that an answer has.
    pub relay_odd_answers: u32,
    /// The origin cannot be reached at all.
    pub origin_down: bool,
    /// A call to the origin fails and does nothing.
    pub origin_fails: u32,
    /// The origin commits a write and reports failure.
    pub origin_loses_answer: u32,
    /// The origin reports failure, and commits a write long after.
    pub origin_late: u32,
    /// A call to the origin is never answered; a write may be committed, at once or long
    /// after.
    pub origin_hangs: u32,
    /// The origin refuses a write.
    pub origin_rejects: u32,
    /// A clock jumps by up to a minute.
    pub clock_jumps: u32,
    /// A clock jumps by up to an hour.
    pub clock_leaps: u32,
    /// The clock of a relay node does.
    pub relay_clock_leaps: u32,
}

/// How long a slow exchange takes at most, in ms.
pub(super) const SLOW_MS: u64 = 600;

/// How long a sandbox has waited for others, in ms.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Waits {
    /// For the relay, or for somebody who asks it, and in pauses.
    pub relay_ms: u64,
    /// Of that, since the store last took a write.
    pub relay_after_store_ms: u64,
    /// For the origin.
    pub origin_ms: u64,
    /// Whether the store took a write.
    pub store_took: bool,
    /// Whether it did not take one.
    pub store_failed: bool,
}

/// What happens later, whoever waits for it or does not.
#[derive(Clone, Debug)]
pub(super) enum Later {
    Store(usize, String, Vec<u8>),
    Relay(Vec<u8>),
    Origin(String, Write),
}

/// All that the points of presence reach.
pub(super) struct State {
    pub(super) now_ms: u64,
    pub(super) pops: usize,
    pub(super) random: Random,
    pub(super) faults: Faults,
    pub(super) store: StoreState,
    pub(super) caches: Vec<CacheState>,
    pub(super) relay: Box<dyn NetworkRelay>,
    pub(super) origin: OriginState,
    pub(super) struck: Struck,
    skews: Vec<i64>,
    later: Vec<(u64, Later)>,
    log: Vec<(usize, Level, String)>,
    pub(super) trace: Option<Vec<String>>,
}

/// When every run begins.
const EPOCH_MS: u64 = 1_700_000_000_000;

impl State {
    pub(super) fn later(&mut self, wait_ms: u64, what: Later) {
        self.later.push((self.now_ms + wait_ms, what));
    }

    /// Whether a fault of this kind happens now, in so many of a thousand cases.
    pub(super) fn strikes(&mut self, kind: &'static str, permille: u32) -> bool {
        let strikes = self.random.chance(permille);
        if strikes {
            self.struck.count(kind);
        }
        strikes
    }

    pub(super) fn trace(&mut self, event: impl FnOnce() -> String) {
        if self.trace.is_some() {
            let event = event();
            self.trace.iter_mut().for_each(|trace| trace.push(event.clone()));
        }
    }

    fn advance(&mut self, milliseconds: u64) {
        self.now_ms += milliseconds;
        while let Some(index) = self.later.iter().position(|later| later.0 <= self.now_ms) {
            let (_, what) = self.later.remove(index);
            self.happen(what);
        }
    }

    fn happen(&mut self, what: Later) {
        match what {
            Later::Store(..) if self.faults.store_down => {}
            Later::Relay(_) if self.faults.relay_down => {}
            Later::Origin(..) if self.faults.origin_down => {}
            Later::Store(pop, key, value) => {
                self.trace(|| format!("    late: store {key}"));
                self.store_write(pop, &key, Some(value));
            }
            Later::Relay(request) => {
                self.trace(|| "    late: exchange".to_owned());
                let _number = self.relay_takes(&request, false);
            }
            Later::Origin(key, write) => {
                self.trace(|| format!("    late: origin write of {key}"));
                self.origin_write(&key, &write);
            }
        }
    }
}

/// A network of points of presence in memory. Cloning gives another handle.
#[derive(Clone)]
pub struct Network(Arc<Mutex<State>>);

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// A network of `pops` points of presence around a model of the relay, where nothing
    /// goes wrong yet.
    pub fn new(seed: u64, pops: usize) -> Self {
        let relay = |epoch| Box::new(ModelRelay::new(epoch, limits::FLUSH_INTERVAL_MS)) as _;
        Self::around(seed, pops, relay)
    }

    /// The same around another relay, which is made for a log of the epoch that is drawn.
    pub fn around(
        seed: u64,
        pops: usize,
        relay: impl FnOnce(u64) -> Box<dyn NetworkRelay>,
    ) -> Self {
        let mut random = Random::new(seed);
        let epoch = random.number() | 1;
        Self(Arc::new(Mutex::new(State {
            now_ms: EPOCH_MS,
            pops,
            random,
            faults: Faults::default(),
            store: StoreState::default(),
            caches: (0..pops).map(|_| CacheState::default()).collect(),
            relay: relay(epoch),
            origin: OriginState::default(),
            struck: Struck::default(),
            skews: vec![0; pops],
            later: Vec::new(),
            log: Vec::new(),
            trace: None,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ports of a sandbox at point of presence `pop`.
    pub fn ports(&self, pop: usize, hook: Option<Hook>) -> MemoryPorts {
        let waits = Arc::default();
        let site = || {
            let waits = Arc::clone(&waits);
            Site { network: self.clone(), pop, hook: hook.clone(), waits }
        };
        MemoryPorts {
            site: site(),
            store: MemoryStore(site()),
            cache: MemoryCache(site()),
            relay: MemoryRelay(site()),
            origin: MemoryOrigin(site()),
        }
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Changes what goes wrong.
    pub fn change_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state().faults);
    }

    /// Ends all faults: what was to happen later happens, all is seen by all,
    /// clocks agree.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults = Faults::default();
        state.store.heal();
        state.skews.fill(0);
        state.later.sort_by_key(|later| later.0);
        for (_, what) in std::mem::take(&mut state.later) {
            state.happen(what);
        }
        let (relay, mut moment) = state.at_relay();
        relay.heal(&mut moment);
    }

    /// How much time has passed, in ms.
    pub fn passed_ms(&self) -> u64 {
        self.state().now_ms - EPOCH_MS
    }

    /// Lets time pass.
    pub fn advance(&self, milliseconds: u64) {
        self.state().advance(milliseconds);
    }

    /// Sets a point of presence's clock off by so much.
    pub fn skew(&self, pop: usize, milliseconds: i64) {
        self.state().skews[pop] = milliseconds;
    }

    /// A point of presence loses its cache.
    pub fn clear_cache(&self, pop: usize) {
        self.state().caches[pop].clear();
    }

    /// The first value under keys with this prefix in a point of presence's cache, with its key.
    pub fn cached(&self, pop: usize, prefix: &str) -> Option<(String, Vec<u8>)> {
        self.state().caches[pop].first(prefix)
    }

    /// A point of presence's cache holds another value than was put there, or, for `None`, has
    /// lost it.
    pub fn set_cached(&self, pop: usize, key: &str, bytes: Option<Vec<u8>>) {
        self.state().caches[pop].set(key, bytes);
    }

    /// Whether the origin trims white space at the end of a page.
    pub fn set_trims(&self, trims: bool) {
        self.state().origin.trims = trims;
    }

    /// Whether the origin merges what is written on a revision that people wrote after.
    pub fn set_merges(&self, merges: bool) {
        self.state().origin.merges = merges;
    }

    /// A person edits a page at the origin: `edit` gives the new text from the
    /// present one. Returns the new revision, if there is one.
    pub fn edit_at_origin(
        &self,
        key: &str,
        author: &str,
        edit: impl FnOnce(&str) -> String,
    ) -> Option<u64> {
        let mut state = self.state();
        let before = state.origin.revisions(key).last().map(|revision| revision.text.clone());
        let text = edit(before.as_deref().unwrap_or_default());
        if before.as_deref() == Some(text.as_str()) {
            return None;
        }
        state.trace(|| format!("  {author} at the origin: {key} is {text:?}"));
        Some(state.origin_edit(key, &text, author))
    }

    /// A page is deleted at the origin, or restored there with all its revisions. Gives whether
    /// that changed anything.
    pub fn delete_at_origin(&self, key: &str, deleted: bool) -> bool {
        let mut state = self.state();
        let origin = &mut state.origin;
        let changed = match deleted && !origin.revisions(key).is_empty() {
            true => origin.deleted.insert(key.to_owned()),
            false => origin.deleted.remove(key),
        };
        if changed {
            state.struck.count(if deleted { "origin deletes" } else { "origin restores" });
            state.trace(|| format!("  at the origin: {key} is deleted: {deleted}"));
        }
        changed
    }

    /// The origin's revisions of a page, oldest first.
    pub fn revisions(&self, key: &str) -> Vec<StoredRevision> {
        self.state().origin.revisions(key).to_vec()
    }

    /// The relay's confirmed document.
    pub fn document(&self, key: &DocumentKey) -> Option<Document> {
        self.state().relay.document(key)
    }

    /// The relay moves a document's floor; see [`ModelRelay::move_floor`].
    pub fn move_floor(&self, key: &DocumentKey, (wanted, merged): (usize, usize), dies: bool) {
        let floor = (wanted, merged);
        self.with_relay(|relay: &mut ModelRelay, now_ms| {
            relay.move_floor(key, floor, dies, now_ms);
        });
    }

    /// The relay's log loses its last entries; see [`ModelRelay::lose_tail`].
    pub fn lose_tail(&self, key: &DocumentKey, entries: u64) {
        self.with_relay(|relay: &mut ModelRelay, _| relay.lose_tail(key, entries));
    }

    /// Looks into the relay, with the time at hand.
    ///
    /// # Panics
    /// If it is another kind of relay.
    pub fn with_relay<R: NetworkRelay, T>(&self, look: impl FnOnce(&mut R, u64) -> T) -> T {
        let mut state = self.state();
        let now_ms = state.now_ms;
        let relay: &mut dyn Any = &mut *state.relay;
        look(relay.downcast_mut().expect("it is the kind that was asked for"), now_ms)
    }

    /// Keys of the store that hold a value now, whoever sees it.
    pub fn stored_keys(&self, prefix: &str) -> Vec<String> {
        self.state().store.standing(prefix)
    }

    /// All values that were ever written under keys of the store with this prefix.
    pub fn written(&self, prefix: &str) -> BTreeMap<String, Vec<Vec<u8>>> {
        self.state().store.written(prefix)
    }

    /// The store loses a key, as no store may.
    pub fn forget_stored(&self, key: &str) {
        self.state().store.forget(key);
    }

    /// How often each kind of fault happened.
    pub fn struck(&self) -> Struck {
        self.state().struck.clone()
    }

    /// What was logged so far: (point of presence, level, event).
    pub fn take_log(&self) -> Vec<(usize, Level, String)> {
        std::mem::take(&mut self.state().log)
    }

    /// Begins to write down what happens.
    pub fn start_trace(&self) {
        self.state().trace = Some(Vec::new());
    }

    /// Notes an event in the trace, if one is written.
    pub fn note(&self, event: impl FnOnce() -> String) {
        self.state().trace(event);
    }

    /// What happened, if it was written down.
    pub fn take_trace(&self) -> Vec<String> {
        self.state().trace.take().unwrap_or_default()
    }
}

/// Called before each call to a port, with its name; nothing is locked then.
pub type Hook = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Where a port stands.
#[derive(Clone)]
pub(super) struct Site {
    network: Network,
    pop: usize,
    hook: Option<Hook>,
    waits: Arc<Mutex<Waits>>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({})", self.pop)
    }
}

impl Site {
    pub(super) fn pop(&self) -> usize {
        self.pop
    }

    pub(super) fn network(&self) -> Network {
        self.network.clone()
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sandbox waits for the relay, or for somebody who asks it.
    pub(super) fn waits_for_relay(&self, state: &mut State, milliseconds: u64) {
        state.advance(milliseconds);
        let mut waits = self.waits();
        waits.relay_ms += milliseconds;
        if waits.store_took {
            waits.relay_after_store_ms += milliseconds;
        }
    }

    /// The sandbox waits for the origin.
    pub(super) fn waits_for_origin(&self, state: &mut State, milliseconds: u64) {
        state.advance(milliseconds);
        self.waits().origin_ms += milliseconds;
    }

    /// The store has said what became of a write.
    pub(super) fn store_said(&self, taken: bool) {
        let mut waits = self.waits();
        waits.store_took |= taken;
        waits.store_failed |= !taken;
        waits.relay_after_store_ms = 0;
    }

    /// A call begins: others may go first; then a little time has passed.
    pub(super) fn call(&self, name: &'static str, about: &str) -> MutexGuard<'_, State> {
        if let Some(hook) = &self.hook {
            hook(name);
        }
        let mut state = self.network.state();
        let passed = state.random.below(4);
        state.advance(passed);
        let (pop, jumps, leaps) = (self.pop, state.faults.clock_jumps, state.faults.clock_leaps);
        if state.strikes("clock leaps", leaps) {
            state.skews[pop] = state.random.below(7_200_000) as i64 - 3_600_000;
        }
        if state.strikes("clock jumps", jumps) {
            state.skews[pop] = state.random.below(120_000) as i64 - 60_000;
        }
        let (relay, mut moment) = state.at_relay();
        relay.work(&mut moment);
        state.trace(|| {
            let thread = std::thread::current();
            format!("    pop {pop} {} {name} {about}", thread.name().unwrap_or(""))
        });
        state
    }
}

/// All ports of one sandbox, in memory.
#[derive(Debug)]
pub struct MemoryPorts {
    site: Site,
    store: MemoryStore,
    cache: MemoryCache,
    relay: MemoryRelay,
    origin: MemoryOrigin,
}

impl MemoryPorts {
    /// How long the sandbox has waited for others since this was last asked.
    pub fn take_waits(&self) -> Waits {
        std::mem::take(&mut *self.site.waits())
    }
}

impl Ports for MemoryPorts {
    type Store = MemoryStore;
    type Cache = MemoryCache;
    type Relay = MemoryRelay;
    type Origin = MemoryOrigin;

    fn store(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    fn cache(&mut self) -> &mut MemoryCache {
        &mut self.cache
    }

    fn relay(&mut self) -> &mut MemoryRelay {
        &mut self.relay
    }

    fn origin(&mut self) -> &mut MemoryOrigin {
        &mut self.origin
    }

    fn now_ms(&mut self) -> u64 {
        let state = self.site.network.state();
        state.now_ms.saturating_add_signed(state.skews[self.site.pop])
    }

    fn monotonic_ms(&mut self) -> u64 {
        self.site.network.state().now_ms
    }

    fn draw(&mut self, bytes: &mut [u8]) {
        let mut state = self.site.network.state();
        for chunk in bytes.chunks_mut(8) {
            let drawn = state.random.number().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }

    fn pause(&mut self, milliseconds: u64) {
        let mut state = self.site.call("pause", "");
        self.site.waits_for_relay(&mut state, milliseconds);
    }

    fn log(&mut self, level: Level, event: &str) {
        let mut state = self.site.network.state();
        let pop = self.site.pop;
        state.trace(|| format!("    pop {pop} {level:?}: {event}"));
        state.log.push((pop, level, event.to_owned()));
    }
}
