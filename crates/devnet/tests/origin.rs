//! The embedded origin over HTTP: what a wiki owes its writers.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use hyper::{Body, Client, Method, Request, Response, StatusCode};
use redwedding_devnet::OriginServer;
use redwedding_devnet::origin::{AfterCommit, MAX_PAGE_BYTES, StoredRevision};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    kind: String,
    modified: Option<String>,
    body: String,
}

impl Answer {
    async fn read(response: Response<Body>) -> Self {
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let (status, etag) = (response.status(), header("etag"));
        let kind = header("content-type").unwrap_or_default();
        let modified = header("last-modified");
        let body = hyper::body::to_bytes(response.into_body()).await.unwrap();
        Self { status, etag, kind, modified, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn etag(&self) -> &str {
        self.etag.as_deref().expect("an ETag")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn send(
    origin: &OriginServer,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(format!("{}{path}", origin.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    Answer::read(Client::new().request(request).await.unwrap()).await
}

async fn get(origin: &OriginServer, path: &str) -> Answer {
    send(origin, Method::GET, path, &[], "").await
}

async fn put(origin: &OriginServer, path: &str, headers: &[(&str, &str)], text: &str) -> Answer {
    send(origin, Method::PUT, path, headers, text.to_owned()).await
}

async fn start(folder: &Path) -> OriginServer {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    OriginServer::start(listener, &folder.join("origin.redb")).await.unwrap()
}

const NEW: (&str, &str) = ("if-none-match", "*");

#[tokio::test]
async fn pages_are_created_read_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    assert_eq!(get(&origin, "/pages/Red").await.status, StatusCode::NOT_FOUND);

    let created = put(&origin, "/pages/Red", &[NEW], "one\n").await;
    assert_eq!(created.status, StatusCode::CREATED);
    let page = get(&origin, "/pages/Red").await;
    assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, "one\n"));
    assert_eq!(page.etag(), created.etag());
    let modified = page.modified.expect("a Last-Modified");
    let modified = OffsetDateTime::parse(&modified, &Rfc2822).expect("a date of RFC 9110");
    assert!((OffsetDateTime::now_utc() - modified).whole_seconds() < 60, "{modified}");

    let changed = put(&origin, "/pages/Red", &[("if-match", created.etag())], "two\n").await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.etag(), created.etag());
    assert_eq!(get(&origin, "/pages/Red").await.body, "two\n");
    assert_eq!(origin.revisions_written(), 2);
}

#[tokio::test]
async fn a_stale_base_gets_the_current_text() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let first = put(&origin, "/pages/P", &[NEW], "one").await;
    let second = put(&origin, "/pages/P", &[("if-match", first.etag())], "two").await;

    for stale in [("if-match", first.etag()), NEW] {
        let refused = put(&origin, "/pages/P", &[stale], "three").await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!((refused.etag(), refused.body.as_str()), (second.etag(), "two"));
    }
    let missing = put(&origin, "/pages/None", &[("if-match", "\"1\"")], "x").await;
    assert_eq!((missing.status, missing.etag), (StatusCode::PRECONDITION_FAILED, None));
    assert_eq!(get(&origin, "/pages/P").await.body, "two");
}

#[tokio::test]
async fn the_same_text_makes_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let first = put(&origin, "/pages/P", &[NEW], "one").await;
    let again = put(&origin, "/pages/P", &[("if-match", first.etag())], "one").await;
    assert_eq!((again.status, again.etag()), (StatusCode::OK, first.etag()));
    assert_eq!(get(&origin, "/pages/P/revisions").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_answered_once_and_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut origin = start(folder.path()).await;
    let key = ("idempotency-key", "flush-1");
    let first = put(&origin, "/pages/P", &[NEW, key], "one").await;
    let other = put(&origin, "/pages/P", &[("if-match", first.etag())], "two").await;
    assert_eq!(other.status, StatusCode::OK);

    let again = put(&origin, "/pages/P", &[NEW, key], "one").await;
    assert_eq!((again.status, again.etag()), (StatusCode::CREATED, first.etag()));
    origin.stop().await.unwrap();

    let origin = start(folder.path()).await;
    let later = put(&origin, "/pages/P", &[NEW, key], "one").await;
    assert_eq!((later.status, later.etag()), (StatusCode::CREATED, first.etag()));
    let misused = put(&origin, "/pages/P", &[NEW, key], "something else").await;
    assert_eq!(misused.status, StatusCode::UNPROCESSABLE_ENTITY);

    assert_eq!(get(&origin, "/pages/P").await.body, "two");
    let history: Vec<StoredRevision> =
        serde_json::from_str(&get(&origin, "/pages/P/revisions").await.body).unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(origin.revisions_written(), 0);
}

#[tokio::test]
async fn a_refusal_is_remembered_with_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let first = put(&origin, "/pages/P", &[NEW], "one").await;
    let key = ("idempotency-key", "k");
    put(&origin, "/pages/P", &[NEW, key], "mine").await;
    put(&origin, "/pages/P", &[("if-match", first.etag())], "two").await;
    let again = put(&origin, "/pages/P", &[NEW, key], "mine").await;
    assert_eq!(again.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!((again.etag(), again.body.as_str()), (first.etag(), "one"));
}

#[tokio::test]
async fn history_names_every_revision() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let about = ("x-summary", "first%20%E2%80%93%20draft");
    let by = ("x-author", "Catelyn");
    let first = put(&origin, "/pages/A%2FB", &[NEW, about, by], "\u{e9}").await;
    put(&origin, "/pages/Other", &[NEW], "x").await;
    put(&origin, "/pages/A/B", &[("if-match", first.etag())], "two").await;

