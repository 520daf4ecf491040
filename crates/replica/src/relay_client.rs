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

use crate::config::Config;
use crate::confirmed_document::ConfirmedDocument;
use crate::keys;
use crate::member::Membership;
use crate::ports::{Cache, Level, Ports, Relay, RelayError};
use crate::sync::{Answer, Pull, Pulled, Request};

/// Rounds that one exchange may take: more to read, a reset, a full answer.
const ROUNDS: usize = 4;

/// What an exchange about one document brought.
pub(crate) struct Exchanged {
    /// The document, as far as the relay gave it.
    pub(crate) document: ConfirmedDocument,
    /// Whether anything new came in.
    pub(crate) changed: bool,
    /// Whether the relay said that the log has lost what was known.
    pub(crate) reset: bool,
    /// Whether this is all that the log holds: the node that answered is not
    /// behind, and there was no more than one exchange can carry.
    pub(crate) complete: bool,
}

/// An exchange under way.
pub(crate) type PendingExchange<P> = <<P as Ports>::Relay as Relay>::Pending;

/// Calls to the relay: each is counted, and a relay that cannot be reached is left
/// alone for a moment.
pub(crate) struct RelayClient<'a, P: Ports> {
    config: &'a Config,
    membership: &'a mut Membership,
    calls: &'a mut u32,
    ports: &'a mut P,
}

impl<'a, P: Ports> RelayClient<'a, P> {
    pub(crate) fn new(
        config: &'a Config,
        membership: &'a mut Membership,
        calls: &'a mut u32,
        ports: &'a mut P,
    ) -> Self {
        Self { config, membership, calls, ports }
    }

    /// Whether the relay could not be reached just now and is left alone for a
    /// moment, by the whole point of presence.
    pub(crate) fn in_backoff(&mut self) -> bool {
        let Some(until) = self.ports.cache().peek(keys::RELAY_BACKOFF) else { return false };
        let until = <[u8; 8]>::try_from(until.as_slice()).map_or(0, u64::from_le_bytes);
        let now_ms = self.ports.now_ms();
        // A clock that jumped must not keep the relay away for long.
        now_ms < until && until - now_ms <= self.config.relay_backoff_ms
    }

    /// Begins an exchange.
    #[must_use]
    pub(crate) fn begin(
        &mut self,
        pushes: Vec<Vec<u8>>,
        pulls: Vec<Pull>,
        leases: u16,
    ) -> PendingExchange<P> {
        let now_ms = self.ports.now_ms();
        let members = self.membership.heartbeat(self.config, now_ms).clone();
        let mut request = Request::new(&self.config.site, &self.config.pop, members);
        request.pushes = pushes.into_iter().map(ByteBuf::from).collect();
        request.pulls = pulls;
        request.leases = leases;
        *self.calls += 1;
        self.ports.relay().begin(request.encode())
    }

    /// Finishes an exchange. A relay that cannot be reached is in back-off from then
    /// on.
    ///
    /// # Errors
    /// What was pushed may be in the log all the same.
    pub(crate) fn finish(&mut self, pending: PendingExchange<P>) -> Result<Answer, RelayError> {
        let answer = self.ports.relay().finish(pending).and_then(|bytes| {
            Answer::decode(&bytes).map_err(|error| RelayError::Unavailable(error.to_string()))
        });
        let now_ms = self.ports.now_ms();
        match &answer {
            Ok(answer) => self.membership.meet(&answer.members, now_ms),
            Err(error) => {
                let level = match error {
                    RelayError::Unavailable(_) => Level::Warning,
                    RelayError::Refused { .. } => Level::Alarm,
                };
                self.ports.log(level, &error.to_string());
                let backoff_ms = self.config.relay_backoff_ms;
                let until = (now_ms + backoff_ms).to_le_bytes().to_vec();
                self.ports.cache().insert(None, keys::RELAY_BACKOFF, until, backoff_ms);
            }
        }
        answer
    }

    /// One exchange about one document, with what it takes to get all of it: it
    /// pushes these entries and pulls what is new after `known` (all of the document,
    /// where there is none). At most [`ROUNDS`] calls more.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub(crate) fn exchange(
        &mut self,
        key: &DocumentKey,
        known: Option<ConfirmedDocument>,
        pushes: Vec<Vec<u8>>,
    ) -> Result<Exchanged, RelayError> {
        let pending = self.begin(pushes, vec![pull(key, known.as_deref())], 0);
        let answer = self.finish(pending)?;
        self.take_in(key, known, answer)
    }

    /// Folds the answer to an exchange that pulled what is new after `known` (or all
    /// of the document) and reads on until the document is complete.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub(crate) fn take_in(
        &mut self,
        key: &DocumentKey,
        known: Option<ConfirmedDocument>,
        answer: Answer,
    ) -> Result<Exchanged, RelayError> {
        let (mut known, mut answer) = (known, answer);
        let (mut changed, mut reset) = (false, false);
        for _ in 0..ROUNDS {
            let pulled = answer.pulled.pop();
            reset |= matches!(pulled, Some(Pulled::Reset));
            let behind = matches!(pulled, Some(Pulled::Behind));
            let step = fold_in(key, known, pulled);
            changed |= step.changed;
            known = step.known;
            if step.complete
                && let Some(document) = known
            {
                return Ok(Exchanged { document, changed, reset, complete: !behind });
            }
            let pending = self.begin(Vec::new(), vec![pull(key, known.as_deref())], 0);
            answer = self.finish(pending)?;
        }
        match known {
            // Behind what is there, but consistent: the next exchange goes on.
            Some(document) => Ok(Exchanged { document, changed, reset, complete: false }),
            None => Err(RelayError::Unavailable("it does not have the document yet".into())),
        }
    }

    /// A segment of a document's archive, unchecked. `None` where the relay has none
    /// or cannot be asked now.
    pub(crate) fn segment(&mut self, key: &DocumentKey, name: Digest) -> Option<Vec<u8>> {
        *self.calls += 1;
        match self.ports.relay().segment(key, name) {
            Ok(found) => found,
            Err(error) => {
                self.ports.log(Level::Warning, &error.to_string());
                None
            }
        }
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
                return FoldedIn { known: None, complete: false, changed: true };
            }
            document.advance(upto);
            FoldedIn { known: Some(document), complete: !more, changed }
        }
        Some(Pulled::Snapshot(bytes)) => match Document::decode(&bytes) {
            Ok(document) if document.key() == key => FoldedIn {
                known: Some(ConfirmedDocument::new(document)),
                complete: true,
                changed: true,
            },
            _ => FoldedIn { known, complete: false, changed: false },
        },
        Some(Pulled::Reset) => FoldedIn { known: None, complete: false, changed: true },
        Some(Pulled::Behind) => FoldedIn { complete: known.is_some(), known, changed: false },
        Some(Pulled::NotNow) | None => FoldedIn { known, complete: false, changed: false },
    }
}
