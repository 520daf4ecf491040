//! The log has lost its tail: what a point of presence still has goes back into it, what stands on
//! what is gone is set aside and its author told, and nobody waits for ever.

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::SaveError;
use redwedding_replica::testing::{MemoryPorts, Network, bucket, whole};
use redwedding_replica::{Config, LoadError, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn start(ports: &mut MemoryPorts) -> Replica {
    Replica::start(Config::new("wiki", "pop", b"secret"), ports)
}

/// A save, with what is left to do after its answer.
fn save(
    ports: &mut MemoryPorts,
    session: &mut ClientSession,
    (base, text): (Option<u64>, &str),
) -> Result<u64, SaveError> {
    let mut replica = start(ports);
    let save = whole(base, text);
    let saved = replica.request(ports, session).save(&page(), &save)?;
    if let Some(after) = saved.after {
        replica.context(ports).finish_save(after);
    }
    Ok(saved.snapshot.id)
}

fn read(ports: &mut MemoryPorts, session: &mut ClientSession) -> Result<(u64, String), LoadError> {
    let mut replica = start(ports);
    let read = replica.request(ports, session).read(&page());
    read.map(|snapshot| (snapshot.id, snapshot.text.clone()))
}

fn tick(network: &Network, ports: &mut MemoryPorts) {
    network.advance(limits::OUTBOX_AGE_MS);
    start(ports).context(ports).tick(vec![bucket(&page())]);
}

/// A client asks there for so long that nothing is sought any more. For each time, whether it is
/// told that a save of its own is lost.
fn tellings<'a>(
    network: &'a Network,
    ports: &'a mut MemoryPorts,
    client: &'a mut ClientSession,
) -> impl Iterator<Item = bool> + 'a {
    (0..2 * limits::LOST_SAVE_MS / limits::OUTBOX_AGE_MS).map(|_| {
        tick(network, ports);
        read(ports, client) == Err(LoadError::SaveLost)
    })
}

#[test]
fn a_save_that_the_log_lost_goes_back_from_where_it_was_taken() {
    let network = Network::new(1, 2);
    let (mut here, mut there) = (network.ports(0, None), network.ports(1, None));
    let first = save(&mut here, &mut ClientSession::new(), (None, "a page\n"));
    let first = first.expect("a save");
    let mut author = ClientSession::new();
    save(&mut here, &mut author, (Some(first), "a page\nmore\n")).expect("a save");
    assert!(network.stored_keys("outbox/").is_empty(), "the log has both");
    network.advance(1_000);
    assert_eq!(read(&mut there, &mut ClientSession::new()).expect("a read").1, "a page\nmore\n");
    network.lose_tail(&page(), 1);
    let lost = network.document(&page()).expect("a document");
    assert_eq!(lost.text(), "a page\n");
    network.advance(limits::STALENESS_MS + 1);
    let _ = read(&mut here, &mut ClientSession::new());
    tick(&network, &mut here);
    let document = network.document(&page()).expect("a document");
    assert_eq!(document.text(), "a page\nmore\n");
    assert!(network.stored_keys("outbox/").is_empty());
    network.advance(1_000);
    assert_eq!(read(&mut there, &mut author).expect("a read").1, "a page\nmore\n");
}

#[test]
fn a_save_that_only_a_cache_still_shows_goes_back_before_that_forgets_it() {
    let network = Network::new(1, 2);
    let (mut here, mut there) = (network.ports(0, None), network.ports(1, None));
    let first = save(&mut here, &mut ClientSession::new(), (None, "a page\n"));
    network.change_faults(|faults| faults.relay_loses_answer = 1_000);
    let second = (Some(first.expect("a save")), "a page\nmore\n");
    save(&mut here, &mut ClientSession::new(), second).expect("a save");
    network.change_faults(|faults| faults.relay_loses_answer = 0);
    // Nobody here hears that the log has it. It was not written to the origin yet.
    network.change_faults(|faults| faults.origin_down = true);
    tick(&network, &mut there);
    network.change_faults(|faults| faults.origin_down = false);
    assert!(network.stored_keys("outbox/").is_empty());
    network.clear_cache(1);
    network.lose_tail(&page(), 2);
    assert_eq!(network.document(&page()).expect("a document").text(), "a page\n");
    for _ in 0..3 * limits::LET_GO_MS / limits::OUTBOX_AGE_MS {
        let (_, shown) = read(&mut here, &mut ClientSession::new()).expect("a read");
        assert_eq!(shown, "a page\nmore\n");
        tick(&network, &mut here);
    }
    assert_eq!(network.document(&page()).expect("a document").text(), "a page\nmore\n");
    assert!(network.stored_keys("outbox/").is_empty());
}

/// The whole log of a page is gone, and with it what tells that the origin has a save already.
#[test]
fn a_save_that_the_origin_has_by_a_flush_that_is_gone_does_not_go_back() {
    let network = Network::new(1, 2);
    let (mut here, mut there) = (network.ports(0, None), network.ports(1, None));
    save(&mut here, &mut ClientSession::new(), (None, "a page\n")).expect("a save");
    // The other point of presence writes it to the origin; nobody here hears of that.
    for _ in 0..4 {
        network.advance(limits::FLUSH_INTERVAL_MS);
        start(&mut there).context(&mut there).tick(vec![bucket(&page())]);
    }
    assert_eq!(network.revisions("Page").len(), 1);
    network.clear_cache(1);
    let log = network.document(&page()).expect("a document");
    network.lose_tail(&page(), log.cursor().position);
    // Somebody goes on from what the origin has, and so that comes into the log.
    let (there_id, _) = read(&mut there, &mut ClientSession::new()).expect("a read");
    let further = (Some(there_id), "a page\nmore\n");
    save(&mut there, &mut ClientSession::new(), further).expect("a save");
    for _ in 0..4 {
        tick(&network, &mut here);
        let (_, shown) = read(&mut here, &mut ClientSession::new()).expect("a read");
        assert_eq!(shown, "a page\nmore\n");
    }
    assert!(network.stored_keys("outbox/").is_empty());
}

