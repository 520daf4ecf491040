//! What all answers have in common: problem details (RFC 9457), session tokens,
//! caching, conditional requests (RFC 9110, section 13).
//!
//! An answer with a session token is for one client and must never be shared by a
//! cache.

use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
    SET_COOKIE, VARY,
};
use http::{Method, Request, Response, StatusCode};
use redwedding_replica::Replica;
use redwedding_replica::auth::AuthError;
use redwedding_replica::ports::Ports;

use super::principal::{PresentedSession, SESSION_COOKIE, SESSION_HEADER};

/// How long a browser keeps a session token, in seconds.
const SESSION_SECONDS: u32 = 86_400;

/// An RFC 9457 problem.
pub fn problem(status: StatusCode, title: &str, detail: &str) -> Response<Vec<u8>> {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut answer = Response::new(body.to_string().into_bytes());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

/// The path is there, for other methods.
pub(super) fn wrong_method() -> Response<Vec<u8>> {
    let detail = "this path is asked with another method";
    problem(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail)
}

/// A token that is not good.
pub(super) fn denied(error: &AuthError) -> Response<Vec<u8>> {
    let status = match error {
        AuthError::Audience(_) => StatusCode::FORBIDDEN,
        AuthError::Invalid | AuthError::Expired => StatusCode::UNAUTHORIZED,
    };
    let mut answer = problem(status, "Not authorised", &error.to_string());
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        answer.headers_mut().insert(http::header::WWW_AUTHENTICATE, scheme);
    }
    answer
}

/// Hands the client its session token. A reader without one gets none, and an
/// answer that caches may share; who opens a form gets one, so that two saves at once
/// are known to be one client's.
pub(super) fn sealed<P: Ports>(
    answer: Response<Vec<u8>>,
    presented: &PresentedSession,
    written: bool,
    (replica, ports): (&Replica, &mut P),
) -> Response<Vec<u8>> {
    let mut answer = answer;
    let caching = answer.headers().get(CACHE_CONTROL).map(|value| value.as_bytes());
    let private = caching.is_some_and(|value| value.starts_with(b"private"));
    let personal = presented.presented || written || private;
    let headers = answer.headers_mut();
    let vary = HeaderValue::from_static("Cookie, Authorization, Redwedding-Session");
    headers.insert(VARY, vary);
    if !personal {
        return answer;
    }
    let sealed = replica.seal(ports, &presented.open);
    let cookie = format!(
        "{SESSION_COOKIE}={sealed}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax"
    );
    // A sealed token is base64url.
    if let (Ok(cookie), Ok(sealed)) = (HeaderValue::try_from(cookie), HeaderValue::try_from(sealed))
    {
        headers.insert(SET_COOKIE, cookie);
        headers.insert(HeaderName::from_static(SESSION_HEADER), sealed);
    }
    if !private {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    answer
}

/// Answers 304 where the client has this very version.
pub(super) fn conditional<B>(answer: Response<Vec<u8>>, request: &Request<B>) -> Response<Vec<u8>> {
    let mut answer = answer;
    if answer.status() == StatusCode::OK
        && matches!(*request.method(), Method::GET | Method::HEAD)
        && let (Some(tag), Some(known)) =
            (answer.headers().get(ETAG), request.headers().get(IF_NONE_MATCH))
    {
        let mut known = known.to_str().unwrap_or_default().split(',');
        let tag = tag.to_str().unwrap_or_default();
        if known.any(|one| one.trim().trim_start_matches("W/") == tag) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer.body_mut().clear();
        }
    }
    answer
}
