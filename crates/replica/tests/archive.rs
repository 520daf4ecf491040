//! What a point of presence does with a document that does not keep all of its history.

use std::sync::{Arc, Mutex};

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::flush::Flushed;
use redwedding_replica::save::{Save, SaveError, Saved, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network};
use redwedding_replica::{Config, LoadError, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

/// A point of presence, its one sandbox, and what that asked of the platform.
struct Place {
    network: Network,
    pop: usize,
    ports: MemoryPorts,
    replica: Replica,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Place {
    fn at(network: &Network, pop: usize) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let noted = calls.clone();
        let hook = move |call: &'static str| noted.lock().expect("a lock").push(call);
        let mut ports = network.ports(pop, Some(Arc::new(hook)));
        let config = Config::new("wiki", &format!("pop-{pop}"), b"secret");
        let replica = Replica::start(config, &mut ports);
        Self { network: network.clone(), pop, ports, replica, calls }
    }

    /// Another sandbox, and nothing in the cache.
    fn afresh(&mut self) {
        self.network.clear_cache(self.pop);
        *self = Self::at(&self.network, self.pop);
    }

    /// How many segments were asked for since this was called last.
    fn fetched(&self) -> usize {
        let calls = std::mem::take(&mut *self.calls.lock().expect("a lock"));
        calls.iter().filter(|call| **call == "relay.segment").count()
    }

    fn try_save(
        &mut self,
        base: Option<u64>,
        text: &str,
        session: &mut ClientSession,
    ) -> Result<Saved<MemoryPorts>, SaveError> {
        let save = Save {
            base,
            submitted: Submitted::Whole(text.to_owned()),
            note: Note::default(),
            idempotency_inputs: vec![
                base.unwrap_or(0).to_le_bytes().to_vec(),
                text.as_bytes().to_vec(),
            ],
            base_check: None,
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        self.replica.request(&mut self.ports, session).save(&page(), &save)
    }

    /// A save of a client that has no session; gives text and number of the answer, and whether
    /// anything was written.
    fn save(&mut self, base: Option<u64>, text: &str) -> (String, u64, bool) {
        let saved = self.try_save(base, text, &mut ClientSession::new()).expect("a save");
        let (text, id, written) =
            (saved.snapshot.text.clone(), saved.snapshot.id, saved.after.is_some());
        if let Some(after) = saved.after {
            self.replica.context(&mut self.ports).finish_save(after);
        }
        (text, id, written)
    }

    fn read(&mut self, session: &mut ClientSession) -> (u64, String) {
        // What was exchanged before is not fresh any more.
        self.network.advance(2_000);
        let snapshot =
            self.replica.request(&mut self.ports, session).read(&page()).expect("a page");
        (snapshot.id, snapshot.text.clone())
    }

    fn flush(&mut self) {
        assert_eq!(self.replica.context(&mut self.ports).flush(&page()), Flushed::Done);
    }

    fn version(&mut self, number: u64) -> Result<Option<String>, LoadError> {
        let session = &mut ClientSession::new();
        let found = self.replica.request(&mut self.ports, session).read_version(&page(), number);
        found.map(|(_, text)| text)
    }
}

fn floor(network: &Network) -> (usize, usize) {
    let document = network.document(&page()).expect("a document");
    (document.changes().floor(), document.changes().len())
}

/// A page of three saves, each in a segment of its own, with the number of each version.
fn pruned(network: &Network) -> (Place, Vec<(u64, String)>) {
    let mut place = Place::at(network, 0);
    let mut versions: Vec<(u64, String)> = Vec::new();
    for line in ["a\n", "b\n", "c\n"] {
        let (base, before) = versions.last().cloned().unzip();
        place.save(base, &format!("{}{line}", before.unwrap_or_default()));
        versions.push(place.read(&mut ClientSession::new()));
        place.flush();
        network.move_floor(&page(), (versions.len(), 0), false);
    }
    assert_eq!(floor(network), (3, 3));
    place.afresh();
    (place, versions)
}

#[test]
fn a_save_below_the_floor_merges_exactly() {
    let network = Network::new(1, 2);
    let (mut place, versions) = pruned(&network);
    let (first, _) = versions[0];
    assert_eq!(place.save(Some(first), "a!\n").0, "a!\nb\nc\n");
    assert_eq!(place.fetched(), 2, "all that came after");
    assert_eq!(place.read(&mut ClientSession::new()).1, "a!\nb\nc\n");
    let (second, text) = &versions[1];
    assert_eq!(text, "a\nb\n");
    assert_eq!(place.save(Some(*second), "a\nb!\n").0, "a!\nb!\nc\n");
    assert_eq!(place.fetched(), 0, "what was fetched is in the cache, or kept again");
    let document = network.document(&page()).expect("a document");
    assert_eq!(document.text(), "a!\nb!\nc\n");
    assert_eq!(place.read(&mut ClientSession::new()).1, document.text());
}

#[test]
fn what_stands_on_what_is_kept_asks_for_nothing() {
    let network = Network::new(2, 2);
    let (mut place, versions) = pruned(&network);
    let (last, text) = place.read(&mut ClientSession::new());
    assert_eq!((last, text.as_str()), (versions[2].0, "a\nb\nc\n"));
    assert_eq!(place.save(Some(last), "a\nb\nc\nd\n").0, "a\nb\nc\nd\n");
    let session = &mut ClientSession::new();
    let saved = place.try_save(Some(last), "z\na\nb\nc\n", session).expect("a save");
    assert_eq!(place.read(session).1, saved.snapshot.text);
    assert_eq!(place.version(last).expect("a page").as_deref(), Some("a\nb\nc\n"));
    assert_eq!(place.fetched(), 0);
}

#[test]
fn a_retry_of_an_archived_save_is_recognised() {
    let network = Network::new(3, 2);
    let (mut place, versions) = pruned(&network);
    let before = network.document(&page());
    for (base, text) in [(None, "a\n"), (Some(versions[0].0), "a\nb\n")] {
        let (answered, _, written) = place.save(base, text);
        assert_eq!((answered.as_str(), written), ("a\nb\nc\n", false), "{text:?}");
    }
    assert_eq!(network.document(&page()), before, "nothing was pushed");
    let other = place.try_save(None, "x\n", &mut ClientSession::new());
    assert!(matches!(other, Err(SaveError::Exists { .. })));
}

#[test]
fn without_the_relay_it_is_to_be_tried_again() {
    let network = Network::new(4, 2);
    let (mut place, versions) = pruned(&network);
    place.read(&mut ClientSession::new());
    network.change_faults(|faults| faults.relay_down = true);
    let (first, second) = (versions[0].0, versions[1].0);
    let refused = place.try_save(Some(first), "a!\n", &mut ClientSession::new());
    assert!(matches!(refused, Err(SaveError::Load(LoadError::Archived))));
    assert_eq!(place.version(second), Err(LoadError::Archived));
    network.heal();
    network.advance(10_000);
    assert_eq!(place.version(second), Ok(Some("a\nb\n".to_owned())));
    assert_eq!(place.save(Some(first), "a!\n").0, "a!\nb\nc\n");
}

#[test]
fn old_versions_and_the_past_are_read_from_the_archive() {
    let network = Network::new(5, 2);
    let (mut place, versions) = pruned(&network);
    for (number, text) in &versions {
        assert_eq!(place.version(*number).as_ref(), Ok(&Some(text.clone())));
    }
    assert_eq!(place.fetched(), 2, "the last one is the present one");
    assert_eq!(place.version(versions[0].0 + 1), Ok(None), "check bits that are wrong");
    place.afresh();
    let (ports, session) = (&mut place.ports, &mut ClientSession::new());
    let asked = [Some(versions[1].0)];
    let history =
        place.replica.request(ports, session).history(&page(), &asked, 0).expect("a history");
    assert_eq!(history.index_of(versions[1].0), Some(1));
    assert_eq!(history.text(versions[1].0).as_deref(), Some("a\nb\n"));
    assert_eq!(history.id(0), Some(versions[0].0), "the one before is known, too");
    assert_eq!(place.fetched(), 1);
    place.afresh();
    let (ports, session) = (&mut place.ports, &mut ClientSession::new());
    let history =
        place.replica.request(ports, session).history(&page(), &[None], 2).expect("a history");
    let ids: Vec<_> = (1..3).filter_map(|index| history.id(index)).collect();
    assert_eq!(ids, [versions[1].0, versions[2].0]);
    assert_eq!((history.id(0), place.fetched()), (Some(versions[0].0), 2));
}

#[test]
fn who_comes_back_to_an_archived_save_is_served() {
    let network = Network::new(6, 2);
    let mut place = Place::at(&network, 0);
    let session = &mut ClientSession::new();
    let saved = place.try_save(None, "a\n", session).expect("a save");
    let after = saved.after.expect("something is left to do");
    place.replica.context(&mut place.ports).finish_save(after);
    let (mut kept, mut other) = (session.clone(), session.clone());
    place.flush();
    let (base, _) = place.read(&mut ClientSession::new());
    place.save(Some(base), "a\nb\n");
    place.flush();
    network.move_floor(&page(), (2, 0), false);
    assert_eq!(floor(&network), (2, 2));
    // With the save's copy in the cache, and without any.
    assert_eq!(place.read(&mut kept).1, "a\nb\n");
    place.afresh();
    assert_eq!(place.read(&mut other.clone()).1, "a\nb\n");
    let served = place.try_save(Some(saved.snapshot.id), "a!\n", &mut other).expect("a save");
    assert_eq!(served.snapshot.text, "a!\nb\n");
}

#[test]
fn news_below_the_floor_of_what_is_held_bring_the_whole_document() {
    let network = Network::new(7, 2);
    let (mut place, versions) = pruned(&network);
    let mut other = Place::at(&network, 1);
    other.read(&mut ClientSession::new());
    place.save(Some(versions[0].0), "a!\n");
    assert_eq!(other.read(&mut ClientSession::new()).1, "a!\nb\nc\n");
    let status = |place: &mut Place| {
        place
            .replica
            .context(&mut place.ports)
            .document_status(&page())
            .expect("a document")
            .state_hash
    };
    assert_eq!(status(&mut other), status(&mut place));
}
