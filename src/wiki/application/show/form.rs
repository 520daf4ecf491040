//! The form: opened, or given back with what a button asked for.
//!
//! It holds a token of its reader, so no answer here may be shared.

use http::{Response, StatusCode};
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_wire::version::text_check;

use crate::application::Incoming;
use crate::wiki::application::answer::{page, private};
use crate::wiki::form::{Button, Submission};
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{Author, Check, EditPage, Site};
use crate::wiki::{diff, html, outline};

/// What stands in the text field of a form that is opened.
pub(super) struct Filled<'a> {
    pub(super) text: &'a str,
    /// The one section that the text is.
    pub(super) section: Option<u32>,
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
        check: Check::None,
        problem: None,
    };
    private(page(StatusCode::OK, html::edit(site, &form)))
}

/// The form as it was sent, with a preview or with what it changes in `base`.
pub(super) fn checked(
    site: &Site<'_>,
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
    let edit = EditPage {
        title,
        text: &form.text,
        base_id: form.base_id,
        base_check: form.base_check,
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
    private(page(StatusCode::OK, html::edit(site, &edit)))
}

/// Who a save by this request will be signed by.
fn signed_by(incoming: &Incoming) -> Author<'_> {
    Author::named(incoming.principal.user.as_deref().unwrap_or_default())
}
