//! Footnotes: numbered in the order in which they are first met, collected
//! from wherever they are defined, written at the end of the page.
//!
//! Names are the author's; ids are numbers, so that a name can neither clash
//! with an id of the page nor carry anything into an attribute.

use std::collections::HashMap;
use std::fmt::Write as _;

/// The footnotes of one page.
#[derive(Default)]
pub(super) struct Footnotes {
    numbers: HashMap<String, usize>,
    references: Vec<u32>,
    texts: Vec<(usize, String)>,
    bytes: usize,
}

impl Footnotes {
    /// How much HTML is collected here.
    pub(super) fn written(&self) -> usize {
        self.bytes
    }

    /// The number of the note with this name.
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.references.push(0);
        let number = self.references.len();
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Appends a reference to a note.
    pub(super) fn write_reference(&mut self, out: &mut String, name: &str) {
        let number = self.number(name);
        let Some(count) = self.references.get_mut(number - 1) else { return };
        *count += 1;
        let _ = match *count {
            1 => write!(out, "<sup><a id=\"fnref:{number}\" "),
            _ => write!(out, "<sup><a "),
        };
        let _ =
            write!(out, "href=\"#fn:{number}\" aria-label=\"Note {number}\">[{number}]</a></sup>");
    }

    /// Keeps the HTML of a note's text.
    pub(super) fn define(&mut self, number: usize, html: String) {
        self.bytes += html.len();
        self.texts.push((number, html));
    }

    /// Appends all notes, if there are any.
    pub(super) fn write_all(mut self, out: &mut String) {
        if self.texts.is_empty() {
            return;
        }
        self.texts.sort_by_key(|(number, _)| *number);
        out.push_str("<section class=\"footnotes\" aria-label=\"Notes\">\n<ol>\n");
        for (number, html) in &self.texts {
            let _ = write!(out, "<li id=\"fn:{number}\" value=\"{number}\">{html}");
            if self.references.get(number - 1).is_some_and(|count| *count > 0) {
                let _ = write!(
                    out,
                    "<a class=\"back\" href=\"#fnref:{number}\" \
                     aria-label=\"Back to note {number} in the text\">\u{21a9}\u{fe0e}</a>"
                );
            }
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n</section>\n");
    }
}
