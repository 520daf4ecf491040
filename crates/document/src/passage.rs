//! A passage of a page of which there is another version: what the page becomes with it.
//!
//! A passage is a range of bytes of the page's text; one beyond its end is empty. Nothing
//! here knows who wrote what.

use std::ops::Range;

/// The page with the other version in place of the passage. Where that has other lines here than
/// the page, which has them `elsewhere`, they are taken away there.
pub fn instead(
    text: &str,
    at: &Range<usize>,
    other: &str,
    elsewhere: Option<&Range<usize>>,
) -> String {
    let (before, shown, after) = around(text, at);
    let end = apart((before, shown, after), other);
    let (start, upto) = (before.len(), before.len() + shown.len());
    match elsewhere {
        Some(gone) if gone.end <= start => {
            let before = taken_away(before, gone);
            [&before, other, end, after].concat()
        }
        Some(gone) if upto <= gone.start => {
            let after = taken_away(after, &(gone.start - upto..gone.end.max(gone.start) - upto));
            [before, other, end, &after].concat()
        }
        _ => [before, other, end, after].concat(),
    }
}

/// A text without some lines; of two empty lines that come together by that one stays.
fn taken_away(text: &str, gone: &Range<usize>) -> String {
    let (mut before, gone, mut after) = around(text, gone);
    let empty_above = before.ends_with("\n\n") && !gone.is_empty();
    if empty_above && after.starts_with('\n') {
        after = &after[1..];
    } else if empty_above && after.is_empty() {
        before = &before[..before.len() - 1];
    }
    [before, after].concat()
}

/// What keeps the other version and what follows it from becoming one word, where the page shows
/// nothing in its place: in the text that it is of, it may have ended it.
fn apart((before, shown, after): (&str, &str, &str), other: &str) -> &'static str {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let glued = is_word(other.chars().next_back()) && is_word(after.chars().next());
    match before.is_empty() || before.ends_with('\n') {
        _ if !shown.is_empty() || !glued => "",
        true => "\n",
        false => " ",
    }
}

/// The page with the other version after the passage: on lines of its own where either is whole
/// lines, else with a space between. `None` where one of them is empty and there is but one to
/// keep.
pub fn both(text: &str, at: &Range<usize>, other: &str) -> Option<String> {
    let (before, shown, after) = around(text, at);
    let added = beside(text, at, other)?;
    Some([before, shown, &added, after].concat())
}

/// Whether the other version stands at the passage by now. Who keeps both adds it and leaves the
/// passage as it was; so does who adds to the passage what the other version has more.
pub fn stands(text: &str, at: &Range<usize>, other: &str) -> bool {
    let (before, shown, _) = around(text, at);
    let (start, end) = (before.len(), before.len() + shown.len());
    let added = beside(text, at, other).is_some_and(|beside| holds(text, end, &beside));
    // A part of the passage is not what replaced it.
    let replaced = !other.is_empty() && other.len() >= shown.len() && {
        let from = [Some(start), end.checked_sub(other.len())];
        from.into_iter().flatten().any(|from| holds(text, from, other))
    };
    other == shown || added || replaced
}

/// What is put after the passage to keep both.
fn beside(text: &str, at: &Range<usize>, other: &str) -> Option<String> {
    let (before, shown, after) = around(text, at);
    if shown.is_empty() || other.is_empty() {
        return None;
    }
    let begins = before.is_empty() || before.ends_with('\n');
    let ends = after.is_empty() || after.starts_with('\n') || shown.ends_with('\n');
    let lines = begins && ends || shown.contains('\n') || other.contains('\n');
    let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let between = match lines {
        true if shown.ends_with('\n') => "",
        true => "\n",
        false if blank(shown.chars().last()) || blank(other.chars().next()) => "",
        false => " ",
    };
    // What followed a line goes on doing so.
    let end = if shown.ends_with('\n') && !other.ends_with('\n') { "\n" } else { "" };
    Some([between, other, end].concat())
}

/// Whether these words stand at a place, and are no part of longer ones.
fn holds(text: &str, at: usize, words: &str) -> bool {
    let within = |at: usize| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        letter(text[..at].chars().next_back()) && letter(text[at..].chars().next())
    };
    text.get(at..).is_some_and(|rest| rest.starts_with(words))
        && !within(at)
        && !within(at + words.len())
}

