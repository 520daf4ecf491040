//! Clients that go to another point of presence while the relay is away: what they have seen of
//! the log, the next one may lack.

use std::sync::{Arc, Mutex};

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::SaveError;
use redwedding_replica::testing::{Hook, MemoryPorts, ModelRelay, Network, whole};
use redwedding_replica::{Config, LoadError, Replica};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::Cursor;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

/// A page of the same shard.
fn neighbour() -> DocumentKey {
    let keys = (0..).map(|number| DocumentKey::new("wiki", format!("{number}")).expect("key"));
    let mut keys = keys.filter(|key| key.shard(limits::SHARDS) == page().shard(limits::SHARDS));
    keys.next().expect("there is one in each shard")
}

/// A point of presence, with a sandbox for each request.
struct Pop(MemoryPorts);

impl Pop {
    fn new(network: &Network, pop: usize) -> Self {
        Self(network.ports(pop, None))
    }

    fn read(
        &mut self,
        session: &mut ClientSession,
        key: &DocumentKey,
    ) -> Result<(u64, String), LoadError> {
        let ports = &mut self.0;
        let mut replica = Replica::start(Config::new("wiki", "pop", b"secret"), ports);
        let read = replica.request(ports, session).read(key);
        let read = read.map(|snapshot| (snapshot.id, snapshot.text.clone()));
        replica.context(ports).after_read(key);
        read
    }

    fn save(
        &mut self,
        session: &mut ClientSession,
        key: &DocumentKey,
        base: Option<u64>,
        text: &str,
    ) -> Result<(u64, String), SaveError> {
        let ports = &mut self.0;
        let mut replica = Replica::start(Config::new("wiki", "pop", b"secret"), ports);
        let save = whole(base, text);
        let saved = replica.request(ports, session).save(key, &save)?;
        if let Some(after) = saved.after {
            replica.context(ports).finish_save(after);
        }
        Ok((saved.snapshot.id, saved.snapshot.text.clone()))
    }
}

fn nobody() -> ClientSession {
    ClientSession::new()
}

fn relay_is_away(network: &Network, away: bool) {
    network.change_faults(|faults| faults.relay_down = away);
    network.advance(60_000);
}

#[test]
fn what_happened_to_other_pages_keeps_nobody_waiting() {
    let network = Network::new(1, 2);
    let (mut here, mut there) = (Pop::new(&network, 0), Pop::new(&network, 1));
    here.save(&mut nobody(), &page(), None, "a page\n").expect("a save");
    there.read(&mut nobody(), &page()).expect("a page");
    here.save(&mut nobody(), &neighbour(), None, "another\n").expect("a save");
    network.advance(1_000);
    let mut session = ClientSession::new();
    here.read(&mut session, &page()).expect("a page");
    relay_is_away(&network, true);
    let read = there.read(&mut session, &page()).expect("it is the same page");
    assert_eq!(read.1, "a page\n");
}

/// A page that the point of presence `there` knows from before, if at all; `here` took more of it
/// since, which `session` has seen. Gives the number of the text.
fn seen_here(
    here: &mut Pop,
    there: Option<&mut Pop>,
    session: &mut ClientSession,
    network: &Network,
) -> u64 {
    let (id, _) = here.save(&mut nobody(), &page(), None, "a page\n").expect("a save");
    if let Some(there) = there {
        there.read(&mut nobody(), &page()).expect("a page");
    }
    here.save(&mut nobody(), &page(), Some(id), "a page\nmore\n").expect("a save");
    network.advance(1_000);
    let (id, text) = here.read(session, &page()).expect("a page");
    assert_eq!(text, "a page\nmore\n");
    id
}

#[test]
fn whoever_moves_goes_on_where_it_was() {
    let network = Network::new(2, 2);
    let (mut here, mut there) = (Pop::new(&network, 0), Pop::new(&network, 1));
    let (mut reader, mut writer) = (ClientSession::new(), ClientSession::new());
    let id = seen_here(&mut here, Some(&mut there), &mut reader, &network);
    assert_eq!(network.stored_keys("handover/"), Vec::<String>::new(), "the relay answers");
    relay_is_away(&network, true);
    // Somebody is served without the relay, and somebody's save is taken.
    here.read(&mut nobody(), &page()).expect("a page");
    let mine = here.save(&mut writer, &page(), Some(id), "a page\nmore\nmine\n").expect("a save");
    let read = there.read(&mut reader, &page()).expect("what it has seen");
    assert!(read.1.starts_with("a page\nmore\n"), "{}", read.1);
    let text = format!("{}and mine\n", mine.1);
    let saved = there.save(&mut writer, &page(), Some(mine.0), &text).expect("it is taken");
    assert_eq!(saved.1, text);
    // Somebody without a session, too.
    let text = "a page\nmore, from a form without a session\n";
    let saved = there.save(&mut nobody(), &page(), Some(id), text).expect("it is taken");
    assert!(saved.1.contains("from a form"), "{}", saved.1);
    relay_is_away(&network, false);
    for pop in [&mut here, &mut there] {
        for _ in 0..3 {
            network.advance(limits::SWEEP_MS);
            pop.read(&mut nobody(), &page()).expect("a page");
            let mut replica = Replica::start(Config::new("wiki", "pop", b"secret"), &mut pop.0);
            replica.context(&mut pop.0).tick(0..limits::OUTBOX_BUCKETS);
        }
    }
    let document = network.document(&page()).expect("a document");
    for word in ["mine", "and mine", "from a form"] {
        assert_eq!(
            document.text().matches(word).count(),
            1 + usize::from(word == "mine"),
            "{word}"
        );
    }
}

