//! What the relay's tests share: a relay on a port of its own, a client, entries.
//!
//! May assume that each test has its own relay. Must never be part of the program.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, OriginPage};
use redwedding_fold::log::Log;
use redwedding_fold::log::memory::MemoryLog;
use redwedding_fold::store::NodeStore;
use redwedding_fold::store::memory::MemoryNodeStore;
use redwedding_fold::{FloorPolicy, RelayNode};
use redwedding_relay::clock::Clock;
use redwedding_relay::http::{ServerState, router, serve};
use redwedding_relay::limits;
use redwedding_relay::metrics::Metrics;
use redwedding_relay::service::RelayService;
use redwedding_replica::auth::{self, Grant};
use redwedding_replica::member::Members;
use redwedding_replica::sync::{Answer, Pull, Pulled, Receipt, Request};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, VersionRef};
use serde_bytes::ByteBuf;
use tokio::sync::oneshot;

pub const KEY: &[u8] = b"a key for the tests alone";
pub const SITE: &str = "w";

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_700_000_000_000)))
    }

    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn go_back(&self, ms: u64) {
        self.0.fetch_sub(ms, Ordering::Relaxed);
    }

    pub fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || time.load(Ordering::Relaxed))
    }
}

/// A relay in this process, on a port of its own.
pub struct Server {
    pub service: Arc<RelayService>,
    pub clock: TestClock,
    pub base: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
        Self::over(log, Arc::new(MemoryNodeStore::default()), TestClock::new())
    }

    pub fn over(log: Arc<dyn Log>, store: Arc<dyn NodeStore>, clock: TestClock) -> Self {
        Self::with_floor_policy(log, store, clock, FloorPolicy::default())
    }

    pub fn with_floor_policy(
        log: Arc<dyn Log>,
        store: Arc<dyn NodeStore>,
        clock: TestClock,
        floors: FloorPolicy,
    ) -> Self {
        let metrics = Arc::new(Metrics::default());
        let node = RelayNode::new(log, store, Arc::clone(&metrics) as _, limits::FLUSH_INTERVAL_MS);
        let service = RelayService::start(node, floors, clock.clock(), metrics).expect("recovery");
        let state = ServerState::new(Arc::clone(&service), KEY.to_vec());
        let (stop, stopped) = oneshot::channel();
        let (address, bound) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
                address.send(listener.local_addr().expect("address")).expect("tell");
                serve(listener, router(state), async { drop(stopped.await) }).await;
            });
        });
        let base = format!("http://{}", bound.recv().expect("address"));
        Self { service, clock, base, stop: Some(stop), thread: Some(thread) }
    }

    pub fn exchange(&self, request: &Request) -> Answer {
        exchange(&self.base, request)
    }

    pub fn push(&self, entries: &[Entry]) -> Vec<Receipt> {
        push(&self.base, entries)
    }

    pub fn pull(&self, document: &DocumentKey, cursor: Option<Cursor>) -> Pulled {
        pull(&self.base, document, cursor)
    }

    pub fn lease(&self, most: u16) -> Vec<String> {
        let mut request = request();
        request.leases = most;
        let due = self.exchange(&request).due;
        due.into_iter().map(|lease| lease.document.key().to_owned()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        self.service.stop();
    }
}

pub fn grant(aud: &str, site: Option<&str>) -> Grant {
    Grant { aud: aud.into(), sub: "test".into(), site: site.map(Into::into) }
}

pub fn token() -> String {
    auth::sign(grant(auth::RELAY, None), KEY, 1_700_000_000_000, 1 << 32)
}

pub fn request() -> Request {
    Request::new(SITE, "test", Members::default())
}

/// Posts `body`; gives status and body.
pub fn post(base: &str, token: Option<&str>, body: &[u8]) -> (u16, Vec<u8>) {
    try_post(base, token, body).expect("answered")
}

