//! One run: a network, its sandboxes, its clients, and what goes wrong, all
//! drawn from a seed; then everything heals, and the end is checked.
//!
//! May assume the in-memory ports. Must never depend on time, threads' speed or
//! the order of a hash map.

use std::sync::{Arc, Mutex, PoisonError};

use redwedding_crdt::codec::{Decode, Encode};
use redwedding_crdt::document::Document;
use redwedding_crdt::entry::{Entry, Note};
use redwedding_crdt::identity::{Digest, DocumentKey};
use redwedding_crdt::limits;
use redwedding_crdt::version::Cursor;
use redwedding_replica::LoadError;
use redwedding_replica::ports::Level;
use redwedding_replica::save::{Save, SaveError, Submitted};
use redwedding_replica::testing::{Faults, Hook, MemoryPorts, Network, Random, bucket};
use redwedding_replica::token::Token;
use redwedding_replica::{Config, Replica};

use crate::facts::{Facts, Seen, Word, spelled};
use crate::threads::{Task, Turn, die};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Everything follows from it.
    pub(crate) seed: u64,
    /// How many things happen before the end; 0 lets the seed choose.
    pub(crate) actions: usize,
    /// Kinds of faults that are left out, one bit each.
    pub(crate) without: u32,
    /// Whether to write down what happens.
    pub(crate) traced: bool,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What was wrong; empty for a good run.
    pub(crate) failures: Vec<String>,
    /// What happened, where it was asked for.
    pub(crate) trace: Vec<String>,
    /// Acknowledged saves.
    pub(crate) saves: usize,
    /// Reads that were answered.
    pub(crate) reads: usize,
    /// Saves and reads that were refused for now.
    pub(crate) refused: usize,
    /// Sandboxes that died.
    pub(crate) deaths: usize,
    /// The most calls to ports that one request made.
    pub(crate) calls: usize,
    /// Actions before the end.
    pub(crate) actions: usize,
    /// Rounds that it took to settle.
    pub(crate) rounds: usize,
}

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
    idle: Vec<Replica>,
    running: usize,
}

struct Form {
    id: Option<u64>,
    text: String,
}

#[derive(Clone, Debug)]
struct Attempt {
    page: usize,
    save: Save,
    word: Option<Word>,
    deleted: Vec<Word>,
    tries: usize,
}

struct Client {
    token: Option<String>,
    forms: Vec<Vec<Form>>,
    seen: Vec<Seen>,
    /// The request whose answer it waits for.
    waits: Option<u64>,
    attempt: Option<Attempt>,
    requests: u64,
}

enum Event {
    Read {
        client: usize,
        request: u64,
        page: usize,
        token: String,
        head: Answered,
    },
    Saved {
        client: usize,
        request: u64,
        attempt: Attempt,
        token: String,
        head: Taken,
    },
    /// A sandbox has done its work and is free again.
    Free {
        pop: usize,
        replica: Box<Replica>,
    },
    Calls {
        what: &'static str,
        calls: usize,
        most: usize,
    },
}

type Answered = Result<(u64, String), LoadError>;
type Taken = Result<(u64, String), SaveError>;

type Events = Arc<Mutex<Vec<Event>>>;

fn tell(events: &Events, event: Event) {
    events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
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
    running: Vec<Running>,
    facts: Facts,
    events: Events,
    fate: Arc<Mutex<Fate>>,
    report: Report,
    alarms_expected: Vec<&'static str>,
    sandboxes: usize,
}

/// Runs a plan.
pub(crate) fn run(plan: Plan) -> Report {
    let mut run = Run::new(plan);
    run.act();
    run.settle();
    run.finish()
}

