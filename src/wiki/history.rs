//! A page's saves, and what changed between two of its versions.
//!
//! Signs as well as colours tell what was added and removed, and `ins` and
//! `del` tell it to those who see neither.

use maud::{Markup, html};

use super::chrome::{self, Frame, Tab};
use super::diff::{Part, Row};
use super::link;
use super::title::Title;
use super::view::{DiffPage, HistoryPage, HistoryRow, RowKind, Site};

/// What is said of a save of which the page shows another version.
const HIDDEN: &str = "part of it is not shown";

/// A page's saves, newest first, with a form to compare two of them.
pub fn history(site: &Site<'_>, page: &HistoryPage<'_>) -> String {
    let name = page.title.display();
    let main = html! {
        h1 { "History of " bdi { (name) } }
        (alternatives(page))
        @if page.rows.is_empty() {
            p.empty { "There are no saves here." }
        } @else {
            form method="get" action=(link::page(page.title)) {
                input type="hidden" name="action" value="diff";
                div.buttons {
                    button type="submit" { "Compare the chosen versions" }
                    (paging(page))
                }
                ol.history {
                    @for (index, row) in page.rows.iter().enumerate() {
                        (history_row(page, index, row))
                    }
                }
                div.buttons { (paging(page)) }
            }
        }
    };
    let window = format!("History of {name}");
    let frame = Frame {
        site,
        name: &window,
        page: Some(page.title),
        tab: Tab::History,
        unlisted: true,
        wide: true,
    };
    chrome::document(&frame, main, html! {})
}

fn alternatives(page: &HistoryPage<'_>) -> Markup {
    let count = page.alternatives;
    html! {
        @if count > 0 {
            p.hint {
                a href=(link::action(page.title, "alternatives")) { (chrome::alternatives(count)) }
                "."
            }
        }
    }
}

fn paging(page: &HistoryPage<'_>) -> Markup {
    let newest = page.rows.first().filter(|_| page.newer);
    let oldest = page.rows.last().filter(|_| page.older);
    html! {
        @if newest.is_some() || oldest.is_some() {
            nav.paging aria-label="Other parts of the history" {
                @if let Some(row) = newest {
                    a rel="prev" href=(link::history_after(page.title, row.id)) { "Newer" }
                }
                @if let Some(row) = oldest {
                    a rel="next" href=(link::history_before(page.title, row.id)) { "Older" }
                }
            }
        }
    }
}

fn history_row(page: &HistoryPage<'_>, index: usize, row: &HistoryRow<'_>) -> Markup {
    let words = row.at.words();
    html! {
        li {
            span.choice {
                (radio("from", "older", row.id, index == 1, &words))
                (radio("to", "newer", row.id, index == 0, &words))
            }
            div.save {
                p.meta {
                    a href=(link::version(page.title, row.id)) { (chrome::time(row.at)) } " "
                    (chrome::author(row.author)) " "
                    (size(row)) " "
                    (marks(page, row))
                }
                @if !row.comment.is_empty() { p { (chrome::comment(row.comment)) } }
                p.links {
                    @if let Some(parent) = row.parent {
                        a href=(link::diff(page.title, parent, row.id)) { "what changed" }
                    }
                    @if row.id != page.latest {
                        a href=(link::diff(page.title, row.id, page.latest)) { "compare with now" }
                    }
                }
            }
        }
    }
}

fn radio(name: &'static str, label: &'static str, id: u64, checked: bool, when: &str) -> Markup {
    html! {
        input type="radio" name=(name) value=(id) checked[checked]
            aria-label={ "Version of " (when) " as the " (label) " one" }
            title={ "The " (label) " version" };
    }
}

fn size(row: &HistoryRow<'_>) -> Markup {
    html! {
        span.size { (chrome::grouped(row.bytes)) " bytes" }
        @if let Some(delta) = row.bytes_delta {
            " "
            @match delta {
                0 => span.delta { "\u{b1}0" },
                1.. => span.delta.plus { "+" (chrome::grouped(delta.unsigned_abs())) },
                _ => span.delta.minus { "\u{2212}" (chrome::grouped(delta.unsigned_abs())) },
            }
        }
    }
}

