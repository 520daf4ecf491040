//! The form: text, comment, and what stands above them on a preview.
//!
//! Posted `application/x-www-form-urlencoded` to `?action=submit`. Fields:
//! `wpTextbox1`, `wpSummary`, `wpMinoredit` (present or not), `baseId`, `baseCheck` (check bits of
//! the base's text), `wpSection` (only for a section), `wpOlder` (only for the text of an older
//! version), `wpEditToken`, `wpStarttime` (`YYYYMMDDHHMMSS`), and the pressed one of `wpSave`,
//! `wpPreview`, `wpDiff`.
//! Browsers send line ends as CR LF. [`super::form`] is the receiving end.

use maud::{Markup, PreEscaped, html};
use redwedding_document::entry::AlternativeName;

use super::chrome::{self, Frame, Tab};
use super::history;
use super::link;
use super::markdown;
use super::view::{Author, Check, EditPage, Site};

/// The longest comment that the form lets through, in UTF-16 units.
const COMMENT_UNITS: &str = "500";

/// The form.
pub fn edit(site: &Site<'_>, form: &EditPage<'_>) -> String {
    let heading = heading(form);
    let main = html! {
        h1 { (heading.0) bdi { (heading.1) } }
        (notices(form))
        (check(form))
        (fields(form))
    };
    let name = format!("{}{}", heading.0, heading.1);
    let frame = Frame {
        site,
        name: &name,
        page: Some(form.title),
        tab: Tab::Edit,
        unlisted: true,
        wide: true,
    };
    chrome::document(&frame, main, html! {})
}

fn heading(form: &EditPage<'_>) -> (String, String) {
    let what = match (form.new_page, form.section) {
        (true, _) => "Writing ".to_owned(),
        (false, None) => "Editing ".to_owned(),
        (false, Some(0)) => "Editing the beginning of ".to_owned(),
        (false, Some(number)) => format!("Editing section {number} of "),
    };
    (what, form.title.display())
}

fn notices(form: &EditPage<'_>) -> Markup {
    html! {
        @if let Some(problem) = form.problem {
            div.notice.bad role="alert" { p { strong { "Not saved. " } (problem) } }
        }
        @if form.older {
            (chrome::notice("warn", html! {
                p {
                    strong { "This is the text of an older version." }
                    " Saving brings it back; what was written since stays in the history."
                }
            }))
        }
        @if form.changed {
            (chrome::notice("warn", html! {
                p {
                    strong { "Others have changed this page since you opened the form." }
                    " What you see here is what saving gives now: your changes merged with theirs. \
                     The text field holds your own text."
                }
            }))
        }
        @if !form.closes.is_empty() {
            p.hint {
                "Once this is saved the page is right as you leave it: the other version that you "
                "came from is no longer offered."
            }
        }
        @if form.author == Author::Anonymous {
            p.hint { "You are not logged in. Your edit will be signed \u{201c}Anonymous\u{201d}." }
        }
    }
}

fn check(form: &EditPage<'_>) -> Markup {
    match form.check {
        Check::None => html! {},
        Check::Preview(text) => html! {
            section.preview aria-labelledby="previewTitle" {
                h2 id="previewTitle" { "Preview" span.hint { " not saved yet" } }
                div.text { (PreEscaped(markdown::render(text, None).html)) }
            }
        },
        Check::Changes(rows) => html! {
            section.preview aria-labelledby="changesTitle" {
                h2 id="changesTitle" { "Your changes" span.hint { " not saved yet" } }
                (history::table(rows, "Your changes, line by line"))
            }
        },
    }
}

fn fields(form: &EditPage<'_>) -> Markup {
    html! {
        form.edit method="post" action=(link::action(form.title, "submit")) accept-charset="utf-8" {
            (hidden("baseId", &form.base_id.to_string()))
            @if let Some(check) = form.base_check { (hidden("baseCheck", &check.to_string())) }
            (hidden("wpStarttime", form.started))
            (hidden("wpEditToken", form.edit_token))
            @if let Some(section) = form.section { (hidden("wpSection", &section.to_string())) }
            @if form.older { (hidden("wpOlder", "1")) }
            @if !form.closes.is_empty() { (hidden("closes", &names(form.closes))) }
            label for="wpTextbox1" { "Text" span.hint { " in Markdown; [[Title]] links a page" } }
            // A parser drops the first line end inside a text field.
            textarea id="wpTextbox1" name="wpTextbox1" rows=(rows(form)) spellcheck="true"
                dir="auto" { "\n" (form.text) }
            label for="wpSummary" { "What did you change?" span.hint { " shown in the history" } }
            input id="wpSummary" name="wpSummary" type="text" dir="auto" maxlength=(COMMENT_UNITS)
                autocomplete="off" value=(form.comment);
            div.choices {
                input id="wpMinoredit" name="wpMinoredit" type="checkbox" value="1"
                    checked[form.minor];
                label for="wpMinoredit" { "A minor change" }
            }
            div.buttons {
                button.primary type="submit" name="wpSave" value="1" { "Save" }
                button type="submit" name="wpPreview" value="1" { "Preview" }
                button type="submit" name="wpDiff" value="1" { "Show changes" }
                a href=(link::page(form.title)) { "Cancel" }
            }
            p.hint {
                "If others save at the same time, all edits are merged; nobody has to start again."
            }
        }
    }
}

/// Lines of the text field: room for what there is and some more. A page that
/// is to be written gets a whole sheet.
fn rows(form: &EditPage<'_>) -> usize {
    const FULL: usize = 22;
    match form.new_page || form.section.is_none() {
        true => FULL,
        false => (form.text.lines().take(FULL).count() + 4).clamp(10, FULL),
    }
}

/// A field that nobody sees.
fn names(closes: &[AlternativeName]) -> String {
    closes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn hidden(name: &'static str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}
