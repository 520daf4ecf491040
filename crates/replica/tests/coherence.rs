//! The sandboxes of a point of presence do not contradict each other: what it has
//! answered to a save, or shown to anybody, every later read there shows, with a
//! session or without.

use redwedding_replica::client_session::ClientSession;
use redwedding_replica::ports::Level;
use redwedding_replica::save::Saved;
use redwedding_replica::testing::{MemoryPorts, Network, whole};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

/// A point of presence.
struct Pop {
    name: String,
    network: Network,
    ports: MemoryPorts,
    sandboxes: Vec<Replica>,
}

impl Pop {
    fn new(network: &Network, pop: usize) -> Self {
        let ports = network.ports(pop, None);
        let (name, sandboxes) = (format!("pop-{pop}"), Vec::new());
        let mut pop = Self { name, network: network.clone(), ports, sandboxes };
        pop.sandboxes = (0..3).map(|_| pop.started()).collect();
        pop
    }

    /// A sandbox that starts, which has nothing but the cache.
    fn started(&mut self) -> Replica {
        Replica::start(Config::new("wiki", &self.name, b"secret"), &mut self.ports)
    }

    /// What somebody is shown who has seen nothing.
    fn read(&mut self, sandbox: usize) -> (u64, String) {
        self.read_as(sandbox, &mut ClientSession::new())
    }

    fn read_as(&mut self, sandbox: usize, session: &mut ClientSession) -> (u64, String) {
        let request = &mut self.sandboxes[sandbox].request(&mut self.ports, session);
        let snapshot = request.read(&page()).expect("a page");
        (snapshot.id, snapshot.text.clone())
    }

    fn texts(&mut self) -> [String; 3] {
        [0, 1, 2].map(|sandbox| self.read(sandbox).1)
    }

    fn save(&mut self, sandbox: usize, base: Option<u64>, text: &str) -> Saved<MemoryPorts> {
        let save = whole(base, text);
        let session = &mut ClientSession::new();
        let replica = &mut self.sandboxes[sandbox];
        replica.request(&mut self.ports, session).save(&page(), &save).expect("a save")
    }

    fn finish(&mut self, sandbox: usize, saved: Saved<MemoryPorts>) {
        let after = saved.after.expect("something is left to do");
        self.sandboxes[sandbox].context(&mut self.ports).finish_save(after);
    }

    /// A client is shown this text in a sandbox. The relay is lost, and it goes on in one that
    /// starts.
    fn goes_on_without_the_relay(&mut self, sandbox: usize, text: &str) {
        let mut seen = ClientSession::new();
        let (id, _) = self.read_as(sandbox, &mut seen);
        self.goes_on_as(&mut seen, (id, text));
    }

    fn goes_on_as(&mut self, seen: &mut ClientSession, (id, text): (u64, &str)) {
        self.network.change_faults(|faults| faults.relay_down = true);
        let mut started = self.started();
        let read = started.request(&mut self.ports, seen).read(&page()).expect("a page");
        assert_eq!(read.text, text);
        let longer = format!("{text}more\n");
        let saved = started.request(&mut self.ports, seen).save(&page(), &whole(Some(id), &longer));
        let saved = saved.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(saved.snapshot.text, longer);
        self.network.heal();
    }

    fn forget(&self, prefix: &str) {
        while let Some((key, _)) = self.network.cached(0, prefix) {
            self.network.set_cached(0, &key, None);
        }
    }

    fn saved(&mut self, sandbox: usize, base: Option<u64>, text: &str) -> u64 {
        let saved = self.save(sandbox, base, text);
        let id = saved.snapshot.id;
        self.finish(sandbox, saved);
        id
    }
}

#[test]
fn a_page_that_was_answered_is_there_for_everybody() {
    let mut pop = Pop::new(&Network::new(1, 1), 0);
    assert_eq!(pop.texts(), ["", "", ""]);
    let created = pop.save(0, None, "a\n");
    assert_eq!(pop.texts(), ["a\n", "a\n", "a\n"], "before the relay was heard");
    pop.finish(0, created);
    assert_eq!(pop.texts(), ["a\n", "a\n", "a\n"]);
}

