//! People choose between versions of a passage: what the page is then, and what is left to choose.

#![allow(clippy::unwrap_used)]

use redwedding_document::entry::{
    AlternativeName, Body, Closes, Delta, Edit, Entry, Note, OriginPage, RULES,
};
use redwedding_document::{Document, Verdict, passage};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, VersionRef};

struct Page(Document);

impl Page {
    /// A page of which several saved another text each, on the same one.
    fn of(base: &str, saves: &[&str]) -> Self {
        let key = DocumentKey::new("wiki", "Page").unwrap();
        let mut page = Self(Document::new(key, Cursor::start(1)));
        let (note, text) = (Note::default(), base.to_owned());
        page.put(Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
        let first = page.0.version();
        saves.iter().for_each(|save| page.save_on(&first, save));
        page
    }

    fn put(&mut self, body: Body) {
        let cursor = self.0.cursor().after(b"entry");
        let entry = Entry::new(self.0.key().clone(), body);
        assert_eq!(self.0.apply(cursor, cursor.position, &entry), Verdict::Counted);
        // Whoever reads what is stored is told the same, and so is who reads the cache.
        for stored in [
            Document::decode(&self.0.encode()).unwrap(),
            Document::decode_own(&self.0.encode_own()).unwrap(),
        ] {
            assert_eq!(stored.alternatives(), self.0.alternatives());
        }
        // What comes next comes to what was read there.
        self.0 = Document::decode_own(&self.0.encode_own()).unwrap();
    }

    fn save_on(&mut self, base: &VersionRef, to: &str) {
        self.save_closing(None, base, to);
    }

    fn save_closing(&mut self, closes: Option<AlternativeName>, base: &VersionRef, to: &str) {
        let old = self.0.text_of(&self.0.resolve_version(base).unwrap()).unwrap();
        let edit = EditId([self.0.cursor().position as u8 + 1; 16]);
        let (patch, on) = (diff::between(&old, to), Base::Version(base.clone()));
        let delta = Delta { edit, base: on, patch, note: Note::default(), rules: RULES };
        let (pop, served, closes) =
            ("AMS".into(), None, closes.map(|name| Box::new(Closes(vec![name]))));
        let (condition, client) = (None, None);
        self.put(Body::Edit(Edit {
            served,
            client,
            condition,
            closes,
            ..Edit::new(delta, 1, pop)
        }));
    }

    fn close(&mut self, name: AlternativeName, to: &str) {
        self.save_closing(Some(name), &self.0.version(), to);
    }

    /// Saves on what the page shows.
    fn save(&mut self, to: &str) {
        self.save_on(&self.0.version(), to);
    }

    /// The text that the page becomes with the first version that is listed with this text.
    fn with(&self, text: &str, both: bool) -> String {
        let found = self.0.alternatives();
        let found = found.iter().find(|it| it.text == text).unwrap();
        let bytes = |at: &std::ops::Range<u32>| at.start as usize..at.end as usize;
        let (at, elsewhere) = (bytes(&found.at), found.elsewhere.as_ref().map(bytes));
        match both {
            true => passage::both(self.0.text(), &at, text).unwrap(),
            false => passage::instead(self.0.text(), &at, text, elsewhere.as_ref()),
        }
    }

    /// Chooses what is listed first, as often as something is; what the page was after each.
    fn choose_all(&mut self, both: bool) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(text) = self.0.alternatives().first().map(|it| it.text.to_owned()) {
            assert!(texts.len() < 6, "it never ends: {texts:?}");
            let to = self.with(&text, both);
            self.save(&to);
            assert_eq!(self.0.text(), to);
            texts.push(to);
        }
        texts
    }

    fn listed(&self) -> Vec<(&str, &str)> {
        let text = |at: &std::ops::Range<u32>| &self.0.text()[at.start as usize..at.end as usize];
        self.0.alternatives().into_iter().map(|it| (text(&it.at), it.text)).collect()
    }
}

#[test]
fn who_chooses_one_of_several_ends_the_choice() {
    let three = "One line.\nTwo words here.\nThree line.\n";
    for (base, saves, then) in [
        (
            three,
            [
                "One line.\nThree line.\n",
                "One line.\nTwo good words here.\nThree line.\n",
                "One line.\nTwo words here today.\nThree line.\n",
            ],
            "One line.\nTwo good words here.\nThree line.\n",
        ),
        (
            "The sky is blue.\n",
            ["The sky is crimson.\n", "The sky is azure.\n", "The sky is teal.\n"],
            "The sky is azure.\n",
        ),
        ("a page\n", ["", "a good page\n", "a page here\n"], "a good page\n"),
    ] {
        let mut page = Page::of(base, &saves);
        assert_eq!(page.0.alternatives().len(), 2, "{:?}", page.listed());
        assert_eq!(page.choose_all(false), [then]);
    }
}

