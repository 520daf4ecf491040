//! Errors in the shape of MediaWiki's REST API.
//!
//! `{"errorKey","messageTranslations":{"en"},"httpCode","httpReason"}`: the
//! keys are those that clients of MediaWiki know. Messages say what the client
//! can do; nothing internal may go into them.

use serde::{Serialize, Serializer};

use crate::wiki::title::{Title, TitleError};

/// An error to be answered with its `httpCode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestError {
    /// MediaWiki's name for it.
    #[serde(rename = "errorKey")]
    pub key: &'static str,
    /// What went wrong, in English; `{"en": ...}` in JSON.
    #[serde(rename = "messageTranslations", serialize_with = "in_english")]
    pub message: String,
    /// The HTTP status.
    #[serde(rename = "httpCode")]
    pub status: u16,
    /// The status in words.
    #[serde(rename = "httpReason")]
    pub reason: &'static str,
}

impl RestError {
    /// An error by MediaWiki's key. The named ones below come first.
    pub fn new(status: u16, key: &'static str, message: String) -> Self {
        Self { key, message, status, reason: reason(status) }
    }

    /// 404: there is no such page.
    pub fn nonexistent_title(title: &Title) -> Self {
        Self::new(
            404,
            "rest-nonexistent-title",
            format!("The specified title ({title}) does not exist"),
        )
    }

    /// 404: this page has no such version.
    pub fn nonexistent_revision(title: &Title, id: u64) -> Self {
        let message = format!(
            "The specified revision ({id}) does not exist for the specified page ({title})"
        );
        Self::new(404, "rest-nonexistent-title-revision", message)
    }

    /// 400: the title is none.
    pub fn invalid_title(spelling: &str, error: TitleError) -> Self {
        let shown: String = spelling.chars().filter(|c| !c.is_control()).take(80).collect();
        Self::new(
            400,
            "rest-invalid-title",
            format!("The specified title ({shown}) is not valid: {error}"),
        )
    }

    /// 409: the page exists, and the request does not say which version it was
    /// made from.
    pub fn page_exists(title: &Title) -> Self {
        let message = format!(
            "The page \"{title}\" cannot be created since it already exists. To update the \
             existing page, provide the base revision ID in the structure under \"latest\" key in \
             the request body."
        );
        Self::new(409, "rest-update-cannot-create-page", message)
    }

    /// 409: the base named is not a version of this page, so that the edit
    /// cannot be merged.
    pub fn unknown_base(title: &Title, id: u64) -> Self {
        let message = format!(
            "Edit conflict: {id} is not a known version of \"{title}\". Fetch the page, apply the \
             change to that text, and send its \"latest\" along."
        );
        Self::new(409, "apierror-editconflict", message)
    }

    /// 409: the edit changes what was erased since its base was served.
    pub fn erased(title: &Title) -> Self {
        let message = format!(
            "Edit conflict: a part of \"{title}\" that this edit changes was erased. Fetch the \
             page, apply the change to that text, and send its \"latest\" along."
        );
        Self::new(409, "apierror-editconflict", message)
    }

    /// 409: others have changed the same passages since the version that was edited, and the save
    /// was not to be merged then.
    pub fn overlap(title: &Title) -> Self {
        let message = format!(
            "Nothing was saved: others have changed the same passages of \"{title}\". Apply the \
             change to \"source\" and send its \"latest\" along, or send the same with the policy \
             \"merge\"."
        );
        Self::new(409, "apierror-editconflict", message)
    }

    /// 412: the page is not as the request wants it to be.
    pub fn precondition_failed(title: &Title, exists: bool, was_to_exist: bool) -> Self {
        let message = match (exists, was_to_exist) {
            (false, _) => format!("Nothing was saved: there is no page \"{title}\"."),
            (true, false) => format!(
                "Nothing was saved: there is a page \"{title}\". To change it, apply the change to \
                 \"source\" and send its \"latest\" along."
            ),
            (true, true) => format!(
                "Nothing was saved: \"{title}\" is not at the version that the request names. Apply \
                 the change to \"source\" and send its \"latest\" along."
            ),
        };
        Self::new(412, "rest-precondition-failed", message)
    }

    /// 400: a condition in a header cannot be understood, or not together with the rest.
    pub fn bad_precondition(what: &str) -> Self {
        Self::new(400, "rest-bad-precondition", format!("Nothing was saved: {what}"))
    }

    /// 403: this user may not write here.
    pub fn denied(why: &str) -> Self {
        Self::new(403, "rest-permission-error", format!("Permission denied: {why}"))
    }

    /// 413: the page would be longer than a page may be.
    pub fn too_large(bytes: usize, limit: usize) -> Self {
        let message = format!("The content has {bytes} bytes, more than the maximum of {limit}.");
        Self::new(413, "apierror-contenttoobig", message)
    }

    /// 503: not accepted, for now. To be answered with `Retry-After`.
    pub fn unavailable(why: &str) -> Self {
        Self::new(
            503,
            "apierror-readonly",
            format!("Not saved: {why} Please send the same request again later."),
        )
    }

    /// 405: not with this method.
    pub fn wrong_method(method: &str, allowed: &str) -> Self {
        let message = format!(
            "The request method ({method}) was not one of the allowed methods for this path \
             ({allowed})"
        );
        Self::new(405, "rest-wrong-method", message)
    }

    /// 404: no such resource.
    pub fn no_match(path: &str) -> Self {
        let message =
            format!("The requested relative path ({path}) did not match any known handler");
        Self::new(404, "rest-no-match", message)
    }

    /// The body to answer with.
    pub fn to_body(&self) -> Vec<u8> {
        super::to_body(self)
    }
}

impl std::fmt::Display for RestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.key, self.message)
    }
}

impl std::error::Error for RestError {}

fn in_english<S: Serializer>(message: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("en", message)])
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ if status < 500 => "Bad Request",
        _ => "Internal Server Error",
    }
}
