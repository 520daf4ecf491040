//! Sessions of one client whose requests are answered at once, and of one that writes
//! more pages than its token can name.

use redwedding_replica::client_record::OpenSession;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::overlap::Overlapping;
use redwedding_replica::save::{Save, Saved};
use redwedding_replica::testing::{MemoryPorts, Network, whole};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

fn page(number: usize) -> DocumentKey {
    DocumentKey::new("wiki", format!("Page {number}")).expect("key")
}

/// A sandbox of a point of presence.
struct Sandbox {
    network: Network,
    pop: usize,
    ports: MemoryPorts,
    replica: Replica,
}

impl Sandbox {
    fn new(network: &Network, pop: usize) -> Self {
        let mut ports = network.ports(pop, None);
        // For the whole of a test nobody has to look for news.
        let config = Config::new("wiki", &format!("pop-{pop}"), b"secret");
        let config = Config { staleness_ms: 600_000, ..config };
        let replica = Replica::start(config, &mut ports);
        Self { network: network.clone(), pop, ports, replica }
    }

    /// The platform ends a sandbox that has asked others often enough.
    fn renew(&mut self) {
        if self.replica.is_spent() {
            *self = Self::new(&self.network.clone(), self.pop);
        }
    }

    fn read(&mut self, token: &str, number: usize) -> String {
        self.renew();
        let Self { ports, replica, .. } = self;
        let mut open = replica.open_session(ports, Some(token));
        let snapshot = replica.request(ports, &mut open.session).read(&page(number));
        snapshot.expect("a page").text.clone()
    }

    fn read_id(&mut self, token: &str, number: usize) -> u64 {
        self.renew();
        let Self { ports, replica, .. } = self;
        let mut open = replica.open_session(ports, Some(token));
        let snapshot = replica.request(ports, &mut open.session).read(&page(number));
        snapshot.expect("a page").id
    }

    /// What is read, and where saves of the client's are told to have met others.
    fn told(&mut self, token: &str, number: usize) -> (String, Vec<String>, String) {
        self.renew();
        let Self { ports, replica, .. } = self;
        let mut open = replica.open_session(ports, Some(token));
        let read = replica.request(ports, &mut open.session).read_told(&page(number));
        let (snapshot, overlaps) = read.expect("a page");
        let passage = |it: &Overlapping| {
            let start = it.start as usize;
            snapshot.text[start..start + it.length as usize].to_owned()
        };
        let told = overlaps.iter().map(passage).collect();
        (snapshot.text.clone(), told, replica.seal(ports, &open))
    }

    /// Where a save met others.
    fn report(&mut self, token: &str, number: usize, id: u64) -> Vec<Overlapping> {
        self.renew();
        let Self { ports, replica, .. } = self;
        let mut open = replica.open_session(ports, Some(token));
        replica.request(ports, &mut open.session).report(&page(number), id)
    }

    /// A save, with the token that the answer hands out.
    fn save(&mut self, token: &str, number: usize, save: &Save) -> (Saved<MemoryPorts>, String) {
        self.renew();
        let Self { ports, replica, .. } = self;
        let mut open = replica.open_session(ports, Some(token));
        let saved = replica.request(ports, &mut open.session).save(&page(number), save);
        let token = replica.seal(ports, &open);
        assert!(token.len() <= limits::TOKEN_BYTES);
        (saved.expect("a save"), token)
    }

    fn saved(&mut self, token: &str, number: usize, save: &Save) -> String {
        let (saved, token) = self.save(token, number, save);
        self.finish(saved);
        token
    }

    fn finish(&mut self, saved: Saved<MemoryPorts>) {
        let after = saved.after.expect("something is left to do");
        self.replica.context(&mut self.ports).finish_save(after);
    }

    /// It has just looked, and found no such pages.
    fn knows_nothing_of(&mut self, pages: [usize; 2]) {
        let token = self.greet();
        pages.iter().for_each(|number| assert_eq!(self.read(&token, *number), ""));
    }

