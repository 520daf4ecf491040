//! How an outcome looks to people; what programs get is in `programs`.

use http::{Response, StatusCode};
use redwedding_replica::LoadError;
use redwedding_replica::history::PageHistory;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::save::{Overlapping, SaveError};

use super::answer::{answer, page, private, redirect, with_etag, with_surrogate_key};
use super::failure::{load_problem, save_problem};
use super::history::{self, ROWS};
use super::overlap::overlaps;
use super::programs::{not_saved, unavailable};
use super::{Resource, RouteContext, Wiki, Window};
use crate::application::{Incoming, Outcome};
use crate::wiki::form::{Button, Submission};
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{Author, Change, Check, DiffPage, Edit, HistoryPage, Page, Problem};
use crate::wiki::{diff, html, link, outline};

impl Wiki {
    pub(super) fn shown(
        &self,
        context: RouteContext,
        incoming: &Incoming,
        outcome: Outcome,
    ) -> Response<Vec<u8>> {
        match (context, outcome) {
            (RouteContext::Rest(title, _), Outcome::LoadFailed(error)) => {
                unavailable(&title, &error)
            }
            (RouteContext::Rest(title, Resource::Written(base)), Outcome::SaveFailed(error)) => {
                not_saved(&title, base, &error)
            }
            (context, Outcome::LoadFailed(error)) => self.not_loaded(&context, &error),
            (RouteContext::Submit(title, form), Outcome::SaveFailed(error)) => {
                self.form_not_saved(&title, &form, &error)
            }
            (RouteContext::Rest(title, resource), outcome) => {
                self.for_program(&title, resource, incoming, outcome)
            }
            (RouteContext::Page(title), Outcome::Snapshot(snapshot)) => {
                self.article(&title, &snapshot, None)
            }
            (RouteContext::Saved(title, _), Outcome::Report(snapshot, overlaps)) => {
                self.article(&title, &snapshot, Some(&overlaps))
            }
            (RouteContext::Old(title, id), Outcome::Version(_, text)) => self.old(&title, id, text),
            (RouteContext::Raw(title, _), Outcome::Snapshot(snapshot)) => {
                self.raw(&title, snapshot.exists().then(|| (snapshot.id, snapshot.text.clone())))
            }
            (RouteContext::Raw(title, Some(id)), Outcome::Version(_, text)) => {
                self.raw(&title, text.map(|text| (id, text)))
            }
            (RouteContext::Form(title, section, _), Outcome::Snapshot(snapshot)) => {
                self.form(&title, incoming, &snapshot, section, None)
            }
            (RouteContext::Form(title, section, Some(id)), Outcome::Version(snapshot, text)) => {
                match text {
                    Some(text) => self.form(&title, incoming, &snapshot, section, Some(text)),
                    None => self.no_version(&title, id),
                }
            }
            (RouteContext::Check(title, form), Outcome::Snapshot(_)) => {
                self.check(&title, incoming, &form, "")
            }
            (RouteContext::Check(title, form), Outcome::Version(_, base)) => {
                self.check(&title, incoming, &form, &base.unwrap_or_default())
            }
            (RouteContext::Submit(title, _), Outcome::Saved { snapshot, .. }) => {
                let to = format!("{}?saved={}", link::page(&title), snapshot.id);
                redirect(StatusCode::SEE_OTHER, &to)
            }
            (RouteContext::History(title, window), Outcome::History(history)) => {
                self.history(&title, &history, window)
            }
            (RouteContext::Diff(title, from, to), Outcome::History(history)) => {
                self.compared(&title, &history, from, to)
            }
            (context, _) => {
                let detail = "The edge answered another question than was asked.";
                self.problem(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something is wrong",
                    detail,
                    title_of(&context),
                )
            }
        }
    }

    fn problem(
        &self,
        status: StatusCode,
        title: &str,
        detail: &str,
        about: Option<&Title>,
    ) -> Response<Vec<u8>> {
        let advice = match status {
            StatusCode::NOT_FOUND => "The page and its history tell what there is.",
            _ => "Wait a moment and try again.",
        };
        let problem =
            Problem { status: status.as_u16(), title, detail, advice, page: about, unsaved: None };
        page(status, html::problem(&self.shared(), &problem))
    }

    fn not_loaded(&self, context: &RouteContext, error: &LoadError) -> Response<Vec<u8>> {
        let (status, detail) = load_problem(error);
        match context {
            RouteContext::Check(title, form) => {
                self.keeping(title, form, status, "This cannot be shown now", detail)
            }
            context => {
                self.problem(status, "The page cannot be shown now", detail, title_of(context))
            }
        }
    }

    fn form_not_saved(
        &self,
        title: &Title,
        form: &Submission,
        error: &SaveError,
    ) -> Response<Vec<u8>> {
        let (status, detail) = save_problem(error);
        self.keeping(title, form, status, "Not saved", &detail)
    }

    /// A problem that gives the reader the text back.
    fn keeping(
        &self,
        about: &Title,
        form: &Submission,
        status: StatusCode,
        title: &str,
        detail: &str,
    ) -> Response<Vec<u8>> {
        let problem = Problem {
            status: status.as_u16(),
            title,
            detail,
            advice: "Your text is below. Go back and save again, or open the form anew.",
            page: Some(about),
            unsaved: Some(&form.text),
        };
        page(status, html::problem(&self.shared(), &problem))
    }

