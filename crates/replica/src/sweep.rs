//! Pushing what has waited in the outbox.
//!
//! A sweep goes through a bucket in the order of names, one window of bounded size after the
//! other, and remembers where it stopped: so nothing that has to wait longer keeps the rest
//! waiting. Within a window parents go before children. What a window's saves stand on, and is
//! neither in the log nor in the window, is pushed along where it can be had; else the next
//! round through the bucket tries again. What the relay refuses is set aside under another key,
//! with an alarm, so that it is kept and in nobody's way; it is tried again after each round.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use redwedding_document::entry::{Entry, Missing};
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Digest, DocumentKey};

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::{OutboxEntry, OutboxValue, in_causal_order};
use crate::outbox_report::BucketReport;
use crate::ports::{Cache, Level, Ports, Store};
use crate::relay_client::pull;
use crate::sync::{Answer, Receipt};

/// How often one save, or what it stands on, is pushed in one sweep.
const TRIES: u8 = 4;

/// What a sweep did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Swept {
    /// Saves that the log now has.
    pub(crate) settled: usize,
    /// Whether there is more in the bucket that can be pushed now.
    pub(crate) more: bool,
}

/// What became of a window.
struct Pushed {
    /// Saves that need no more pushing.
    settled: usize,
    /// Saves that do.
    waiting: usize,
    /// When the oldest of those was accepted, in ms since 1970; 0 for none.
    oldest_ms: u64,
    /// Whether all were tried: else the relay was lost or had no time for all, or there was no time
    /// or call left.
    tried_all: bool,
}

/// Something to push.
struct SweepItem {
    entry: Entry,
    /// Which of the window's saves it is: (value, save in it). What saves stand on is none.
    of: Option<(usize, usize)>,
    tries: u8,
}

/// A part of the outbox on its way into the log.
struct SweepWindow {
    values: Vec<OutboxValue>,
    /// Of each value, which of its saves need no more pushing.
    done: Vec<Vec<bool>>,
    queue: VecDeque<SweepItem>,
    /// What was pushed along, so that it is once.
    along: BTreeSet<Digest>,
}

impl SweepWindow {
    fn of(values: Vec<OutboxValue>) -> Self {
        let all: Vec<(usize, usize)> = values
            .iter()
            .enumerate()
            .flat_map(|(value, of)| (0..of.entries.len()).map(move |entry| (value, entry)))
            .collect();
        let entries: Vec<&OutboxEntry> =
            all.iter().map(|(value, entry)| &values[*value].entries[*entry]).collect();
        let order = in_causal_order(&entries);
        let item = |index: usize| SweepItem {
            entry: entries[index].entry.clone(),
            of: Some(all[index]),
            tries: 0,
        };
        let queue = order.into_iter().map(item).collect();
        let done = values.iter().map(|value| vec![false; value.entries.len()]).collect();
        Self { values, done, queue, along: BTreeSet::new() }
    }

    /// The next items that go into one exchange, with their encodings.
    fn batch(&mut self) -> (Vec<SweepItem>, Vec<Vec<u8>>) {
        let (mut items, mut pushes, mut bytes) = (Vec::new(), Vec::new(), 0);
        while items.len() < limits::PUSH_ENTRIES && bytes < limits::PUSH_BYTES {
            let Some(item) = self.queue.pop_front() else { break };
            let push = item.entry.encode();
            bytes += push.len();
            pushes.push(push);
            items.push(item);
        }
        (items, pushes)
    }

    fn settle(&mut self, (value, entry): (usize, usize)) {
        self.done[value][entry] = true;
    }

    fn pushed(&self, lost: bool) -> Pushed {
        // What was deferred was tried.
        let is_left = |item: &SweepItem| item.of.is_some() && item.tries == 0;
        let entries = self.values.iter().flat_map(|value| &value.entries);
        let done = self.done.iter().flatten();
        let waiting = entries.zip(done.clone()).filter(|(_, done)| !**done);
        let waiting: Vec<u64> = waiting.map(|(entry, _)| entry.accepted_ms()).collect();
        Pushed {
            settled: done.filter(|done| **done).count(),
            waiting: waiting.len(),
            oldest_ms: waiting.into_iter().min().unwrap_or_default(),
            tried_all: !lost && !self.queue.iter().any(is_left),
        }
    }