impl Run {
    fn new(plan: Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let pops = 2 + random.index(3);
        let network = Network::new(random.number(), pops);
        if plan.traced {
            network.start_trace();
        }
        network.set_trims(random.chance(300));
        let pages = 1 + random.index(3);
        let keys: Vec<_> = (0..pages)
            .map(|page| DocumentKey::new(SITE, format!("Page {page}")).expect("key"))
            .collect();
        let clients = 2 + random.index(4);
        let client = || Client {
            token: None,
            forms: (0..pages).map(|_| Vec::new()).collect(),
            seen: (0..pages).map(|_| Seen::default()).collect(),
            waits: None,
            attempt: None,
            requests: 0,
        };
        let pop = |index: usize| Pop {
            config: Config::new(SITE, &format!("pop-{index}"), b"simulation"),
            idle: Vec::new(),
            running: 0,
        };
        let fate = Fate { random: Random::new(random.number()), dies: 0, stop: false, calls: 0 };
        let mut run = Self {
            plan,
            network,
            keys,
            pops: (0..pops).map(pop).collect(),
            clients: (0..clients).map(|_| client()).collect(),
            running: Vec::new(),
            facts: Facts::default(),
            events: Events::default(),
            fate: Arc::new(Mutex::new(fate)),
            report: Report::default(),
            alarms_expected: Vec::new(),
            sandboxes: 1 + random.index(3),
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
        while left > 0 && self.facts.failures.is_empty() {
            let resume = !self.running.is_empty() && self.random.chance(850);
            if resume {
                let index = self.random.index(self.running.len());
                self.resume(index);
            } else {
                left -= 1;
                self.something();
            }
        }
        // Who still runs goes on to the end, without faults of a new kind.
        while !self.running.is_empty() {
            let index = self.random.index(self.running.len());
            self.resume(index);
        }
    }

    fn something(&mut self) {
        match self.random.below(100) {
            0..45 => self.client_acts(),
            45..53 => self.edit_somewhere(),
            53..70 => self.pass_time(),
            70..82 => self.tick(),
            82..88 => self.phase(),
            88..91 => self.give_up(),
            91..94 => {
                let pop = self.random.index(self.pops.len());
                self.network.clear_cache(pop);
            }
            94..97 => self.pops.iter_mut().for_each(|pop| pop.idle.clear()),
            97..98 => self.network.restart_relay(),
            _ => self.poll(),
        }
    }

    fn edit_somewhere(&mut self) {
        let page = self.random.index(self.keys.len());
        self.edit_at_origin(page);
    }

    fn pass_time(&mut self) {
        let most = [50, 600, 3_000, 12_000, 40_000][self.random.index(5)];
        let passed = self.random.below(most);
        self.note(|| format!("  {passed} ms pass"));
        self.network.advance(passed);
    }

    /// Draws what goes wrong from now on.
    fn phase(&mut self) {
        let random = &mut self.random;
        let without = self.plan.without;
        let mut some = |bit: u32, permille: u32| -> u32 {
            let on = random.chance(350);
            let permille = 1 + random.below(u64::from(permille)) as u32;
            if on && without & (1 << bit) == 0 { permille } else { 0 }
        };
        let faults = Faults {
            store_fails: some(0, 300),
            store_applies: some(1, 1_000),
            store_stale: some(2, 600),
            store_lag_ms: 60_000,
            cache_forgets: some(3, 300),
            cache_old: some(4, 100),
            relay_loses: some(5, 300),
            relay_loses_answer: some(6, 300),
            relay_twice: some(7, 300),
            relay_odd_answers: some(8, 200),
            origin_fails: some(9, 300),
            origin_loses_answer: some(10, 400),
            origin_late: some(11, 300),
            origin_rejects: some(12, 100),
            clock_jumps: some(13, 20),
            store_down: some(14, 1_000) > 700,
            relay_down: some(15, 1_000) > 400,
            origin_down: some(16, 1_000) > 600,
        };
        let dies = some(17, 60);
        if faults.origin_rejects > 0 {
            self.alarms_expected.push("the origin refuses the text");
        }
        if faults.clock_jumps > 0 {
            // How old a flush is that a node of the relay has not heard of yet
            // is told by clocks: it decides nothing but the alarm.
            self.alarms_expected.push("that nobody announced");
        }
        self.note(|| format!("  faults: dies {dies}, {faults:?}"));
        self.network.set_faults(faults);
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).dies = dies;
        for pop in 0..self.pops.len() {
            if without & (1 << 18) == 0 {
                let off = self.random.below(10_000) as i64 - 5_000;
                self.network.skew(pop, off);
            }
        }
    }

