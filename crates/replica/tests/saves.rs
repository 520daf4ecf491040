//! Single saves over the in-memory ports: what they can stand on, and what they
//! ask the platform for.

use std::sync::{Arc, Mutex};

use redwedding_document::entry::Note;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::limits;
use redwedding_replica::save::{Save, SaveError, Saved, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network};
use redwedding_replica::{Config, Replica};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::text_check;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

/// A sandbox of its own.
fn sandbox(ports: &mut MemoryPorts) -> Replica {
    Replica::start(Config::new("wiki", "pop", b"secret"), ports)
}

/// The sandbox, or one that takes its place.
fn unspent<'a>(replica: &'a mut Replica, ports: &mut MemoryPorts) -> &'a mut Replica {
    if replica.is_spent() {
        *replica = sandbox(ports);
    }
    replica
}

/// A save of a client that has no session.
fn save(
    replica: &mut Replica,
    ports: &mut MemoryPorts,
    base: Option<u64>,
    text: &str,
) -> Saved<MemoryPorts> {
    let save = Save {
        base,
        submitted: Submitted::Whole(text.to_owned()),
        note: Note::default(),
        idempotency_inputs: vec![
            base.unwrap_or(0).to_le_bytes().to_vec(),
            text.as_bytes().to_vec(),
        ],
        base_check: None,
        trace: 0,
        only_if: None,
        closes: Vec::new(),
    };
    let replica = unspent(replica, ports);
    replica.request(ports, &mut ClientSession::new()).save(&page(), &save).expect("a save")
}

#[test]
fn a_save_on_what_another_sandbox_has_just_answered_lists_nothing() {
    let network = Network::new(1, 2);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = calls.clone();
    let hook = move |call: &'static str| noted.lock().expect("a lock").push(call);
    let mut ports = network.ports(0, Some(Arc::new(hook)));
    let (mut one, mut other) = (sandbox(&mut ports), sandbox(&mut ports));
    let created = save(&mut one, &mut ports, None, "a\n");
    let finished = created.after.expect("something is left to do");
    one.context(&mut ports).finish_save(finished);
    other.request(&mut ports, &mut ClientSession::new()).read(&page()).expect("a page");
    let first = save(&mut one, &mut ports, Some(created.snapshot.id), "a\nb\n");
    calls.lock().expect("a lock").clear();
    // The first one's sandbox has not heard the relay yet.
    let second = save(&mut other, &mut ports, Some(first.snapshot.id), "a\nb\nc\n");
    assert_eq!(second.snapshot.text, "a\nb\nc\n");
    assert!(!calls.lock().expect("a lock").contains(&"store.list"), "{calls:?}");
    // Now one has heard more of the log than the other.
    one.context(&mut ports).finish_save(first.after.expect("something is left to do"));
    let third = save(&mut one, &mut ports, Some(second.snapshot.id), "a\nb\nc\nd\n");
    calls.lock().expect("a lock").clear();
    let fourth = save(&mut other, &mut ports, Some(third.snapshot.id), "a\nb\nc\nd\ne\n");
    assert_eq!(fourth.snapshot.text, "a\nb\nc\nd\ne\n");
    assert!(!calls.lock().expect("a lock").contains(&"store.list"), "{calls:?}");
}

#[test]
fn a_save_stands_on_a_version_of_many_dots_that_only_the_store_knows() {
    let network = Network::new(2, 2);
    network.change_faults(|faults| faults.relay_down = true);
    let mut ports = network.ports(0, None);
    let mut replica = sandbox(&mut ports);
    let created = save(&mut replica, &mut ports, None, "a\n");
    for word in 0..2 * limits::INLINE_DOTS {
        save(&mut replica, &mut ports, Some(created.snapshot.id), &format!("a\nword {word}\n"));
    }
    network.advance(1_000);
    let snapshot =
        replica.request(&mut ports, &mut ClientSession::new()).read(&page()).expect("a page");
    // Elsewhere, where nothing of it was seen.
    let mut ports = network.ports(1, None);
    let mut elsewhere = sandbox(&mut ports);
    let mut text = format!("{}from elsewhere\n", snapshot.text);
    let saved = save(&mut elsewhere, &mut ports, Some(snapshot.id), &text);
    assert_eq!(saved.snapshot.text, text);
    let kept = network.stored_keys("outbox/").len();
    assert_eq!(kept, 2 + 2 * limits::INLINE_DOTS);
    // And what came of it can be edited and read once the relay is back.
    network.heal();
    network.advance(60_000);
    text.push_str("at last\n");
    let saved = save(&mut elsewhere, &mut ports, Some(saved.snapshot.id), &text);
    assert_eq!(saved.snapshot.text, text);
    for _ in 0..10 {
        network.advance(20_000);
        unspent(&mut elsewhere, &mut ports).context(&mut ports).tick(0..limits::OUTBOX_BUCKETS);
    }
    let document = network.document(&page()).expect("a document");
    assert_eq!(document.text(), text);
    assert_eq!(network.stored_keys("outbox/"), Vec::<String>::new());
}

