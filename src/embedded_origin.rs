//! How the embedded origin speaks HTTP: ETags, preconditions, idempotency keys.
//!
//! It turns the origin port's calls into HTTP requests and reads the answers;
//! sending them is for a [`Transport`]. Every write names the revision that it
//! extends, and the origin refuses it where that is not the newest one
//! (compare-and-swap). Nothing here retries or decides.

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use redwedding_document::entry::{Note, OriginPage};
use redwedding_replica::ports::{Origin, OriginError, Revision, Write, Written};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::limits;

/// What stays as it is in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The way to the origin.
pub trait Transport {
    /// Sends a request to the origin and gives its answer, whatever its status; waits
    /// `wait_ms` at most.
    ///
    /// # Errors
    /// [`OriginError::Unavailable`] and [`OriginError::TimedOut`] where no answer came, or not in
    /// time; the origin may have carried the request out all the same.
    /// [`OriginError::Rejected`] where it cannot be sent at all.
    fn send(
        &mut self,
        request: Request<Vec<u8>>,
        wait_ms: u64,
    ) -> Result<Response<Vec<u8>>, OriginError>;
}

/// The origin port to the embedded origin, reached through `T`.
pub struct EmbeddedOriginClient<T>(pub T);

#[derive(Deserialize)]
struct Listed {
    id: u64,
    timestamp: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    author: String,
}

impl<T: Transport> Origin for EmbeddedOriginClient<T> {
    fn page(&mut self, key: &str, wait_ms: u64) -> Result<Option<OriginPage>, OriginError> {
        let answer = self.0.send(request(Method::GET, key, "", Vec::new())?, wait_ms)?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = succeeded(answer)?;
        let modified = header(&answer, LAST_MODIFIED);
        let modified = modified.and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
        Ok(Some(OriginPage {
            revision: revision(&answer)?,
            time_ms: modified.map_or(0, milliseconds),
            note: Note::default(),
            text: text(answer)?,
        }))
    }

    fn write(&mut self, key: &str, write: &Write, wait_ms: u64) -> Result<Written, OriginError> {
        let mut request = request(Method::PUT, key, "", write.text.clone().into_bytes())?;
        let (name, condition) = match write.on {
            0 => (IF_NONE_MATCH, "*".to_owned()),
            revision => (IF_MATCH, format!("\"{revision}\"")),
        };
        let summary = utf8_percent_encode(&write.summary, SEGMENT).to_string();
        let headers = request.headers_mut();
        headers.insert(name, condition.try_into().map_err(rejected)?);
        headers.insert("x-summary", summary.try_into().map_err(rejected)?);
        let idempotency = write.idempotency.as_str().try_into().map_err(rejected)?;
        headers.insert("idempotency-key", idempotency);
        let answer = self.0.send(request, wait_ms)?;
        if answer.status() == StatusCode::PRECONDITION_FAILED {
            return Ok(Written::Conflict);
        }
        let revision = revision(&succeeded(answer)?)?;
        match revision == write.on {
            true => Ok(Written::Unchanged { revision }),
            false => Ok(Written::Stored { revision, stored: None, time_ms: 0 }),
        }
    }

    fn revisions(
        &mut self,
        key: &str,
        after: u64,
        wait_ms: u64,
    ) -> Result<Vec<Revision>, OriginError> {
        let suffix = format!("/revisions?after={after}");
        let answer = self.0.send(request(Method::GET, key, &suffix, Vec::new())?, wait_ms)?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let answer = succeeded(answer)?;
        let listed: Vec<Listed> = serde_json::from_slice(answer.body()).map_err(garbled)?;
        Ok(listed.into_iter().map(Listed::revision).collect())
    }

    fn revision_text(
        &mut self,
        key: &str,
        revision: u64,
        wait_ms: u64,
    ) -> Result<String, OriginError> {
        let suffix = format!("/revisions/{revision}");
        let answer = self.0.send(request(Method::GET, key, &suffix, Vec::new())?, wait_ms)?;
        text(succeeded(answer)?)
    }
}

impl Listed {
    fn revision(self) -> Revision {
        let time = OffsetDateTime::parse(&self.timestamp, &Rfc3339).ok();
        let author = cut(self.author, limits::AUTHOR_BYTES);
        let comment = cut(self.summary, limits::COMMENT_BYTES);
        Revision {
            id: self.id,
            time_ms: time.map_or(0, milliseconds),
            note: Note { author, comment, ..Note::default() },
        }
    }
}

fn milliseconds(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}

fn cut(text: String, most: usize) -> String {
    let mut text = text;
    text.truncate(text.floor_char_boundary(most.min(text.len())));
    text
}

fn request(
    method: Method,
    key: &str,
    suffix: &str,
    body: Vec<u8>,
) -> Result<Request<Vec<u8>>, OriginError> {
    let path = format!("/pages/{}{suffix}", utf8_percent_encode(key, SEGMENT));
    Request::builder().method(method).uri(path).body(body).map_err(rejected)
}

