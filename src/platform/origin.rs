//! The origin, as a backend: the transport of the embedded origin's client.
//!
//! Requests pass the platform's HTTP cache by: a write must reach the origin, and
//! a read must show its newest revision.

use fastly::{Body, Request};
use redwedding::embedded_origin::Transport;
use redwedding::limits;
use redwedding::settings::names;
use redwedding_replica::ports::OriginError;

use super::body::{BodyError, whole_until};
use super::clock::Deadline;
use super::wait;

/// The way to the origin.
pub(crate) struct OriginBackend;

impl Transport for OriginBackend {
    fn send(
        &mut self,
        request: http::Request<Vec<u8>>,
        wait_ms: u64,
    ) -> Result<http::Response<Vec<u8>>, OriginError> {
        let deadline = Deadline::after(wait_ms);
        let away =
            |error: fastly::http::request::SendError| OriginError::Unavailable(error.to_string());
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("http://origin{}", parts.uri)
            .parse()
            .map_err(|_| OriginError::Rejected("the page has no address there".to_owned()))?;
        let request = Request::from(http::Request::from_parts(parts, Body::from(body)));
        let pending = request.with_pass(true).send_async(names::ORIGIN).map_err(away)?;
        let answer = wait::answer(pending, deadline).ok_or(OriginError::TimedOut)?;
        let answer: http::Response<Body> = answer.map_err(away)?.into();
        let (parts, body) = answer.into_parts();
        let body =
            whole_until(body, limits::BODY_BYTES, deadline).map_err(|error| match error {
                BodyError::Late => OriginError::TimedOut,
                error => OriginError::Unavailable(error.to_string()),
            })?;
        Ok(http::Response::from_parts(parts, body))
    }
}