#[test]
fn no_sandbox_shows_what_another_one_has_replaced() {
    let mut pop = Pop::new(&Network::new(2, 1), 0);
    let mut base = pop.saved(0, None, "0\n");
    for number in 1..20 {
        let before = format!("{}\n", number - 1);
        assert_eq!(pop.texts(), [before.clone(), before.clone(), before]);
        let text = format!("{number}\n");
        let saved = pop.save(number % 3, Some(base), &text);
        base = saved.snapshot.id;
        if number % 2 == 0 {
            assert_eq!(pop.texts(), [text.clone(), text.clone(), text.clone()]);
        }
        pop.finish(number % 3, saved);
        pop.network.advance(if number % 5 == 0 { 400 } else { 3 });
    }
}

#[test]
fn a_reader_is_shown_all_that_was_answered_at_once() {
    let mut pop = Pop::new(&Network::new(3, 1), 0);
    let base = pop.saved(0, None, "a\nb\nc\n");
    pop.texts();
    let one = pop.save(0, Some(base), "a one\nb\nc\n");
    let two = pop.save(1, Some(base), "a\nb\nc two\n");
    let (id, text) = pop.read(2);
    assert_eq!(text, "a one\nb\nc two\n");
    assert_eq!(pop.read(0), (id, text.clone()), "and under the same name");
    pop.finish(1, two);
    assert_eq!(pop.read(2).1, text);
    assert_eq!(pop.read(1).1, text);
    pop.finish(0, one);
    let (confirmed, shown) = pop.read(2);
    assert_eq!(shown, text);
    assert!(confirmed < 1 << 51, "it is in the log");
}

#[test]
fn what_is_answered_with_the_relay_away_is_shown_before_and_after() {
    let network = Network::new(4, 2);
    let mut pop = Pop::new(&network, 0);
    let base = pop.saved(0, None, "a\nb\n");
    pop.texts();
    let mut elsewhere = Pop::new(&network, 1);
    elsewhere.texts();
    network.change_faults(|faults| faults.relay_down = true);
    elsewhere.saved(0, Some(base), "a\nb elsewhere\n");
    for (number, text) in ["a 0\nb\n", "a 0 1\nb\n", "a 0 1 2\nb\n"].into_iter().enumerate() {
        let base = if number == 0 { base } else { pop.read(2).0 };
        let text = if number == 0 { text.to_owned() } else { text.replace("b", "b elsewhere") };
        pop.saved(number, Some(base), &text);
        for shown in pop.texts() {
            assert!(shown.starts_with(text.lines().next().expect("a line")), "{shown}");
        }
        network.advance(900);
        assert_eq!(pop.read(2).1.lines().last(), Some("b elsewhere"));
    }
    let before = pop.texts();
    network.heal();
    network.advance(3_000);
    assert_eq!(pop.texts(), before, "the log has nothing of it yet");
    for _ in 0..5 {
        network.advance(20_000);
        pop.sandboxes[0].context(&mut pop.ports).tick(0..64);
        assert_eq!(pop.texts(), before);
    }
    assert_eq!(network.document(&page()).expect("a document").text(), before[0]);
    assert!(pop.read(1).0 < 1 << 51, "it is in the log");
}

#[test]
fn an_edit_at_the_origin_is_shown_by_all() {
    let network = Network::new(5, 1);
    network.edit_at_origin("Page", "someone", |_| "here\n".to_owned());
    let mut pop = Pop::new(&network, 0);
    assert_eq!(pop.texts(), ["here\n", "here\n", "here\n"]);
    network.edit_at_origin("Page", "someone", |_| "there\n".to_owned());
    network.advance(1_000);
    pop.sandboxes[1].context(&mut pop.ports).poll_origin(&page(), true);
    assert_eq!(pop.texts(), ["there\n", "there\n", "there\n"]);
}

