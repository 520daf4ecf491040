//! The admin endpoints: health, status and tick.
//!
//! For operators and for the relay, not for readers: no answer may be cached.
//! Health asks nobody else. Status loads a document and changes nothing. Tick alone
//! does work, and only with a token that the relay made.

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use redwedding_replica::Replica;
use redwedding_replica::auth;
use redwedding_replica::ports::Ports;
use redwedding_wire::identity::DocumentKey;
use serde_json::json;

use super::reply::{denied, problem};
use crate::limits;
use crate::settings::Settings;

/// `GET /-/health`: the function runs. Asks nobody else.
pub(super) fn health() -> Response<Vec<u8>> {
    let mut answer = Response::new(b"ok\n".to_vec());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// `GET /-/status[?key=TITLE]`: this point of presence, and one document.
pub(super) fn status<P: Ports>(
    replica: &mut Replica,
    ports: &mut P,
    request: &Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    let key = parameter(request, "key");
    let document = match key {
        None => serde_json::Value::Null,
        Some(key) => match DocumentKey::new(replica.config().site.clone(), key) {
            Err(error) => {
                return problem(StatusCode::BAD_REQUEST, "Invalid key", &error.to_string());
            }
            Ok(key) => match document_status(replica, ports, &key) {
                Ok(document) => document,
                Err(detail) => {
                    let status = StatusCode::SERVICE_UNAVAILABLE;
                    return problem(status, "The document cannot be loaded", &detail);
                }
            },
        },
    };
    let relay_away = replica.context(ports).relay_is_away();
    let now_ms = ports.now_ms();
    let members: Vec<_> = replica
        .members()
        .iter()
        .map(|(pop, member)| {
            json!({
                "pop": pop,
                "version": member.version,
                "lag_ms": now_ms.saturating_sub(member.heartbeat_ms),
                "saves": member.saves,
            })
        })
        .collect();
    let body = json!({
        "pop": replica.config().pop,
        "site": replica.config().site,
        "version": replica.config().version,
        "replica": format!("{:016x}", replica.id()),
        "relay_away": relay_away,
        "members": members,
        "document": document,
    });
    json_answer(&body)
}

fn document_status<P: Ports>(
    replica: &mut Replica,
    ports: &mut P,
    key: &DocumentKey,
) -> Result<serde_json::Value, String> {
    let status = replica.context(ports).document_status(key).map_err(|error| error.to_string())?;
    let quarantined: Vec<_> = status
        .quarantined
        .iter()
        .map(|(position, reason)| json!({ "position": position, "reason": reason }))
        .collect();
    Ok(json!({
        "key": key.key(),
        "id": status.id,
        "value_hash": status.value_hash,
        "state_hash": status.state_hash,
        "cursor": {
            "epoch": format!("{:016x}", status.cursor.epoch),
            "position": status.cursor.position,
            "prefix": status.cursor.prefix.to_string(),
        },
        "position": status.position,
        "overlay": status.overlay,
        "pending": status.pending,
        "checkpoint": status.checkpoint,
        "intent_open": status.intent_open,
        "quarantined": quarantined,
    }))
}

/// `POST /-/tick?bucket=N[&count=K]`: the relay's ticker lends time for work
/// that no request waits for. `more` in the answer: the same tick would find more to do at once.
pub(super) fn tick<P: Ports>(
    replica: &mut Replica,
    ports: &mut P,
    request: &Request<Vec<u8>>,
    settings: &Settings,
) -> Response<Vec<u8>> {
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let now_ms = ports.now_ms();
    if let Err(error) = auth::verify(token, &settings.relay_key, auth::TICK, now_ms) {
        return denied(&error);
    }
    let number = |name| parameter(request, name).map(|text| text.parse::<u16>());
    let (Ok(bucket), Ok(count)) =
        (number("bucket").unwrap_or(Ok(0)), number("count").unwrap_or(Ok(1)))
    else {
        return problem(StatusCode::BAD_REQUEST, "Invalid bucket", "bucket and count are numbers");
    };
    let buckets = (0..count.min(limits::OUTBOX_BUCKETS)).map(|next| bucket.wrapping_add(next));
    let ticked = replica.context(ports).tick(buckets);
    let (swept, flushed) = (ticked.swept, ticked.flushed);
    json_answer(&json!({ "swept": swept, "flushed": flushed, "more": ticked.more }))
}

fn json_answer(body: &serde_json::Value) -> Response<Vec<u8>> {
    let mut answer = Response::new(format!("{body}\n").into_bytes());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn parameter(request: &Request<Vec<u8>>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|pair| pair.0 == name)
        .map(|pair| pair.1.into_owned())
}
