//! The exchange with the relay: begin, finish, fold what came in.
//!
//! A push acknowledgement never advances a cursor, only a pull does. So a state
//! with cursor *c* always holds every entry up to *c*, whoever wrote it where.

use std::sync::Arc;

use redwedding_document::Document;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::Cursor;
use serde_bytes::ByteBuf;

use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::confirmed_document::ConfirmedDocument;
use crate::keys;
use crate::limits;
use crate::ports::{Cache, Level, Ports, Relay, RelayError};
use crate::replica::Replica;
use crate::sync::{Answer, Pull, Pulled, Request};

/// What an exchange about one document brought.
pub(crate) struct Exchanged {
    /// The document, as far as the relay gave it.
    pub(crate) document: ConfirmedDocument,
    /// Whether anything new came in.
    pub(crate) changed: bool,
    /// What was known, where the relay said that the log has lost a part of it.
    pub(crate) before: Option<ConfirmedDocument>,
    /// Whether this is all that the log holds: the node that answered is not
    /// behind, and there was no more than one exchange can carry.
    pub(crate) complete: bool,
}

/// An exchange under way.
pub(crate) type PendingExchange<P> = <<P as Ports>::Relay as Relay>::Pending;

/// What a request has found out of the relay.
#[derive(Default)]
pub(crate) struct Reach {
    /// The breaker, as it was looked up or left.
    breaker: Option<Breaker>,
    /// Whether this request has taken it on itself to probe the relay.
    probing: bool,
    /// Whether nothing came of asking, or there was no time left for it.
    lost: bool,
    /// Whether the relay has answered this request.
    answered: bool,
}

/// Calls to the relay: each is counted and has an end. One that does not answer is left
/// alone for a while by the whole point of presence.
pub(crate) struct RelayClient<'a, P: Ports> {
    replica: &'a mut Replica,
    ports: &'a mut P,
    budget: &'a mut Budget,
    reach: &'a mut Reach,
}

impl<'a, P: Ports> RelayClient<'a, P> {
    pub(crate) fn new(
        replica: &'a mut Replica,
        ports: &'a mut P,
        budget: &'a mut Budget,
        reach: &'a mut Reach,
    ) -> Self {
        Self { replica, ports, budget, reach }
    }

    /// Whether the relay is not asked: the point of presence leaves it alone, or this
    /// request has asked in vain, or has no time left for it.
    pub(crate) fn is_away(&mut self) -> bool {
        self.reach.lost || self.breaker().is_open() && !self.reach.probing
    }

    /// Whether the relay has answered this request. Only then can it be said that something is
    /// not to be had.
    pub(crate) fn has_answered(&self) -> bool {
        self.reach.answered
    }

    /// For work that nobody waits for: whether the relay is asked. One that was left alone
    /// for long enough is, by one of all who could.
    pub(crate) fn is_asked(&mut self) -> bool {
        !self.is_away() || self.takes_probe()
    }

    fn breaker(&mut self) -> Breaker {
        let Self { ports, reach, .. } = self;
        let look = || Breaker::read(ports.cache().peek(keys::BREAKER).as_deref());
        *reach.breaker.get_or_insert_with(look)
    }

    /// Takes the right to probe the relay, where it is due. It is not held while the relay
    /// is waited for: the breaker is left as it is, and fresh for as long as that may take.
    fn takes_probe(&mut self) -> bool {
        if self.reach.lost {
            return false;
        }
        let lookup = self.ports.cache().lookup(keys::BREAKER, 0);
        let Some(revalidation) = lookup.revalidation else { return false };
        let breaker = Breaker::read(lookup.value.as_ref().map(|value| value.bytes.as_slice()));
        let (value, fresh_ms) = (breaker.value(), limits::RELAY_PROBE_MS);
        self.ports.cache().insert(Some(revalidation), keys::BREAKER, value, fresh_ms);
        (self.reach.breaker, self.reach.probing) = (Some(breaker), true);
        true
    }

    /// An exchange was answered: the next ones will be.
    fn succeeded(&mut self, took_ms: u64) {
        self.reach.answered = true;
        let Some(breaker) = self.reach.breaker else { return };
        let closed = breaker.closed(took_ms);
        if closed != breaker {
            let value = closed.value();
            self.ports.cache().insert(None, keys::BREAKER, value, limits::CACHE_MS);
        }
        (self.reach.breaker, self.reach.probing) = (Some(closed), false);
    }

