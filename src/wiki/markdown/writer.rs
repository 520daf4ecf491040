//! Writes HTML from the parser's events.
//!
//! Every opened element has an entry on one explicit stack, so that whatever
//! ends early (a depth limit, the end of the budget) leaves the document well
//! formed. Text goes out through `text` alone, which escapes.

use std::fmt::Write as _;

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, LinkType, Tag};

use super::footnotes::Footnotes;
use super::{Heading, MAX_DEPTH, Rendered, Slugs, escape};
use crate::wiki::target::{self, Target};
use crate::wiki::title::Title;

/// What has been opened and how it is closed.
enum Open {
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
struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    head: bool,
}

/// An image whose alternative text is being read.
struct Image {
    source: Option<String>,
    title: String,
    alt: String,
    depth: usize,
}

pub(super) struct Writer<'t> {
    out: String,
    /// Bytes in the outputs that wait while a note is written.
    waiting: usize,
    open: Vec<Open>,
    table: Option<Table>,
    image: Option<Image>,
    heading_text: Option<String>,
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
            self.raw("<p class=\"cut\">This page is too long to be shown whole. Its source is complete.</p>\n");
        }
        self.notes.write_all(&mut self.out);
        Rendered { html: self.out, contents: self.contents, truncated }
    }

    /// Markup made here; left out of an image's alternative text.
    fn raw(&mut self, markup: &str) {
        if self.image.is_none() {
            self.out.push_str(markup);
        }
    }

    fn text(&mut self, text: &str) {
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

    fn element(&mut self, start: &str, end: &'static str) -> Open {
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
        if self.open.is_empty() {
            self.sections = self.sections.saturating_add(1);
            self.section_link(&text);
        }
        self.out.push_str("</div>\n");
        self.contents.push(Heading { level, text, id });
    }

    fn section_link(&mut self, text: &str) {
        let Some(title) = self.editable else { return };
        self.out.push_str("<a class=\"edit\" href=\"");
        escape(&mut self.out, &crate::wiki::link::edit_section(title, self.sections));
        self.out.push_str("\">edit<span class=\"unseen\"> section ");
        escape(&mut self.out, text);
        self.out.push_str("</span></a>");
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>) -> Open {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',', '\t']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'#');
        if language.is_empty() || language.len() > 32 || !language.bytes().all(known) {
            self.raw("<pre><code>");
        } else {
            let _ = write!(self.out, "<pre><code class=\"language-{language}\">");
        }
        Open::Element("</code></pre>\n")
    }

    fn list(&mut self, first: Option<u64>) -> Open {
        let end = match first {
            None => {
                self.raw("<ul>\n");
                "</ul>\n"
            }
            Some(first) => {
                let _ = match first {
                    1 => writeln!(self.out, "<ol>"),
                    _ => writeln!(self.out, "<ol start=\"{first}\">"),
                };
                "</ol>\n"
            }
        };
        Open::List(end)
    }

    fn table_row(&mut self, head: bool) -> Open {
        if let Some(table) = &mut self.table {
            table.column = 0;
            table.head = head;
        }
        if head {
            self.raw("<thead><tr>");
            Open::TableHead
        } else {
            self.element("<tr>", "</tr>\n")
        }
    }

    fn table_cell(&mut self) -> Open {
        let Some(table) = &mut self.table else { return Open::Nothing };
        let alignment = table.alignments.get(table.column).copied().unwrap_or(Alignment::None);
        table.column += 1;
        let name = if table.head { "th" } else { "td" };
        let class = match alignment {
            Alignment::None | Alignment::Left => "",
            Alignment::Center => " class=\"center\"",
            Alignment::Right => " class=\"right\"",
        };
        let _ = write!(self.out, "<{name}{class}>");
        Open::TableCell
    }

    fn link(&mut self, kind: LinkType, address: &str, title: &str) -> Open {
        let target = match kind {
            LinkType::WikiLink { .. } => target::wiki(address),
            LinkType::Email => target::mail(address),
            _ => target::link(address),
        };
        let Some(Target { href, external }) = target else {
            return self.element("<span class=\"dead\">", "</span>");
        };
        self.out.push_str("<a href=\"");
        escape(&mut self.out, &href);
        self.out.push('"');
        if external {
            self.out.push_str(" class=\"external\" rel=\"nofollow noopener\"");
        }
        self.attribute("title", title);
        self.out.push('>');
        Open::Element("</a>")
    }

    fn start_image(&mut self, kind: LinkType, address: &str, title: CowStr<'_>) {
        if matches!(kind, LinkType::WikiLink { .. }) {
            // There are no files to embed: `![[x]]` is a link.
            let open = self.link(kind, address, &title);
            self.open.push(open);
            return;
        }
        let source = target::image(address);
        let (title, alt) = (title.into_string(), String::new());
        self.image = Some(Image { source, title, alt, depth: 0 });
    }

    /// An image, or its alternative text where it must not be loaded.
    fn write_image(&mut self, image: Image) {
        let Some(source) = image.source else { return self.text(&image.alt) };
        if let Some(heading) = &mut self.heading_text {
            heading.push_str(&image.alt);
        }
        self.out.push_str("<img src=\"");
        escape(&mut self.out, &source);
        self.out.push_str("\" alt=\"");
        escape(&mut self.out, &image.alt);
        self.out.push_str("\" loading=\"lazy\" referrerpolicy=\"no-referrer\"");
        self.attribute("title", &image.title);
        self.out.push('>');
    }

    fn attribute(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            let _ = write!(self.out, " {name}=\"");
            escape(&mut self.out, value);
            self.out.push('"');
        }
    }
}
