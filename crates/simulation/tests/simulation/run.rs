//! One run: a network, its sandboxes, its clients, and what goes wrong, all
//! drawn from a seed; then everything heals, and the end is checked.
//!
//! May assume the in-memory ports. Must never depend on time, threads' speed or
//! the order of a hash map.

mod clients;
mod corpus;
mod ending;
mod events;
mod faults;
mod histories;
mod losses;
mod lost_tail;
mod outage;
mod style;
mod waits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use redwedding_document::entry::{Body, Note};
use redwedding_document::{Archive, Change, Document};
use redwedding_replica::LoadError;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::ports::Level;
use redwedding_replica::save::{OnlyIf, Save, SaveError, Submitted};
use redwedding_replica::testing::{Faults, Hook, MemoryPorts, Network, Random, bucket};
use redwedding_replica::{Config, Joining, Replica};
use redwedding_simulation::FoldRelay;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Digest, DocumentKey, EditId};
use redwedding_wire::version::Cursor;

use crate::invariants::{Invariants, Seen, Word, spelled};
use crate::kinds::{self, floors, is_on};
use crate::plan::{Plan, Report, Runs};
use crate::threads::{Task, Turn, die};
use corpus::edited;
use events::{Answered, Attempt, Event, Events, Form, Taken, tell};
use losses::{Losses, LostSave, Submission};
use style::Style;

/// Calls to ports that one request may make beside look-ups.
const CALLS: usize = 64;
/// Look-ups in store and cache that one request or tick may make.
const LOOKUPS: usize = 400;
/// Calls to ports that one tick may make.
const TICK_CALLS: usize = 400;
/// Rounds of ticks within which everything must have settled.
const ROUNDS: usize = 24;

const SITE: &str = "wiki";

struct Pop {
    config: Config,
    /// How far it has come with new keys.
    keys: u8,
    idle: Vec<Replica>,
    running: usize,
    /// What it has shown of each page since its cache was last lost or not coherent.
    shown: Vec<Seen>,
    /// Counts how often that was.
    life: usize,
}

impl Pop {
    /// Its cache is lost, or not coherent.
    fn loses_cache(&mut self) {
        self.life += 1;
        self.shown.iter_mut().for_each(|shown| *shown = Seen::default());
    }
}

/// A request on its way.
struct Asked {
    pop: usize,
    /// The life of the point of presence's cache when it began.
    life: usize,
    /// What the point of presence had shown then.
    shown: Seen,
}

struct Client {
    /// Whether it keeps the token that it is given. One that does not is promised
    /// nothing but that each answer holds what it was made of.
    session: bool,
    token: Option<String>,
    forms: Vec<Vec<Form>>,
    /// What it wrote on each text of a page, which it may replace by what it writes there later.
    written: Vec<BTreeMap<String, Vec<Written>>>,
    seen: Vec<Seen>,
    /// What it has saved itself last, where it keeps its token: the log may take what it saved
    /// before on an older text later.
    own: Vec<Seen>,
    /// The requests whose answers it waits for, all at one point of presence.
    waits: BTreeMap<u64, Awaited>,
    /// Saves that were not acknowledged, by the request that sent them last.
    attempts: BTreeMap<u64, Attempt>,
    requests: u64,
    /// Whether no other request was on its way beside the one that was answered last.
    alone: bool,
    /// Where its requests overlapped, in which life of the cache there, and no other one was
    /// answered there since: it asks nobody else meanwhile.
    bound: Option<(usize, usize)>,
}

/// What a save of a client's puts and deletes.
#[derive(Clone, Debug)]
struct Written {
    word: Option<Word>,
    deleted: Vec<Word>,
}

/// A client's request on its way.
struct Awaited {
    pop: usize,
    /// Whether no other request of the client was on its way at the same time.
    alone: bool,
    /// What the client had seen when it began.
    seen: Vec<Seen>,
    /// What it had saved itself last then.
    own: Vec<Seen>,
}

impl Client {
    fn new(index: usize, pages: usize) -> Self {
        Self {
            session: index % 3 != 2,
            token: None,
            forms: vec![Vec::new(); pages],
            written: vec![BTreeMap::new(); pages],
            seen: vec![Seen::default(); pages],
            own: vec![Seen::default(); pages],
            waits: BTreeMap::new(),
            attempts: BTreeMap::new(),
            requests: 0,
            alone: true,
            bound: None,
        }
    }

    /// Takes the token of an answer.
    fn keep(&mut self, token: String) {
        match self.session {
            true => self.token = Some(token),
            false => self.is_promised_nothing(),
        }
    }