    fn edit_at_origin(&mut self, page: usize) {
        let word = self.facts.fresh(page);
        let (mut random, mut deleted) = (Random::new(self.random.number()), Vec::new());
        let title = self.keys[page].key().to_owned();
        let stored = self.network.edit_at_origin(&title, "a person", |text| {
            let edited = edited(text, Some(word), &mut random);
            deleted = edited.1;
            edited.0
        });
        if stored.is_some() {
            self.facts.submitted(&deleted);
            self.facts.acknowledged(Some(word), &deleted, false);
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
                self.facts.fail(format!("{name} panicked: {panicked}"));
            }
            self.note(|| format!("< {name}"));
        }
        self.hear();
    }

    fn client_acts(&mut self) {
        let client = self.random.index(self.clients.len());
        if self.clients[client].waits.is_some() {
            // Its sandbox may have died.
            if self.random.chance(300) {
                self.clients[client].waits = None;
            }
            return;
        }
        let pop = match self.random.chance(600) {
            true => client % self.pops.len(),
            false => self.random.index(self.pops.len()),
        };
        if let Some(mut attempt) = self.clients[client].attempt.take() {
            attempt.tries += 1;
            match attempt.tries > 8 && self.random.chance(500) {
                true => {}
                false => self.send(client, pop, attempt),
            }
            return;
        }
        let page = self.random.index(self.keys.len());
        match self.random.chance(450) || self.clients[client].forms[page].is_empty() {
            true => self.read(client, pop, page),
            false => self.save(client, pop, page),
        }
    }

    fn request(&mut self, client: usize) -> u64 {
        let client = &mut self.clients[client];
        client.requests += 1;
        client.waits = Some(client.requests);
        client.requests
    }

    fn read(&mut self, client: usize, pop: usize, page: usize) {
        let request = self.clients[client].requests + 1;
        let sealed = self.clients[client].token.clone();
        let (key, events) = (self.keys[page].clone(), Arc::clone(&self.events));
        let noted = self.network.clone();
        let name = format!("client {client} reads page {page} ({request})");
        let started = self.start(pop, name, move |replica, ports, counter| {
            let mut token = replica.token(sealed.as_deref());
            noted.note(|| format!("    {token:?}"));
            let head =
                replica.read(ports, &key, &mut token).map(|head| (head.id, head.text.clone()));
            counter.tell(&events, "read", CALLS);
            let (token, served) = (replica.seal(&token), head.is_ok());
            tell(&events, Event::Read { client, request, page, token, head });
            if served {
                replica.after_read(ports, &key);
                counter.tell(&events, "after a read", CALLS);
            }
        });
        if started {
            self.request(client);
        }
    }

    fn save(&mut self, client: usize, pop: usize, page: usize) {
        let forms = &self.clients[client].forms[page];
        // Mostly the newest form; sometimes one that was open for long.
        let old = self.random.chance(200);
        let index = if old { self.random.index(forms.len()) } else { forms.len() - 1 };
        let (base, text) = (forms[index].id, forms[index].text.clone());
        let word = (!self.random.chance(50)).then(|| self.facts.fresh(page));
        let (text, deleted) = edited(&text, word, &mut self.random);
        let fields = vec![
            format!("client {client}").into_bytes(),
            base.unwrap_or(0).to_le_bytes().to_vec(),
            text.clone().into_bytes(),
        ];
        let note = Note { author: format!("client {client}"), ..Note::default() };
        let save = Save { base, submitted: Submitted::Whole(text), note, fields, trace: 0 };
        self.send(client, pop, Attempt { page, save, word, deleted, tries: 0 });
    }

    fn send(&mut self, client: usize, pop: usize, attempt: Attempt) {
        let request = self.clients[client].requests + 1;
        let sealed = self.clients[client].token.clone();
        let (key, events) = (self.keys[attempt.page].clone(), Arc::clone(&self.events));
        let noted = self.network.clone();
        let word = attempt.word.map(spelled).unwrap_or_default();
        let deleted: Vec<_> = attempt.deleted.iter().map(|word| spelled(*word)).collect();
        let (page, base, tries) = (attempt.page, attempt.save.base, attempt.tries);
        let name = format!(
            "client {client} saves page {page} ({request}): +{word} -{deleted:?} on {base:?}, try {tries}"
        );
        let sent = attempt.clone();
        let started = self.start(pop, name, move |replica, ports, counter| {
            let mut token = replica.token(sealed.as_deref());
            noted.note(|| format!("    {token:?}"));
            let saved = replica.save(ports, &key, &sent.save, &mut token);
            counter.tell(&events, "save", CALLS);
            let token = replica.seal(&token);
            let (head, after) = match saved {
                Ok(saved) => (Ok((saved.head.id, saved.head.text.clone())), saved.after),
                Err(error) => (Err(error), None),
            };
            tell(&events, Event::Saved { client, request, attempt: sent, token, head });
            if let Some(after) = after {
                replica.finish_save(ports, after);
                counter.tell(&events, "after a save", CALLS * 2);
            }
        });
        if started {
            self.facts.submitted(&attempt.deleted);
            self.request(client);
        }
        self.clients[client].attempt = Some(attempt);
    }

    fn tick(&mut self) {
        let pop = self.random.index(self.pops.len());
        let buckets: Vec<u16> = self.keys.iter().map(bucket).collect();
        let events = Arc::clone(&self.events);
        self.start(pop, "tick".to_owned(), move |replica, ports, counter| {
            replica.tick(ports, buckets);
            counter.tell(&events, "tick", TICK_CALLS);
        });
    }

    fn poll(&mut self) {
        let pop = self.random.index(self.pops.len());
        let key = self.keys[self.random.index(self.keys.len())].clone();
        let events = Arc::clone(&self.events);
        self.start(pop, format!("poll {key}"), move |replica, ports, counter| {
            replica.poll_origin(ports, &key, true);
            counter.tell(&events, "poll", CALLS);
        });
    }

    /// A client stops waiting; its sandbox goes on.
    fn give_up(&mut self) {
        let client = self.random.index(self.clients.len());
        if let Some(request) = self.clients[client].waits.take() {
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
                Event::Read { client, request, page, token, head } => {
                    self.heard_read(client, request, page, token, head);
                }
                Event::Saved { client, request, attempt, token, head } => {
                    self.heard_saved(client, request, attempt, token, head);
                }
                Event::Free { pop, replica } => self.pops[pop].idle.push(*replica),
                Event::Calls { what, calls, most } => {
                    if what != "tick" && most != LOOKUPS {
                        self.report.calls = self.report.calls.max(calls);
                    }
                    if calls > most {
                        self.facts.fail(format!("{what} made {calls} calls"));
                    }
                }
            }
        }
    }

    fn waited(&mut self, client: usize, request: u64) -> bool {
        let client = &mut self.clients[client];
        // An answer that comes late may be lost as well.
        let waits = client.waits == Some(request);
        if waits {
            client.waits = None;
        }
        waits
    }

    fn heard_read(
        &mut self,
        client: usize,
        request: u64,
        page: usize,
        token: String,
        head: Answered,
    ) {
        self.note(|| format!("= client {client} ({request}) read {head:?}"));
        if !self.waited(client, request) {
            return;
        }
        let whose = format!("client {client} ({request})");
        self.clients[client].token = Some(token);
        match head {
            Ok((id, text)) => {
                self.report.reads += 1;
                let of_client = &mut self.clients[client];
                self.facts.served(&mut of_client.seen[page], page, &text, &whose);
                self.form(client, page, id, text);
            }
            Err(LoadError::Behind | LoadError::Unreachable(_)) => self.report.refused += 1,
            #[allow(unreachable_patterns)]
            Err(error) => self.facts.fail(format!("{whose}: {error}")),
        }
    }

    fn form(&mut self, client: usize, page: usize, id: u64, text: String) {
        let forms = &mut self.clients[client].forms[page];
        forms.push(Form { id: (id != 0).then_some(id), text });
        if forms.len() > 4 {
            forms.remove(0);
        }
    }

    fn heard_saved(
        &mut self,
        client: usize,
        request: u64,
        attempt: Attempt,
        token: String,
        head: Taken,
    ) {
        self.note(|| format!("= client {client} ({request}) saved {head:?}"));
        let loosely = attempt.save.base.is_some_and(|base| base < 1 << 50);
        if head.is_ok() {
            self.report.saves += 1;
            self.facts.acknowledged(attempt.word, &attempt.deleted, loosely);
        }
        if !self.waited(client, request) {
            return;
        }
        let whose = format!("client {client} ({request})");
        self.clients[client].token = Some(token);
        let page = attempt.page;
        match head {
            Ok((id, text)) => {
                let of_client = &mut self.clients[client];
                of_client.attempt = None;
                let seen = &mut of_client.seen[page];
                self.facts.own(seen, attempt.word);
                self.facts.served(seen, page, &text, &whose);
                self.form(client, page, id, text);
            }
            Err(SaveError::NotAcknowledged | SaveError::Load(_) | SaveError::Overloaded) => {
                self.report.refused += 1;
            }
            Err(SaveError::Exists { .. }) if attempt.save.base.is_none() => {
                self.clients[client].attempt = None;
                self.clients[client].forms[page].clear();
            }
            Err(error) => self.facts.fail(format!("{whose}: {error}")),
        }
    }

    // ------------------------------------------------------------------ the end

    fn settle(&mut self) {
        if !self.facts.failures.is_empty() {
            return;
        }
        self.note(|| "--- everything heals".to_owned());
        self.network.heal();
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).dies = 0;
        for round in 0..ROUNDS {
            self.network.advance(11_000);
            self.round();
            if self.is_quiet() {
                self.report.rounds = round + 1;
                self.check_end();
                return;
            }
        }
        let outbox = self.network.stored_keys("outbox/");
        let mut what = format!("not settled after {ROUNDS} rounds; outbox: {outbox:?}");
        for key in &self.keys {
            if let Some(document) = self.network.document(key) {
                let (origin, pending) = (document.origin(), document.pending().count());
                let open = origin.open().is_some();
                what.push_str(&format!("; {key}: {pending} pending, intent open: {open}"));
            }
        }
        self.facts.fail(what);
    }

    fn round(&mut self) {
        self.note(|| "--- a round".to_owned());
        let buckets: Vec<u16> = self.keys.iter().map(bucket).collect();
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            let config = self.pops[pop].config.clone();
            let mut replica = Replica::start(config, &mut ports);
            replica.tick(&mut ports, buckets.clone());
            for key in &self.keys {
                // A page is polled where it was read.
                let _ = replica.read(&mut ports, key, &mut Token::new());
                replica.poll_origin(&mut ports, key, true);
            }
        }
    }

    fn is_quiet(&self) -> bool {
        self.network.stored_keys("outbox/").is_empty()
            && self.keys.iter().all(|key| self.agrees_with_origin(key))
    }

    fn agrees_with_origin(&self, key: &DocumentKey) -> bool {
        let revisions = self.network.revisions(key.key());
        let Some(document) = self.network.document(key) else { return true };
        let held = document.origin().revision();
        revisions.last().map_or(0, |last| last.id) == held
            && document.pending().next().is_none()
            && document.origin().open().is_none()
    }

    fn check_end(&mut self) {
        for page in 0..self.keys.len() {
            self.check_page(page);
        }
        for client in 0..self.clients.len() {
            for page in 0..self.keys.len() {
                self.check_client(client, page);
            }
        }
    }

    fn check_page(&mut self, page: usize) {
        let key = self.keys[page].clone();
        let revisions = self.network.revisions(key.key());
        let mut history = Seen::default();
        for revision in &revisions {
            self.facts.revision(&mut history, page, revision.id, &revision.text);
        }
        let stored = revisions.last().map(|last| last.text.clone()).unwrap_or_default();
        let Some(document) = self.network.document(&key) else {
            self.facts.settled(page, &stored);
            return;
        };
        self.facts.settled(page, document.text());
        if document.text() != stored {
            let text = document.text();
            self.facts.fail(format!("{key}: the log has {text:?}, the origin {stored:?}"));
        }
        self.check_document(&key, &document);
        self.check_pops(&key, &document);
    }

    fn check_document(&mut self, key: &DocumentKey, document: &Document) {
        if !document.quarantined().is_empty() {
            self.facts.fail(format!("{key}: quarantined {:?}", document.quarantined()));
        }
        match Document::decode(&document.encode()) {
            Ok(decoded) if decoded == *document => {}
            Ok(_) => self.facts.fail(format!("{key}: decodes to another document")),
            Err(error) => self.facts.fail(format!("{key}: does not decode: {error}")),
        }
        let mut names: Vec<_> = document.changes().iter().map(|change| change.actor).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() != document.changes().len() {
            self.facts.fail(format!("{key}: two changes have the same dots"));
        }
        for known in &document.origin().known {
            let text = document.text_at(&known.version).unwrap_or_default();
            if Digest::of_text(&text) != known.text.text {
                let revision = known.text.revision;
                self.facts.fail(format!("{key}: revision {revision} is not {text:?}"));
            }
        }
        let records = self.network.with_relay(|relay| relay.records(key).to_vec());
        let mut folded = Document::new(key.clone(), Cursor::start(document.cursor().epoch));
        for record in &records {
            let (epoch, position, prefix) =
                (document.cursor().epoch, record.position, record.prefix);
            let entry = Entry::decode(&record.entry).expect("what the relay logged decodes");
            folded.apply(Cursor { epoch, position, prefix }, record.logged_ms, &entry);
        }
        if folded != *document {
            self.facts.fail(format!("{key}: the fold of the log is another document"));
        }
    }

    fn check_pops(&mut self, key: &DocumentKey, document: &Document) {
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            let config = self.pops[pop].config.clone();
            let kept = self.pops[pop].idle.pop();
            let mut replica = kept.unwrap_or_else(|| Replica::start(config, &mut ports));
            let mut status = replica.document_status(&mut ports, key);
            if !matches!(&status, Ok(status) if status.position == document.place().position) {
                // A clock that had jumped may have said until when the relay rests.
                self.network.advance(2_000);
                status = replica.document_status(&mut ports, key);
            }
            let status = match status {
                Ok(status) => status,
                Err(error) => {
                    self.facts.fail(format!("pop {pop} {key}: {error}"));
                    continue;
                }
            };
            let clean = (status.overlay, status.pending, status.intent_open) == (0, 0, false);
            let same = status.value_hash == document.value_hash().to_string()
                && status.state_hash == document.state_hash().to_string();
            if !clean || !same || !status.quarantined.is_empty() {
                self.facts.fail(format!("pop {pop} {key} differs: {status:?}"));
            }
        }
    }

    fn check_client(&mut self, client: usize, page: usize) {
        let pop = self.random.index(self.pops.len());
        let mut ports = self.network.ports(pop, None);
        let config = self.pops[pop].config.clone();
        let mut replica = Replica::start(config, &mut ports);
        let of_client = &mut self.clients[client];
        let mut token = replica.token(of_client.token.as_deref());
        let whose = format!("client {client} at the end, at pop {pop}");
        let mut read = replica.read(&mut ports, &self.keys[page], &mut token);
        if read.is_err() {
            self.network.advance(2_000);
            read = replica.read(&mut ports, &self.keys[page], &mut token);
        }
        match read {
            Ok(head) => {
                self.facts.served(&mut of_client.seen[page], page, &head.text, &whose);
            }
            Err(error) => self.facts.fail(format!("{whose}: {error}")),
        }
    }

    fn finish(mut self) -> Report {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        while let Some(running) = self.running.pop() {
            while !running.task.resume() {}
            running.task.end();
        }
        let alarms = self.network.take_log().into_iter().filter(|log| log.1 == Level::Alarm);
        for (pop, _, event) in alarms {
            if !self.alarms_expected.iter().any(|expected| event.contains(expected)) {
                self.facts.fail(format!("pop {pop} alarm: {event}"));
            }
        }
        let fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        self.report.deaths = fate.calls;
        drop(fate);
        self.report.failures = std::mem::take(&mut self.facts.failures);
        self.report.trace = self.network.take_trace();
        self.report
    }
}

