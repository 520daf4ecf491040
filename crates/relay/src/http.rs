//! The relay's HTTP surface.
//!
//! `exchange` and `segment` are what points of presence call, `page` what people look at,
//! `serve` the loop that takes connections, `problem` how errors look. Must never
//! answer an exchange without a valid token, nor take in more than the bounds.

mod exchange;
mod page;
mod problem;
mod segment;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

pub use problem::Problem;
pub use serve::serve;

use crate::relay::Relay;

/// Exchanges at a time.
const EXCHANGES: usize = 512;
/// KiB of request bodies at a time.
const BODY_KIB: usize = 256 << 10;

/// What the handlers share.
pub struct Surface {
    relay: Arc<Relay>,
    key: Vec<u8>,
    exchanges: Semaphore,
    body_kib: Semaphore,
}

impl Surface {
    /// The surface of `relay`; tokens are checked with `key`.
    pub fn new(relay: Arc<Relay>, key: Vec<u8>) -> Arc<Self> {
        let (exchanges, body_kib) = (Semaphore::new(EXCHANGES), Semaphore::new(BODY_KIB));
        Arc::new(Self { relay, key, exchanges, body_kib })
    }
}

/// All routes.
pub fn router(surface: Arc<Surface>) -> Router {
    Router::new()
        .route("/v1/sync", post(exchange::exchange))
        .route("/v1/segments/{name}", get(segment::segment))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/", get(page::page))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this path")
        })
        .with_state(surface)
}

async fn health(State(surface): State<Arc<Surface>>) -> Response {
    let relay = Arc::clone(&surface.relay);
    // Nobody may push while this says no; so it has to find out by itself.
    let writable = relay.fold.node.is_writable()
        || tokio::task::spawn_blocking(move || relay.fold.node.probe()).await.unwrap_or(false);
    match writable {
        true => "ok\n".into_response(),
        false => {
            let detail = "the log could not be written; reads go on";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
        }
    }
}

async fn metrics(State(surface): State<Arc<Surface>>) -> Response {
    surface.relay.measure();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], surface.relay.fold.node.metrics.text()).into_response()
}
