//! The bodies of saves, read strictly.
//!
//! A body is taken whole or refused with an error that names the member at
//! fault. Members that MediaWiki does not know are ignored, as it ignores
//! them. Nothing here looks at sizes: the caller bounds the body first.

use std::borrow::Cow;

use redwedding_document::entry::AlternativeName;
use redwedding_document::limits;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{CONTENT_MODEL, RestError};

/// `PUT /page/{title}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRequest<'a> {
    /// The whole new text, line ends as they were sent.
    pub source: Cow<'a, str>,
    /// The comment; empty if it was `null`.
    pub comment: Cow<'a, str>,
    /// The version that the text was made from; `None` means to create.
    pub base: Option<Base>,
    /// The CSRF token, if one was sent.
    pub token: Option<Cow<'a, str>>,
    /// What is done where others have changed the page meanwhile.
    pub policy: Policy,
    /// The alternatives that it decides about. Ours.
    pub closes: Vec<AlternativeName>,
}

/// What is done with a save where others have changed the page since its base. Ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// It is merged with what they did.
    #[default]
    Merge,
    /// The same, unless they changed the same passages: then nothing is saved.
    FailOnOverlap,
    /// Nothing is saved.
    FailOnChange,
}

/// A version, as it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its id; never 0.
    pub id: u64,
    /// Check bits of its text, if they were sent along.
    pub check: Option<u32>,
}

/// `POST /page`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRequest<'a> {
    /// The title as it was spelt.
    pub title: Cow<'a, str>,
    /// The text.
    pub source: Cow<'a, str>,
    /// The comment; empty if it was `null`.
    pub comment: Cow<'a, str>,
    /// The CSRF token, if one was sent.
    pub token: Option<Cow<'a, str>>,
    /// As [`UpdateRequest::policy`].
    pub policy: Policy,
}

/// Reads the body of a `PUT`.
///
/// # Errors
/// 400 with MediaWiki's key, naming what is missing or wrong.
pub fn parse_update(body: &[u8]) -> Result<UpdateRequest<'_>, RestError> {
    let members = members(body)?;
    check_model(&members)?;
    Ok(UpdateRequest {
        source: required("source", members.source)?,
        comment: comment(members.comment)?,
        base: base(members.latest)?,
        token: optional("token", members.token)?,
        policy: policy(members.policy)?,
        closes: closes(members.closes)?,
    })
}

/// Reads the body of a `POST`.
///
/// # Errors
/// As for [`parse_update`].
pub fn parse_create(body: &[u8]) -> Result<CreateRequest<'_>, RestError> {
    let members = members(body)?;
    check_model(&members)?;
    Ok(CreateRequest {
        title: required("title", members.title)?,
        source: required("source", members.source)?,
        comment: comment(members.comment)?,
        token: optional("token", members.token)?,
        policy: policy(members.policy)?,
    })
}

/// The members as they stand, so that each is judged by name. A member that is
/// absent is `None`; one that is `null` is not.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    title: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    source: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    comment: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    latest: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    token: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    content_model: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    policy: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    closes: Option<&'a RawValue>,
}

/// Keeps a `null` that is there apart from a member that is not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn members(body: &[u8]) -> Result<Members<'_>, RestError> {
    let unreadable = |error: serde_json::Error| {
        let message = format!("Parsing request body as JSON failed: {error}");
        RestError::new(400, "rest-json-body-parse-error", message)
    };
    if body.trim_ascii_start().first() != Some(&b'{') {
        serde_json::from_slice::<IgnoredAny>(body).map_err(unreadable)?;
        let message = "Bad request body, must be a JSON object.".to_owned();
        return Err(RestError::new(400, "rest-bad-json-body", message));
    }
    serde_json::from_slice(body).map_err(unreadable)
}

fn required<'a>(name: &str, value: Option<&'a RawValue>) -> Result<Cow<'a, str>, RestError> {
    let value = value.ok_or_else(|| {
        let message = format!("Mandatory field \"{name}\" missing from request body.");
        RestError::new(400, "rest-missing-body-field", message)
    })?;
    text(name, value)
}

fn optional<'a>(
    name: &str,
    value: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, RestError> {
    value.filter(|value| value.get() != "null").map(|value| text(name, value)).transpose()
}

/// MediaWiki wants the member, but `null` lets the server choose the comment.
fn comment(value: Option<&RawValue>) -> Result<Cow<'_, str>, RestError> {
    match value {
        Some(value) if value.get() == "null" => Ok(Cow::Borrowed("")),
        value => required("comment", value),
    }
}

fn text<'a>(name: &str, value: &'a RawValue) -> Result<Cow<'a, str>, RestError> {
    #[derive(Deserialize)]
    struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
    let wrong = |_| invalid(format!("the field \"{name}\" must be a string."));
    serde_json::from_str::<Text<'a>>(value.get()).map(|text| text.0).map_err(wrong)
}

/// `{"id": N}`, maybe with our `"check": N`; `null`, and an id of `null` or 0, mean none, as in
/// MediaWiki.
fn base(value: Option<&RawValue>) -> Result<Option<Base>, RestError> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        id: Option<u64>,
        #[serde(default)]
        check: Option<u32>,
    }
    let Some(value) = value.filter(|value| value.get() != "null") else { return Ok(None) };
    let wrong = || {
        invalid("the field \"latest\" must be an object whose \"id\" is a revision ID.".to_owned())
    };
    if !value.get().starts_with('{') {
        return Err(wrong());
    }
    let Named { id, check } = serde_json::from_str(value.get()).map_err(|_| wrong())?;
    Ok(id.filter(|id| *id > 0).map(|id| Base { id, check }))
}

/// `["name", ...]`; `null` means none.
fn closes(value: Option<&RawValue>) -> Result<Vec<AlternativeName>, RestError> {
    let Some(value) = value.filter(|value| value.get() != "null") else { return Ok(Vec::new()) };
    let wrong =
        || invalid("the field \"closes\" must be an array of names of alternatives.".to_owned());
    let names: Vec<String> = serde_json::from_str(value.get()).map_err(|_| wrong())?;
    let names = names.iter().take(limits::CLOSED);
    names.map(|name| name.parse().map_err(|_| wrong())).collect()
}

fn policy(value: Option<&RawValue>) -> Result<Policy, RestError> {
    match optional("policy", value)?.as_deref() {
        None | Some("merge") => Ok(Policy::Merge),
        Some("fail-on-overlap") => Ok(Policy::FailOnOverlap),
        Some("fail-on-change") => Ok(Policy::FailOnChange),
        Some(_) => {
            let policies = "\"merge\", \"fail-on-overlap\" or \"fail-on-change\"";
            Err(invalid(format!("the field \"policy\" must be {policies}.")))
        }
    }
}

fn check_model(members: &Members<'_>) -> Result<(), RestError> {
    match optional("content_model", members.content_model)? {
        Some(model) if model != CONTENT_MODEL => {
            let model: String = model.chars().filter(|c| !c.is_control()).take(40).collect();
            let message =
                format!("Bad content model: {model}. Pages here are \"{CONTENT_MODEL}\".");
            Err(RestError::new(400, "rest-bad-content-model", message))
        }
        _ => Ok(()),
    }
}

fn invalid(what: String) -> RestError {
    RestError::new(400, "rest-body-validation-error", format!("Invalid request body: {what}"))
}
