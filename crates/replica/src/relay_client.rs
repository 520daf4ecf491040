//! The exchange with the relay: begin, finish, fold what came in.
//!
//! A push acknowledgement never advances a cursor, only a pull does. So a state
//! with cursor *c* always holds every entry up to *c*, whoever wrote it where.

use std::sync::Arc;

use redwedding_document::Document;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::Cursor;
use serde_bytes::ByteBuf;

use crate::confirmed_document::ConfirmedDocument;
use crate::keys;
use crate::ports::{Cache, Level, Ports, Relay, RelayError};
use crate::replica::{PendingExchange, Replica};
use crate::sync::{Answer, Pull, Pulled, Request};

/// Rounds that one exchange may take: more to read, a reset, a full answer.
const ROUNDS: usize = 4;

/// What an exchange about one document brought.
pub(crate) struct Exchanged {
    /// The document, as far as the relay told.
    pub(crate) document: ConfirmedDocument,
    /// Whether anything new came in.
    pub(crate) changed: bool,
    /// Whether the relay said that the log has lost what was held.
    pub(crate) reset: bool,
    /// Whether this is all that the log holds: the node that answered is not
    /// behind, and there was no more than one exchange can carry.
    pub(crate) complete: bool,
}

impl Replica {
    /// Whether the relay could not be reached just now and is left alone for a moment.
    pub(crate) fn relay_in_backoff<P: Ports>(&self, ports: &mut P) -> bool {
        let Some(until) = ports.cache().peek(keys::RELAY_BACKOFF) else { return false };
        let until = <[u8; 8]>::try_from(until.as_slice()).map_or(0, u64::from_le_bytes);
        let now_ms = ports.now_ms();
        // A clock that jumped must not keep the relay away for long.
        now_ms < until && until - now_ms <= self.config.relay_backoff_ms
    }

    /// Begins an exchange.
    pub(crate) fn begin_exchange<P: Ports>(
        &mut self,
        ports: &mut P,
        pushes: Vec<Vec<u8>>,
        pulls: Vec<Pull>,
        leases: u16,
    ) -> PendingExchange<P> {
        let now_ms = ports.now_ms();
        let members = self.heartbeat(now_ms).clone();
        let mut request = Request::new(&self.config.site, &self.config.pop, members);
        request.pushes = pushes.into_iter().map(ByteBuf::from).collect();
        request.pulls = pulls;
        request.leases = leases;
        self.count_call();
        ports.relay().begin(request.encode())
    }

    /// Finishes an exchange. A relay that cannot be reached is then left alone
    /// for a moment by the whole point of presence.
    pub(crate) fn finish_exchange<P: Ports>(
        &mut self,
        ports: &mut P,
        pending: PendingExchange<P>,
    ) -> Result<Answer, RelayError> {
        let answer = ports.relay().finish(pending).and_then(|bytes| {
            Answer::decode(&bytes).map_err(|error| RelayError::Unavailable(error.to_string()))
        });
        let now_ms = ports.now_ms();
        match &answer {
            Ok(answer) => self.meet(&answer.members, now_ms),
            Err(error) => {
                let level = match error {
                    RelayError::Unavailable(_) => Level::Warning,
                    RelayError::Refused { .. } => Level::Alarm,
                };
                ports.log(level, &error.to_string());
                let backoff_ms = self.config.relay_backoff_ms;
                let until = (now_ms + backoff_ms).to_le_bytes().to_vec();
                ports.cache().insert(None, keys::RELAY_BACKOFF, until, backoff_ms);
            }
        }
        answer
    }

    /// One exchange about one document, with what it takes to get all of it.
    pub(crate) fn exchange<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        held: Option<ConfirmedDocument>,
        pushes: Vec<Vec<u8>>,
    ) -> Result<Exchanged, RelayError> {
        let pull = Pull { document: key.clone(), cursor: held.as_deref().and_then(pull_cursor) };
        let pending = self.begin_exchange(ports, pushes, vec![pull], 0);
        let answer = self.finish_exchange(ports, pending)?;
        self.take_in(ports, key, held, answer)
    }

    /// Folds the answer to an exchange that pulled `held` (or the whole document)
    /// and reads on until the document is complete.
    pub(crate) fn take_in<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        held: Option<ConfirmedDocument>,
        answer: Answer,
    ) -> Result<Exchanged, RelayError> {
        let (mut held, mut answer) = (held, answer);
        let (mut changed, mut reset) = (false, false);
        for _ in 0..ROUNDS {
            let pulled = answer.pulled.pop();
            reset |= matches!(pulled, Some(Pulled::Reset));
            let behind = matches!(pulled, Some(Pulled::Behind));
            let step = fold_in(key, held, pulled);
            changed |= step.changed;
            held = step.held;
            if step.complete
                && let Some(document) = held
            {
                return Ok(Exchanged { document, changed, reset, complete: !behind });
            }
            let cursor = held.as_deref().and_then(pull_cursor);
            let pull = Pull { document: key.clone(), cursor };
            let pending = self.begin_exchange(ports, Vec::new(), vec![pull], 0);
            answer = self.finish_exchange(ports, pending)?;
        }
        match held {
            // Behind what is there, but consistent: the next exchange goes on.
            Some(document) => Ok(Exchanged { document, changed, reset, complete: false }),
            None => Err(RelayError::Unavailable("it does not have the document yet".into())),
        }
    }
}

/// The cursor to pull from: none for a state that no log stands behind.
pub(crate) fn pull_cursor(document: &Document) -> Option<Cursor> {
    (document.cursor().epoch != 0).then(|| document.cursor())
}

struct Step {
    held: Option<ConfirmedDocument>,
    complete: bool,
    changed: bool,
}

fn fold_in(key: &DocumentKey, held: Option<ConfirmedDocument>, pulled: Option<Pulled>) -> Step {
    match pulled {
        Some(Pulled::Entries { records, upto, more }) => {
            let known = held.filter(|document| document.cursor().epoch == upto.epoch);
            let start =
                || ConfirmedDocument::new(Document::new(key.clone(), Cursor::start(upto.epoch)));
            let mut document = known.unwrap_or_else(start);
            let changed = !records.is_empty();
            if !records.into_iter().all(|record| document.fold(Arc::new(record))) {
                // What was pruned here has been taken back at the relay: the whole is less.
                return Step { held: None, complete: false, changed: true };
            }
            document.advance(upto);
            Step { held: Some(document), complete: !more, changed }
        }
        Some(Pulled::Snapshot(bytes)) => match Document::decode(&bytes) {
            Ok(document) if document.key() == key => {
                Step { held: Some(ConfirmedDocument::new(document)), complete: true, changed: true }
            }
            _ => Step { held, complete: false, changed: false },
        },
        Some(Pulled::Reset) => Step { held: None, complete: false, changed: true },
        Some(Pulled::Behind) => Step { complete: held.is_some(), held, changed: false },
        Some(Pulled::NotNow) | None => Step { held, complete: false, changed: false },
    }
}
