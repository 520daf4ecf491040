//! The relay as it ships keeps the contract that replicas rely on.
//!
//! May assume nothing. Must never weaken the suite for its sake.

use redwedding_document::entry::Note;
use redwedding_fold::FloorPolicy;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::ports::Ports;
use redwedding_replica::save::{Save, Submitted};
use redwedding_replica::testing::{Network, bucket, conformance};
use redwedding_replica::{Config, Replica};
use redwedding_simulation::FoldRelay;
use redwedding_wire::identity::DocumentKey;

#[test]
fn the_fold_is_a_relay() {
    let relay = |epoch| Box::new(FoldRelay::new(epoch, 1, FloorPolicy::default())) as _;
    let network = Network::around(3, 1, relay);
    let document = DocumentKey::new("wiki", "Page").expect("key");
    conformance::relay(network.ports(0, None).relay(), &document);
}

/// Each batch has time for less than a hundred of them.
#[test]
fn a_sweep_goes_on_with_what_the_relay_had_no_time_for() {
    let relay = |epoch| Box::new(FoldRelay::new(epoch, 1, FloorPolicy::default())) as _;
    let network = Network::around(3, 1, relay);
    let document = DocumentKey::new("wiki", "Page").expect("key");
    let mut ports = network.ports(0, None);
    let start = |ports: &mut _| Replica::start(Config::new("wiki", "pop", b"secret"), ports);
    network.change_faults(|faults| faults.relay_down = true);
    for number in 0..200 {
        let text = format!("page {number}\n");
        let save = Save {
            base: None,
            idempotency_inputs: vec![text.as_bytes().to_vec()],
            submitted: Submitted::Whole(text),
            note: Note::default(),
            base_check: None,
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        let (mut replica, mut session) = (start(&mut ports), ClientSession::new());
        let saved = replica.request(&mut ports, &mut session).save(&document, &save);
        let after = saved.expect("it is taken").after.expect("the relay is away");
        replica.context(&mut ports).finish_save(after);
        network.advance(10);
    }
    network.change_faults(|faults| faults.relay_down = false);
    network.advance(60_000);
    let mut ticked = start(&mut ports).context(&mut ports).tick([bucket(&document)]);
    for _ in 0..10 {
        if ticked.more {
            ticked = start(&mut ports).context(&mut ports).tick([bucket(&document)]);
        }
    }
    assert_eq!(network.stored_keys("outbox/"), Vec::<String>::new());
}