    /// An exchange came to nothing: the point of presence leaves the relay alone. Of several
    /// that fail together one says so.
    fn failed(&mut self) {
        let breaker = Breaker::read(self.ports.cache().peek(keys::BREAKER).as_deref());
        let tells = self.reach.probing || !breaker.is_open();
        let opened = if tells { breaker.opened() } else { breaker };
        if tells {
            let mut drawn = [0];
            self.ports.draw(&mut drawn);
            let rest_ms = opened.rest_ms(drawn[0]);
            self.ports.cache().insert(None, keys::BREAKER, opened.value(), rest_ms);
        }
        (self.reach.breaker, self.reach.probing) = (Some(opened), false);
    }

    /// Whether one more call may be made: there are calls and time left, and the relay is
    /// not left alone.
    fn takes_call(&mut self) -> bool {
        self.reach.lost |= self.budget.relay.is_spent();
        !self.is_away() && self.budget.take_call(&mut self.replica.calls)
    }

    /// Begins an exchange. `None` where the relay is not asked.
    #[must_use]
    pub(crate) fn begin(
        &mut self,
        pushes: Vec<Vec<u8>>,
        pulls: Vec<Pull>,
        leases: u16,
    ) -> Option<PendingExchange<P>> {
        if !self.takes_call() {
            return None;
        }
        let now_ms = self.ports.now_ms();
        let Replica { config, membership, .. } = &mut *self.replica;
        let members = membership.heartbeat(config, now_ms).clone();
        let mut request = Request::new(&config.site, &config.pop, members);
        request.pushes = pushes.into_iter().map(ByteBuf::from).collect();
        request.pulls = pulls;
        request.leases = leases;
        request.report_outbox(&membership.take_reports());
        Some(self.ports.relay().begin(request.encode()))
    }

    /// Finishes an exchange. `None` where no answer came that can be read, and what was
    /// pushed may be in the log all the same; the breaker is open from then on.
    pub(crate) fn finish(&mut self, pending: PendingExchange<P>) -> Option<Answer> {
        let before_ms = self.budget.relay.left_ms();
        let answer = self
            .budget
            .relay
            .spend(self.ports, |ports, wait_ms| ports.relay().finish(pending, wait_ms));
        let took_ms = before_ms - self.budget.relay.left_ms();
        let answer = answer.and_then(|bytes| {
            Answer::decode(&bytes).map_err(|error| RelayError::Unavailable(error.to_string()))
        });
        match answer {
            Ok(answer) => {
                let now_ms = self.ports.now_ms();
                self.replica.membership.meet(&answer.members, now_ms);
                self.succeeded(took_ms);
                Some(answer)
            }
            Err(error) => {
                self.reach.lost = true;
                let refused = matches!(error, RelayError::Refused { .. });
                let level = if refused { Level::Alarm } else { Level::Warning };
                self.ports.log(level, &error.to_string());
                // Who had little time left cannot say whose fault it is.
                if error != RelayError::TimedOut || took_ms >= limits::RELAY_PATIENCE_MS {
                    self.failed();
                }
                None
            }
        }
    }

    /// One exchange about one document, with what it takes to get all of it: it
    /// pushes these entries and pulls what is new after `known` (all of the document,
    /// where there is none). At most [`limits::EXCHANGE_ROUNDS`] calls more. `None` as for
    /// [`Self::finish`], or where the relay is not asked.
    pub(crate) fn exchange(
        &mut self,
        key: &DocumentKey,
        known: Option<ConfirmedDocument>,
        pushes: Vec<Vec<u8>>,
    ) -> Option<Exchanged> {
        let pending = self.begin(pushes, vec![pull(key, known.as_deref())], 0)?;
        let answer = self.finish(pending)?;
        self.take_in(key, known, answer)
    }