    /// The token of a client that has opened a form.
    fn greet(&mut self) -> String {
        self.renew();
        let Self { ports, replica, .. } = self;
        let open = replica.open_session(ports, None);
        replica.seal(ports, &open)
    }
}

/// What a point of presence answers at once: the second request begins before the first
/// is answered, and the client keeps the second answer's token.
fn at_once(network: &Network, pages: (usize, usize), then: &str) -> (Sandbox, String) {
    let (mut one, mut other) = (Sandbox::new(network, 0), Sandbox::new(network, 0));
    let token = one.greet();
    let mut late = other.replica.open_session(&mut other.ports, Some(&token));
    let (first, _) = one.save(&token, pages.0, &whole(None, "one\n"));
    let mut request = other.replica.request(&mut other.ports, &mut late.session);
    let second = request.save(&page(pages.1), &whole(None, then)).expect("a save");
    let token = other.replica.seal(&mut other.ports, &late);
    drop((first, second));
    (other, token)
}

#[test]
fn a_client_that_saves_two_pages_at_once_sees_both() {
    let network = Network::new(1, 2);
    let mut elsewhere = Sandbox::new(&network, 1);
    elsewhere.knows_nothing_of([1, 2]);
    let (mut here, token) = at_once(&network, (1, 2), "two\n");
    assert_eq!((here.read(&token, 1), here.read(&token, 2)), ("one\n".into(), "two\n".into()));
    let shown = (elsewhere.read(&token, 1), elsewhere.read(&token, 2));
    assert_eq!(shown, ("one\n".into(), "two\n".into()));
}

#[test]
fn a_client_that_saves_a_page_twice_at_once_sees_both() {
    let network = Network::new(2, 2);
    let mut elsewhere = Sandbox::new(&network, 1);
    elsewhere.knows_nothing_of([1, 1]);
    let (mut here, token) = at_once(&network, (1, 1), "one\nand two\n");
    for shown in [here.read(&token, 1), elsewhere.read(&token, 1)] {
        assert!(shown.contains("one") && shown.contains("two"), "{shown}");
    }
}

#[test]
fn an_answer_that_adds_nothing_takes_nothing_back() {
    let network = Network::new(9, 2);
    let mut elsewhere = Sandbox::new(&network, 1);
    elsewhere.knows_nothing_of([1, 1]);
    let (mut one, mut other) = (Sandbox::new(&network, 0), Sandbox::new(&network, 0));
    let token = one.greet();
    let late = other.replica.open_session(&mut other.ports, Some(&token));
    let saved = one.save(&token, 1, &whole(None, "one\n"));
    let token = other.replica.seal(&mut other.ports, &late);
    assert_eq!(elsewhere.read(&token, 1), "one\n");
    drop(saved);
}

/// The answer that the client keeps was made before the other one: what that says the next request
/// knows when it begins.
#[test]
fn what_a_later_answer_says_the_next_request_knows() {
    let network = Network::new(14, 1);
    let (mut one, mut other) = (Sandbox::new(&network, 0), Sandbox::new(&network, 0));
    let token = one.greet();
    let (ahead, _) = other.save(&token, 2, &whole(None, "two\n"));
    let early = other.replica.open_session(&mut other.ports, Some(&token));
    let kept = other.replica.seal(&mut other.ports, &early);
    let (late, _) = one.save(&token, 1, &whole(None, "one\n"));
    let next = other.replica.open_session(&mut other.ports, Some(&kept));
    assert_eq!(next.session.own(&page(1)).len(), 1);
    drop((ahead, late));
}

