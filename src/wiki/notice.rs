//! Something went wrong: a page that says what, and what to do.

use maud::html;

use super::chrome::{self, Frame, Tab};
use super::link;
use super::view::{ProblemPage, Site};

/// An error, for people. A text that was not saved is handed back.
pub fn problem(site: &Site<'_>, problem: &ProblemPage<'_>) -> String {
    let main = html! {
        section.problem {
            p.status { (problem.status) }
            h1 { (problem.title) }
            p.lead { (problem.detail) }
            p { (problem.advice) }
            @if let Some(text) = problem.unsaved {
                label for="unsavedText" { "Your text, which was not saved" }
                textarea id="unsavedText" rows="14" readonly dir="auto" { "\n" (text) }
            }
            p.buttons {
                @if let Some(title) = problem.page {
                    a.button href=(link::page(title)) {
                        "To the page \u{201c}" bdi { (title.display()) } "\u{201d}"
                    }
                }
                a.button href=(link::page(site.front_page)) { "To the front page" }
            }
        }
    };
    let frame = Frame {
        site,
        name: problem.title,
        page: problem.page,
        tab: Tab::Other,
        unlisted: true,
        wide: false,
    };
    chrome::document(&frame, main, html! {})
}