    /// Folds the answer to an exchange that pulled what is new after `known` (or all
    /// of the document) and reads on until the document is complete, or there is no time
    /// left. `None` where that does not give a document.
    pub(crate) fn take_in(
        &mut self,
        key: &DocumentKey,
        known: Option<ConfirmedDocument>,
        answer: Answer,
    ) -> Option<Exchanged> {
        let (mut known, mut answer) = (known, answer);
        let (mut changed, mut before) = (false, None);
        for _ in 0..limits::EXCHANGE_ROUNDS {
            let pulled = answer.pulled.pop();
            if matches!(pulled, Some(Pulled::Reset)) {
                before = before.or_else(|| known.take());
            }
            let behind = matches!(pulled, Some(Pulled::Behind));
            let step = fold_in(key, known, pulled);
            changed |= step.changed;
            known = step.known;
            if let Some(why) = step.unreadable {
                let event = format!("what the relay holds of {key} cannot be read: {why}");
                self.ports.log(Level::Alarm, &event);
            }
            if step.complete
                && let Some(document) = known
            {
                return Some(Exchanged { document, changed, before, complete: !behind });
            }
            let pending = self.begin(Vec::new(), vec![pull(key, known.as_deref())], 0);
            let next = pending.and_then(|pending| self.finish(pending));
            let Some(next) = next else { break };
            answer = next;
        }
        // Behind what is there, but consistent: the next exchange goes on.
        let document = known?;
        Some(Exchanged { document, changed, before, complete: false })
    }

    /// A segment of a document's archive, unchecked. `None` where the relay has none
    /// or cannot be asked now.
    pub(crate) fn segment(&mut self, key: &DocumentKey, name: Digest) -> Option<Vec<u8>> {
        if self.budget.segments == 0 || !self.takes_call() {
            return None;
        }
        self.budget.segments -= 1;
        let found = self
            .budget
            .relay
            .spend(self.ports, |ports, wait_ms| ports.relay().segment(key, name, wait_ms));
        found.unwrap_or_else(|error| {
            // Large ones take their time: the next exchange will tell about the relay.
            self.ports.log(Level::Warning, &error.to_string());
            None
        })
    }

    /// The point of presence's cache.
    pub(crate) fn cache(&mut self) -> &mut P::Cache {
        self.ports.cache()
    }
}

/// The question for what is new after `known`. A state that no log stands behind has
/// no cursor to pull from.
pub(crate) fn pull(key: &DocumentKey, known: Option<&Document>) -> Pull {
    let cursor = known.map(|known| known.cursor()).filter(|cursor| cursor.epoch != 0);
    Pull { document: key.clone(), cursor }
}

struct FoldedIn {
    known: Option<ConfirmedDocument>,
    complete: bool,
    changed: bool,
    /// Why what came cannot be read.
    unreadable: Option<String>,
}

impl FoldedIn {
    fn whole(document: ConfirmedDocument) -> Self {
        Self { known: Some(document), complete: true, changed: true, unreadable: None }
    }

    /// All that is known is what was known before.
    fn nothing(known: Option<ConfirmedDocument>, complete: bool) -> Self {
        Self { known, complete, changed: false, unreadable: None }
    }

    /// What was known cannot be gone on from: the whole document is to be asked for.
    fn started_anew() -> Self {
        Self { known: None, complete: false, changed: true, unreadable: None }
    }

    fn unreadable(known: Option<ConfirmedDocument>, why: String) -> Self {
        Self { unreadable: Some(why), ..Self::nothing(known, false) }
    }
}

