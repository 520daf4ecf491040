//! What programs' requests ask for: the page resources of MediaWiki's REST API.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, HeaderValue,
};
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use redwedding_replica::save::Save;

use super::query::{NotANumber, Query};
use super::refusal::{Refusal, key, rest_refused};
use super::save;
use crate::application::{Incoming, Operation, Routed};
use crate::limits;
use crate::wiki::application::answer::rest;
use crate::wiki::application::context::{
    HistoryContext, HistoryResource, ReadContext, Resource, SaveContext, Window,
};
use crate::wiki::application::wiki::Wiki;
use crate::wiki::rest::{
    Precondition, RestError, UpdateRequest, parse_create, parse_precondition, parse_update,
};
use crate::wiki::title::Title;

/// What a request to all pages asks for: to create one.
///
/// # Errors
/// The answer that refuses it.
pub(super) fn route_pages(wiki: &Wiki, incoming: &Incoming) -> Result<Routed<Wiki>, Refusal> {
    match *incoming.request.method() {
        Method::POST => create(wiki, incoming).map(Routed::Ask),
        Method::OPTIONS => Ok(Routed::Answer(preflight())),
        ref method => Err(rest_refused(&RestError::wrong_method(method.as_str(), "POST"))),
    }
}

/// What a request to one page asks for; `resource` is the address below the pages.
///
/// # Errors
/// The answer that refuses it.
pub(super) fn route_page(
    wiki: &Wiki,
    incoming: &Incoming,
    resource: &str,
) -> Result<Routed<Wiki>, Refusal> {
    let (segment, part) = resource.split_once('/').unwrap_or((resource, ""));
    let title = title(segment)?;
    let key = key(wiki, &title)?;
    let query = Query::of(incoming);
    let method = incoming.request.method();
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let read = |key, title, resource| Operation::Read {
        key,
        context: ReadContext::Programs { title, resource },
    };
    let operation = match part {
        _ if *method == Method::OPTIONS => return Ok(Routed::Answer(preflight())),
        "" if reading => read(key, title, Resource::Source),
        "" if *method == Method::PUT => update(wiki, incoming, title)?,
        "bare" if reading => read(key, title, Resource::Bare),
        "html" if reading => read(key, title, Resource::Html),
        "history" if reading => {
            let before = query.number("older_than").map_err(not_a_number)?;
            let after = query.number("newer_than").map_err(not_a_number)?;
            let resource = HistoryResource::Rows(Window::of(before, after));
            HistoryContext::Programs { title, resource }.operation(key)
        }
        "alternatives" if reading => {
            let resource = HistoryResource::Alternatives;
            HistoryContext::Programs { title, resource }.operation(key)
        }
        "" => return Err(rest_refused(&RestError::wrong_method(method.as_str(), "GET, PUT"))),
        "bare" | "html" | "history" | "alternatives" => {
            return Err(rest_refused(&RestError::wrong_method(method.as_str(), "GET")));
        }
        _ => return Err(rest_refused(&RestError::no_match(incoming.request.uri().path()))),
    };
    Ok(Routed::Ask(operation))
}

fn title(segment: &str) -> Result<Title, Refusal> {
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| {
        let message = "The title in the path is not UTF-8.".to_owned();
        rest_refused(&RestError::new(400, "rest-invalid-title", message))
    })?;
    Title::parse(&decoded).map_err(|error| rest_refused(&RestError::invalid_title(&decoded, error)))
}

fn not_a_number(error: NotANumber) -> Refusal {
    rest_refused(&RestError::new(400, "rest-pagehistory-param-range-error", error.to_string()))
}

fn update(wiki: &Wiki, incoming: &Incoming, title: Title) -> Result<Operation<Wiki>, Refusal> {
    let headers = incoming.request.headers();
    let precondition = parse_precondition(headers).map_err(|error| rest_refused(&error))?;
    let update = parse_update(incoming.request.body()).map_err(|error| rest_refused(&error))?;
    save(wiki, title, accepted(incoming, update, precondition)?)
}

fn create(wiki: &Wiki, incoming: &Incoming) -> Result<Operation<Wiki>, Refusal> {
    let create = parse_create(incoming.request.body()).map_err(|error| rest_refused(&error))?;
    let title = Title::parse(&create.title)
        .map_err(|error| rest_refused(&RestError::invalid_title(&create.title, error)))?;
    let (source, comment, token) = (create.source, create.comment, create.token);
    let update = UpdateRequest {
        source,
        comment,
        base: None,
        token,
        policy: create.policy,
        closes: Vec::new(),
    };
    // Headers would be about the resource of all pages.
    save(wiki, title, accepted(incoming, update, Precondition::Nothing)?)
}

/// The save that a body asks for on a condition, if this program may make it.
fn accepted(
    incoming: &Incoming,
    update: UpdateRequest<'_>,
    precondition: Precondition,
) -> Result<Save, Refusal> {
    if !incoming.principal.may_write {
        let why = "send a token that allows writing, as Authorization: Bearer.";
        return Err(rest_refused(&RestError::denied(why)));
    }
    if update.comment.len() > limits::COMMENT_BYTES {
        let message = format!("The comment has more than {} bytes.", limits::COMMENT_BYTES);
        return Err(rest_refused(&RestError::new(400, "rest-bad-json-body", message)));
    }
    let condition = precondition.with(update.policy, update.base);
    let (base, only_if) = condition.map_err(|error| rest_refused(&error))?;
    Ok(save::of_program(incoming, UpdateRequest { base, ..update }, only_if))
}

fn save(wiki: &Wiki, title: Title, save: Save) -> Result<Operation<Wiki>, Refusal> {
    let key = key(wiki, &title)?;
    let context = SaveContext::Programs { title, base: save.base, only_if: save.only_if.clone() };
    Ok(Operation::Save { key, save: Box::new(save), context })
}

/// The answer to a browser that asks whether a page of another site may send a request.
fn preflight() -> Response<Vec<u8>> {
    let mut answer = rest(StatusCode::NO_CONTENT, Vec::new());
    let headers = answer.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, PUT, POST");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let names = HeaderValue::from_static(
        "Content-Type, Authorization, If-Match, If-None-Match, Idempotency-Key, Redwedding-Session",
    );
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    answer
}
