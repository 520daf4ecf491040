//! The passages of a page of which there is another version, to choose between them.
//!
//! A choice is a save like any other, of the whole page: a form with no field to fill in, posted
//! as the form of [`super::edit`] is. It is merged if others save meanwhile.

use maud::{Markup, html};
use redwedding_document::passage;
use redwedding_wire::version::text_check;

use super::chrome::{self, Frame, Tab};
use super::diff::{self, Lines};
use super::edit::hidden;
use super::link;
use super::view::{Alternative, AlternativesPage, Author, Site};
use crate::limits;

/// Bytes of an author's name in a comment.
const NAME_BYTES: usize = 120;

/// The passages of which there is another version.
pub fn alternatives(site: &Site<'_>, page: &AlternativesPage<'_>) -> String {
    let name = page.title.display();
    let count = page.alternatives.len();
    let main = html! {
        h1 { "Other versions in " bdi { (name) } }
        @if count == 0 && page.undecided.is_empty() {
            p.empty { "No passage of this page has another version." }
            p { a href=(link::page(page.title)) { "Read the page" } }
        }
        @if count > 0 {
            p {
                (chrome::alternatives(count)) ". Several people changed the same words at the \
                 same time; the page shows one version of them, and here is the other."
            }
            ol.alternatives {
                @for (index, alternative) in page.alternatives.iter().enumerate() {
                    (item(page, alternative, choices(page, index, alternative)))
                }
            }
        }
        (undecided(page))
    };
    let window = format!("Other versions in {name}");
    let frame = Frame {
        site,
        name: &window,
        page: Some(page.title),
        tab: Tab::Other,
        unlisted: true,
        wide: true,
    };
    chrome::document(&frame, main, html! {})
}

/// What cannot be chosen from yet.
fn undecided(page: &AlternativesPage<'_>) -> Markup {
    html! {
        @if !page.undecided.is_empty() {
            h2 { "Not decided yet" }
            p {
                "These saves are kept here and wait to be merged with those of other places. \
                 Which version the page shows then is decided there; the others can be chosen \
                 from here."
            }
            ol.alternatives {
                @for alternative in page.undecided { (item(page, alternative, html! {})) }
            }
        }
    }
}

fn item(page: &AlternativesPage<'_>, alternative: &Alternative<'_>, choices: Markup) -> Markup {
    let shown = &alternative.shown;
    let now = [shown.before, shown.marked, shown.after].concat();
    let other = [shown.before, alternative.text, shown.after].concat();
    let [now, other] = diff::sides(&now, &other);
    html! {
        li {
            p.meta {
                (chrome::author(alternative.author)) ", "
                @match alternative.id {
                    Some(id) => a href=(link::version(page.title, id)) {
                        (chrome::time(alternative.at))
                    },
                    None => (chrome::time(alternative.at)),
                }
                " " (chrome::comment(alternative.comment))
            }
            div.versions {
                (side("Shown", "removed", &now, shown.marked.is_empty()))
                (side("Alternative", "added", &other, alternative.text.is_empty()))
            }
            @if alternative.elsewhere.is_some() {
                p.hint {
                    "The page has these lines at another place. To use this version moves them here."
                }
            }
            (choices)
        }
    }
}

fn side(label: &'static str, class: &'static str, lines: &Lines<'_>, deleted: bool) -> Markup {
    html! {
        section aria-label=(label) {
            p.label { (label) @if deleted { ": the passage is deleted" } }
            div.excerpt.(class) dir="auto" {
                "\u{2026}"
                @for (index, line) in lines.iter().enumerate() {
                    @if index > 0 { "\n" }
                    @for part in line {
                        @if !part.marked { (part.text) }
                        @else if class == "added" { ins { (part.text) } }
                        @else { del { (part.text) } }
                    }
                }
                "\u{2026}"
            }
        }
    }
}

fn choices(page: &AlternativesPage<'_>, index: usize, alternative: &Alternative<'_>) -> Markup {
    // Each choice holds the whole page: of a long one there is not room for all.
    let bytes = page.text.len() + alternative.text.len();
    let room = (index + 1).saturating_mul(3 * bytes) <= limits::CHOICES_BYTES;
    let whose = whose(alternative.author);
    let used = format!("Used {whose} version of a passage");
    let kept = format!("Kept {whose} version of a passage, too");
    let left = format!("Kept a passage as it is, not {whose} version");
    let name = alternative.name.map(|name| name.to_string()).unwrap_or_default();
    let choose = |text: &str, comment: &str, label| choice(page, (text, &name), comment, label);
    html! {
        div.buttons {
            @if room {
                (choose(page.text, &left, "Keep what is shown"))
                @let text = instead(page, alternative);
                (choose(&text, &used, "Use this instead"))
                @if let Some(text) =
                    passage::both(page.text, &alternative.bytes, alternative.text)
                {
                    (choose(&text, &kept, "Keep both"))
                }
            }
            @let by_hand = match alternative.name {
                Some(name) => link::edit_closing(page.title, name),
                None => link::action(page.title, "edit"),
            };
            a href=(by_hand) { "Edit by hand" }
        }
    }
}

fn instead(page: &AlternativesPage<'_>, alternative: &Alternative<'_>) -> String {
    let Alternative { bytes, text, elsewhere, .. } = alternative;
    passage::instead(page.text, bytes, text, elsewhere.as_ref().map(|it| &it.bytes))
}

fn choice(
    page: &AlternativesPage<'_>,
    (text, closes): (&str, &str),
    comment: &str,
    label: &'static str,
) -> Markup {
    html! {
        form method="post" action=(link::action(page.title, "submit")) accept-charset="utf-8" {
            (hidden("baseId", &page.id.to_string()))
            (hidden("baseCheck", &text_check(page.text).to_string()))
            (hidden("wpStarttime", page.started))
            (hidden("wpEditToken", page.edit_token))
            (hidden("wpSummary", comment))
            (hidden("closes", closes))
            (hidden("wpTextbox1", text))
            button type="submit" name="wpSave" value="1" { (label) }
        }
    }
}

fn whose(author: Author<'_>) -> String {
    match author {
        Author::Anonymous => "an anonymous author's".to_owned(),
        Author::Origin => "the origin's".to_owned(),
        Author::Named(name) => {
            format!("{}'s", &name[..name.floor_char_boundary(NAME_BYTES.min(name.len()))])
        }
    }
}

#[cfg(test)]
#[path = "alternatives_tests.rs"]
mod tests;