#[test]
fn who_keeps_both_has_the_others_to_choose() {
    let saves = ["The sky is crimson.\n", "The sky is azure.\n", "The sky is teal.\n"];
    let mut page = Page::of("The sky is blue.\n", &saves);
    let both = ["The sky is crimson azure.\n", "The sky is crimson azure teal.\n"];
    assert_eq!(page.choose_all(true), both);
    let saves = saves.map(|save| save.replace('.', " now."));
    let mut page = Page::of("The sky is blue now.\n", &saves.each_ref().map(String::as_str));
    assert_eq!(page.choose_all(true), both.map(|text| text.replace('.', " now.")));
}

#[test]
fn a_version_takes_the_place_of_all_of_another_one() {
    let saves =
        ["See the [[king]] here.\n", "See [[the king]] here.\n", "See the [[Robb|king]] here.\n"];
    let mut page = Page::of("See the king here.\n", &saves);
    for text in page.choose_all(false) {
        assert!(saves.contains(&text.as_str()), "{text:?}");
    }
}

#[test]
fn what_was_chosen_is_not_offered_again_whatever_becomes_of_it() {
    let mut page =
        Page::of("The sky is blue.\n", &["The sky is crimson.\n", "The sky is azure.\n"]);
    let to = page.with("azure", true);
    page.save(&to);
    page.save("The sky is crimson teal.\n");
    assert_eq!(page.listed(), []);
}

#[test]
fn a_passage_takes_its_versions_along_where_it_is_moved_to() {
    let of = |sky: &str| format!("Top\n\nThe sky is {sky} today.\n\n{END}");
    let mut page = Page::of(&of("blue"), &[&of("crimson"), &of("azure")]);
    page.save("Top\n\nEnd\n\nThe sky is crimson today.\n");
    assert_eq!(page.listed(), [("crimson", "azure")]);
    assert_eq!(page.choose_all(false), ["Top\n\nEnd\n\nThe sky is azure today.\n"]);
    let mut page =
        Page::of("* one\n* blue\n* two\n", &["* one\n* red\n* two\n", "* one\n* teal\n* two\n"]);
    page.save("* one\n* two\n* red\n");
    assert_eq!(page.listed(), [("red", "teal")]);
}

#[test]
fn who_takes_away_what_is_shown_decides() {
    let saves = ["One.\nThe sky is crimson.\n", "One.\nThe sky is azure.\n"];
    let mut page = Page::of("One.\nThe sky is blue.\n", &saves);
    assert_eq!(page.listed(), [("crimson", "azure")]);
    page.save("One.\n");
    assert_eq!((page.0.text(), page.listed()), ("One.\n", vec![]));
}

#[test]
fn who_adds_beside_a_deleted_line_decides_nothing() {
    let base = "One line.\nTwo words here.\nThree line.\n";
    let saves = ["One line.\nThree line.\n", "One line.\nTwo good words here.\nThree line.\n"];
    let mut page = Page::of(base, &saves);
    let other = [("", "Two good words here.\n")];
    assert_eq!(page.listed(), other);
    page.save("One line.\nSomething else.\nThree line.\n");
    assert_eq!(page.listed().len(), 1);
    page.save("Zero line.\nOne line.\nSomething else.\nThree line.\n");
    assert_eq!(page.listed().len(), 1);
}

/// Whoever keeps what is shown changes nothing, and says so of the other version by its name.
#[test]
fn what_is_closed_by_name_is_no_alternative_any_more() {
    let saves = ["The sky is crimson.\n", "The sky is azure.\n", "The sky is teal.\n"];
    let mut page = Page::of("The sky is blue.\n", &saves);
    let name = page.0.alternatives()[0].name.unwrap();
    assert_eq!(name.to_string().parse(), Ok(name));
    let text = page.0.text().to_owned();
    page.close(name, &text);
    assert_eq!(page.0.text(), text);
    assert_eq!(page.listed(), [("crimson", "teal")]);
    assert!(!page.0.changes().kept().iter().any(|change| change.is_merge_node()));
    page.close(name, &text);
    assert_eq!(page.listed(), [("crimson", "teal")], "it was decided once");
}

