//! What comes in: paths, preconditions and fields, checked.
//!
//! Everything here is from outside and may be anything; every function returns
//! a checked value or the problem to answer. Nothing here reads or stores.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use percent_encoding::percent_decode_str;

use super::limits::{MAX_KEY_BYTES, MAX_PAGE_BYTES, MAX_SUMMARY_BYTES, MAX_TITLE_BYTES};
use super::problem::Problem;
use super::store::{Precondition, Put};

/// What a path below `/pages/` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PagePath {
    /// The page itself.
    Page(String),
    /// Its list of revisions.
    History(String),
    /// The text of one of its revisions.
    Revision(String, u64),
}

impl PagePath {
    /// Reads the part of a path after `/pages/`, still percent-encoded.
    ///
    /// A title may hold slashes, encoded or plain. Only one that itself ends in
    /// `/revisions` (or that and a number) needs its slashes as `%2F`.
    pub(super) fn parse(path: &str) -> Result<Self, Problem> {
        if let Some(of) = path.strip_suffix("/revisions") {
            return Ok(Self::History(title(of)?));
        }
        if let Some((of, id)) = path.rsplit_once("/revisions/")
            && let Ok(id) = id.parse()
        {
            return Ok(Self::Revision(title(of)?, id));
        }
        Ok(Self::Page(title(path)?))
    }
}

fn title(encoded: &str) -> Result<String, Problem> {
    let title = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| Problem::bad_request("The title is not UTF-8. Percent-encode its UTF-8."))?;
    if title.is_empty() {
        return Err(Problem::bad_request("The title is empty."));
    }
    if title.len() > MAX_TITLE_BYTES {
        let detail = format!("The title has more than {MAX_TITLE_BYTES} bytes.");
        return Err(Problem::bad_request(detail));
    }
    if title.chars().any(char::is_control) {
        return Err(Problem::bad_request("The title has control characters."));
    }
    Ok(title.into_owned())
}

/// Checks a save and gathers its parts.
pub(super) fn put(title: String, headers: &HeaderMap, body: &[u8]) -> Result<Put, Problem> {
    if body.len() > MAX_PAGE_BYTES {
        return Err(too_large());
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::bad_request("The text is not UTF-8. Send the page as UTF-8."))?;
    Ok(Put {
        title,
        text: text.to_owned(),
        precondition: precondition(headers)?,
        key: idempotency_key(headers)?,
        summary: described(headers, &HeaderName::from_static("x-summary"))?,
        author: described(headers, &HeaderName::from_static("x-author"))?,
    })
}

pub(super) fn too_large() -> Problem {
    let detail = format!("The text has more than {MAX_PAGE_BYTES} bytes. Make it shorter.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let if_match = single(headers, &header::IF_MATCH)?;
    let if_none_match = single(headers, &header::IF_NONE_MATCH)?;
    match (if_match, if_none_match) {
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("Send If-Match or If-None-Match, not both."))
        }
        (None, Some("*")) => Ok(Precondition::Absent),
        (None, Some(_)) => Err(Problem::bad_request("If-None-Match can only be *.")),
        (Some("*"), None) => Ok(Precondition::Exists),
        (Some(tags), None) => Ok(Precondition::OneOf(entity_tags(tags)?)),
        (None, None) => Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "Send If-Match with the ETag of the text that was edited, or If-None-Match: * \
             for a new page.",
        )),
    }
}

/// Reads a list of entity tags. A weak one never matches (RFC 9110, 13.1.1),
/// nor does one that this wiki cannot have made.
fn entity_tags(list: &str) -> Result<Vec<u64>, Problem> {
    let mut revisions = Vec::new();
    for tag in list.split(',').map(str::trim) {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        let quoted = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let Some(value) = quoted else {
            return Err(Problem::bad_request("If-Match needs ETags in double quotes, or *."));
        };
        if opaque.len() == tag.len() {
            revisions.extend(value.parse::<u64>().ok());
        }
    }
    Ok(revisions)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = single(headers, &HeaderName::from_static("idempotency-key"))? else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let detail = format!("Idempotency-Key must have 1 to {MAX_KEY_BYTES} bytes.");
        return Err(Problem::bad_request(detail));
    }
    Ok(Some(key.to_owned()))
}

/// A field of percent-encoded UTF-8; empty when it was not sent.
fn described(headers: &HeaderMap, name: &HeaderName) -> Result<String, Problem> {
    let encoded = single(headers, name)?.unwrap_or_default();
    let value = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| Problem::bad_request(format!("{name} is not percent-encoded UTF-8.")))?;
    if value.len() > MAX_SUMMARY_BYTES {
        let detail = format!("{name} has more than {MAX_SUMMARY_BYTES} bytes.");
        return Err(Problem::bad_request(detail));
    }
    Ok(value.into_owned())
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("{name} was sent more than once.")));
    }
    let readable = value.to_str();
    readable.map(|text| Some(text.trim())).map_err(|_| {
        Problem::bad_request(format!("{name} is not ASCII. Percent-encode what is not."))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn titles_keep_their_slashes() {
        let page = |title: &str| PagePath::Page(title.to_owned());
        assert_eq!(PagePath::parse("A%2FB").unwrap(), page("A/B"));
        assert_eq!(PagePath::parse("A/B").unwrap(), page("A/B"));
        assert_eq!(PagePath::parse("A%2Frevisions").unwrap(), page("A/revisions"));
        assert_eq!(PagePath::parse("A/revisions").unwrap(), PagePath::History("A".into()));
        assert_eq!(PagePath::parse("A/revisions/7").unwrap(), PagePath::Revision("A".into(), 7));
        assert!(PagePath::parse("%FF").is_err());
        assert!(PagePath::parse("").is_err());
    }

    #[test]
    fn weak_tags_do_not_match() {
        assert_eq!(entity_tags("\"1\", W/\"2\", \"x\"").unwrap(), [1]);
        assert!(entity_tags("1").is_err());
    }
}
