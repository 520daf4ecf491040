//! Markdown to HTML that is safe to serve.
//!
//! CommonMark with tables, strikethrough, task lists, footnotes and
//! `[[wiki links]]`. Whatever the source says, the result holds only elements
//! made here, with attributes made here: raw HTML is shown as text, addresses
//! pass [`super::target`], everything else is escaped. No `style`, no `on...`,
//! no `class` or `id` of the author's choosing.
//!
//! Bounded: elements nest at most [`MAX_DEPTH`] deep (deeper ones are dropped,
//! their text stays); input stops at [`MAX_SOURCE_BYTES`] and output at
//! [`MAX_HTML_BYTES`], visibly. Neither parser
//! nor writer recurses with the nesting of the source.

use std::collections::HashMap;
use std::fmt::Write as _;

use maud::Escaper;
use pulldown_cmark::{Options, Parser};

use super::target;
use super::title::Title;

mod elements;
mod footnotes;
mod writer;

/// How deep elements of a page nest.
pub const MAX_DEPTH: usize = 64;

/// How much of a page's source is rendered. Ordinary pages take about 20 ns a
/// byte and hostile ones up to 170 (measured natively), and a request has 50 ms
/// for everything.
pub const MAX_SOURCE_BYTES: usize = 512 * 1024;

/// Where the HTML of one page stops. Ordinary prose grows by a quarter.
pub const MAX_HTML_BYTES: usize = 6 * 1024 * 1024;

/// A page's Markdown as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The elements, to stand inside an `article`. Safe as they are.
    pub html: String,
    /// The headings in order, for a table of contents.
    pub contents: Vec<Heading>,
    /// Whether the page was too long to be rendered whole.
    pub truncated: bool,
}

/// One heading of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6, as the source says.
    pub level: u8,
    /// Its plain text, not escaped.
    pub text: String,
    /// Its `id`: letters, digits and hyphens, unique on the page.
    pub id: String,
}

/// Renders a page. With `editable`, each section gets a link to its form.
///
/// Headings are one rank lower than in the source (`#` is an `h2`): the `h1`
/// of a page is its title.
pub fn render(source: &str, editable: Option<&Title>) -> Rendered {
    render_within(source, editable, MAX_HTML_BYTES)
}

fn render_within(source: &str, editable: Option<&Title>, limit: usize) -> Rendered {
    let mut writer = writer::Writer::new(source.len().min(MAX_SOURCE_BYTES), editable);
    let shown = beginning(source);
    let mut truncated = shown.len() < source.len();
    for event in Parser::new_ext(shown, syntax()) {
        if writer.written() > limit {
            truncated = true;
            break;
        }
        writer.event(event);
    }
    writer.finish(truncated)
}

/// Whole lines up to [`MAX_SOURCE_BYTES`]; a single longer line is cut itself.
fn beginning(source: &str) -> &str {
    if source.len() <= MAX_SOURCE_BYTES {
        return source;
    }
    let end = source.floor_char_boundary(MAX_SOURCE_BYTES);
    let end = source[..end].rfind('\n').map_or(end, |at| at + 1);
    &source[..end]
}

/// The syntax that pages are written in.
pub(super) fn syntax() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_WIKILINKS
}

/// Appends text, escaped for content and for double-quoted attributes alike.
///
/// The escaper looks at each byte; what has none of the four to be escaped goes
/// out in one piece.
fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"')) {
        let (plain, special) = rest.split_at(at);
        let (special, after) = special.split_at(1);
        out.push_str(plain);
        // Writing to a string cannot fail.
        let _ = Escaper::new(out).write_str(special);
        rest = after;
    }
    out.push_str(rest);
}

/// Gives each heading an `id` that no other has.
#[derive(Default)]
struct Slugs {
    used: HashMap<String, u32>,
}

impl Slugs {
    fn unique(&mut self, text: &str) -> String {
        let base = target::slug(text);
        let mut count = self.used.get(&base).copied().unwrap_or(0);
        let mut id = base.clone();
        while self.used.contains_key(&id) {
            count += 1;
            id = format!("{base}-{count}");
        }
        self.used.insert(base, count);
        self.used.entry(id.clone()).or_insert(0);
        id
    }
}

#[cfg(test)]
mod tests;
