//! Answers that are given instead of going on.

use http::{Response, StatusCode};
use redwedding_wire::identity::DocumentKey;

use crate::wiki::application::answer::{page, rest_error};
use crate::wiki::application::wiki::Wiki;
use crate::wiki::html;
use crate::wiki::rest::RestError;
use crate::wiki::title::Title;
use crate::wiki::view::ProblemPage;

/// An answer given instead of going on. Boxed, since it is rare and large.
pub(in crate::wiki::application) type Refusal = Box<Response<Vec<u8>>>;

/// A refusal for people.
pub(super) fn refused(wiki: &Wiki, status: StatusCode, title: &str, detail: &str) -> Refusal {
    let problem = ProblemPage {
        status: status.as_u16(),
        title,
        detail,
        advice: "Go back, or begin at the front page.",
        page: None,
        unsaved: None,
    };
    Box::new(page(status, html::problem(&wiki.site(), &problem)))
}

/// A refusal for programs.
pub(super) fn rest_refused(error: &RestError) -> Refusal {
    Box::new(rest_error(error))
}

/// The document of a page, for people and programs alike.
///
/// # Errors
/// A page that says why no document can have this title.
pub(super) fn key(wiki: &Wiki, title: &Title) -> Result<DocumentKey, Refusal> {
    wiki.key(title).map_err(|error| {
        let detail = error.to_string();
        refused(wiki, StatusCode::BAD_REQUEST, "This title cannot be used", &detail)
    })
}
