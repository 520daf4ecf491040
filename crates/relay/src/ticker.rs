//! Calls the points of presence, so that an outbox is swept and a due page is
//! written even where nobody asks for anything.
//!
//! May assume nothing of who is called: they can be slow, gone or wrong. Must
//! never call one that has not answered yet, and never send the key anywhere.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, Request, Uri, header};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use redwedding_replica::auth::{self, Grant};

use crate::clock::Clock;
use crate::limits;
use crate::metrics::Metrics;

/// All buckets are visited within this time.
const ROUND_MS: u64 = 30_000;
/// How long a tick may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a tick's token is good for, in seconds.
const TOKEN_S: u64 = 60;
/// Ticks, one after the other, for as long as each finds something that has waited.
const MORE_TICKS: usize = 64;
/// One point of presence's failures are logged once in so long.
const LOG_EVERY_MS: u64 = 60_000;

/// Why a URL cannot be ticked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not the URL of a point of presence: {1}")]
pub struct TickTargetError(String, &'static str);

/// A point of presence that is ticked.
#[derive(Debug)]
pub struct TickTarget {
    base: String,
    busy: AtomicBool,
    logged_ms: AtomicU64,
}

impl TickTarget {
    /// The point of presence at `url`: scheme, host, perhaps a port and a path.
    ///
    /// # Errors
    /// If it is no URL of this kind.
    pub fn new(url: &str) -> Result<Self, TickTargetError> {
        let wrong = |why| TickTargetError(url.to_owned(), why);
        let parsed: Uri = url.parse().map_err(|_| wrong("malformed"))?;
        if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.host().is_none() {
            return Err(wrong("it begins with http:// or https:// and a host"));
        }
        if parsed.query().is_some() {
            return Err(wrong("it has no query"));
        }
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { base, busy: AtomicBool::new(false), logged_ms: AtomicU64::new(0) })
    }
}

/// Buckets of the outbox, one after the other, that one tick has swept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Buckets {
    first: u16,
    count: u16,
}

/// What is called next: buckets in a circle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Round {
    next: u16,
    count: u16,
}

impl Round {
    /// Rounds of all buckets, each within [`ROUND_MS`] if a tick comes every
    /// `tick_ms`.
    fn new(tick_ms: u64) -> Self {
        let ticks = (ROUND_MS / tick_ms.max(1)).max(1);
        let count = u64::from(limits::OUTBOX_BUCKETS).div_ceil(ticks);
        Self { next: 0, count: count as u16 }
    }

    /// The next buckets.
    fn step(&mut self) -> Buckets {
        let first = self.next;
        // The last step of a round does not go on into the next round: a tick names a range.
        let count = self.count.min(limits::OUTBOX_BUCKETS - first);
        self.next = (first + count) % limits::OUTBOX_BUCKETS;
        Buckets { first, count }
    }

    /// What the same target is called with at once, after a tick of `buckets`: the same again
    /// while there is more in them, the next where something had waited in them, as then the
    /// relay was away and others wait as well. `None`: it rests until its next turn.
    fn after(&mut self, buckets: Buckets, ticked: TickAnswer) -> Option<Buckets> {
        match ticked {
            TickAnswer { more: true, .. } => Some(buckets),
            TickAnswer { swept: 1.., .. } => Some(self.step()),
            TickAnswer { swept: 0, .. } => None,
        }
    }
}

/// What a tick answers, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(default)]
struct TickAnswer {
    /// Saves that had waited, and that the log now has.
    swept: u64,
    /// Whether the same tick would find more to do at once.
    more: bool,
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Ticks points of presence in turn.
pub struct Ticker {
    targets: Vec<Arc<TickTarget>>,
    client: HttpClient,
    key: Vec<u8>,
    clock: Clock,
    metrics: Arc<Metrics>,
}

impl Ticker {
    /// A ticker of these, which signs with `key`.
    ///
    /// # Errors
    /// If the cryptography offers no version of TLS; nothing can be called then.
    pub fn new(
        targets: Vec<TickTarget>,
        key: Vec<u8>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Self, rustls::Error> {
        // Named, because the process could hold several.
        let provider = rustls::crypto::ring::default_provider();
        let https = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider)?;
        let https = https.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(https);
        let targets = targets.into_iter().map(Arc::new).collect();
        Ok(Self { targets, client, key, clock, metrics })
    }