    /// Whatever it has seen may be gone.
    fn is_promised_nothing(&mut self) {
        let awaited = self.waits.values_mut();
        let awaited = awaited.flat_map(|awaited| awaited.seen.iter_mut().chain(&mut awaited.own));
        let known = self.seen.iter_mut().chain(&mut self.own).chain(awaited);
        known.for_each(|seen| *seen = Seen::default());
    }
}

struct Running {
    task: Task,
    pop: usize,
    name: String,
}

/// How a sandbox is interrupted.
#[derive(Debug)]
struct Fate {
    random: Random,
    dies: u32,
    /// How often another sandbox goes on before a call, in a thousand.
    passes: u32,
    stop: bool,
    calls: usize,
}

struct Run {
    plan: Plan,
    random: Random,
    network: Network,
    keys: Vec<DocumentKey>,
    pops: Vec<Pop>,
    clients: Vec<Client>,
    /// By client and request.
    asked: BTreeMap<(usize, u64), Asked>,
    /// What answers lacked that said that there are other versions, by client and request, and how
    /// many words were to be deleted by then.
    to_find: BTreeMap<(usize, u64), (Vec<Word>, usize)>,
    /// What was back in answers that said so, until its reader has looked at those.
    to_look: BTreeMap<(usize, u64), Vec<Word>>,
    running: Vec<Running>,
    invariants: Invariants,
    events: Events,
    fate: Arc<Mutex<Fate>>,
    report: Report,
    alarms_expected: Vec<&'static str>,
    /// Whether nodes of the relay may be behind each other, in this phase and in
    /// the last: (now, before).
    lags: (bool, bool),
    /// Whether the caches of points of presence are coherent.
    coherent: bool,
    sandboxes: usize,
    /// Whether all come to the same point of presence, for the same page.
    crowded: bool,
    /// How often floors are looked after, in a thousand.
    floors: u32,
    /// Nodes of the relay.
    nodes: usize,
    /// Whether a page was ever deleted at the origin: then its revisions may be known to nobody.
    deleted: Vec<bool>,
    losses: Losses,
    /// How saves follow each other in a long run.
    style: Style,
}

/// Runs a plan.
pub(crate) fn run(plan: Plan) -> Report {
    let mut run = Run::new(plan);
    match plan.runs {
        Runs::Long => run.act_long(),
        Runs::Short | Runs::Joining | Runs::Conditional => run.act(),
    }
    run.settle();
    run.finish()
}

impl Run {
    fn new(plan: Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let pops = 2 + random.index(3);
        let (floors, policy) = floors(&mut random, &plan);
        let nodes = if random.chance(300) { 2 } else { 1 };
        let relay = |epoch| Box::new(FoldRelay::new(epoch, nodes, policy)) as _;
        let network = Network::around(random.number(), pops, relay);
        if plan.traced {
            network.start_trace();
        }
        network.set_trims(random.chance(300));
        network.set_merges(plan.seed.is_multiple_of(3) && is_on(&plan, kinds::MERGES));
        let crowded = random.chance(200);
        let pages = if crowded { 1 } else { 1 + random.index(3) };
        let keys: Vec<_> = (0..pages)
            .map(|page| DocumentKey::new(SITE, format!("Page {page}")).expect("key"))
            .collect();
        let clients = 2 + random.index(4);
        let pop = |index: usize| Pop {
            config: config(plan.runs, &format!("pop-{index}"), 0),
            keys: 0,
            idle: Vec::new(),
            running: 0,
            shown: vec![Seen::default(); pages],
            life: 0,
        };
        let fate = Fate {
            random: Random::new(random.number()),
            dies: 0,
            passes: 300,
            stop: false,
            calls: 0,
        };
        let mut run = Self {
            plan,
            network,
            keys,
            pops: (0..pops).map(pop).collect(),
            clients: (0..clients).map(|index| Client::new(index, pages)).collect(),
            asked: BTreeMap::new(),
            to_find: BTreeMap::new(),
            to_look: BTreeMap::new(),
            running: Vec::new(),
            invariants: Invariants::default(),
            events: Events::default(),
            fate: Arc::new(Mutex::new(fate)),
            report: Report::default(),
            alarms_expected: Vec::new(),
            lags: (false, false),
            coherent: true,
            crowded,
            sandboxes: if crowded { 3 } else { 1 + random.index(3) },
            floors,
            nodes,
            deleted: vec![false; pages],
            losses: Losses::default(),
            style: Style::Chained,
            random,
        };
        for page in 0..pages {
            if run.random.chance(600) {
                run.edit_at_origin(page);
            }
        }
        run
    }

