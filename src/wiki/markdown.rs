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
//! [`MAX_HTML_BYTES`], visibly. Neither parser nor writer recurses with the nesting of the source.

mod elements;
mod escape;
mod footnotes;
mod rendered;
mod slugs;
mod writer;

use pulldown_cmark::{Options, Parser};

use super::title::Title;

pub use rendered::{Heading, Rendered};
pub use writer::MAX_DEPTH;

/// How much of a page's source is rendered. Ordinary pages take about 20 ns a
/// byte and hostile ones up to 170 (measured natively), and a request has 50 ms
/// for everything.
pub const MAX_SOURCE_BYTES: usize = 512 * 1024;

/// Where the HTML of one page stops. Ordinary prose grows by a quarter.
pub const MAX_HTML_BYTES: usize = 6 * 1024 * 1024;

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

#[cfg(test)]
mod tests;
