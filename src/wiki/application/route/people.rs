//! What people's requests ask for: the addresses of [`crate::wiki::link`].

use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use redwedding_wire::identity::DocumentKey;

use super::query::Query;
use super::refusal::{Refusal, key, refused};
use super::save;
use crate::application::{Incoming, Operation, Routed};
use crate::limits;
use crate::wiki::application::answer::{page, redirect};
use crate::wiki::application::context::{
    HistoryContext, HistoryView, PreviewContext, ReadContext, ReadView, ReportContext, SaveContext,
    VersionContext, VersionView, Window,
};
use crate::wiki::application::wiki::Wiki;
use crate::wiki::form::{self, Button, Submission};
use crate::wiki::title::Title;
use crate::wiki::view::ProblemPage;
use crate::wiki::{html, link};

/// What a request for the page that is spelt like this asks for.
///
/// # Errors
/// The page that refuses it.
pub(super) fn route(
    wiki: &Wiki,
    incoming: &Incoming,
    spelling: &str,
) -> Result<Routed<Wiki>, Refusal> {
    let decoded = percent_decode_str(spelling).decode_utf8().map_err(|_| {
        refused(wiki, StatusCode::BAD_REQUEST, "This title cannot be read", "It is not UTF-8.")
    })?;
    let title = Title::parse(&decoded).map_err(|error| {
        let detail = error.to_string();
        refused(wiki, StatusCode::BAD_REQUEST, "This title cannot be used", &detail)
    })?;
    let query = Query::of(incoming);
    let action = query.text("action").unwrap_or("view");
    match *incoming.request.method() {
        Method::POST if action == "submit" => submit(wiki, incoming, title).map(Routed::Ask),
        // One address for each page: another spelling leads there.
        Method::GET | Method::HEAD if decoded != title.as_str() => {
            let suffix = incoming.request.uri().query().map(|query| format!("?{query}"));
            let to = format!("{}{}", link::page(&title), suffix.unwrap_or_default());
            Ok(Routed::Answer(redirect(StatusCode::MOVED_PERMANENTLY, &to)))
        }
        Method::GET | Method::HEAD => view(wiki, title, action, &query).map(Routed::Ask),
        _ => Err(wrong_method(wiki)),
    }
}

fn wrong_method(wiki: &Wiki) -> Refusal {
    let detail = "Pages are read with GET, and saved with POST to ?action=submit.";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut refusal = refused(wiki, status, "That cannot be done here", detail);
    refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    refusal
}

fn view(
    wiki: &Wiki,
    title: Title,
    action: &str,
    query: &Query,
) -> Result<Operation<Wiki>, Refusal> {
    let key = key(wiki, &title)?;
    let number = |name| {
        query.number(name).map_err(|error| {
            let detail = error.to_string();
            refused(wiki, StatusCode::BAD_REQUEST, "The address cannot be read", &detail)
        })
    };
    let (old, window) = (number("oldid")?, Window::of(number("before")?, number("after")?));
    Ok(match (action, old) {
        ("view", Some(id)) => read_version(key, id, title, VersionView::Article),
        ("view", None) => match number("saved")? {
            Some(id) => Operation::Report { key, id, context: ReportContext { title } },
            None => read(key, title, ReadView::Article),
        },
        ("raw", Some(id)) => read_version(key, id, title, VersionView::Raw),
        ("raw", None) => read(key, title, ReadView::Raw),
        ("edit", old) => {
            let section = number("section")?.and_then(|number| u32::try_from(number).ok());
            let closes = form::names(query.text("closes").unwrap_or_default()).map_err(|_| {
                let detail = "The parameter closes has to be names of alternatives.";
                refused(wiki, StatusCode::BAD_REQUEST, "The address cannot be read", detail)
            })?;
            match old {
                // Sections of an older version are not those of the current one.
                Some(id) => read_version(key, id, title, VersionView::Form),
                None => read(key, title, ReadView::Form { section, closes }),
            }
        }
        ("history", _) => history(key, title, HistoryView::Rows(window)),
        ("alternatives", _) => history(key, title, HistoryView::Alternatives),
        ("diff", _) => {
            let (Some(from), Some(to)) = (number("from")?, number("to")?) else {
                let detail = "A comparison needs the two versions, from= and to=.";
                let status = StatusCode::BAD_REQUEST;
                return Err(refused(wiki, status, "The address is incomplete", detail));
            };
            history(key, title, HistoryView::Comparison { from, to })
        }
        _ => {
            let detail = "There are view, edit, history, diff, alternatives and raw.";
            let status = StatusCode::BAD_REQUEST;
            return Err(refused(wiki, status, "There is no such action", detail));
        }
    })
}

fn read(key: DocumentKey, title: Title, view: ReadView) -> Operation<Wiki> {
    Operation::Read { key, context: ReadContext::People { title, view } }
}

fn read_version(key: DocumentKey, id: u64, title: Title, view: VersionView) -> Operation<Wiki> {
    Operation::ReadVersion { key, id, context: VersionContext { title, view } }
}

fn history(key: DocumentKey, title: Title, view: HistoryView) -> Operation<Wiki> {
    HistoryContext::People { title, view }.operation(key)
}

fn submit(wiki: &Wiki, incoming: &Incoming, title: Title) -> Result<Operation<Wiki>, Refusal> {
    let key = key(wiki, &title)?;
    let form = form::parse(incoming.request.body()).map_err(|error| {
        let detail = format!("Nothing was saved: {error}.");
        refused(wiki, StatusCode::BAD_REQUEST, "The form cannot be read", &detail)
    })?;
    let form = Box::new(form);
    let save = Box::new(save::of_form(incoming, &form));
    if form.button != Button::Save {
        return Ok(Operation::Preview { key, save, context: PreviewContext { title, form } });
    }
    may_save(wiki, incoming, &title, &form)?;
    Ok(Operation::Save { key, save, context: SaveContext::People { title, form } })
}

/// Whoever may not save gets the text back, so that it is not lost.
fn may_save(
    wiki: &Wiki,
    incoming: &Incoming,
    about: &Title,
    form: &Submission,
) -> Result<(), Refusal> {
    let refused = |title, detail, advice| {
        let status = StatusCode::FORBIDDEN;
        let (page_about, unsaved) = (Some(about), Some(form.text.as_str()));
        let problem = ProblemPage {
            status: status.as_u16(),
            title,
            detail,
            advice,
            page: page_about,
            unsaved,
        };
        Err(Box::new(page(status, html::problem(&wiki.site(), &problem))))
    };
    if !incoming.principal.may_write {
        let detail = "This wiki takes edits of its users alone, and you are not logged in.";
        return refused("You may not edit here", detail, "Log in, then save again.");
    }
    if form.edit_token != incoming.form_token() {
        let detail = "The form did not come from this wiki, or you have logged in or out since.";
        let advice = "Open the form again and put your text in.";
        return refused("The form is not valid any more", detail, advice);
    }
    if form.comment.len() > limits::COMMENT_BYTES {
        let detail = "The comment is longer than 1,000 bytes.";
        return refused("The comment is too long", detail, "Shorten it and save again.");
    }
    Ok(())
}