fn around<'a>(text: &'a str, at: &Range<usize>) -> (&'a str, &'a str, &'a str) {
    let start = text.floor_char_boundary(at.start.min(text.len()));
    let end = text.floor_char_boundary(at.end.clamp(start, text.len()));
    (&text[..start], &text[start..end], &text[end..])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A text with its passage in brackets.
    fn marked(text: &str) -> (String, Range<usize>) {
        let (start, end) = (text.find('[').unwrap(), text.find(']').unwrap() - 1);
        (text.replace(['[', ']'], ""), start..end)
    }

    #[test]
    fn one_version_takes_the_place_of_the_other() {
        for (text, other, page) in [
            ("wore [white] that day", "green silk", "wore green silk that day"),
            ("a\n[]d\n", "b\n", "a\nb\nd\n"),
            ("a\n[b\n]d\n", "", "a\nd\n"),
            ("a\n[]d\n", "b", "a\nb\nd\n"),
            ("a []d\n", "b", "a b d\n"),
        ] {
            let (text, at) = marked(text);
            assert_eq!(instead(&text, &at, other, None), page);
        }
    }

    #[test]
    fn what_it_has_here_alone_is_taken_away_elsewhere() {
        for (text, other, gone, page) in [
            ("b\n\n[]c\n\nd\n\na\n", "a\n\n", "a\n", "b\n\na\n\nc\n\nd\n"),
            ("a\n\nb\n\n[]c\n", "a\n\n", "a\n", "\nb\n\na\n\nc\n"),
            ("x\n\na\n\nb\n\n[]c\n", "a\n\n", "a\n", "x\n\nb\n\na\n\nc\n"),
            ("* one\n* two\n[]* three\n", "* one\n", "* one\n", "* two\n* one\n* three\n"),
            ("a new\n\nb\n[]", "\na other\n", "a new\n\n", "b\n\na other\n"),
        ] {
            let (text, at) = marked(text);
            let start = text.find(gone).unwrap();
            assert_eq!(instead(&text, &at, other, Some(&(start..start + gone.len()))), page);
        }
    }

    #[test]
    fn both_stand_on_lines_of_their_own_or_with_a_space_between() {
        for (text, other, page) in [
            ("wore [white] that day", "silk", "wore white silk that day"),
            ("wore[ white] that day", " silk", "wore white silk that day"),
            ("a\n[b\n]d\n", "c\n", "a\nb\nc\nd\n"),
            ("a\n[b]\nd\n", "c", "a\nb\nc\nd\n"),
            ("a\n[b\n]d\n", "c", "a\nb\nc\nd\n"),
            ("[b]", "c", "b\nc"),
            ("one [b] two", "c\nd", "one b\nc\nd two"),
        ] {
            let (text, at) = marked(text);
            assert_eq!(both(&text, &at, other).as_deref(), Some(page));
        }
        for (text, other) in [("a []b", "c"), ("a [b]", "")] {
            let (text, at) = marked(text);
            assert_eq!(both(&text, &at, other), None);
        }
    }

    #[test]
    fn what_was_kept_beside_the_passage_stands() {
        for (text, other) in [
            ("wore [white] that day", "silk"),
            ("a\n[b\n]d\n", "c\n"),
            ("a\n[b]\nd\n", "c"),
            ("one [b] two", "c\nd"),
        ] {
            let (text, at) = marked(text);
            assert!(!stands(&text, &at, other), "{text}");
            assert!(stands(&both(&text, &at, other).unwrap(), &at, other), "{text}");
        }
        for (text, other) in [("a\n[]d\n", "b\n"), ("the [cat] sat", "cats")] {
            let (text, at) = marked(text);
            assert!(!stands(&text, &at, other), "{text}");
            assert!(stands(&instead(&text, &at, other, None), &at, other), "{text}");
        }
        for (text, other) in [
            ("the [cats] sat", "cat"),
            ("[The cat ]sat", ""),
            ("it is [] and more", "a"),
            ("it is [b] and more", "a"),
        ] {
            let (text, at) = marked(text);
            assert!(!stands(&text, &at, other), "a part of what is there: {text}");
        }
    }

    #[test]
    fn a_passage_beyond_the_end_is_empty() {
        assert_eq!(instead("é", &(7..9), "x", Some(&(3..8))), "éx");
        assert_eq!(both("é", &(7..9), "x"), None);
        assert!(!stands("é", &Range { start: 5, end: 3 }, "x"));
    }
}