    /// Ticks every `tick_ms` until the task is dropped; 0 never.
    pub async fn run(self, tick_ms: u64) {
        if tick_ms == 0 || self.targets.is_empty() {
            return;
        }
        let ticker = Arc::new(self);
        let round = Arc::new(Mutex::new(Round::new(tick_ms)));
        let mut turn = 0;
        let mut interval = tokio::time::interval(Duration::from_millis(tick_ms));
        // After a pause of this machine there is no burst to make up for it.
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            // All are still busy with their last tick. The bucket waits for the next one.
            let Some(target) = ticker.free(&mut turn) else { continue };
            let (ticker, round) = (Arc::clone(&ticker), Arc::clone(&round));
            let step = move |next: &dyn Fn(&mut Round) -> Option<Buckets>| {
                next(&mut round.lock().unwrap_or_else(PoisonError::into_inner))
            };
            tokio::spawn(async move {
                // Buckets whose tick fails, or that are not done, come again in the next round.
                let mut buckets = step(&|round| Some(round.step()));
                for _ in 0..MORE_TICKS {
                    let Some(called) = buckets else { break };
                    let ticked = ticker.tick(&target, called).await;
                    buckets = step(&|round| round.after(called, ticked));
                }
                target.busy.store(false, Ordering::Release);
            });
        }
    }

    /// The next that has answered its last tick, marked as busy.
    fn free(&self, turn: &mut usize) -> Option<Arc<TickTarget>> {
        for _ in 0..self.targets.len() {
            let target = &self.targets[*turn % self.targets.len()];
            *turn = (*turn + 1) % self.targets.len();
            if !target.busy.swap(true, Ordering::Acquire) {
                return Some(Arc::clone(target));
            }
        }
        None
    }

    /// Calls a target; counts the call, and its failure, which is as good as nothing to do.
    async fn tick(&self, target: &TickTarget, buckets: Buckets) -> TickAnswer {
        self.metrics.ticks.inc();
        let result = match tokio::time::timeout(TIMEOUT, self.call(target, buckets)).await {
            Ok(result) => result,
            Err(_) => Err("no answer in time".to_owned()),
        };
        tracing::debug!(pop = target.base, ?buckets, ?result, "ticked");
        match result {
            Ok(ticked) => ticked,
            Err(why) => {
                self.note_failure(target, &why);
                TickAnswer::default()
            }
        }
    }

    fn note_failure(&self, target: &TickTarget, why: &str) {
        self.metrics.tick_failures.inc();
        let now_ms = (self.clock)();
        let last = target.logged_ms.load(Ordering::Relaxed);
        // One that is gone fails with every tick, several a second.
        if now_ms.saturating_sub(last) >= LOG_EVERY_MS {
            target.logged_ms.store(now_ms, Ordering::Relaxed);
            tracing::warn!(pop = target.base, why, "a tick failed");
        }
    }

    /// Sends one tick with a token of its own, which is good for this purpose and a minute alone.
    async fn call(&self, target: &TickTarget, buckets: Buckets) -> Result<TickAnswer, String> {
        let Buckets { first, count } = buckets;
        let grant = Grant { aud: auth::TICK.to_owned(), sub: "relay".to_owned(), site: None };
        let token = auth::sign(grant, &self.key, (self.clock)(), TOKEN_S);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/-/tick?bucket={first}&count={count}", target.base))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        // The connection can be used again once the answer is read; a long one
        // is not worth it.
        let body = http_body_util::Limited::new(response.into_body(), 64 << 10);
        let body = http_body_util::BodyExt::collect(body).await;
        let ticked = body.ok().map(http_body_util::Collected::to_bytes);
        match status.is_success() {
            // One that says nothing of it has no more.
            true => Ok(serde_json::from_slice(&ticked.unwrap_or_default()).unwrap_or_default()),
            false => Err(format!("status {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_visits_every_bucket_in_time() {
        for tick_ms in [1, 100, 500, 1_000, 7_000, 60_000] {
            let (mut round, mut seen) = (Round::new(tick_ms), Vec::new());
            let mut ticks = 0;
            while seen.len() < usize::from(limits::OUTBOX_BUCKETS) {
                let Buckets { first, count } = round.step();
                seen.extend(first..first + count);
                ticks += 1;
            }
            assert!(seen.iter().copied().eq(0..limits::OUTBOX_BUCKETS), "{tick_ms}");
            assert!(ticks * tick_ms <= ROUND_MS.max(tick_ms), "{tick_ms}: {ticks} ticks");
        }
    }

    #[test]
    fn a_backlog_is_gone_through_without_a_rest() {
        let mut round = Round::new(500);
        let first = round.step();
        let more = TickAnswer { swept: 9, more: true };
        assert_eq!(round.after(first, more), Some(first));
        let done = TickAnswer { swept: 9, more: false };
        let next = round.after(first, done).expect("the next buckets");
        assert_eq!(next.first, first.first + first.count);
        assert_eq!(round.after(next, TickAnswer::default()), None);
        assert_eq!(round.step().first, next.first + next.count);
    }

    #[test]
    fn only_urls_are_ticked() {
        assert!(TickTarget::new("http://127.0.0.1:7676").is_ok());
        assert!(TickTarget::new("https://edge.example/").is_ok());
        for wrong in ["127.0.0.1:7676", "ftp://a", "http://a/?x=1", "", "http://"] {
            assert!(TickTarget::new(wrong).is_err(), "{wrong}");
        }
    }
}