/// The first answer to a save is lost on its way, and so is the cache while it is sent again: what
/// that says is known to whatever is answered after it.
#[test]
fn what_is_answered_after_the_cache_is_lost_is_known_to_later_answers() {
    let network = Network::new(12, 2);
    let mut elsewhere = Sandbox::new(&network, 1);
    elsewhere.knows_nothing_of([1, 1]);
    let (mut one, mut other) = (Sandbox::new(&network, 0), Sandbox::new(&network, 0));
    let token = one.greet();
    let (lost, _) = one.save(&token, 1, &whole(None, "one\n"));
    let mut again = one.replica.open_session(&mut one.ports, Some(&token));
    network.clear_cache(0);
    let late = other.replica.open_session(&mut other.ports, Some(&token));
    let mut request = one.replica.request(&mut one.ports, &mut again.session);
    let retried = request.save(&page(1), &whole(None, "one\n")).expect("a save");
    let kept_by_nobody = one.replica.seal(&mut one.ports, &again);
    let token = other.replica.seal(&mut other.ports, &late);
    assert_eq!(elsewhere.read(&token, 1), "one\n");
    drop((lost, retried, kept_by_nobody));
}

/// Of two answers one carries a token of before the cache was lost. Numbers of before then are none
/// of those that are given since.
#[test]
fn a_record_that_begins_anew_does_not_count_as_the_lost_one_did() {
    let network = Network::new(13, 2);
    let mut elsewhere = Sandbox::new(&network, 1);
    elsewhere.knows_nothing_of([1, 2]);
    let (mut one, mut other) = (Sandbox::new(&network, 0), Sandbox::new(&network, 0));
    let old = one.greet();
    let (first, token) = one.save(&old, 1, &whole(None, "one\n"));
    network.clear_cache(0);
    let late = other.replica.open_session(&mut other.ports, Some(&token));
    let (second, _) = one.save(&old, 2, &whole(None, "two\n"));
    let token = other.replica.seal(&mut other.ports, &late);
    let shown = (elsewhere.read(&token, 1), elsewhere.read(&token, 2));
    assert_eq!(shown, ("one\n".into(), "two\n".into()));
    drop((first, second));
}

#[test]
fn a_client_that_writes_many_pages_goes_back_on_none() {
    const PAGES: usize = 60;
    let network = Network::new(3, 2);
    let (mut here, mut elsewhere) = (Sandbox::new(&network, 0), Sandbox::new(&network, 1));
    let mut token = here.greet();
    for number in 0..PAGES {
        token = here.saved(&token, number, &whole(None, "old\n"));
    }
    let reader = elsewhere.greet();
    for number in 0..PAGES {
        assert_eq!(elsewhere.read(&reader, number), "old\n");
    }
    for number in 0..PAGES {
        here.renew();
        let Sandbox { ports, replica, .. } = &mut here;
        let mut open = replica.open_session(ports, Some(&token));
        let mut request = replica.request(ports, &mut open.session);
        let base = request.read(&page(number)).expect("a page").id;
        token = here.saved(&token, number, &whole(Some(base), "new\n"));
    }
    let session = ClientSession::open(&token, &here.replica.config().keys.tokens);
    let named = |number: &usize| {
        let session = session.as_ref().expect("a session");
        !session.own(&page(*number)).is_empty()
    };
    assert!((0..PAGES).filter(named).count() < PAGES, "what the log holds is left out");
    for number in 0..PAGES {
        assert_eq!(elsewhere.read(&token, number), "new\n", "page {number}");
    }
}

#[test]
fn a_save_that_is_sent_again_is_still_the_clients_own() {
    let network = Network::new(8, 1);
    network.change_faults(|faults| faults.relay_down = true);
    let mut here = Sandbox::new(&network, 0);
    let token = here.greet();
    let token = here.saved(&token, 1, &whole(None, "one\n"));
    let (again, token) = here.save(&token, 1, &whole(None, "one\n"));
    assert_eq!((again.snapshot.text.as_str(), again.after.is_none()), ("one\n", true));
    let mut open = here.replica.open_session(&mut here.ports, Some(&token));
    let history = here.replica.request(&mut here.ports, &mut open.session);
    let history = { history }.history(&page(1), &[None], 1).expect("a history");
    assert_eq!(history.len(), 1);
}

