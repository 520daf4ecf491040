//! What a view shows is what the log comes to that has its saves as they were accepted; and what
//! somebody makes of that comes out in any log.
//!
//! Lines that several add at one place stand in a view as in the log, without a word: those that
//! the log puts behind others, what begins with an empty line or with the heading of a section,
//! are not tried there.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, OriginPage, RULES};
use redwedding_document::{Alternative, Document, Verdict, View};
use redwedding_text::Patch;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, VersionRef};

/// Lines that somebody adds.
#[derive(Clone, Debug)]
struct Added {
    /// Which of the saves before they have before them,
    seen: u8,
    /// in front of which of the lines that several add,
    at: Index,
    /// how many,
    lines: usize,
    /// and what the save is named by: that decides which of two stands first.
    name: u64,
}

fn added() -> impl Strategy<Value = Added> {
    (any::<u8>(), any::<Index>(), 1..3usize, any::<u64>())
        .prop_map(|(seen, at, lines, name)| Added { seen, at, lines, name })
}

/// A page of which some lines are in front of the place, and some behind it.
fn page(before: usize, behind: usize) -> Document {
    let key = DocumentKey::new("wiki", "Page").unwrap();
    let mut document = Document::new(key, Cursor::start(1));
    let lines = |name: &str, many: usize| -> String {
        (0..many).map(|line| format!("{name}{line}\n")).collect()
    };
    let text = lines("before", before) + &lines("behind", behind);
    let note = Note::default();
    put(&mut document, Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
    document
}

fn put(document: &mut Document, body: Body) {
    let cursor = document.cursor().after(b"entry");
    let entry = Entry::new(document.key().clone(), body);
    assert_eq!(document.apply(cursor, cursor.position, &entry), Verdict::Counted);
}

/// What somebody makes of a text.
fn made(text: &str, number: usize, added: &Added) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let from = lines.iter().take_while(|line| line.starts_with("before")).count();
    let upto = lines.iter().position(|line| line.starts_with("behind")).unwrap_or(lines.len());
    let at = from + added.at.index(upto - from + 1);
    let new = (0..added.lines).map(|line| format!("w{number}x{line}"));
    lines.splice(at..at, new);
    lines.join("\n") + "\n"
}

/// A save on what a view shows.
fn save(view: &View, number: usize, added: &Added) -> Entry {
    let (version, shown) = (view.version(), view.shown());
    let on = view.resolve_version(&version).unwrap();
    let patch = view.edit(&on, shown, &made(shown, number, added)).unwrap();
    let mut edit = EditId([number as u8; 16]);
    edit.0[..8].copy_from_slice(&added.name.to_le_bytes());
    let (base, note) = (Base::Version(version), Note::default());
    let delta = Delta { edit, base, patch, note, rules: RULES };
    let (served, pop) = (Some(view.version()), "AMS".into());
    let edit = Edit { served, ..Edit::new(delta, 1, pop) };
    Entry::new(view.key().clone(), Body::Edit(edit))
}

/// The saves, each after those that its author had before them.
fn saves(document: &Document, all: &[Added]) -> Vec<Entry> {
    let (mut made, mut seen): (Vec<Entry>, Vec<u8>) = (Vec::new(), Vec::new());
    for (number, added) in all.iter().enumerate() {
        let earlier = (0..number).filter(|other| added.seen >> other & 1 == 1);
        let all = earlier.fold(0, |all, other| all | seen[other] | 1 << other);
        let mut view = View::of(document);
        for other in (0..number).filter(|other| all >> other & 1 == 1) {
            assert_eq!(view.add(&made[other]).unwrap(), Verdict::Counted);
        }
        made.push(save(&view, number, added));
        seen.push(all);
    }
    made
}

