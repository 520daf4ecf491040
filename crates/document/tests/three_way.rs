//! Several change the same: what the page shows then, and what becomes of the rest.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use redwedding_document::entry::{
    Body, Client, Condition, Delta, Edit, Entry, Import, Intent, Moderation, Moved, Note,
    OriginPage, RULES,
};
use redwedding_document::{Document, Verdict, View};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Cursor, OriginText, Root, VersionRef};

struct Page {
    document: Document,
    salt: u8,
}

impl Page {
    fn new(text: &str) -> Page {
        let key = DocumentKey::new("wiki", "Page").unwrap();
        let mut page = Page { document: Document::new(key, Cursor::start(1)), salt: 0 };
        let (note, text) = (Note::default(), text.to_owned());
        if !text.is_empty() {
            page.put(Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
        }
        page
    }

    fn put(&mut self, body: Body) {
        self.tell(body, Verdict::Counted);
    }

    fn tell(&mut self, body: Body, verdict: Verdict) {
        let cursor = self.document.cursor().after(b"entry");
        let entry = Entry::new(self.document.key().clone(), body);
        assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
        assert_eq!(self.document.apply(cursor, cursor.position, &entry), verdict);
        // What is stored says the same.
        let stored = Document::decode(&self.document.encode()).unwrap();
        assert_eq!(stored.state_hash(), self.document.state_hash());
        assert_eq!(stored.alternatives(), self.document.alternatives());
    }

    /// Somebody makes a text of another one, at the origin.
    fn import(&mut self, from: Option<(u64, &str)>, to: (u64, &str)) {
        let tip = self.document.origin().tip.as_ref();
        let version = tip.map(|tip| tip.version.clone()).unwrap_or_default();
        let ours = self.document.text_at(&version).unwrap();
        let stored = from.map_or("", |from| from.1);
        self.put(Body::Import(Import {
            from: from.map(origin_text),
            to: origin_text(to),
            patch: diff::between(stored, to.1),
            time_ms: 2,
            note: Note::default(),
            rules: RULES,
            shown: diff::between(&ours, stored),
        }));
    }

    /// What the page shows is announced to the origin, which goes on from it some day.
    fn announce(&mut self) -> FlushId {
        let (upto, text) = (self.document.place(), Digest::of_text(self.document.text()));
        let (flush, tip) = (FlushId([upto.position as u8; 16]), self.document.origin().revision());
        self.put(Body::Intent(Intent { flush, upto, tip, text }));
        flush
    }

    /// The origin merged what it was sent with its own text.
    fn merged_at_origin(&mut self, flush: FlushId, to: (u64, &str)) {
        let from = self.document.origin().revision();
        self.put(Body::Moved(Moved { from, to: origin_text(to), flush: Some(flush) }));
    }

    fn text_of(&self, version: &VersionRef) -> String {
        self.document.text_of(&self.document.resolve_version(version).unwrap()).unwrap()
    }

    /// Makes a text of another one; the version that its author has before them then.
    fn save(&mut self, base: &VersionRef, to: &str) -> VersionRef {
        self.save_by(RULES, base, to)
    }

    fn save_by(&mut self, rules: u8, base: &VersionRef, to: &str) -> VersionRef {
        self.save_of(None, (rules, Note::default()), base, to)
    }

    /// A save by somebody with a name, or with the number of a client.
    fn save_as(&mut self, who: &str, base: &VersionRef, to: &str) -> VersionRef {
        self.save_after(who, vec![], base, to)
    }

    /// The same, by somebody who knows what they had saved before.
    fn save_next(&mut self, who: &str, base: &VersionRef, to: &str) -> VersionRef {
        let number = who.strip_prefix('#').and_then(|number| number.parse().ok());
        let author = if number.is_some() { "" } else { who };
        let note = Note { author: author.to_owned(), ..Note::default() };
        let client = Client { number: number.unwrap_or_default(), earlier: vec![] };
        let earlier = self.document.earlier_saves(base, (&note, &client));
        self.save_after(who, earlier, base, to)
    }

    /// The same, by somebody who says what they had saved before.
    fn save_after(
        &mut self,
        who: &str,
        earlier: Vec<EditId>,
        base: &VersionRef,
        to: &str,
    ) -> VersionRef {
        let number = who.strip_prefix('#').and_then(|number| number.parse().ok());
        let author = if number.is_some() { "" } else { who };
        let note = Note { author: author.to_owned(), ..Note::default() };
        let client = Client { number: number.unwrap_or_default(), earlier };
        let client = Some(client).filter(|client| *client != Client::default()).map(Box::new);
        self.save_of(client, (RULES, note), base, to)
    }

    fn save_of(
        &mut self,
        client: Option<Box<Client>>,
        (rules, note): (u8, Note),
        base: &VersionRef,
        to: &str,
    ) -> VersionRef {
        let old = self.text_of(base);
        let mut edit = EditId([self.document.cursor().position as u8 + 1; 16]);
        edit.0[0] ^= self.salt << 4;
        let patch = diff::between(&old, to);
        let on = Base::Version(base.clone());
        let delta = Delta { edit, base: on, patch, note, rules };
        let actor = delta.actor();
        let pop = "AMS".into();
        let edit = Edit { client, ..Edit::new(delta, 1, pop) };
        self.put(Body::Edit(edit));
        let served = VersionRef { extra: vec![actor], ..base.clone() };
        assert_eq!(self.text_of(&served), to, "who saved it has it before them");
        served
    }

    fn others(&self) -> Vec<(&str, &str)> {
        let text =
            |at: std::ops::Range<u32>| &self.document.text()[at.start as usize..at.end as usize];
        self.document.alternatives().into_iter().map(|it| (text(it.at), it.text)).collect()
    }
}

fn origin_text((revision, text): (u64, &str)) -> OriginText {
    OriginText { revision, text: Digest::of_text(text) }
}

fn actor(version: &VersionRef) -> Actor {
    version.extra[0]
}

/// The page after saves that were all made on one text, and what is not shown.
#[track_caller]
fn comes_to(base: &str, saves: &[&str], right: &str, others: &[(&str, &str)]) {
    comes_to_by(0, base, saves, right, others);
}

/// The same of saves that are named otherwise.
#[track_caller]
fn comes_to_by(salt: u8, base: &str, saves: &[&str], right: &str, others: &[(&str, &str)]) {
    let mut page = Page { salt, ..Page::new(base) };
    let version = page.document.version();
    for save in saves {
        page.save(&version, save);
    }
    assert_eq!((page.document.text(), page.others().as_slice()), (right, others));
}

#[test]
fn what_several_wrote_reads_as_if_one_had() {
    let the = "1. the cat\n2. b\n";
    comes_to("1. teh cat\n2. b\n", &[the, the, the, the], the, &[]);
    comes_to("Deaths: 10\n", &["Deaths: 12\n", "Deaths: 12\n"], "Deaths: 12\n", &[]);
    comes_to("", &["# Red Wedding\n", "# Red Wedding\n"], "# Red Wedding\n", &[]);
    comes_to("A\n", &["A\nB\n", "A\nB\nC\n"], "A\nB\nC\n", &[]);
    comes_to("A\n", &["A\nB\nC\n", "A\nB\n"], "A\nB\nC\n", &[]);
    comes_to(
        "The sky is blue today.\n",
        &["The sky is crimson today.\n", "The sky is azure today.\n", "The sky is azure today.\n"],
        "The sky is crimson today.\n",
        &[("crimson", "azure")],
    );
    // However the saves are named.
    for salt in 0..16 {
        let salted =
            |saves| comes_to_by(salt, "killed 10 men\n", saves, "killed about 12 men\n", &[]);
        salted(&["killed 12 men\n", "killed about 10 men\n"]);
        salted(&["killed about 10 men\n", "killed 12 men\n"]);
        let (one, two) = ("the Stark died\n", "the [[Robb]] died\n");
        comes_to_by(salt, "the Robb died\n", &[one, two], one, &[("Stark", "[[Robb]]")]);
        comes_to_by(salt, "the Robb died\n", &[two, one], two, &[("[[Robb]]", "Stark")]);
        // A sentence at the end of the last line, and a section below it.
        let (one, two) = ("Text. More.", "Text.\n\n# New\n\nA.");
        comes_to_by(salt, "Text.", &[one, two], "Text. More.\n\n# New\n\nA.", &[]);
        comes_to_by(salt, "Text.", &[two, one], "Text. More.\n\n# New\n\nA.", &[]);
        let (one, two) = ("A d.\n", "New.\n\nThe d.\n");
        comes_to_by(salt, "The d.\n", &[one, two], "New.\n\nA d.\n", &[]);
    }
    comes_to(
        "Hello beatiful world.\n\nEnd.\n",
        &["End.\n", "Hello beautiful world.\n\nEnd.\n"],
        "End.\n",
        &[("", "Hello beautiful world.\n\n")],
    );
    // Both stay, in the order of their names.
    let mut page = Page::new("a z\n");
    let base = page.document.version();
    page.save(&base, "a one z\n");
    page.save(&base, "a two z\n");
    let words: BTreeSet<&str> = page.document.text().split_whitespace().collect();
    assert_eq!((words.len(), page.document.text().len()), (4, 12), "{:?}", page.document.text());
}

/// Of two pairs of signs that cross the page has the one that the log has first, or of one person's
/// the later one.
#[test]
fn of_pairs_of_signs_that_cross_there_is_one() {
    let base = "He is the king of all.\n";
    let (one, two) = ("He is [[the king]] of all.\n", "He is the [[king of all]].\n");
    let (italic, quote) = ("He is ''the king'' of all.\n", "\"He is the\" king of all.\n");
    let others = ("[[the king]] of all", "the [[king of all]]");
    for salt in 0..8 {
        comes_to_by(salt, base, &[one, two], one, &[others]);
        comes_to_by(salt, base, &[one, two, two], one, &[others]);
        comes_to_by(salt, base, &[two, one], two, &[(others.1, others.0)]);
        comes_to_by(salt, base, &[italic, two], italic, &[("''the king'' of all", others.1)]);
        let both = "\"He is the\" [[king of all]].\n";
        comes_to_by(salt, base, &[two, quote], both, &[]);
    }
    of_people(base, &[("Ann", one), ("Ann", two)], two, &[]);
    of_people(
        base,
        &[("Ann", one), ("Ann", "He is [[the king of all]].\n")],
        "He is [[the king of all]].\n",
        &[],
    );
}

#[test]
fn entries_of_before_are_merged_as_before() {
    let mut page = Page::new("Deaths: 10\n");
    let version = page.document.version();
    page.save_by(1, &version, "Deaths: 12\n");
    page.save_by(1, &version, "Deaths: 12\n");
    assert_eq!(page.document.text(), "Deaths: 1212\n");
}

/// Who saved something that is not shown goes on from what they have before them.
#[test]
fn what_is_written_on_an_alternative_belongs_to_it() {
    let mut page = Page::new("The sky is blue today.\nAnd so on.\n");
    let base = page.document.version();
    page.save(&base, "The sky is crimson today.\nAnd so on.\n");
    let mine = page.save(&base, "The sky is azure today.\nAnd so on.\n");
    let more = page.save(&mine, "The sky is azure today.\nAnd so forth.\n");
    assert_eq!(page.document.text(), "The sky is crimson today.\nAnd so forth.\n");
    page.save(&more, "The sky is azurite today.\nAnd so forth.\n");
    assert_eq!(page.document.text(), "The sky is crimson today.\nAnd so forth.\n");
    assert_eq!(page.others().last(), Some(&("crimson", "azurite")));
    // Whoever changes the passage closes it.
    let head = page.document.version();
    page.save(&head, "The sky is azure today.\nAnd so forth.\n");
    assert_eq!(page.others(), []);
}

/// So is what is written into a line of it of which words stand in the shown version, too, in
/// another line; what is written into a line that both have is there.
#[test]
fn what_is_written_into_a_line_of_an_alternative_belongs_to_it() {
    for (shown, other, more, right) in [
        ("oak elm\n", "oak\nelm\n", "old oak\nelm\n", "oak elm\n"),
        ("oak elm\n", "oak\nelm\n", "oak\nelm old\n", "oak elm\n"),
        ("oak elm\n", "oak\nelm\n", "oak\nold\nelm\n", "oak elm\n"),
        ("oak\nelm\n", "oak elm\n", "oak old elm\n", "oak\nelm\n"),
        ("oak elm\nfir\n", "oak\nelm\nfir\n", "oak\nelm\nold fir\n", "oak elm\nold fir\n"),
    ] {
        let mut page = Page::new("");
        let base = page.document.version();
        page.save(&base, shown);
        let mine = page.save(&base, other);
        page.save(&mine, more);
        assert_eq!(page.document.text(), right);
        let told = page.others().iter().any(|(_, text)| text.contains("old"));
        assert!(told || right.contains("old"), "{:?}", page.others());
    }
}

/// A page of which two wrote the first text, and the one whose text is not shown wrote more on it.
fn on_an_alternative(salt: u8, [shown, other, more]: [&str; 3]) -> Page {
    let mut page = Page { salt, ..Page::new("") };
    let base = page.document.version();
    page.save(&base, shown);
    let mine = page.save(&base, other);
    page.save(&mine, more);
    page
}

/// So is it where the line has the same words in another order: one of them by chance stands, or
/// comes, right where something is written or deleted.
#[test]
fn what_is_written_among_words_of_an_alternative_is_of_that() {
    let (of, four, fir) = ("of a\n", "elm oak ash fir\n", "fir oak elm ash\n");
    for (shown, other, more) in [
        (of, "a of\n", "a of b\n"),
        (of, "a of\n", "b a of\n"),
        (of, "a of\n", "a of a b\n"),
        ("of a", "a of", "a of b"),
        ("a of\n", of, "of a b\n"),
        ("a of\n", of, "b of a\n"),
        ("top\nof a\nend\n", "top\na of\nend\n", "top\na of b\nend\n"),
        (four, fir, "fir oak elm ash b\n"),
        (four, fir, "fir oak b elm ash\n"),
        (four, fir, "fir oak elm b ash\n"),
        (four, fir, "fir oak\n"),
    ] {
        for salt in 0..8 {
            let page = on_an_alternative(salt, [shown, other, more]);
            assert_eq!(page.document.text(), shown, "{more}");
            let told = shown.lines().zip(more.lines()).find(|(one, two)| one != two);
            assert_eq!(page.others().last().copied(), told, "{more}");
        }
    }
}

/// But whole lines beside it are there, and so is what is written into a line that both have; and
/// what has the shown version whole stands for it.
#[test]
fn what_is_written_beside_an_alternative_is_there() {
    let (of, other) = ("of a\n", "a of\n");
    for (shown, other, more, right) in [
        (of, other, "of a b\n", "of a b\n"),
        (of, other, "a of a\n", "a of a\n"),
        (of, other, "a of\nb\n", "of a\nb\n"),
        (of, other, "b\na of\n", "b\nof a\n"),
        ("of a", "a of", "a of\nb", "of a\nb"),
        ("of a\nend\n", "a of\nend\n", "a of\nx end\n", "of a\nx end\n"),
        (
            "oak elm\nash fir\n",
            "ash fir\noak elm\n",
            "ash b fir\noak elm\n",
            "oak elm\nash b fir\n",
        ),
    ] {
        for salt in 0..8 {
            let page = on_an_alternative(salt, [shown, other, more]);
            assert_eq!(page.document.text(), right, "{more}");
            assert_eq!(page.others().len(), 1, "{:?}", page.others());
        }
    }
}

/// Who keeps both leaves the passage as it is, and adds the other version.
#[test]
fn what_stands_on_the_page_is_no_alternative_any_more() {
    let mut page = Page::new("a blue sky\nend\n");
    let base = page.document.version();
    page.save(&base, "a crimson sky\nend\n");
    page.save(&base, "a green sky\nend\n");
    assert_eq!(page.others(), [("crimson", "green")]);
    let head = page.document.version();
    page.save(&head, "a crimson green sky\nend\n");
    assert_eq!(page.others(), []);
}

#[test]
fn a_form_from_before_a_vandal_is_good() {
    let text = "One teh.\n\nTwo dog.\n\nThree cow.\n";
    let mut page = Page::new(text);
    let base = page.document.version();
    page.save(&base, "HI");
    let head = page.document.version();
    page.save(&head, text);
    page.save(&base, &text.replace("dog", "cat"));
    assert_eq!(page.document.text(), text.replace("dog", "cat"));
    assert_eq!(page.others(), []);
}

/// What a third put in the same place changes nothing of what two put there: the same is one, the
/// larger stands, of two versions one shows; what has nothing of the other is there as well.
#[test]
fn others_in_the_same_place_are_in_nobodys_way() {
    let check =
        |base: &str, [one, two]: [&str; 2], thirds: &[&str], right: &[&str], other: usize| {
            for salt in 0..16 {
                let mut page = Page { salt, ..Page::new(base) };
                let version = page.document.version();
                page.save(&version, one);
                thirds.iter().for_each(|third| drop(page.save(&version, third)));
                page.save(&version, two);
                let text = page.document.text();
                let once = |part: &&str| text.matches(part).count() == 1;
                let bytes = base.len() + right.iter().map(|part| part.len()).sum::<usize>();
                assert!(right.iter().all(once) && text.len() == bytes, "{text:?}");
                assert_eq!(page.others().len(), other, "{text:?} {:?}", page.others());
            }
        };
    let (king, wife) = ("Robb is king.\n", "Robb is king. His wife was there.\n");
    let (died, dead) = ("Robb is king. He died.\n", "Robb is king. He died at the Twins.\n");
    let wolf = "Robb is king. A wolf came in.\n";
    let wives = [" His wife was there.", " A wolf came in."];
    check(king, [died, died], &[wife, wolf], &[wives[0], wives[1], " He died."], 0);
    check(
        king,
        [dead, "Robb is king. He died at Twins.\n"],
        &[wife],
        &[" He died at the Twins.", wives[0]],
        1,
    );
    let rows = ["a\n", "a\n| age = 16\n", "a\n| age = 17\n", "a\n| house = Stark\n"];
    check(rows[0], [rows[1], rows[2]], &[rows[3]], &["| age = 16\n", "| house = Stark\n"], 1);
    check("{{a}}", ["{{a|b=1}}", "{{a|b=2}}"], &["{{a|c=3}}"], &["|b=1", "|c=3"], 1);
    check("Robb.\n", ["Robb, Cat.\n", "Robb, Cat.\n"], &["Robb, Bran.\n"], &[", Cat", ", Bran"], 0);
    let more = "a\n\nHe died.\n\nBy Roose.\n";
    check(
        "a\n",
        ["a\n\nHe died.\n", more],
        &["a\n\nWolves.\n"],
        &["\nHe died.\n\nBy Roose.\n", "\nWolves.\n"],
        0,
    );
}

/// Who restores a page that was blanked makes no new one: what others added to it is beside that.
#[test]
fn a_blanked_page_comes_back_beside_what_was_added() {
    let text = "Robb is king.\nHe has a wolf.\n";
    let longer = format!("{text}He died.\n");
    for turned in [false, true] {
        let mut page = Page::new(text);
        let base = page.document.version();
        if turned {
            page.save(&base, &longer);
        }
        let blank = page.save(&base, "");
        if !turned {
            page.save(&base, &longer);
        }
        page.save(&blank, text);
        assert_eq!((page.document.text(), page.others()), (longer.as_str(), vec![]));
    }
}

/// What somebody made, and another took back with all else, is made by whoever makes it on the text
/// that there is again.
#[test]
fn what_was_reverted_can_be_made_again() {
    let text = "He was against authority.''\n\nIn France.\n";
    let made = text.replace("''", " {{fact}}");
    for salt in 0..16 {
        let mut page = Page { salt, ..Page::new(text) };
        let base = page.document.version();
        page.save(&base, &made);
        let head = page.document.version();
        page.save(&head, &made.replace("In France", "In Spain"));
        let head = page.document.version();
        page.save(&head, text);
        page.save(&base, &made);
        assert_eq!((page.document.text(), page.others().len()), (made.as_str(), 0));
    }
}

/// Lines of several writers stay lines, whatever else was decided of their saves.
#[test]
fn lines_of_several_stay_apart_and_there() {
    let check = |base: &str, saves: &[&str], lines: &[&str]| {
        for salt in 0..16 {
            let mut page = Page { salt, ..Page::new(base) };
            let root = page.document.version();
            saves.iter().for_each(|save| drop(page.save(&root, save)));
            let text = page.document.text();
            let there = |line: &&str| text.lines().filter(|it| it == line).count() == 1;
            assert!(lines.iter().all(there), "{lines:?} in {text:?}");
        }
    };
    // Two fill one empty line; of a third, or of the second, something else is not shown.
    let saves = ["a a aa\none\n", "new\na a aa\ntwo\n", "\na a aa\n\n"];
    check("a\na a aa\n\n", &saves, &["one", "two"]);
    check(
        "a a\n\n\na\n",
        &["a a\n\n\n\na\n", "a a\none\n\na\n", "a a\ntwo\n\n\na\n"],
        &["one", "two"],
    );
    // A line is put below one that is moved, and a word of that is replaced.
    let saves =
        ["w a a\na\n", "a\na a a\n", "zebra of one line\na a a\na\n", "a a\na\n", "a\na a a\n"];
    check("a a a\na\n", &saves, &["zebra of one line", "w a a"]);
    // What stands at the end of the text is of two, and a third adds a line.
    let saves = ["aa a\naa aa\n", "aa aa\n\n", "* aa a\naa aa\none\n", "* aa a\naa aa\ntwo\n"];
    check("* aa a\naa aa\n", &saves, &["one", "two"]);
}

/// What was put back is in another order than it was: what stayed of it stands elsewhere.
#[test]
fn a_form_from_before_is_good_whatever_stayed() {
    let [x, y] =
        ["a line that is there twice, as long as this one is\n", "one that is there once\n"];
    let q = "and what a vandal wrote, which is just as long as all of it\n";
    let text = [x, y, x, "end\n"].concat();
    let mut page = Page::new(&text);
    let base = page.document.version();
    for to in
        [[y, x, "end\n"].concat(), [x, "end\n"].concat(), [x, q, "end\n"].concat(), text.clone()]
    {
        let head = page.document.version();
        page.save(&head, &to);
    }
    let right = [x, y, &x.replace("long", "short"), "end\n"].concat();
    page.save(&base, &right);
    assert_eq!((page.document.text(), page.others().len()), (right.as_str(), 0));
}

#[test]
fn a_save_that_is_not_shown_is_suppressed_released_and_erased() {
    let mut page = Page::new("a blue sky\nend\n");
    let base = page.document.version();
    page.save(&base, "a crimson sky\nend\n");
    let (second, both) = (page.save(&base, "an azure sky\nthe end\n"), "a crimson sky\nthe end\n");
    assert_eq!(page.document.text(), both);
    let moderation = |of| Moderation { change: actor(of), note: Note::default(), time_ms: 2 };
    for _ in 0..2 {
        page.put(Body::Suppress(moderation(&second)));
        assert_eq!(page.document.text(), "a crimson sky\nend\n");
        page.put(Body::Release(moderation(&second)));
        assert_eq!(page.document.text(), both);
    }
    // One that stands in place of an other one.
    let mut page = Page::new("A\n");
    let base = page.document.version();
    page.save(&base, "A\nB\n");
    let larger = page.save(&base, "A\nB\nsecret\n");
    page.put(Body::Suppress(moderation(&larger)));
    assert!(!page.document.text().contains("secret"), "{:?}", page.document.text());
    page.put(Body::Release(moderation(&larger)));
    assert_eq!(page.document.text(), "A\nB\nsecret\n");
    page.put(Body::Erase(moderation(&larger)));
    assert!(!page.document.text().contains("secret"), "{:?}", page.document.text());
    assert!(!String::from_utf8_lossy(&page.document.encode()).contains("secret"));
}

/// A page of which the log has this text of the origin, and saves of an older one.
#[track_caller]
fn comes_of_an_older_text_to(
    now: &str,
    old: &str,
    saves: &[&str],
    right: &str,
    others: &[(&str, &str)],
) {
    let mut page = Page::new("");
    let origin = |revision, text: &str| {
        let (text, note) = (text.to_owned(), Note::default());
        OriginPage { revision, text, time_ms: 1, note }
    };
    page.put(Body::Base(origin(7, now)));
    let old = origin(5, old);
    let version = VersionRef::of_root(Root::Origin(old.name()));
    page.tell(Body::Base(old), Verdict::Superseded);
    saves.iter().for_each(|save| drop(page.save(&version, save)));
    assert_eq!((page.document.text(), page.others().as_slice()), (right, others));
}

/// A log that lost a page begins with what the origin has by then. It may hold saves that are
/// still on their way, or what somebody else wrote there in place of them.
#[test]
fn a_save_of_an_older_text_of_the_origin_comes_out_as_meant() {
    let the = "1. the cat\n2. b\n";
    let teh = "1. teh cat\n2. b\n";
    comes_of_an_older_text_to(the, teh, &[the, the], the, &[]);
    comes_of_an_older_text_to("b\na\n", "a\n", &["b\na\n"], "b\na\n", &[]);
    comes_of_an_older_text_to("c b\na\n", "a\n", &["b\na\n"], "c b\na\n", &[]);
    comes_of_an_older_text_to("b\na\n", "a\n", &["b\na\nc\n"], "b\na\nc\n", &[]);
    comes_of_an_older_text_to(
        "The sky is crimson today.\n",
        "The sky is blue today.\n",
        &["The sky is azure today.\n"],
        "The sky is crimson today.\n",
        &[("crimson", "azure")],
    );
    // Beside a save that the log had first, too.
    comes_of_an_older_text_to(
        "New.\n\nThe sky is blue today.\n",
        "The sky is blue today.\n",
        &["The sky is crimson today.\n", "The sky is azure today.\n"],
        "New.\n\nThe sky is crimson today.\n",
        &[("crimson", "azure")],
    );
}

#[test]
fn an_edit_made_at_the_origin_comes_out_as_meant() {
    let comes_to =
        |old: &str, saved: &str, imported: &str, right: &str, others: &[(&str, &str)]| {
            let mut page = Page::new(old);
            page.save(&page.document.version(), saved);
            page.import(Some((1, old)), (2, imported));
            assert_eq!((page.document.text(), page.others().as_slice()), (right, others));
            // The origin's own text is still the one that it has.
            assert_eq!(
                page.document
                    .text_at(&page.document.origin().tip.as_ref().unwrap().version)
                    .unwrap(),
                imported
            );
        };
    let the = "1. the cat\n2. b\n";
    comes_to("1. teh cat\n2. b\n", the, the, the, &[]);
    comes_to("A\n", "A\nB\n", "A\nB\nC\n", "A\nB\nC\n", &[]);
    comes_to(
        "The sky is blue today.\n",
        "The sky is crimson today.\n",
        "The sky is azure today.\n",
        "The sky is azure today.\n",
        &[("azure", "crimson")],
    );
}

/// Somebody edits what the origin made by itself of our text and another edit: they had that before
/// them, whatever the log makes of the two, and by characters it makes something else of them.
#[test]
fn an_edit_of_what_the_origin_merged_comes_out_as_meant() {
    let comes_to = |old, saved, imported, merged, edited, right: &str, others: &[(&str, &str)]| {
        let mut page = Page::new(old);
        page.save(&page.document.version(), saved);
        let flush = page.announce();
        page.import(Some((1, old)), (2, imported));
        page.merged_at_origin(flush, (3, merged));
        page.import(Some((3, merged)), (4, edited));
        assert_eq!((page.document.text(), page.others().as_slice()), (right, others));
        assert_eq!(page.document.origin().revision(), 4);
    };
    let all = "elm oak fir ash yew\n";
    comes_to("oak ash\n", "elm oak ash\n", "oak fir ash\n", "elm oak fir ash\n", all, all, &[]);
    // The log decided for the one, the origin for the other.
    comes_to(
        "The sky is blue today.\n\nEnd.\n",
        "The sky is crimson today.\n\nEnd.\n",
        "The sky is azure today.\n\nEnd.\n",
        "The sky is crimson today.\n\nEnd.\n",
        "The sky is crimson today.\n\nThe end.\n",
        "The sky is azure today.\n\nThe end.\n",
        &[("azure", "crimson")],
    );
    // The log shows the one alone, the origin has put the two together: nobody chose.
    comes_to(
        "elm oak fir ",
        "yew elm oak ash\nbox ",
        "elm oak fir gum bay ",
        "yew elm oak ash\nbox gum bay ",
        "yew oak ash\nbox gum bay tea ",
        "yew oak fir gum bay tea ",
        &[("fir gum bay ", "ash\nbox ")],
    );
}

/// What the log begins with may hold a save that was made where there was no page. Only the log
/// tells.
#[test]
fn a_view_says_where_a_save_may_stand_twice() {
    let mut page = Page::new("");
    let empty = page.document.version();
    let (note, text) = (Note::default(), "# Red Wedding\n".to_owned());
    page.put(Body::Base(OriginPage { revision: 7, text: text.clone(), time_ms: 1, note }));
    let save = |base: &VersionRef, from: &str| {
        let (base, patch) = (Base::Version(base.clone()), diff::between(from, &text));
        let (edit, note) = (EditId([9; 16]), Note::default());
        let delta = Delta { edit, base, patch, note, rules: RULES };
        let pop = "AMS".into();
        let edit = Edit::new(delta, 1, pop);
        Entry::new(page.document.key().clone(), Body::Edit(edit))
    };
    let may_double = |entry: &Entry| {
        let mut view = View::of(&page.document);
        view.add(entry).unwrap();
        (view.may_double(entry), view.text().len())
    };
    assert_eq!(may_double(&save(&empty, "")), (true, 2 * text.len()));
    assert_eq!(may_double(&save(&page.document.version(), &text)), (false, text.len()));
    assert!(!View::of(&page.document).may_double(&save(&empty, "")), "it is not in");
}

/// Somebody had both versions before them, since no log had decided yet, and chose.
#[test]
fn who_saw_both_decides() {
    let comes_to = |base: &str, saves: [&str; 2], mended: &dyn Fn(&str) -> String, right: &str| {
        for salt in 0..16 {
            let mut page = Page { salt, ..Page::new(base) };
            let root = page.document.version();
            let one = page.save(&root, saves[0]);
            let two = page.save(&root, saves[1]);
            let mut extra = [one.extra, two.extra].concat();
            extra.sort_unstable();
            let both = VersionRef { extra, ..root };
            let seen = page.text_of(&both);
            page.save(&both, &mended(&seen));
            assert_eq!(page.document.text(), right, "of {seen:?}");
        }
    };
    // One of the two lines goes, whichever.
    let once = |at: usize| {
        move |seen: &str| {
            let mut lines: Vec<&str> = seen.split_inclusive('\n').collect();
            lines.remove(at);
            lines.concat()
        }
    };
    let new = "* a\n* new four\n";
    comes_to("* a\n", [new, new], &once(1), new);
    comes_to("* a\n", [new, new], &once(2), new);
    let page = "# Red Wedding\n";
    comes_to("", [page, page], &once(0), page);
    comes_to("", [page, page], &once(1), page);
    let colours = ["crimson", "azure"].map(|colour| format!("The sky is {colour} today.\n"));
    for chosen in &colours {
        let saves = [&*colours[0], &*colours[1]];
        comes_to("The sky is blue today.\n", saves, &|_| chosen.clone(), chosen);
    }
}

/// What the log puts in another place is its author's all the same, and goes when they delete it.
#[test]
fn who_deletes_their_own_words_deletes_them_wherever_they_stand() {
    for salt in 0..16 {
        let mut page = Page { salt, ..Page::new("oak ") };
        let root = page.document.version();
        let before = page.save(&root, "elm fir\nlarch oak ");
        page.save(&before, "elm fir\nlarch yew\n");
        let mine = page.save(&root, "ash\noak ");
        let mut extra = [before.extra, mine.extra].concat();
        extra.sort_unstable();
        let form = VersionRef { extra, ..root };
        let seen = page.text_of(&form);
        assert!(seen.contains("ash\n") && page.document.text().contains("ash"), "{seen:?}");
        // With something beside them, too.
        page.save(&form, &seen.replace("ash\noak ", "").replace("ash\n", ""));
        let text = page.document.text();
        assert!(!text.contains("ash") && text.contains("yew"), "{text:?} of {seen:?}");
    }
}

/// Also where another one's longer text stands for theirs: that loses what they deleted, and keeps
/// what it has more.
#[test]
fn who_deletes_a_word_of_what_a_longer_text_stands_for_deletes_it_there() {
    for (one, two) in [("a a\n", "a a a\n"), ("oak elm\n", "oak elm fir\n")] {
        for salt in 0..8 {
            let mut page = Page { salt, ..Page::new("") };
            let base = page.document.version();
            let mine = page.save(&base, one);
            page.save(&base, two);
            assert_eq!((page.document.text(), page.others().as_slice()), (two, &[][..]));
            let [short, left] = [one, two].map(|text| text.split_once(' ').unwrap().1);
            page.save(&mine, short);
            assert_eq!((page.document.text(), page.others().as_slice()), (left, &[][..]));
        }
    }
}

/// What the log put in another place stays there, whoever deletes something beside that place.
#[test]
fn who_deletes_beside_what_was_put_elsewhere_leaves_that() {
    for salt in 0..16 {
        let mut page = Page { salt, ..Page::new("oak") };
        let root = page.document.version();
        let on = |saves: &[&VersionRef]| {
            let mut extra: Vec<Actor> = saves.iter().map(|it| actor(it)).collect();
            extra.sort_unstable();
            VersionRef { extra, ..root.clone() }
        };
        let none = page.save(&root, "");
        let elm = page.save(&none, "elm ");
        let fir = page.save(&root, "fir oak");
        let ash = page.save(&root, "ash\noak");
        let seen = on(&[&elm, &fir, &ash]);
        let text = page.text_of(&seen);
        let yew = page.save(&seen, &text.replace("elm ", "yew elm "));
        let beside = on(&[&elm, &ash]);
        let text = page.text_of(&beside);
        page.save(&beside, &text.replace("elm ", "elm box "));
        let text = page.text_of(&yew);
        page.save(&yew, &text.replace("ash\n", "").replace("elm ", ""));
        let text = page.document.text();
        // Where two did something else at one place, one version of it is told, not lost.
        let told = page.others().iter().any(|(_, other)| other.contains("yew "));
        let once = |word: &str| text.matches(word).count() == 1;
        assert!(once("fir ") && once("box "), "{salt}: {text:?}");
        assert!(once("yew ") || told, "{salt}: {text:?}");
    }
}

/// What the log has put in another place, and somebody deletes there, does not come back where it
/// was, whoever takes something away there of a text from before.
#[test]
fn what_is_deleted_where_the_log_has_put_it_does_not_come_back() {
    let comes_to = |salt: u8, yew: bool, gone: &str| {
        let mut page = Page { salt, ..Page::new("oak") };
        let root = page.document.version();
        let ash = page.save(&root, "ash\noak");
        let elm = page.save(&root, "elm oak");
        let fir = page.save(&elm, "elm fir\noak");
        let lines = page.save(&fir, "elm fir\nbox\noak");
        let mut extra = vec![actor(&ash), actor(&lines)];
        extra.sort_unstable();
        let seen = VersionRef { extra, ..root.clone() };
        if yew {
            // A third one puts something where the log has the lines by now.
            page.save(&root, "yew\noak");
        }
        let (newest, shown) = (page.document.version(), page.document.text().to_owned());
        page.save(&newest, &shown.replace(gone, ""));
        // Who has the lines before them where they were joins two of them.
        let text = page.text_of(&seen);
        page.save(&seen, &text.replace("fir\n", ""));
        // Where two delete what is side by side, what one of them does is told at least.
        let told = page.others().iter().any(|(shown, _)| shown.contains("fir"));
        let text = page.document.text();
        let many = |word: &str| text.matches(word).count();
        let [fir, box_] = ["fir", "box"].map(|word| usize::from(!gone.contains(word)));
        let right = [1, 1, 1, usize::from(told) * fir, box_, usize::from(yew)];
        let found = ["oak", "ash", "elm", "fir", "box", "yew"].map(many);
        assert_eq!(found, right, "{salt}, {gone:?} of {shown:?}: {text:?}");
    };
    for salt in 0..16 {
        for gone in ["fir\nbox\n", "fir\n", "box\n"] {
            comes_to(salt, false, gone);
            comes_to(salt, true, gone);
        }
    }
}

/// A change that is made twice is one, whatever became of the one that was first.
#[test]
fn the_same_change_is_the_same_after_others_worked_on_it() {
    let (old, new) = ("* a\n* b\n* c\n", "* a\n* b\n* c\n* new\n");
    comes_to(old, &["* a\n* b\n", new, new], "* a\n* b\n* new\n", &[]);
    comes_to(old, &[new, "* a\n* b\n", new], "* a\n* b\n* new\n", &[]);
    let mut page = Page::new(old);
    let root = page.document.version();
    let first = page.save(&root, new);
    page.save(&first, "* a\n* b\n* c\n* quite new\n");
    page.save(&root, new);
    assert_eq!(page.document.text(), "* a\n* b\n* c\n* quite new\n");
}

/// So is a move, whatever became of the lines meanwhile.
#[test]
fn the_same_move_is_one_after_others_worked_on_it() {
    let (old, new) = ("* a b\n* c d\n", "* c d\n* a b\n");
    let longer = |text: &str| format!("{text}* e f\n");
    for salt in 0..16 {
        comes_to_by(salt, old, &[new, "* a b\n* c x\n", new], "* c x\n* a b\n", &[]);
        comes_to_by(salt, old, &[new, "* a b\n", new], "* a b\n", &[]);
        let saves = [longer(new), longer("* a b\n"), longer(new)];
        let saves = saves.each_ref().map(String::as_str);
        comes_to_by(salt, &longer(old), &saves, &longer("* a b\n"), &[]);
    }
    // By a save that has more in it, too.
    let saves = [longer(new), longer("* a b\n* c x\n"), longer(new) + "* g h\n"];
    let saves = saves.each_ref().map(String::as_str);
    comes_to(&longer(old), &saves, "* c x\n* a b\n* e f\n* g h\n", &[]);
}

/// What two trimmed alike, the one of them in vain, shows again once, and can be worked on.
#[test]
fn what_two_trimmed_shows_again_once() {
    let [sun, cow] = ["😀 star sun 😀 star\n", "w3 w4 cow\n"];
    let old = format!("今天\n* rye oak\nstar {sun}{cow}\n");
    for salt in 0..16 {
        let mut page = Page { salt, ..Page::new(&old) };
        let root = page.document.version();
        page.save(&root, &format!("* rye oak\n{sun}{cow}今天\noak\n"));
        let head = page.document.version();
        page.save(&head, &format!("* rye oak\n{sun}{cow}今天\n{cow}oak\n"));
        let head = page.document.version();
        let trimmed = format!("今天\n* rye oak\ncat w5\nred \nstar {sun}{cow}");
        page.save(&root, &trimmed);
        page.save(&root, &format!("* rye oak\nstar {sun}{cow}\n"));
        page.save(&root, &trimmed);
        page.save(&head, &format!("* rye oak\n{cow}今天\n公园 12 w6\n{cow}oak\n{sun}"));
        page.save(&root, &format!("* fir rye oak\n\nstar {sun}"));
        let text = page.document.text();
        let whole = |line: &str| text.split_inclusive('\n').filter(|it| *it == line).count() == 1;
        assert!(["red \n", "oak\n", sun, "公园 12 w6\n"].into_iter().all(whole), "{text:?}");
    }
}

/// Lines that somebody takes elsewhere are one change with two places.
#[test]
fn moved_lines_stand_once() {
    let old = "First teh cat.\n\nSecond dog.\n\nThird cow.\n";
    let fixed = "First the cat.\n\nSecond dog.\n\nThird cow.\n";
    let moved = "Second dog.\n\nThird cow.\n\nFirst teh cat.\n";
    let both = "Second dog.\n\nThird cow.\n\nFirst the cat.\n";
    let list = "* Arya\n* Bran\n* Catelyn\n* Robb\n* Sansa\n";
    let up = "* Robb\n* Arya\n* Bran\n* Catelyn\n* Sansa\n";
    let down = "* Arya\n* Bran\n* Catelyn\n* Sansa\n* Robb\n";
    let gone = "* Arya\n* Bran\n* Catelyn\n* Sansa\n";
    for salt in 0..16 {
        comes_to_by(salt, old, &[moved, fixed], both, &[]);
        comes_to_by(salt, old, &[fixed, moved], both, &[]);
        comes_to_by(salt, list, &[up, up], up, &[]);
        for (saves, right) in [([up, down], up), ([down, up], down), ([gone, up], gone)] {
            let mut page = Page { salt, ..Page::new(list) };
            let root = page.document.version();
            saves.iter().for_each(|save| drop(page.save(&root, save)));
            assert_eq!(page.document.text(), right);
        }
        comes_to_by(salt, list, &[up, gone], up, &[("* Robb\n", "")]);
    }
}

/// Against a move a deletion is another version of the lines, where these are by now, whichever of
/// the two the log has first.
#[test]
fn who_deletes_lines_that_another_moves_is_told_where_they_stand() {
    let spam = "one\nspam line\ntwo\n";
    let (down, gone) = ("one\ntwo\nspam line\n", "one\ntwo\n");
    let told = [("spam line\n", "")];
    let five = "a one\nb two\nc three\nd four\ne five\n";
    let moved = "a one\nd four\ne five\nb two\nc three\n";
    let section = "# H\n\nspam spam spam\n\n# I\n\ntext\n";
    let below = "# I\n\ntext\n\n# H\n\nspam spam spam\n";
    let open = "one\ntwo\nthree\nspam line";
    for salt in 0..8 {
        let comes_to = |base, saves: &[&str], right, others: &[_]| {
            comes_to_by(salt, base, saves, right, others);
        };
        comes_to(spam, &[down, gone], down, &told);
        comes_to(spam, &[gone, down], gone, &[("", "spam line\n")]);
        // Several who delete it, and one who corrects it.
        comes_to(spam, &[down, gone, gone], down, &told);
        let corrected = "one\nspam line corrected\ntwo\n";
        let right = "one\ntwo\nspam line corrected\n";
        comes_to(spam, &[down, gone, corrected], right, &[("spam line corrected\n", "")]);
        // Several lines, more than these, fewer, and a section.
        let block = [("b two\nc three\n", "")];
        comes_to(five, &[moved, "a one\nd four\ne five\n"], moved, &block);
        comes_to(five, &[moved, "a one\ne five\n"], "a one\ne five\nb two\nc three\n", &block);
        let right = "a one\ne five\nb two\nc three\n";
        comes_to(five, &[moved, "a one\nb two\ne five\n"], right, &[("c three\n", "")]);
        let right = "a one\nd four\ne five\nc three\n";
        comes_to(five, &[moved, "a one\nc three\nd four\ne five\n"], right, &[]);
        comes_to(section, &[below, "# I\n\ntext\n"], below, &[("# H\n\nspam spam spam\n", "")]);
        comes_to(section, &[below, "# H\n\n# I\n\ntext\n"], below, &[("spam spam spam\n", "")]);
        // The last line, without an end.
        let up = "one\nspam line\ntwo\nthree";
        comes_to(open, &[up, "one\ntwo\nthree"], up, &[("spam line\n", "")]);
        // Both move it.
        comes_to(spam, &[down, down], down, &[]);
    }
    // One person's second thought is no alternative of the first.
    of_people(spam, &[("Ann", down), ("Ann", gone)], gone, &[]);
    of_people(spam, &[("Ann", down), ("Bob", gone), ("Ann", gone)], gone, &[]);
}

/// A row is put beside one that somebody deletes; who corrected the latter, from an older form, has
/// it at hand instead of nothing: the row beside is no version of it, and may go by itself.
#[test]
fn what_stands_beside_a_deleted_line_is_no_version_of_it() {
    let (row, mended, beside, tail) =
        ("| red | blue hword |\n", "| red | blue NEW |\n", "| one | two |\n", "| ship | car |\n");
    for above in [true, false] {
        let [one, two] = if above { [beside, row] } else { [row, beside] };
        for deleted_first in [false, true] {
            let base = format!("{row}{tail}");
            let mut page = Page::new(&base);
            let form = page.document.version();
            if deleted_first {
                page.save(&form, tail);
                page.save(&form, &format!("{one}{two}{tail}"));
            } else {
                page.save(&form, &format!("{one}{two}{tail}"));
                let both = page.document.version();
                page.save(&both, &format!("{beside}{tail}"));
            }
            assert_eq!(page.document.text(), format!("{beside}{tail}"));
            page.save(&form, &format!("{mended}{tail}"));
            assert_eq!(page.document.text(), format!("{beside}{tail}"));
            let told = [("", mended)];
            assert_eq!(page.others(), told, "above {above}, deleted first {deleted_first}");
            let shown = page.document.version();
            page.save(&shown, tail);
            assert_eq!(page.others(), told, "the row beside went alone");
        }
    }
}

/// What is not shown stays at hand until somebody who could see it writes the passage anew.
#[test]
fn who_had_not_seen_an_alternative_does_not_close_it() {
    let sky = |colour: &str| format!("The sky is {colour} today.\n");
    let mut page = Page::new(&sky("blue"));
    let root = page.document.version();
    page.save(&root, &sky("crimson"));
    let crimson = page.document.version();
    page.save(&root, &sky("azure"));
    assert_eq!(page.others(), [("crimson", "azure")]);
    page.save(&crimson, &sky("scarlet"));
    assert_eq!(
        (page.document.text(), &*page.others()),
        (&*sky("scarlet"), &[("scarlet", "azure")][..])
    );
    let head = page.document.version();
    page.save(&head, &sky("golden"));
    assert_eq!((page.document.text(), page.others().len()), (&*sky("golden"), 0));
    // Nor does who is not shown there, nor who mends a word of a long passage.
    let mut page = Page::new("");
    let root = page.document.version();
    page.save(&root, "# Red\n\nA teh text of some words.\n");
    page.save(&root, "# Red\n\nOther words of somebody else.\n");
    let before = page.others().len();
    let head = page.document.version();
    page.save(&head, "# Red\n\nA the text of some words.\n");
    assert_eq!((before, page.others().len()), (1, 1));
}

/// A save that waits for the log.
fn waiting(view: &View, number: u8, base: &VersionRef, to: &str) -> Entry {
    let on = view.resolve_version(base).unwrap();
    let patch = view.edit(&on, &view.text_of(&on).unwrap(), to).unwrap();
    let (edit, base) = (EditId([number; 16]), Base::Version(base.clone()));
    let delta = Delta { edit, base, patch, note: Note::default(), rules: RULES };
    let (served, pop) = (Some(view.version()), "AMS".into());
    let edit = Edit { served, ..Edit::new(delta, 1, pop) };
    let entry = Entry::new(view.key().clone(), Body::Edit(edit));
    assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
    entry
}

/// Where a line was moved, a view shows no word of it that another save deleted: neither the log
/// nor whoever saw it gone does.
#[test]
fn a_view_does_not_show_again_what_was_deleted_where_it_was_moved_from() {
    let (line, rest) = ("one two three four\n", "elm oak ash\nfir yew box\n");
    let (moved, shorter) = (format!("{rest}{line}"), format!("one four\n{rest}"));
    for salt in 0..16 {
        let page = Page::new(&format!("{line}{rest}"));
        let root = page.document.version();
        let saves = |view: &View| {
            [(salt, &moved), (salt + 100, &shorter)]
                .map(|(number, to)| waiting(view, number + 1, &root, to))
        };
        let right = format!("{rest}one four\n");
        for turned in [false, true] {
            let mut view = View::of(&page.document);
            let mut saves = saves(&view);
            if turned {
                saves.reverse();
            }
            let decided = saves.each_ref().map(|save| view.add_save(save).unwrap());
            assert_eq!(decided, [(Verdict::Counted, false), (Verdict::Counted, true)]);
            assert_eq!(view.shown(), right);
            let version = view.version();
            assert!(version.hidden.is_some() && view.text() != right);
            let shown = |view: &View, version| {
                view.text_of(&view.resolve_version(version).unwrap()).unwrap()
            };
            assert_eq!(shown(&view, &version), right, "it states what it hides");
            // In a cache, too.
            assert_eq!(
                View::decode_own(&view.encode_own(), &View::of(&page.document)).unwrap(),
                view
            );
            // Who saves on it saves what they had before them, here and in the log.
            let to = right.replace("four", "four five").replace("oak ", "");
            let mut log = Page { document: page.document.clone(), salt: 0 };
            let last = waiting(&view, 200, &version, &to);
            view.add(&last).unwrap();
            assert_eq!(view.shown(), to);
            assert_eq!(shown(&view, &version), right, "it does for ever");
            for entry in saves.into_iter().chain([last]) {
                log.put(entry.body);
            }
            assert_eq!((log.document.text(), log.others()), (&*to, vec![]));
            assert_eq!(log.text_of(&version), right, "in the log as well");
        }
    }
}

/// And where the log has moved it already.
#[test]
fn a_view_does_not_show_again_what_was_deleted_where_the_log_has_moved_it_from() {
    let (line, rest) = ("one two three four\n", "elm oak ash\nfir yew box\n");
    let mut page = Page::new(&format!("{line}{rest}"));
    let root = page.document.version();
    let before = View::of(&page.document);
    let deleted = waiting(&before, 9, &root, &format!("one four\n{rest}"));
    page.save(&root, &format!("{rest}{line}"));
    let mut view = View::of(&page.document);
    view.add(&deleted).unwrap();
    assert_eq!(view.shown(), format!("{rest}one four\n"));
    // Of two versions of a passage it shows the log's, and tells of the other.
    let mut page = Page::new("The sky is blue today.\n");
    let root = page.document.version();
    let before = View::of(&page.document);
    let crimson = waiting(&before, 9, &root, "The sky is crimson today.\n");
    page.save(&root, "The sky is azure today.\n");
    let mut view = View::of(&page.document);
    assert_eq!(view.add_save(&crimson).unwrap(), (Verdict::Counted, true));
    assert_eq!((view.shown(), told(&view)), ("The sky is azure today.\n", vec!["crimson"]));
}

/// What a view tells beside what it shows.
fn told(view: &View) -> Vec<&str> {
    let mut told: Vec<&str> = view.alternatives().iter().map(|it| it.text.trim()).collect();
    told.sort_unstable();
    told
}

/// The same save, accepted at another time.
fn at(mut entry: Entry, accepted_ms: u64) -> Entry {
    let Body::Edit(edit) = &mut entry.body else { unreachable!("it is a save") };
    edit.accepted_ms = accepted_ms;
    entry
}

/// All orders of some entries in which each comes after those that it was made on.
fn causal(entries: &[Entry], after: &[(usize, usize)]) -> Vec<Vec<Entry>> {
    let longer = |orders: Vec<Vec<usize>>, next: usize| -> Vec<Vec<usize>> {
        let at = |order: &Vec<usize>, at: usize| [&order[..at], &[next], &order[at..]].concat();
        orders.iter().flat_map(|order| (0..=next).map(move |place| at(order, place))).collect()
    };
    let mut orders = (0..entries.len()).fold(vec![vec![]], longer);
    let place = |order: &Vec<usize>, it: usize| order.iter().position(|other| *other == it);
    orders.retain(|order| after.iter().all(|(two, one)| place(order, *one) < place(order, *two)));
    let with = |order: &Vec<usize>| order.iter().map(|it| entries[*it].clone()).collect();
    orders.iter().map(with).collect()
}

/// Whatever the order in which a view comes to know of them, it shows one version of several,
/// whole, and tells of the others; and the log takes nobody's words away untold, whatever its
/// order is.
#[track_caller]
fn shows_one_of(
    page: &Page,
    (entries, after): (&[Entry], &[(usize, usize)]),
    right: &str,
    others: &[&str],
    words: &[&str],
) {
    for order in causal(entries, after) {
        let mut view = View::of(&page.document);
        for entry in &order {
            assert_eq!(view.add(entry).unwrap(), Verdict::Counted);
            // From a cache on.
            view = View::decode_own(&view.encode_own(), &View::of(&page.document)).unwrap();
        }
        assert_eq!((view.shown(), told(&view)), (right, others.to_vec()));
        let mut log = Page { document: page.document.clone(), salt: 0 };
        let mut said = String::new();
        for entry in &order {
            log.put(entry.body.clone());
            said.extend(log.document.alternatives().iter().map(|it| it.text));
        }
        said.push_str(log.document.text());
        let lost: Vec<&&str> = words.iter().filter(|word| !said.contains(**word)).collect();
        assert!(lost.is_empty(), "{lost:?} of {said:?}");
    }
}

/// Of what several changed differently a view shows one version, whole: the one that was accepted
/// first, and what others made of that.
#[test]
fn of_several_versions_a_view_shows_one_and_tells_of_the_others() {
    let sky = |word: &str| format!("The sky is {word} today.\n");
    for salt in 0..8 {
        let page = Page::new(&sky("blue"));
        let root = page.document.version();
        let view = View::of(&page.document);
        let save = |number: u8, ms: u64, to: &str| {
            at(waiting(&view, salt + 50 * number, &root, &sky(to)), ms)
        };
        let crimson = save(1, 20, "crimson");
        let azure = save(2, 30, "azure");
        let both = [crimson.clone(), azure.clone()];
        shows_one_of(&page, (&both, &[]), &sky("crimson"), &["azure"], &["crimson", "azure"]);
        let three = [&both[..], &[save(3, 10, "pale teal")]].concat();
        let words = ["crimson", "azure", "pale teal"];
        shows_one_of(&page, (&three, &[]), &sky("pale teal"), &["azure", "crimson"], &words);
        // A third one edits `azure` after having seen only that.
        let [on_azure, on_crimson] = [(&azure, "azurite"), (&crimson, "dark scarlet")]
            .map(|it| waiting_on(&view, &[it.0], salt + 4, |_| Some(sky(it.1))).unwrap().0);
        let on_azure = at(on_azure, 40);
        let saves = [crimson.clone(), azure.clone(), on_azure.clone()];
        let words = ["crimson", "azurite"];
        let told = ["azure", "azurite"];
        shows_one_of(&page, (&saves, &[(2, 1)]), &sky("crimson"), &told, &words);
        // And another one `crimson`, later.
        let Body::Edit(edit) = &on_crimson.body else { unreachable!("it is a save") };
        let mut on_crimson = Entry::new(page.document.key().clone(), Body::Edit(edit.clone()));
        let Body::Edit(edit) = &mut on_crimson.body else { unreachable!("it is a save") };
        (edit.delta.edit, edit.accepted_ms) = (EditId([salt + 20; 16]), 50);
        let saves = [crimson.clone(), azure, on_azure, on_crimson];
        let words = ["dark scarlet", "azurite"];
        let after = [(2, 1), (3, 0)];
        shows_one_of(&page, (&saves, &after), &sky("dark scarlet"), &told, &words);
        // One who sees both in one view edits what it shows.
        let all = [&both[0], &both[1]];
        let on_both = |to: &str| {
            let to = waiting_on(&view, &all, salt + 30, |_| Some(sky(to))).unwrap().0;
            [crimson.clone(), both[1].clone(), at(to, 60)]
        };
        let (saves, after) = (on_both("dark crimson"), [(2, 0), (2, 1)]);
        let words = ["dark", "crimson", "azure"];
        shows_one_of(&page, (&saves, &after), &sky("dark crimson"), &["azure"], &words);
        let (saves, words) = (on_both("black"), ["black", "azure"]);
        // Who writes the passage anew, and could see both, has decided.
        shows_one_of(&page, (&saves, &after), &sky("black"), &[], &words);
    }
}

/// A deletion that a view shows gives way to what somebody had written there before, as soon as the
/// view learns of that, and is told from then on. Where the log never gets the other one, nothing
/// of that is left.
#[test]
fn a_deletion_gives_way_to_an_earlier_save_that_a_view_learns_of_later_and_is_told() {
    for salt in 0..8 {
        let page = Page::new("oak\n");
        let root = page.document.version();
        let view = View::of(&page.document);
        let lines = at(waiting(&view, salt + 1, &root, "elm yew oak\n"), 10);
        let on_lines = |number: u8, to: &str| {
            waiting_on(&view, &[&lines], salt + number, |_| Some(to.to_owned())).unwrap().0
        };
        let fir = at(on_lines(50, "elm fir yew oak\n"), 20);
        let deletion = at(on_lines(100, "oak\n"), 30);
        let mut seen = View::of(&page.document);
        for save in [&lines, &deletion] {
            assert_eq!(seen.add(save).unwrap(), Verdict::Counted);
        }
        assert_eq!((seen.shown(), told(&seen)), ("oak\n", vec![]));
        seen.add(&fir).unwrap();
        let told = seen.alternatives();
        let told: Vec<_> = told.iter().map(|it| (it.at.clone(), it.text, it.name)).collect();
        assert_eq!((seen.shown(), told), ("elm fir yew oak\n", vec![(0..12, "", None)]));
        let all = [lines.clone(), fir, deletion.clone()];
        let after = [(1, 0), (2, 0)];
        shows_one_of(&page, (&all, &after), "elm fir yew oak\n", &[""], &["fir", "oak"]);
        let mut log = Page { document: page.document.clone(), salt: 0 };
        [lines, deletion].into_iter().for_each(|save| log.put(save.body));
        assert_eq!((log.document.text(), log.others()), ("oak\n", vec![]));
    }
}

/// A save on what a view shows that has some others already.
fn waiting_on(
    view: &View,
    others: &[&Entry],
    number: u8,
    to: impl Fn(&str) -> Option<String>,
) -> Option<(Entry, [String; 2])> {
    let mut view = view.clone();
    others.iter().for_each(|save| assert_eq!(view.add(save).unwrap(), Verdict::Counted));
    let (version, shown) = (view.version(), view.shown().to_owned());
    let to = to(&shown)?;
    Some((waiting(&view, number, &version, &to), [shown, to]))
}

/// The orders in which the log may have so many saves, of which the second was made on the first.
fn orders(saves: usize) -> Vec<Vec<usize>> {
    let longer = |orders: Vec<Vec<usize>>, next: usize| -> Vec<Vec<usize>> {
        let at = |order: &Vec<usize>, at: usize| [&order[..at], &[next], &order[at..]].concat();
        orders.iter().flat_map(|order| (0..=next).map(move |place| at(order, place))).collect()
    };
    let mut orders = (0..saves).fold(vec![vec![]], longer);
    orders.retain(|order| order.iter().find(|save| **save < 2) == Some(&0));
    orders
}

/// What somebody deletes of a save as they saw it before the log had that goes where the log has
/// put it, or they are told; and nothing else does.
#[track_caller]
fn goes_where_the_log_has_put_it(
    saves: [&str; 4],
    (deleted, put): (&str, &str),
    (salt, sees_all): (u8, bool),
) {
    let page = Page::new("w7q w8q w9q\nw3q");
    let view = View::of(&page.document);
    // They decide which of two stands first.
    let number = |save: u8| 1 + (29 * u32::from(save) * u32::from(salt + 1) % 251) as u8;
    let add = |others: &[&Entry], save: u8, more: &str| {
        waiting_on(&view, others, number(save), |text| Some(format!("{text}{more}"))).unwrap().0
    };
    let one = add(&[], 0, saves[0]);
    let two = add(&[&one], 1, saves[1]);
    let saves_of = [one.clone(), two, add(&[], 2, saves[2]), add(&[], 3, saves[3])];
    let seen: Vec<&Entry> = saves_of.iter().take(if sees_all { 4 } else { 3 }).collect();
    let delete = |text: &str| {
        let made = text.contains(deleted).then(|| text.replacen(deleted, put, 1))?;
        Some(made.replacen("w8q ", "", 1))
    };
    let Some((last, [shown, to])) = waiting_on(&view, &seen, number(4), delete) else { return };
    for order in orders(4) {
        let mut log = Page { document: page.document.clone(), salt: 0 };
        order.iter().for_each(|save| log.put(saves_of[*save].body.clone()));
        log.put(last.body.clone());
        let (text, others) = (log.document.text(), log.others());
        let all = [to.as_str(), saves[3]].concat();
        let gone = |word: &&str| shown.contains(*word) && !to.contains(*word);
        let told = log.document.alternatives().iter().any(|it| it.change.edit.0 == [number(4); 16]);
        let says = format!("{salt} {order:?}: {to:?} of {shown:?} is {text:?}, {others:?}");
        for word in shown.split_whitespace().filter(gone) {
            assert!(told || !text.contains(word), "{word} is back, {says}");
        }
        for word in all.split_whitespace() {
            let is_told = others.iter().any(|(_, other)| other.contains(word));
            let times = text.matches(word).count();
            assert!(times == 1 || times == 0 && is_told, "{word} {times} times, {says}");
        }
    }
}

#[test]
fn what_is_deleted_of_a_save_goes_where_the_log_has_put_it() {
    let below = ["\nw13q ", "\nw13q", "\nw13q w14q ", "\nw13q w14q", "\nw13q w14q\n"];
    let deletions = [
        ("w13q ", ""),
        ("w13q", ""),
        ("\nw13q ", ""),
        ("\nw13q", ""),
        ("w13q w14q", ""),
        (" w14q", ""),
        ("w14q\n", ""),
        ("w13q", "w20q"),
        ("\nw13q", " w20q"),
    ];
    for below in below {
        for another in ["\nw15q ", "\nw15q", "\nw15q\n"] {
            for deletion in deletions {
                for made in (0..8).flat_map(|salt| [(salt, false), (salt, true)]) {
                    let saves = [" w10q", " w12q", below, another];
                    goes_where_the_log_has_put_it(saves, deletion, made);
                }
            }
        }
    }
}

/// So does a word that the log has put behind the one that stood behind it, with another word
/// before the two of which nobody had known who deletes it; and what stood beside it, or that is
/// told where it stands.
#[test]
fn what_is_deleted_goes_also_where_two_words_have_changed_places() {
    let deletes = |salt: u8, gone: &str, came: &str| {
        let mut page = Page { salt, ..Page::new("oak ") };
        let root = page.document.version();
        page.save(&root, "oak ash ");
        let two = page.document.version();
        page.save(&root, "oak yew ");
        let elm = page.save(&root, "oak elm ");
        let fir = page.save(&two, "oak ash fir ");
        let mut extra = vec![actor(&elm), actor(&fir)];
        extra.sort_unstable();
        let seen = VersionRef { extra, ..two.clone() };
        let (before, text) = (page.document.text().to_owned(), page.text_of(&seen));
        page.save(&seen, &text.replace(gone, came));
        let (now, others) = (page.document.text(), page.others());
        let is_done = now == before.replace(gone, came) && others.is_empty();
        let says = |(shown, other): &(&str, &str)| shown.contains(gone) && !other.contains(gone);
        let is_told = now == before && others.iter().all(says) && !others.is_empty();
        let right = is_done || is_told && gone != "fir ";
        assert!(right, "{salt} {gone:?} of {text:?} in {before:?}: {now:?} {others:?}");
    };
    for salt in 0..16 {
        for (gone, came) in [("fir ", ""), ("fir ", "box "), ("elm ", ""), ("ash ", "")] {
            deletes(salt, gone, came);
        }
    }
}

/// What several made alike a view shows once, as the log will; and who edits that edits it there,
/// whichever of them the log has first.
#[test]
fn a_view_shows_once_what_several_made_alike() {
    let cases = [
        ("1. teh cat\n", "1. the cat\n", "1. the grey cat\n"),
        ("1. teh cat\n", "1. the cat\n", "1. a cat\n"),
        ("1. teh cat\n", "1. the cat\n", "1. cat\n"),
        ("Deaths: 10\n", "Deaths: 12\n", "Deaths: 13 or more\n"),
        ("box w1\n", "box w2 w1\n", "box w2 cat w1\n"),
        ("* a\n* b\n", "* a\n* b\n* c\n", "* a\n* b\n* c\n* d\n"),
        ("* a\n* b\n", "* a\n* b\n* c\n", "* a\n* b\n* d\n"),
        ("", "# Red Wedding\n", "# Red Wedding\nIt was red.\n"),
        ("", "# Red Wedding\n", "# The Red Wedding\n"),
        ("* a b\n* c d\n* e f\n", "* c d\n* e f\n* a b\n", "* c d\n* e f\n* a b\n* g\n"),
        ("* a b\n* c d\n* e f\n", "* c d\n* e f\n* a b\n", "* c d\n* e f\n* a z\n"),
        ("A\n", "A\nB\n", "A\nB\nD\n"),
    ];
    for (base, save, to) in cases {
        for (salt, writers) in (0..16).flat_map(|salt| [(salt, 2), (salt, 3)]) {
            let page = Page::new(base);
            let root = page.document.version();
            let mut view = View::of(&page.document);
            let saves: Vec<Entry> = (0..writers)
                .map(|writer| waiting(&view, salt + 1 + 50 * writer, &root, save))
                .collect();
            saves.iter().for_each(|save| assert_eq!(view.add(save).unwrap(), Verdict::Counted));
            assert_eq!(view.shown(), save, "salt {salt}");
            let version = view.version();
            let shown = |log: &Page| log.text_of(&version);
            let last = waiting(&view, 250, &version, to);
            assert_eq!(view.add_save(&last).unwrap(), (Verdict::Counted, false));
            assert_eq!(view.shown(), to, "salt {salt}");
            assert_eq!(
                View::decode_own(&view.encode_own(), &View::of(&page.document)).unwrap(),
                view
            );
            for first in 0..saves.len() {
                let mut log = Page { document: page.document.clone(), salt: 0 };
                let mut saves = saves.clone();
                saves.rotate_left(first);
                saves.into_iter().for_each(|entry| log.put(entry.body));
                assert_eq!((log.document.text(), shown(&log).as_str()), (save, save));
                log.put(last.body.clone());
                assert_eq!((log.document.text(), log.others()), (to, vec![]), "salt {salt}");
                assert_eq!(shown(&log), save, "a version is one text for ever");
            }
        }
    }
}

/// However many they are.
#[test]
fn a_view_shows_once_what_hundreds_made_alike() {
    let page = Page::new("1. teh cat\n2. a dog\n");
    let root = page.document.version();
    let mut view = View::of(&page.document);
    let save = |view: &View, number: u16, to: &str| {
        let mut entry = waiting(view, 1, &root, to);
        let Body::Edit(edit) = &mut entry.body else { unreachable!("it is a save") };
        edit.delta.edit.0[..2].copy_from_slice(&number.to_le_bytes());
        entry
    };
    let (mut log, mut number) = (Page { document: page.document.clone(), salt: 0 }, 0);
    for round in 0..50 {
        for to in ["1. the cat\n2. a dog\n", "1. teh cat\n2. a dog\n3. a cow\n"] {
            for _ in 0..4 {
                number += 1;
                let save = save(&view, number, to);
                assert_eq!(view.add(&save).unwrap(), Verdict::Counted);
                log.put(save.body);
            }
        }
        assert_eq!(view.shown(), "1. the cat\n2. a dog\n3. a cow\n", "after {number}");
        if round % 10 == 0 {
            // From a cache on.
            view = View::decode_own(&view.encode_own(), &View::of(&page.document)).unwrap();
        }
    }
    assert_eq!((log.document.text(), log.others()), (view.shown(), vec![]));
    // It can be gone on with, by the name of a version of so many.
    let version = view.version();
    let told = Entry::new(view.key().clone(), Body::Version(version.clone()));
    view.add(&told).unwrap();
    log.put(told.body);
    let (on, to) =
        (view.resolve_version(&version).unwrap(), "1. the grey cat\n2. a dog\n3. cows\n");
    let mut last = save(&view, 999, to);
    let Body::Edit(edit) = &mut last.body else { unreachable!("it is a save") };
    edit.delta.base = Base::Object(version.object_id(view.key()));
    edit.delta.patch = view.edit(&on, &view.text_of(&on).unwrap(), to).unwrap();
    view.add(&last).unwrap();
    log.put(last.body);
    assert_eq!(log.document.text(), "1. the grey cat\n2. a dog\n3. cows\n");
    assert_eq!(view.shown(), log.document.text());
}

/// But what is not taken, or was taken out, stands for nobody's.
#[test]
fn what_is_not_there_stands_for_nothing_made_alike() {
    let page = Page::new("1. teh cat\n");
    let root = page.document.version();
    let save = |number| waiting(&View::of(&page.document), number, &root, "1. the cat\n");
    let mut view = View::of(&page.document);
    let mut unmet = save(1);
    let Body::Edit(edit) = &mut unmet.body else { unreachable!("it is a save") };
    edit.condition = Some(Condition::Absent);
    assert_eq!(view.add(&unmet).unwrap(), Verdict::Unmet);
    let taken = save(2);
    view.add(&taken).unwrap();
    assert_eq!(view.shown(), "1. the cat\n");
    let change = taken.actor().unwrap();
    let suppress = Body::Suppress(Moderation { change, note: Note::default(), time_ms: 1 });
    let suppress = Entry::new(view.key().clone(), suppress);
    assert_eq!(view.add(&suppress).unwrap(), Verdict::Counted);
    view.add(&save(3)).unwrap();
    assert_eq!(view.shown(), "1. the cat\n");
}

/// Saves of one text by several people, in turn: each by whom, and what they made of it.
#[track_caller]
fn of_people(base: &str, saves: &[(&str, &str)], right: &str, others: &[(&str, &str)]) {
    for salt in 0..4 {
        let mut page = Page { salt, ..Page::new(base) };
        let version = page.document.version();
        for (who, save) in saves {
            page.save_next(who, &version, save);
        }
        assert_eq!((page.document.text(), page.others().as_slice()), (right, others), "{salt}");
    }
}

#[test]
fn the_same_person_going_on_replaces_what_they_had_written() {
    let people = |base: &str, saves: &[&str], right: &str| {
        let named: Vec<_> = saves.iter().map(|save| ("Arya", *save)).collect();
        of_people(base, &named, right, &[]);
        // A client without a name, by its session.
        let client: Vec<_> = saves.iter().map(|save| ("#7", *save)).collect();
        of_people(base, &client, right, &[]);
    };
    // Back, and another word.
    let blue = "The sky is blue today.\n";
    let [crimson, azure] = ["crimson", "azure"].map(|it| blue.replace("blue", it));
    people(blue, &[&crimson, &azure], &azure);
    people(blue, &[&crimson, &azure, &crimson], &crimson);
    // A sentence that is worded otherwise, and one that is shorter than before.
    let [long, other] = ["Robb died at the weding.", "Robb died at the wedding."];
    people("A.\n", &[&format!("A. {long}\n"), &format!("A. {other}\n")], &format!("A. {other}\n"));
    people("A\n", &["A\nB\n", "A\nB\nC\n"], "A\nB\nC\n");
    people("A\n", &["A\nB\nC\n", "A\nB\n"], "A\nB\n");
    people("", &["# Red Weding\n", "# Red Wedding\n"], "# Red Wedding\n");
    // Back, to delete what was only changed, and to change what was deleted.
    people("One. Two.\n\nThree.\n", &["One. 2.\n\nThree.\n", "Three.\n"], "Three.\n");
    people("One. Two.\n\nThree.\n", &["Three.\n", "One. 2.\n\nThree.\n"], "One. 2.\n\nThree.\n");
    // What does not conflict stays: two replies, typed in two tabs.
    let (one, two) = ("Q?\n: I think so. ~A\n", "Q?\n: Who is Robb? ~A\n");
    let mut page = Page::new("Q?\n");
    let base = page.document.version();
    page.save_as("Arya", &base, one);
    page.save_as("Arya", &base, two);
    let text = page.document.text().to_owned();
    assert!(text.contains("I think so") && text.contains("Who is Robb"), "{text:?}");
}

/// So is what they mend in an item, a reply or a row, and others' stay beside it.
#[test]
fn a_second_thought_stands_in_place_of_the_first_beside_what_others_put() {
    let deaths = ["Deaths: 10\n", "Deaths: 12\n", "Deaths: 10 men\n", "Deaths: 13\n"];
    let cast = |item: &str| format!("Cast\n* Arya\n{item}");
    let cast =
        ["", "* Rob is dead\n", "* Sansa lives in the north\n", "* Robb is dead\n"].map(cast);
    let row = |row: &str| format!("{{|\n|-\n| Arya || 1\n{row}|}}\n");
    let rows = ["", "|-\n| Rob || 2 || a\n", "|-\n| Sansa || 3 || b\n", "|-\n| Robb || 2 || a\n"];
    let text = |text: &str| format!("Intro.\n\n{text}End.\n");
    let texts = [
        "",
        "Rob was killed at the wedding.\n\n",
        "The north remembers.\n\n",
        "Robb was killed at the Red Wedding.\n\n",
    ];
    for [base, first, other, second] in
        [deaths.map(str::to_owned), cast, rows.map(row), texts.map(text)]
    {
        for (salt, turned) in (0..16).zip([false, true].into_iter().cycle()) {
            let mut page = Page { salt, ..Page::new(&base) };
            let version = page.document.version();
            let both = [("Arya", &first), ("Robb", &other)];
            let both = if turned { [both[1], both[0]] } else { both };
            both.iter().for_each(|(who, save)| drop(page.save_next(who, &version, save)));
            let had = page.document.text().to_owned();
            let mended = page.save_next("Arya", &version, &second);
            let line = |of: &str| {
                let is_new = |line: &&str| !base.lines().any(|it| it == *line);
                of.lines().find(is_new).unwrap_or_default().to_owned()
            };
            let right = match base == deaths[0] {
                true => "Deaths: 13 men\n".to_owned(),
                false => had.replace(&line(&first), &line(&second)),
            };
            assert_eq!((page.document.text(), page.others()), (right.as_str(), vec![]));
            assert_eq!(page.document.meetings_of(actor(&mended)), [], "nobody is replaced");
        }
    }
}

#[test]
fn of_two_saves_of_one_person_at_once_the_larger_stands() {
    for salt in 0..4 {
        let mut page = Page { salt, ..Page::new("A\n") };
        let base = page.document.version();
        page.save_as("Arya", &base, "A\nB\nC\n");
        page.save_as("Arya", &base, "A\nB\n");
        assert_eq!((page.document.text(), page.others()), ("A\nB\nC\n", vec![]));
    }
}

#[test]
fn what_others_have_or_built_on_is_not_replaced() {
    let blue = "The sky is blue today.\n";
    let [crimson, azure] = ["crimson", "azure"].map(|it| blue.replace("blue", it));
    let others = [("crimson", "azure")];
    of_people(blue, &[("Arya", &crimson), ("Robb", &azure)], &crimson, &others);
    of_people(blue, &[("#7", &crimson), ("#8", &azure)], &crimson, &others);
    // Who it is that wrote without a name and a session, nobody knows.
    of_people(blue, &[("", &crimson), ("", &azure)], &crimson, &others);
    // Somebody else had made the same.
    of_people(blue, &[("Arya", &crimson), ("Robb", &crimson), ("Arya", &azure)], &crimson, &others);
    // Somebody worked on it.
    let mut page = Page::new(blue);
    let base = page.document.version();
    let first = page.save_as("Arya", &base, &crimson);
    page.save_as("Robb", &first, "The sky is deep crimson-red today.\n");
    page.save_as("Arya", &base, &azure);
    assert_eq!(page.document.text(), "The sky is deep crimson-red today.\n");
    assert_eq!(page.others().len(), 1);
    // The same, in another part of a passage that is written anew.
    let mut page = Page::new("The sky is blue today.\n");
    let base = page.document.version();
    let first =
        page.save_next("Arya", &base, "The sky is crimson today and we all like it much.\n");
    let built = "The sky is crimson today and we all really like it much.\n";
    page.save_as("Robb", &first, built);
    page.save_next("Arya", &base, "The sky is azure today and nobody cares at all now.\n");
    assert_eq!((page.document.text(), page.others().len()), (built, 1), "{:?}", page.others());
    // A text that had been changed elsewhere meanwhile is another one.
    let mut page = Page::new(blue);
    let base = page.document.version();
    page.save_as("Arya", &base, &crimson);
    let older = page.save_as("Robb", &base, "The sky is blue today.\n\nEnd.\n");
    page.save_as("Arya", &older, "The sky is azure today.\n\nEnd.\n");
    assert_eq!(
        (page.document.text(), page.others()),
        ("The sky is crimson today.\n\nEnd.\n", others.to_vec())
    );
}

#[test]
fn the_later_of_one_person_s_saves_stands_whichever_the_log_has_first() {
    let blue = "The sky is blue today.\n";
    let [crimson, azure] = ["crimson", "azure"].map(|it| blue.replace("blue", it));
    for (first, second) in [
        (crimson.as_str(), azure.as_str()),
        ("", &azure),
        (&azure, ""),
        ("The sky is blue today.\n\nA long end.\n", "The sky is blue today.\n\nA long one.\n"),
        ("The sky is blue today.\n\nOne.\nTwo.\n", "The sky is blue today.\n\nOne.\n"),
    ] {
        let mut page = Page::new(blue);
        let base = page.document.version();
        page.save_after("Arya", vec![EditId([3; 16])], &base, second);
        page.save_as("Arya", &base, first);
        let saves: Vec<EditId> = page.document.changes().indexed().map(|(_, it)| it.edit).collect();
        assert!(saves.contains(&EditId([3; 16])));
        assert_eq!((page.document.text(), page.others()), (second, vec![]), "{first:?}");
    }
}

#[test]
fn what_its_author_replaced_is_no_alternative_any_more() {
    let blue = "The sky is blue today.\n";
    let [red, azure, teal] = ["crimson", "azure", "teal"].map(|it| blue.replace("blue", it));
    let saves = [("Robb", red.as_str()), ("Arya", &azure), ("Arya", &teal)];
    of_people(blue, &saves, &red, &[("crimson", "teal")]);
}

/// Also where the log has the later one first, and shows another version of that.
#[test]
fn what_its_author_has_withdrawn_does_not_come_back() {
    let withdrawn = |base: &str, first: &str, second: &str, imported: &str, right: &str, other| {
        for later_first in [false, true] {
            let mut page = Page::new(base);
            let version = page.document.version();
            if !later_first {
                page.save_next("Arya", &version, first);
                page.save_next("Arya", &version, second);
            } else {
                // It names the one that comes as the fourth entry.
                page.save_after("Arya", vec![EditId([4; 16])], &version, second);
            }
            page.import(Some((1, base)), (2, imported));
            if later_first {
                let earlier = page.save_as("Arya", &version, first);
                assert_eq!(page.document.meetings_of(actor(&earlier)), [], "nobody is met");
            }
            assert_eq!(
                (page.document.text(), page.others()),
                (right, vec![other]),
                "{later_first}"
            );
        }
    };
    // Back, and all of it deleted.
    withdrawn("elm ", "elm fir\n", "", "oak elm ", "oak elm ", ("oak elm ", ""));
    // Back, and worded otherwise.
    withdrawn(
        "The sky is blue today.\n",
        "The sky is crimson today.\n",
        "The sky is teal today.\n",
        "The sky is azure today.\n",
        "The sky is azure today.\n",
        ("azure", "teal"),
    );
}

/// And what that had replaced stays away, too, where the log has it last.
#[test]
fn what_was_replaced_by_what_its_author_has_withdrawn_stays_away() {
    let replaced = |base: &str, saves: [&str; 3], right: &str| {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in orders {
            let mut page = Page::new(base);
            let version = page.document.version();
            let entry = |save: usize| {
                let at = order.iter().position(|it| *it == save).unwrap();
                EditId([2 + at as u8; 16])
            };
            for save in order {
                let earlier = (0..save).map(entry).collect();
                page.save_after("Arya", earlier, &version, saves[save]);
            }
            let shown = (page.document.text(), page.others());
            assert_eq!(shown, (right, vec![]), "{saves:?} in {order:?}");
        }
    };
    replaced("elm ", ["elm fir\n", "", "elm oak "], "elm oak ");
    let saves = ["one two red three four.\n", "one.\n", "one two three blue four.\n"];
    replaced("one two three four.\n", saves, "one two three blue four.\n");
}

/// What one person saved twice on a text that a view showed, which the log has in another order:
/// the later one replaces nothing of what has only come to stand elsewhere, and no word stands
/// twice.
#[test]
fn what_only_stands_elsewhere_is_not_put_anew_with_a_second_thought() {
    for salt in 0..12 {
        for beside in ["ash", "elm", "oak", "fir", "yew"] {
            has_each_word_once_after_two_saves_of_one_person(salt, beside);
        }
    }
}

fn has_each_word_once_after_two_saves_of_one_person(salt: u8, beside: &str) {
    let page = Page::new("elm ");
    let root = page.document.version();
    // They decide which of two stands first.
    let number = |save: u8| 1 + (29 * u32::from(save) * u32::from(salt + 1) % 251) as u8;
    let by = |client: u64, earlier: &[u8], mut entry: Entry| {
        let earlier = earlier.iter().map(|save| EditId([number(*save); 16])).collect();
        let Body::Edit(edit) = &mut entry.body else { unreachable!() };
        edit.client = Some(Box::new(Client { number: client, earlier }));
        entry
    };
    let view = |saves: &[Entry]| {
        let mut view = View::of(&page.document);
        saves.iter().for_each(|save| assert_eq!(view.add(save).unwrap(), Verdict::Counted));
        let (version, shown) = (view.version(), view.shown().to_owned());
        (view, version, shown)
    };
    let of_root = |number, to| waiting(&View::of(&page.document), number, &root, to);
    let saves = [
        by(3, &[], of_root(number(1), "elm oak\n")),
        by(4, &[], of_root(number(2), "elm fir ")),
        by(2, &[], of_root(number(3), "ash elm ")),
        by(4, &[2], of_root(number(4), "elm yew ")),
    ];
    let (all, base, shown) = view(&saves);
    let one = shown.replacen("ash ", "ash box\n", 1);
    let one = by(4, &[], waiting(&all, number(5), &base, &one));
    let two = shown.replacen(beside, &format!("bay {beside}"), 1);
    let two = by(4, &[5], waiting(&all, number(6), &base, &two));
    let (three, there, text) = view(&saves[..3]);
    let three = by(2, &[], waiting(&three, number(7), &there, &format!("{text}gum\n")));
    for order in orders(4) {
        let mut log = Page { document: page.document.clone(), salt: 0 };
        let in_order = order.iter().map(|save| &saves[*save]);
        in_order.chain([&one, &three, &two]).for_each(|save| log.put(save.body.clone()));
        let (text, others) = (log.document.text(), log.others());
        for word in ["elm", "oak", "fir", "ash", "yew", "box", "bay", "gum"] {
            let is_told = others.iter().any(|(_, other)| other.contains(word));
            let times = text.matches(word).count();
            let says = format!("{salt} {order:?}: {beside} of {shown:?} is {text:?}, {others:?}");
            assert!(times == 1 || times == 0 && is_told, "{word} {times} times, {says}");
        }
    }
}

#[test]
fn nobody_is_told_of_having_replaced_their_own_words() {
    let blue = "The sky is blue today.\n";
    let mut page = Page::new(blue);
    let base = page.document.version();
    page.save_as("Arya", &base, &blue.replace("blue", "crimson"));
    page.save_as("Arya", &base, &blue.replace("blue", "azure"));
    let told = page.document.changes().indexed().any(|(_, it)| !it.overlaps.is_empty());
    assert!(!told);
    // Saves of before are merged as they were.
    let mut page = Page::new(blue);
    page.save_by(2, &base, &blue.replace("blue", "crimson"));
    page.save_by(2, &base, &blue.replace("blue", "azure"));
    assert_eq!(page.others(), [("crimson", "azure")]);
}

#[test]
fn what_was_replaced_beside_what_another_adds_stays() {
    let mut page = Page::new("four\ntwo\n");
    let base = page.document.version();
    let first = page.save_as("Arya", &base, "two\n");
    let second = page.save_as("Arya", &base, "eight four\ntwo\n");
    assert_eq!(page.document.text(), "eight four\ntwo\n");
    let both: BTreeSet<Actor> = first.extra.iter().chain(&second.extra).copied().collect();
    let both = VersionRef { extra: both.into_iter().collect(), ..base };
    assert_eq!(page.text_of(&both), "eight two\n");
    page.save_as("Robb", &both, "nine\neight two\n");
    assert_eq!((page.document.text(), page.others()), ("nine\neight four\ntwo\n", vec![]));
}

#[test]
fn who_changes_a_part_of_what_was_decided_has_not_chosen() {
    let mut page = Page::new("a b\n\nelm\n");
    let base = page.document.version();
    let first = page.save(&base, "a a b\n\nelm\n");
    let second = page.save(&base, "\nelm\na\nb\n");
    assert_eq!(page.document.text(), "a a b\n\nelm\n");
    let both: BTreeSet<Actor> = first.extra.iter().chain(&second.extra).copied().collect();
    let both = VersionRef { extra: both.into_iter().collect(), ..base };
    assert_eq!(page.text_of(&both), "a \nelm\na\nb\n");
    page.save(&both, "a \nelm a\nb\n");
    // That the line stays where it was shows again what the second save had deleted: it was decided
    // with the rest.
    assert_eq!(page.document.text(), "a a b\n\nelm\n");
}

/// What of two saves the one took away and the other put beside it are two things, whatever words
/// they share: a third one's correction is of the line that it was made in.
#[test]
fn a_correction_stays_in_its_line() {
    let living = "* Robb: alive\n* Cat: alive\n";
    for (base, saves, order, right) in [
        (
            "* Robb: alive\n",
            ["* Robb Stark: living\n", living, "* Robb: dead\n"],
            [0, 1, 2],
            "* Robb Stark: living\n* Cat: alive\n",
        ),
        (
            "* Robb: alive\n",
            ["* Robb Stark: living\n", living, "* Robb: dead\n"],
            [1, 2, 0],
            "* Robb: dead\n* Cat: alive\n",
        ),
        (
            "* Cat: alive\n* Wind: alive\n",
            [
                "* Wind: alive\n",
                "* Cat: alive\n* Edmure: alive\n* Wind: alive\n",
                "* Cat: dead\n* Wind: alive\n",
            ],
            [0, 1, 2],
            "* Edmure: alive\n* Wind: alive\n",
        ),
    ] {
        let mut page = Page::new(base);
        let on = page.document.version();
        for save in order {
            page.save(&on, saves[save]);
        }
        assert_eq!(page.document.text(), right, "{order:?}");
        assert_eq!(page.others().len(), 1, "{:?}", page.others());
    }
}

/// A line of a version that is not shown, where the shown one has only a part of it in another
/// line: who deletes it has changed that version.
#[test]
fn what_goes_of_a_line_that_is_not_shown_is_of_that_version() {
    let mut page = Page::new("");
    let base = page.document.version();
    page.save(&base, "a a a a\n");
    let second = page.save(&base, "a a\na a\n\n");
    page.save(&second, "\na a a\n\n");
    assert_eq!(page.document.text(), "a a a a\n");
    assert!(page.others().contains(&("a a a", "\na a")), "{:?}", page.others());
    let mut page = Page::new("");
    let base = page.document.version();
    page.save(&base, "oak elm\n");
    let second = page.save(&base, "oak ash\nelm fir yew\nbox\n");
    page.save(&second, "elm fir yew\nbox\n");
    assert_eq!(page.document.text(), "oak elm\n");
}

/// Who rewrites a line, and leaves in it what their view ran together of two who made the same, has
/// not written that.
#[test]
fn a_word_that_a_view_ran_together_is_not_written_by_who_rewrites_its_line() {
    let mut page = Page::new("oak a elm\n\n\n\nyew\n");
    let base = page.document.version();
    let one = page.save(&base, "b elm\n\n\n\nyew\n");
    let two = page.save(&base, "b elm\n\n\n\nyew\n");
    page.save(&base, "oak a elm\nfir \n\n\nyew\n");
    let both: BTreeSet<Actor> = one.extra.iter().chain(&two.extra).copied().collect();
    let both = VersionRef { extra: both.into_iter().collect(), ..base };
    assert_eq!(page.text_of(&both), "bb elm\n\n\n\nyew\n");
    page.save(&both, "bb 公园 of ash\n\n\n\nyew\n");
    assert_eq!(page.document.text(), "b 公园 of ash\nfir \n\n\nyew\n");
}

/// A line that somebody takes elsewhere is another one than what stands beside it there and was
/// made the same.
#[test]
fn a_line_that_is_moved_beside_one_that_became_the_same_stands_beside_it() {
    let base = "oak\n\nelm\n* \n\n";
    let mut page = Page::new(base);
    let first = page.document.version();
    page.save(&first, "oak\n\nelm\noak \n\n");
    page.save(&first, "\nelm\noak\n* \n\n");
    assert_eq!(page.document.text(), "\nelm\noak\noak \n\n");
    page.save(&first, "oak\n\nelm\n* a \n\n");
    assert!(page.document.text().contains("\noak\n"), "{:?}", page.document.text());
}

/// Somebody goes on from a version that the page does not show, and puts a line in front of it: it
/// is another version as before, and of the line nobody has chosen.
#[test]
fn a_line_beside_a_version_that_is_not_shown_does_not_close_it() {
    for salt in 0..4 {
        let mut page = Page { salt, ..Page::new("") };
        page.save(&page.document.version(), "oak ");
        let saved = page.document.version();
        page.import(None, (1, "elm "));
        page.import(Some((1, "elm ")), (2, "fir\nelm "));
        assert_eq!(page.others(), vec![("elm ", "oak ")]);
        page.save(&saved, "yew\noak ");
        assert_eq!(page.document.text(), "yew\nfir\nelm ");
        assert_eq!(page.others(), vec![("elm ", "oak ")]);
    }
}

/// What an edit of the origin keeps off the page may be of several people: what one of them saves
/// instead of their own takes the place of what was theirs alone.
#[test]
fn a_version_of_several_people_is_not_replaced_by_one_of_them() {
    let comes_to = |other: Option<&str>, others: &[&str]| {
        for (salt, other_first) in (0..4).flat_map(|salt| [(salt, true), (salt, false)]) {
            let mut page = Page { salt, ..Page::new("") };
            let form = page.save_as("Arya", &page.document.version(), "oak\n");
            let mut saves = vec![("Arya", "ash oak\n")];
            saves.insert(usize::from(!other_first), ("Robb", other.unwrap_or("ash oak\n")));
            saves.retain(|(who, _)| *who == "Arya" || other.is_some());
            saves.into_iter().for_each(|(who, to)| drop(page.save_next(who, &form, to)));
            page.import(None, (1, "elm "));
            page.save_next("Arya", &form, "oak\nyew\n");
            let told: Vec<&str> = page.others().into_iter().map(|(_, text)| text).collect();
            assert_eq!((page.document.text(), told.as_slice()), ("elm ", others), "{salt}");
        }
    };
    comes_to(None, &["oak\nyew\n"]);
    comes_to(Some("oak\nfir\n"), &["ash oak\nfir\n", "oak\nyew\n"]);
}

/// What two wrote alike is one, and who writes in front of that has both before them: a third one's
/// lines come before all that or behind it, wherever the copy stands that is not shown.
#[test]
fn lines_of_a_third_one_do_not_come_into_what_two_wrote() {
    let alike = "oak\n\nfir\nelm\n";
    let right = ["oak\nash\nfir\nyew\nbox\nelm\n", "oak\nyew\nbox\nash\nfir\nelm\n"];
    for salt in 0..64u8 {
        let page = Page::new("oak\nelm\n");
        let root = page.document.version();
        let number = |save: u8| 1 + (29 * u32::from(save) + 61 * u32::from(salt + 1)) as u8 % 251;
        let view = View::of(&page.document);
        let [one, two] = [0, 1].map(|save| waiting(&view, number(save), &root, alike));
        let third = waiting(&view, number(2), &root, "oak\nyew\nbox\nelm\n");
        let filled = |_: &str| Some("oak\nash\nfir\nelm\n".to_owned());
        let (last, _) = waiting_on(&view, &[&one, &two], number(3), filled).unwrap();
        for order in causal(&[one, two, third, last], &[(3, 0), (3, 1)]) {
            let mut log = Page { document: page.document.clone(), salt: 0 };
            order.into_iter().for_each(|entry| log.put(entry.body));
            assert!(right.contains(&log.document.text()), "{salt} {:?}", log.document.text());
            assert_eq!(log.others(), vec![]);
        }
    }
}

/// Who joins two lines, where another one puts a line in between: that stays one, also where it has
/// a word or a sign in common with one of the two, and is told as words of that.
#[test]
fn a_line_that_comes_between_two_that_are_joined_stays_one() {
    for (base, joined, with, right) in [
        (
            "\nelm oak\na\n* the a\n",
            "\nelm oak\na * the a\n",
            "\na\nelm oak\na a\n",
            "a\nelm oak\na a\n",
        ),
        (
            "a\n* the a\nyew\n",
            "a * the a\nyew\n",
            "a\n* elm oak\n* a\nyew\n",
            "a\n* elm oak\n* a\n",
        ),
        ("the a\nyew\n", "the a yew\n", "a\nelm oak\nyew\n", "a\nelm oak\nyew\n"),
    ] {
        for salt in 0..16 {
            for saves in [[joined, with], [with, joined]] {
                let mut page = Page { salt, ..Page::new(base) };
                let on = page.document.version();
                saves.iter().for_each(|save| drop(page.save(&on, save)));
                let text = page.document.text();
                let told = page.others();
                assert!(text.contains(right), "{text:?} {told:?} {saves:?}");
            }
        }
    }
}

/// What is not shown of a save that comes later changes nothing around it, whatever of it: others'
/// versions stay versions of the words that they were of.
#[test]
fn an_alternative_stays_one_of_the_same_words_when_a_later_save_is_not_shown() {
    let base = "| b1\n| b2 b3 b4 b5 b6 b7 b8\n| b9";
    let saves = ["| b1\n| b2 b3 b4 e16 b6 b7 b8\n| b9", "| b1\n| c10 c11 c12 c13\n| b9"];
    let told = ("b2 b3 b4 e16 b6 b7 b8", "c10 c11 c12 c13");
    for (later, right) in [
        ("z2\n", saves[0].to_owned()),
        ("z2\n| b9", saves[0].to_owned()),
        ("| b1\n| x1 x2\n| b9", saves[0].to_owned()),
        ("| b1\n| b2 x1 b4 x2 b6 x3 b8\n| b9", saves[0].to_owned()),
        ("", saves[0].to_owned()),
        // What shows of it stands around the passage.
        ("| b1 x1\n| y1 y2\n| b9 x2", saves[0].replace("b1", "b1 x1") + " x2"),
        ("top\n| b1\n| y1 y2\n| b9\nend", format!("top\n{}\nend", saves[0])),
    ] {
        for salt in 0..8 {
            let mut page = Page { salt, ..Page::new(base) };
            let version = page.document.version();
            saves.iter().for_each(|save| drop(page.save(&version, save)));
            assert_eq!(page.others(), [told]);
            page.save(&version, later);
            assert_eq!((page.document.text(), page.others()[0]), (right.as_str(), told), "{later}");
            page.save(&version, "z3 z4\n");
            assert_eq!((page.document.text(), page.others()[0]), (right.as_str(), told), "{later}");
        }
    }
}

/// A line that somebody adds below one that goes stays, whatever others make of all around it, one
/// after the other.
#[test]
fn a_line_added_where_others_moved_and_deleted_lines_stays() {
    let base = "Intro one.\nOld line.\nSecond part here.\n";
    let late = "Intro one.\nOld line.\nMy fresh sentence.\nSecond part here.\n";
    let steps = [
        "Intro one.\nSecond part here.\n",
        "Second part here.\nIntro one.\n",
        "Breaking words.\nSecond part here.\nIntro one.\n",
        "Breaking words.\nAnother part here.\nIntro one.\n",
        "Breaking words.\nMore of them.\nAnother part here.\nIntro one.\n",
    ];
    for (salt, upto) in (0..8).flat_map(|salt| (1..=steps.len()).map(move |upto| (salt, upto))) {
        let mut page = Page { salt, ..Page::new(base) };
        let root = page.document.version();
        for step in &steps[..upto] {
            let newest = page.document.version();
            page.save(&newest, step);
        }
        page.save(&root, late);
        let (text, others) = (page.document.text(), page.others());
        let mut lines: Vec<&str> = text.lines().collect();
        lines.retain(|line| *line != "My fresh sentence.");
        assert_eq!(lines, steps[upto - 1].lines().collect::<Vec<_>>(), "{text}");
        assert!(text.contains("My fresh sentence.\n") && others.is_empty(), "{text} {others:?}");
    }
}

/// Of what somebody took away at once, parts may be told elsewhere: what is told of the rest is
/// what they made of the passage, not the words that are left between.
#[test]
fn what_is_told_is_what_somebody_wrote() {
    let mut page = Page::new("w1 a\na\n\n");
    let root = page.document.version();
    page.save(&root, "a\n\nw1 a\n");
    let theirs = page.save(&root, "a b a\na\n\n");
    page.save(&theirs, "");
    let others = page.others();
    assert!(others.iter().all(|(_, other)| other.is_empty()), "{others:?}");
}

/// What was written on a text of the origin that the log does not stand on, one save on the other.
#[test]
fn a_view_shows_what_the_log_will_of_saves_on_another_text_of_the_origin() {
    let on_old = ["w1q ", "w1q\n", "a w1q b\n", "w1q "];
    for (number, old) in on_old.into_iter().enumerate() {
        let (emptied, new) = (old.replace("w1q", "").replace("  ", " "), old.replace("w1q", "w4q"));
        let emptied = if emptied.trim().is_empty() { String::new() } else { emptied };
        let meanwhile = old.replace("w1q", "w2q w1q");
        let of_origin = |revision, text: &str| {
            let (note, text) = (Note::default(), text.to_owned());
            Body::Base(OriginPage { revision, text, time_ms: 1, note })
        };
        let mut page = Page::new("");
        page.put(of_origin(2, &meanwhile));
        if number == 3 {
            let now = page.document.version();
            page.save(&now, &format!("w3q {meanwhile}"));
        }
        page.tell(of_origin(1, old), Verdict::Superseded);
        let mut view = View::of(&page.document);
        let mut base = VersionRef::of_root(Root::Origin(origin_text((1, old))));
        let mut before = old.to_owned();
        for (number, to) in [emptied, new].into_iter().enumerate() {
            let on = Base::Version(base.clone());
            let patch = diff::between(&before, &to);
            let (edit, note) = (EditId([200 + number as u8; 16]), Note::default());
            let delta = Delta { edit, base: on, patch, note, rules: RULES };
            base.extra = vec![delta.actor()];
            let body = Body::Edit(Edit::new(delta, 1, "AMS".into()));
            let entry = Entry::new(page.document.key().clone(), body.clone());
            assert_eq!(view.add(&entry).unwrap(), Verdict::Counted);
            page.put(body);
            let told: Vec<&str> = view.alternatives().iter().map(|it| it.text).collect();
            let right: Vec<&str> = page.document.alternatives().iter().map(|it| it.text).collect();
            assert_eq!((view.shown(), told), (page.document.text(), right), "{old:?} to {to:?}");
            before = to;
        }
    }
}