    fn note(&self, event: impl FnOnce() -> String) {
        self.network.note(event);
    }

    // ------------------------------------------------------------- before the end

    fn act(&mut self) {
        let drawn = 20 + self.random.index(120);
        let actions = if self.plan.actions == 0 { drawn } else { self.plan.actions };
        self.report.actions = actions;
        let mut left = actions;
        self.phase();
        while left > 0 && self.invariants.failures.is_empty() {
            let resume = !self.running.is_empty() && self.random.chance(850);
            if resume {
                let index = self.random.index(self.running.len());
                self.resume(index);
            } else {
                left -= 1;
                self.something();
            }
        }
        self.drain();
    }

    /// Who still runs goes on to the end, without faults of a new kind.
    fn drain(&mut self) {
        while !self.running.is_empty() {
            let index = self.random.index(self.running.len());
            self.resume(index);
        }
    }

    fn something(&mut self) {
        if self.random.chance(self.floors) {
            let random = &mut self.random;
            let look = |relay: &mut FoldRelay, now_ms| relay.move_floors(random, now_ms);
            self.network.with_relay(look);
        }
        match self.random.below(100) {
            0..45 => self.client_acts(),
            45..53 => self.edit_somewhere(),
            53..70 => self.pass_time(),
            70..82 => self.tick(),
            82..88 => self.phase(),
            88..90 => self.give_up(),
            90..91 => self.delete_somewhere(),
            91..94 => {
                let pop = self.random.index(self.pops.len());
                self.network.clear_cache(pop);
                self.pops[pop].loses_cache();
            }
            94..96 => self.pops.iter_mut().for_each(|pop| pop.idle.clear()),
            96..98 => self.restart_relay(),
            98..99 => self.rotate_keys(),
            _ => self.poll(),
        }
    }

    /// A node of the relay dies and starts again, or writes down what makes that short.
    fn restart_relay(&mut self) {
        if is_on(&self.plan, kinds::TAILS) && self.random.chance(300) {
            return self.lose_tail();
        }
        let random = &mut self.random;
        let restarts = random.chance(500);
        self.network.with_relay(|relay: &mut FoldRelay, _| match restarts {
            true => relay.restart(random),
            false => relay.write_snapshots(random),
        });
        self.note(|| format!("  a relay node restarts: {restarts}"));
    }

    /// Points of presence are deployed with the next of the keys: first everybody accepts the new
    /// ones, then they are used, and at last those of before are not accepted any more.
    fn rotate_keys(&mut self) {
        if !is_on(&self.plan, kinds::KEYS) {
            return;
        }
        self.drain();
        for _ in 0..1 + self.random.index(2 * self.pops.len()) {
            let slowest = self.pops.iter().map(|pop| pop.keys).min().unwrap_or_default();
            let next = self.pops.iter().position(|pop| pop.keys == slowest);
            let Some(pop) = next.filter(|_| slowest < 2) else { return };
            self.note(|| format!("  pop {pop} gets keys"));
            let (name, of_pop) = (format!("pop-{pop}"), &mut self.pops[pop]);
            of_pop.keys += 1;
            of_pop.config = config(self.plan.runs, &name, of_pop.keys);
            of_pop.idle.clear();
            self.report.struck.count("keys are rotated");
        }
    }

    fn edit_somewhere(&mut self) {
        let page = self.random.index(self.keys.len());
        // Who finds it deleted restores it first.
        self.delete(page, false);
        self.edit_at_origin(page);
    }

    fn delete_somewhere(&mut self) {
        let page = self.random.index(self.keys.len());
        let deleted = self.random.chance(500) && is_on(&self.plan, kinds::DELETIONS);
        self.delete(page, deleted);
    }

    /// A person deletes a page at the origin, or restores it. Whoever comes where the log knows
    /// nothing of it finds no page then, and finds it again later.
    fn delete(&mut self, page: usize, deleted: bool) {
        let title = self.keys[page].key().to_owned();
        if self.network.delete_at_origin(&title, deleted) {
            self.invariants.deleted_at_origin(page);
            self.deleted[page] = true;
        }
    }

    fn pass_time(&mut self) {
        let most = [50, 600, 3_000, 12_000, 40_000][self.random.index(5)];
        let hours = self.random.chance(30) && is_on(&self.plan, kinds::HOURS);
        let passed = self.random.below(if hours { 15_000_000 } else { most });
        self.note(|| format!("  {passed} ms pass"));
        self.network.advance(passed);
        if passed > limits::LET_GO_MS {
            // No node that lives hears nothing of the others for so long.
            self.catch_up();
        }
    }