/// A save on what a view shows, which is accepted so late.
fn save_of(view: &View, number: u8, to: &str) -> Entry {
    let (version, shown) = (view.version(), view.shown());
    let on = view.resolve_version(&version).unwrap();
    assert_eq!(view.text_of(&on).unwrap(), shown, "a version states what it shows");
    let patch = view.edit(&on, shown, to).unwrap();
    let (edit, base) = (EditId([number; 16]), Base::Version(version));
    let delta = Delta { edit, base, patch, note: Note::default(), rules: RULES };
    let edit = Edit::new(delta, number.into(), "AMS".into());
    let entry = Entry::new(view.key().clone(), Body::Edit(edit));
    assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
    entry
}

/// All orders of so many in which each comes after those that it has seen.
fn orders(seen: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let longer = |orders: Vec<Vec<usize>>, next: usize| -> Vec<Vec<usize>> {
        let at = |order: &Vec<usize>, at: usize| [&order[..at], &[next], &order[at..]].concat();
        orders.iter().flat_map(|order| (0..=next).map(move |place| at(order, place))).collect()
    };
    let mut orders = (0..seen.len()).fold(vec![vec![]], longer);
    let place = |order: &[usize], it: usize| order.iter().position(|other| *other == it);
    orders.retain(|order| {
        (0..)
            .zip(seen)
            .all(|(two, seen)| seen.iter().all(|one| place(order, *one) < place(order, two)))
    });
    orders
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// What people make of a text while the relay is away, each with some of the others' saves before
/// them. Whatever the order in which a view comes to know of them, it shows what the log shows that
/// has them as they were accepted, and tells what that tells; nobody's words run together, and none
/// is gone that nobody deleted. And who goes on from there saves what they had before them,
/// whatever the order in which the log has all of it.
#[track_caller]
fn shows_what_the_log_will(base: &str, people: &[(&[usize], &str)], right: &str) {
    let mut outage = Outage::of(base);
    for (seen, to) in people {
        outage.save(seen.to_vec(), |_| (*to).to_owned());
    }
    assert_eq!(outage.log(&(0..people.len()).collect::<Vec<_>>()).text(), right, "in the log");
    let orders = orders(&outage.seen);
    outage.shows_what_the_log_will(&orders).unwrap();
}

/// A page, and what people make of it while the relay is away.
struct Outage {
    page: Document,
    saves: Vec<Entry>,
    /// Which of the others' saves each has before them.
    seen: Vec<Vec<usize>>,
    /// All that was ever written.
    texts: Vec<String>,
}

impl Outage {
    fn of(base: &str) -> Self {
        let key = DocumentKey::new("wiki", "Page").unwrap();
        let mut page = Document::new(key, Cursor::start(1));
        let (note, text) = (Note::default(), base.to_owned());
        if !base.is_empty() {
            put(&mut page, Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
        }
        Self { page, saves: vec![], seen: vec![], texts: vec![base.to_owned()] }
    }

    fn view(&self, order: &[usize]) -> View {
        let mut view = View::of(&self.page);
        for save in order {
            assert_eq!(view.add(&self.saves[*save]).unwrap(), Verdict::Counted);
        }
        view
    }

    fn log(&self, order: &[usize]) -> Document {
        let mut log = self.page.clone();
        order.iter().for_each(|save| put(&mut log, self.saves[*save].body.clone()));
        log
    }

    fn save(&mut self, seen: Vec<usize>, to: impl Fn(&str) -> String) {
        let view = self.view(&seen);
        let to = to(view.shown());
        self.saves.push(save_of(&view, self.saves.len() as u8 + 1, &to));
        self.seen.push(seen);
        self.texts.push(to);
    }

    /// What is wrong where a view knows the saves in one of these orders, or the log has them so.
    fn shows_what_the_log_will(&self, orders: &[Vec<usize>]) -> Result<(), String> {
        let accepted: Vec<usize> = (0..self.saves.len()).collect();
        let (log, last) = (self.log(&accepted), self.view(&accepted));
        let (right, of_log) = (log.text(), told(log.alternatives()));
        for order in orders {
            let view = self.view(order);
            let cached = View::decode_own(&view.encode_own(), &View::of(&self.page)).unwrap();
            for view in [view, cached] {
                let shows = (view.shown(), told(view.alternatives()));
                if (shows.0, &shows.1) != (right, &of_log) {
                    return Err(format!("{shows:?} after {order:?}, not {right:?} {of_log:?}"));
                }
            }
        }
        // One who adds something, one who changes a word, and one who deletes a line.
        let first = words(right).next().unwrap_or_default();
        let line = right.split_inclusive('\n').next().unwrap_or_default();
        let made = [
            format!("{right}\nmore\n"),
            right.replacen(first, "more", 1),
            right.replacen(line, "", 1),
        ];
        let all = self.texts.iter().map(String::as_str).chain(["more"]);
        let known: BTreeSet<&str> = all.flat_map(words).collect();
        made.iter().filter(|to| *to != right).try_for_each(|to| {
            let save = save_of(&last, 99, to);
            let mut view = last.clone();
            view.add(&save).unwrap();
            if view.shown() != *to {
                return Err(format!("{:?}, where {to:?} was saved of {right:?}", view.shown()));
            }
            orders.iter().try_for_each(|order| self.comes_out(order, (&save, to), &view, &known))
        })
    }

    /// What is wrong where the log has the saves so, and then one that was made of all.
    fn comes_out(
        &self,
        order: &[usize],
        (save, to): (&Entry, &str),
        view: &View,
        known: &BTreeSet<&str>,
    ) -> Result<(), String> {
        let mut log = self.log(order);
        let before = log.text().to_owned();
        let same = before == self.log(&(0..self.saves.len()).collect::<Vec<_>>()).text();
        put(&mut log, save.body.clone());
        let says = || format!("{:?} of {to:?} on {before:?} after {order:?}", log.text());
        let version = view.version();
        let stated = log.resolve_version(&version).ok().and_then(|on| log.text_of(&on));
        if stated.as_deref() != Some(to) {
            return Err(format!("{stated:?} is stated, {}", says()));
        }
        if same && log.text() != to {
            return Err(says());
        }
        let mut strange = words(log.text()).filter(|word| !known.contains(word));
        if let Some(word) = strange.next() {
            return Err(format!("{word} runs together, {}", says()));
        }
        let said = log.text().to_owned() + &told(log.alternatives()).concat();
        match to.contains("more") && !said.contains("more") {
            true => Err(format!("more is lost, {}", says())),
            false => Ok(()),
        }
    }
}

fn told(told: Vec<Alternative<'_>>) -> Vec<String> {
    let mut told: Vec<String> = told.iter().map(|it| it.text.to_owned()).collect();
    told.sort_unstable();
    told
}

#[test]
fn a_paragraph_that_is_moved_and_corrected_is_both() {
    let base = "First teh cat.\n\nSecond dog.\n\nThird cow.\n";
    let moved = "Second dog.\n\nThird cow.\n\nFirst teh cat.\n";
    let right = "Second dog.\n\nThird cow.\n\nFirst the cat.\n";
    let corrected = "First the cat.\n\nSecond dog.\n\nThird cow.\n";
    shows_what_the_log_will(base, &[(&[], moved), (&[], corrected)], right);
    shows_what_the_log_will(base, &[(&[], corrected), (&[], moved)], right);
}

#[test]
fn an_item_that_is_moved_and_changed_is_both() {
    let base = "* milk\n* eggs\n* bread\n";
    let (moved, changed) = ("* eggs\n* bread\n* milk\n", "* milk fresh\n* eggs\n* bread\n");
    let right = "* eggs\n* bread\n* milk fresh\n";
    shows_what_the_log_will(base, &[(&[], moved), (&[], changed)], right);
    shows_what_the_log_will(base, &[(&[], changed), (&[], moved)], right);
}

#[test]
fn lines_that_are_rewritten_and_deleted_do_not_run_together() {
    let base = "a one\nb two\nc three\nd four\n";
    let (rewritten, shorter) = ("X\nY\nc three\nd four\n", "c three\nd four\n");
    shows_what_the_log_will(base, &[(&[], rewritten), (&[], shorter)], rewritten);
    shows_what_the_log_will(base, &[(&[], shorter), (&[], rewritten)], shorter);
    let (base, rewritten) = ("a one\nb two\nc three\nd four", "X\nY\nc three\nd four");
    shows_what_the_log_will(base, &[(&[], rewritten), (&[], "c three\nd four")], rewritten);
}

#[test]
fn paragraphs_that_are_rewritten_and_deleted_crosswise_do_not_run_together() {
    let base = "Robb rode north.\n\nCatelyn wept.\n\nEnd.\n";
    let one = "Robb tells of the north.\n\nEnd.\n";
    let two = "Catelyn tells of tears.\n\nEnd.\n";
    shows_what_the_log_will(base, &[(&[], one), (&[], two)], one);
    shows_what_the_log_will(base, &[(&[], two), (&[], one)], two);
    let three = "Robb rode north.\n\nCatelyn wept.\n\nThe End.\n";
    shows_what_the_log_will(base, &[(&[], one), (&[], two), (&[], three)], one);
}

#[test]
fn a_form_from_before_a_vandal_edits_the_page_that_is_there() {
    let base = "Robb rode north.\n\nCatelyn wept.\n\nThe hall was dark.\n";
    let corrected = "Robb rode north.\n\nCatelyn cried.\n\nThe hall was dark.\n";
    for vandal in ["HI\n", "", "Robb HA rode north.\n\nCatelyn LOL.\n"] {
        let people: [(&[usize], &str); 3] = [(&[], vandal), (&[0], base), (&[], corrected)];
        shows_what_the_log_will(base, &people, corrected);
    }
}

#[test]
fn additions_to_different_versions_stand_apart() {
    let base = "w1q w2q\nw9q\n";
    let (one, two) = ("w1q w3q\nw9q\n", "w1q w6q\nw9q\n");
    let people: [(&[usize], &str); 4] =
        [(&[], one), (&[], two), (&[0], "w1q w3q w4q\nw9q\n"), (&[1], "w1q w6q w7q\nw9q\n")];
    shows_what_the_log_will(base, &people, "w1q w3q w4q w7q\nw9q\n");
    let people: [(&[usize], &str); 3] = [(&[], one), (&[], two), (&[1], "w1q w6q\nw9q\nw8q\n")];
    shows_what_the_log_will(base, &people, "w1q w3q\nw9q\nw8q\n");
}

/// Cases: `PROPTEST_CASES`, or some hundreds, which are always the same.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(500);
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), ..default }
}

