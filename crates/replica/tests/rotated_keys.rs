//! The keys of a deployment are exchanged, and nobody notices.

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::save::{Save, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn old(ports: &mut MemoryPorts) -> Replica {
    Replica::start(Config::new("wiki", "pop", b"old"), ports)
}

/// A sandbox after the exchange.
fn new(ports: &mut MemoryPorts) -> Replica {
    Replica::start(Config::new("wiki", "pop", b"new").after_exchange_of(b"old"), ports)
}

/// The same save each time. Gives the sealed session afterwards.
fn save(replica: &mut Replica, ports: &mut MemoryPorts, finish: bool) -> String {
    let (submitted, note) = (Submitted::Whole("a word\n".to_owned()), Note::default());
    let inputs = vec![b"a person".to_vec()];
    let save = Save {
        base: None,
        submitted,
        note,
        idempotency_inputs: inputs,
        base_check: None,
        trace: 0,
        only_if: None,
        closes: Vec::new(),
    };
    let mut open = replica.open_session(ports, None);
    let saved = replica.request(ports, &mut open.session).save(&page(), &save).expect("a save");
    if let Some(after) = saved.after.filter(|_| finish) {
        replica.context(ports).finish_save(after);
    }
    replica.seal(ports, &open)
}

#[test]
fn a_session_of_a_point_of_presence_that_is_ahead_is_read() {
    let network = Network::new(5, 1);
    let mut ports = network.ports(0, None);
    let sealed = save(&mut new(&mut ports), &mut ports, false);
    let behind = Config::new("wiki", "pop", b"old").before_exchange_with(b"new");
    let behind = Replica::start(behind, &mut ports);
    let opened = behind.open_session(&mut ports, Some(&sealed));
    assert!(!opened.session.own(&page()).is_empty());
}

#[test]
fn a_session_goes_on() {
    let network = Network::new(1, 1);
    let mut ports = network.ports(0, None);
    let sealed = save(&mut old(&mut ports), &mut ports, false);
    let opened = new(&mut ports).open_session(&mut ports, Some(&sealed));
    assert!(!opened.session.own(&page()).is_empty());
    let stranger = Replica::start(Config::new("wiki", "pop", b"another"), &mut ports);
    let opened = stranger.open_session(&mut ports, Some(&sealed));
    assert_eq!(opened.session, ClientSession::new());
}

#[test]
fn a_save_that_is_retried_is_the_same_save() {
    // It waits in the outbox, or the log has it.
    for (seed, finish) in [(2, true), (3, false)] {
        let network = Network::new(seed, 1);
        let mut ports = network.ports(0, None);
        network.change_faults(|faults| faults.relay_down = !finish);
        save(&mut old(&mut ports), &mut ports, finish);
        network.change_faults(|faults| faults.relay_down = false);
        network.advance(60_000);
        save(&mut new(&mut ports), &mut ports, true);
        let buckets = 0..64;
        new(&mut ports).context(&mut ports).tick(buckets);
        let document = network.document(&page()).expect("a document");
        assert_eq!((document.text(), document.changes().len()), ("a word\n", 1));
    }
}

#[test]
fn a_flush_that_is_under_way_is_still_ours() {
    let network = Network::new(4, 1);
    let mut ports = network.ports(0, None);
    save(&mut old(&mut ports), &mut ports, true);
    network.advance(60_000);
    // The origin commits, and its answer is lost.
    network.change_faults(|faults| faults.origin_loses_answer = 1_000);
    old(&mut ports).context(&mut ports).flush(&page());
    network.change_faults(|faults| faults.origin_loses_answer = 0);
    assert_eq!(network.revisions("Page").len(), 1);
    for _ in 0..3 {
        network.advance(60_000);
        new(&mut ports).context(&mut ports).flush(&page());
    }
    let document = network.document(&page()).expect("a document");
    assert_eq!((document.text(), network.revisions("Page").len()), ("a word\n", 1));
    assert_eq!(document.pending().count(), 0);
}