/// As above, and the origin cannot say so at first.
#[test]
fn while_the_origin_does_not_tell_what_it_has_nothing_goes_back_or_is_given_up() {
    for flushed in [true, false] {
        let network = Network::new(1, 2);
        let (mut here, mut there) = (network.ports(0, None), network.ports(1, None));
        save(&mut here, &mut ClientSession::new(), (None, "a page\n")).expect("a save");
        for _ in 0..4 * u64::from(flushed) {
            network.advance(limits::FLUSH_INTERVAL_MS);
            start(&mut there).context(&mut there).tick(vec![bucket(&page())]);
        }
        assert_eq!(network.revisions("Page").len(), usize::from(flushed));
        network.clear_cache(1);
        let log = network.document(&page()).expect("a document");
        network.lose_tail(&page(), log.cursor().position);
        network.change_faults(|faults| faults.origin_down = true);
        for _ in 0..3 {
            network.advance(limits::STALENESS_MS + 1);
            let _ = read(&mut here, &mut ClientSession::new());
            assert!(network.stored_keys("outbox/").is_empty());
        }
        network.change_faults(|faults| faults.origin_down = false);
        for _ in 0..2 {
            let _ = read(&mut here, &mut ClientSession::new());
            tick(&network, &mut here);
        }
        let (_, shown) = read(&mut here, &mut ClientSession::new()).expect("a read");
        assert_eq!(shown, "a page\n");
        assert_eq!(network.document(&page()).is_some(), !flushed);
    }
}

#[test]
fn what_the_store_does_not_take_back_is_not_given_up() {
    let network = Network::new(1, 1);
    let mut ports = network.ports(0, None);
    let first = save(&mut ports, &mut ClientSession::new(), (None, "a page\n"));
    let second = (Some(first.expect("a save")), "a page\nmore\n");
    save(&mut ports, &mut ClientSession::new(), second).expect("a save");
    network.lose_tail(&page(), 1);
    network.change_faults(|faults| faults.store_down = true);
    for _ in 0..3 {
        network.advance(limits::STALENESS_MS + 1);
        let _ = read(&mut ports, &mut ClientSession::new());
    }
    network.change_faults(|faults| faults.store_down = false);
    network.advance(limits::STALENESS_MS + 1);
    let _ = read(&mut ports, &mut ClientSession::new());
    tick(&network, &mut ports);
    assert_eq!(network.document(&page()).expect("a document").text(), "a page\nmore\n");
}

#[test]
fn a_save_on_what_is_gone_is_set_aside_and_its_author_told_once() {
    let network = Network::new(1, 2);
    let (mut here, mut there) = (network.ports(0, None), network.ports(1, None));
    let first = save(&mut here, &mut ClientSession::new(), (None, "a page\n"));
    let second = (Some(first.expect("a save")), "a page\nmore\n");
    save(&mut here, &mut ClientSession::new(), second).expect("a save");
    network.advance(1_000);
    let (seen, _) = read(&mut there, &mut ClientSession::new()).expect("a read");
    network.change_faults(|faults| faults.relay_down = true);
    let mut author = ClientSession::new();
    let third = (Some(seen), "a page\nmore\nand more\n");
    save(&mut there, &mut author, third).expect("a save");
    // Nobody has the second save any more.
    network.clear_cache(0);
    network.clear_cache(1);
    network.lose_tail(&page(), 1);
    network.change_faults(|faults| faults.relay_down = false);
    assert_eq!(tellings(&network, &mut there, &mut author).filter(|told| *told).count(), 1);
    assert!(network.stored_keys("outbox/").is_empty());
    assert_eq!(network.stored_keys("aside/").len(), 1, "it is kept");
    assert_eq!(read(&mut there, &mut author).expect("a read").1, "a page\n");
    let alarms =
        network.take_log().into_iter().filter(|log| log.2.contains("an acknowledged save"));
    assert_eq!(alarms.count(), 1);
}

#[test]
fn whoever_sends_a_lost_save_again_where_nobody_knows_of_the_loss_is_told_once_more() {
    let network = Network::new(2, 3);
    let ports = |pop| network.ports(pop, None);
    let (mut here, mut there, mut elsewhere) = (ports(0), ports(1), ports(2));
    let first = save(&mut here, &mut ClientSession::new(), (None, "a page\n"));
    let second = (Some(first.expect("a save")), "a page\nmore\n");
    save(&mut here, &mut ClientSession::new(), second).expect("a save");
    network.advance(1_000);
    read(&mut elsewhere, &mut ClientSession::new()).expect("a read");
    let (seen, _) = read(&mut there, &mut ClientSession::new()).expect("a read");
    network.change_faults(|faults| faults.relay_down = true);
    let mut author = ClientSession::new();
    let third = (Some(seen), "a page\nmore\nand more\n");
    save(&mut there, &mut author, third).expect("a save");
    network.clear_cache(0);
    network.clear_cache(1);
    network.lose_tail(&page(), 1);
    network.change_faults(|faults| faults.relay_down = false);
    assert!(tellings(&network, &mut there, &mut author).any(|told| told));
    network.change_faults(|faults| faults.relay_down = true);
    save(&mut elsewhere, &mut author, third).expect("what it was made on is still known here");
    network.change_faults(|faults| faults.relay_down = false);
    assert_eq!(tellings(&network, &mut elsewhere, &mut author).filter(|told| *told).count(), 1);
    assert!(read(&mut elsewhere, &mut author).is_ok(), "it goes on");
}