/// What somebody makes of a page of lines.
#[derive(Clone, Debug)]
struct Person {
    /// Which of the saves before they have before them,
    seen: u8,
    does: u8,
    at: [Index; 2],
}

fn person() -> impl Strategy<Value = Person> {
    (any::<u8>(), 0..9u8, any::<[Index; 2]>()).prop_map(|(seen, does, at)| Person {
        seen,
        does,
        at,
    })
}

impl Person {
    fn makes_of(&self, text: &str, number: usize, base: &str) -> String {
        let ends = text.ends_with('\n');
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            return format!("w{number}\n");
        }
        let [at, to] = self.at.map(|at| at.index(lines.len()));
        match self.does {
            0 => lines.insert(at, format!("w{number}x w{number}y")),
            1 => drop(lines.remove(at)),
            2 => {
                let line = lines.remove(at);
                lines.insert(to.min(lines.len()), line);
            }
            3 => lines[at] = format!("w{number}x w{number}y w{number}z"),
            4 => lines[at].push_str(&format!(" w{number}")),
            5 => lines[at] = lines[at].split(' ').rev().collect::<Vec<_>>().join(" "),
            6 => {
                let first = words(&lines[at]).next().unwrap_or_default().to_owned();
                lines[at] = lines[at].replacen(&first, &format!("w{number}"), 1);
            }
            7 => drop(lines.drain(at.min(to)..=at.max(to))),
            _ => return base.to_owned(),
        }
        let text = lines.join("\n");
        if ends && !text.is_empty() { text + "\n" } else { text }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_view_shows_what_the_log_will(
        base in prop::sample::select(&[
            "a1 a2 a3\nb1 b2 b3\nc1 c2\nd1\n",
            "a1 a2 a3.\n\nb1 b2 b3.\n\nc1 c2 c3.\n",
            "* a1\n* b1\n* c1\n* d1\n* e1",
            "a1 a2 a3 a4 a5 a6 a7 a8",
        ][..]),
        people in prop::collection::vec(person(), 2..6),
    ) {
        let mut outage = Outage::of(base);
        for (number, person) in people.iter().enumerate() {
            let mut seen: BTreeSet<usize> = BTreeSet::new();
            for other in (0..number).filter(|other| person.seen >> other & 1 == 1) {
                seen.extend(outage.seen[other].iter().copied().chain([other]));
            }
            outage.save(seen.into_iter().collect(), |text| person.makes_of(text, number, base));
        }
        let mut orders = orders(&outage.seen);
        let step = orders.len().div_ceil(4).max(1);
        orders = orders.into_iter().step_by(step).collect();
        let wrong = outage.shows_what_the_log_will(&orders);
        prop_assert!(wrong.is_ok(), "{}", wrong.unwrap_err());
    }