/// Counts the calls of one request: look-ups, of which there may be one for each
/// save that waits while the relay is away, and all others.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<(usize, usize)>>);

impl Counter {
    fn add(&self, call: &str) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match call {
            "store.get" | "cache.peek" => counted.0 += 1,
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
        let pass = !drawn.stop && drawn.random.chance(300);
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

/// A text after somebody inserted `word` and perhaps deleted others: the text
/// and what was deleted.
///
/// Each word goes with the white space behind it. Where a word is inserted close
/// to one that is deleted, a difference of texts cannot tell which of the words
/// between was moved; so that who deleted what is certain, some words stay between.
fn edited(text: &str, word: Option<Word>, random: &mut Random) -> (String, Vec<Word>) {
    let alone = standing_alone(text);
    let at = word.map(|_| place(text, random));
    let mut doomed = Vec::new();
    if word.is_none() || random.chance(250) {
        for _ in 0..1 + random.index(2) {
            let chosen = alone.get(random.index(alone.len()));
            doomed.extend(chosen.filter(|chosen| at.is_none_or(|at| is_far(&alone, chosen, at))));
        }
    }
    doomed.sort_unstable();
    doomed.dedup();
    let mut edited = String::new();
    let mut from = 0;
    let mut written = word.zip(at);
    for (start, end, _) in doomed.iter().chain([&&(text.len(), text.len(), 0)]) {
        if let Some((word, at)) = written.filter(|written| written.1 <= *start) {
            edited.push_str(&text[from..at]);
            insert(&mut edited, word, random);
            (from, written) = (at, None);
        }
        edited.push_str(&text[from..*start]);
        from = *end;
    }
    (edited, doomed.iter().map(|doomed| doomed.2).collect())
}

/// Whether two words that stay lie between a word and a place.
fn is_far(alone: &[(usize, usize, Word)], word: &(usize, usize, Word), at: usize) -> bool {
    let (from, to) = (at.min(word.0), at.max(word.0));
    alone.iter().filter(|other| other.0 > from && other.1 <= to).count() >= 4
}

/// Somewhere between words.
fn place(text: &str, random: &mut Random) -> usize {
    if random.chance(300) {
        return text.len();
    }
    let places = text.match_indices([' ', '\n']).map(|(at, _)| at + 1);
    let places: Vec<usize> = std::iter::once(0).chain(places).collect();
    places[random.index(places.len())]
}

fn insert(text: &mut String, word: Word, random: &mut Random) {
    if !text.is_empty() && !text.ends_with([' ', '\n']) {
        text.push('\n');
    }
    text.push_str(&spelled(word));
    text.push(if random.chance(400) { '\n' } else { ' ' });
}

/// Words with white space or nothing on both sides, with what is behind them.
fn standing_alone(text: &str) -> Vec<(usize, usize, Word)> {
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive([' ', '\n']) {
        let trimmed = part.trim_end_matches([' ', '\n']);
        let digits = trimmed.strip_prefix('w').and_then(|rest| rest.strip_suffix('q'));
        if let Some(word) = digits.and_then(|digits| digits.parse().ok()) {
            found.push((start, start + part.len(), word));
        }
        start += part.len();
    }
    found
}

/// Kinds of faults, for [`Plan::without`].
pub(crate) const KINDS: u32 = 19;

const _: () = assert!(ROUNDS as u64 * 11_000 > limits::LEASE_MS * 2);
