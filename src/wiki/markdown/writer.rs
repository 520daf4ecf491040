//! Writes HTML from the parser's events.
//!
//! Every opened element has an entry on one explicit stack, so that whatever
//! ends early (a depth limit, the end of the budget) leaves the document well
//! formed. Text goes out through `text` alone, which escapes.

use std::fmt::Write as _;

use pulldown_cmark::{Alignment, Event, Tag};

use super::escape::escape;
use super::footnotes::Footnotes;
use super::rendered::{Heading, Rendered};
use super::slugs::Slugs;
use crate::wiki::title::Title;

/// How deep elements of a page nest.
pub const MAX_DEPTH: usize = 64;

/// What has been opened and how it is closed.
pub(super) enum Open {
    /// Nothing was written: it was too deep, or must not be shown.
    Nothing,
    /// Written out; this closes it.
    Element(&'static str),
    /// `ul` or `ol`, whose items may be written.
    List(&'static str),
    /// A heading; its content starts at this byte of the output.
    Heading {
        level: u8,
        start: usize,
    },
    /// A note; what was written before it waits here.
    Footnote {
        number: usize,
        before: String,
    },
    /// A table, its head, or one of its cells.
    Table,
    TableHead,
    TableCell,
}

/// The table being written.
pub(super) struct Table {
    pub(super) alignments: Vec<Alignment>,
    pub(super) column: usize,
    pub(super) head: bool,
}

/// An image whose alternative text is being read.
pub(super) struct Image {
    pub(super) source: Option<String>,
    pub(super) title: String,
    pub(super) alt: String,
    pub(super) depth: usize,
}

/// The page as far as it is written.
pub(super) struct Writer<'t> {
    pub(super) out: String,
    /// Bytes in the outputs that wait while a note is written.
    waiting: usize,
    pub(super) open: Vec<Open>,
    pub(super) table: Option<Table>,
    pub(super) image: Option<Image>,
    pub(super) heading_text: Option<String>,
    contents: Vec<Heading>,
    slugs: Slugs,
    notes: Footnotes,
    editable: Option<&'t Title>,
    sections: u32,
}

impl<'t> Writer<'t> {
    pub(super) fn new(source_bytes: usize, editable: Option<&'t Title>) -> Self {
        Self {
            out: String::with_capacity(source_bytes + source_bytes / 4),
            waiting: 0,
            open: Vec::new(),
            table: None,
            image: None,
            heading_text: None,
            contents: Vec::new(),
            slugs: Slugs::default(),
            notes: Footnotes::default(),
            editable,
            sections: 0,
        }
    }

    /// How much has been written.
    pub(super) fn written(&self) -> usize {
        self.out.len() + self.waiting + self.notes.written()
    }