    #[test]
    fn lines_that_several_add_stand_in_a_view_as_in_the_log(
        // Two who create a page make two versions of it, so there is one.
        around in prop::sample::select(&[(0, 1), (1, 0), (2, 2)][..]),
        all in prop::collection::vec(added(), 2..7),
    ) {
        let mut log = page(around.0, around.1);
        let saves = saves(&log, &all);
        // One for each save that the log does not have yet.
        let mut views: Vec<View> = Vec::new();
        for entry in &saves {
            views.push(View::of(&log));
            for view in &mut views {
                prop_assert_eq!(view.add(entry).unwrap(), Verdict::Counted);
            }
            put(&mut log, entry.body.clone());
            for view in &views {
                let told = view.alternatives().len() + log.alternatives().len();
                prop_assert!(told == 0 && view.version().hidden.is_none());
                prop_assert_eq!(view.shown(), log.text());
            }
        }
    }
}

proptest! {
    // Each is of many saves.
    #![proptest_config(ProptestConfig { cases: cases().cases / 50, ..cases() })]

    /// Beyond those that it folds a view goes on from what it shows.
    #[test]
    fn a_view_of_many_saves_states_what_it_shows(
        people in prop::collection::vec(person(), 40..70),
        apart in 1..9usize,
    ) {
        let base = "a1 a2 a3\nb1 b2 b3\nc1 c2\nd1\n";
        let mut outage = Outage::of(base);
        let mut views = vec![View::of(&outage.page); 2];
        for (number, person) in people.iter().enumerate() {
            let late = number % apart == 0 && number > 0;
            let view = &views[usize::from(late)];
            let (shown, others) = (view.shown().to_owned(), told(view.alternatives()));
            let made = person.makes_of(&shown, number, base);
            if made == shown {
                continue;
            }
            let save = save_of(view, number as u8 + 1, &made);
            if late {
                views[1] = views[0].clone();
            }
            prop_assert_eq!(views[0].add(&save).unwrap(), Verdict::Counted);
            if !late {
                let now = views[0].shown();
                prop_assert_eq!(now, &*made, "on {:?}, told {:?}", shown, others);
            }
            let cached = View::decode_own(&views[0].encode_own(), &View::of(&outage.page)).unwrap();
            prop_assert_eq!(&cached, &views[0]);
            views[0] = cached;
            let (version, view) = (views[0].version(), &views[0]);
            prop_assert_eq!(&VersionRef::decode(&version.encode()).unwrap(), &version);
            let stated = view.text_of(&view.resolve_version(&version).unwrap()).unwrap();
            prop_assert_eq!(stated, view.shown());
            outage.saves.push(save);
        }
        let mut log = outage.page.clone();
        outage.saves.iter().for_each(|save| put(&mut log, save.body.clone()));
        let version = views[0].version();
        let stated = log.text_of(&log.resolve_version(&version).unwrap()).unwrap();
        prop_assert_eq!(stated, views[0].shown());
    }
}

