//! Outcomes as programs get them: the page API's bodies and errors.

use http::{Response, StatusCode};
use redwedding_document::State;
use redwedding_replica::LoadError;
use redwedding_replica::history::PageHistory;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::save::{OnlyIf, SaveError, Unmet};

use super::alternatives;
use super::failure::load_problem;
use super::history;
use super::overlap::overlaps;
use crate::application::{Incoming, PageRead, SavedPage};
use crate::limits;
use crate::wiki::application::answer::{
    HTML, answer, rest, rest_error, title_digits, with_etag, with_open_access, with_surrogate_key,
};
use crate::wiki::application::context::{HistoryResource, Resource};
use crate::wiki::rest::{
    HISTORY_ROWS, Latest, RestAlternatives, RestError, RestHistory, RestOverlap, RestPage,
    RestUnmet, html, to_body,
};
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::License;

/// What came of a read.
pub(in crate::wiki::application) fn read(
    title: &Title,
    resource: Resource,
    incoming: &Incoming,
    outcome: Result<PageRead, LoadError>,
) -> Response<Vec<u8>> {
    let PageRead { snapshot, overlaps: told, not_shown } = match outcome {
        Ok(read) => read,
        Err(error) => return not_loaded(title, &error),
    };
    let met = overlaps(&snapshot.text, &told);
    if !snapshot.exists() {
        return rest_error(&RestError::nonexistent_title(title));
    }
    let answer = match resource {
        Resource::Html => {
            let body = html(title, &snapshot.text).into_bytes();
            with_open_access(answer(StatusCode::OK, HTML, body))
        }
        Resource::Bare => {
            let latest = latest(&snapshot);
            let license = License::default().into();
            let page = RestPage::bare(page_id(title), title, latest, license, &incoming.base);
            rest(StatusCode::OK, to_body(&page.met(&met).not_shown(not_shown)))
        }
        Resource::Source => {
            let page = with_source(title, &snapshot).met(&met).not_shown(not_shown);
            rest(StatusCode::OK, to_body(&page))
        }
    };
    with_etag(with_surrogate_key(answer, title), snapshot.id)
}

/// What came of asking for the history.
pub(in crate::wiki::application) fn history(
    title: &Title,
    resource: HistoryResource,
    incoming: &Incoming,
    outcome: Result<PageHistory, LoadError>,
) -> Response<Vec<u8>> {
    let history = match outcome {
        Ok(history) => history,
        Err(error) => return not_loaded(title, &error),
    };
    if history.is_empty() {
        return rest_error(&RestError::nonexistent_title(title));
    }
    let body = match resource {
        HistoryResource::Rows(window) => {
            let Some(rows) = history::rows(&history, window, HISTORY_ROWS) else {
                let id = window.version().unwrap_or(0);
                return rest_error(&RestError::nonexistent_revision(title, id));
            };
            to_body(&RestHistory::new(&rows.page(title, &history), &incoming.base))
        }
        HistoryResource::Alternatives => alternatives_of(&history),
    };
    with_surrogate_key(rest(StatusCode::OK, body), title)
}

/// The alternatives of a page, with the version of the text that their places are in.
fn alternatives_of(history: &PageHistory) -> Vec<u8> {
    let state: &State = history;
    let time_ms = state.changes().last_written().map_or(0, |change| change.time_ms);
    let latest = Latest::new(alternatives::id(state), state.text(), Moment(time_ms));
    let shown = history.shown().unwrap_or_default();
    let undecided = alternatives::undecided(shown, history);
    to_body(&RestAlternatives::new(latest, &alternatives::open(state), &undecided))
}

/// What came of a save on the version `base`, on a condition.
pub(in crate::wiki::application) fn save(
    title: &Title,
    (base, only_if): (Option<u64>, Option<&OnlyIf>),
    outcome: Result<SavedPage, SaveError>,
) -> Response<Vec<u8>> {
    let saved = match outcome {
        Ok(saved) => saved,
        Err(error) => return not_saved(title, (base, only_if), &error),
    };
    let met = overlaps(&saved.snapshot.text, &saved.overlaps);
    let page = with_source(title, &saved.snapshot).met(&met);
    let status = match saved.created {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    with_etag(rest(status, to_body(&page)), saved.snapshot.id)
}

fn with_source<'a>(title: &'a Title, snapshot: &'a PageSnapshot) -> RestPage<'a> {
    let license = License::default().into();
    RestPage::with_source(page_id(title), title, latest(snapshot), license, &snapshot.text)
}

fn latest(snapshot: &PageSnapshot) -> Latest {
    Latest::new(snapshot.id, &snapshot.text, Moment(snapshot.time_ms))
}

/// MediaWiki's clients want a number; pages here have none.
fn page_id(title: &Title) -> u64 {
    u64::from(u32::from_str_radix(&title_digits(title), 16).unwrap_or(0))
}

fn not_loaded(title: &Title, error: &LoadError) -> Response<Vec<u8>> {
    let (status, detail) = load_problem(error);
    let message = format!("\"{title}\" cannot be shown now. {detail} Try again later.");
    rest_error(&RestError::new(status.as_u16(), "rest-unavailable", message))
}

/// What is in the way, with what was to be saved.
fn not_met(title: &Title, only_if: Option<&OnlyIf>, unmet: &Unmet) -> Response<Vec<u8>> {
    let shown = &unmet.shown;
    let error = match only_if {
        Some(OnlyIf::NoOverlap) => RestError::overlap(title),
        _ => {
            let was_to_exist = only_if != Some(&OnlyIf::Absent);
            RestError::precondition_failed(title, shown.exists(), was_to_exist)
        }
    };
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::CONFLICT);
    let met = overlaps(&shown.text, &unmet.overlaps);
    let body = to_body(&RestUnmet {
        error,
        latest: shown.exists().then(|| latest(shown)),
        source: shown.exists().then_some(shown.text.as_str()),
        submitted: &unmet.submitted,
        overlaps: met.iter().map(RestOverlap::from).collect(),
    });
    match shown.exists() {
        true => with_etag(rest(status, body), shown.id),
        false => rest(status, body),
    }
}

fn not_saved(
    title: &Title,
    (base, only_if): (Option<u64>, Option<&OnlyIf>),
    error: &SaveError,
) -> Response<Vec<u8>> {
    let failure = match error {
        SaveError::Exists { .. } => RestError::page_exists(title),
        SaveError::UnknownVersion | SaveError::NoPart(_) => {
            RestError::unknown_base(title, base.unwrap_or_default())
        }
        SaveError::Unmet(unmet) => return not_met(title, only_if, unmet),
        SaveError::Erased(_) => RestError::erased(title),
        SaveError::Invalid(_) => RestError::new(400, "rest-invalid-save", format!("{error}.")),
        SaveError::TooLong { bytes } => RestError::too_large(*bytes, limits::PAGE_BYTES),
        SaveError::Overloaded { .. }
        | SaveError::NotAcknowledged
        | SaveError::Load(LoadError::Behind | LoadError::Archived) => {
            RestError::unavailable(&format!("{error}."))
        }
        SaveError::Load(
            error @ (LoadError::SaveLost | LoadError::Unreachable(_) | LoadError::TimedOut),
        ) => {
            return not_loaded(title, error);
        }
    };
    rest_error(&failure)
}
