//! `GET /v1/segments/{name}?key=TITLE[&site=SITE]`: a segment of a document's archive,
//! nothing in it compressed: points of presence have less time than this node.
//!
//! Its name is the hash of its content, so it never changes. The site is the token's; a token that
//! is good for several needs it named. Must never give a segment of a document that the token is
//! not for.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redwedding_wire::identity::{Digest, DocumentKey};
use serde::Deserialize;

use super::problem::Problem;
use super::state::ServerState;

const FOREVER: &str = "private, max-age=31536000, immutable";

/// Which document's segment is asked for.
#[derive(Deserialize)]
pub(super) struct SegmentQuery {
    key: String,
    site: Option<String>,
}

/// Answers with a segment, and counts it.
pub(super) async fn segment(
    State(state): State<Arc<ServerState>>,
    Path(name): Path<String>,
    Query(query): Query<SegmentQuery>,
    headers: HeaderMap,
) -> Response {
    let response = match found(&state, &name, query, &headers).await {
        Ok(bytes) => {
            let kind = (header::CONTENT_TYPE, "application/cbor");
            ([kind, (header::CACHE_CONTROL, FOREVER)], bytes).into_response()
        }
        Err(problem) => problem.into_response(),
    };
    state.service.metrics.count_segment(response.status().as_u16());
    response
}

async fn found(
    state: &ServerState,
    name: &str,
    query: SegmentQuery,
    headers: &HeaderMap,
) -> Result<Vec<u8>, Problem> {
    let wrong = |why: String| Problem::new(StatusCode::BAD_REQUEST, why);
    let grant = state.authorise(headers)?;
    let _place = state.admit()?;
    let site = match (grant.site, query.site) {
        (Some(granted), Some(named)) if granted != named => {
            let why = "the token is for another site";
            return Err(Problem::new(StatusCode::FORBIDDEN, why));
        }
        (granted, named) => {
            granted.or(named).ok_or_else(|| wrong("the site has to be named".to_owned()))?
        }
    };
    let document = DocumentKey::new(site, query.key).map_err(|error| wrong(error.to_string()))?;
    let name = parsed(name).ok_or_else(|| wrong("a name has 32 digits".to_owned()))?;
    let service = Arc::clone(&state.service);
    let look = move || service.relay.segment(&document, name);
    match tokio::task::spawn_blocking(look).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(Problem::new(StatusCode::NOT_FOUND, "there is no such segment")),
        Ok(Err(_)) | Err(_) => {
            let why = "the segment cannot be read now; try again";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))
        }
    }
}

fn parsed(name: &str) -> Option<Digest> {
    let digits = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(name, 16).ok().filter(|_| digits)?;
    Some(Digest(number.to_be_bytes()))
}