#[test]
fn who_undoes_a_choice_opens_it_again() {
    for both in [false, true] {
        let saves = ["The sky is crimson.\n", "The sky is azure.\n"];
        let mut page = Page::of("The sky is blue.\n", &saves);
        let other = [("crimson", "azure")];
        let to = page.with("azure", both);
        page.save(&to);
        assert_eq!(page.listed(), []);
        page.save(&format!("Above.\n{to}"));
        assert_eq!(page.listed(), []);
        page.save("Above.\nThe sky is crimson.\n");
        assert_eq!(page.listed(), other);
        page.choose_all(both);
        assert_eq!(page.listed(), []);
        let saves = saves.map(|save| save.replace('.', " now."));
        let mut page = Page::of("The sky is blue now.\n", &saves.each_ref().map(String::as_str));
        let to = page.with("azure", both);
        page.save(&to);
        page.save("The sky is crimson now.\n");
        assert_eq!(page.listed(), other);
    }
    let mut page =
        Page::of("The sky is blue.\n", &["The sky is crimson.\n", "The sky is azure.\n"]);
    let to = page.with("azure", false);
    page.save(&to);
    page.save("The sky is navy.\n");
    assert_eq!(page.listed(), [], "it was chosen, and something else written later");
}

#[test]
fn of_two_who_choose_at_once_the_first_has_chosen() {
    let saves = ["The sky is crimson today.\n", "The sky is azure today.\n"];
    let (azure, both) = ("The sky is azure today.\n", "The sky is crimson azure today.\n");
    for (first, second, left) in [
        (azure, both, &[("azure", "crimson azure")][..]),
        (both, azure, &[("crimson azure", "azure")]),
        (azure, azure, &[]),
        (both, both, &[]),
    ] {
        let mut page = Page::of("The sky is blue today.\n", &saves);
        let seen = page.0.version();
        page.save_on(&seen, first);
        page.save_on(&seen, second);
        assert_eq!((page.0.text(), &page.listed()[..]), (first, left), "{first:?} {second:?}");
        page.choose_all(false);
    }
}

/// Four paragraphs, and the same with the first one at the end.
const PARAGRAPHS: &str = "A para.\n\nB para here.\n\nC para.\n\nD para.\n";
const TO_THE_END: &str = "B para here.\n\nC para.\n\nD para.\n\nA para.\n";
const END: &str = "All that comes at the end of this page, one line.\n\nAnd another one.\n";

#[test]
fn what_is_not_shown_of_a_move_is_one_choice() {
    let of_sky = |sky: &str| format!("Top\n\nThe sky is {sky} today.\n\n{END}");
    let below = |sky: &str| format!("Top\n\n{END}\nThe sky is {sky} today.\n");
    let list = |items: [&str; 4]| format!("Intro.\n* {}\nOutro.\n", items.join(" item\n* "));
    for (base, saves, then) in [
        // Two take it to two places.
        (
            PARAGRAPHS.to_owned(),
            vec![
                TO_THE_END.to_owned(),
                "B para here.\n\nA para.\n\nC para.\n\nD para.\n".to_owned(),
            ],
            "B para here.\n\nA para.\n\nC para.\n\nD para.\n".to_owned(),
        ),
        (
            list(["one", "two", "three", "four item"]),
            vec![
                list(["two", "three", "one", "four item"]),
                list(["two", "one", "three", "four item"]),
            ],
            list(["two", "one", "three", "four item"]),
        ),
        // One takes it elsewhere, others change it where it was.
        (
            PARAGRAPHS.to_owned(),
            vec![
                TO_THE_END.to_owned(),
                PARAGRAPHS.replace("A para", "A new para"),
                PARAGRAPHS.replace("A para", "A other para"),
            ],
            TO_THE_END.replace("A para", "A other para"),
        ),
        (of_sky("blue"), vec![below("blue"), of_sky("crimson"), of_sky("azure")], of_sky("azure")),
        // One changes it where it is, and another one takes it elsewhere with other words.
        (
            PARAGRAPHS.to_owned(),
            vec![
                PARAGRAPHS.replace("A para", "A new para"),
                TO_THE_END.replace("A para", "A other para"),
            ],
            TO_THE_END.replace("A para", "A other para"),
        ),
    ] {
        let saves: Vec<&str> = saves.iter().map(String::as_str).collect();
        let mut page = Page::of(&base, &saves);
        assert_eq!(page.0.alternatives().len(), 1, "{saves:?}: {:?}", page.listed());
        assert_eq!(page.choose_all(false), [then], "{saves:?}");
    }
}

#[test]
fn where_a_moved_passage_stands_is_followed() {
    let moved = "B para here.\n\nA para.\n\nC para.\n\nD para.\n";
    let mut page = Page::of(PARAGRAPHS, &[TO_THE_END, moved]);
    let title = "A title.\n\n";
    page.save(&[title, TO_THE_END].concat());
    let elsewhere = page.0.alternatives()[0].elsewhere.clone().unwrap();
    let at = elsewhere.start as usize..elsewhere.end as usize;
    assert_eq!(&page.0.text()[at], "A para.\n");
    // It is chosen, and the choice is taken back.
    let before = page.0.text().to_owned();
    assert_eq!(page.choose_all(false), [[title, moved].concat()]);
    page.save(&before);
    assert_eq!(page.choose_all(false), [[title, moved].concat()]);
}
