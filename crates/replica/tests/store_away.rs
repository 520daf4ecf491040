//! Saves while the store takes nothing: the log alone makes them durable, and what they are
//! answered with is never named by what only the store could give.

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::SaveError;
use redwedding_replica::testing::{MemoryPorts, Network, whole};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::VersionName;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn sandbox(ports: &mut MemoryPorts) -> Replica {
    Replica::start(Config::new("wiki", "pop", b"secret"), ports)
}

/// A save of a client, in a sandbox of its own. Gives the number and the text of the answer.
fn save(
    ports: &mut MemoryPorts,
    session: &mut ClientSession,
    base: Option<u64>,
    text: &str,
) -> Result<(u64, String), SaveError> {
    let mut replica = sandbox(ports);
    let save = whole(base, text);
    let saved = replica.request(ports, session).save(&page(), &save)?;
    if let Some(after) = saved.after {
        replica.context(ports).finish_save(after);
    }
    Ok((saved.snapshot.id, saved.snapshot.text.clone()))
}

#[test]
fn a_form_from_while_the_store_was_away_is_good_for_ever() {
    let network = Network::new(1, 2);
    let mut ports = network.ports(0, None);
    let (id, text) = save(&mut ports, &mut ClientSession::new(), None, "a page\n").expect("a save");
    network.advance(1_000);
    network.change_faults(|faults| faults.store_down = true);
    let mut session = ClientSession::new();
    let mine = format!("{text}mine\n");
    let form = save(&mut ports, &mut session, Some(id), &mine).expect("the relay takes it");
    assert_eq!(form.1, mine);
    network.heal();
    let mut newest = form.clone();
    for number in 0..limits::OBJECTS + 88 {
        network.advance(1_000);
        let text = format!("number {number}\nmine\n");
        newest = save(&mut ports, &mut ClientSession::new(), Some(newest.0), &text).expect("taken");
    }
    network.clear_cache(0);
    // At another point of presence, and at the one where the form was shown.
    for pop in [1, 0] {
        let mut ports = network.ports(pop, None);
        let more = ["more of mine", "what else there is"][pop];
        let text = format!("{}{more}\n", form.1);
        let saved = save(&mut ports, &mut session, Some(form.0), &text).expect("taken");
        assert!(saved.1.contains(more), "{}", saved.1);
        let read = sandbox(&mut ports).request(&mut ports, &mut session).read(&page());
        let read = read.expect("a page");
        assert!(read.text.contains(more), "{}", read.text);
    }
}

#[test]
fn what_is_answered_without_the_store_is_named_by_the_log() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..200 {
        let network = Network::new(seed, 1);
        let mut ports = network.ports(0, None);
        let first = save(&mut ports, &mut ClientSession::new(), None, "a page\n");
        let (id, text) = first.expect("a save");
        network.advance(1_000);
        network.change_faults(|faults| {
            (faults.store_down, faults.relay_odd_answers) = (true, 500);
            (faults.relay_loses_answer, faults.relay_garbles) = (100, 100);
        });
        let session = &mut ClientSession::new();
        match save(&mut ports, session, Some(id), &format!("{text}mine\n")) {
            Ok((id, text)) => {
                taken += 1;
                assert_eq!(text, "a page\nmine\n");
                let name = VersionName::of(id);
                assert!(matches!(name, Some(VersionName::Entry { .. })), "seed {seed}: {name:?}");
            }
            Err(_) => refused += 1,
        }
        // What was refused is in all the same, perhaps; sent again, it is the same save.
        network.heal();
        network.advance(60_000);
        let again = save(&mut ports, session, Some(id), &format!("{text}mine\n"));
        assert_eq!(again.expect("a save").1, "a page\nmine\n");
        let document = network.document(&page()).expect("a document");
        assert_eq!(document.text(), "a page\nmine\n");
    }
    assert!(taken > 50 && refused > 10, "{taken} were taken and {refused} refused");
}
