//! One running sandbox: what it holds in memory between requests.
//!
//! All of it may be lost at any time. Nothing here is needed to be right, only
//! to be quick.

use std::sync::Arc;

use redwedding_document::entry::OriginPage;
use redwedding_wire::identity::DocumentKey;

use crate::client_session::ClientSession;
use crate::config::Config;
use crate::confirmed_document::ConfirmedDocument;
use crate::limits;
use crate::member::{Member, Members};
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Ports, Relay};

/// A replica: one sandbox, with a random id drawn at its start.
pub struct Replica {
    pub(crate) config: Config,
    id: u64,
    members: Members,
    saves: u64,
    memory: Vec<Arc<CachedDocument>>,
    /// What readers were shown last, for as long as that is fresh.
    snapshots: Vec<(DocumentKey, Arc<PageSnapshot>)>,
    /// When it was last looked whether the origin is to be polled, in ms since 1970.
    looked: Vec<(DocumentKey, u64)>,
    calls: u32,
    /// Segments fetched for the present request.
    pub(crate) fetched: u32,
    /// How often the relay gave a complete document.
    pub(crate) complete_answers: u64,
}

/// A document as this sandbox or its point of presence holds it.
#[derive(Clone)]
pub(crate) struct CachedDocument {
    /// The confirmed state.
    pub(crate) document: ConfirmedDocument,
    /// The origin's text, where the log holds nothing of the document.
    pub(crate) origin: Option<OriginPage>,
    /// When it was exchanged with the relay, in ms since 1970.
    pub(crate) exchanged_ms: u64,
}

impl Replica {
    /// A sandbox that starts now.
    pub fn start<P: Ports>(config: Config, ports: &mut P) -> Self {
        let mut id = [0; 8];
        ports.draw(&mut id);
        Self {
            config,
            id: u64::from_le_bytes(id),
            members: Members::default(),
            saves: 0,
            memory: Vec::new(),
            snapshots: Vec::new(),
            looked: Vec::new(),
            calls: 0,
            fetched: 0,
            complete_answers: 0,
        }
    }

    /// Its random id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The settings that it runs with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The members that it knows.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Whether it has used its share of backend calls and should end.
    pub fn is_spent(&self) -> bool {
        self.calls >= limits::BACKEND_CALLS_PER_SANDBOX
    }

    /// Counts a call to a backend, as far as the caller makes one by itself.
    pub fn count_call(&mut self) {
        self.calls += 1;
    }

    /// The session that a client presents, or that of one that has seen nothing.
    pub fn open_session(&self, sealed: Option<&str>) -> ClientSession {
        sealed
            .and_then(|sealed| ClientSession::open(sealed, &self.config.token_key))
            .unwrap_or_default()
    }

    /// The session token: the session as the client carries it.
    pub fn seal(&self, session: &ClientSession) -> String {
        session.seal(&self.config.token_key)
    }

    pub(crate) fn saved(&mut self) {
        self.saves += 1;
    }

    pub(crate) fn heartbeat(&mut self, now_ms: u64) -> &Members {
        let member = Member {
            heartbeat_ms: now_ms,
            version: self.config.version.clone(),
            replica: self.id,
            saves: self.saves,
        };
        let pop = self.config.pop.clone();
        self.members.observe(&pop, member);
        &self.members
    }

    pub(crate) fn meet(&mut self, members: &Members, now_ms: u64) {
        self.members.join(members);
        self.members.forget(now_ms.saturating_sub(limits::MEMBER_MS));
    }

    pub(crate) fn recall(&self, key: &DocumentKey) -> Option<&Arc<CachedDocument>> {
        self.memory.iter().find(|held| held.document.key() == key)
    }

    pub(crate) fn remember(&mut self, held: Arc<CachedDocument>) {
        self.forget(held.document.key());
        self.memory.insert(0, held);
        self.memory.truncate(limits::HELD_DOCUMENTS);
    }

    /// Gives up a state, so that whoever has the other reference owns it.
    pub(crate) fn forget(&mut self, key: &DocumentKey) {
        self.memory.retain(|held| held.document.key() != key);
    }

    pub(crate) fn recall_snapshot(&self, key: &DocumentKey) -> Option<&Arc<PageSnapshot>> {
        self.snapshots.iter().find(|(of, _)| of == key).map(|(_, snapshot)| snapshot)
    }

    /// How long ago this was last asked about a document, in ms; counts as asked.
    pub(crate) fn looked(&mut self, key: &DocumentKey, now_ms: u64) -> Option<u64> {
        let found = self.looked.iter().position(|(of, _)| of == key);
        let ago_ms = found.and_then(|at| now_ms.checked_sub(self.looked[at].1));
        if ago_ms.is_none_or(|ago_ms| ago_ms >= self.config.staleness_ms) {
            found.map(|at| self.looked.remove(at));
            self.looked.insert(0, (key.clone(), now_ms));
            self.looked.truncate(limits::HELD_DOCUMENTS);
        }
        ago_ms
    }

    pub(crate) fn remember_snapshot(&mut self, key: &DocumentKey, snapshot: Arc<PageSnapshot>) {
        self.snapshots.retain(|(of, _)| of != key);
        self.snapshots.insert(0, (key.clone(), snapshot));
        self.snapshots.truncate(limits::HELD_DOCUMENTS);
    }
}

/// An exchange under way.
pub(crate) type PendingExchange<P> = <<P as Ports>::Relay as Relay>::Pending;
