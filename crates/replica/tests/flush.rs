//! Writing what waits to the origin, by a point of presence that knows little of it.

use std::sync::{Arc, Mutex};

use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, RULES};
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::flush::Flushed;
use redwedding_replica::limits;
use redwedding_replica::member::Members;
use redwedding_replica::ports::{Ports, Relay};
use redwedding_replica::save::{Save, Submitted};
use redwedding_replica::sync::Request;
use redwedding_replica::testing::{Faults, Hook, MemoryPorts, Network};
use redwedding_replica::{Config, Replica};
use redwedding_text::diff;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::Base;
use serde_bytes::ByteBuf;

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("key")
}

fn start(network: &Network, pop: usize) -> (Replica, MemoryPorts) {
    let mut ports = network.ports(pop, None);
    let config = Config::new("wiki", &format!("pop-{pop}"), b"secret");
    (Replica::start(config, &mut ports), ports)
}

/// Saves a text; the number of what its author has before them then.
fn save(replica: &mut Replica, ports: &mut MemoryPorts, base: Option<u64>, text: &str) -> u64 {
    let save = Save {
        base,
        submitted: Submitted::Whole(text.to_owned()),
        note: Note::default(),
        idempotency_inputs: vec![text.as_bytes().to_vec()],
        base_check: None,
        trace: 0,
        only_if: None,
        closes: Vec::new(),
    };
    let mut session = ClientSession::new();
    let saved = replica.request(ports, &mut session).save(&page(), &save).expect("a save");
    let id = saved.snapshot.id;
    if let Some(after) = saved.after {
        replica.context(ports).finish_save(after);
    }
    id
}

/// Entries of a crowd that saves what the log has now, each with a line of its own.
fn crowd(network: &Network, count: usize) -> Vec<ByteBuf> {
    let document = network.document(&page()).expect("a document");
    let entry = |number: usize| {
        let edit = EditId((number as u128 + 1).to_be_bytes());
        let text = format!("{}* row {number}\n", document.text());
        let patch = diff::between(document.text(), &text);
        let (base, note) = (Base::Version(document.version()), Note::default());
        let delta = Delta { edit, base, patch, note, rules: RULES };
        let pop = "pop-0".to_owned();
        let edit = Edit::new(delta, 1, pop);
        ByteBuf::from(Entry::new(page(), Body::Edit(edit)).encode())
    };
    (0..count).map(entry).collect()
}

/// Between what the log is asked for and what is appended to it much may come in. An intent that is
/// not in the answer to it is looked for in what follows.
#[test]
fn what_comes_in_with_an_intent_does_not_hide_it() {
    let network = Network::new(1, 2);
    let (mut busy, mut ports) = start(&network, 0);
    save(&mut busy, &mut ports, None, "one\n");
    let (mut asked, busy) = (0, network.clone());
    let came = Mutex::new(move |call: &'static str| {
        asked += usize::from(call == "relay.begin");
        if call != "relay.begin" || asked != 2 {
            return;
        }
        let all = crowd(&busy, limits::EXCHANGE_ROUNDS as usize * limits::PULL_ENTRIES + 100);
        for pushes in all.chunks(limits::PUSH_ENTRIES) {
            let mut request = Request::new("wiki", "pop-0", Members::default());
            request.pushes = pushes.to_vec();
            let pending = ports.relay().begin(request.encode());
            ports.relay().finish(pending, 1_000).expect("an answer");
        }
    });
    let hook = move |call| came.lock().expect("no call of its own")(call);
    let mut there = network.ports(1, Some(Arc::new(hook)));
    let mut other = Replica::start(Config::new("wiki", "pop", b"secret"), &mut there);
    assert_eq!(other.context(&mut there).flush(&page()), Flushed::Done);
    let written = network.revisions("Page").pop().map(|revision| revision.text);
    assert_eq!(written.as_deref(), Some("one\n"), "what came in is for the next");
}

/// After a long outage the log takes thousands of saves at once. Whoever is asked to write them
/// reads on until they have all, and only then says what they will write: an intent that they do
/// not see themselves would keep everybody waiting for as long as a lease lasts.
#[test]
fn who_lags_far_behind_writes_all_of_it_at_once() {
    let network = Network::new(1, 2);
    let (mut busy, mut ports) = start(&network, 0);
    let mut id = save(&mut busy, &mut ports, None, "one\n");
    let (mut other, mut there) = start(&network, 1);
    assert_eq!(other.context(&mut there).flush(&page()), Flushed::Done);
    let (rounds, mut text) = (limits::EXCHANGE_ROUNDS as usize, "one\n".to_owned());
    for number in 0..rounds * limits::PULL_ENTRIES + 100 {
        // A sandbox serves few requests.
        if number % 50 == 0 {
            busy = start(&network, 0).0;
        }
        text.push_str(&format!("row {number}\n"));
        id = save(&mut busy, &mut ports, Some(id), &text);
    }
    let (mut other, mut there) = start(&network, 1);
    assert_eq!(other.context(&mut there).flush(&page()), Flushed::Done);
    let written = network.revisions("Page").pop().map(|revision| revision.text);
    assert!(written.as_deref() == Some(&text), "{} bytes", written.unwrap_or_default().len());
}

