//! For tests: every port in memory, with the faults that its contract allows,
//! and a conformance suite for each port.
//!
//! Behind the feature `testing`, which nothing that serves requests may turn on.
//! [`Network`] is the world that the in-memory ports share; [`Faults`] says what
//! goes wrong in it; [`conformance`] holds any implementation of a port, these
//! or an adapter elsewhere, to what a replica relies on. What happens follows
//! from the seed and the order of calls alone.
//!
//! ```
//! use redwedding_wire::identity::DocumentKey;
//! use redwedding_replica::testing::Network;
//! use redwedding_replica::{Config, Replica, client_session::ClientSession};
//!
//! let network = Network::new(1, 2);
//! network.edit_at_origin("Page", "someone", |_| "Hello.\n".to_owned());
//! let mut ports = network.ports(0, None);
//! let mut replica = Replica::start(Config::new("wiki", "pop-0", b"secret"), &mut ports);
//! let page = DocumentKey::new("wiki", "Page")?;
//! let snapshot = replica.request(&mut ports, &mut ClientSession::new()).read(&page)?;
//! assert_eq!(snapshot.text, "Hello.\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod conformance;
pub mod fuzz;
pub mod wire;

mod cache;
mod network;
mod origin;
mod random;
mod relay;
mod store;
mod struck;

use redwedding_document::entry::Note;
use redwedding_wire::identity::DocumentKey;

use crate::save::{Save, Submitted};

pub use cache::{MemoryCache, Revalidation};
pub use network::{Faults, Hook, MemoryPorts, Network, Waits};
pub use origin::{MemoryOrigin, StoredRevision};
pub use random::Random;
pub use relay::{Choice, MemoryRelay, ModelRelay, Moment, NetworkRelay, PendingExchange, told};
pub use store::{MemoryStore, PendingWrite};
pub use struck::Struck;

/// The outbox bucket that a document's saves are in.
pub fn bucket(document: &DocumentKey) -> u16 {
    crate::keys::bucket(document)
}

/// A save of a whole text by nobody in particular, on the version with this number; of one text it
/// is one save.
#[must_use]
pub fn whole(base: Option<u64>, text: &str) -> Save {
    Save {
        base,
        base_check: None,
        submitted: Submitted::Whole(text.to_owned()),
        note: Note::default(),
        idempotency_inputs: vec![text.as_bytes().to_vec()],
        trace: 0,
        only_if: None,
        closes: Vec::new(),
    }
}
