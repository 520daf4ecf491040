//! The form: opened, or given back with what a button asked for.
//!
//! It holds a token of its reader, so no answer here may be shared.

use http::{Response, StatusCode};
use redwedding_document::entry::AlternativeName;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::save::Preview;
use redwedding_wire::version::text_check;

use crate::application::Incoming;
use crate::wiki::application::answer::{page, private};
use crate::wiki::form::{Button, Submission};
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{Author, Check, EditPage, Site};
use crate::wiki::{diff, html};

/// What stands in the text field of a form that is opened.
pub(super) struct Filled<'a> {
    pub(super) text: &'a str,
    /// The one section that the text is.
    pub(super) section: Option<u32>,
    /// The alternatives that a save decides about.
    pub(super) closes: &'a [AlternativeName],
    /// Whether the text is from an older version than the current one.
    pub(super) older: bool,
}

/// The form as it is opened, to be saved on `snapshot`.
pub(super) fn opened(
    site: &Site<'_>,
    title: &Title,
    incoming: &Incoming,
    snapshot: &PageSnapshot,
    filled: Filled<'_>,
) -> Response<Vec<u8>> {
    let form = EditPage {
        title,
        text: filled.text,
        base_id: snapshot.id,
        base_check: snapshot.exists().then(|| text_check(&snapshot.text)),
        started: &Moment(incoming.now_ms).digits(),
        comment: "",
        minor: false,
        section: filled.section,
        edit_token: &incoming.form_token(),
        new_page: !snapshot.exists(),
        author: signed_by(incoming),
        older: filled.older,
        closes: filled.closes,
        changed: false,
        check: Check::None,
        problem: None,
    };
    private(page(StatusCode::OK, html::edit(site, &form)))
}

/// The form as it was sent, with what a save of it would give: the text, or what that changes in
/// the page as it is now.
pub(super) fn checked(
    site: &Site<'_>,
    title: &Title,
    incoming: &Incoming,
    form: &Submission,
    preview: &Preview,
) -> Response<Vec<u8>> {
    let token = incoming.form_token();
    let rows = diff::diff_rows(&preview.shown.text, &preview.text);
    let check = match (form.button, form.section) {
        (Button::Changes, _) => Check::Changes(&rows),
        // Alone, unless others may have come into it.
        (_, Some(_)) if !preview.changed => Check::Preview(&form.text),
        _ => Check::Preview(&preview.text),
    };
    let sent = EditPage { changed: preview.changed, check, ..sent(title, incoming, form, &token) };
    private(page(StatusCode::OK, html::edit(site, &sent)))
}

/// The form as it was sent, where a save of it would not be taken: all of the text, and why.
pub(super) fn unmerged(
    site: &Site<'_>,
    title: &Title,
    incoming: &Incoming,
    form: &Submission,
    problem: &str,
) -> Response<Vec<u8>> {
    let token = incoming.form_token();
    let rows = diff::diff_rows("", &form.text);
    let check = match form.button {
        Button::Changes => Check::Changes(&rows),
        _ => Check::Preview(&form.text),
    };
    let sent = EditPage { problem: Some(problem), check, ..sent(title, incoming, form, &token) };
    private(page(StatusCode::OK, html::edit(site, &sent)))
}

/// The form as it was sent. It keeps its base, so that what is saved from it is merged.
fn sent<'a>(
    title: &'a Title,
    incoming: &'a Incoming,
    form: &'a Submission,
    token: &'a str,
) -> EditPage<'a> {
    EditPage {
        title,
        text: &form.text,
        base_id: form.base_id,
        base_check: form.base_check,
        started: &form.started,
        comment: &form.comment,
        minor: form.minor,
        section: form.section,
        edit_token: token,
        new_page: form.base_id == 0,
        author: signed_by(incoming),
        older: form.older,
        closes: &form.closes,
        changed: false,
        check: Check::None,
        problem: None,
    }
}

/// Who a save by this request will be signed by.
fn signed_by(incoming: &Incoming) -> Author<'_> {
    Author::named(incoming.principal.user.as_deref().unwrap_or_default())
}