    let all: Vec<StoredRevision> =
        serde_json::from_str(&get(&origin, "/pages/A%2FB/revisions").await.body).unwrap();
    let [one, two] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(one.summary, "first \u{2013} draft");
    assert_eq!((one.author.as_str(), one.parent, one.bytes), ("Catelyn", 0, 2));
    assert!(one.timestamp.ends_with('Z') && one.timestamp.contains('T'), "{}", one.timestamp);
    assert_eq!((two.parent, format!("\"{}\"", one.id)), (one.id, first.etag().to_owned()));

    let after = format!("/pages/A%2FB/revisions?after={}", one.id);
    let rest: Vec<StoredRevision> = serde_json::from_str(&get(&origin, &after).await.body).unwrap();
    assert_eq!(rest, all[1..]);
    let old = get(&origin, &format!("/pages/A%2FB/revisions/{}", one.id)).await;
    assert_eq!(old.body, "\u{e9}");
    let foreign = get(&origin, &format!("/pages/Other/revisions/{}", one.id)).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&origin, "/pages").await.json(), serde_json::json!(["A/B", "Other"]));
}

#[tokio::test]
async fn errors_are_problem_details() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let long = "/pages/".to_owned() + &"x".repeat(256);
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], StatusCode);
    let cases: [Case<'_>; 7] = [
        ("/pages/P", &[], StatusCode::PRECONDITION_REQUIRED),
        ("/pages/P", &[("if-match", "7")], StatusCode::BAD_REQUEST),
        ("/pages/P", &[NEW, ("if-match", "\"7\"")], StatusCode::BAD_REQUEST),
        ("/pages/P", &[NEW, ("x-summary", "%FF")], StatusCode::BAD_REQUEST),
        ("/pages/%FF", &[NEW], StatusCode::BAD_REQUEST),
        (&long, &[NEW], StatusCode::BAD_REQUEST),
        ("/pages/P/revisions", &[NEW], StatusCode::METHOD_NOT_ALLOWED),
    ];
    for (path, headers, status) in cases {
        let answer = put(&origin, path, headers, "x").await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        assert_eq!(answer.kind, "application/problem+json");
        assert_eq!(answer.json()["status"], status.as_u16());
    }
    let huge = "x".repeat(MAX_PAGE_BYTES + 1);
    let answer = put(&origin, "/pages/P", &[NEW], &huge).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let raw = send(&origin, Method::PUT, "/pages/P", &[NEW], vec![0xff]).await;
    assert_eq!(raw.status, StatusCode::BAD_REQUEST);
    let fits = put(&origin, "/pages/P", &[NEW], &huge[1..]).await;
    assert_eq!(fits.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_write_can_fail_after_it_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let key = ("idempotency-key", "k");
    origin.faults().fail_after_commit(1, AfterCommit::GatewayTimeout(Duration::ZERO));
    let lost = put(&origin, "/pages/P", &[NEW, key], "one").await;
    assert_eq!(lost.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(put(&origin, "/pages/P", &[NEW, key], "one").await.status, StatusCode::CREATED);

    origin.faults().fail_after_commit(1, AfterCommit::Hang);
    let hanging = put(&origin, "/pages/Q", &[NEW], "two");
    assert!(tokio::time::timeout(Duration::from_millis(300), hanging).await.is_err());
    assert_eq!(get(&origin, "/pages/Q").await.body, "two");

    origin.faults().set_down(true);
    assert_eq!(get(&origin, "/pages/Q").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&origin, "/healthz").await.status, StatusCode::OK);
    origin.faults().clear();
    assert_eq!(get(&origin, "/pages/Q").await.status, StatusCode::OK);
    let stats = get(&origin, "/stats").await.json();
    assert_eq!(stats["revisions_written"], 2);
    assert_eq!(stats["requests"]["PUT /pages/{title}"], 3);
}

/// Many writers on one base: exactly one wins each round.
#[tokio::test]
async fn compare_and_swap_is_real() {
    let folder = tempfile::tempdir().unwrap();
    let origin = start(folder.path()).await;
    let base = put(&origin, "/pages/P", &[NEW], "0").await;
    let tags = [("if-match", base.etag())];
    let (a, b, c) = tokio::join!(
        put(&origin, "/pages/P", &tags, "a"),
        put(&origin, "/pages/P", &tags, "b"),
        put(&origin, "/pages/P", &tags, "c"),
    );
    let won = [a, b, c].iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(won, 1);
}

/// A stop closes the data even while clients keep their connections.
#[tokio::test]
async fn a_stopped_origin_answers_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut origin = start(folder.path()).await;
    let client = Client::new();
    let page = format!("{}/pages/P", origin.url()).parse::<hyper::Uri>().unwrap();
    let missing = Answer::read(client.get(page.clone()).await.unwrap()).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    origin.stop().await.unwrap();
    if let Ok(answer) = client.get(page).await {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let again = start(folder.path()).await;
    assert_eq!(get(&again, "/healthz").await.status, StatusCode::OK);
    origin.stop().await.unwrap();
}
