//! MediaWiki's REST shapes: what `/rest.php/v1/page` takes and gives.
//!
//! The member names, error keys and status codes are those of MediaWiki 1.39,
//! so that its clients work unmodified. Extensions, which those clients
//! ignore: `overlaps` in the answer to a save that met a concurrent edit, or in the next one to its
//! session, `hidden` of a save that is not shown whole, and `/alternatives`; and those that only
//! who asks for them gets: `policy`, `If-Match` and `If-None-Match` of saves, and the two texts in
//! the error where one is not met.
//!
//! Bodies are made with [`to_body`], straight from borrowed texts. Times are
//! ISO 8601 in whole seconds, UTC.

use redwedding_wire::version::text_check;
use serde::Serialize;

use super::link;
use super::time::{Iso, Moment};
use super::title::Title;
use super::view;

mod error;
mod precondition;
mod request;
mod unmet;

pub use error::RestError;
pub use precondition::{Precondition, parse_precondition};
pub use request::{Base, CreateRequest, Policy, UpdateRequest, parse_create, parse_update};
pub use unmet::RestUnmet;

/// The content model of the built-in wiki's pages.
pub const CONTENT_MODEL: &str = "markdown";

/// The most revisions in one answer, as in MediaWiki.
pub const HISTORY_ROWS: usize = 20;

/// A page: `GET /page/{title}`, its `/bare`, and the answer to a save.
#[derive(Clone, Debug, Serialize)]
pub struct RestPage<'a> {
    /// A number for the page. It means nothing but sameness.
    pub id: u64,
    /// The canonical title.
    pub key: &'a str,
    /// The title as people read it.
    pub title: String,
    /// The version that this is.
    pub latest: Latest,
    /// See [`CONTENT_MODEL`].
    pub content_model: &'static str,
    /// The licence of the text.
    pub license: RestLicense<'a>,
    /// The Markdown source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    /// Where the HTML is, in place of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html_url: Option<String>,
    /// Where this save met others'. Left out if nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<RestOverlap<'a>>,
    /// In how many passages the page shows another version than the reader's own: they are among
    /// the alternatives until somebody decides. Left out if in none.
    #[serde(skip_serializing_if = "is_none_of")]
    pub not_shown: usize,
}

fn is_none_of(count: &usize) -> bool {
    *count == 0
}

/// A version and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Latest {
    /// The version's id.
    pub id: u64,
    /// When it came about.
    pub timestamp: Iso,
    /// Check bits of its text, which a save may send along with the id. Ours.
    pub check: u32,
}

/// A licence; both members are empty where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RestLicense<'a> {
    /// Its address.
    pub url: &'a str,
    /// Its name.
    pub title: &'a str,
}

/// A concurrent edit that touched the same words.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RestOverlap<'a> {
    /// The other edit.
    pub with: With<'a>,
    /// Where in the returned source, in characters: first and one past the last.
    pub range: [u64; 2],
    /// The text there with some around it.
    pub excerpt: RestExcerpt<'a>,
}

/// The edit that was met.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct With<'a> {
    /// The version right after it.
    pub id: u64,
    /// When it was made.
    pub timestamp: Iso,
    /// Who made it.
    pub user: User<'a>,
    /// Its comment.
    pub comment: &'a str,
}

/// A few words, the common ones apart.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RestExcerpt<'a> {
    /// What stands before them.
    pub before: &'a str,
    /// The words themselves.
    pub marked: &'a str,
    /// What stands after them.
    pub after: &'a str,
}

/// An author. Nobody here has a number; no address is ever named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct User<'a> {
    /// Always `null`.
    pub id: Option<u64>,
    /// A name, or `Anonymous`.
    pub name: &'a str,
}

/// A page's saves: `GET /page/{title}/history`.
#[derive(Clone, Debug, Serialize)]
pub struct RestHistory<'a> {
    /// Newest first, at most [`HISTORY_ROWS`].
    pub revisions: Vec<RestRevision<'a>>,
    /// Where the newest ones are.
    pub latest: String,
    /// Where older ones are, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<String>,
    /// Where newer ones are, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer: Option<String>,
}

/// Passages of which there is another version: `GET /page/{title}/alternatives`.
#[derive(Clone, Debug, Serialize)]
pub struct RestAlternatives<'a> {
    /// The version of the text that the ranges are in.
    pub latest: Latest,
    /// Oldest first.
    pub alternatives: Vec<RestAlternative<'a>>,
    /// Those of saves that the log does not hold yet: it decides which version stays. Their ranges
    /// are in the text that is shown until then. Left out if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<RestAlternative<'a>>,
}

/// What a save made of a passage of which the page shows another version.
#[derive(Clone, Debug, Serialize)]
pub struct RestAlternative<'a> {
    /// Its name: a save that has it among its `closes` has decided about it. Left out where there
    /// is nothing to decide yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version right after the save; `null` if the log does not have it yet.
    pub id: Option<u64>,
    /// Who saved.
    pub user: User<'a>,
    /// When.
    pub timestamp: Iso,
    /// The author's comment.
    pub comment: &'a str,
    /// As in [`RestOverlap`].
    pub range: [u64; 2],
    /// What the page shows there.
    pub shown: &'a str,
    /// What the save made of it; empty if it deleted it.
    pub alternative: &'a str,
    /// Where the page has the same lines, if the save moved them here: whoever uses this version
    /// takes them away there. As `range`; left out if there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<[u64; 2]>,
}

