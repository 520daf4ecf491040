//! The elements that take more than a tag: code, lists, tables, links, images.
//!
//! Every address comes from [`target`], every other word of the author's is
//! escaped.

use std::fmt::Write as _;

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, LinkType};

use super::escape::escape;
use super::writer::{Image, Open, Writer};
use crate::wiki::target::{self, Target};

impl Writer<'_> {
    pub(super) fn code_block(&mut self, kind: &CodeBlockKind<'_>) -> Open {
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

    pub(super) fn list(&mut self, first: Option<u64>) -> Open {
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

    pub(super) fn table_row(&mut self, head: bool) -> Open {
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

    pub(super) fn table_cell(&mut self) -> Open {
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

    pub(super) fn link(&mut self, kind: LinkType, address: &str, title: &str) -> Open {
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

    pub(super) fn start_image(&mut self, kind: LinkType, address: &str, title: CowStr<'_>) {
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
    pub(super) fn write_image(&mut self, image: Image) {
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