    fn edit_at_origin(&mut self, page: usize) {
        let word = self.invariants.fresh(page);
        let (mut random, mut deleted) = (Random::new(self.random.number()), Vec::new());
        let title = self.keys[page].key().to_owned();
        // What somebody deletes there of what the wiki merged by itself, and the log has beside it,
        // is not told from what the log never had.
        let revisions = self.network.revisions(&title);
        let since = revisions.iter().rev().take_while(|it| it.by_person || it.merged);
        let loosely = since.clone().any(|it| it.merged);
        let stored = self.network.edit_at_origin(&title, "a person", |text| {
            let edited = edited(text, Some(word), &mut random);
            deleted = edited.1;
            edited.0
        });
        if stored.is_some() {
            self.losses.deleted_with.insert(word, deleted.clone());
            self.invariants.submitted(&deleted);
            self.invariants.acknowledged(Some(word), &deleted, loosely);
            if loosely {
                self.invariants.may_return(&deleted);
            }
        }
    }

    // ------------------------------------------------------------------- requests

    /// A sandbox of a point of presence, if it has one free.
    fn sandbox(&mut self, pop: usize) -> Option<Option<Replica>> {
        let most = self.sandboxes;
        let of_pop = &mut self.pops[pop];
        if of_pop.running == most {
            return None;
        }
        of_pop.running += 1;
        let reused = if of_pop.idle.is_empty() { None } else { Some(of_pop.idle.remove(0)) };
        Some(reused)
    }

    fn start(
        &mut self,
        pop: usize,
        name: String,
        work: impl FnOnce(&mut Replica, &mut MemoryPorts, &Counter) + Send + 'static,
    ) -> bool {
        let Some(reused) = self.sandbox(pop) else { return false };
        self.note(|| format!("+ pop {pop} {name}"));
        let (network, config) = (self.network.clone(), self.pops[pop].config.clone());
        let (events, fate) = (Arc::clone(&self.events), Arc::clone(&self.fate));
        let task = Task::new(move |turn| {
            let counter = Counter::default();
            let hook = hook(turn, fate, counter.clone());
            let mut ports = network.ports(pop, Some(hook));
            let mut replica = reused.unwrap_or_else(|| Replica::start(config, &mut ports));
            work(&mut replica, &mut ports, &counter);
            if !replica.is_spent() {
                tell(&events, Event::Free { pop, replica: Box::new(replica) });
            }
        });
        self.running.push(Running { task, pop, name });
        true
    }

    fn resume(&mut self, index: usize) {
        let running = &self.running[index];
        self.network.note(|| format!("> {}", running.name));
        if running.task.resume() {
            let Running { task, pop, name } = self.running.remove(index);
            self.pops[pop].running -= 1;
            if let Some(panicked) = task.end() {
                self.invariants.fail(format!("{name} panicked: {panicked}"));
            }
            self.note(|| format!("< {name}"));
        }
        self.hear();
    }

    fn tick(&mut self) {
        let pop = self.random.index(self.pops.len());
        let buckets: Vec<u16> = self.keys.iter().map(bucket).collect();
        let events = Arc::clone(&self.events);
        self.start(pop, "tick".to_owned(), move |replica, ports, counter| {
            replica.context(ports).tick(buckets);
            counter.tell(&events, "tick", TICK_CALLS);
            waits::tell_waits(&events, "tick", ports, waits::TICK);
        });
    }

    fn poll(&mut self) {
        let pop = self.random.index(self.pops.len());
        let key = self.keys[self.random.index(self.keys.len())].clone();
        let events = Arc::clone(&self.events);
        self.start(pop, format!("poll {key}"), move |replica, ports, counter| {
            replica.context(ports).poll_origin(&key, true);
            counter.tell(&events, "poll", CALLS);
            waits::tell_waits(&events, "poll", ports, waits::AFTER);
        });
    }

    /// A client stops waiting; its sandbox goes on.
    fn give_up(&mut self) {
        let client = self.random.index(self.clients.len());
        if let Some((request, _)) = self.clients[client].waits.pop_first() {
            self.note(|| format!("  client {client} gives up on ({request})"));
        }
    }

    // -------------------------------------------------------------------- answers