    pub(super) fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.text(&text),
            Event::Code(text) => {
                self.raw("<code>");
                self.text(&text);
                self.raw("</code>");
            }
            Event::FootnoteReference(name) if self.image.is_none() => {
                self.notes.write_reference(&mut self.out, &name);
            }
            Event::FootnoteReference(_) => {}
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak if self.image.is_none() => self.raw("<br>\n"),
            Event::HardBreak => self.text("\n"),
            Event::Rule => self.raw("<hr>\n"),
            Event::TaskListMarker(true) => self.raw("<input type=\"checkbox\" disabled checked> "),
            Event::TaskListMarker(false) => self.raw("<input type=\"checkbox\" disabled> "),
        }
    }

    /// Closes what is open, adds the notes, and gives the result.
    pub(super) fn finish(mut self, truncated: bool) -> Rendered {
        self.image = None;
        while let Some(open) = self.open.pop() {
            self.close(open);
        }
        if truncated {
            self.raw(
                "<p class=\"cut\">This page is too long to be shown whole. \
                 Its source is complete.</p>\n",
            );
        }
        self.notes.write_all(&mut self.out);
        Rendered { html: self.out, contents: self.contents, truncated }
    }

    /// Markup made here; left out of an image's alternative text.
    pub(super) fn raw(&mut self, markup: &str) {
        if self.image.is_none() {
            self.out.push_str(markup);
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if let Some(image) = &mut self.image {
            image.alt.push_str(text);
            return;
        }
        if let Some(heading) = &mut self.heading_text {
            heading.push_str(text);
        }
        escape(&mut self.out, text);
    }

    fn start(&mut self, tag: Tag<'_>) {
        if let Some(image) = &mut self.image {
            image.depth += 1;
            return;
        }
        if let Tag::Image { link_type, dest_url, title, .. } = tag {
            return self.start_image(link_type, &dest_url, title);
        }
        let open = if self.fits(&tag) { self.opened(tag) } else { Open::Nothing };
        self.open.push(open);
    }

    /// Whether the element may be written here. Parts of a list or a table go
    /// with the whole.
    fn fits(&self, tag: &Tag<'_>) -> bool {
        match tag {
            Tag::Item => matches!(self.open.last(), Some(Open::List(_))),
            Tag::TableHead | Tag::TableRow | Tag::TableCell => self.table.is_some(),
            _ => self.open.len() < MAX_DEPTH,
        }
    }

    fn opened(&mut self, tag: Tag<'_>) -> Open {
        match tag {
            Tag::Paragraph => self.element("<p>", "</p>\n"),
            Tag::BlockQuote(_) => self.element("<blockquote>\n", "</blockquote>\n"),
            Tag::HtmlBlock => self.element("<pre class=\"raw\">", "</pre>\n"),
            Tag::Item => self.element("<li>", "</li>\n"),
            Tag::Emphasis => self.element("<em>", "</em>"),
            Tag::Strong => self.element("<strong>", "</strong>"),
            Tag::Strikethrough => self.element("<del>", "</del>"),
            Tag::Superscript => self.element("<sup>", "</sup>"),
            Tag::Subscript => self.element("<sub>", "</sub>"),
            Tag::Heading { level, .. } => {
                self.heading_text = Some(String::new());
                Open::Heading { level: level as u8, start: self.out.len() }
            }
            Tag::CodeBlock(kind) => self.code_block(&kind),
            Tag::List(first) => self.list(first),
            Tag::Link { link_type, dest_url, title, .. } => self.link(link_type, &dest_url, &title),
            Tag::FootnoteDefinition(name) => {
                let before = std::mem::take(&mut self.out);
                self.waiting += before.len();
                Open::Footnote { number: self.notes.number(&name), before }
            }
            Tag::Table(alignments) => {
                self.raw("<div class=\"table\"><table>\n");
                self.table = Some(Table { alignments, column: 0, head: false });
                Open::Table
            }
            Tag::TableHead => self.table_row(true),
            Tag::TableRow => self.table_row(false),
            Tag::TableCell => self.table_cell(),
            _ => Open::Nothing,
        }
    }

    pub(super) fn element(&mut self, start: &str, end: &'static str) -> Open {
        self.raw(start);
        Open::Element(end)
    }

    fn end(&mut self) {
        if let Some(mut image) = self.image.take() {
            if image.depth == 0 {
                self.write_image(image);
            } else {
                image.depth -= 1;
                self.image = Some(image);
            }
        } else if let Some(open) = self.open.pop() {
            self.close(open);
        }
    }

    fn close(&mut self, open: Open) {
        match open {
            Open::Nothing => {}
            Open::Element(end) | Open::List(end) => self.raw(end),
            Open::Heading { level, start } => self.close_heading(level, start),
            Open::Footnote { number, before } => {
                self.waiting -= before.len();
                let text = std::mem::replace(&mut self.out, before);
                self.notes.define(number, text);
            }
            Open::Table => {
                self.raw("</tbody></table></div>\n");
                self.table = None;
            }
            Open::TableHead => {
                self.raw("</tr></thead>\n<tbody>\n");
                if let Some(table) = &mut self.table {
                    table.head = false;
                }
            }
            Open::TableCell => {
                let head = self.table.as_ref().is_some_and(|table| table.head);
                self.raw(if head { "</th>" } else { "</td>" });
            }
        }
    }

    fn close_heading(&mut self, level: u8, start: usize) {
        let content = self.out.split_off(start);
        let text = self.heading_text.take().unwrap_or_default();
        let id = self.slugs.unique(&text);
        let rank = (level + 1).min(6);
        let _ = write!(self.out, "<div class=\"heading\"><h{rank} id=\"{id}\">{content}</h{rank}>");
        let _ = write!(self.out, "<a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to ");
        escape(&mut self.out, &text);
        self.out.push_str("\">#</a>");
        // Everything inside was closed before: on the page itself, nothing is open.
        let section = self.open.is_empty().then(|| {
            self.sections = self.sections.saturating_add(1);
            self.section_link(&text);
            self.sections
        });
        self.out.push_str("</div>\n");
        self.contents.push(Heading { level, text, id, section });
    }

    fn section_link(&mut self, text: &str) {
        let Some(title) = self.editable else { return };
        self.out.push_str("<a class=\"edit\" href=\"");
        escape(&mut self.out, &crate::wiki::link::edit_section(title, self.sections));
        self.out.push_str("\">edit<span class=\"unseen\"> section ");
        escape(&mut self.out, text);
        self.out.push_str("</span></a>");
    }
}
