//! Two replicas at two points of presence, everything else in memory: each takes a
//! save that was made on the same version of a page, and both then read the merged
//! text.
//!
//! `cargo run -p redwedding-replica --example replica_in_memory`
//!
//! The relay, the origin, the store and the caches are the in-memory ports of the
//! feature `testing`. An adapter onto a platform implements the same traits
//! (`redwedding_replica::ports`).

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::save::{Save, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

type Failure = Box<dyn std::error::Error>;

/// A point of presence with one sandbox, and one client that asks there.
struct Place {
    replica: Replica,
    ports: MemoryPorts,
    session: ClientSession,
}

impl Place {
    fn at(network: &Network, pop: usize) -> Self {
        // The secret is what all points of presence share.
        let config = Config::new("wiki", &format!("pop-{pop}"), b"a shared secret");
        let mut ports = network.ports(pop, None);
        let replica = Replica::start(config, &mut ports);
        Self { replica, ports, session: ClientSession::new() }
    }

    /// The text that the client is shown, and the number that names it.
    fn read(&mut self, page: &DocumentKey) -> Result<(u64, String), Failure> {
        let shown = self.replica.request(&mut self.ports, &mut self.session).read(page)?;
        Ok((shown.id, shown.text.clone()))
    }

    /// Saves `text`, which the client made of version `base`.
    fn save(&mut self, page: &DocumentKey, base: u64, text: &str) -> Result<String, Failure> {
        let save = Save {
            base: Some(base),
            submitted: Submitted::Whole(text.to_owned()),
            note: Note::default(),
            // What makes this save itself: sent again, it is the same save.
            idempotency_inputs: vec![base.to_le_bytes().to_vec(), text.as_bytes().to_vec()],
            base_check: None,
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        let saved = self.replica.request(&mut self.ports, &mut self.session).save(page, &save)?;
        // The save is durable: here the client would be answered. Then the rest is done.
        if let Some(persisted) = saved.after {
            self.replica.context(&mut self.ports).finish_save(persisted);
        }
        Ok(saved.snapshot.text.clone())
    }
}

fn main() -> Result<(), Failure> {
    let network = Network::new(1, 2);
    let page = DocumentKey::new("wiki", "Shopping")?;
    network.edit_at_origin("Shopping", "someone", |_| "milk\nbread\n".to_owned());
    let (mut here, mut there) = (Place::at(&network, 0), Place::at(&network, 1));

    // Both edit the same version.
    let (base, text) = here.read(&page)?;
    let (same, _) = there.read(&page)?;
    assert_eq!(base, same);
    println!("version {base}: {text:?}");

    println!("here saves:  {:?}", here.save(&page, base, "oat milk\nbread\n")?);
    println!("there saves: {:?}", there.save(&page, base, "milk\nbread\nbutter\n")?);

    // A reader may be behind by so much.
    network.advance(1_000);
    for place in [&mut here, &mut there] {
        let (id, text) = place.read(&page)?;
        println!("both read version {id}: {text:?}");
        assert_eq!(text, "oat milk\nbread\nbutter\n");
    }
    Ok(())
}