fn fold_in(
    key: &DocumentKey,
    known: Option<ConfirmedDocument>,
    pulled: Option<Pulled>,
) -> FoldedIn {
    match pulled {
        Some(Pulled::Entries { records, upto, more }) => {
            let same_log = known.filter(|document| document.cursor().epoch == upto.epoch);
            let start =
                || ConfirmedDocument::new(Document::new(key.clone(), Cursor::start(upto.epoch)));
            let mut document = same_log.unwrap_or_else(start);
            let changed = !records.is_empty();
            if !records.into_iter().all(|record| document.fold(Arc::new(record))) {
                // What was pruned here has been taken back at the relay: the whole is less.
                return FoldedIn::started_anew();
            }
            document.advance(upto);
            FoldedIn { known: Some(document), complete: !more, changed, unreadable: None }
        }
        Some(Pulled::Snapshot(bytes)) => match Document::decode(&bytes) {
            Ok(document) if document.key() == key => {
                FoldedIn::whole(ConfirmedDocument::new(document))
            }
            Ok(_) => FoldedIn::unreadable(known, "it is of another page".to_owned()),
            Err(error) => FoldedIn::unreadable(known, error.to_string()),
        },
        Some(Pulled::Reset) => FoldedIn::started_anew(),
        Some(Pulled::Behind) => {
            let complete = known.is_some();
            FoldedIn::nothing(known, complete)
        }
        Some(Pulled::NotNow) | None => FoldedIn::nothing(known, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::testing::{MemoryPorts, Network};

    fn page(name: &str) -> DocumentKey {
        DocumentKey::new("wiki", name).expect("a key")
    }

    fn edge() -> (Network, MemoryPorts, Replica) {
        let network = Network::new(1, 1);
        let mut ports = network.ports(0, None);
        let replica = Replica::start(Config::new("wiki", "pop", b"key"), &mut ports);
        (network, ports, replica)
    }

    #[test]
    fn no_call_is_made_beyond_what_the_platform_allows() {
        let (_network, mut ports, mut replica) = edge();
        replica.calls = limits::BACKEND_CALLS_PER_EXECUTION;
        let mut context = replica.context(&mut ports);
        assert!(context.relay_client().exchange(&page("A"), None, Vec::new()).is_none());
        assert!(!context.relay_client().is_away(), "nothing was found out");
        assert_eq!(replica.calls, limits::BACKEND_CALLS_PER_EXECUTION);
        replica.calls -= 1;
        let mut context = replica.context(&mut ports);
        assert!(context.relay_client().exchange(&page("A"), None, Vec::new()).is_some());
    }

    #[test]
    fn without_time_nobody_is_asked() {
        let (_network, mut ports, mut replica) = edge();
        let mut context = replica.context(&mut ports);
        assert!(!context.pause(limits::RELAY_BACKGROUND_MS));
        assert!(context.relay_client().begin(Vec::new(), Vec::new(), 0).is_none());
        assert!(context.relay_client().is_away());
        assert_eq!(replica.calls, 0);
        assert!(!replica.context(&mut ports).relay_client().is_away(), "others have time");
    }

    #[test]
    fn only_who_waited_for_long_says_that_the_relay_hangs() {
        for (paused_ms, opens) in [(0, true), (100, true), (200, false), (290, false)] {
            let (network, mut ports, mut replica) = edge();
            network.change_faults(|faults| faults.relay_hangs = 1_000);
            let session = &mut crate::client_session::ClientSession::new();
            let mut request = replica.request(&mut ports, session);
            assert!(request.context.pause(paused_ms));
            let mut client = request.context.relay_client();
            assert!(client.exchange(&page("A"), None, Vec::new()).is_none());
            assert!(client.is_away() && !client.has_answered());
            let away = replica.context(&mut ports).relay_client().is_away();
            assert_eq!(away, opens, "after {paused_ms} ms");
        }
    }

    #[test]
    fn so_many_segments_are_fetched_for_one_request() {
        let (_network, mut ports, mut replica) = edge();
        let mut context = replica.context(&mut ports);
        for _ in 0..limits::FETCHED_SEGMENTS + 3 {
            assert_eq!(context.relay_client().segment(&page("A"), Digest::default()), None);
        }
        assert_eq!(replica.calls, limits::FETCHED_SEGMENTS);
    }

    #[test]
    fn what_is_pulled_is_of_this_document_and_new() {
        let cursor = |epoch| Cursor { epoch, position: 3, ..Cursor::default() };
        let document = |epoch| Document::new(page("A"), cursor(epoch));
        assert_eq!(pull(&page("A"), Some(&document(0))).cursor, None);
        assert_eq!(pull(&page("A"), Some(&document(7))).cursor, Some(cursor(7)));
        let known = || Some(ConfirmedDocument::new(document(7)));
        let snapshot = |of: &Document| Some(Pulled::Snapshot(ByteBuf::from(of.encode())));
        let whole = fold_in(&page("A"), known(), snapshot(&document(9)));
        assert!(whole.complete && whole.changed);
        assert_eq!(whole.known.map(|known| known.cursor().epoch), Some(9));
        let other = fold_in(&page("B"), known(), snapshot(&document(9)));
        assert!(!other.complete && !other.changed && other.unreadable.is_some());
        let newer =
            Some(Pulled::Snapshot(ByteBuf::from(b"of a format that is not known".to_vec())));
        let unread = fold_in(&page("A"), known(), newer);
        assert!(!unread.complete && unread.known.is_some() && unread.unreadable.is_some());
        assert_eq!(other.known.map(|known| known.cursor().epoch), Some(7));
        let upto = Cursor { position: 5, ..cursor(7) };
        let entries = Pulled::Entries { records: Vec::new(), upto, more: false };
        let nothing = fold_in(&page("A"), known(), Some(entries));
        assert!(nothing.complete && !nothing.changed);
        assert_eq!(nothing.known.map(|known| known.cursor()), Some(upto));
    }
}
