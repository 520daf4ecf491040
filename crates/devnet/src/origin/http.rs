//! The HTTP surface of the wiki.
//!
//! Handlers read the request, ask the store off the async threads, and dress
//! the answer. A committed write's answer passes the faults; the write itself
//! never does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::faults::AfterCommit;
use super::input::{self, PagePath};
use super::limits::{MAX_LISTED, MAX_PAGE_BYTES};
use super::problem::Problem;
use super::store::{PageStore, PageStoreError, PutOutcome};
use super::wiki::WikiState;

type SharedWiki = State<Arc<WikiState>>;

pub(super) fn router(wiki: Arc<WikiState>) -> Router {
    Router::new()
        .route("/pages/{*path}", get(read).put(write))
        .route("/pages", get(titles))
        .layer(middleware::from_fn_with_state(wiki.clone(), misbehave))
        .route("/stats", get(stats))
        .route("/healthz", get(health))
        .fallback(async || Problem::not_found("Pages are at /pages/{title}."))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Pages can be read (GET) and saved (PUT).")
        })
        .layer(DefaultBodyLimit::max(MAX_PAGE_BYTES))
        .with_state(wiki)
}

/// Delay and refusal, before anything is done.
async fn misbehave(State(wiki): SharedWiki, request: Request, next: Next) -> Response {
    let (delay, _) = wiki.faults.before();
    tokio::time::sleep(delay).await;
    if wiki.faults.before().1 {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The wiki is down.").into_response();
    }
    next.run(request).await
}

/// Runs a store operation where blocking is allowed.
async fn blocking<T, F>(wiki: &Arc<WikiState>, operation: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&PageStore) -> Result<T, PageStoreError> + Send + 'static,
{
    let stopping = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The wiki is stopping.");
    let store = wiki.store().ok_or_else(stopping)?;
    match tokio::task::spawn_blocking(move || operation(&store)).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(stopping()),
    }
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

fn target(uri: &Uri) -> Result<PagePath, Problem> {
    PagePath::parse(uri.path().strip_prefix("/pages/").unwrap_or_default())
}

async fn read(
    State(wiki): SharedWiki,
    uri: Uri,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match target(&uri)? {
        PagePath::Page(title) => {
            wiki.count("GET /pages/{title}");
            let found = blocking(&wiki, move |store| store.current(&title)).await?;
            let (revision, text) = found.ok_or_else(no_such_page)?;
            let tag = entity_tag(revision.id);
            let mut answer = match headers.get(header::IF_NONE_MATCH) == Some(&tag) {
                true => (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response(),
                false => page(StatusCode::OK, revision.id, text),
            };
            if let Some(date) = http_date(&revision.timestamp) {
                answer.headers_mut().insert(header::LAST_MODIFIED, date);
            }
            Ok(answer)
        }
        PagePath::History(title) => {
            wiki.count("GET /pages/{title}/revisions");
            let found = blocking(&wiki, move |store| store.history(&title, after, MAX_LISTED));
            Ok(Json(found.await?.ok_or_else(no_such_page)?).into_response())
        }
        PagePath::Revision(title, id) => {
            wiki.count("GET /pages/{title}/revisions/{id}");
            let found = blocking(&wiki, move |store| store.text_of(&title, id)).await?;
            let none = || Problem::not_found("The page has no revision with this number.");
            Ok(page(StatusCode::OK, id, found.ok_or_else(none)?))
        }
    }
}

async fn write(
    State(wiki): SharedWiki,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    wiki.count("PUT /pages/{title}");
    let PagePath::Page(title) = target(&uri)? else {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Revisions cannot be changed."));
    };
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => input::too_large(),
        _ => Problem::bad_request("The text did not arrive whole. Send it again."),
    })?;
    let put = input::put(title, &headers, &body)?;
    let now = OffsetDateTime::now_utc();
    let outcome = blocking(&wiki, move |store| store.put(&put, now)).await?;
    if matches!(outcome, PutOutcome::Saved { replayed: false, .. }) {
        wiki.revisions_written.fetch_add(1, Ordering::Relaxed);
        fail_after_commit(&wiki).await?;
    }
    answer(outcome)
}

async fn fail_after_commit(wiki: &WikiState) -> Result<(), Problem> {
    let wait = match wiki.faults.take_after_commit() {
        None => return Ok(()),
        Some(AfterCommit::Hang) => Duration::from_secs(600),
        Some(AfterCommit::GatewayTimeout(wait)) => wait,
    };
    tokio::time::sleep(wait).await;
    Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "The wiki took too long to answer."))
}

fn answer(outcome: PutOutcome) -> Result<Response, Problem> {
    match outcome {
        PutOutcome::Saved { id, created, .. } => {
            let status = if created { StatusCode::CREATED } else { StatusCode::OK };
            Ok(saved(status, id, true))
        }
        PutOutcome::Unchanged { id } => Ok(saved(StatusCode::OK, id, false)),
        PutOutcome::Conflict { current: Some((id, text)) } => {
            Ok(page(StatusCode::PRECONDITION_FAILED, id, text))
        }
        PutOutcome::Conflict { current: None } => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "The page does not exist. Create it with If-None-Match: *.",
        )),
        PutOutcome::KeyReused => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This Idempotency-Key belongs to another save. Use a fresh one for each save.",
        )),
    }
}

fn no_such_page() -> Problem {
    Problem::not_found("No such page. Create it: PUT with If-None-Match: *.")
}

fn saved(status: StatusCode, id: u64, changed: bool) -> Response {
    let body = Json(json!({ "id": id, "changed": changed }));
    (status, [(header::ETAG, entity_tag(id))], body).into_response()
}

fn page(status: StatusCode, id: u64, text: String) -> Response {
    let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
    (status, [(header::ETAG, entity_tag(id)), (header::CONTENT_TYPE, kind)], text).into_response()
}

/// A time of RFC 3339 as headers have it (RFC 9110, section 5.6.7).
fn http_date(timestamp: &str) -> Option<HeaderValue> {
    let time = OffsetDateTime::parse(timestamp, &Rfc3339).ok()?;
    HeaderValue::try_from(httpdate::fmt_http_date(time.into())).ok()
}

fn entity_tag(id: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{id}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

#[derive(Deserialize)]
struct AfterTitle {
    #[serde(default)]
    after: String,
}

async fn titles(
    State(wiki): SharedWiki,
    Query(AfterTitle { after }): Query<AfterTitle>,
) -> Result<Response, Problem> {
    wiki.count("GET /pages");
    let found = blocking(&wiki, move |store| store.titles(&after, MAX_LISTED)).await?;
    Ok(Json(found).into_response())
}

async fn stats(State(wiki): SharedWiki) -> Response {
    Json(json!({
        "requests": wiki.counts(),
        "revisions_written": wiki.revisions_written.load(Ordering::Relaxed),
    }))
    .into_response()
}

async fn health() -> &'static str {
    "ok\n"
}
