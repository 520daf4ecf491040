//! A page of which as much waits as may, with the relay away: what a refusal costs, whom it must
//! not meet, and when it ends.

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::ports::{Cache, Ports};
use redwedding_replica::save::{Save, SaveError, Saved, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network, bucket, whole};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("a key")
}

fn config() -> Config {
    Config::new("wiki", "pop", b"secret")
}

/// Two points of presence, at the first of which a page is full.
struct Edge {
    network: Network,
    ports: MemoryPorts,
    replica: Replica,
    /// The text that the log has of the page.
    logged: u64,
    /// The last save that was taken, and its client.
    last: (Save, ClientSession),
    /// How many were taken that the log does not have.
    taken: usize,
}

impl Edge {
    fn full(seed: u64) -> Self {
        let network = Network::new(seed, 2);
        let mut ports = network.ports(0, None);
        let mut replica = Replica::start(config(), &mut ports);
        let (first, client) = (whole(None, "a page\n"), ClientSession::new());
        let session = &mut ClientSession::new();
        let made = replica.request(&mut ports, session).save(&page(), &first).expect("a page");
        replica.context(&mut ports).finish_save(made.after.expect("a push"));
        network.advance(1_000);
        let read = replica.request(&mut ports, &mut ClientSession::new()).read(&page());
        let logged = read.expect("a page").id;
        network.change_faults(|faults| faults.relay_down = true);
        let last = (first, client);
        let mut edge = Self { network, ports, replica, logged, last, taken: 0 };
        let text = "x".repeat(limits::PAGE_BYTES / 2);
        while let Ok(taken) = edge.client_saves(&format!("{text}{}\n", edge.taken)) {
            edge.taken += 1;
            edge.replica.context(&mut edge.ports).finish_save(taken.after.expect("a push"));
            edge.network.advance(600);
            assert!(edge.taken < 40, "it is never full");
        }
        // What was found is forgotten, and a sweep would push all of it.
        edge.network.advance(limits::OUTBOX_AGE_MS);
        edge
    }

    /// Somebody reads the page and saves it.
    fn client_saves(&mut self, text: &str) -> Result<Saved<MemoryPorts>, SaveError> {
        let mut session = ClientSession::new();
        let mut request = self.replica.request(&mut self.ports, &mut session);
        let read = request.read(&page()).expect("a page");
        let save = whole(Some(read.id), text);
        let saved = request.save(&page(), &save);
        if saved.is_ok() {
            self.last = (save, session);
        }
        saved
    }

    /// A save in a sandbox that starts.
    fn save(
        &mut self,
        session: &mut ClientSession,
        save: &Save,
    ) -> Result<Saved<MemoryPorts>, SaveError> {
        self.replica = Replica::start(config(), &mut self.ports);
        self.replica.request(&mut self.ports, session).save(&page(), save)
    }

    /// The same by somebody who has only seen what the log has.
    fn save_text(&mut self, text: &str) -> Result<Saved<MemoryPorts>, SaveError> {
        self.save(&mut ClientSession::new(), &whole(Some(self.logged), text))
    }

    /// A save that is refused. Gives the counts that it is told, and whether what waits was counted
    /// for it.
    fn refused(&mut self, text: &str) -> ((usize, usize), bool) {
        self.network.start_trace();
        let saved = self.save_text(text);
        let trace = self.network.take_trace();
        let Err(SaveError::Overloaded { saves, bytes }) = saved.map(|saved| saved.snapshot) else {
            panic!("it was not refused");
        };
        let counts = |call: &String| call.contains(" overlay/") || call.contains("outbox/");
        ((saves, bytes), trace.iter().any(counts))
    }

    /// Somebody else brings all that waits to the relay, which this point of presence cannot reach.
    fn drain(&mut self) {
        self.network.change_faults(|faults| {
            (faults.relay_down, faults.relay_unreached) = (false, 1);
        });
        let mut ports = self.network.ports(1, None);
        for _ in 0..30 {
            let mut elsewhere = Replica::start(Config::new("wiki", "there", b"secret"), &mut ports);
            elsewhere.context(&mut ports).tick([bucket(&page())]);
            if self.network.stored_keys("outbox/").is_empty() {
                break;
            }
        }
        assert_eq!(self.network.stored_keys("outbox/"), Vec::<String>::new());
        // What this one has shown holds what it cannot have of the log.
        let (head, _) = self.network.cached(0, "head/").expect("a head");
        self.network.set_cached(0, &head, None);
    }

    /// Takes the right to write anew that the page is full, where it is to be had.
    fn take_right(&mut self) -> Option<<<MemoryPorts as Ports>::Cache as Cache>::Revalidation> {
        let (name, _) = self.network.cached(0, "full/").expect("it was found full");
        self.ports.cache().lookup(&name, 0).revalidation
    }
}