fn marks(page: &HistoryPage<'_>, row: &HistoryRow<'_>) -> Markup {
    html! {
        @if row.id == page.latest { span.chip.good { "current" } " " }
        @if row.minor { span.chip { "minor" } " " }
        @match row.kind {
            RowKind::Edit => {},
            RowKind::Import => span.chip { "made at the origin" },
            RowKind::Base => span.chip { "first seen here" },
            RowKind::Suppress => span.chip { "holds back another edit" },
            RowKind::Release => span.chip { "releases another edit" },
            RowKind::Erase => span.chip { "erases another edit" },
        }
        @if row.overlapped { " " span.chip.warn { "met another edit" } }
        @if row.open {
            " "
            a.chip.warn href=(link::action(page.title, "alternatives")) { (HIDDEN) }
        } @else if row.hidden { " " span.chip { (HIDDEN) } }
        @match row.at_origin {
            Some(revision) => {
                " "
                span.chip.quiet title={ "The origin\u{2019}s revision " (revision) } {
                    "at the origin"
                }
            },
            None => { " " span.chip.quiet { "on its way to the origin" } },
        }
    }
}

/// Two versions compared.
pub fn diff(site: &Site<'_>, page: &DiffPage<'_>) -> String {
    let name = page.title.display();
    let main = html! {
        h1 { "Changes in " bdi { (name) } }
        div.versions {
            (side(page.title, "Older version", &page.from))
            (side(page.title, "Newer version", &page.to))
        }
        (table(page.rows, "Changes, line by line"))
    };
    let window = format!("Changes in {name}");
    let frame = Frame {
        site,
        name: &window,
        page: Some(page.title),
        tab: Tab::History,
        unlisted: true,
        wide: true,
    };
    chrome::document(&frame, main, html! {})
}

fn side(title: &Title, label: &'static str, row: &HistoryRow<'_>) -> Markup {
    html! {
        section aria-label=(label) {
            p.label { (label) }
            p.meta {
                a href=(link::version(title, row.id)) { (chrome::time(row.at)) }
                " " (chrome::author(row.author))
                @if row.minor { " " span.chip { "minor" } }
            }
            @if !row.comment.is_empty() { p { (chrome::comment(row.comment)) } }
        }
    }
}

/// The rows of a diff as a table.
pub(super) fn table(rows: &[Row<'_>], caption: &'static str) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { "The texts are the same." } };
    }
    html! {
        table.diff {
            caption.unseen { (caption) }
            thead.unseen { tr {
                th scope="col" { "Old line" } th scope="col" { "New line" }
                th scope="col" { "Sign" } th scope="col" { "Text" }
            } }
            tbody { @for row in rows { (diff_row(row)) } }
        }
    }
}

fn diff_row(row: &Row<'_>) -> Markup {
    match row {
        Row::Same { old, new, text } => html! {
            tr { td.line { (old) } td.line { (new) } td.sign {} td.code { (text) } }
        },
        Row::Removed { old, parts } => html! {
            tr.removed { td.line { (old) } td.line {} td.sign { "\u{2212}" } td.code {
                @for part in parts { @if part.marked { del { (part.text) } } @else { (part.text) } }
                @if blank(parts) { del.end { "\u{21b5}" } }
            } }
        },
        Row::Added { new, parts } => html! {
            tr.added { td.line {} td.line { (new) } td.sign { "+" } td.code {
                @for part in parts { @if part.marked { ins { (part.text) } } @else { (part.text) } }
                @if blank(parts) { ins.end { "\u{21b5}" } }
            } }
        },
        Row::Folded(lines) => html! {
            tr.folded { td colspan="4" { (lines) " unchanged lines" } }
        },
        Row::Cut => html! {
            tr.folded { td colspan="4" { "There is more, too much to be shown." } }
        },
    }
}

fn blank(parts: &[Part<'_>]) -> bool {
    parts.iter().all(|part| part.text.is_empty())
}