pub fn try_post(
    base: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<(u16, Vec<u8>), ureq::Error> {
    thread_local! {
        static AGENT: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
    }
    let mut call = AGENT.with(|agent| agent.post(format!("{base}/v1/sync")));
    if let Some(token) = token {
        call = call.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = call.send(body)?;
    let status = answer.status().as_u16();
    Ok((status, answer.body_mut().with_config().limit(128 << 20).read_to_vec()?))
}

pub fn get(url: &str) -> (u16, String) {
    let (status, body) = get_with(url, None);
    (status, String::from_utf8(body).expect("text"))
}

/// Gets a URL; gives status and body.
pub fn get_with(url: &str, token: Option<&str>) -> (u16, Vec<u8>) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut call = agent.get(url);
    if let Some(token) = token {
        call = call.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = call.call().expect("answered");
    let status = answer.status().as_u16();
    (status, answer.body_mut().with_config().limit(128 << 20).read_to_vec().expect("a body"))
}

pub fn exchange(base: &str, request: &Request) -> Answer {
    let (status, body) = post(base, Some(&token()), &request.encode());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    Answer::decode(&body).expect("an answer")
}

pub fn push(base: &str, entries: &[Entry]) -> Vec<Receipt> {
    let mut request = request();
    request.pushes = entries.iter().map(|entry| ByteBuf::from(entry.encode())).collect();
    exchange(base, &request).receipts
}

pub fn pull(base: &str, document: &DocumentKey, cursor: Option<Cursor>) -> Pulled {
    let mut request = request();
    request.pulls = vec![Pull { document: document.clone(), cursor }];
    exchange(base, &request).pulled.remove(0)
}

pub fn key(name: &str) -> DocumentKey {
    DocumentKey::new(SITE, name).expect("key")
}

pub fn edit_id(number: u64) -> EditId {
    let mut bytes = [0xee; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    EditId(bytes)
}

/// The save `number`, which turns `from` (the text at `base`) into `to`.
pub fn edit(document: &DocumentKey, number: u64, base: VersionRef, from: &str, to: &str) -> Entry {
    let delta = Delta {
        edit: edit_id(number),
        base: Base::Version(base),
        patch: diff::between(from, to),
        note: Note::default(),
        // What saves come to beside each other is not tried here: one change each.
        rules: 1,
    };
    let pop = "test".into();
    let edit = Edit::new(delta, 5, pop);
    Entry::new(document.clone(), Body::Edit(edit))
}

/// A save that creates text in a document that does not exist.
pub fn create(document: &DocumentKey, number: u64, text: &str) -> Entry {
    let root = redwedding_wire::version::Root::EMPTY;
    edit(
        document,
        number,
        VersionRef { root, extra: vec![], check: None, hidden: None, put: None },
        "",
        text,
    )
}

pub fn base(document: &DocumentKey, revision: u64, text: &str) -> Entry {
    let page = OriginPage { revision, text: text.into(), time_ms: 1, note: Note::default() };
    Entry::new(document.clone(), Body::Base(page))
}

/// The place of a receipt that says "logged".
pub fn logged(receipt: &Receipt) -> redwedding_wire::version::Place {
    match receipt {
        Receipt::Logged(place) => *place,
        other => panic!("not logged: {other:?}"),
    }
}

/// The records and the cursor of an answer with entries.
pub fn entries(pulled: Pulled) -> (Vec<Entry>, Cursor, bool) {
    match pulled {
        Pulled::Entries { records, upto, more } => {
            let decode = |record: &redwedding_replica::sync::Record| {
                Entry::decode(&record.entry).expect("an entry")
            };
            (records.iter().map(decode).collect(), upto, more)
        }
        other => panic!("no entries: {other:?}"),
    }
}

/// The document of an answer with a snapshot.
pub fn snapshot(pulled: Pulled) -> redwedding_document::Document {
    match pulled {
        Pulled::Snapshot(bytes) => Decode::decode(&bytes).expect("a document"),
        other => panic!("no snapshot: {other:?}"),
    }
}
