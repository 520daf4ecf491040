//! What a request asks for.
//!
//! Everything that can be refused by the request alone is refused here, in the
//! shape that the asker expects: JSON for programs, a page for people.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    HeaderValue,
};
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use redwedding_document::entry::{Action, Note};
use redwedding_replica::save::{Save, Submitted};
use redwedding_wire::identity::DocumentKey;

use super::answer::{page, redirect, rest};
use super::history::{REST_ROWS, ROWS};
use super::{Resource, RouteContext, Wiki, Window};
use crate::application::{Incoming, Operation, Routed};
use crate::limits;
use crate::wiki::form::{self, Button, Submission};
use crate::wiki::rest::{RestError, parse_create, parse_update};
use crate::wiki::title::Title;
use crate::wiki::view::Problem;
use crate::wiki::{html, link, outline};

/// An answer given instead of going on.
type Refusal = Box<Response<Vec<u8>>>;
type Route = Result<Routed<RouteContext>, Refusal>;

const PAGES: &str = "/wiki/";
const REST: &str = "/rest.php/v1/page";

impl Wiki {
    pub(super) fn routed(&self, incoming: &Incoming) -> Route {
        let path = incoming.request.uri().path();
        if path == "/" {
            return Ok(Routed::Answer(redirect(StatusCode::FOUND, &link::page(&self.front_page))));
        }
        if let Some(spelling) = path.strip_prefix(PAGES) {
            return self.for_people(incoming, spelling);
        }
        match path.strip_prefix(REST) {
            Some("" | "/") => self.create(incoming),
            Some(rest) => match rest.strip_prefix('/') {
                Some(resource) => self.for_programs(incoming, resource),
                None => Ok(Routed::Elsewhere),
            },
            None => Ok(Routed::Elsewhere),
        }
    }

    fn key(&self, title: &Title) -> Result<DocumentKey, Refusal> {
        DocumentKey::new(self.site.clone(), title.as_str()).map_err(|error| {
            self.refused(StatusCode::BAD_REQUEST, "This title cannot be used", &error.to_string())
        })
    }

    fn refused(&self, status: StatusCode, title: &str, detail: &str) -> Refusal {
        let problem = Problem {
            status: status.as_u16(),
            title,
            detail,
            advice: "Go back, or begin at the front page.",
            page: None,
            unsaved: None,
        };
        Box::new(page(status, html::problem(&self.shared(), &problem)))
    }

    fn for_people(&self, incoming: &Incoming, spelling: &str) -> Route {
        let decoded = percent_decode_str(spelling).decode_utf8().map_err(|_| {
            self.refused(StatusCode::BAD_REQUEST, "This title cannot be read", "It is not UTF-8.")
        })?;
        let title = Title::parse(&decoded).map_err(|error| {
            let detail = error.to_string();
            self.refused(StatusCode::BAD_REQUEST, "This title cannot be used", &detail)
        })?;
        let query = Query::of(incoming);
        let action = query.text("action").unwrap_or_else(|| "view".into());
        match (incoming.request.method(), action.as_str()) {
            (&Method::POST, "submit") => self.submit(incoming, title),
            (&Method::GET | &Method::HEAD, _) if decoded != title.as_str() => {
                let suffix = incoming.request.uri().query().map(|query| format!("?{query}"));
                let to = format!("{}{}", link::page(&title), suffix.unwrap_or_default());
                Ok(Routed::Answer(redirect(StatusCode::MOVED_PERMANENTLY, &to)))
            }
            (&Method::GET | &Method::HEAD, action) => self.view(title, action, &query),
            _ => {
                let detail = "Pages are read with GET, and saved with POST to ?action=submit.";
                let status = StatusCode::METHOD_NOT_ALLOWED;
                let mut refusal = self.refused(status, "That cannot be done here", detail);
                refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                Err(refusal)
            }
        }
    }

    fn view(&self, title: Title, action: &str, query: &Query) -> Route {
        let key = self.key(&title)?;
        let number = |name| {
            query.number(name).map_err(|()| {
                let detail = format!("The parameter {name} has to be a number.");
                self.refused(StatusCode::BAD_REQUEST, "The address cannot be read", &detail)
            })
        };
        let (old, window) =
            (number("oldid")?, Window { before: number("before")?, after: number("after")? });
        let (operation, context) = match (action, old) {
            ("view", Some(id)) => (Operation::ReadVersion(key, id), RouteContext::Old(title, id)),
            ("view", None) => match number("saved")? {
                Some(id) => (Operation::Report(key, id), RouteContext::Saved(title, id)),
                None => (Operation::Read(key), RouteContext::Page(title)),
            },
            ("raw", Some(id)) => (Operation::ReadVersion(key, id), RouteContext::Raw(title, old)),
            ("raw", None) => (Operation::Read(key), RouteContext::Raw(title, None)),
            ("edit", old) => {
                let section = number("section")?.and_then(|number| u32::try_from(number).ok());
                // Sections of an older version are not those of the current one.
                let section = section.filter(|_| old.is_none());
                let operation = match old {
                    Some(id) => Operation::ReadVersion(key, id),
                    None => Operation::Read(key),
                };
                (operation, RouteContext::Form(title, section, old))
            }
            ("history", _) => (window.of(key, ROWS), RouteContext::History(title, window)),
            ("diff", _) => {
                let (Some(from), Some(to)) = (number("from")?, number("to")?) else {
                    let detail = "A comparison needs the two versions, from= and to=.";
                    let status = StatusCode::BAD_REQUEST;
                    return Err(self.refused(status, "The address is incomplete", detail));
                };
                (
                    Operation::History(key, vec![Some(from), Some(to)], 0),
                    RouteContext::Diff(title, from, to),
                )
            }
            _ => {
                let detail = "There are view, edit, history, diff and raw.";
                let status = StatusCode::BAD_REQUEST;
                return Err(self.refused(status, "There is no such action", detail));
            }
        };
        Ok(Routed::Ask(operation, context))
    }

