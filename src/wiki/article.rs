//! A page to be read, and the page that is not there yet.

use maud::{Markup, PreEscaped, html};

use super::chrome::{self, Frame, Tab};
use super::link;
use super::markdown::{self, Heading};
use super::title::Title;
use super::view::{ArticlePage, Overlap, Site};

/// Pages with fewer headings have no table of contents.
const HEADINGS_FOR_CONTENTS: usize = 4;

/// The most headings that a table of contents shows.
const MAX_CONTENTS: usize = 500;

/// A page to be read.
pub fn read(site: &Site<'_>, page: &ArticlePage<'_>) -> String {
    let name = page.title.display();
    // Sections of an older version are not those of the current one.
    let rendered = markdown::render(page.text, (!page.older).then_some(page.title));
    let main = html! {
        h1 { (name) }
        (notices(page))
        (overlaps(page))
        (other_versions(page))
        (contents(&rendered.contents))
        article.text dir="auto" {
            @if page.text.trim().is_empty() { p.empty { "This page is empty." } }
            (PreEscaped(&rendered.html))
        }
    };
    let frame = Frame {
        site,
        name: &name,
        page: Some(page.title),
        tab: Tab::Read,
        unlisted: page.older,
        wide: false,
    };
    chrome::document(&frame, main, footer(page))
}

/// The page that is not there yet, with an invitation to write it. To be
/// answered with status 404.
pub fn missing(site: &Site<'_>, title: &Title) -> String {
    let name = title.display();
    let main = html! {
        h1 { (name) }
        section.invitation {
            p.lead { "There is no page with this title yet." }
            p {
                "Whoever knows something about it can write the first version. Others can join in \
                 at the same time: what each of you writes is kept."
            }
            p { a.button.primary href=(link::action(title, "edit")) { "Write this page" } }
        }
    };
    let frame =
        Frame { site, name: &name, page: Some(title), tab: Tab::Read, unlisted: true, wide: false };
    chrome::document(&frame, main, html! {})
}

fn notices(page: &ArticlePage<'_>) -> Markup {
    html! {
        @if page.saved && page.overlaps.is_empty() {
            (chrome::notice("good", html! {
                p {
                    strong { "Your edit is saved." }
                    " It is kept safely, and everybody will see it."
                }
            }))
        }
        @if page.stale {
            (chrome::notice("warn", html! {
                p {
                    strong { "Shown from this edge\u{2019}s copy." }
                    " The exchange with the other places is interrupted, so edits made elsewhere \
                     in the meantime may be missing here. You can go on reading and writing."
                }
            }))
        }
        @if page.older {
            (chrome::notice("warn", html! {
                p {
                    strong { "An older version." } " "
                    a href=(link::page(page.title)) { "Read the current one" } ", or "
                    a href=(link::edit_version(page.title, page.id)) { "bring this text back" } "."
                }
            }))
        }
    }
}

/// That there is more than one version of something, to whoever reads.
fn other_versions(page: &ArticlePage<'_>) -> Markup {
    // Whoever has just met others is led there already.
    if page.alternatives == 0 || !page.overlaps.is_empty() {
        return html! {};
    }
    chrome::notice(
        "versions",
        html! {
            p {
                a href=(link::action(page.title, "alternatives")) {
                    (chrome::alternatives(page.alternatives))
                }
                @match page.not_shown {
                    0 => {},
                    1 => ", and what you wrote in one of them is not what is shown",
                    count => {
                        ", and what you wrote in " (count) " of them is not what is shown"
                    },
                }
                "."
            }
        },
    )
}

fn overlaps(page: &ArticlePage<'_>) -> Markup {
    if page.overlaps.is_empty() {
        return html! {};
    }
    html! {
        section.notice.overlaps aria-labelledby="overlapsTitle" {
            h2 id="overlapsTitle" {
                @if page.saved { "Saved \u{2013} and somebody else was at the same words" }
                @else { "Edits that met at the same words" }
            }
            p {
                "Nothing was thrown away: where two versions cannot stand side by side, the page \
                 shows one and keeps the other. Please read these places once more."
            }
            ol { @for overlap in page.overlaps { (overlap_item(page, overlap)) } }
            p.buttons {
                a.button href=(link::action(page.title, "alternatives")) {
                    "See the other versions"
                }
                a.button href=(link::action(page.title, "edit")) { "Edit the page" }
            }
        }
    }
}

fn overlap_item(page: &ArticlePage<'_>, overlap: &Overlap<'_>) -> Markup {
    let excerpt = &overlap.excerpt;
    html! {
        li {
            p.meta {
                (chrome::author(overlap.author)) ", "
                a href=(link::version(page.title, overlap.id)) { (chrome::time(overlap.at)) }
                " " (chrome::comment(overlap.comment))
            }
            blockquote.excerpt {
                "\u{2026}" (excerpt.before)
                @if excerpt.marked.is_empty() { mark.gone { "words removed here" } }
                @else { mark { (excerpt.marked) } }
                (excerpt.after) "\u{2026}"
            }
        }
    }
}

fn contents(headings: &[Heading]) -> Markup {
    if headings.len() < HEADINGS_FOR_CONTENTS {
        return html! {};
    }
    let top = headings.iter().map(|heading| heading.level).min().unwrap_or(1);
    html! {
        details.contents {
            summary { "Contents" }
            nav aria-label="Contents" {
                ul {
                    @for heading in headings.iter().take(MAX_CONTENTS) {
                        li.(depth_class(heading.level - top)) {
                            a href={ "#" (heading.id) } { (heading.text) }
                        }
                    }
                    @if headings.len() > MAX_CONTENTS { li { "\u{2026}" } }
                }
            }
        }
    }
}

fn depth_class(depth: u8) -> &'static str {
    match depth {
        0 => "d0",
        1 => "d1",
        _ => "d2",
    }
}

fn footer(page: &ArticlePage<'_>) -> Markup {
    let source = match page.older {
        true => link::raw_version(page.title, page.id),
        false => link::action(page.title, "raw"),
    };
    html! {
        p {
            @if let Some(change) = &page.last_change {
                "Last changed " (chrome::time(change.at)) " by " (chrome::author(change.author))
                @if !change.comment.is_empty() { " " (chrome::comment(change.comment)) }
                ". "
            }
            "Version " a href=(link::version(page.title, page.id)) { (page.id) } ", "
            a href=(source) { "source" } "."
        }
        @if page.pending {
            p.state {
                "Holds edits that are saved here at the edge and on their way to the origin."
            }
        }
    }
}
