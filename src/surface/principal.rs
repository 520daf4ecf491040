//! Who asks, and what the client has seen: tokens in headers and cookies.
//!
//! It fails closed: a user's token that is there must be good, or the request is
//! refused; it never falls back to an anonymous principal. A session token is
//! different: one that cannot be read counts as none, since it grants nothing.

use http::Request;
use http::header::{AUTHORIZATION, COOKIE};
use redwedding_replica::Replica;
use redwedding_replica::auth::{self, AuthError};
use redwedding_replica::client_record::OpenSession;
use redwedding_replica::ports::Ports;

use crate::application::Principal;
use crate::settings::Settings;

/// The cookie with a user's token.
pub(super) const USER_COOKIE: &str = "redwedding_user";
/// The cookie and the header with a client's session token.
pub(super) const SESSION_COOKIE: &str = "redwedding_session";
/// As [`SESSION_COOKIE`], for clients without cookies.
pub(super) const SESSION_HEADER: &str = "redwedding-session";

/// The session that a client presents.
pub(super) struct PresentedSession {
    pub(super) open: OpenSession,
    /// Whether it presented one; without one, answers can be shared.
    pub(super) presented: bool,
}

/// The principal of a request.
///
/// # Errors
/// [`AuthError`] where a token is there and is not good. The client's fault.
pub(super) fn authenticate<B>(
    request: &Request<B>,
    settings: &Settings,
    address: &str,
    now_ms: u64,
) -> Result<Principal, AuthError> {
    let bearer = request.headers().get(AUTHORIZATION).map(|value| {
        let value = value.to_str().unwrap_or_default();
        value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")).unwrap_or_default()
    });
    let address = address.to_owned();
    let Some(token) = bearer.or_else(|| cookie(request, USER_COOKIE)) else {
        return Ok(Principal { user: None, address, may_write: settings.anonymous_writes });
    };
    let grant = auth::verify(token, &settings.relay_key, auth::WIKI, now_ms)?;
    let ours = grant.site.as_ref().is_none_or(|site| *site == settings.replica.site);
    Ok(Principal { user: Some(grant.sub), address, may_write: ours })
}

/// The session that a request presents.
pub(super) fn session<B, P: Ports>(
    request: &Request<B>,
    replica: &Replica,
    ports: &mut P,
) -> PresentedSession {
    let header = request.headers().get(SESSION_HEADER).and_then(|value| value.to_str().ok());
    let sealed = header.or_else(|| cookie(request, SESSION_COOKIE));
    let open = replica.open_session(ports, sealed);
    PresentedSession { open, presented: sealed.is_some() }
}

fn cookie<'a, B>(request: &'a Request<B>, name: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(COOKIE).iter();
    let pairs = headers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|pair| pair.0 == name)
        .map(|pair| pair.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let request = Request::builder()
            .header(COOKIE, "xredwedding_user=no; redwedding_user=yes")
            .header(COOKIE, "other=1")
            .body(())
            .expect("request");
        assert_eq!(cookie(&request, USER_COOKIE), Some("yes"));
        assert_eq!(cookie(&request, "other"), Some("1"));
        assert_eq!(cookie(&request, "redwedding"), None);
    }
}
