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

/// The `id` under which readers find a section that was saved as `saved`, in the page that came of
/// it; `None` where it begins with no heading.
///
/// What others saved meanwhile may have moved it. So it is sought by its heading: of several that
/// read alike, the one whose section is as it was saved, else the nearest to number `number`. That
/// one it is, too, where the page shows another version of the heading.
pub fn anchor(page: &str, number: u32, saved: &str) -> Option<String> {
    let first = markdown::render(saved, None).contents.into_iter().next();
    let name = first.filter(|_| section(saved, 0).is_some_and(|lead| lead.trim().is_empty()))?;
    let shown = markdown::render(page, None).contents;
    let sections = sections(page);
    let far_off = |at: u32| {
        let text = sections.get(at as usize).and_then(|range| page.get(range.clone()));
        (text.is_none_or(|text| text.trim_end() != saved.trim_end()), at.abs_diff(number))
    };
    let named = shown.iter().filter(|heading| heading.text == name.text);
    let found = named.filter_map(|heading| Some((far_off(heading.section?), heading)));
    let nearest = found.min_by_key(|(far_off, _)| *far_off).map(|(_, heading)| heading);
    let there = || shown.iter().find(|heading| heading.section == Some(number));
    nearest.or_else(there).map(|heading| heading.id.clone())
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
    fn a_saved_section_is_found_by_its_heading() {
        assert_eq!(anchor(PAGE, 2, "## B\n\nnew\n").as_deref(), Some("b"));
        // Others have put a section above it, or taken one away.
        assert_eq!(anchor(&format!("# New\n\n{PAGE}"), 2, "## B\n\nb\n").as_deref(), Some("b"));
        assert_eq!(anchor("# A\n\n# C\n\nc\n", 3, "# C\n\nc\n").as_deref(), Some("c"));
        // It was renamed, or the page shows what another one made of its heading.
        assert_eq!(anchor(PAGE, 1, "# *A*").as_deref(), Some("a"));
        assert_eq!(anchor("# New\n", 1, "# New\n").as_deref(), Some("new"));
        assert_eq!(anchor("# Theirs\n", 1, "# Mine\n").as_deref(), Some("theirs"));
        // The beginning has no heading, nor has what was deleted.
        assert_eq!(anchor(PAGE, 0, "lead\n"), None);
        assert_eq!(anchor(PAGE, 2, ""), None);
        assert_eq!(anchor(PAGE, 2, "text before\n\n## B\n"), None);
    }

    #[test]
    fn of_headings_that_read_alike_the_one_that_was_saved_is_found() {
        let page = "# Talk\n\na\n\n> # Talk\n\n# Talk\n\nb\n\n# Talk\n\nc\n";
        for (number, saved, want) in [
            (1, "# Talk\n\na\n\n> # Talk\n", "talk"),
            (2, "# Talk\n\nb\n", "talk-2"),
            (3, "# Talk\n\nc\n", "talk-3"),
            // A section above it is gone, or its text was merged with another one's.
            (4, "# Talk\n\nb\n", "talk-2"),
            (3, "# Talk\n\nmine\n", "talk-3"),
        ] {
            assert_eq!(anchor(page, number, saved).as_deref(), Some(want), "{number} {saved}");
        }
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
