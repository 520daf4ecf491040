//! What surrounds every page: head, header, tabs, footer, and the small pieces
//! that several pages share.
//!
//! Ids made here hold a capital letter, which no heading's id does.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::link;
use super::style;
use super::time::Moment;
use super::title::Title;
use super::view::{Author, Site};

/// The tab that a page stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Read,
    Edit,
    History,
    /// None of them.
    Other,
}

/// What a document is about.
pub(super) struct Frame<'a> {
    pub(super) site: &'a Site<'a>,
    /// The window's title, before the wiki's name.
    pub(super) name: &'a str,
    /// The page whose tabs are shown.
    pub(super) page: Option<&'a Title>,
    pub(super) tab: Tab,
    /// Whether search engines should pass over it.
    pub(super) unlisted: bool,
    /// Whether the text may use the whole width.
    pub(super) wide: bool,
}

/// A whole document.
pub(super) fn document(frame: &Frame<'_>, main: Markup, footer: Markup) -> String {
    let site = frame.site;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if frame.unlisted { meta name="robots" content="noindex, nofollow"; }
                title { (frame.name) " \u{2013} " (site.name) }
                link rel="icon" type="image/svg+xml" href=(style::icon_href());
                link rel="stylesheet" href=(style::href());
            }
            body {
                a.skip href="#pageContent" { "Skip to the content" }
                header.top {
                    a.site href=(link::page(site.front_page)) { (site.name) }
                    @if let Some(title) = frame.page { (tabs(title, frame.tab)) }
                }
                main id="pageContent" tabindex="-1" class=[frame.wide.then_some("wide")] { (main) }
                footer.bottom { (footer) (license(site)) }
            }
        }
    }
    .into_string()
}

fn tabs(title: &Title, current: Tab) -> Markup {
    let tab = |tab, address: String, text| {
        html! { a href=(address) aria-current=[(tab == current).then_some("page")] { (text) } }
    };
    html! {
        nav.tabs aria-label="This page" {
            (tab(Tab::Read, link::page(title), "Read"))
            (tab(Tab::Edit, link::action(title, "edit"), "Edit"))
            (tab(Tab::History, link::action(title, "history"), "History"))
        }
    }
}

fn license(site: &Site<'_>) -> Markup {
    let Some(license) = site.license.filter(|license| !license.title.is_empty()) else {
        return PreEscaped(String::new());
    };
    let address = super::target::link(license.url).filter(|target| target.external);
    html! {
        p {
            "Text under "
            @match address {
                Some(target) => a rel="license" href=(target.href) { (license.title) },
                None => (license.title),
            }
            "."
        }
    }
}

/// A moment, for people and programs.
pub(super) fn time(at: Moment) -> Markup {
    html! { time datetime=(at.iso()) { (at.words()) } }
}

/// An author's name, kept from reordering the text around it.
pub(super) fn author(author: Author<'_>) -> Markup {
    match author {
        Author::Anonymous => html! { span.nobody { "Anonymous" } },
        Author::Named(name) => html! { bdi.author { (name) } },
        Author::Origin => html! { span.nobody { "The origin" } },
    }
}

/// An author's comment, if there is one.
pub(super) fn comment(comment: &str) -> Markup {
    html! { @if !comment.is_empty() { q.comment { bdi { (comment) } } } }
}

/// A message in a box above the content.
pub(super) fn notice(class: &'static str, text: Markup) -> Markup {
    html! { div.notice.(class) role="note" { (text) } }
}

/// How many passages of a page have another version, in words.
pub(super) fn alternatives(count: usize) -> String {
    match count {
        1 => "1 passage has another version".to_owned(),
        count => format!("{count} passages have other versions"),
    }
}

/// A number with thin spaces between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}
