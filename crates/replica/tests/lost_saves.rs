//! What a client has seen is lost for good: it is told once where it was its own save, and goes
//! on.

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::SaveError;
use redwedding_replica::testing::{MemoryPorts, Network, whole};
use redwedding_replica::{Config, LoadError, Replica};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::Cursor;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn save(
    ports: &mut MemoryPorts,
    session: &mut ClientSession,
    base: Option<u64>,
    text: &str,
) -> Result<u64, SaveError> {
    let mut replica = Replica::start(Config::new("wiki", "pop", b"secret"), ports);
    let save = whole(base, text);
    let saved = replica.request(ports, session).save(&page(), &save)?;
    if let Some(after) = saved.after {
        replica.context(ports).finish_save(after);
    }
    Ok(saved.snapshot.id)
}

fn read(ports: &mut MemoryPorts, session: &mut ClientSession) -> Result<String, LoadError> {
    let mut replica = Replica::start(Config::new("wiki", "pop", b"secret"), ports);
    replica.request(ports, session).read(&page()).map(|snapshot| snapshot.text.clone())
}

#[test]
fn a_save_that_is_lost_is_told_once() {
    let network = Network::new(1, 1);
    let mut ports = network.ports(0, None);
    let id = save(&mut ports, &mut ClientSession::new(), None, "a page\n").expect("a save");
    network.advance(1_000);
    network.change_faults(|faults| faults.relay_down = true);
    let mut session = ClientSession::new();
    save(&mut ports, &mut session, Some(id), "a page\nmore\n").expect("a save");
    for key in network.stored_keys("outbox/") {
        network.forget_stored(&key);
    }
    network.clear_cache(0);
    network.change_faults(|faults| faults.relay_down = false);
    network.advance(limits::LET_GO_MS);
    let mut answers = Vec::new();
    for _ in 0..20 {
        network.advance(limits::LOST_SAVE_MS / 5);
        answers.push(read(&mut ports, &mut session));
    }
    assert_eq!(answers.iter().filter(|answer| **answer == Err(LoadError::SaveLost)).count(), 1);
    assert_eq!(answers[0], Err(LoadError::Behind), "it may still come");
    assert_eq!(answers.last(), Some(&Ok("a page\n".to_owned())));
    let again = save(&mut ports, &mut session, Some(id), "a page\nonce more\n");
    assert!(again.is_ok(), "{again:?}");
}

#[test]
fn nothing_is_called_lost_while_the_relay_is_away() {
    let network = Network::new(5, 1);
    let mut ports = network.ports(0, None);
    let id = save(&mut ports, &mut ClientSession::new(), None, "a page\n").expect("a save");
    network.advance(1_000);
    network.change_faults(|faults| faults.relay_down = true);
    let mut session = ClientSession::new();
    save(&mut ports, &mut session, Some(id), "a page\nmore\n").expect("a save");
    for key in network.stored_keys("outbox/") {
        network.forget_stored(&key);
    }
    network.clear_cache(0);
    for _ in 0..10 {
        network.advance(limits::LOST_SAVE_MS);
        let answer = read(&mut ports, &mut session);
        assert_ne!(answer, Err(LoadError::SaveLost));
        assert_ne!(answer, Ok("a page\n".to_owned()));
    }
}

#[test]
fn a_save_in_a_store_that_does_not_answer_is_not_lost() {
    let network = Network::new(1, 1);
    let mut ports = network.ports(0, None);
    let id = save(&mut ports, &mut ClientSession::new(), None, "a page\n").expect("a save");
    network.advance(1_000);
    network.change_faults(|faults| faults.relay_down = true);
    let mut session = ClientSession::new();
    save(&mut ports, &mut session, Some(id), "a page\nmore\n").expect("a save");
    network.clear_cache(0);
    network.change_faults(|faults| {
        faults.relay_down = false;
        faults.store_down = true;
    });
    for _ in 0..20 {
        network.advance(limits::LOST_SAVE_MS / 5);
        assert_eq!(read(&mut ports, &mut session), Err(LoadError::Behind));
    }
    network.change_faults(|faults| faults.store_down = false);
    assert_eq!(read(&mut ports, &mut session), Ok("a page\nmore\n".to_owned()));
}

#[test]
fn whoever_has_seen_a_save_of_another_that_is_lost_goes_on() {
    let network = Network::new(3, 1);
    let mut ports = network.ports(0, None);
    let id = save(&mut ports, &mut ClientSession::new(), None, "a page\n").expect("a save");
    network.advance(1_000);
    network.change_faults(|faults| faults.relay_down = true);
    save(&mut ports, &mut ClientSession::new(), Some(id), "a page\nmore\n").expect("a save");
    network.advance(1_000);
    let mut session = ClientSession::new();
    assert_eq!(read(&mut ports, &mut session), Ok("a page\nmore\n".to_owned()));
    for key in network.stored_keys("outbox/") {
        network.forget_stored(&key);
    }
    network.clear_cache(0);
    network.change_faults(|faults| faults.relay_down = false);
    let mut answers = Vec::new();
    for _ in 0..20 {
        network.advance(limits::LOST_SAVE_MS / 5);
        answers.push(read(&mut ports, &mut session));
    }
    assert_eq!(answers[0], Err(LoadError::Behind), "it may still come");
    assert_eq!(answers.last(), Some(&Ok("a page\n".to_owned())));
}

#[test]
fn whoever_has_seen_a_part_of_the_log_that_is_lost_goes_on() {
    let network = Network::new(2, 1);
    let mut ports = network.ports(0, None);
    save(&mut ports, &mut ClientSession::new(), None, "a page\n").expect("a save");
    let mut session = ClientSession::new();
    assert_eq!(read(&mut ports, &mut session), Ok("a page\n".to_owned()));
    let epoch = session.epoch();
    let lost = Cursor { epoch, position: 1_000, prefix: Digest::default() };
    session.see(page().shard(limits::SHARDS), lost);
    let mut answers = Vec::new();
    for _ in 0..20 {
        network.advance(limits::LET_GO_MS / 5);
        answers.push(read(&mut ports, &mut session));
    }
    assert_eq!(answers[0], Err(LoadError::Behind));
    assert_eq!(answers.last(), Some(&Ok("a page\n".to_owned())));
}

#[test]
fn a_save_on_a_text_of_the_origin_that_the_log_does_not_know_yet_is_not_lost() {
    let network = Network::new(4, 2);
    let (mut ports, mut elsewhere) = (network.ports(0, None), network.ports(1, None));
    network.edit_at_origin("Page", "someone", |_| "a page\n".to_owned());
    network.change_faults(|faults| faults.relay_down = true);
    let mut session = ClientSession::new();
    save(&mut ports, &mut session, Some(1), "a page\nmore\n").expect("a save");
    // The log begins with a later text.
    let later = network.edit_at_origin("Page", "someone", |_| "another page\n".to_owned());
    network.change_faults(|faults| faults.relay_down = false);
    network.advance(60_000);
    save(&mut elsewhere, &mut ClientSession::new(), later, "another page\nyes\n").expect("a save");
    // For long nobody does anything.
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push(read(&mut elsewhere, &mut session));
        network.advance(limits::LOST_SAVE_MS);
    }
    assert!(!answers.contains(&Err(LoadError::SaveLost)), "{answers:?}");
}
