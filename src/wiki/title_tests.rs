//! Titles: a table of spellings, and the laws that hold for every spelling.

use super::*;

fn canonical(spelling: &str) -> String {
    Title::parse(spelling).unwrap_or_else(|e| panic!("{spelling:?}: {e}")).as_str().to_owned()
}

#[test]
fn spellings_of_one_title_meet() {
    for (spelling, want) in [
        ("red wedding", "Red_wedding"),
        ("  Red __ wedding_", "Red_wedding"),
        ("Red\u{a0}wedding\u{3000}", "Red_wedding"),
        ("red\u{200e} wedding", "Red_wedding"),
        ("e\u{301}tude", "\u{c9}tude"),
        ("\u{e9}tude", "\u{c9}tude"),
        ("straße", "Straße"),
        ("ß", "ß"),
        ("ǆ", "Ǆ"),
        ("日本語 の 題", "日本語_の_題"),
        ("iPhone", "IPhone"),
        ("a/b/c", "A/b/c"),
        ("...", "..."),
        ("100% sure & so on; yes", "100%_sure_&_so_on;_yes"),
        ("what? \"no\" 'yes'", "What?_\"no\"_'yes'"),
        ("\u{345}x", "\u{399}x"),
    ] {
        assert_eq!(canonical(spelling), want, "{spelling:?}");
    }
}

#[test]
fn what_is_no_title_is_refused_with_its_reason() {
    use TitleError::*;
    for (spelling, want) in [
        ("", Empty),
        (" _ \u{2003}", Empty),
        ("a#b", Forbidden('#')),
        ("a<b", Forbidden('<')),
        ("a\u{0}b", Forbidden('\0')),
        ("a\nb", Forbidden('\n')),
        ("\ta", Forbidden('\t')),
        ("a\u{85}b", Forbidden('\u{85}')),
        ("a\u{fffd}", Forbidden('\u{fffd}')),
        ("{{a}}", Forbidden('{')),
        ("a|b", Forbidden('|')),
        (":a", LeadingColon),
        (" :a", LeadingColon),
        (".", DotSegment),
        ("..", DotSegment),
        ("a/../b", DotSegment),
        ("./a", DotSegment),
        ("a/..", DotSegment),
        ("..\u{200f}", DotSegment),
        ("a~~~b", Misleading),
        ("a%2Fb", Misleading),
        ("a&amp;b", Misleading),
    ] {
        assert_eq!(Title::parse(spelling), Err(want), "{spelling:?}");
    }
    assert!(Title::parse(&"a".repeat(255)).is_ok());
    assert_eq!(Title::parse(&"a".repeat(256)), Err(TooLong));
    assert_eq!(Title::parse(&" ".repeat(MAX_SPELLING_BYTES + 1)), Err(TooLong));
    // Growing under normalisation counts: U+0958 becomes two characters.
    assert_eq!(Title::parse(&"\u{958}".repeat(85)), Err(TooLong));
}

#[test]
fn every_error_says_what_is_wrong_in_printable_words() {
    for error in [TitleError::Forbidden('\u{1}'), TitleError::Forbidden('<'), TitleError::Empty] {
        let said = error.to_string();
        assert!(!said.is_empty() && said.chars().all(|c| !c.is_control()), "{said:?}");
    }
}

#[test]
fn paths_are_safe_in_urls_and_decode_to_the_title() {
    let title = Title::parse("a/b? c&d=\"e\" ü+100%").unwrap();
    assert_eq!(title.to_path(), "A/b%3F_c%26d%3D%22e%22_%C3%BC%2B100%25");
    assert_eq!(title.to_segment(), "A%2Fb%3F_c%26d%3D%22e%22_%C3%BC%2B100%25");
    let back = percent_encoding::percent_decode_str(&title.to_segment())
        .decode_utf8()
        .unwrap()
        .into_owned();
    assert_eq!(Title::parse(&back), Ok(title));
}

#[test]
fn parsing_twice_is_parsing_once_for_every_first_letter() {
    let marks = ['a', '\u{301}', '\u{308}', '\u{327}', '\u{345}', '\u{3099}', '\u{338}'];
    for first in (0..=0x10_ffff).filter_map(char::from_u32) {
        for mark in marks {
            assert_stable(&format!("{first}{mark}x"));
        }
    }
}

#[test]
fn parsing_twice_is_parsing_once_for_random_spellings() {
    let alphabet: Vec<char> =
        "aZé_ \u{a0}\u{200e}\u{301}\u{345}ßǆ/.:;&%2f~#<\u{1100}\u{1161}\u{11a8}\u{2028}\u{fb01}"
            .chars()
            .collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..60_000 {
        let mut spelling = String::new();
        for _ in 0..8 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            spelling.push(alphabet[(seed % alphabet.len() as u64) as usize]);
        }
        assert_stable(&spelling);
    }
}

fn assert_stable(spelling: &str) {
    let Ok(title) = Title::parse(spelling) else { return };
    assert_eq!(Title::parse(title.as_str()).as_ref(), Ok(&title), "{spelling:?}");
    assert_eq!(Title::parse(&title.display()).as_ref(), Ok(&title), "{spelling:?}");
    assert_eq!(composed(title.as_str()), title.as_str(), "{spelling:?}");
}