#[test]
fn a_history_holds_what_its_client_has_saved() {
    let network = Network::new(6, 1);
    let mut pop = Pop::new(&network, 0);
    let base = pop.saved(0, None, "a\n");
    let rows = |pop: &mut Pop, sandbox: usize, session: &mut ClientSession| {
        let mut request = pop.sandboxes[sandbox].request(&mut pop.ports, session);
        let history = request.history(&page(), &[None], 10).expect("a history");
        let rows = 0..history.len();
        let rows = rows.map(|row| history.text(history.id(row).expect("an id")).expect("a text"));
        rows.collect::<Vec<_>>()
    };
    let newcomer = &mut ClientSession::new();
    assert_eq!(rows(&mut pop, 1, newcomer), ["a\n"]);
    let save = |text: &str, base: u64| whole(Some(base), text);
    // Another sandbox took it, and has heard of the log since.
    let session = &mut ClientSession::new();
    let saved = pop.sandboxes[0].request(&mut pop.ports, session).save(&page(), &save("b\n", base));
    let saved = saved.expect("a save");
    let base = saved.snapshot.id;
    pop.finish(0, saved);
    assert_eq!(rows(&mut pop, 1, session), ["a\n", "b\n"]);
    assert_eq!(rows(&mut pop, 2, &mut ClientSession::new()), ["a\n", "b\n"]);
    // The relay is away.
    network.change_faults(|faults| faults.relay_down = true);
    let saved = pop.sandboxes[0].request(&mut pop.ports, session).save(&page(), &save("c\n", base));
    let saved = saved.expect("a save");
    let base = saved.snapshot.id;
    pop.finish(0, saved);
    assert_eq!(rows(&mut pop, 1, session), ["a\n", "b\n", "c\n"]);
    let saved = pop.sandboxes[1].request(&mut pop.ports, session).save(&page(), &save("d\n", base));
    let saved = saved.expect("a save");
    pop.finish(1, saved);
    assert_eq!(rows(&mut pop, 2, session), ["a\n", "b\n", "c\n", "d\n"]);
    assert_eq!(rows(&mut pop, 2, &mut ClientSession::new()), ["a\n", "b\n"]);
    network.heal();
    network.advance(20_000);
    for _ in 0..3 {
        pop.sandboxes[2].context(&mut pop.ports).tick(0..64);
        network.advance(20_000);
    }
    assert_eq!(rows(&mut pop, 0, &mut ClientSession::new()), ["a\n", "b\n", "c\n", "d\n"]);
    assert_eq!(rows(&mut pop, 0, session), ["a\n", "b\n", "c\n", "d\n"]);
}

#[test]
fn a_history_holds_what_its_client_saved_on_a_text_that_is_not_known_here() {
    let network = Network::new(7, 2);
    network.edit_at_origin("Page", "someone", |_| "a\n".to_owned());
    let (mut here, mut elsewhere) = (Pop::new(&network, 0), Pop::new(&network, 1));
    here.texts();
    network.edit_at_origin("Page", "someone", |_| "a\nb\n".to_owned());
    let base = elsewhere.read(0).0;
    network.change_faults(|faults| faults.relay_down = true);
    let save = whole(Some(base), "a\nb\nc\n");
    let session = &mut ClientSession::new();
    let Pop { ports, sandboxes, .. } = &mut elsewhere;
    let saved = sandboxes[0].request(ports, session).save(&page(), &save).expect("a save");
    elsewhere.finish(0, saved);
    let Pop { ports, sandboxes, .. } = &mut here;
    let history = sandboxes[0].request(ports, session).history(&page(), &[None], 10);
    let history = history.expect("a history");
    let newest = history.id(history.len() - 1).and_then(|number| history.text(number));
    assert_eq!(newest.as_deref(), Some("a\nb\nc\n"));
}

/// The answer to one exchange is taken in after that to a later one, in another sandbox.
#[test]
fn what_is_taken_in_late_puts_no_older_state_into_the_cache() {
    for seed in 0..40 {
        let network = Network::new(seed, 1);
        let mut pop = Pop::new(&network, 0);
        let one = pop.save(0, None, "a\n");
        let base = one.snapshot.id;
        let two = pop.saved(1, Some(base), "a\nb\n");
        pop.finish(0, one);
        network.advance(5_000);
        assert!(pop.read(1).0 < 1 << 51, "it is in the log, whatever {two} was");
        pop.goes_on_without_the_relay(1, "a\nb\n");
    }
}