    fn hear(&mut self) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = std::mem::take(&mut *events);
        drop(events);
        for event in heard {
            match event {
                Event::Looked { client, request, undecided, shown, whole } => {
                    self.looked((client, request), (&undecided, &shown), whole);
                }
                Event::Others { client, request, page, text } => {
                    self.says_others((client, request), page, &text);
                }
                Event::Read { client, request, page, token, snapshot } => {
                    self.heard_read(client, request, page, token, snapshot);
                }
                Event::Saved { client, request, attempt, token, snapshot, written } => {
                    if written {
                        *self.losses.acknowledged.entry(attempt.edit).or_default() += 1;
                    }
                    self.heard_saved(client, request, *attempt, token, snapshot);
                }
                Event::History { client, request, page, token, texts } => {
                    self.heard_history(client, request, page, token, texts);
                }
                Event::Free { pop, replica } => self.pops[pop].idle.push(*replica),
                Event::Calls { what, calls, most } => {
                    if what != "tick" && most != LOOKUPS {
                        self.report.calls = self.report.calls.max(calls);
                    }
                    // A long outage takes look-ups that grow with what waits.
                    if calls > most && self.plan.runs != Runs::Long {
                        self.invariants.fail(format!("{what} made {calls} calls"));
                    }
                }
                Event::Waited { what, waits, most } => {
                    if waits::exceed(&waits, &most) {
                        self.invariants.fail(format!("{what} waited: {waits:?}"));
                    }
                }
            }
        }
    }

    fn finish(mut self) -> Report {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        while let Some(running) = self.running.pop() {
            while !running.task.resume() {}
            running.task.end();
        }
        self.losses.logged.extend(self.network.take_log());
        let alarms = std::mem::take(&mut self.losses.logged);
        let alarms = alarms.into_iter().filter(|log| log.1 == Level::Alarm);
        for (pop, _, event) in alarms {
            if !self.alarms_expected.iter().any(|expected| event.contains(expected)) {
                self.invariants.fail(format!("pop {pop} alarm: {event}"));
            }
        }
        let fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        self.report.deaths = fate.calls;
        drop(fate);
        self.report.passed_ms = self.network.passed_ms();
        self.report.struck.count_many("sandbox dies", self.report.deaths as u64);
        self.report.struck.add(&self.network.struck());
        self.network.with_relay(|relay: &mut FoldRelay, _| self.report.struck.add(&relay.struck));
        self.note_alternatives();
        let unlooked = std::mem::take(&mut self.to_look);
        self.invariants.never_looked(unlooked.into_values().flatten());
        self.invariants.knows_alternatives();
        self.report.failures = std::mem::take(&mut self.invariants.failures);
        self.report.trace = self.network.take_trace();
        self.report
    }
}

/// The settings of a point of presence that has come so far with new keys.
fn config(runs: Runs, pop: &str, keys: u8) -> Config {
    let (old, new): (&[u8], &[u8]) = (b"simulation", b"rotated");
    let config = match keys {
        0 => Config::new(SITE, pop, old),
        1 => Config::new(SITE, pop, old).before_exchange_with(new),
        _ => Config::new(SITE, pop, new).after_exchange_of(old),
    };
    let joining = match runs {
        Runs::Joining => Joining { at: 2, news: 2, every_ms: 50 },
        Runs::Short | Runs::Conditional | Runs::Long => config.joining,
    };
    Config { joining, ..config }
}

/// Counts the calls of one request: look-ups, of which there may be one for each
/// save that waits while the relay is away, and all others.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<(usize, usize)>>);

impl Counter {
    fn add(&self, call: &str) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match call {
            "store.get" | "cache.peek" | "cache.metadata" | "cache.lock" => counted.0 += 1,
            // Somebody else's turn.
            "cache.wait" => {}
            _ => counted.1 += 1,
        }
    }

    /// Tells how many there were since it was last told.
    fn tell(&self, events: &Events, what: &'static str, most: usize) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (lookups, calls) = std::mem::take(&mut *counted);
        tell(events, Event::Calls { what, calls: lookups, most: LOOKUPS });
        tell(events, Event::Calls { what, calls, most });
    }
}

fn hook(turn: Turn, fate: Arc<Mutex<Fate>>, counter: Counter) -> Hook {
    Arc::new(move |call| {
        counter.add(call);
        let mut drawn = fate.lock().unwrap_or_else(PoisonError::into_inner);
        let pass = !drawn.stop && {
            let passes = drawn.passes;
            drawn.random.chance(passes)
        };
        drop(drawn);
        if pass {
            turn.pass();
        }
        let mut drawn = fate.lock().unwrap_or_else(PoisonError::into_inner);
        let dies = drawn.dies;
        let killed = drawn.random.chance(dies);
        if drawn.stop || killed {
            drawn.calls += 1;
            drop(drawn);
            die();
        }
    })
}

const _: () = assert!(ROUNDS as u64 * 11_000 > limits::LEASE_MS * 2);
