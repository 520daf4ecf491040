//! Saves that are taken on a condition only: whoever asks where, the log decides, and nothing is
//! kept of one that it has not taken.

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::{OnlyIf, Save, SaveError, Unmet};
use redwedding_replica::testing::{MemoryPorts, Network, whole};
use redwedding_replica::{Config, LoadError, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn sandbox(ports: &mut MemoryPorts) -> Replica {
    Replica::start(Config::new("wiki", "pop", b"secret"), ports)
}

/// A client at a point of presence, in a new sandbox for each request.
struct Client {
    ports: MemoryPorts,
    session: ClientSession,
}

/// The number and the text of an answer.
type Answered = Result<(u64, String), SaveError>;

impl Client {
    fn at(network: &Network, pop: usize) -> Self {
        Self { ports: network.ports(pop, None), session: ClientSession::new() }
    }

    /// The same client at another point of presence.
    fn goes_to(self, network: &Network, pop: usize) -> Self {
        Self { ports: network.ports(pop, None), ..self }
    }

    fn read(&mut self) -> (u64, String) {
        let mut replica = sandbox(&mut self.ports);
        let read = replica.request(&mut self.ports, &mut self.session).read(&page());
        let read = read.expect("a page");
        (read.id, read.text.clone())
    }

    fn save(&mut self, base: Option<u64>, text: &str, only_if: Option<OnlyIf>) -> Answered {
        self.answered(base, text, only_if, true)
    }

    /// Whether it goes on after the answer: else the save waits in the outbox.
    fn answered(
        &mut self,
        base: Option<u64>,
        text: &str,
        only_if: Option<OnlyIf>,
        goes_on: bool,
    ) -> Answered {
        let mut replica = sandbox(&mut self.ports);
        let save = Save { only_if, ..whole(base, text) };
        let saved = replica.request(&mut self.ports, &mut self.session).save(&page(), &save)?;
        if let Some(after) = saved.after.filter(|_| goes_on) {
            replica.context(&mut self.ports).finish_save(after);
        }
        Ok((saved.snapshot.id, saved.snapshot.text.clone()))
    }
}

fn unmet(answered: Answered) -> Unmet {
    match answered {
        Err(SaveError::Unmet(unmet)) => *unmet,
        other => panic!("it is not told to be unmet: {other:?}"),
    }
}

fn at(version: u64) -> Option<OnlyIf> {
    Some(OnlyIf::Unchanged(vec![version]))
}

/// What waits anywhere, and how many changes the log has.
fn kept(network: &Network) -> (usize, usize) {
    let waiting = network.stored_keys("outbox/").len() + network.stored_keys("aside/").len();
    (waiting, network.document(&page()).map_or(0, |document| document.changes().len()))
}

/// Two points of presence that have the page, and its version.
fn two(network: &Network, text: &str) -> (Client, Client, u64) {
    let (mut one, mut other) = (Client::at(network, 0), Client::at(network, 1));
    one.save(None, text, None).expect("a save");
    network.advance(1_000);
    let (id, shown) = one.read();
    assert_eq!(other.read(), (id, shown));
    (one, other, id)
}

#[test]
fn of_two_on_one_text_one_is_taken_and_the_other_one_told() {
    let network = Network::new(1, 2);
    let (mut one, mut other, id) = two(&network, "a\n");
    let first = one.save(Some(id), "a\nb\n", at(id)).expect("it is unchanged");
    assert_eq!(first.1, "a\nb\n");
    // It has not heard of the other's save.
    let told = unmet(other.save(Some(id), "c\na\n", at(id)));
    assert_eq!((told.shown.id, told.shown.text.as_str()), (first.0, "a\nb\n"));
    assert_eq!(told.submitted, "c\na\n");
    assert_eq!(kept(&network), (0, 2));
    // On what it was told it is taken.
    let second = other.save(Some(first.0), "c\na\nb\n", at(first.0)).expect("it is unchanged");
    network.advance(1_000);
    assert_eq!(one.read().1, second.1);
}

#[test]
fn of_two_that_would_be_the_first_one_is() {
    let network = Network::new(1, 2);
    let (mut one, mut other) = (Client::at(&network, 0), Client::at(&network, 1));
    let first = one.save(None, "one\n", Some(OnlyIf::Absent)).expect("there is none");
    let told = unmet(other.save(None, "two\n", Some(OnlyIf::Absent)));
    assert_eq!((told.shown.id, told.shown.text.as_str()), (first.0, "one\n"));
    assert_eq!(kept(&network), (0, 1));
    // A retry is the same save.
    assert_eq!(one.save(None, "one\n", Some(OnlyIf::Absent)).expect("it is in"), first);
}

#[test]
fn what_meets_nobody_is_merged_and_what_does_is_told_where() {
    let network = Network::new(1, 2);
    let (mut one, mut other, id) = two(&network, "The red wine.\n\nThe old castle.\n");
    one.save(Some(id), "The sour wine.\n\nThe old castle.\n", None).expect("a save");
    let apart = "The red wine.\n\nThe great old castle.\n";
    let merged = other.save(Some(id), apart, Some(OnlyIf::NoOverlap)).expect("it meets nobody");
    assert_eq!(merged.1, "The sour wine.\n\nThe great old castle.\n");
    let same = "The white wine.\n\nThe old castle.\n";
    let told = unmet(other.save(Some(id), same, Some(OnlyIf::NoOverlap)));
    let [met] = &told.overlaps[..] else { panic!("{:?}", told.overlaps) };
    let words = &told.shown.text[met.start as usize..(met.start + met.length) as usize];
    assert_eq!(words, "sour");
    assert!(met.id.is_some());
    assert_eq!(kept(&network), (0, 3));
    // Who replaces their own words meets nobody.
    let replaced = one.save(Some(id), same, Some(OnlyIf::NoOverlap)).expect("it meets nobody");
    assert_eq!(replaced.1, "The white wine.\n\nThe great old castle.\n");
}

#[test]
fn with_the_relay_away_nothing_is_kept_and_only_a_failure_is_told() {
    let network = Network::new(1, 2);
    let (mut one, mut other, id) = two(&network, "a\n");
    let next = one.save(Some(id), "a\nb\n", None).expect("a save").0;
    network.advance(1_000);
    one.read();
    network.change_faults(|faults| faults.relay_down = true);
    for only_if in [at(next), Some(OnlyIf::NoOverlap)] {
        let answered = one.save(Some(next), "c\na\nb\n", only_if);
        assert_eq!(answered, Err(SaveError::NotAcknowledged));
        assert_eq!(one.read().1, "a\nb\n");
    }
    assert_eq!(network.stored_keys("outbox/"), Vec::<String>::new());
    assert_eq!(unmet(one.save(Some(id), "c\na\n", at(id))).shown.text, "a\nb\n");
    assert!(unmet(one.save(None, "new\n", Some(OnlyIf::Absent))).shown.exists());
    // It cannot know.
    assert_eq!(other.save(Some(id), "c\na\n", at(id)), Err(SaveError::NotAcknowledged));
    network.heal();
    network.advance(60_000);
    assert_eq!(kept(&network), (0, 2), "nobody made it of what was refused");
    let saved = one.save(Some(next), "c\na\nb\n", at(next)).expect("the relay is back");
    assert_eq!(saved.1, "c\na\nb\n");
}

#[test]
fn one_that_was_not_heard_of_is_the_same_save_when_it_is_sent_again() {
    let network = Network::new(1, 2);
    let (mut one, mut other, id) = two(&network, "a\n");
    network.change_faults(|faults| faults.relay_loses_answer = 1_000);
    let lost = one.save(Some(id), "a\nb\n", at(id));
    assert_eq!(lost, Err(SaveError::NotAcknowledged));
    network.heal();
    network.advance(60_000);
    assert_eq!(kept(&network), (0, 2), "the log has it");
    let next = other.read();
    other.save(Some(next.0), "a\nb\nc\n", None).expect("a save");
    let again = one.save(Some(id), "a\nb\n", at(id)).expect("it was met");
    assert_eq!(again.1, "a\nb\nc\n");
    assert_eq!(kept(&network).1, 3);
}

/// The tag of an answer is good for the next save, wherever that is made and although the log may
/// not have the save yet.
#[test]
fn a_chain_of_a_clients_own_saves_is_taken() {
    let network = Network::new(1, 2);
    let (mut client, _, mut id) = two(&network, "0\n");
    for number in 1..12 {
        let text = format!("{number}\n");
        let only_if = at(id).filter(|_| number % 3 != 0);
        let (next, shown) =
            client.answered(Some(id), &text, only_if, number % 2 == 0).expect("a save");
        assert_eq!(shown, text);
        id = next;
        client = client.goes_to(&network, number % 2);
    }
    assert_eq!(network.document(&page()).expect("a page").text(), "11\n");
}

#[test]
fn a_clients_own_save_that_waits_is_a_change() {
    let network = Network::new(1, 2);
    let (mut client, _, id) = two(&network, "a\n");
    network.change_faults(|faults| faults.relay_down = true);
    client.answered(Some(id), "a\nb\n", None, false).expect("a save");
    network.heal();
    network.advance(60_000);
    assert_eq!(kept(&network), (1, 1));
    let told = unmet(client.goes_to(&network, 1).save(Some(id), "c\na\n", at(id)));
    assert_eq!(told.shown.text, "a\nb\n");
}

#[test]
fn what_it_stands_on_goes_first() {
    let network = Network::new(1, 2);
    let (mut one, mut other, _) = two(&network, "a\n");
    network.change_faults(|faults| faults.relay_down = true);
    let id = one.read().0;
    let waiting = one.save(Some(id), "a\nb\n", None).expect("the store takes it");
    network.heal();
    network.advance(60_000);
    // Somebody else was given it there.
    let saved = other.save(Some(waiting.0), "a\nb\nc\n", at(waiting.0)).expect("it is unchanged");
    assert_eq!(saved.1, "a\nb\nc\n");
}

#[test]
fn versions_that_nobody_knows_are_not_what_there_is() {
    let network = Network::new(1, 2);
    let (mut one, _, id) = two(&network, "a\n");
    assert!(unmet(one.save(Some(77), "b\n", at(77))).shown.exists());
    assert!(unmet(one.save(None, "b\n", Some(OnlyIf::Unchanged(Vec::new())))).shown.exists());
    let next = one.save(Some(id), "a\nb\n", at(id)).expect("it is unchanged").0;
    // Whichever of several it is; what was edited may be another one.
    let any = Some(OnlyIf::Unchanged(vec![77, next]));
    assert_eq!(one.save(Some(id), "c\na\n", any).expect("it is one of them").1, "c\na\nb\n");
    assert!(matches!(one.save(None, "b\n", Some(OnlyIf::Present)), Err(SaveError::Exists { .. })));
    let mut nothing = Client::at(&Network::new(1, 1), 0);
    assert!(!unmet(nothing.save(None, "b\n", Some(OnlyIf::Present))).shown.exists());
    assert!(!unmet(nothing.save(Some(77), "b\n", at(77))).shown.exists());
    let relay_away = Network::new(1, 1);
    relay_away.change_faults(|faults| faults.relay_down = true);
    let answered = Client::at(&relay_away, 0).save(None, "b\n", Some(OnlyIf::Present));
    assert_eq!(answered, Err(SaveError::Load(LoadError::Behind)));
}

#[test]
fn a_page_that_only_the_origin_has_is_there() {
    let network = Network::new(1, 2);
    network.edit_at_origin("Page", "somebody", |_| "of the origin\n".to_owned());
    let mut client = Client::at(&network, 0);
    let (id, text) = client.read();
    assert!(unmet(client.save(None, "new\n", Some(OnlyIf::Absent))).shown.exists());
    let saved = client.save(Some(id), &format!("{text}mine\n"), at(id)).expect("it is unchanged");
    assert_eq!(saved.1, "of the origin\nmine\n");
    let told = unmet(Client::at(&network, 1).save(Some(id), "other\n", at(id)));
    assert_eq!(told.shown.text, saved.1);
}

/// What was acknowledged comes back after the log has lost it, whatever the page is by then.
#[test]
fn one_that_was_taken_comes_back_after_the_log_has_lost_it() {
    let network = Network::new(1, 2);
    let (mut one, mut other, id) = two(&network, "a\n");
    one.save(Some(id), "a\nb\n", at(id)).expect("it is unchanged");
    network.advance(1_000);
    one.read();
    network.lose_tail(&page(), 1);
    other.save(Some(id), "c\na\n", at(id)).expect("it is so again");
    for _ in 0..4 {
        network.advance(20_000);
        one.read();
        let mut replica = sandbox(&mut one.ports);
        replica.context(&mut one.ports).tick(0..limits::OUTBOX_BUCKETS);
    }
    assert_eq!(network.document(&page()).expect("a page").text(), "c\na\nb\n");
    assert_eq!(kept(&network).0, 0);
}

/// The base has the name that the store's save was answered with, and nobody has read since.
#[test]
fn what_is_known_not_to_be_so_is_told_without_the_relay() {
    let network = Network::new(1, 1);
    let mut client = Client::at(&network, 0);
    let first = client.save(None, "one\n", None).expect("a save").0;
    let second = client.save(Some(first), "one\ntwo\n", at(first)).expect("it is unchanged").0;
    network.change_faults(|faults| faults.relay_down = true);
    for only_if in [at(second), Some(OnlyIf::NoOverlap)] {
        let third = client.save(Some(second), "one\ntwo\nthree\n", only_if);
        assert_eq!(third, Err(SaveError::NotAcknowledged));
    }
    let told = unmet(client.save(Some(first), "zero\none\n", at(first)));
    assert_eq!(told.shown.text, "one\ntwo\n");
}