/// What was put there is in no text of a history: an edit of it is held against what was shown.
#[test]
fn an_edit_that_does_not_fit_what_was_shown_counts_nowhere() {
    let base = "First teh cat.\n\nSecond dog.\n\nThird cow.\n";
    let mut document = page(0, 0);
    let first = save_of(&View::of(&document), 1, base);
    put(&mut document, first.body);
    let moved = "Second dog.\n\nThird cow.\n\nFirst teh cat.\n";
    let saves = [moved, "First thé cat.\n\nSecond dog.\n\nThird cow.\n"];
    let saves =
        [2, 3].map(|number| save_of(&View::of(&document), number, saves[number as usize - 2]));
    let mut view = View::of(&document);
    saves.iter().for_each(|save| assert_eq!(view.add(save).unwrap(), Verdict::Counted));
    let (version, shown) = (view.version(), view.shown().to_owned());
    assert!(version.put.is_some() && shown.contains("thé"), "{shown:?}");
    let mut patch = Patch::builder();
    patch.push_keep(shown.find('é').unwrap() as u32 + 1);
    patch.push_insert("x");
    let (edit, patch, note) = (EditId([4; 16]), patch.build().unwrap(), Note::default());
    let delta = Delta { edit, base: Base::Version(version), patch, note, rules: RULES };
    let entry = Entry::new(view.key().clone(), Body::Edit(Edit::new(delta, 4, "AMS".into())));
    assert!(matches!(view.add(&entry), Ok(Verdict::Quarantined(_))));
    assert_eq!(view.shown(), shown);
    saves.into_iter().for_each(|save| put(&mut document, save.body));
    let cursor = document.cursor().after(b"entry");
    let verdict = document.apply(cursor, cursor.position, &entry);
    assert!(matches!(verdict, Verdict::Quarantined(_)), "{verdict:?}");
}

