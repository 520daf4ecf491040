//! The relay's HTTP surface.
//!
//! `exchange` and `segment` are what points of presence call, `status_page` is what people look
//! at, `serve` the loop that takes connections, `state` what the handlers share and how they let
//! somebody in, `problem` how errors look. Must never answer an exchange without a valid token,
//! nor take in more than the bounds.

mod exchange;
mod problem;
mod segment;
mod serve;
mod state;
mod status_page;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub use problem::Problem;
pub use serve::serve;
pub use state::ServerState;

/// All routes.
pub fn router(state: Arc<ServerState>) -> Router {
    Router::new()
        .route("/v1/sync", post(exchange::exchange))
        .route("/v1/segments/{name}", get(segment::segment))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/", get(status_page::status_page))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this path")
        })
        .with_state(state)
}

async fn health(State(state): State<Arc<ServerState>>) -> Response {
    let service = Arc::clone(&state.service);
    // Nobody may push while this says no; so it has to find out by itself.
    let writable = service.relay.node.is_writable()
        || tokio::task::spawn_blocking(move || service.relay.node.probe()).await.unwrap_or(false);
    match writable {
        true => "ok\n".into_response(),
        false => {
            let detail = "the log could not be written; reads go on";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
        }
    }
}

async fn metrics(State(state): State<Arc<ServerState>>) -> Response {
    state.service.measure();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], state.service.metrics.text()).into_response()
}
