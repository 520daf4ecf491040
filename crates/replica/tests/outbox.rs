//! The outbox in an outage: what waits in it arrives, in whatever number and order, and what it
//! costs meanwhile does not grow with it.

use std::sync::{Arc, Mutex};

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::{Save, SaveError, Saved, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network, bucket, whole};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;

fn page(number: usize) -> DocumentKey {
    DocumentKey::new("wiki", format!("Page {number}")).expect("key")
}

/// A network, one sandbox at its first point of presence, and the calls that this one makes.
struct Edge {
    network: Network,
    ports: MemoryPorts,
    replica: Replica,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Edge {
    fn new(seed: u64) -> Self {
        let network = Network::new(seed, 2);
        let calls = Arc::new(Mutex::new(Vec::new()));
        let noted = calls.clone();
        let hook = move |call: &'static str| noted.lock().expect("a lock").push(call);
        let mut ports = network.ports(0, Some(Arc::new(hook)));
        let replica = Replica::start(Config::new("wiki", "pop", b"secret"), &mut ports);
        Self { network, ports, replica, calls }
    }

    fn try_save(
        &mut self,
        page: &DocumentKey,
        base: Option<u64>,
        text: &str,
    ) -> Result<Saved<MemoryPorts>, SaveError> {
        self.try_save_in(&mut ClientSession::new(), page, base, text)
    }

    fn try_save_in(
        &mut self,
        session: &mut ClientSession,
        page: &DocumentKey,
        base: Option<u64>,
        text: &str,
    ) -> Result<Saved<MemoryPorts>, SaveError> {
        let idempotency_inputs =
            vec![base.unwrap_or(0).to_le_bytes().to_vec(), text.as_bytes().to_vec()];
        let (submitted, note) = (Submitted::Whole(text.to_owned()), Note::default());
        let save = Save {
            base,
            submitted,
            note,
            idempotency_inputs,
            base_check: None,
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        self.replica.request(&mut self.ports, session).save(page, &save)
    }

    /// A save with what follows its answer. Gives the version that it was answered with.
    fn save(&mut self, page: &DocumentKey, base: Option<u64>, text: &str) -> u64 {
        if self.replica.is_spent() {
            self.replica = Replica::start(self.replica.config().clone(), &mut self.ports);
        }
        let saved = self.try_save(page, base, text).expect("a save");
        if let Some(after) = saved.after {
            self.replica.context(&mut self.ports).finish_save(after);
        }
        saved.snapshot.id
    }

    /// A chain of saves, each made on the text just answered. Gives the last text.
    fn chain(&mut self, page: &DocumentKey, saves: usize) -> String {
        let mut text = String::from("a page\n");
        let mut base = self.save(page, None, &text);
        for number in 0..saves {
            text.push_str(&format!("line {number}\n"));
            base = self.save(page, Some(base), &text);
        }
        text
    }

    fn read(&mut self, page: &DocumentKey) -> String {
        let session = &mut ClientSession::new();
        let read = self.replica.request(&mut self.ports, session).read(page);
        read.expect("a page").text.clone()
    }

    fn relay_away(&self) {
        self.network.change_faults(|faults| faults.relay_down = true);
    }

    /// The relay is back, and ticks come until nothing waits any more. Gives how many.
    fn settle(&mut self, pages: &[DocumentKey], most: usize) -> usize {
        self.network.change_faults(|faults| faults.relay_down = false);
        for tick in 0..most {
            if self.network.stored_keys("outbox/").is_empty() {
                return tick;
            }
            self.network.advance(11_000);
            let mut fresh = Replica::start(self.replica.config().clone(), &mut self.ports);
            fresh.context(&mut self.ports).tick(pages.iter().map(bucket));
        }
        panic!("{} saves still wait", self.network.stored_keys("outbox/").len());
    }

    /// The calls since this was asked last.
    fn take_calls(&mut self) -> usize {
        std::mem::take(&mut *self.calls.lock().expect("a lock")).len()
    }
}

#[test]
fn a_long_chain_arrives_whole() {
    let mut edge = Edge::new(1);
    edge.relay_away();
    let text = edge.chain(&page(0), 700);
    assert_eq!(edge.read(&page(0)), text, "it is shown while it waits");
    let ticks = edge.settle(&[page(0)], 12);
    let document = edge.network.document(&page(0)).expect("a document");
    assert_eq!((document.text(), document.changes().len()), (&*text, 701));
    assert!(ticks <= 8, "{ticks} ticks");
}

#[test]
fn a_page_with_many_waiting_saves_starves_no_other() {
    let mut edge = Edge::new(2);
    edge.relay_away();
    // In the same bucket, so that one listing has both.
    let other = (1..).map(page).find(|other| bucket(other) == bucket(&page(0))).expect("a page");
    edge.chain(&page(0), 600);
    // What all its other saves stand on will never come.
    let first = edge.network.stored_keys("outbox/").into_iter().next().expect("the oldest saves");
    edge.network.forget_stored(&first);
    let text = edge.chain(&other, 20);
    edge.network.change_faults(|faults| faults.relay_down = false);
    for _ in 0..6 {
        edge.network.advance(11_000);
        let mut fresh = Replica::start(edge.replica.config().clone(), &mut edge.ports);
        fresh.context(&mut edge.ports).tick([bucket(&other)]);
    }
    let document = edge.network.document(&other).expect("a document");
    assert_eq!(document.text(), text);
}

#[test]
fn a_crowd_that_knows_nothing_of_each_other_is_named_in_few_words() {
    let mut edge = Edge::new(11);
    let rows: Vec<String> = (0..100).map(|row| format!("row {row}")).collect();
    let with = |more: &[usize]| {
        let more = more.iter().map(|writer| format!("{}\nwriter {writer}", rows[writer % 100]));
        let mut rows = rows.clone();
        more.for_each(|row| {
            let at = rows.iter().position(|it| row.starts_with(&format!("{it}\n")));
            rows[at.expect("a row")] = row;
        });
        rows.join("\n") + "\n"
    };
    let base = edge.save(&page(0), None, &with(&[]));
    edge.network.advance(1_000);
    edge.relay_away();
    let mut forms = Vec::new();
    for writer in 0..100 {
        let saved = edge.try_save(&page(0), Some(base), &with(&[writer])).expect("a save");
        forms.push((saved.snapshot.id, saved.snapshot.text.clone()));
        edge.replica.context(&mut edge.ports).finish_save(saved.after.expect("something is left"));
        edge.network.advance(100);
        if edge.replica.is_spent() || writer % 7 == 0 {
            edge.replica = Replica::start(edge.replica.config().clone(), &mut edge.ports);
        }
    }
    let everybody: Vec<usize> = (0..100).collect();
    assert_eq!(edge.read(&page(0)), with(&everybody));
    let objects = edge.network.written("version/");
    let longest = objects.values().flatten().map(Vec::len).max();
    assert!(longest <= Some(limits::INLINE_DOTS * 9 + 64), "{longest:?} bytes");
    edge.settle(&[page(0)], 12);
    let document = edge.network.document(&page(0)).expect("a document");
    assert_eq!(document.text(), with(&everybody));
    let nodes = document.changes().kept().iter().filter(|change| change.is_merge_node()).count();
    assert!((6..12).contains(&nodes), "{nodes} merge nodes");
    // Who goes on from a form of then has all that was in it. What only looks alike are items.
    for (id, text) in [&forms[3], &forms[50], &forms[99]] {
        let mine = format!("{text}* more of {id}\n");
        edge.save(&page(0), Some(*id), &mine);
        let read = edge.read(&page(0));
        assert!(
            read.contains(&format!("* more of {id}\n")) && read.contains("writer 7\n"),
            "{read}"
        );
    }
}

#[test]
fn large_saves_fit_an_exchange() {
    let mut edge = Edge::new(3);
    edge.relay_away();
    let text = "words and more of them\n".repeat(1_900 * 1_024 / 23);
    let mut base = edge.save(&page(0), None, "a page\n");
    for number in 0..9 {
        // Each replaces all of it.
        let text = text.replace("more", &format!("{number}"));
        base = edge.save(&page(0), Some(base), &text);
    }
    edge.settle(&[page(0)], 12);
    let document = edge.network.document(&page(0)).expect("a document");
    assert_eq!(document.changes().len(), 10);
}

#[test]
fn what_a_save_and_a_read_cost_does_not_grow_with_what_waits() {
    let mut edge = Edge::new(4);
    edge.relay_away();
    let mut text = String::from("a page\n");
    let mut base = edge.save(&page(0), None, &text);
    let mut costs = Vec::new();
    for number in 0..600 {
        edge.take_calls();
        text.push_str(&format!("line {number}\n"));
        base = edge.save(&page(0), Some(base), &text);
        let save = edge.take_calls();
        edge.network.advance(600);
        assert_eq!(edge.read(&page(0)), text);
        costs.push((save, edge.take_calls()));
    }
    let most = |costs: &[(usize, usize)]| {
        let sum = costs.iter().map(|(save, read)| save + read).sum::<usize>();
        sum / costs.len()
    };
    let (early, late) = (most(&costs[50..150]), most(&costs[500..]));
    assert!(late <= early * 5 / 4, "{early} calls a save and a read early, {late} late");
    let longest = costs.iter().map(|(save, read)| (*save).max(*read)).max();
    assert!(longest <= Some(200), "{longest:?} calls in one request");
}

#[test]
fn a_page_that_is_made_in_an_outage_is_not_asked_for_at_the_origin_each_time() {
    let mut edge = Edge::new(9);
    edge.relay_away();
    edge.chain(&page(0), 50);
    let calls = std::mem::take(&mut *edge.calls.lock().expect("a lock"));
    let asked = calls.iter().filter(|call| call.starts_with("origin")).count();
    assert!(asked <= 2, "asked {asked} times");
}

#[test]
fn what_waits_is_listed_once_in_a_while() {
    let mut edge = Edge::new(10);
    edge.relay_away();
    let mut text = edge.chain(&page(0), 1);
    let mut base = edge.read_id(&page(0));
    let mut listings = Vec::new();
    for passed_ms in [600, 0, 0, 600, 0] {
        edge.network.advance(passed_ms);
        edge.take_calls();
        text.push_str("more\n");
        base = edge.save(&page(0), Some(base), &text);
        let calls = std::mem::take(&mut *edge.calls.lock().expect("a lock"));
        listings.push(calls.iter().filter(|call| **call == "store.list").count());
    }
    // Once more for the relay, which is probed some time by then.
    assert!(matches!(listings[..], [1, 0, 0, 2, 0] | [2, 0, 0, 1, 0]), "{listings:?}");
}

#[test]
fn a_sandbox_that_comes_late_to_an_outage_sees_all_that_waits() {
    let mut edge = Edge::new(5);
    edge.relay_away();
    let text = edge.chain(&page(0), 500);
    edge.network.advance(60_000);
    edge.network.clear_cache(0);
    edge.replica = Replica::start(edge.replica.config().clone(), &mut edge.ports);
    edge.take_calls();
    assert_eq!(edge.read(&page(0)), text);
    let calls = edge.take_calls();
    // Three for each value that nobody here has read yet.
    assert!(calls <= 300, "{calls} calls");
}

#[test]
fn whether_to_sweep_is_asked_once_in_a_while() {
    let mut edge = Edge::new(13);
    let (mut text, mut base) = (String::from("a page\n"), None);
    let mut lookups = Vec::new();
    for passed_ms in [0, 0, 0, 1_000, 0] {
        edge.network.advance(passed_ms);
        edge.take_calls();
        text.push_str("more\n");
        base = Some(edge.save(&page(0), base, &text));
        let calls = std::mem::take(&mut *edge.calls.lock().expect("a lock"));
        lookups.push(calls.iter().filter(|call| **call == "cache.lookup").count());
    }
    assert_eq!(lookups, [1, 0, 0, 1, 0]);
}

#[test]
fn nothing_is_kept_of_a_client_that_nobody_knew() {
    let mut edge = Edge::new(14);
    for token in [None, Some("of nobody")] {
        let mut open = edge.replica.open_session(&mut edge.ports, token);
        let saved = edge.try_save_in(&mut open.session, &page(0), None, "a page\n");
        assert!(saved.is_ok());
        edge.take_calls();
        let token = edge.replica.seal(&mut edge.ports, &open);
        assert_eq!(edge.take_calls(), 0);
        // It says all of it by itself.
        let again = edge.replica.open_session(&mut edge.ports, Some(&token));
        assert_eq!(again.session, open.session);
        edge = Edge::new(15);
    }
}

/// Rows of a text, and a row of one writer after each of these.
fn rows(writers: &[usize]) -> String {
    let row = |row| {
        let own = writers.iter().filter(move |writer| *writer % 40 == row);
        let own: String = own.map(|writer| format!("writer {writer}\n")).collect();
        format!("row {row}\n{own}")
    };
    (0..40).map(row).collect()
}

impl Edge {
    /// Another sandbox of the point of presence.
    fn restart(&mut self) {
        self.replica = Replica::start(self.replica.config().clone(), &mut self.ports);
    }

    /// Saves that know nothing of each other, each in a sandbox of its own.
    fn crowd(&mut self, base: u64, writers: std::ops::Range<usize>) {
        for writer in writers {
            self.network.advance(40);
            self.restart();
            self.save(&page(0), Some(base), &rows(&[writer]));
        }
    }
}

#[test]
fn a_sandbox_that_starts_reads_what_is_new_and_not_all_that_waits() {
    let mut edge = Edge::new(13);
    let base = edge.save(&page(0), None, &rows(&[]));
    edge.network.advance(600);
    edge.relay_away();
    let mut costs = Vec::new();
    for more in 1..=6 {
        edge.crowd(base, (more - 1) * 120..more * 120);
        edge.restart();
        edge.network.advance(600);
        edge.take_calls();
        let read = edge.read(&page(0));
        costs.push(edge.take_calls());
        assert_eq!(read.matches("writer").count(), more * 120);
    }
    let most = costs.iter().max().copied().expect("some");
    assert!(most <= 60, "{costs:?} calls of a sandbox that starts");
    assert!(costs[5] <= costs[1] + 40, "{costs:?} calls grow with what waits");
}

#[test]
fn a_sandbox_that_starts_shows_what_one_shows_that_reads_all() {
    for seed in 0..12 {
        let mut edge = Edge::new(100 + seed);
        let base = edge.save(&page(0), None, &rows(&[]));
        edge.network.advance(600);
        edge.relay_away();
        edge.crowd(base, 0..70 + seed as usize * 17);
        edge.network.advance(1_200);
        let shown = |edge: &mut Edge, forgets: bool| {
            if forgets {
                let kept = edge.network.cached(0, "overlay/");
                kept.iter().for_each(|kept| edge.network.set_cached(0, &kept.0, None));
            }
            edge.network.advance(600);
            edge.restart();
            edge.read(&page(0))
        };
        // What is shown, and what a save by somebody comes to who knows none of them.
        let mut before = shown(&mut edge, false);
        for (writer, forgets) in [(1_000, false), (1_001, true)] {
            assert_eq!(shown(&mut edge, forgets), before, "seed {seed}");
            edge.restart();
            edge.save(&page(0), Some(base), &rows(&[writer]));
            before = shown(&mut edge, !forgets);
            assert_eq!(before.matches(&format!("writer {writer}\n")).count(), 1);
        }
        assert_eq!(shown(&mut edge, false), before);
        edge.settle(&[page(0)], 30);
        let document = edge.network.document(&page(0)).expect("a document");
        for writer in 0..70 + seed as usize * 17 {
            let times = document.text().matches(&format!("writer {writer}\n")).count();
            assert_eq!(times, 1, "writer {writer} of seed {seed}");
        }
    }
}

#[test]
fn what_lies_in_the_cache_is_believed_only_if_it_is_what_waits() {
    let mut edge = Edge::new(14);
    let base = edge.save(&page(0), None, &rows(&[]));
    edge.network.advance(600);
    edge.relay_away();
    edge.crowd(base, 0..150);
    let old = edge.network.cached(0, "overlay/").expect("it is kept");
    edge.crowd(base, 150..260);
    let (name, new) = edge.network.cached(0, "overlay/").expect("it is kept");
    assert_ne!(old.1, new);
    let all = |edge: &mut Edge| {
        edge.network.advance(600);
        edge.restart();
        edge.read(&page(0)).matches("writer").count()
    };
    let mut other_format = new.clone();
    other_format[1] += 1;
    let half = new[..new.len() / 2].to_vec();
    for bytes in [old.1, other_format, half, Vec::new()] {
        edge.network.set_cached(0, &name, Some(bytes));
        assert_eq!(all(&mut edge), 260);
    }
    for at in (0..new.len()).step_by(new.len() / 60) {
        let mut other = new.clone();
        other[at] ^= 0x15;
        edge.network.set_cached(0, &name, Some(other));
        edge.network.advance(600);
        edge.restart();
        let session = &mut ClientSession::new();
        let read = edge.replica.request(&mut edge.ports, session).read(&page(0));
        assert!(read.is_ok(), "whatever it shows");
    }
    // Another point of presence has brought some of it into a log that has lost it since.
    edge.network.set_cached(0, &name, Some(new.clone()));
    let settled = edge.network.stored_keys("outbox/").into_iter().next().expect("joined saves");
    edge.network.forget_stored(&settled);
    let shown = [(); 2].map(|()| {
        let (head, _) = edge.network.cached(0, "head/").expect("a head");
        edge.network.set_cached(0, &head, None);
        let shown = all(&mut edge);
        edge.network.set_cached(0, &name, None);
        shown
    });
    assert_eq!(shown[0], shown[1], "what does not wait is not shown");
    assert!(shown[0] < 260);
}

#[test]
fn what_waited_on_an_older_state_is_not_believed() {
    let mut edge = Edge::new(15);
    let base = edge.save(&page(0), None, &rows(&[]));
    edge.network.advance(600);
    edge.relay_away();
    edge.crowd(base, 0..150);
    let (name, old) = edge.network.cached(0, "overlay/").expect("it is kept");
    let all = |edge: &mut Edge| {
        edge.network.advance(600);
        edge.restart();
        edge.read(&page(0)).matches("writer").count()
    };
    // The log takes all of it.
    edge.settle(&[page(0)], 30);
    edge.network.set_cached(0, &name, Some(old));
    edge.relay_away();
    assert_eq!(all(&mut edge), 150);
}

#[test]
fn beyond_the_bound_a_save_is_refused_before_it_is_kept() {
    let mut edge = Edge::new(6);
    edge.save(&page(0), None, "a page\n");
    edge.network.advance(1_000);
    edge.relay_away();
    let long = "x".repeat(limits::PAGE_BYTES / 2);
    let mut taken = 0;
    let refused = (0..40).find_map(|number| {
        let base = edge.read_id(&page(0));
        match edge.try_save(&page(0), Some(base), &format!("{long}{number}\n")) {
            Ok(saved) => {
                taken += 1;
                let after = saved.after.expect("something is left to do");
                edge.replica.context(&mut edge.ports).finish_save(after);
                edge.network.advance(600);
                None
            }
            Err(error) => Some(error),
        }
    });
    let Some(SaveError::Overloaded { saves, bytes }) = refused else {
        panic!("{taken} were taken, then {refused:?}");
    };
    assert!(saves == taken && bytes >= limits::OVERLAY_BYTES, "{saves} of {bytes} bytes");
    assert!(taken * limits::PAGE_BYTES / 2 <= limits::OVERLAY_BYTES);
    edge.settle(&[page(0)], 12);
    let document = edge.network.document(&page(0)).expect("a document");
    assert_eq!(document.changes().len(), 1 + taken);
}

/// Several points of presence, each below the bound, take more than it together. All of that is
/// read: who has seen it would have to be shown it without, by dearer ways, at each request.
#[test]
fn what_was_taken_at_once_beyond_the_bound_is_read() {
    let mut edge = Edge::new(11);
    edge.save(&page(0), None, "a page\n");
    edge.network.advance(1_000);
    let mut there = edge.network.ports(1, None);
    let config = Config::new("wiki", "there", b"secret");
    let mut elsewhere = Replica::start(config, &mut there);
    let session = &mut ClientSession::new();
    let mut base = elsewhere.request(&mut there, session).read(&page(0)).expect("a page").id;
    edge.relay_away();
    let long = "x".repeat(limits::PAGE_BYTES / 8);
    let (mut refused, mut taken) = (false, 0);
    for number in 0..100 {
        let on = edge.read_id(&page(0));
        let here = edge.try_save(&page(0), Some(on), &format!("{long}{number}\n"));
        // At the same time, on what was there before.
        let text = format!("{long}elsewhere {number}\n");
        let save = whole(Some(base), &text);
        let saved = elsewhere.request(&mut there, session).save(&page(0), &save);
        let (Ok(here), Ok(saved)) = (here, saved) else {
            refused = true;
            break;
        };
        base = saved.snapshot.id;
        taken += 2;
        edge.network.advance(10);
        let after = here.after.expect("something is left to do");
        edge.replica.context(&mut edge.ports).finish_save(after);
        // Each learns of the other's once it looks again.
        edge.network.advance(if number % 10 == 9 { 600 } else { 0 });
    }
    assert!(refused);
    edge.network.advance(2_000);
    let read = edge.replica.request(&mut edge.ports, session).read(&page(0)).expect("a page");
    edge.restart();
    let save = whole(Some(read.id), "short\n");
    let saved = edge.replica.request(&mut edge.ports, session).save(&page(0), &save);
    let Err(SaveError::Overloaded { saves, bytes }) = saved.map(|saved| saved.snapshot) else {
        panic!("it was taken");
    };
    assert!(bytes > limits::OVERLAY_BYTES + limits::PAGE_BYTES / 8, "{bytes}");
    assert!(saves >= taken, "{taken} wait, {saves} are known");
    edge.settle(&[page(0)], 20);
}

#[test]
fn what_waits_does_not_grow_with_what_its_author_wrote_before() {
    let mut edge = Edge::new(13);
    edge.relay_away();
    let (mut session, mut base, mut text) = (ClientSession::new(), None, String::new());
    for number in 0..50 {
        text.push_str(&format!("line {number}\n"));
        let saved = edge.try_save_in(&mut session, &page(0), base, &text).expect("a save");
        base = Some(saved.snapshot.id);
        edge.network.advance(20);
    }
    let written = edge.network.written("outbox/");
    let sizes: Vec<usize> = written.values().map(|values| values[0].len()).collect();
    let (least, most) = (sizes.iter().min(), sizes.iter().max());
    assert!(sizes.len() == 50 && most <= least.map(|least| least + 250).as_ref(), "{sizes:?}");
    // All of its own shows to whoever wrote it, wherever the request lands.
    let mut fresh = Replica::start(edge.replica.config().clone(), &mut edge.ports);
    let read = fresh.request(&mut edge.ports, &mut session).read(&page(0)).expect("a page");
    assert_eq!(read.text, text);
    edge.settle(&[page(0)], 12);
    assert_eq!(edge.read(&page(0)), text);
}

#[test]
fn what_the_relay_would_refuse_is_not_acknowledged() {
    let mut edge = Edge::new(7);
    let note = Note { author: "n".repeat(limits::AUTHOR_BYTES + 1), ..Note::default() };
    let submitted = Submitted::Whole("a page\n".to_owned());
    let save = Save {
        base: None,
        submitted,
        note,
        idempotency_inputs: Vec::new(),
        base_check: None,
        trace: 0,
        only_if: None,
        closes: Vec::new(),
    };
    let session = &mut ClientSession::new();
    let saved = edge.replica.request(&mut edge.ports, session).save(&page(0), &save);
    assert!(matches!(saved, Err(SaveError::Invalid(_))), "{:?}", saved.err());
    assert_eq!(edge.network.stored_keys("outbox/"), Vec::<String>::new());
}

#[test]
fn without_ticks_sessions_sweep() {
    let mut edge = Edge::new(8);
    edge.relay_away();
    let text = edge.chain(&page(0), 30);
    edge.network.change_faults(|faults| faults.relay_down = false);
    // Somebody uses another page.
    let mut base = edge.save(&page(1), None, "another\n");
    for number in 0..2 * u64::from(limits::OUTBOX_BUCKETS) {
        edge.network.advance(limits::OUTBOX_AGE_MS + 1_000);
        base = edge.save(&page(1), Some(base), &format!("another {number}\n"));
    }
    let document = edge.network.document(&page(0)).expect("a document");
    assert_eq!(document.text(), text);
}

impl Edge {
    fn read_id(&mut self, page: &DocumentKey) -> u64 {
        let session = &mut ClientSession::new();
        let read = self.replica.request(&mut self.ports, session).read(page);
        read.expect("a page").id
    }
}
