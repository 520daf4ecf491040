//! The in-memory ports keep the contracts that they stand for.
//!
//! May assume the feature `testing`. Must never weaken a suite for their sake.

use redwedding_replica::ports::Ports;
use redwedding_replica::testing::{Faults, Network, conformance};
use redwedding_wire::identity::DocumentKey;

#[test]
fn store() {
    let network = Network::new(1, 2);
    let stale = Faults { store_stale: 800, store_lag_ms: 5_000, ..Faults::default() };
    network.set_faults(stale);
    let (mut here, mut elsewhere) = (network.ports(0, None), network.ports(1, None));
    let wait = || network.advance(20_000);
    conformance::store(here.store(), elsewhere.store(), "conformance", wait);
}

#[test]
fn cache() {
    let network = Network::new(2, 1);
    let mut ports = network.ports(0, None);
    conformance::cache(ports.cache(), "conformance", |ms| network.advance(ms));
}

#[test]
fn relay() {
    let network = Network::new(3, 1);
    let mut ports = network.ports(0, None);
    let document = DocumentKey::new("wiki", "Page").expect("key");
    conformance::relay(ports.relay(), &document);
}

#[test]
fn origin() {
    let network = Network::new(4, 1);
    conformance::origin(network.ports(0, None).origin(), "Page");
}

#[test]
fn silent_parts() {
    let network = Network::new(6, 1);
    network.set_faults(Faults { relay_hangs: 1_000, origin_hangs: 1_000, ..Faults::default() });
    let (mut ports, mut clock) = (network.ports(0, None), network.ports(0, None));
    let document = DocumentKey::new("wiki", "Page").expect("key");
    conformance::silent_relay(ports.relay(), &document, || clock.monotonic_ms());
    conformance::silent_origin(ports.origin(), || clock.monotonic_ms());
}

#[test]
fn surroundings() {
    conformance::surroundings(&mut Network::new(5, 1).ports(0, None));
}
