//! Writing what waits to the origin, by a point of presence that knows little of it.

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::flush::Flushed;
use redwedding_replica::limits;
use redwedding_replica::save::{Save, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn start(network: &Network, pop: usize) -> (Replica, MemoryPorts) {
    let mut ports = network.ports(pop, None);
    let config = Config::new("wiki", &format!("pop-{pop}"), b"secret");
    (Replica::start(config, &mut ports), ports)
}

/// Saves a text; the number of what its author has before them then.
fn save(replica: &mut Replica, ports: &mut MemoryPorts, base: Option<u64>, text: &str) -> u64 {
    let save = Save {
        base,
        submitted: Submitted::Whole(text.to_owned()),
        note: Note::default(),
        idempotency_inputs: vec![text.as_bytes().to_vec()],
        base_check: None,
        trace: 0,
        only_if: None,
    };
    let mut session = ClientSession::new();
    let saved = replica.request(ports, &mut session).save(&page(), &save).expect("a save");
    let id = saved.snapshot.id;
    if let Some(after) = saved.after {
        replica.context(ports).finish_save(after);
    }
    id
}

/// After a long outage the log takes thousands of saves at once. Whoever is asked to write them
/// reads on until they have all, and only then says what they will write: an intent that they do
/// not see themselves would keep everybody waiting for as long as a lease lasts.
#[test]
fn who_lags_far_behind_writes_all_of_it_at_once() {
    let network = Network::new(1, 2);
    let (mut busy, mut ports) = start(&network, 0);
    let mut id = save(&mut busy, &mut ports, None, "one\n");
    let (mut other, mut there) = start(&network, 1);
    assert_eq!(other.context(&mut there).flush(&page()), Flushed::Done);
    let (rounds, mut text) = (limits::EXCHANGE_ROUNDS as usize, "one\n".to_owned());
    for number in 0..rounds * limits::PULL_ENTRIES + 100 {
        // A sandbox serves few requests.
        if number % 50 == 0 {
            busy = start(&network, 0).0;
        }
        text.push_str(&format!("row {number}\n"));
        id = save(&mut busy, &mut ports, Some(id), &text);
    }
    let (mut other, mut there) = start(&network, 1);
    assert_eq!(other.context(&mut there).flush(&page()), Flushed::Done);
    let written = network.revisions("Page").pop().map(|revision| revision.text);
    assert!(written.as_deref() == Some(&text), "{} bytes", written.unwrap_or_default().len());
}