    fn submit(&self, incoming: &Incoming, title: Title) -> Route {
        let key = self.key(&title)?;
        let form = form::parse(incoming.request.body()).map_err(|error| {
            let detail = format!("Nothing was saved: {error}.");
            self.refused(StatusCode::BAD_REQUEST, "The form cannot be read", &detail)
        })?;
        if form.button != Button::Save {
            let operation = match form.base_id {
                0 => Operation::Read(key),
                id => Operation::ReadVersion(key, id),
            };
            return Ok(Routed::Ask(operation, RouteContext::Check(title, Box::new(form))));
        }
        self.may_save(incoming, &title, &form)?;
        let save = save_of_form(incoming, &form);
        let context = RouteContext::Submit(title, Box::new(form));
        Ok(Routed::Ask(Operation::Save(key, Box::new(save)), context))
    }

    /// Whoever may not save gets the text back, so that it is not lost.
    fn may_save(
        &self,
        incoming: &Incoming,
        title: &Title,
        form: &Submission,
    ) -> Result<(), Refusal> {
        let refused = |title_text, detail, advice| {
            let problem = Problem {
                status: StatusCode::FORBIDDEN.as_u16(),
                title: title_text,
                detail,
                advice,
                page: Some(title),
                unsaved: Some(&form.text),
            };
            let html = html::problem(&self.shared(), &problem);
            Box::new(page(StatusCode::FORBIDDEN, html))
        };
        if !incoming.principal.may_write {
            let detail = "This wiki takes edits of its users alone, and you are not logged in.";
            return Err(refused("You may not edit here", detail, "Log in, then save again."));
        }
        if form.edit_token != incoming.form_token() {
            let detail =
                "The form did not come from this wiki, or you have logged in or out since.";
            let advice = "Open the form again and put your text in.";
            return Err(refused("The form is not valid any more", detail, advice));
        }
        match form.comment.len() > limits::COMMENT_BYTES {
            true => {
                let detail = "The comment is longer than 1,000 bytes.";
                Err(refused("The comment is too long", detail, "Shorten it and save again."))
            }
            false => Ok(()),
        }
    }

    fn for_programs(&self, incoming: &Incoming, resource: &str) -> Route {
        let (segment, part) = match resource.split_once('/') {
            None => (resource, ""),
            Some((segment, part)) => (segment, part),
        };
        let title = rest_title(segment)?;
        let key = self.key(&title)?;
        let query = Query::of(incoming);
        let method = incoming.request.method();
        let reading = matches!(*method, Method::GET | Method::HEAD);
        let wanted = match part {
            _ if *method == Method::OPTIONS => return Ok(Routed::Answer(preflight())),
            "" if reading => Resource::Source,
            "" if *method == Method::PUT => return self.update(incoming, title),
            "bare" if reading => Resource::Bare,
            "html" if reading => Resource::Html,
            "history" if reading => Resource::History(Window {
                before: query.number("older_than").map_err(|()| number_error("older_than"))?,
                after: query.number("newer_than").map_err(|()| number_error("newer_than"))?,
            }),
            "" => return Err(refusal(&RestError::wrong_method(method.as_str(), "GET, PUT"))),
            "bare" | "html" | "history" => {
                return Err(refusal(&RestError::wrong_method(method.as_str(), "GET")));
            }
            _ => return Err(refusal(&RestError::no_match(incoming.request.uri().path()))),
        };
        let operation = match wanted {
            Resource::History(window) => window.of(key, REST_ROWS),
            _ => Operation::Read(key),
        };
        Ok(Routed::Ask(operation, RouteContext::Rest(title, wanted)))
    }

    fn update(&self, incoming: &Incoming, title: Title) -> Route {
        let body = parse_update(incoming.request.body()).map_err(|error| refusal(&error))?;
        let token = body.token.as_deref();
        let save = self.rest_save(incoming, body.base, &body.source, &body.comment, token)?;
        let written = Resource::Written(save.base);
        let operation = Operation::Save(self.key(&title)?, Box::new(save));
        Ok(Routed::Ask(operation, RouteContext::Rest(title, written)))
    }

