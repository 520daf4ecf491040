//! What the handlers share: the service, the key, and how much is taken in at a time.
//!
//! May assume nothing of who calls. Must never let anybody in without a valid token, nor more
//! than the bounds allow: what does not fit is refused at once and comes again.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use redwedding_replica::auth::{self, Grant};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::Problem;
use crate::limits::{BODY_KIB, EXCHANGES};
use crate::service::RelayService;

/// What the handlers share.
pub struct ServerState {
    pub(super) service: Arc<RelayService>,
    key: Vec<u8>,
    exchanges: Semaphore,
    body_kib: Semaphore,
}

impl ServerState {
    /// The state of a server of `service`; tokens are checked with `key`.
    #[must_use]
    pub fn new(service: Arc<RelayService>, key: Vec<u8>) -> Arc<Self> {
        let (exchanges, body_kib) = (Semaphore::new(EXCHANGES), Semaphore::new(BODY_KIB));
        Arc::new(Self { service, key, exchanges, body_kib })
    }

    /// What the bearer token of a request allows.
    ///
    /// # Errors
    /// 401 if there is none, or it is not signed with the key, for the relay, and still good.
    pub(super) fn authorise(&self, headers: &HeaderMap) -> Result<Grant, Problem> {
        let unauthorised = |why: &str| Problem::new(StatusCode::UNAUTHORIZED, why);
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .ok_or_else(|| unauthorised("a bearer token is needed"))?;
        let now_ms = self.service.now_ms();
        auth::verify(token.1.trim(), &self.key, auth::RELAY, now_ms)
            .map_err(|error| unauthorised(&error.to_string()))
    }

    /// Takes a place among the requests that are answered at a time. It is free again when the
    /// permit is dropped.
    ///
    /// # Errors
    /// 503 if all places are taken.
    pub(super) fn admit(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.exchanges.try_acquire().map_err(|_| full())
    }

    /// Takes room for a body of up to `bytes`, in the same way.
    ///
    /// # Errors
    /// 503 if the bodies in memory leave no room for it.
    pub(super) fn admit_body(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Problem> {
        let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        self.body_kib.try_acquire_many(kib).map_err(|_| full())
    }
}

fn full() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many exchanges at a time; try again")
}
