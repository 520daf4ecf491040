//! The HTTP answers of the wiki: which headers go with a body.
//!
//! Every body leaves through [`answer`], so that none is without its type, its caching and,
//! where it is a page, the policy that pages are made for.

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use redwedding_wire::identity::Digest;

use crate::wiki::html;
use crate::wiki::rest::RestError;
use crate::wiki::title::Title;

/// The type of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";
/// The type of the REST API's bodies.
const JSON: &str = "application/json";

/// An answer with a body of this type.
pub(super) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
) -> Response<Vec<u8>> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let caching = match status.is_success() {
        true => "public, no-cache",
        false => "no-store",
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    if content_type.starts_with("text/html") {
        let policy = HeaderValue::from_static(html::CONTENT_SECURITY_POLICY);
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

/// A document for people.
pub(super) fn page(status: StatusCode, html: String) -> Response<Vec<u8>> {
    answer(status, HTML, html.into_bytes())
}

/// An answer of the REST API, readable from other sites.
pub(super) fn rest(status: StatusCode, body: Vec<u8>) -> Response<Vec<u8>> {
    with_open_access(answer(status, JSON, body))
}

/// An error of the REST API.
pub(super) fn rest_error(error: &RestError) -> Response<Vec<u8>> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    rest(status, error.to_body())
}

/// Lets pages of other sites read an answer; it holds nothing of the reader's.
pub(super) fn with_open_access(answer: Response<Vec<u8>>) -> Response<Vec<u8>> {
    let mut answer = answer;
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// To another address of this wiki.
pub(super) fn redirect(status: StatusCode, to: &str) -> Response<Vec<u8>> {
    let mut answer = answer(status, HTML, Vec::new());
    // Addresses are percent-encoded.
    if let Ok(to) = HeaderValue::try_from(to) {
        answer.headers_mut().insert(LOCATION, to);
    }
    answer
}

/// Eight hexadecimal digits that tell titles apart.
pub(super) fn title_digits(title: &Title) -> String {
    Digest::of_text(title.as_str()).to_string()[..8].to_owned()
}

/// Lets an operator purge a page's answers together.
pub(super) fn with_surrogate_key(answer: Response<Vec<u8>>, title: &Title) -> Response<Vec<u8>> {
    let mut answer = answer;
    if let Ok(value) = HeaderValue::try_from(format!("page-{}", title_digits(title))) {
        answer.headers_mut().insert(HeaderName::from_static("surrogate-key"), value);
    }
    answer
}

/// Names the version that an answer is of.
pub(super) fn with_etag(answer: Response<Vec<u8>>, id: u64) -> Response<Vec<u8>> {
    let mut answer = answer;
    if let Ok(value) = HeaderValue::try_from(format!("\"{id}\"")) {
        answer.headers_mut().insert(ETAG, value);
    }
    answer
}

/// Keeps an answer with a form's token out of shared caches.
pub(super) fn private(answer: Response<Vec<u8>>) -> Response<Vec<u8>> {
    let mut answer = answer;
    let value = HeaderValue::from_static("private, no-store");
    answer.headers_mut().insert(CACHE_CONTROL, value);
    answer
}