    fn create(&self, incoming: &Incoming) -> Route {
        match *incoming.request.method() {
            Method::POST => {}
            Method::OPTIONS => return Ok(Routed::Answer(preflight())),
            ref method => return Err(refusal(&RestError::wrong_method(method.as_str(), "POST"))),
        }
        let body = parse_create(incoming.request.body()).map_err(|error| refusal(&error))?;
        let title = Title::parse(&body.title)
            .map_err(|error| refusal(&RestError::invalid_title(&body.title, error)))?;
        let token = body.token.as_deref();
        let save = self.rest_save(incoming, None, &body.source, &body.comment, token)?;
        let operation = Operation::Save(self.key(&title)?, Box::new(save));
        Ok(Routed::Ask(operation, RouteContext::Rest(title, Resource::Written(None))))
    }

    fn rest_save(
        &self,
        incoming: &Incoming,
        base: Option<u64>,
        source: &str,
        comment: &str,
        token: Option<&str>,
    ) -> Result<Save, Refusal> {
        if !incoming.principal.may_write {
            let why = "send a token that allows writing, as Authorization: Bearer.";
            return Err(refusal(&RestError::denied(why)));
        }
        if comment.len() > limits::COMMENT_BYTES {
            let message = format!("The comment has more than {} bytes.", limits::COMMENT_BYTES);
            return Err(refusal(&RestError::new(400, "rest-bad-json-body", message)));
        }
        let token = token.unwrap_or_default();
        let note = note(incoming, comment, false, Action::Edit);
        Ok(save(incoming, base, Submitted::Whole(source.to_owned()), note, ["", token]))
    }
}

fn rest_title(segment: &str) -> Result<Title, Refusal> {
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| {
        let message = "The title in the path is not UTF-8.".to_owned();
        refusal(&RestError::new(400, "rest-invalid-title", message))
    })?;
    Title::parse(&decoded).map_err(|error| refusal(&RestError::invalid_title(&decoded, error)))
}

fn number_error(name: &str) -> Refusal {
    let message = format!("The parameter {name} has to be a number.");
    refusal(&RestError::new(400, "rest-pagehistory-param-range-error", message))
}

/// The save that a form asks for.
fn save_of_form(incoming: &Incoming, form: &Submission) -> Save {
    let base = (form.base_id != 0).then_some(form.base_id);
    let (submitted, action) = match form.section {
        None => (Submitted::Whole(form.text.clone()), Action::Edit),
        Some(number) => {
            let replace = outline::replace_section;
            (Submitted::Part { text: form.text.clone(), number, replace }, Action::Section)
        }
    };
    let note = note(incoming, &form.comment, form.minor, action);
    save(incoming, base, submitted, note, [&form.started, ""])
}

fn note(incoming: &Incoming, comment: &str, minor: bool, action: Action) -> Note {
    let author = incoming.principal.user.clone().unwrap_or_default();
    Note { author, comment: comment.to_owned(), minor, action: action as u8 }
}

/// A save, with its idempotency inputs: user (or address), base,
/// section, text, comment, start time and token.
fn save(
    incoming: &Incoming,
    base: Option<u64>,
    submitted: Submitted,
    note: Note,
    [started, token]: [&str; 2],
) -> Save {
    let who = match &incoming.principal.user {
        Some(user) => format!("user {user}"),
        None if token.is_empty() => format!("address {}", incoming.principal.address),
        None => String::new(),
    };
    let (text, section) = match &submitted {
        Submitted::Whole(text) => (text.clone(), String::new()),
        Submitted::Part { text, number, .. } => (text.clone(), number.to_string()),
    };
    let base_as_sent = base.map_or(String::new(), |base| base.to_string());
    let idempotency_inputs = [
        &who,
        &base_as_sent,
        &section,
        &text,
        &note.comment,
        &started.to_owned(),
        &token.to_owned(),
    ]
    .map(|field| field.clone().into_bytes())
    .to_vec();
    Save { base, submitted, note, idempotency_inputs, trace: incoming.now_ms }
}

fn refusal(error: &RestError) -> Refusal {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    Box::new(rest(status, error.to_body()))
}

fn preflight() -> Response<Vec<u8>> {
    let mut answer = rest(StatusCode::NO_CONTENT, Vec::new());
    let headers = answer.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, PUT, POST");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let names = HeaderValue::from_static("Content-Type, Authorization, Redwedding-Session");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    answer
}

/// The parameters of a request's address.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(incoming: &Incoming) -> Self {
        let query = incoming.request.uri().query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find(|pair| pair.0 == name).map(|pair| pair.1.clone())
    }

    fn number(&self, name: &str) -> Result<Option<u64>, ()> {
        self.text(name).map(|text| text.parse().map_err(|_| ())).transpose()
    }
}