    /// The names of values of which every save is settled.
    fn settled(&self) -> impl Iterator<Item = &str> {
        let all = self.values.iter().zip(&self.done);
        let settled = all.filter(|(_, done)| done.iter().all(|done| *done));
        settled.map(|(value, _)| value.name.as_str())
    }
}

impl<P: Ports> Context<'_, P> {
    /// Pushes the next window of a bucket of the outbox.
    pub(crate) fn sweep(&mut self, bucket: u16) -> Swept {
        let place = keys::swept_to(bucket);
        let after = self.ports.cache().peek(&place).and_then(|name| String::from_utf8(name).ok());
        let after = after.filter(|name| !name.is_empty());
        let Ok(names) = self.outbox().names_after(bucket, after.as_deref()) else {
            return Swept::default();
        };
        let listed = names.len();
        let now_ms = self.ports.now_ms();
        // A clock that is ahead must not keep a save waiting for ever.
        let overdue =
            |waiting: &OutboxEntry| now_ms.abs_diff(waiting.accepted_ms()) >= limits::OUTBOX_AGE_MS;
        // What was accepted just now is left to whoever accepted it.
        let (values, read) = self.window(&names, |value| value.entries.iter().any(overdue));
        let last = names.get(read.wrapping_sub(1)).cloned();
        let pushed = self.push_values(values);
        let waiting = (pushed.waiting + listed - read).try_into().unwrap_or(u32::MAX);
        let report = BucketReport { bucket, waiting, oldest_ms: pushed.oldest_ms };
        self.replica.membership.report(report);
        if !pushed.tried_all {
            // Who swept some goes on where this one stopped. If the relay is lost, that one is told
            // so at once.
            return Swept { settled: pushed.settled, more: pushed.settled > 0 };
        }
        // All of the window was tried. The end of the bucket is followed by its beginning.
        let ended = read == listed && listed < limits::OUTBOX_NAMES;
        let next = last.filter(|_| !ended).unwrap_or_default();
        self.ports.cache().insert(None, &place, next.into_bytes(), limits::CACHE_MS);
        if ended {
            self.retry_set_aside(bucket);
        }
        Swept { settled: pushed.settled, more: !ended }
    }

    /// Pushes refused saves of a bucket once more: a newer relay may take them.
    fn retry_set_aside(&mut self, bucket: u16) {
        let Ok(names) = self.outbox().names_set_aside(bucket) else { return };
        let values: Vec<_> =
            names.into_iter().filter_map(|name| self.outbox().value(name)).collect();
        self.push_values(values);
    }

    /// Those values under the first of these names that are to be pushed, within what one sweep
    /// takes; and how many names that is.
    fn window(
        &mut self,
        names: &[String],
        is_pushed: impl Fn(&OutboxValue) -> bool,
    ) -> (Vec<OutboxValue>, usize) {
        let (mut values, mut entries, mut bytes) = (Vec::new(), 0, 0);
        for (read, name) in names.iter().enumerate() {
            let most = limits::SWEEP_EXCHANGES / 2 * limits::PUSH_ENTRIES;
            if entries >= most || bytes >= limits::SWEEP_BYTES {
                return (values, read);
            }
            let Some(value) = self.outbox().value(name.clone()) else { continue };
            if is_pushed(&value) {
                entries += value.entries.len();
                bytes += value.entries.iter().map(OutboxEntry::bytes).sum::<usize>();
                values.push(value);
            }
        }
        (values, names.len())
    }

    /// Pushes what waits of one document, now, as much as one sweep takes: the relay has said that
    /// something is missing, or may be back.
    pub(crate) fn sweep_document(&mut self, key: &DocumentKey) {
        let Ok(names) = self.outbox().names_of(key) else { return };
        let (values, _) = self.window(&names, |_| true);
        self.push_values(values);
    }

    /// Pushes the saves of these values, with what they stand on, and deletes what is settled.
    /// At most [`limits::SWEEP_EXCHANGES`] exchanges.
    fn push_values(&mut self, values: Vec<OutboxValue>) -> Pushed {
        let mut window = SweepWindow::of(values);
        let mut lost = false;
        for _ in 0..limits::SWEEP_EXCHANGES {
            if self.budget.relay.left_ms() < limits::SWEEP_EXCHANGE_MS {
                break;
            }
            let (items, pushes) = window.batch();
            if items.is_empty() {
                break;
            }
            // What leaves the outbox is to be had here, and from here, if the relay dies then.
            let known = self.known_of(&items);
            let pulls = known.iter().map(|known| pull(known.key(), Some(known.confirmed())));
            let pending = self.relay_client().begin(pushes, pulls.collect(), 0);
            let Some(answer) = pending.and_then(|pending| self.relay_client().finish(pending))
            else {
                lost = true;
                break;
            };
            self.heed_all(&mut window, items, &answer.receipts);
            self.take_in_all(known, answer);
        }
        for name in window.settled() {
            self.outbox().delete_name(name);
        }
        window.pushed(lost)
    }

    /// The documents that are pushed and that the point of presence has. Of many saves at once they
    /// are left to who reads next: those come as whole documents.
    fn known_of(&mut self, items: &[SweepItem]) -> Vec<Arc<CachedDocument>> {
        if items.len() > limits::PUSHED_ALONG {
            return Vec::new();
        }
        let pushed: BTreeSet<_> = items.iter().map(|item| &item.entry.document).collect();
        let mut cache = self.document_cache();
        pushed.into_iter().filter_map(|key| cache.document(key)).collect()
    }

    /// Takes in what an answer gave of several documents, in the order in which they were pulled.
    fn take_in_all(&mut self, known: Vec<Arc<CachedDocument>>, mut answer: Answer) {
        let all = std::mem::take(&mut answer.pulled);
        for (known, pulled) in known.into_iter().zip(all) {
            let mut of_one = answer.clone();
            of_one.pulled.push(pulled);
            self.take_in(known, of_one);
        }
    }

    /// Does what the receipts ask for. An entry without one was not looked at.
    fn heed_all(&mut self, window: &mut SweepWindow, items: Vec<SweepItem>, receipts: &[Receipt]) {
        let (mut again, mut busy) = (Vec::new(), Vec::new());
        let is_heard = receipts.iter().any(|receipt| *receipt != Receipt::Busy);
        let receipts = receipts.iter().cloned().map(Some).chain(std::iter::repeat(None));
        for (mut item, receipt) in items.into_iter().zip(receipts) {
            match receipt {
                Some(receipt) if receipt.is_settled() => {
                    item.of.into_iter().for_each(|of| window.settle(of));
                }
                Some(Receipt::Deferred(missing)) if item.tries < TRIES => {
                    let needed = self.dependency(&item.entry.document, &missing);
                    let needed = needed.filter(|entry| window.along.insert(entry.digest()));
                    item.tries += 1;
                    again.extend(needed.map(|entry| SweepItem { entry, of: None, tries: 0 }));
                    again.push(item);
                }
                Some(Receipt::Deferred(missing))
                    if self.is_never_to_come(&item.entry, &missing) =>
                {
                    let why = format!("the log does not have what it was made on: {missing:?}");
                    self.set_item_aside(window, &item, &why);
                }
                Some(Receipt::Refused(why)) => self.set_item_aside(window, &item, &why),
                // It had time for some, and has for these next time.
                Some(Receipt::Busy) if is_heard => busy.push(item),
                _ => {}
            }
        }
        busy.into_iter().rev().for_each(|item| window.queue.push_front(item));
        // Behind the rest: what waits for something that never comes must not keep the others of
        // the window from being tried.
        window.queue.extend(again);
    }

    /// Whether what a save waits for was sought so long that it is not to be had any more: a log
    /// that lost its tail may have had it. A text that the origin has, or a segment, is not lost.
    fn is_never_to_come(&mut self, entry: &Entry, missing: &Missing) -> bool {
        let of_log =
            matches!(missing, Missing::Position(_) | Missing::Actor(_) | Missing::Object(_));
        let what = format!("deferred-{}", entry.digest());
        of_log && self.missing_for(&what, limits::LOST_SAVE_MS)
    }

    /// Puts one of a window's saves aside. What saves stand on is none.
    fn set_item_aside(&mut self, window: &mut SweepWindow, item: &SweepItem, why: &str) {
        let Some((value, entry)) = item.of else { return };
        let OutboxValue { name, entries } = &window.values[value];
        if !keys::is_set_aside(name) && self.set_aside(&entries[entry], why) {
            window.settle((value, entry));
        }
    }

    /// Puts a save aside that the log will never take, so that it is kept and in nobody's way.
    /// `false` where the store does not take it.
    pub(crate) fn set_aside(&mut self, refused: &OutboxEntry, why: &str) -> bool {
        let Some(edit) = refused.edit() else { return true };
        let key = refused.document();
        let event = format!("an acknowledged save of {key} is refused: {why}");
        self.ports.log(Level::Alarm, &event);
        let name = keys::set_aside(key, edit);
        let pending = self.ports.store().begin_insert(&name, refused.encode());
        self.ports.store().finish_insert(pending).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use redwedding_wire::identity::DocumentKey;

    use super::*;
    use crate::client_session::ClientSession;
    use crate::config::Config;
    use crate::outbox::example::{chain, chain_of, page, save};
    use crate::outbox::joined::JoinedEntries;
    use crate::replica::Replica;
    use crate::testing::{Hook, MemoryPorts, Network};

    /// A point of presence, with a sandbox for each thing that is done.
    struct Edge(Network, MemoryPorts);

    impl Edge {
        fn new() -> Self {
            let network = Network::new(1, 1);
            let ports = network.ports(0, None);
            Self(network, ports)
        }

        fn put(&mut self, name: &str, value: Vec<u8>) {
            let pending = self.1.store().begin_insert(name, value);
            self.1.store().finish_insert(pending).expect("it is written");
        }

        fn put_all(&mut self, entries: &[OutboxEntry]) {
            for entry in entries {
                let name = keys::outbox(entry.document(), entry.edit().expect("a save"));
                self.put(&name, entry.encode());
            }
        }

        /// What a sweep did, and how many it left waiting.
        fn sweep(&mut self, of: &DocumentKey) -> (usize, bool, u32) {
            self.0.advance(limits::OUTBOX_AGE_MS * 2);
            let mut replica = Replica::start(Config::new("wiki", "pop", b"key"), &mut self.1);
            let swept = replica.context(&mut self.1).sweep(keys::bucket(of));
            let reports = replica.membership.take_reports();
            (swept.settled, swept.more, reports.first().map_or(0, |report| report.waiting))
        }

        fn left(&self, prefix: &str) -> usize {
            self.0.stored_keys(prefix).len()
        }

        fn logged(&self) -> usize {
            self.0.document(&page()).map_or(0, |document| document.changes().len())
        }
    }

    /// A save that the relay refuses.
    fn refused() -> OutboxEntry {
        let mut refused = save(1, 1, None, "x\n");
        refused.entry.document = DocumentKey::new("another site", "Page").expect("a key");
        refused
    }

    /// Pages of one bucket, in the order in which a sweep meets them.
    fn pages_of_one_bucket(many: usize) -> Vec<DocumentKey> {
        let pages = (0..).map(|number| DocumentKey::new("wiki", format!("Page {number}")));
        let pages = pages.map(|page| page.expect("a key"));
        let mut pages: Vec<_> =
            pages.filter(|other| keys::bucket(other) == keys::bucket(&page())).take(many).collect();
        pages.sort_by_key(keys::outbox_document);
        pages
    }

    #[test]
    fn what_the_relay_refuses_is_set_aside_with_an_alarm() {
        let (mut edge, refused) = (Edge::new(), refused());
        edge.put_all(std::slice::from_ref(&refused));
        assert_eq!(edge.sweep(refused.document()), (1, false, 0));
        assert_eq!((edge.left("outbox/"), edge.left("aside/")), (0, 1));
        let alarms = |edge: &Edge| {
            edge.0.take_log().iter().filter(|(_, level, _)| *level == Level::Alarm).count()
        };
        assert_eq!(alarms(&edge), 1);
        // It is tried again, and stays where it is.
        edge.sweep(refused.document());
        assert_eq!((edge.left("aside/"), alarms(&edge)), (1, 0));
    }

    /// The relay may die right after it has taken them: then they are in no outbox any more.
    #[test]
    fn what_leaves_the_outbox_is_in_the_cache() {
        let mut edge = Edge::new();
        let pages = pages_of_one_bucket(3);
        let saves = pages.iter().map(|page| chain_of(page, 5)).collect::<Vec<_>>();
        saves.iter().for_each(|saves| edge.put_all(&saves[..2]));
        assert_eq!(edge.sweep(&page()), (6, false, 0));
        let mut replica = Replica::start(Config::new("wiki", "pop", b"key"), &mut edge.1);
        for page in &pages {
            let loaded = replica.request(&mut edge.1, &mut ClientSession::new()).read(page);
            let lines = loaded.map(|loaded| loaded.text.lines().count());
            assert_eq!(lines.ok(), Some(2), "{page:?} {pages:?}");
        }
        saves.iter().for_each(|saves| edge.put_all(&saves[2..]));
        edge.sweep(&page());
        assert_eq!(edge.left("outbox/"), 0);
        let mut started = Replica::start(Config::new("wiki", "pop", b"key"), &mut edge.1);
        for page in &pages {
            let known = started.context(&mut edge.1).document_cache().document(page);
            assert_eq!(known.map(|known| known.confirmed().changes().len()), Some(5));
        }
    }

    #[test]
    fn what_cannot_be_set_aside_stays_in_the_outbox() {
        let (mut edge, refused) = (Edge::new(), refused());
        edge.put_all(std::slice::from_ref(&refused));
        edge.0.change_faults(|faults| faults.store_fails = 1_000);
        let value = OutboxValue { name: String::new(), entries: vec![refused.clone()] };
        let mut replica = Replica::start(Config::new("wiki", "pop", b"key"), &mut edge.1);
        let pushed = replica.context(&mut edge.1).push_values(vec![value]);
        assert_eq!((pushed.settled, pushed.waiting), (0, 1));
        assert_eq!((edge.left("outbox/"), edge.left("aside/")), (1, 0));
    }

    #[test]
    fn what_was_set_aside_is_logged_once_the_relay_takes_it() {
        let mut edge = Edge::new();
        let good = save(1, 1, None, "a word\n");
        edge.put(&keys::set_aside(&page(), good.edit().expect("a save")), good.encode());
        edge.sweep(&page());
        assert_eq!((edge.left("aside/"), edge.logged()), (0, 1));
    }

    #[test]
    fn a_sweep_goes_on_where_the_last_one_stopped_and_then_begins_again() {
        let mut edge = Edge::new();
        let long = "x".repeat(limits::PAGE_BYTES - 1_000);
        let pages = pages_of_one_bucket(7);
        let mut lost = save(100, 1, None, "y\n");
        lost.entry.document = pages[0].clone();
        let mut entries: Vec<_> = (1..7).map(|number| save(number, 1, None, &long)).collect();
        // The first stands on what never comes.
        entries.insert(0, save(7, 1, Some((&lost, "y\n")), &long));
        entries.iter_mut().zip(&pages).for_each(|(entry, page)| {
            entry.entry.document = page.clone();
        });
        edge.put_all(&entries);
        assert_eq!(edge.sweep(&page()), (4, true, 1 + 2), "as many as one sweep loads");
        assert_eq!(edge.sweep(&page()), (2, false, 0), "the rest");
        assert_eq!(edge.sweep(&page()), (0, false, 1), "from the beginning");
        assert_eq!(edge.left("outbox/"), 1);
        let logged = pages.iter().filter(|page| edge.0.document(page).is_some());
        assert_eq!(logged.count(), 6);
        edge.put_all(&[lost]);
        assert_eq!(edge.sweep(&page()), (2, false, 0));
    }

    #[test]
    fn a_sweep_takes_a_bounded_number_of_saves() {
        let mut edge = Edge::new();
        let saves = chain(4 * 256);
        for part in saves.chunks(256) {
            let joined = JoinedEntries(part.to_vec());
            let encoded = joined.encode();
            edge.put(&joined.name(&page(), &encoded), encoded);
        }
        assert_eq!(edge.sweep(&page()), (3 * 256, true, 1));
        assert_eq!(edge.sweep(&page()), (256, false, 0));
        assert_eq!((edge.left("outbox/"), edge.logged()), (0, 1_024));
    }

    #[test]
    fn nothing_more_is_swept_while_the_relay_is_away() {
        let mut edge = Edge::new();
        edge.put_all(&chain(3));
        edge.0.change_faults(|faults| faults.relay_down = true);
        assert_eq!(edge.sweep(&page()), (0, false, 3));
        edge.0.change_faults(|faults| faults.relay_down = false);
        // The breaker lies there.
        edge.0.clear_cache(0);
        assert_eq!(edge.sweep(&page()), (3, false, 0));
    }

    /// Who began an exchange with less time would hold the relay for away.
    #[test]
    fn no_exchange_is_begun_with_little_time_left() {
        let mut edge = Edge::new();
        edge.put_all(&chain(600));
        let network = edge.0.clone();
        let hook: Hook = Arc::new(move |call| {
            if call == "relay.finish" {
                network.advance(700);
            }
        });
        edge.1 = edge.0.ports(0, Some(hook));
        assert_eq!(edge.sweep(&page()), (512, true, 88));
        assert_eq!(edge.sweep(&page()), (88, false, 0));
    }

    /// The rest would else wait for the next round of all buckets.
    #[test]
    fn a_sweep_that_was_cut_short_is_followed_by_the_next_at_once() {
        let mut edge = Edge::new();
        edge.put_all(&chain(300));
        let (network, exchanges) = (edge.0.clone(), Arc::new(AtomicU32::new(0)));
        let hook: Hook = Arc::new(move |call| {
            let second = call == "relay.begin" && exchanges.fetch_add(1, Ordering::Relaxed) == 1;
            network.change_faults(|faults| faults.relay_down |= second);
        });
        edge.1 = edge.0.ports(0, Some(hook));
        assert_eq!(edge.sweep(&page()), (256, true, 44));
        assert_eq!(edge.sweep(&page()), (0, false, 44), "it is away");
    }

    #[test]
    fn what_was_accepted_just_now_is_left_to_whoever_accepted_it() {
        let mut edge = Edge::new();
        let mut fresh = save(1, 1, None, "a word\n");
        let now_ms = edge.1.now_ms() + limits::OUTBOX_AGE_MS * 2;
        if let redwedding_document::entry::Body::Edit(edit) = &mut fresh.entry.body {
            edit.accepted_ms = now_ms - limits::OUTBOX_AGE_MS / 2;
        }
        edge.put_all(&[fresh]);
        assert_eq!(edge.sweep(&page()).0, 0);
        assert_eq!(edge.sweep(&page()).0, 1);
    }
}