/// One save.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RestRevision<'a> {
    /// The version right after it.
    pub id: u64,
    /// When it was accepted.
    pub timestamp: Iso,
    /// Whether the author called it minor.
    pub minor: bool,
    /// The page's size after it, in bytes.
    pub size: u64,
    /// The author's comment.
    pub comment: &'a str,
    /// The author.
    pub user: User<'a>,
    /// What it added to the size; `null` if that is not known.
    pub delta: Option<i64>,
    /// Whether the page shows another version of a part of it. Left out if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl<'a> RestPage<'a> {
    /// The page with its source.
    pub fn with_source(
        page_id: u64,
        title: &'a Title,
        latest: Latest,
        license: RestLicense<'a>,
        source: &'a str,
    ) -> Self {
        Self {
            id: page_id,
            key: title.as_str(),
            title: title.display(),
            latest,
            content_model: CONTENT_MODEL,
            license,
            source: Some(source),
            html_url: None,
            overlaps: Vec::new(),
            not_shown: 0,
        }
    }

    /// The page with the address of its HTML in place of the source. `base` is
    /// the edge's own address, such as `https://wiki.example`.
    pub fn bare(
        page_id: u64,
        title: &'a Title,
        latest: Latest,
        license: RestLicense<'a>,
        base: &str,
    ) -> Self {
        let html_url = Some(format!("{base}{}/html", page_path(title)));
        Self { source: None, html_url, ..Self::with_source(page_id, title, latest, license, "") }
    }

    /// Adds the report of what a save met.
    pub fn met(mut self, overlaps: &[view::Overlap<'a>]) -> Self {
        self.overlaps = overlaps.iter().map(RestOverlap::from).collect();
        self
    }

    /// Adds in how many passages the reader's own version is not shown.
    pub fn not_shown(self, not_shown: usize) -> Self {
        Self { not_shown, ..self }
    }
}

impl<'a> RestHistory<'a> {
    /// What the history page shows, for programs. `base` as in [`RestPage::bare`].
    pub fn new(page: &view::HistoryPage<'a>, base: &str) -> Self {
        let latest = format!("{base}{}/history", page_path(page.title));
        let from = |parameter: &str, row: &view::HistoryRow<'_>| {
            format!("{latest}?{parameter}={}", row.id)
        };
        Self {
            revisions: page.rows.iter().map(RestRevision::from).collect(),
            older: page.rows.last().filter(|_| page.older).map(|row| from("older_than", row)),
            newer: page.rows.first().filter(|_| page.newer).map(|row| from("newer_than", row)),
            latest,
        }
    }
}

impl<'a> RestAlternatives<'a> {
    /// The alternatives of the page at a version, and those that are not decided.
    pub fn new(
        latest: Latest,
        alternatives: &[view::Alternative<'a>],
        undecided: &[view::Alternative<'a>],
    ) -> Self {
        let [alternatives, undecided] =
            [alternatives, undecided].map(|all| all.iter().map(RestAlternative::from).collect());
        Self { latest, alternatives, undecided }
    }
}

impl Latest {
    /// A version, its text and its time.
    pub fn new(id: u64, text: &str, at: Moment) -> Self {
        Self { id, check: text_check(text), timestamp: at.iso() }
    }
}

impl<'a> From<view::License<'a>> for RestLicense<'a> {
    fn from(license: view::License<'a>) -> Self {
        Self { url: license.url, title: license.title }
    }
}

impl<'a> From<view::Author<'a>> for User<'a> {
    fn from(author: view::Author<'a>) -> Self {
        let name = match author {
            view::Author::Anonymous => "Anonymous",
            view::Author::Named(name) => name,
            view::Author::Origin => "Origin",
        };
        Self { id: None, name }
    }
}

impl<'a> From<&view::Overlap<'a>> for RestOverlap<'a> {
    fn from(overlap: &view::Overlap<'a>) -> Self {
        let view::Excerpt { before, marked, after } = overlap.excerpt;
        Self {
            with: With {
                id: overlap.id,
                timestamp: overlap.at.iso(),
                user: overlap.author.into(),
                comment: overlap.comment,
            },
            range: [overlap.start, overlap.end],
            excerpt: RestExcerpt { before, marked, after },
        }
    }
}

impl<'a> From<&view::Alternative<'a>> for RestAlternative<'a> {
    fn from(alternative: &view::Alternative<'a>) -> Self {
        Self {
            name: alternative.name.map(|name| name.to_string()),
            id: alternative.id,
            user: alternative.author.into(),
            timestamp: alternative.at.iso(),
            comment: alternative.comment,
            range: [alternative.start, alternative.end],
            shown: alternative.shown.marked,
            alternative: alternative.text,
            elsewhere: alternative.elsewhere.as_ref().map(|it| [it.start, it.end]),
        }
    }
}

impl<'a> From<&view::HistoryRow<'a>> for RestRevision<'a> {
    fn from(row: &view::HistoryRow<'a>) -> Self {
        Self {
            id: row.id,
            timestamp: row.at.iso(),
            minor: row.minor,
            size: row.bytes,
            comment: row.comment,
            user: row.author.into(),
            delta: row.bytes_delta,
            hidden: row.hidden,
        }
    }
}

/// The path of a page's REST resource.
pub fn page_path(title: &Title) -> String {
    format!("/rest.php/v1/page/{}", title.to_segment())
}

/// The HTML of `GET /page/{title}/html`: a document of the text alone.
pub fn html(title: &Title, source: &str) -> String {
    use maud::{DOCTYPE, PreEscaped, html};
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title.display()) }
                link rel="canonical" href=(link::page(title));
            }
            body { (PreEscaped(super::markdown::render(source, None).html)) }
        }
    }
    .into_string()
}

/// The JSON of any answer of this module, `application/json`.
pub fn to_body<T: Serialize>(answer: &T) -> Vec<u8> {
    // The types here serialise to memory without a way to fail.
    serde_json::to_vec(answer).unwrap_or_default()
}

#[cfg(test)]
mod tests;
