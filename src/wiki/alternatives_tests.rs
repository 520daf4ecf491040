//! Choosing between versions: what is shown, and what each choice saves.

use redwedding_document::entry::AlternativeName;
use redwedding_wire::identity::Actor;
use redwedding_wire::version::text_check;

use super::*;
use crate::wiki::form::{self, Submission};
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{Elsewhere, Excerpt};

const TEXT: &str = "She wore white & gold.\n";

fn silk(author: Author<'static>) -> Alternative<'static> {
    Alternative {
        name: Some(AlternativeName { by: Actor(0xabc), number: 1 }),
        id: Some(8),
        author,
        at: Moment(1_795_412_207_000),
        comment: "It was silk",
        bytes: 9..14,
        start: 9,
        end: 14,
        shown: Excerpt { before: "She wore ", marked: "white", after: " & gold.\n" },
        text: "green \"silk\"",
        elsewhere: None,
    }
}

fn page_of(text: &str, alternatives: &[Alternative<'_>]) -> String {
    let title = Title::parse("Red Wedding").unwrap();
    let site = Site { name: "W", front_page: &title, license: None };
    let (id, started, edit_token) = (9, "20261123053647", "token");
    let undecided = &[];
    let page =
        AlternativesPage { title: &title, text, id, alternatives, undecided, started, edit_token };
    super::alternatives(&site, &page)
}

/// What the receiver reads of each form of a page.
fn submissions(page: &str) -> Vec<Submission> {
    let read = |form: &str| {
        let form = form.split("</form>").next().unwrap();
        assert!(form.starts_with(" method=\"post\" action=\"/wiki/Red_Wedding?action=submit\""));
        let mut body = form_urlencoded::Serializer::new(String::new());
        for field in form.split("<input").skip(1) {
            let value = |name: &str| {
                let rest = field.split_once(&format!(" {name}=\"")).unwrap().1;
                let value = rest.split('"').next().unwrap();
                value.replace("&quot;", "\"").replace("&lt;", "<").replace("&amp;", "&")
            };
            body.append_pair(&value("name"), &value("value"));
        }
        form::parse(body.finish().as_bytes()).unwrap()
    };
    page.split("<form").skip(1).map(read).collect()
}

#[test]
fn who_uses_a_version_of_moved_lines_moves_them() {
    let moved = Alternative {
        bytes: 0..0,
        text: "two\n",
        elsewhere: Some(Elsewhere { bytes: 4..8, start: 4, end: 8 }),
        ..silk(Author::Origin)
    };
    let page = page_of("one\ntwo\n", &[moved]);
    assert!(page.contains("moves them here"), "{page}");
    let texts: Vec<String> = submissions(&page).into_iter().map(|it| it.text).collect();
    assert!(texts.contains(&"two\none\n".to_owned()), "{texts:?}");
}

#[test]
fn each_choice_is_a_save_of_the_page_as_it_is() {
    let page = page_of(TEXT, &[silk(Author::Named("Robb"))]);
    let saved = |text: &str, comment: &str| Submission {
        text: text.into(),
        comment: comment.into(),
        base_id: 9,
        base_check: Some(text_check(TEXT)),
        edit_token: "token".into(),
        started: "20261123053647".into(),
        closes: vec![AlternativeName { by: Actor(0xabc), number: 1 }],
        ..Submission::default()
    };
    assert_eq!(
        submissions(&page),
        [
            saved(TEXT, "Kept a passage as it is, not Robb's version"),
            saved("She wore green \"silk\" & gold.\n", "Used Robb's version of a passage"),
            saved(
                "She wore white green \"silk\" & gold.\n",
                "Kept Robb's version of a passage, too"
            ),
        ]
    );
    let by_hand = "/wiki/Red_Wedding?action=edit&amp;closes=0000000000000abc-1";
    assert!(page.contains(&format!("<a href=\"{by_hand}\">Edit by hand</a>")), "{page}");
}

#[test]
fn the_words_that_differ_are_marked_side_by_side() {
    let page = page_of(TEXT, &[silk(Author::Anonymous)]);
    assert!(page.contains("\u{2026}She wore <del>white</del> &amp; gold."), "{page}");
    assert!(page.contains("\u{2026}She wore <ins>green &quot;silk&quot;</ins> &amp; gold."));
    assert!(page.contains("1 passage has another version."));
    assert!(page.contains("<span class=\"nobody\">Anonymous</span>"));
    assert_eq!(submissions(&page)[1].comment, "Used an anonymous author's version of a passage");
}

#[test]
fn where_one_version_is_empty_there_is_nothing_to_keep_beside() {
    let page = page_of(TEXT, &[Alternative { text: "", ..silk(Author::Origin) }]);
    assert!(page.contains("Alternative: the passage is deleted"), "{page}");
    let choices: Vec<_> = submissions(&page).into_iter().map(|form| form.text).collect();
    assert_eq!(choices, [TEXT, "She wore  & gold.\n"]);
}

#[test]
fn a_page_without_another_version_says_so() {
    let page = page_of(TEXT, &[]);
    assert!(page.contains("No passage of this page has another version."), "{page}");
    assert!(submissions(&page).is_empty());
}

#[test]
fn a_long_page_offers_as_many_choices_as_there_is_room_for() {
    let long = format!("{TEXT}{}", "x".repeat(limits::PAGE_BYTES));
    let many = vec![silk(Author::Anonymous); 20];
    let page = page_of(&long, &many);
    let choices = submissions(&page).len();
    assert!((2..=6).contains(&choices), "{choices}");
    assert_eq!(page.matches("Edit by hand").count(), many.len());
}