/// What lies in the cache goes further, but in a part that the log has lost: another sandbox goes
/// on from before that, and is told of no loss.
#[test]
fn what_the_log_has_lost_does_not_stay_in_the_cache() {
    for seed in 0..6 {
        let network = Network::new(seed, 1);
        let mut pop = Pop::new(&network, 0);
        let mut base = pop.saved(0, None, "a\n");
        network.advance(1_000);
        pop.read(1);
        for text in ["a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n"] {
            base = pop.saved(0, Some(base), text);
        }
        network.advance(1_000);
        network.lose_tail(&page(), 2);
        pop.forget("head/");
        let (base, text) = pop.read(1);
        assert_eq!(text, "a\nb\n");
        pop.saved(1, Some(base), "a\nb\nmine\n");
        pop.goes_on_without_the_relay(1, "a\nb\nmine\n");
    }
}

/// The clock of whoever left the last state in the cache had run ahead by an hour. The log has lost
/// all of it, and is asked each time anew if that does not give way.
#[test]
fn what_was_left_by_a_clock_that_ran_ahead_gives_way() {
    for seed in 0..6 {
        let network = Network::new(seed, 1);
        let mut pop = Pop::new(&network, 0);
        let one = pop.saved(0, None, "a\n");
        network.skew(0, 3_600_000);
        pop.saved(0, Some(one), "a\nb\n");
        network.skew(0, 0);
        network.advance(5_000);
        network.lose_tail(&page(), 2);
        for _ in 0..20 {
            network.advance(5_000);
            pop.sandboxes[1] = pop.started();
            pop.read(1);
        }
        let lost = |(_, level, said): &(usize, Level, String)| {
            *level == Level::Warning && said.contains("lost a part")
        };
        assert!(network.take_log().iter().filter(|said| lost(said)).count() < 3);
    }
}

/// The cache forgets the base alone: whoever keeps the document next writes it.
#[test]
fn a_base_that_is_gone_is_written_again() {
    for lost in [0, 3] {
        let network = Network::new(9, 1);
        let mut pop = Pop::new(&network, 0);
        let (mut base, mut text) = (None, String::new());
        for number in 0..6 {
            text.push_str(&format!("{number}\n"));
            base = Some(pop.saved(0, base, &text));
        }
        network.advance(1_000);
        pop.forget("document/");
        if lost > 0 {
            pop.forget("head/");
            network.lose_tail(&page(), lost);
            pop.sandboxes[1] = pop.started();
            text = "0\n1\n2\n".to_owned();
        } else {
            text.push_str("one more\n");
            pop.saved(0, base, &text);
        }
        network.advance(5_000);
        pop.goes_on_without_the_relay(1, &text);
    }
}

/// What a sweep has pushed waits no more, and the log was not heard of the page since: who has seen
/// it goes on all the same, whoever wrote it.
#[test]
fn what_was_swept_before_the_relay_went_away_is_still_known() {
    let mut swept = 0;
    for seed in 0..20 {
        let network = Network::new(seed, 1);
        let mut pop = Pop::new(&network, 0);
        let base = pop.saved(0, None, "a\n");
        network.advance(1_000);
        pop.texts();
        network.change_faults(|faults| faults.relay_down = true);
        let one = pop.save(0, Some(base), "a\nb\n");
        let two = pop.save(1, Some(one.snapshot.id), "a\nb\nc\n");
        let mut seen = ClientSession::new();
        let (id, text) = pop.read_as(2, &mut seen);
        assert_eq!(text, "a\nb\nc\n");
        network.heal();
        network.advance(5_000);
        pop.finish(0, one);
        pop.finish(1, two);
        swept += usize::from(network.stored_keys("outbox/").is_empty());
        pop.goes_on_as(&mut seen, (id, "a\nb\nc\n"));
    }
    assert!(swept > 5, "{swept} of 20");
}

/// A clock is set back while the relay is away: what has been shown of a passage stands, whoever
/// else saves there later.
#[test]
fn what_was_shown_stands_though_a_clock_is_set_back() {
    for back in [false, true] {
        let network = Network::new(1, 1);
        let mut pop = Pop::new(&network, 0);
        let base = pop.saved(0, None, "one\ntwo three\nfour\n");
        network.change_faults(|faults| faults.relay_down = true);
        network.skew(0, 3_600_000);
        let gone = "one\nfour\n";
        pop.save(0, Some(base), gone);
        assert_eq!(pop.texts(), [gone; 3]);
        if back {
            network.skew(0, 0);
        }
        pop.save(1, Some(base), "one\ntwo and three\nfour\n");
        assert_eq!(pop.texts(), [gone; 3], "the one that was shown");
    }
}
