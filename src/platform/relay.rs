//! The relay, as a backend, behind the relay port.
//!
//! Every request bears a fresh token that is good for a few minutes. Statuses are
//! sorted here into what may be retried and what the relay refuses.

use fastly::http::request::PendingRequest;
use fastly::{Body, Request, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use redwedding::settings::{Settings, names};
use redwedding_replica::auth::{self, Grant};
use redwedding_replica::ports::{Relay, RelayError};
use redwedding_replica::sync::ANSWER_BYTES;
use redwedding_wire::identity::{Digest, DocumentKey};

use super::body::{BodyError, whole_until};
use super::clock::{Deadline, now_ms};
use super::wait;

/// As much of a refusal as is told the operator, in bytes.
const DETAIL_BYTES: usize = 4_096;
/// How long a token to the relay is good, in seconds.
const TOKEN_SECONDS: u64 = 300;

/// The way to the relay.
pub(crate) struct RelayBackend {
    key: Vec<u8>,
    grant: Grant,
}

impl RelayBackend {
    /// With the key that edge and relay share.
    pub(crate) fn new(settings: &Settings) -> Self {
        let site = Some(settings.replica.site.clone());
        let grant = Grant { aud: auth::RELAY.to_owned(), sub: settings.replica.pop.clone(), site };
        Self { key: settings.relay_key.clone(), grant }
    }
}

fn away(error: impl std::fmt::Display) -> RelayError {
    RelayError::Unavailable(error.to_string())
}

impl Relay for RelayBackend {
    type Pending = Result<PendingRequest, RelayError>;

    fn begin(&mut self, request: Vec<u8>) -> Self::Pending {
        let request = Request::post("http://relay/v1/sync")
            .with_header(CONTENT_TYPE, "application/cbor")
            .with_body(Body::from(request));
        self.send(request)
    }

    fn finish(&mut self, pending: Self::Pending, wait_ms: u64) -> Result<Vec<u8>, RelayError> {
        let deadline = Deadline::after(wait_ms);
        answered(head(pending?, deadline)?, deadline)
    }

    fn segment(
        &mut self,
        document: &DocumentKey,
        name: Digest,
        wait_ms: u64,
    ) -> Result<Option<Vec<u8>>, RelayError> {
        let deadline = Deadline::after(wait_ms);
        let title = utf8_percent_encode(document.key(), NON_ALPHANUMERIC);
        let request = Request::get(format!("http://relay/v1/segments/{name}?key={title}"));
        match head(self.send(request)?, deadline)? {
            answer if answer.get_status() == http::StatusCode::NOT_FOUND => Ok(None),
            answer => answered(answer, deadline).map(Some),
        }
    }
}

impl RelayBackend {
    fn send(&self, request: Request) -> Result<PendingRequest, RelayError> {
        let token = auth::sign(self.grant.clone(), &self.key, now_ms(), TOKEN_SECONDS);
        let request = request.with_header(AUTHORIZATION, format!("Bearer {token}"));
        request.with_pass(true).send_async(names::RELAY).map_err(away)
    }
}

/// The head of the answer, if it comes in time.
fn head(pending: PendingRequest, deadline: Deadline) -> Result<Response, RelayError> {
    wait::answer(pending, deadline).ok_or(RelayError::TimedOut)?.map_err(away)
}

/// The body of the answer, if it comes in time.
fn answered(answer: Response, deadline: Deadline) -> Result<Vec<u8>, RelayError> {
    let mut answer = answer;
    let status = answer.get_status();
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(away(format!("status {status}")));
    }
    let success = status.is_success();
    let most = if success { ANSWER_BYTES } else { DETAIL_BYTES };
    let body = whole_until(answer.take_body(), most, deadline);
    if success {
        return body.map_err(|error| match error {
            BodyError::Late => RelayError::TimedOut,
            error => away(error),
        });
    }
    let detail = body.map(|body| String::from_utf8_lossy(&body).into_owned());
    let detail = detail.unwrap_or_else(|error| error.to_string());
    Err(RelayError::Refused { status: status.as_u16(), detail })
}
