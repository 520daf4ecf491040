//! Who may do what: signed tokens (JWT, HS256) between edge, relay and people.
//!
//! Nothing is allowed without a valid token of the right audience; there is no
//! way to turn the check off here.

use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt, Claims, Header, UntrustedToken};
use serde::{Deserialize, Serialize};

/// What a token allows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Whom it is for: [`RELAY`], [`TICK`] or [`WIKI`].
    pub aud: String,
    /// Who holds it: a service, or a person's name.
    pub sub: String,
    /// The site that it is good for; `None` for every site of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// Audience of what the edge says to the relay.
pub const RELAY: &str = "relay";
/// Audience of what the relay says to the edge's `/-/tick`.
pub const TICK: &str = "tick";
/// Audience of what people say to the wiki.
pub const WIKI: &str = "wiki";

/// Why a token was refused. Its holder's fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthError {
    /// Not a token at all, or signed with another key.
    #[error("the token is malformed or its signature does not match")]
    Invalid,
    /// No longer, or not yet, valid.
    #[error("the token has expired or is not valid yet")]
    Expired,
    /// Good, but for something else.
    #[error("the token is for {0:?}, not for this")]
    Audience(String),
}

/// Clocks may differ by this much, in seconds.
const LEEWAY_S: i64 = 60;

/// What is signed: the claims' own `exp` would need a calendar to be made.
#[derive(Serialize)]
struct Timed {
    #[serde(flatten)]
    grant: Grant,
    exp: u64,
}

/// A token for `grant`, valid for `seconds` from `now_ms`.
pub fn sign(grant: Grant, key: &[u8], now_ms: u64, seconds: u64) -> String {
    let claims = Claims::new(Timed { grant, exp: now_ms / 1_000 + seconds });
    // Serialising a structure of strings and numbers cannot fail.
    Hs256.token(&Header::empty(), &claims, &Hs256Key::new(key)).unwrap_or_default()
}

/// What `token` allows, if it was signed with `key`, is valid at `now_ms` and
/// meant for `audience`. One without an end is not valid.
///
/// # Errors
/// [`AuthError`], which says what is wrong with the token. Its holder's fault; nothing is allowed.
pub fn verify(token: &str, key: &[u8], audience: &str, now_ms: u64) -> Result<Grant, AuthError> {
    let untrusted = UntrustedToken::new(token).map_err(|_| AuthError::Invalid)?;
    let key = Hs256Key::new(key);
    let validator = Hs256.validator::<Grant>(&key);
    let valid = validator.validate(&untrusted).map_err(|_| AuthError::Invalid)?;
    let claims = valid.claims();
    let now_s = i64::try_from(now_ms / 1_000).unwrap_or(i64::MAX);
    let late = claims.expiration.is_none_or(|end| end.timestamp() + LEEWAY_S < now_s);
    let early = claims.not_before.is_some_and(|start| start.timestamp() > now_s + LEEWAY_S);
    if late || early {
        return Err(AuthError::Expired);
    }
    let grant = &claims.custom;
    match grant.aud == audience {
        true => Ok(grant.clone()),
        false => Err(AuthError::Audience(grant.aud.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(aud: &str) -> Grant {
        Grant { aud: aud.into(), sub: "edge".into(), site: None }
    }

    #[test]
    fn a_token_is_good_for_its_key_audience_and_time() {
        let token = sign(grant(RELAY), b"key", 1_000_000, 300);
        assert_eq!(verify(&token, b"key", RELAY, 1_100_000), Ok(grant(RELAY)));
        assert_eq!(verify(&token, b"other", RELAY, 1_100_000), Err(AuthError::Invalid));
        let audience = Err(AuthError::Audience("relay".into()));
        assert_eq!(verify(&token, b"key", TICK, 1_100_000), audience);
        assert_eq!(verify(&token, b"key", RELAY, 2_000_000), Err(AuthError::Expired));
        assert_eq!(verify("nonsense", b"key", RELAY, 0), Err(AuthError::Invalid));
    }

    /// A token that is good from `nbf` to `exp`, or without an end, in seconds since 1970.
    #[derive(Serialize)]
    struct Bounded {
        #[serde(flatten)]
        grant: Grant,
        #[serde(skip_serializing_if = "Option::is_none")]
        exp: Option<u64>,
        nbf: u64,
    }

    #[test]
    fn a_token_is_good_from_its_beginning_to_its_end_and_a_minute_more() {
        let verified = |exp, nbf, now_s: u64| {
            let claims = Claims::new(Bounded { grant: grant(RELAY), exp, nbf });
            let token = Hs256.token(&Header::empty(), &claims, &Hs256Key::new(b"key"));
            verify(&token.expect("a token"), b"key", RELAY, now_s * 1_000)
        };
        let (good, bad) = (Ok(grant(RELAY)), Err(AuthError::Expired));
        for (now_s, expected) in [(939, &bad), (940, &good), (2_060, &good), (2_061, &bad)] {
            assert_eq!(verified(Some(2_000), 1_000, now_s), *expected, "at {now_s}");
        }
        assert_eq!(verified(None, 1_000, 1_500), bad, "one without an end");
        let signed = sign(grant(RELAY), b"key", 1_000_999, 10);
        assert_eq!(verify(&signed, b"key", RELAY, 1_070_999), good);
        assert_eq!(verify(&signed, b"key", RELAY, 1_071_000), bad);
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        // {"alg":"none"} . {"aud":"relay","sub":"edge","exp":99999999999} .
        let token = "eyJhbGciOiJub25lIn0.\
            eyJhdWQiOiJyZWxheSIsInN1YiI6ImVkZ2UiLCJleHAiOjk5OTk5OTk5OTk5fQ.";
        assert_eq!(verify(token, b"key", RELAY, 0), Err(AuthError::Invalid));
    }
}
