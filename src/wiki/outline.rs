//! The sections of a page, for editing one of them alone.
//!
//! Numbered as MediaWiki does: 0 is what stands before the first heading, N
//! the Nth heading with everything up to the next heading of the same or a
//! higher rank. Only headings that stand directly on the page count, not those
//! in lists or quotations; [`super::markdown`] puts its edit links by the same
//! rule.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::markdown;

/// Where each section lies in the source, section 0 first. Never empty; each
/// range lies on character boundaries.
pub fn sections(source: &str) -> Vec<Range<usize>> {
    let headings = headings(source);
    let first = headings.first().map_or(source.len(), |(_, start)| *start);
    let mut sections = Vec::with_capacity(headings.len() + 1);
    sections.push(0..first);
    sections.extend(headings.iter().map(|(_, start)| *start..source.len()));
    close(&headings, &mut sections);
    sections
}

/// The source of section `number`, or `None` if there is no such section.
pub fn section(source: &str, number: u32) -> Option<&str> {
    source.get(sections(source).get(usize::try_from(number).ok()?)?.clone())
}

/// The whole page with section `number` replaced, or `None` if there is no
/// such section. A replacement that does not end its last line gets an end, so
/// that it cannot swallow the heading after it.
pub fn replace_section(source: &str, number: u32, replacement: &str) -> Option<String> {
    let range = sections(source).get(usize::try_from(number).ok()?)?.clone();
    let (before, after) = (source.get(..range.start)?, source.get(range.end..)?);
    let mut page = String::with_capacity(before.len() + replacement.len() + after.len() + 2);
    page.push_str(before);
    page.push_str(replacement);
    if !after.is_empty() && !replacement.is_empty() {
        let gap = if replacement.ends_with("\n\n") {
            ""
        } else if replacement.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        page.push_str(gap);
    }
    page.push_str(after);
    Some(page)
}

/// Rank and start of every heading that stands directly on the page.
fn headings(source: &str) -> Vec<(u8, usize)> {
    let mut headings = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(source, markdown::syntax()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                if depth == 0 {
                    headings.push((level as u8, line_start(source, range.start)));
                }
                depth += 1;
            }
            Event::Start(_) => depth += 1,
            Event::End(TagEnd::Heading(_)) | Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    headings
}

/// A heading may be indented by up to three spaces, which belong to it.
fn line_start(source: &str, at: usize) -> usize {
    source.get(..at).map_or(at, |before| before.trim_end_matches(' ').len())
}

/// Ends each section where the next of the same or a higher rank starts, in
/// one pass with a stack of those still open.
fn close(headings: &[(u8, usize)], sections: &mut [Range<usize>]) {
    let mut open: Vec<usize> = Vec::new();
    for (index, (level, start)) in headings.iter().enumerate() {
        while let Some(last) = open.last().copied().filter(|last| headings[*last].0 >= *level) {
            sections[last + 1].end = *start;
            open.pop();
        }
        open.push(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "lead\n\n# A\n\na\n\n## B\n\nb\n\n> # quoted\n\n  ## C\n\nc\n\nD\n=\n\nd\n";

    #[test]
    fn sections_nest_by_rank() {
        assert_eq!(section(PAGE, 0), Some("lead\n\n"));
        assert_eq!(
            section(PAGE, 1),
            Some("# A\n\na\n\n## B\n\nb\n\n> # quoted\n\n  ## C\n\nc\n\n")
        );
        assert_eq!(section(PAGE, 2), Some("## B\n\nb\n\n> # quoted\n\n"));
        assert_eq!(section(PAGE, 3), Some("  ## C\n\nc\n\n"));
        assert_eq!(section(PAGE, 4), Some("D\n=\n\nd\n"));
        assert_eq!(section(PAGE, 5), None);
    }

    #[test]
    fn a_page_without_headings_is_its_lead() {
        assert_eq!(sections(""), vec![0..0]);
        assert_eq!(section("only\n", 0), Some("only\n"));
        assert_eq!(section("```\n# no\n```\n", 1), None);
    }

    #[test]
    fn replacing_a_section_by_itself_changes_nothing() {
        for number in 0..5 {
            let same = section(PAGE, number).unwrap();
            assert_eq!(replace_section(PAGE, number, same).as_deref(), Some(PAGE), "{number}");
        }
    }

    #[test]
    fn a_replacement_cannot_swallow_the_next_heading() {
        let page = replace_section(PAGE, 2, "## B\n\nnew").unwrap();
        assert_eq!(section(&page, 2), Some("## B\n\nnew\n\n"));
        assert_eq!(section(&page, 3), section(PAGE, 3));
        assert_eq!(replace_section(PAGE, 9, ""), None);
    }

    #[test]
    fn sections_cover_any_text_on_character_boundaries() {
        for text in ["é\n# ü\r\nx\r\n## \u{1f600}", "#\n#\n#", "a\n-\n\n- # b\n", "\0# a"] {
            for range in sections(text) {
                assert!(text.get(range.clone()).is_some(), "{text:?} {range:?}");
            }
        }
    }
}