    fn article(
        &self,
        title: &Title,
        snapshot: &PageSnapshot,
        saved: Option<&[Overlapping]>,
    ) -> Response<Vec<u8>> {
        if !snapshot.exists() {
            return page(StatusCode::NOT_FOUND, html::missing(&self.shared(), title));
        }
        let met = overlaps(&snapshot.text, saved.unwrap_or_default());
        let shown = Page {
            title,
            text: &snapshot.text,
            id: snapshot.id,
            last_change: (snapshot.time_ms != 0).then(|| Change {
                author: Author::named(&snapshot.note.author),
                at: Moment(snapshot.time_ms),
                comment: &snapshot.note.comment,
            }),
            older: false,
            pending: snapshot.pending,
            stale: snapshot.stale,
            saved: saved.is_some(),
            overlaps: &met,
        };
        let answer = page(StatusCode::OK, html::read(&self.shared(), &shown));
        with_surrogate_key(answer, title)
    }

    fn old(&self, title: &Title, id: u64, text: Option<String>) -> Response<Vec<u8>> {
        let Some(text) = text else { return self.no_version(title, id) };
        let shown = Page {
            title,
            text: &text,
            id,
            last_change: None,
            older: true,
            pending: false,
            stale: false,
            saved: false,
            overlaps: &[],
        };
        page(StatusCode::OK, html::read(&self.shared(), &shown))
    }

    fn no_version(&self, title: &Title, id: u64) -> Response<Vec<u8>> {
        let detail = format!("{id} is no version of this page, or it is not known here any more.");
        self.problem(StatusCode::NOT_FOUND, "There is no such version", &detail, Some(title))
    }

    fn raw(&self, title: &Title, version: Option<(u64, String)>) -> Response<Vec<u8>> {
        let Some((id, text)) = version else {
            return page(StatusCode::NOT_FOUND, html::missing(&self.shared(), title));
        };
        let answer = answer(StatusCode::OK, "text/x-wiki; charset=utf-8", text.into_bytes());
        with_etag(with_surrogate_key(answer, title), id)
    }

    fn form(
        &self,
        title: &Title,
        incoming: &Incoming,
        snapshot: &PageSnapshot,
        section: Option<u32>,
        old: Option<String>,
    ) -> Response<Vec<u8>> {
        let older = old.is_some();
        let whole = old.as_deref().unwrap_or(&snapshot.text);
        let text = match section {
            None => Some(whole),
            Some(number) => outline::section(whole, number),
        };
        let Some(text) = text else {
            let detail = "The page has no such section any more.";
            return self.problem(StatusCode::NOT_FOUND, "No such section", detail, Some(title));
        };
        let form = Edit {
            title,
            text,
            base_id: snapshot.id,
            started: &Moment(incoming.now_ms).digits(),
            comment: "",
            minor: false,
            section,
            edit_token: &incoming.form_token(),
            new_page: !snapshot.exists(),
            author: signed_by(incoming),
            older,
            check: Check::None,
            problem: None,
        };
        private(page(StatusCode::OK, html::edit(&self.shared(), &form)))
    }

    fn check(
        &self,
        title: &Title,
        incoming: &Incoming,
        form: &Submission,
        base: &str,
    ) -> Response<Vec<u8>> {
        let before = match form.section {
            None => Some(base),
            Some(number) => outline::section(base, number),
        };
        let rows = diff::diff_rows(before.unwrap_or_default(), &form.text);
        let edit = Edit {
            title,
            text: &form.text,
            base_id: form.base_id,
            started: &form.started,
            comment: &form.comment,
            minor: form.minor,
            section: form.section,
            edit_token: &incoming.form_token(),
            new_page: form.base_id == 0,
            author: signed_by(incoming),
            older: false,
            check: match form.button {
                Button::Changes => Check::Changes(&rows),
                _ => Check::Preview,
            },
            problem: None,
        };
        private(page(StatusCode::OK, html::edit(&self.shared(), &edit)))
    }

    fn history(&self, title: &Title, history: &PageHistory, window: Window) -> Response<Vec<u8>> {
        let Some(found) = history::rows(history, window, ROWS) else {
            return self.no_version(title, window.before.or(window.after).unwrap_or(0));
        };
        if history.is_empty() {
            return page(StatusCode::NOT_FOUND, html::missing(&self.shared(), title));
        }
        let shown = HistoryPage {
            title,
            rows: &found.rows,
            latest: history.id(history.changes().len().wrapping_sub(1)).unwrap_or(0),
            older: found.older,
            newer: found.newer,
        };
        with_surrogate_key(page(StatusCode::OK, html::history(&self.shared(), &shown)), title)
    }

    fn compared(
        &self,
        title: &Title,
        history: &PageHistory,
        from: u64,
        to: u64,
    ) -> Response<Vec<u8>> {
        let version = |number| {
            let row = history::row(history, history.index_of(number)?)?;
            Some((row, history.text(number)?))
        };
        let Some((from, before)) = version(from) else { return self.no_version(title, from) };
        let Some((to, after)) = version(to) else { return self.no_version(title, to) };
        let rows = diff::diff_rows(&before, &after);
        let shown = DiffPage { title, from, to, rows: &rows };
        page(StatusCode::OK, html::diff(&self.shared(), &shown))
    }
}

fn title_of(context: &RouteContext) -> Option<&Title> {
    match context {
        RouteContext::Page(title)
        | RouteContext::Saved(title, _)
        | RouteContext::Old(title, _)
        | RouteContext::Raw(title, _)
        | RouteContext::Form(title, ..)
        | RouteContext::Check(title, _)
        | RouteContext::Submit(title, _)
        | RouteContext::History(title, _)
        | RouteContext::Diff(title, ..)
        | RouteContext::Rest(title, _) => Some(title),
    }
}

/// Who a save by this request will be signed by.
fn signed_by(incoming: &Incoming) -> Author<'_> {
    Author::named(incoming.principal.user.as_deref().unwrap_or_default())
}
