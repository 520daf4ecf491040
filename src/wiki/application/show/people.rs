//! Outcomes as people get them: pages.
//!
//! What is answered here depends on the outcome and the address alone, except for the
//! form, which is private.

use http::{Response, StatusCode};
use redwedding_replica::LoadError;
use redwedding_replica::history::PageHistory;
use redwedding_replica::overlap::Overlapping;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::save::{Preview, SaveError};

use super::alternatives;
use super::failure::{load_problem, save_problem};
use super::form::{self, Filled};
use super::history;
use super::overlap::overlaps;
use super::problem::{giving_back, missing, no_section, no_version, not_loaded};
use crate::application::{Incoming, PageRead, PageVersion, SaveReport, SavedPage};
use crate::wiki::application::answer::{answer, page, redirect, with_etag, with_surrogate_key};
use crate::wiki::application::context::{
    HistoryView, PAGE_ROWS, PreviewContext, ReadView, VersionContext, VersionView, Window,
};
use crate::wiki::form::Submission;
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{ArticlePage, Author, DiffPage, LastChange, Site};
use crate::wiki::{diff, html, link, outline};

/// What came of a read.
pub(in crate::wiki::application) fn read(
    site: &Site<'_>,
    title: &Title,
    view: &ReadView,
    incoming: &Incoming,
    outcome: Result<PageRead, LoadError>,
) -> Response<Vec<u8>> {
    let PageRead { snapshot, overlaps, not_shown } = match outcome {
        Ok(read) => read,
        Err(error) => return not_loaded(site, title, &error),
    };
    match view {
        ReadView::Article => {
            let told = (!overlaps.is_empty()).then_some(overlaps.as_slice());
            article(site, title, (&snapshot, not_shown), told)
        }
        ReadView::Raw if snapshot.exists() => raw(title, snapshot.id, snapshot.text.clone()),
        ReadView::Raw => missing(site, title),
        ReadView::Form { section, closes } => {
            let text = match section {
                None => Some(snapshot.text.as_str()),
                Some(number) => outline::section(&snapshot.text, *number),
            };
            let Some(text) = text else { return no_section(site, title) };
            let filled = Filled { text, section: *section, closes, older: false };
            form::opened(site, title, incoming, &snapshot, filled)
        }
    }
}

/// What came of a report: the page right after the reader's save.
pub(in crate::wiki::application) fn report(
    site: &Site<'_>,
    title: &Title,
    outcome: Result<SaveReport, LoadError>,
) -> Response<Vec<u8>> {
    match outcome {
        Ok(report) => article(site, title, (&report.snapshot, 0), Some(&report.overlaps)),
        Err(error) => not_loaded(site, title, &error),
    }
}

/// What came of reading a version.
pub(in crate::wiki::application) fn version(
    site: &Site<'_>,
    context: &VersionContext,
    incoming: &Incoming,
    outcome: Result<PageVersion, LoadError>,
) -> Response<Vec<u8>> {
    let VersionContext { title, view } = context;
    let PageVersion { snapshot, id, text } = match outcome {
        Ok(version) => version,
        Err(error) => return not_loaded(site, title, &error),
    };
    match (view, text) {
        (VersionView::Article, Some(text)) => old(site, title, id, &text),
        (VersionView::Raw, Some(text)) => raw(title, id, text),
        (VersionView::Form, Some(text)) => {
            let filled = Filled { text: &text, section: None, closes: &[], older: true };
            form::opened(site, title, incoming, &snapshot, filled)
        }
        (VersionView::Raw, None) => missing(site, title),
        (VersionView::Article | VersionView::Form, None) => no_version(site, title, id),
    }
}

/// What came of asking for the history.
pub(in crate::wiki::application) fn history(
    site: &Site<'_>,
    title: &Title,
    view: HistoryView,
    incoming: &Incoming,
    outcome: Result<PageHistory, LoadError>,
) -> Response<Vec<u8>> {
    let history = match outcome {
        Ok(history) => history,
        Err(error) => return not_loaded(site, title, &error),
    };
    match view {
        HistoryView::Rows(window) => rows(site, title, &history, window),
        HistoryView::Comparison { from, to } => comparison(site, title, &history, (from, to)),
        HistoryView::Alternatives if history.is_empty() => missing(site, title),
        HistoryView::Alternatives => alternatives::choices(site, title, incoming, &history),
    }
}

