//! `POST /v1/sync`: authorise, read, decode, answer.
//!
//! May assume nothing of what comes in. Every wait has an end: the body's, and
//! the exchange's.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redwedding_replica::auth::Grant;
use redwedding_replica::sync;
use redwedding_wire::codec::{Decode, Encode};

use super::problem::Problem;
use super::state::ServerState;

const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);
/// What is read of a body that is not wanted.
const DRAIN_BYTES: usize = 256 << 10;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Bodies beyond this are decoded apart from the threads that serve.
const INLINE_BYTES: usize = 64 << 10;

/// Answers an exchange, and counts it.
pub(super) async fn exchange(State(state): State<Arc<ServerState>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = Some(body);
    let response = match answer(&state, &parts.headers, &mut body).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/cbor")], bytes).into_response(),
        Err(problem) => {
            drain(body).await;
            problem.into_response()
        }
    };
    state.service.metrics.count_exchange(response.status().as_u16());
    response
}

/// Reads a little of a body that nobody wants: a connection closed upon unread
/// bytes can lose the answer on its way.
async fn drain(body: Option<Body>) {
    use http_body_util::BodyExt;
    let Some(mut body) = body else { return };
    let read = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DRAIN_BYTES {
                break;
            }
        }
    };
    // Whoever is slower than that loses the answer.
    let _enough = tokio::time::timeout(DRAIN_TIMEOUT, read).await;
}

async fn answer(
    state: &ServerState,
    headers: &HeaderMap,
    body: &mut Option<Body>,
) -> Result<Vec<u8>, Problem> {
    let grant = state.authorise(headers)?;
    let _place = state.admit()?;
    let expected = expected_bytes(headers)?;
    let _room = state.admit_body(expected)?;
    let bytes = read(body.take().unwrap_or_default(), expected).await?;
    let request = decode(bytes).await?;
    allow(&grant, &request)?;
    let answer = tokio::time::timeout(EXCHANGE_TIMEOUT, state.service.exchange(request)).await;
    match answer {
        Ok(answer) => Ok(answer.encode()),
        Err(_) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the exchange took too long; its pushes may still be appended: push them again",
        )),
    }
}

/// How many bytes the body may have: what it says, or the most.
fn expected_bytes(headers: &HeaderMap) -> Result<usize, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let bytes = length.and_then(|length| length.parse().ok()).unwrap_or(sync::REQUEST_BYTES);
    match bytes <= sync::REQUEST_BYTES {
        true => Ok(bytes),
        false => Err(too_large()),
    }
}

fn too_large() -> Problem {
    let detail = format!("an exchange has at most {} bytes", sync::REQUEST_BYTES);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    let collected = Limited::new(body, most).collect();
    match tokio::time::timeout(BODY_TIMEOUT, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "the body was cut off")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")),
    }
}

async fn decode(bytes: Bytes) -> Result<sync::Request, Problem> {
    let decoded = if bytes.len() <= INLINE_BYTES {
        sync::Request::decode(&bytes)
    } else {
        let decoding = tokio::task::spawn_blocking(move || sync::Request::decode(&bytes));
        let failed = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "try again");
        decoding.await.map_err(failed)?
    };
    decoded.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn allow(grant: &Grant, request: &sync::Request) -> Result<(), Problem> {
    let forbidden = |why: &str| Err(Problem::new(StatusCode::FORBIDDEN, why));
    if grant.site.as_ref().is_some_and(|site| *site != request.site) {
        return forbidden("the token is for another site");
    }
    if request.pulls.iter().any(|pull| pull.document.site() != request.site) {
        return forbidden("a document of another site was asked for");
    }
    Ok(())
}