/// The lease keeps all others away meanwhile: to mend and to write one after the other, under a
/// lease each, would make everybody wait for a minute.
#[test]
fn who_mends_a_flush_writes_what_waits() {
    let broken: [fn(&mut Faults); 2] = [
        // Nothing came of the first one, or all of it.
        |faults| faults.origin_fails = 1_000,
        |faults| faults.origin_loses_answer = 1_000,
    ];
    for fault in broken {
        let network = Network::new(1, 2);
        let (mut replica, mut ports) = start(&network, 0);
        let id = save(&mut replica, &mut ports, None, "one\n");
        network.change_faults(fault);
        assert_eq!(replica.context(&mut ports).flush(&page()), Flushed::Later);
        network.change_faults(|faults| *faults = Faults::default());
        save(&mut replica, &mut ports, Some(id), "one\ntwo\n");
        let (mut other, mut there) = start(&network, 1);
        assert_eq!(other.context(&mut there).flush(&page()), Flushed::Done);
        let written = network.revisions("Page").pop().map(|revision| revision.text);
        assert_eq!(written.as_deref(), Some("one\ntwo\n"));
        assert_eq!(other.context(&mut there).flush(&page()), Flushed::Nothing);
    }
}

/// A page that somebody edits at the origin while a save is on its way there: the origin merges the
/// two by itself.
fn merged_by_the_origin(
    network: &Network,
    hook: Option<Hook>,
    [ours, theirs]: [&str; 2],
) -> (Replica, MemoryPorts) {
    network.set_merges(true);
    let first = network.edit_at_origin("Page", "ann", |_| "one\ntwo\n".to_owned());
    let (mut replica, _) = start(network, 0);
    let mut ports = network.ports(0, hook);
    save(&mut replica, &mut ports, first, ours);
    network.edit_at_origin("Page", "bob", |_| theirs.to_owned());
    assert_eq!(replica.context(&mut ports).flush(&page()), Flushed::Done);
    (replica, ports)
}

/// What the origin makes of a flush and of an edit made there is what the log makes of the two:
/// then the log knows that text, and nothing is left to be written.
#[test]
fn what_the_origin_merges_as_the_log_does_is_known() {
    let network = Network::new(1, 1);
    let both = ["ours one\ntwo\n", "one\ntwo three\n"];
    let (mut replica, mut ports) = merged_by_the_origin(&network, None, both);
    let document = network.document(&page()).expect("a document");
    let tip = document.origin().tip.clone().expect("a tip");
    assert!(tip.exact, "{:?}", document.text());
    assert_eq!(document.text_at(&tip.version).as_deref(), Some("ours one\ntwo three\n"));
    assert_eq!(replica.context(&mut ports).flush(&page()), Flushed::Nothing);
    assert_eq!(network.revisions("Page").len(), 3);
}

/// Where the two differ, an edit of what the origin made comes where its author put it, also beside
/// and within what the flush had brought.
#[test]
fn an_edit_of_what_the_origin_merged_comes_where_it_was_made() {
    let network = Network::new(1, 1);
    let both = ["one\ntwo\nours also\n", "one\ntwo\ntheirs too\n"];
    // It is made before the log's order is written there, which is the second write.
    let (seen, there) = (Arc::new(Mutex::new((0, Vec::new()))), network.clone());
    let came = seen.clone();
    let hook = move |call: &'static str| {
        let mut came = came.lock().expect("no call of its own");
        came.0 += usize::from(call == "origin.write");
        if came.0 == 2 && came.1.is_empty() {
            let merged = there.revisions("Page").pop().expect("a revision").text;
            let document = there.document(&page()).expect("a document");
            came.1 = vec![merged, document.text().to_owned()];
            there.edit_at_origin("Page", "cid", |text| text.replace("also", "new"));
        }
    };
    let (mut replica, mut ports) = merged_by_the_origin(&network, Some(Arc::new(hook)), both);
    let [merged, before] = <[String; 2]>::try_from(seen.lock().expect("a lock").1.clone())
        .expect("the log's order is written");
    assert_ne!(merged, before, "the origin has another order");
    for _ in 0..3 {
        replica.context(&mut ports).poll_origin(&page(), true);
        replica.context(&mut ports).flush(&page());
    }
    let document = network.document(&page()).expect("a document");
    assert_eq!(document.text(), before.replace("also", "new"));
    let revision = network.revisions("Page").pop().expect("a revision");
    assert_eq!(revision.text, document.text());
}