/// What came of a preview: the form as it was sent, and what its button asked for.
pub(in crate::wiki::application) fn preview(
    site: &Site<'_>,
    context: &PreviewContext,
    incoming: &Incoming,
    outcome: Result<Preview, SaveError>,
) -> Response<Vec<u8>> {
    let PreviewContext { title, form } = context;
    match outcome {
        Ok(preview) => form::checked(site, title, incoming, form, &preview),
        Err(SaveError::Load(error)) => {
            let (status, detail) = load_problem(&error);
            giving_back(site, title, form, status, "This cannot be shown now", detail)
        }
        Err(error) => form::unmerged(site, title, incoming, form, &save_problem(&error).1),
    }
}

/// What came of a save by the form.
pub(in crate::wiki::application) fn save(
    site: &Site<'_>,
    title: &Title,
    form: &Submission,
    outcome: Result<SavedPage, SaveError>,
) -> Response<Vec<u8>> {
    match outcome {
        Ok(saved) => {
            let of_section = |number| outline::anchor(&saved.snapshot.text, number, &form.text);
            let heading = form.section.and_then(of_section);
            let to = link::saved(title, saved.id, heading.as_deref());
            redirect(StatusCode::SEE_OTHER, &to)
        }
        Err(error) => {
            let (status, detail) = save_problem(&error);
            giving_back(site, title, form, status, "Not saved", &detail)
        }
    }
}

fn article(
    site: &Site<'_>,
    title: &Title,
    (snapshot, not_shown): (&PageSnapshot, usize),
    saved: Option<&[Overlapping]>,
) -> Response<Vec<u8>> {
    if !snapshot.exists() {
        return missing(site, title);
    }
    let met = overlaps(&snapshot.text, saved.unwrap_or_default());
    let shown = ArticlePage {
        title,
        text: &snapshot.text,
        id: snapshot.id,
        last_change: (snapshot.time_ms != 0).then(|| LastChange {
            author: Author::named(&snapshot.note.author),
            at: Moment(snapshot.time_ms),
            comment: &snapshot.note.comment,
        }),
        older: false,
        pending: snapshot.pending,
        stale: snapshot.stale,
        saved: saved.is_some(),
        overlaps: &met,
        not_shown,
        alternatives: snapshot.alternatives as usize,
    };
    with_surrogate_key(page(StatusCode::OK, html::read(site, &shown)), title)
}

fn old(site: &Site<'_>, title: &Title, id: u64, text: &str) -> Response<Vec<u8>> {
    let shown = ArticlePage {
        title,
        text,
        id,
        last_change: None,
        older: true,
        pending: false,
        stale: false,
        saved: false,
        overlaps: &[],
        not_shown: 0,
        alternatives: 0,
    };
    page(StatusCode::OK, html::read(site, &shown))
}

fn raw(title: &Title, id: u64, text: String) -> Response<Vec<u8>> {
    let answer = answer(StatusCode::OK, "text/x-wiki; charset=utf-8", text.into_bytes());
    with_etag(with_surrogate_key(answer, title), id)
}

fn rows(
    site: &Site<'_>,
    title: &Title,
    history: &PageHistory,
    window: Window,
) -> Response<Vec<u8>> {
    let Some(rows) = history::rows(history, window, PAGE_ROWS) else {
        return no_version(site, title, window.version().unwrap_or(0));
    };
    if history.is_empty() {
        return missing(site, title);
    }
    let html = html::history(site, &rows.page(title, history));
    with_surrogate_key(page(StatusCode::OK, html), title)
}

fn comparison(
    site: &Site<'_>,
    title: &Title,
    history: &PageHistory,
    (from, to): (u64, u64),
) -> Response<Vec<u8>> {
    let version = |number| {
        let row = history::row(history, history.index_of(number)?, &[])?;
        Some((row, history.text(number)?))
    };
    let Some((from, before)) = version(from) else { return no_version(site, title, from) };
    let Some((to, after)) = version(to) else { return no_version(site, title, to) };
    let rows = diff::diff_rows(&before, &after);
    page(StatusCode::OK, html::diff(site, &DiffPage { title, from, to, rows: &rows }))
}