#[test]
fn what_was_settled_elsewhere_does_not_come_back() {
    let network = Network::new(5, 2);
    let (mut here, mut elsewhere) = (Sandbox::new(&network, 0), Sandbox::new(&network, 1));
    let token = here.greet();
    let token = here.saved(&token, 1, &whole(None, "one\n"));
    network.advance(700_000);
    let Sandbox { ports, replica, .. } = &mut elsewhere;
    let mut open = replica.open_session(ports, Some(&token));
    assert_eq!(open.session.own(&page(1)).len(), 1);
    let read = replica.request(ports, &mut open.session).read(&page(1)).expect("a page");
    assert_eq!(read.text, "one\n");
    let token = replica.seal(ports, &open);
    for of in [&mut here, &mut elsewhere] {
        let open = of.replica.open_session(&mut of.ports, Some(&token));
        assert!(open.session.own(&page(1)).is_empty(), "the log has it, which the client knows");
    }
}

/// A client that has written so many pages while the relay is away, here, and its token.
fn many_written(network: &Network, pages: usize) -> String {
    network.change_faults(|faults| faults.relay_down = true);
    let mut here = Sandbox::new(network, 0);
    let mut token = here.greet();
    for number in 0..pages {
        token = here.saved(&token, number, &whole(None, "mine\n"));
    }
    token
}

#[test]
fn with_the_relay_away_more_pages_than_a_token_names_are_known_elsewhere() {
    const PAGES: usize = 60;
    let network = Network::new(6, 2);
    let mut elsewhere = Sandbox::new(&network, 1);
    let mut token = many_written(&network, PAGES);
    let written = network.stored_keys("session/").len();
    assert!((1..PAGES / 3).contains(&written), "{written} writes to the store");
    for number in 0..PAGES {
        elsewhere.renew();
        let Sandbox { ports, replica, .. } = &mut elsewhere;
        let mut open = replica.open_session(ports, Some(&token));
        assert_eq!(open.session.own(&page(number)).len(), 1, "page {number}");
        let read = replica.request(ports, &mut open.session).read(&page(number));
        assert_eq!(read.expect("a page").text, "mine\n");
        token = replica.seal(ports, &open);
    }
}

#[test]
fn what_is_not_visible_yet_is_not_forgotten() {
    const PAGES: usize = 60;
    let network = Network::new(7, 2);
    let token = many_written(&network, PAGES);
    let mut elsewhere = Sandbox::new(&network, 1);
    network.change_faults(|faults| faults.store_down = true);
    let Sandbox { ports, replica, .. } = &mut elsewhere;
    let open = replica.open_session(ports, Some(&token));
    let known = |open: &OpenSession, number: &usize| !open.session.own(&page(*number)).is_empty();
    assert!((0..PAGES).filter(|number| known(&open, number)).count() < PAGES);
    let token = replica.seal(ports, &open);
    network.change_faults(|faults| faults.store_down = false);
    let open = replica.open_session(ports, Some(&token));
    assert_eq!((0..PAGES).filter(|number| known(&open, number)).count(), PAGES);
}

#[test]
fn with_the_relay_away_its_own_point_of_presence_knows_them_all() {
    const PAGES: usize = 60;
    let network = Network::new(4, 1);
    network.change_faults(|faults| faults.relay_down = true);
    let mut here = Sandbox::new(&network, 0);
    let mut token = here.greet();
    for number in 0..PAGES {
        token = here.saved(&token, number, &whole(None, "mine\n"));
    }
    let mut another = Sandbox::new(&network, 0);
    let open = another.replica.open_session(&mut another.ports, Some(&token));
    for number in 0..PAGES {
        assert_eq!(open.session.own(&page(number)).len(), 1, "page {number}");
        assert_eq!(another.read(&token, number), "mine\n");
    }
}