/// Who reads a crowd's saves from a cache need not merge them anew, and comes to the same.
#[test]
fn a_cache_keeps_how_a_crowd_was_merged() {
    let mut document = page(1, 1);
    let base = View::of(&document);
    let text = base.shown();
    let of = |number: u8| {
        let made = text.replacen("before0\n", &format!("before0\nwriter {number}\n"), 1);
        save_of(&base, number, &made)
    };
    let mut view = base.clone();
    let mut bytes = Vec::new();
    for number in 1..=100 {
        assert_eq!(view.add(&of(number)).unwrap(), Verdict::Counted);
        put(&mut document, of(number).body);
        if (62..=65).contains(&number) {
            bytes.push([view.encode_own().len(), document.encode_own().len()]);
        }
    }
    for at in [0, 1] {
        let grows: Vec<usize> = bytes.windows(2).map(|pair| pair[1][at] - pair[0][at]).collect();
        let kept = grows[1] > 2 * grows[0] && grows[1] > 2 * grows[2];
        assert!(kept, "{bytes:?}: from the 64th on it is kept");
    }
    let mut read = View::decode_own(&view.encode_own(), &base).unwrap();
    assert_eq!(read.encode_own(), view.encode_own());
    let mut stored = Document::decode_own(&document.encode_own()).unwrap();
    assert_eq!(stored.encode_own(), document.encode_own());
    for number in 101..110 {
        for view in [&mut view, &mut read] {
            assert_eq!(view.add(&of(number)).unwrap(), Verdict::Counted);
        }
        for document in [&mut document, &mut stored] {
            put(document, of(number).body);
        }
    }
    assert_eq!((&read, &stored), (&view, &document));
}