fn rejected(error: impl std::fmt::Display) -> OriginError {
    OriginError::Rejected(error.to_string())
}

fn garbled(error: impl std::fmt::Display) -> OriginError {
    OriginError::Unavailable(format!("its answer cannot be read: {error}"))
}

fn succeeded(answer: Response<Vec<u8>>) -> Result<Response<Vec<u8>>, OriginError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    match status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
        true => Err(OriginError::Rejected(format!("status {status}"))),
        false => Err(OriginError::Unavailable(format!("status {status}"))),
    }
}

fn header<B>(answer: &Response<B>, name: http::HeaderName) -> Option<&str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok())
}

fn revision<B>(answer: &Response<B>) -> Result<u64, OriginError> {
    let tag = header(answer, ETAG).unwrap_or_default().trim_matches('"');
    match tag.parse() {
        Ok(revision) if revision > 0 => Ok(revision),
        _ => Err(garbled("it names no revision")),
    }
}

fn text(answer: Response<Vec<u8>>) -> Result<String, OriginError> {
    String::from_utf8(answer.into_body()).map_err(garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT_MS: u64 = 70;

    /// Answers every request with the same, and keeps the requests.
    struct Canned {
        status: u16,
        tag: &'static str,
        body: &'static str,
        asked: Vec<Request<Vec<u8>>>,
    }

    impl Transport for Canned {
        fn send(
            &mut self,
            request: Request<Vec<u8>>,
            wait_ms: u64,
        ) -> Result<Response<Vec<u8>>, OriginError> {
            assert_eq!(wait_ms, WAIT_MS);
            self.asked.push(request);
            let answer = Response::builder().status(self.status).header(ETAG, self.tag);
            let answer = answer.header(LAST_MODIFIED, "Fri, 02 Jan 2026 09:10:45 GMT");
            Ok(answer.body(self.body.into()).expect("answer"))
        }
    }

    fn origin(status: u16, tag: &'static str, body: &'static str) -> EmbeddedOriginClient<Canned> {
        EmbeddedOriginClient(Canned { status, tag, body, asked: Vec::new() })
    }

    fn write(on: u64) -> Write {
        Write { text: "t".into(), on, summary: "ä b".into(), idempotency: "id".into() }
    }

    #[test]
    fn a_write_names_the_revision_it_extends() {
        let mut origin = origin(200, "\"8\"", "{}");
        let stored = Ok(Written::Stored { revision: 8, stored: None, time_ms: 0 });
        assert_eq!(origin.write("A/b", &write(7), WAIT_MS), stored);
        assert_eq!(origin.write("A/b", &write(8), WAIT_MS), Ok(Written::Unchanged { revision: 8 }));
        let first = &origin.0.asked[0];
        assert_eq!(first.uri().path(), "/pages/A%2Fb");
        assert_eq!(first.headers()[IF_MATCH], "\"7\"");
        assert_eq!(first.headers()["x-summary"], "%C3%A4%20b");
        assert!(origin.write("A", &write(0), WAIT_MS).is_ok());
        assert_eq!(origin.0.asked[2].headers()[IF_NONE_MATCH], "*");
    }

    #[test]
    fn failures_are_told_apart() {
        assert_eq!(origin(412, "\"9\"", "").write("A", &write(7), WAIT_MS), Ok(Written::Conflict));
        let rejected = origin(413, "\"9\"", "").write("A", &write(7), WAIT_MS);
        assert!(matches!(rejected, Err(OriginError::Rejected(_))));
        let unavailable = origin(504, "\"9\"", "").write("A", &write(7), WAIT_MS);
        assert!(matches!(unavailable, Err(OriginError::Unavailable(_))));
        assert_eq!(origin(404, "", "").page("A", WAIT_MS), Ok(None));
        assert!(matches!(
            origin(200, "x", "").page("A", WAIT_MS),
            Err(OriginError::Unavailable(_))
        ));
    }

    #[test]
    fn a_page_is_read_with_the_time_of_its_last_change() {
        let page = origin(200, "\"3\"", "a\n").page("A", WAIT_MS).expect("an answer");
        let page = page.expect("a page");
        assert_eq!((page.revision, page.time_ms, page.text), (3, 1_767_345_045_000, "a\n".into()));
    }

    #[test]
    fn revisions_are_read_with_their_times() {
        let body = r#"[{"id":3,"timestamp":"2026-01-02T03:04:05Z","summary":"s","author":"a"}]"#;
        let found = origin(200, "\"3\"", body).revisions("A", 2, WAIT_MS).expect("revisions");
        assert_eq!((found[0].id, found[0].time_ms), (3, 1_767_323_045_000));
        assert_eq!(found[0].note.author, "a");
    }
}