/// Two saves on one text, of which the log takes the later one first: the earlier one still waits,
/// and its author sees both.
#[test]
fn a_save_that_the_log_takes_first_hides_no_earlier_one() {
    let network = Network::new(7, 2);
    let (mut here, mut there) = (Sandbox::new(&network, 0), Sandbox::new(&network, 1));
    let token = here.greet();
    let (created, token) = here.save(&token, 1, &whole(None, "base\n"));
    let base = Some(created.snapshot.id);
    here.finish(created);
    there.read(&token, 1);
    network.change_faults(|faults| faults.relay_down = true);
    let (first, token) = here.save(&token, 1, &whole(base, "one\nbase\n"));
    network.change_faults(|faults| faults.relay_down = false);
    let (second, token) = there.save(&token, 1, &whole(base, "base\ntwo\n"));
    assert_eq!(second.snapshot.text, "one\nbase\ntwo\n");
    drop((first, second));
    network.advance(1_000_000);
    let document = network.document(&page(1)).expect("it is in the log");
    assert_eq!(document.text(), "base\ntwo\n", "the log has the second one alone");
    there.renew();
    let Sandbox { ports, replica, .. } = &mut there;
    let mut open = replica.open_session(ports, Some(&token));
    let history = replica.request(ports, &mut open.session).history(&page(1), &[None], 10);
    assert_eq!(history.expect("a history").len(), 3);
}

/// Of two people who have read a page at two points of presence one has changed it.
struct Seen {
    network: Network,
    here: Sandbox,
    there: Sandbox,
    tokens: (String, String),
    /// What both have read.
    base: u64,
}

impl Seen {
    fn changed(seed: u64, [from, to]: [&str; 2]) -> Self {
        let network = Network::new(seed, 2);
        let (mut here, mut there) = (Sandbox::new(&network, 0), Sandbox::new(&network, 1));
        let (one, two) = (here.greet(), there.greet());
        let one = here.saved(&one, 1, &whole(None, from));
        network.advance(600_000);
        let base = there.read_id(&two, 1);
        here.saved(&one, 1, &whole(Some(base), to));
        Self { network, here, there, tokens: (one, two), base }
    }
}

#[test]
fn what_the_log_decides_after_the_answer_is_told_in_the_next_one_once() {
    let Seen { network, mut here, mut there, tokens: (one, two), base } =
        Seen::changed(11, ["The sky is blue.\n\nEnd.\n", "The sky is crimson.\n\nEnd.\n"]);
    // The relay takes it, and is not heard.
    network.change_faults(|faults| faults.relay_loses_answer = 1_000);
    let (saved, two) = there.save(&two, 1, &whole(Some(base), "The sky is azure.\n\nEnd.\n"));
    there.finish(saved);
    network.change_faults(|faults| faults.relay_loses_answer = 0);
    network.advance(60_000);
    here.saved(&one, 1, &whole(Some(base), "Today:\n\nThe sky is blue.\n\nEnd.\n"));
    // Somebody comes by, after whom the relay is tried again.
    network.advance(600_000);
    there.read(&two, 1);
    there.replica.context(&mut there.ports).after_read(&page(1));
    network.advance(600_000);
    let (text, told, two) = there.told(&two, 1);
    assert_eq!(text, "Today:\n\nThe sky is crimson.\n\nEnd.\n");
    assert_eq!(told, ["crimson"]);
    // Once.
    let (_, told, _) = there.told(&two, 1);
    assert_eq!(told, [""; 0]);
}

