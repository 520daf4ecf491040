//! Answers that were rendered for readers, given again while the text is the same.
//!
//! A page that many read at once is rendered once per sandbox and version. Only
//! what the application marks as public is cached: such an answer says the same to
//! everybody.

use std::sync::Arc;

use http::header::CACHE_CONTROL;
use http::{Method, Response, StatusCode};
use redwedding_replica::page_snapshot::PageSnapshot;

use crate::application::Incoming;
use crate::limits;

/// The answers that a sandbox rendered last, newest first.
#[derive(Default)]
pub(super) struct RenderCache(Vec<RenderedAnswer>);

struct RenderedAnswer {
    /// Path and query.
    target: String,
    base: String,
    snapshot: Arc<PageSnapshot>,
    answer: Response<Vec<u8>>,
}

fn target(incoming: &Incoming) -> &str {
    incoming.request.uri().path_and_query().map_or("/", |target| target.as_str())
}

impl RenderCache {
    /// The answer to this read, if it was given before for the same text; else the one that
    /// `show` makes of the snapshot. Only `GET` and `HEAD` are answered from here.
    pub(super) fn or_show(
        &mut self,
        incoming: &Incoming,
        snapshot: Arc<PageSnapshot>,
        show: impl FnOnce(Arc<PageSnapshot>) -> Response<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        if !matches!(*incoming.request.method(), Method::GET | Method::HEAD) {
            return show(snapshot);
        }
        let target = target(incoming);
        let same =
            |cached: &&RenderedAnswer| cached.target == target && cached.base == incoming.base;
        match self.0.iter().find(same) {
            Some(cached) if cached.snapshot.shows_same(&snapshot) => cached.answer.clone(),
            _ => {
                let answer = show(snapshot.clone());
                self.insert(target, &incoming.base, snapshot, &answer);
                answer
            }
        }
    }

    fn insert(
        &mut self,
        target: &str,
        base: &str,
        snapshot: Arc<PageSnapshot>,
        answer: &Response<Vec<u8>>,
    ) {
        self.0.retain(|cached| cached.target != target || cached.base != base);
        let caching = answer.headers().get(CACHE_CONTROL).map(|value| value.as_bytes());
        let public = caching.is_some_and(|value| value.starts_with(b"public"));
        if !public
            || answer.status() != StatusCode::OK
            || answer.body().len() > limits::RENDER_CACHE_BYTES
        {
            return;
        }
        let (target, base, answer) = (target.to_owned(), base.to_owned(), answer.clone());
        self.0.insert(0, RenderedAnswer { target, base, snapshot, answer });
        let mut bytes = 0;
        self.0.truncate(limits::RENDER_CACHE_ANSWERS);
        self.0.retain(|cached| {
            bytes += cached.answer.body().len() + cached.snapshot.text.len();
            bytes <= limits::RENDER_CACHE_BYTES
        });
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};
    use redwedding_document::entry::{Note, OriginPage};
    use redwedding_wire::version::Cursor;

    use super::*;
    use crate::application::{FormKey, Principal};

    fn incoming(method: Method, target: &str) -> Incoming {
        let mut request = Request::new(Vec::new());
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().expect("a target");
        let principal = Principal { user: None, address: String::new(), may_write: true };
        let base = "http://edge".to_owned();
        Incoming { request, principal, base, form_key: FormKey([0; 32]), now_ms: 1 }
    }

    fn snapshot(revision: u64, exchanged_ms: u64) -> Arc<PageSnapshot> {
        let page = OriginPage { revision, text: "Text.".into(), time_ms: 7, note: Note::default() };
        Arc::new(PageSnapshot::of_origin(&page, Cursor::default(), exchanged_ms))
    }

    /// How often an application is asked for these reads, one after another.
    fn shown(caching: &'static str, reads: &[(Method, &str, Arc<PageSnapshot>)]) -> usize {
        let (mut cache, mut asked) = (RenderCache::default(), 0);
        for (method, target, snapshot) in reads {
            let incoming = incoming(method.clone(), target);
            let expected = format!("{target} {}", snapshot.id).into_bytes();
            let answer = cache.or_show(&incoming, snapshot.clone(), |_| {
                asked += 1;
                let mut answer = Response::new(expected.clone());
                let caching = HeaderValue::from_static(caching);
                answer.headers_mut().insert(CACHE_CONTROL, caching);
                answer
            });
            assert_eq!(answer.body(), &expected);
        }
        asked
    }

    #[test]
    fn a_text_is_rendered_once_and_another_version_anew() {
        let get = |target, snapshot| (Method::GET, target, snapshot);
        let reads =
            [get("/a", snapshot(1, 5)), get("/a", snapshot(1, 9)), get("/a", snapshot(2, 9))];
        assert_eq!(shown("public, no-cache", &reads), 2);
        let reads =
            [get("/a", snapshot(1, 5)), get("/a?b", snapshot(1, 5)), get("/a", snapshot(1, 5))];
        assert_eq!(shown("public, no-cache", &reads), 2);
    }

    #[test]
    fn what_is_private_or_no_read_is_never_given_again() {
        let twice = |method: Method| {
            [(method.clone(), "/a", snapshot(1, 5)), (method, "/a", snapshot(1, 5))]
        };
        assert_eq!(shown("private, no-store", &twice(Method::GET)), 2);
        assert_eq!(shown("public, no-cache", &twice(Method::POST)), 2);
        assert_eq!(shown("public, no-cache", &twice(Method::HEAD)), 1);
    }
}