#[test]
fn of_many_refused_saves_few_count_what_waits() {
    let mut edge = Edge::full(1);
    let (told, counted) = edge.refused("one\n");
    assert!(counted && told.0 == edge.taken && told.1 >= limits::OVERLAY_BYTES, "{told:?}");
    assert_eq!(edge.refused("two\n"), (told, false));
    let (mut counted, begun_ms) = (0, edge.network.passed_ms());
    for number in 0..200 {
        edge.network.advance(30);
        let (again, counts) = edge.refused(&format!("{number}\n"));
        assert_eq!(again, told);
        counted += u64::from(counts);
    }
    let most = (edge.network.passed_ms() - begun_ms) / (limits::FULL_MS / 2);
    assert!((most / 2..=most).contains(&counted), "counted {counted} times");
}

#[test]
fn whoever_comes_while_another_one_counts_is_refused_for_as_long_as_the_word_is_good() {
    let mut edge = Edge::full(2);
    edge.refused("one\n");
    assert!(edge.take_right().is_none(), "nobody is to count anew yet");
    edge.network.advance(limits::FULL_MS * 6 / 10);
    let right = edge.take_right();
    assert!(right.is_some() && !edge.refused("two\n").1);
    edge.network.advance(limits::FULL_MS / 2);
    assert!(edge.refused("three\n").1, "whatever became of that one");
    drop(right);
    edge.network.advance(limits::FULL_MS * 6 / 10);
    assert!(edge.refused("four\n").1, "one of them counts");
    assert!(!edge.refused("five\n").1);
}

#[test]
fn a_save_that_was_taken_is_not_refused_when_it_is_sent_again() {
    let mut edge = Edge::full(3);
    let (save, session) = edge.last.clone();
    let Submitted::Whole(text) = &save.submitted else { panic!("all of a text") };
    for known in [false, true] {
        if known {
            edge.refused("further\n");
        }
        let again = edge.save(&mut session.clone(), &save).expect("it was taken");
        assert!(again.after.is_none() && again.snapshot.text == *text, "its client knows");
        // The answer was lost, and with it the token that says so.
        let again = edge.save(&mut ClientSession::new(), &save).expect("it was taken");
        assert_eq!(again.snapshot.text, *text);
        assert!(edge.save(&mut ClientSession::new(), &whole(save.base, "other\n")).is_err());
    }
    // Once it is of an age to be swept.
    edge.network.advance(limits::OUTBOX_AGE_MS);
    edge.drain();
    let document = edge.network.document(&page()).expect("a document");
    assert_eq!(document.changes().len(), 1 + edge.taken);
}

#[test]
fn once_nothing_waits_a_save_is_taken_again_within_the_time_that_was_told() {
    for dies in [false, true] {
        let mut edge = Edge::full(4);
        edge.refused("one\n");
        edge.drain();
        let right = edge.take_right();
        assert!(right.is_some() && !edge.refused("two\n").1, "the word is still good");
        // Whoever was to count finds out, or never comes to it.
        let right = right.filter(|_| dies);
        edge.network.advance(if dies { limits::FULL_MS / 2 } else { 0 });
        let saved = edge.save_text("three\n");
        assert!(saved.is_ok(), "{:?}", saved.err());
        drop(right);
    }
}

#[test]
fn no_other_page_is_touched_nor_this_one_with_the_relay_back() {
    let mut edge = Edge::full(5);
    edge.refused("one\n");
    let other = DocumentKey::new("wiki", "Other").expect("a key");
    let (session, save) = (&mut ClientSession::new(), whole(None, "another page\n"));
    let saved = edge.replica.request(&mut edge.ports, session).save(&other, &save);
    assert!(saved.is_ok(), "{:?}", saved.err());
    edge.network.change_faults(|faults| faults.relay_down = false);
    edge.refused("two\n");
    // After an answer somebody finds out that it is back.
    edge.network.advance(limits::RELAY_BACKOFF_MOST_MS);
    edge.replica.context(&mut edge.ports).after_read(&page());
    edge.network.start_trace();
    assert!(edge.save_text("four\n").is_ok());
    let trace = edge.network.take_trace();
    let asked = trace.iter().find(|call| call.contains(" full/"));
    assert_eq!(asked, None, "with the relay in reach nobody asks whether it is full");
}

#[test]
fn a_cache_that_forgets_or_is_old_costs_a_count() {
    let mut edge = Edge::full(6);
    edge.refused("one\n");
    let (name, _) = edge.network.cached(0, "full/").expect("it was found full");
    edge.network.set_cached(0, &name, None);
    assert!(edge.refused("two\n").1);
    edge.network.advance(limits::FULL_MS * 2);
    assert!(edge.refused("three\n").1);
    edge.network.change_faults(|faults| faults.cache_old = 1_000);
    assert!(edge.refused("four\n").1, "the one before the last is not good any more");
}
