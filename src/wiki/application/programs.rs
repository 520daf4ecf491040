//! Outcomes as programs get them: the page API's bodies and errors.

use http::{Response, StatusCode};
use redwedding_replica::LoadError;
use redwedding_replica::save::SaveError;

use super::answer::{
    HTML, answer, rest, title_digits, with_etag, with_open_access, with_surrogate_key,
};
use super::failure::load_problem;
use super::history::{self, REST_ROWS};
use super::overlap::overlaps;
use super::{Resource, Wiki};
use crate::application::{Incoming, Outcome};
use crate::limits;
use crate::wiki::rest::{self as shapes, History, Latest, RestError};
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{HistoryPage, License};

impl Wiki {
    pub(super) fn for_program(
        &self,
        title: &Title,
        resource: Resource,
        incoming: &Incoming,
        outcome: Outcome,
    ) -> Response<Vec<u8>> {
        let license = || License::default().into();
        let page_id = u64::from(u32::from_str_radix(&title_digits(title), 16).unwrap_or(0));
        match (resource, outcome) {
            (_, Outcome::Snapshot(snapshot)) if !snapshot.exists() => {
                failed(&RestError::nonexistent_title(title))
            }
            (Resource::Html, Outcome::Snapshot(snapshot)) => {
                let body = shapes::html(title, &snapshot.text).into_bytes();
                let answer = with_open_access(answer(StatusCode::OK, HTML, body));
                with_etag(with_surrogate_key(answer, title), snapshot.id)
            }
            (Resource::Bare, Outcome::Snapshot(snapshot)) => {
                let latest = Latest::new(snapshot.id, Moment(snapshot.time_ms));
                let body = shapes::Page::bare(page_id, title, latest, license(), &incoming.base);
                with_etag(
                    with_surrogate_key(rest(StatusCode::OK, shapes::to_body(&body)), title),
                    snapshot.id,
                )
            }
            (_, Outcome::Snapshot(snapshot)) => {
                let latest = Latest::new(snapshot.id, Moment(snapshot.time_ms));
                let body =
                    shapes::Page::with_source(page_id, title, latest, license(), &snapshot.text);
                with_etag(
                    with_surrogate_key(rest(StatusCode::OK, shapes::to_body(&body)), title),
                    snapshot.id,
                )
            }
            (_, Outcome::Saved { snapshot, overlaps: met, created }) => {
                let latest = Latest::new(snapshot.id, Moment(snapshot.time_ms));
                let met = overlaps(&snapshot.text, &met);
                let body =
                    shapes::Page::with_source(page_id, title, latest, license(), &snapshot.text)
                        .met(&met);
                let status = match created {
                    true => StatusCode::CREATED,
                    false => StatusCode::OK,
                };
                with_etag(rest(status, shapes::to_body(&body)), snapshot.id)
            }
            (Resource::History(window), Outcome::History(history)) => {
                if history.is_empty() {
                    return failed(&RestError::nonexistent_title(title));
                }
                let Some(found) = history::rows(&history, window, REST_ROWS) else {
                    let id = window.before.or(window.after).unwrap_or(0);
                    return failed(&RestError::nonexistent_revision(title, id));
                };
                let shown = HistoryPage {
                    title,
                    rows: &found.rows,
                    latest: history.id(history.changes().len().wrapping_sub(1)).unwrap_or(0),
                    older: found.older,
                    newer: found.newer,
                };
                let body = shapes::to_body(&History::new(&shown, &incoming.base));
                with_surrogate_key(rest(StatusCode::OK, body), title)
            }
            (_, _) => failed(&RestError::no_match(incoming.request.uri().path())),
        }
    }
}

pub(super) fn failed(error: &RestError) -> Response<Vec<u8>> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    rest(status, error.to_body())
}

pub(super) fn unavailable(title: &Title, error: &LoadError) -> Response<Vec<u8>> {
    let (status, detail) = load_problem(error);
    let message = format!("\"{title}\" cannot be shown now. {detail} Try again later.");
    failed(&RestError::new(status.as_u16(), "rest-unavailable", message))
}

pub(super) fn not_saved(title: &Title, base: Option<u64>, error: &SaveError) -> Response<Vec<u8>> {
    let failure = match error {
        SaveError::Exists { .. } => RestError::page_exists(title),
        SaveError::UnknownVersion | SaveError::NoPart(_) => {
            RestError::unknown_base(title, base.unwrap_or_default())
        }
        SaveError::Erased(_) => RestError::erased(title),
        SaveError::TooLong { bytes } => RestError::too_large(*bytes, limits::PAGE_BYTES),
        SaveError::Overloaded
        | SaveError::NotAcknowledged
        | SaveError::Load(LoadError::Behind | LoadError::Archived) => {
            RestError::unavailable(&format!("{error}."))
        }
        SaveError::Load(error @ LoadError::Unreachable(_)) => return unavailable(title, error),
    };
    failed(&failure)
}
