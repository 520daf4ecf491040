//! What a request asks for.
//!
//! Everything that can be refused by the request alone is refused here, in the
//! shape that the asker expects: JSON for programs, a page for people.

mod people;
mod programs;
mod query;
mod refusal;
mod save;

use http::StatusCode;

use super::answer::redirect;
use super::wiki::Wiki;
use crate::application::{Incoming, Routed};
use crate::wiki::link;

use refusal::Refusal;

/// Where pages are.
const PAGES: &str = "/wiki/";
/// Where the REST API's pages are.
const REST: &str = "/rest.php/v1/page";

/// What a request asks for.
///
/// # Errors
/// The answer that refuses it.
pub(super) fn route(wiki: &Wiki, incoming: &Incoming) -> Result<Routed<Wiki>, Refusal> {
    let path = incoming.request.uri().path();
    if path == "/" {
        let to = link::page(wiki.site().front_page);
        return Ok(Routed::Answer(redirect(StatusCode::FOUND, &to)));
    }
    if let Some(spelling) = path.strip_prefix(PAGES) {
        return people::route(wiki, incoming, spelling);
    }
    match path.strip_prefix(REST) {
        Some("" | "/") => programs::route_pages(wiki, incoming),
        Some(rest) => match rest.strip_prefix('/') {
            Some(resource) => programs::route_page(wiki, incoming, resource),
            None => Ok(Routed::Elsewhere),
        },
        None => Ok(Routed::Elsewhere),
    }
}