#[test]
fn a_position_of_another_text_is_no_base() {
    let network = Network::new(1, 2);
    let mut ports = network.ports(0, None);
    let mut replica = sandbox(&mut ports);
    let created = save(&mut replica, &mut ports, None, "a\n");
    replica.context(&mut ports).finish_save(created.after.expect("something is left to do"));
    let shown = replica.request(&mut ports, &mut ClientSession::new()).read(&page());
    let shown = shown.expect("a page");
    let mut on = |checked: &str, text: &str| {
        let save = Save {
            base: Some(shown.id),
            base_check: Some(text_check(checked)),
            submitted: Submitted::Whole(text.to_owned()),
            note: Note::default(),
            idempotency_inputs: vec![text.as_bytes().to_vec()],
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        let replica = unspent(&mut replica, &mut ports);
        let saved = replica.request(&mut ports, &mut ClientSession::new()).save(&page(), &save);
        saved.map(|saved| saved.snapshot.text.clone())
    };
    // As where the ten check bits of the position are by chance those of a lost one.
    assert!(matches!(on("b\n", "b\nc\n"), Err(SaveError::UnknownVersion)));
    assert_eq!(on("a\n", "a\nc\n").expect("a save"), "a\nc\n");
}

/// With the relay away one moves a line of which another one, who does not know of it, deletes
/// words. Who reads both sees them gone, and what they save on it is what they saved.
#[test]
fn what_a_waiting_save_deletes_does_not_show_where_another_one_has_moved_it() {
    let network = Network::new(3, 2);
    let mut ports = network.ports(0, None);
    let mut replica = sandbox(&mut ports);
    let rest = "elm oak ash\nfir yew box\n";
    let created = save(&mut replica, &mut ports, None, &format!("one two three four\n{rest}"));
    replica.context(&mut ports).finish_save(created.after.expect("something is left to do"));
    network.advance(1_000);
    let mut there = network.ports(1, None);
    let mut elsewhere = sandbox(&mut there);
    let known = elsewhere.request(&mut there, &mut ClientSession::new()).read(&page());
    known.expect("a page");
    network.change_faults(|faults| faults.relay_down = true);
    network.advance(60_000);
    let base = Some(created.snapshot.id);
    save(&mut replica, &mut ports, base, &format!("{rest}one two three four\n"));
    save(&mut replica, &mut ports, base, &format!("one four\n{rest}"));
    network.advance(1_000);
    // In sandboxes that start, and elsewhere.
    let mut seen = sandbox(&mut ports);
    let read = seen.request(&mut ports, &mut ClientSession::new()).read(&page()).expect("a page");
    assert_eq!(read.text, format!("{rest}one four\n"));
    let text = read.text.replace("four", "four five");
    let saved = save(&mut elsewhere, &mut there, Some(read.id), &text);
    assert_eq!(saved.snapshot.text, text);
    // The same text changes nothing.
    let waiting = network.stored_keys("outbox/").len();
    save(&mut elsewhere, &mut there, Some(read.id), &read.text);
    assert_eq!(network.stored_keys("outbox/").len(), waiting);
    network.heal();
    network.advance(60_000);
    for _ in 0..10 {
        network.advance(20_000);
        unspent(&mut elsewhere, &mut there).context(&mut there).tick(0..limits::OUTBOX_BUCKETS);
    }
    assert_eq!(network.document(&page()).expect("a document").text(), text);
}

/// Many who have never heard of each other make the same correction while the relay is away, at two
/// points of presence: everybody reads it once, and goes on from it.
#[test]
fn the_same_correction_of_many_is_shown_once_while_the_relay_is_away() {
    let network = Network::new(6, 2);
    let mut pops = [0, 1].map(|pop| network.ports(pop, None));
    let mut replicas = [0, 1].map(|pop| sandbox(&mut pops[pop]));
    let created = save(&mut replicas[0], &mut pops[0], None, "1. teh cat\n2. a dog\n");
    replicas[0].context(&mut pops[0]).finish_save(created.after.expect("something is left to do"));
    network.advance(1_000);
    let known = replicas[1].request(&mut pops[1], &mut ClientSession::new()).read(&page());
    let base = Some(known.expect("a page").id);
    network.change_faults(|faults| faults.relay_down = true);
    network.advance(60_000);
    let right = "1. the cat\n2. a dog\n";
    for who in 0..40_u8 {
        let pop = usize::from(who % 2);
        let submitted = Submitted::Whole(right.to_owned());
        let idempotency_inputs = vec![vec![who]];
        let (note, base_check) = (Note::default(), None);
        let save = Save {
            base,
            submitted,
            note,
            idempotency_inputs,
            base_check,
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        let (ports, replica) = (&mut pops[pop], &mut replicas[pop]);
        let replica = unspent(replica, ports);
        let saved = replica.request(ports, &mut ClientSession::new()).save(&page(), &save);
        assert_eq!(saved.expect("a save").snapshot.text, right, "{who}");
    }
    network.advance(1_000);
    // In sandboxes that start, too.
    let mut read = |pop: usize| {
        let mut seen = sandbox(&mut pops[pop]);
        seen.request(&mut pops[pop], &mut ClientSession::new()).read(&page()).expect("a page")
    };
    let shown = [0, 1].map(&mut read);
    assert_eq!(shown.each_ref().map(|shown| shown.text.as_str()), [right; 2]);
    let text = "1. the grey cat\n2. a dog\n";
    let saved = save(&mut replicas[1], &mut pops[1], Some(shown[1].id), text);
    assert_eq!(saved.snapshot.text, text);
    network.heal();
    network.advance(60_000);
    for _ in 0..20 {
        network.advance(20_000);
        unspent(&mut replicas[1], &mut pops[1])
            .context(&mut pops[1])
            .tick(0..limits::OUTBOX_BUCKETS);
    }
    let document = network.document(&page()).expect("a document");
    assert_eq!((document.text(), document.alternatives().len()), (text, 0));
    assert_eq!(network.stored_keys("outbox/"), Vec::<String>::new());
}

/// What a page shows to whoever asks a sandbox that starts, and what is told beside it.
fn seen_by_all(ports: &mut MemoryPorts) -> (u64, String, Vec<String>) {
    let mut replica = sandbox(ports);
    let read = |replica: &mut Replica, ports: &mut MemoryPorts| {
        replica.request(ports, &mut ClientSession::new()).read(&page()).expect("a page")
    };
    let shown = read(&mut replica, ports);
    let history = replica.request(ports, &mut ClientSession::new()).history(&page(), &[None], 1);
    let history = history.expect("a history");
    let mut told: Vec<String> =
        history.undecided().iter().map(|it| it.text.trim().to_owned()).collect();
    told.sort_unstable();
    assert_eq!(shown.alternatives as usize, told.len());
    (shown.id, shown.text.clone(), told)
}

/// Two replace a word differently while the relay is away, at one point of presence or at two: the
/// one that was accepted first shows everywhere, the other one is told; what is made of that, too.
#[test]
fn of_two_versions_of_a_word_one_shows_while_the_relay_is_away() {
    let sky = |word: &str| format!("The sky is {word} today.\n");
    for (one, two) in [(0, 0), (0, 1), (1, 0)] {
        let network = Network::new(7, 2);
        let mut pops = [0, 1].map(|pop| network.ports(pop, None));
        let mut replicas = [0, 1].map(|pop| sandbox(&mut pops[pop]));
        let created = save(&mut replicas[0], &mut pops[0], None, &sky("blue"));
        replicas[0].context(&mut pops[0]).finish_save(created.after.expect("something to do"));
        network.advance(1_000);
        let base = Some(seen_by_all(&mut pops[1]).0);
        network.change_faults(|faults| faults.relay_down = true);
        network.advance(60_000);
        let first = save(&mut replicas[one], &mut pops[one], base, &sky("crimson"));
        assert_eq!(first.snapshot.text, sky("crimson"));
        network.advance(3_000);
        let second = save(&mut replicas[two], &mut pops[two], base, &sky("azure"));
        network.advance(3_000);
        let expect = |pops: &mut [MemoryPorts; 2], word: &str, told: &[&str]| {
            for ports in pops {
                let (_, text, other) = seen_by_all(ports);
                let told: Vec<String> = told.iter().map(|it| (*it).to_owned()).collect();
                assert_eq!((text, other), (sky(word), told), "at {one} and {two}");
            }
        };
        expect(&mut pops, "crimson", &["azure"]);
        // Who saved the second is told at once, where the first is known there.
        let text = &second.snapshot.text;
        let told = *text == sky("crimson") && second.snapshot.alternatives == 1;
        assert!(told || one != two && *text == sky("azure"), "{text}");
        if one != two {
            // They go on from what they have before them.
            let id = Some(second.snapshot.id);
            let third = save(&mut replicas[two], &mut pops[two], id, &sky("dark navy"));
            let shown = (&third.snapshot.text, third.snapshot.alternatives);
            assert!([(&sky("dark navy"), 0), (&sky("crimson"), 2)].contains(&shown), "{shown:?}");
            network.advance(3_000);
            expect(&mut pops, "crimson", &["azure", "dark navy"]);
        }
        network.heal();
        network.advance(60_000);
        for pop in [one, two].into_iter().cycle().take(20) {
            network.advance(20_000);
            let replica = unspent(&mut replicas[pop], &mut pops[pop]);
            replica.context(&mut pops[pop]).tick(0..limits::OUTBOX_BUCKETS);
        }
        assert_eq!(network.stored_keys("outbox/"), Vec::<String>::new());
        let document = network.document(&page()).expect("a document");
        let told = document.alternatives();
        let all: String = told.iter().map(|it| it.text).chain([document.text()]).collect();
        let word = if one == two { "azure" } else { "dark navy" };
        assert!(all.contains("crimson") && all.contains(word), "{all}");
    }
}
