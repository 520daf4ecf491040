//! The relay as it ships keeps the contract that replicas rely on.
//!
//! May assume nothing. Must never weaken the suite for its sake.

use redwedding_fold::FloorPolicy;
use redwedding_replica::ports::Ports;
use redwedding_replica::testing::{Network, conformance};
use redwedding_simulation::FoldRelay;
use redwedding_wire::identity::DocumentKey;

#[test]
fn the_fold_is_a_relay() {
    let relay = |epoch| Box::new(FoldRelay::new(epoch, 1, FloorPolicy::default())) as _;
    let network = Network::around(3, 1, relay);
    let document = DocumentKey::new("wiki", "Page").expect("key");
    conformance::relay(network.ports(0, None).relay(), &document);
}
