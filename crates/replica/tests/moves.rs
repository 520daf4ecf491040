//! Clients that go to another point of presence while the relay is away: what they have seen of
//! the log, the next one may lack.

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::{Save, SaveError, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network};
use redwedding_replica::{Config, LoadError, Replica};
use redwedding_wire::identity::DocumentKey;

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
        let (submitted, note) = (Submitted::Whole(text.to_owned()), Note::default());
        let inputs = vec![text.as_bytes().to_vec()];
        let save = Save { base, submitted, note, idempotency_inputs: inputs, trace: 0 };
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
