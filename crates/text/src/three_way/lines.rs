//! Where lines begin and end, and sections.
//!
//! The end of a text ends a line. May assume that a place is within the text, between two of its
//! characters.

use std::ops::Range;

/// Whether a line begins at this place.
pub(super) fn begins_line(base: &str, at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| base.as_bytes()[before] == b'\n')
}

/// Whether a line ends at this place.
pub(super) fn ends_line(base: &str, at: usize) -> bool {
    base.as_bytes().get(at).is_none_or(|byte| *byte == b'\n')
}

/// Whether a line begins and a line ends with a part of a text.
pub(super) fn is_lines(base: &str, part: &Range<usize>) -> bool {
    begins_line(base, part.start) && ends_line(base, part.end)
}

/// Where the lines of a text are that have something, without white space around them.
pub(super) fn bare_lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let start = end + line.len() - line.trim_start().len();
        end += line.len();
        start..start + line.trim().len()
    });
    lines.filter(|line| !line.is_empty())
}

/// The line of which a part of a text has all but white space, with its end; else that part.
pub(super) fn whole_line(text: &str, part: Range<usize>) -> Range<usize> {
    let start = text[..part.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[part.end..].find('\n').map_or(text.len(), |end| part.end + end + 1);
    let rest = [&text[start..part.start], &text[part.end..end]];
    if rest.iter().all(|rest| rest.trim().is_empty()) { start..end } else { part }
}

/// Whether a line is the heading of a section: of a wiki's, or in Markdown.
pub(super) fn is_heading(line: &str) -> bool {
    let line = line.trim_end();
    let name = line.trim_start_matches('#');
    let marked = line.len() > name.len() && name.starts_with(' ');
    marked || line.len() > 2 && line.starts_with('=') && line.ends_with('=')
}

/// Where the first heading in a text begins, the empty lines before it included: those before a
/// section are of that.
pub(super) fn first_section(text: &str, begins_line: bool) -> usize {
    let (mut at, mut lines) = (0, text.split_inclusive('\n'));
    let mut blank = 0;
    if !begins_line {
        at = lines.next().map_or(0, str::len);
        blank = at;
    }
    for line in lines {
        if is_heading(line) {
            // What is written at the end of a line begins with the end of that.
            return if begins_line { blank } else { blank - 1 };
        }
        at += line.len();
        if !line.trim().is_empty() {
            blank = at;
        }
    }
    text.len()
}