#[test]
fn a_page_that_is_unknown_there_is_served_although_the_origin_is_away_too() {
    let network = Network::new(3, 2);
    let (mut here, mut there) = (Pop::new(&network, 0), Pop::new(&network, 1));
    let mut session = ClientSession::new();
    seen_here(&mut here, None, &mut session, &network);
    network.change_faults(|faults| faults.origin_down = true);
    relay_is_away(&network, true);
    here.read(&mut nobody(), &page()).expect("a page");
    let read = there.read(&mut nobody(), &page()).expect("what was left for it");
    assert_eq!(read.1, "a page\nmore\n");
    assert_eq!(there.read(&mut session, &page()), Ok(read));
}

#[test]
fn a_document_is_left_once_however_much_is_done_with_it() {
    let network = Network::new(4, 2);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = calls.clone();
    let hook: Hook = Arc::new(move |call| noted.lock().expect("a lock").push(call));
    let [mut here, mut there] = [0, 1].map(|pop| Pop(network.ports(pop, Some(hook.clone()))));
    let mut session = ClientSession::new();
    let mut id = seen_here(&mut here, Some(&mut there), &mut session, &network);
    relay_is_away(&network, true);
    let mut text = "a page\nmore\n".to_owned();
    for number in 0..30 {
        network.advance(2_000);
        for pop in [&mut here, &mut there] {
            text = format!("{text}{number}\n");
            (id, text) = pop.save(&mut session, &page(), Some(id), &text).expect("a save");
            pop.read(&mut nobody(), &page()).expect("a page");
        }
    }
    let calls = calls.lock().expect("a lock");
    let written = calls.iter().filter(|call| **call == "store.begin_insert_for").count();
    assert_eq!(written, 1, "both stand on the same");
    assert_eq!(network.stored_keys("handover/").len(), 1);
}

/// One save of somebody after the other.
fn write_on(pop: &mut Pop, network: &Network, id: u64, numbers: std::ops::Range<u32>) -> String {
    let (mut id, mut text) = (id, String::new());
    for number in numbers {
        network.advance(1_000);
        let saved = pop.save(&mut nobody(), &page(), Some(id), &format!("text {number}\n"));
        (id, text) = saved.expect("a save");
    }
    text
}

/// What lies in a store from before does not win over a log that was begun anew, or lost its
/// tail and went on: not over what is known of that, and never over what the relay says.
#[test]
fn what_was_left_of_another_log_is_not_taken() {
    for lost_tail in [true, false] {
        let network = Network::new(5, 2);
        let (mut here, mut there) = (Pop::new(&network, 0), Pop::new(&network, 1));
        let mut session = ClientSession::new();
        let id = seen_here(&mut here, None, &mut session, &network);
        let lost = write_on(&mut here, &network, id, 0..9);
        let _ = here.read(&mut session, &page()).expect("a page");
        let epoch = session.epoch();
        relay_is_away(&network, true);
        here.read(&mut nobody(), &page()).expect("a page");
        assert_eq!(network.stored_keys("handover/").len(), 1);
        let next = if lost_tail { epoch } else { epoch + 2 };
        network.with_relay(|relay: &mut ModelRelay, _| {
            *relay = ModelRelay::new(next, limits::FLUSH_INTERVAL_MS);
        });
        relay_is_away(&network, false);
        let (id, _) = there.read(&mut nobody(), &page()).expect("as the origin has it");
        let id = Some(id).filter(|id| *id != 0);
        let (id, _) = there.save(&mut nobody(), &page(), id, "another\n").expect("a save");
        relay_is_away(&network, true);
        let mut further = ClientSession::new();
        let seen = Cursor { epoch: next, position: 5, prefix: Digest::default() };
        further.see(page().shard(limits::SHARDS), seen);
        assert_eq!(there.read(&mut further, &page()), Err(LoadError::Behind));
        // Where nothing is known of it, it is taken, by whoever has seen it.
        network.clear_cache(1);
        assert_eq!(there.read(&mut session, &page()).map(|read| read.1), Ok(lost));
        relay_is_away(&network, false);
        network.clear_cache(0);
        let newest = write_on(&mut here, &network, id, 20..40);
        let mut last = String::new();
        for _ in 0..4 {
            network.advance(limits::LET_GO_MS);
            last = there.read(&mut nobody(), &page()).map(|read| read.1).unwrap_or_default();
        }
        assert_eq!(last, newest, "{lost_tail}");
    }
}