#[test]
fn who_saved_at_once_with_another_is_told_in_the_next_answer() {
    let Seen { network, mut there, tokens: (_, two), base, .. } =
        Seen::changed(12, ["The sky is blue.\n", "The sky is crimson.\n"]);
    let (saved, two) = there.save(&two, 1, &whole(Some(base), "The sky is azure.\n"));
    assert_eq!(saved.overlaps, []);
    there.finish(saved);
    network.advance(600_000);
    let (text, told, _) = there.told(&two, 1);
    assert_eq!((text.as_str(), told), ("The sky is crimson.\n", vec!["crimson".to_owned()]));
}

#[test]
fn who_saves_after_another_did_elsewhere_is_told_in_the_answer() {
    let Seen { network, mut there, tokens: (_, two), base, .. } =
        Seen::changed(13, ["The sky is blue.\n", "The sky is crimson.\n"]);
    network.advance(600_000);
    let azure = whole(Some(base), "The sky is azure.\n");
    let (saved, two) = there.save(&two, 1, &azure);
    assert_eq!((saved.snapshot.text.as_str(), saved.overlaps.len()), ("The sky is crimson.\n", 1));

    // As often as it is asked for, and after others have saved, and sent again.
    let (asked, met) = (saved.id.expect("a save"), saved.overlaps.clone());
    there.finish(saved);
    let end = whole(there.read_id(&two, 1).into(), "The sky is crimson.\n\nEnd.\n");
    let stranger = there.greet();
    there.saved(&stranger, 1, &end);
    assert_eq!(there.report(&two, 1, asked), met);
    assert_eq!(there.report(&two, 1, asked), met);
    let (again, two) = there.save(&two, 1, &azure);
    assert_eq!((again.id, again.after.is_none()), (Some(asked), true));
    assert_eq!(again.overlaps, met);

    // Who changes nothing has saved nothing.
    let mut unchanged = whole(Some(again.snapshot.id), &again.snapshot.text);
    unchanged.idempotency_inputs = vec![b"unchanged".to_vec()];
    let (nothing, _) = there.save(&two, 1, &unchanged);
    assert_eq!((nothing.id, nothing.after.is_none()), (None, true));
}

#[test]
fn a_retry_is_told_what_its_lost_answer_told() {
    let Seen { network, mut there, tokens: (_, two), base, .. } =
        Seen::changed(15, ["The sky is blue.\n", "The sky is crimson.\n"]);
    network.advance(600_000);
    let azure = whole(Some(base), "The sky is azure.\n");
    let (lost, heard) = there.save(&two, 1, &azure);
    assert_eq!(lost.overlaps.len(), 1);
    let met = lost.overlaps.clone();
    there.finish(lost);
    // With the session of before, with that of the lost answer, and with none; in another sandbox.
    let stranger = there.greet();
    let mut beside = Sandbox::new(&network, 1);
    for token in [&two, &heard, &stranger] {
        for sandbox in [&mut there, &mut beside] {
            let (again, _) = sandbox.save(token, 1, &azure);
            assert!(again.after.is_none(), "it is another save");
            assert_eq!(again.snapshot.text, "The sky is crimson.\n");
            assert_eq!(again.overlaps, met);
        }
    }
}

#[test]
fn a_retry_is_told_while_the_log_does_not_have_the_save() {
    let network = Network::new(16, 1);
    let mut here = Sandbox::new(&network, 0);
    let token = here.greet();
    here.saved(&token, 1, &whole(None, "The sky is blue.\n"));
    let base = here.read_id(&token, 1);
    network.change_faults(|faults| faults.relay_down = true);
    let (one, two) = (here.greet(), here.greet());
    drop(here.save(&one, 1, &whole(Some(base), "The sky is crimson.\n")));
    let azure = whole(Some(base), "The sky is azure.\n");
    let (lost, heard) = here.save(&two, 1, &azure);
    assert_eq!(lost.overlaps.len(), 1);
    for token in [&two, &heard] {
        let (again, _) = here.save(token, 1, &azure);
        assert_eq!((&again.snapshot.text, &again.overlaps), (&lost.snapshot.text, &lost.overlaps));
    }
}
