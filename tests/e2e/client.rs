//! A client: plain HTTP, and the session token that answers hand out.
//!
//! Every request has a connection of its own, as those of many people have, and
//! an end: a request that is not answered in time has no answer.

use std::time::Duration;

use hyper::client::HttpConnector;
use hyper::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use hyper::{Body, Method, Request, StatusCode};
use serde_json::{Value, json};

const SESSION: &str = "redwedding-session";

/// The longest that a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(45);

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A page as a program is served it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The version's id; 0 where there is no page.
    pub(crate) id: u64,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn location(&self) -> String {
        self.header(LOCATION.as_str()).unwrap_or_else(|| panic!("leads nowhere: {self:?}")).into()
    }

    /// The page in the answer to a read or a save; none for any other answer.
    pub(crate) fn page(&self) -> Option<Page> {
        if self.status == StatusCode::NOT_FOUND {
            return Some(Page { id: 0, text: String::new() });
        }
        if !self.status.is_success() {
            return None;
        }
        let body = self.json();
        let id = body["latest"]["id"].as_u64().unwrap();
        Some(Page { id, text: body["source"].as_str().unwrap().to_owned() })
    }

    /// Whether it says "not now": refused for the moment, or what is behind does not answer.
    pub(crate) fn is_later(&self) -> bool {
        matches!(self.status.as_u16(), 502..=504)
    }
}

/// A save, as a program sends it. Sent again it is the same save.
#[derive(Clone, Debug)]
pub(crate) struct Save {
    pub(crate) title: String,
    /// The version that was edited; 0 to create.
    pub(crate) base: u64,
    pub(crate) text: String,
    pub(crate) comment: String,
}

impl Save {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "source": self.text, "comment": self.comment });
        if self.base != 0 {
            body["latest"] = json!({ "id": self.base });
        }
        body
    }
}

/// Why there is no answer. The request may have been carried out.
pub(crate) type NoAnswer = String;

/// Somebody who asks. A clone goes on by itself.
#[derive(Clone)]
pub(crate) struct Client {
    http: hyper::Client<HttpConnector>,
    session: Option<String>,
    keeps_session: bool,
}

impl Client {
    /// One that hands back the session token it was given last.
    pub(crate) fn new() -> Self {
        Self { keeps_session: true, ..Self::stranger() }
    }

    /// One that has opened the forms of these pages: with a token of its own, which says that it
    /// has seen them. Whoever shares a token is one client.
    pub(crate) async fn at_forms(pop: &str, titles: &[String]) -> Self {
        let mut client = Self::new();
        for title in titles {
            let form = client.get(&format!("{pop}/wiki/{title}?action=edit")).await.unwrap();
            assert!(form.status.is_success(), "no form of {title}: {form:?}");
        }
        assert!(client.session.is_some(), "a form comes with a token");
        client
    }

    /// One that never presents a token: every request could be somebody else's.
    pub(crate) fn stranger() -> Self {
        let http = hyper::Client::builder().pool_max_idle_per_host(0).build_http();
        Self { http, session: None, keeps_session: false }
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Result<Answer, NoAnswer> {
        let mut request = request;
        if let Some(session) = &self.session {
            request.headers_mut().insert(SESSION, session.parse().unwrap());
        }
        let http = self.http.clone();
        let answered = tokio::time::timeout(PATIENCE, async move {
            let response = http.request(request).await?;
            let (parts, body) = response.into_parts();
            let body = hyper::body::to_bytes(body).await?.to_vec();
            Ok::<_, hyper::Error>(Answer { status: parts.status, headers: parts.headers, body })
        });
        let answer = match answered.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("nothing within {PATIENCE:?}")),
        };
        if let Some(session) = answer.header(SESSION).filter(|_| self.keeps_session) {
            self.session = Some(session.to_owned());
        }
        Ok(answer)
    }

    pub(crate) async fn get(&mut self, url: &str) -> Result<Answer, NoAnswer> {
        self.send(request(Method::GET, url, "", "")).await
    }

    /// Reads a page at a point of presence.
    pub(crate) async fn read(&mut self, pop: &str, title: &str) -> Result<Answer, NoAnswer> {
        self.get(&page_url(pop, title)).await
    }

    /// Saves a page at a point of presence.
    pub(crate) async fn save(&mut self, pop: &str, save: &Save) -> Result<Answer, NoAnswer> {
        let body = save.body().to_string();
        self.send(request(Method::PUT, &page_url(pop, &save.title), JSON, &body)).await
    }

    /// Saves a page, which must be taken.
    pub(crate) async fn saved(&mut self, pop: &str, save: &Save) -> Page {
        let answer = self.save(pop, save).await.unwrap();
        assert!(answer.status.is_success(), "{} refused: {answer:?}", save.comment);
        answer.page().unwrap()
    }
}

pub(crate) const JSON: &str = "application/json";

/// Where programs find a page at a point of presence.
pub(crate) fn page_url(pop: &str, title: &str) -> String {
    format!("{pop}/rest.php/v1/page/{title}")
}

pub(crate) fn request(method: Method, url: &str, kind: &str, body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(url);
    if !kind.is_empty() {
        request = request.header(CONTENT_TYPE, kind);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}
