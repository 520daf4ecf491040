//! The merge of concurrent saves against a slow reference, on random histories.
//!
//! `PROPTEST_CASES` sets how many histories each property sees.

mod histories;
mod reference;

use proptest::prelude::*;
use redwedding_text::attribution::Source;
use redwedding_text::{MergeError, Merged, Part, Patch, Record, Text, Version};

use histories::{Saves, crowds, histories, version, with_suppressions};
use reference::{Seen, Suppressed};

fn config() -> ProptestConfig {
    let given = std::env::var("PROPTEST_CASES").is_ok();
    let default = ProptestConfig::default();
    ProptestConfig { cases: if given { default.cases } else { 400 }, ..default }
}

fn picks() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 1..8)
}

/// All that a document says of its changes.
fn records(text: &Text) -> Vec<Record> {
    let history = text.history();
    let record = |change| Record {
        id: history.id(change).expect("it is there"),
        base: history.base(change).expect("it is there"),
        patch: history.patch(change).expect("it is there"),
        effect: text.effect(change),
        removed: text.removed_by(change).to_owned(),
    };
    (0..history.len()).map(record).collect()
}

/// What of that which only saves work is kept between two merges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    All,
    /// What is written beside the document, and read again.
    Stored,
    Nothing,
}

/// The same document, read again.
fn read_again(text: &Text, saves: &Saves) -> Text {
    let ids: Vec<u64> = saves.saves.iter().map(|save| save.id).collect();
    let known = &ids[..text.history().len() as usize];
    Text::from_columns(text.columns(), known).expect("it was written")
}

/// Merges all saves.
fn merged(saves: &Saves, kept: Kept) -> (Text, Vec<Merged>) {
    let mut text = Text::from_text(saves.start.clone());
    let mut results = Vec::new();
    let suppresses = saves.saves.iter().any(|save| save.suppression.is_some());
    for save in &saves.saves {
        text = match kept {
            Kept::All => text,
            Kept::Stored => {
                let mut read = read_again(&text, saves);
                let replayed = text.replayed_columns(0);
                replayed.iter().for_each(|it| read.take_replayed(it).expect("it was written"));
                assert_eq!(read.replayed_columns(0), replayed, "it is written as it was read");
                read
            }
            Kept::Nothing if suppresses => read_again(&text, saves),
            Kept::Nothing => {
                Text::from_changes(text.text().to_owned(), records(&text)).expect("it was valid")
            }
        };
        if let Some(Suppressed { target, edit, suppressed }) = save.suppression {
            let target = text.history().index_of(target.into()).expect("merged before");
            let base = version(&text, &save.base);
            let part = edit.map_or(Part::All, |edit| Part::Edits([edit as u32].into()));
            let effect = text.suppress(save.id, &base, (target, part, suppressed));
            let effect = effect.expect("it is there");
            results.push(Merged::plain(effect));
            continue;
        }
        let base = version(&text, &save.base);
        results.push(text.merge(save.id, &base, &save.patch).expect("it fits"));
    }
    (text, results)
}

/// What became of the text at a version: what comes of it that way is the text, and back again.
fn followed(text: &Text, version: &Version) -> String {
    let mut text = text.clone();
    let then = text.text_at(version).expect("a version");
    let since = text.since(version).expect("a version");
    assert_eq!(since.text_then(text.text()), then);
    since.patch.apply(&then).expect("it fits").text
}

/// As the reference tells it.
fn writers(text: &Text, version: &Version) -> Vec<Option<u64>> {
    let runs = text.attribution_at(version).into_iter();
    let told = runs.flat_map(|run| {
        let writer = match run.source {
            Source::Change(change) => text.history().id(change).map(|id| id.actor),
            Source::Below(_) => None,
        };
        vec![writer; run.len as usize]
    });
    told.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases.div_ceil(20), ..config() })]

    /// Long enough that the engine's inner list is cut into many pieces.
    #[test]
    fn long_histories_merge_as_the_reference_does(saves in crowds(), picks in picks()) {
        let (text, _) = merged(&saves, Kept::All);
        prop_assert_eq!(&merged(&saves, Kept::Stored).0, &text);
        let reference = saves.reference();
        prop_assert_eq!(text.text(), reference.text(&saves.all()));
        prop_assert_eq!(text.history().checkout(&saves.start), Ok(text.text().to_owned()));
        let seen = saves.some(&picks);
        prop_assert_eq!(text.text_at(&version(&text, &seen)), Ok(reference.text(&seen)));
        prop_assert_eq!(followed(&text, &version(&text, &seen)), text.text());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn merges_as_the_reference_does(saves in histories(16)) {
        let (text, _) = merged(&saves, Kept::All);
        prop_assert_eq!(text.text(), saves.reference().text(&saves.all()));
    }

    #[test]
    fn what_is_suppressed_is_not_shown(saves in with_suppressions(16), picks in picks()) {
        let (text, results) = merged(&saves, Kept::All);
        let reference = saves.reference();
        prop_assert_eq!(text.text(), reference.text(&saves.all()));
        prop_assert_eq!(text.history().checkout(&saves.start), Ok(text.text().to_owned()));
        let seen = saves.some(&picks);
        prop_assert_eq!(text.text_at(&version(&text, &seen)), Ok(reference.text(&seen)));
        prop_assert_eq!(followed(&text, &version(&text, &seen)), text.text());
        prop_assert_eq!(writers(&text, &version(&text, &seen)), reference.writers(&seen));
        prop_assert_eq!(writers(&text, &text.head()), reference.writers(&saves.all()));
        let mut now = saves.start.clone();
        let mut prefix = Seen::new();
        for (n, (save, result)) in saves.saves.iter().zip(results).enumerate() {
            prop_assert_eq!(text.prefix_text(n as u32), Ok(now.clone()));
            prop_assert_eq!(&now, &reference.text(&prefix));
            now = result.effect.apply(&now).expect("it fits").text;
            prefix.insert(save.id);
        }
        let (other, _) = merged(&saves.reordered(&picks), Kept::All);
        prop_assert_eq!(text.text(), other.text());
        let columns = text.columns();
        let actors: Vec<u64> = saves.saves.iter().map(|save| save.id).collect();
        let mut back = Text::from_columns(columns.clone(), &actors).expect("it was written");
        prop_assert_eq!(&back, &text);
        prop_assert_eq!(back.columns(), columns);
        let id = back.history().len();
        let whole = |at: &u32| {
            let save = &saves.saves[*at as usize];
            save.suppression.is_none() && (save.id >> 32) % 2 == 0
        };
        if let Some(target) = (0..id).find(whole) {
            let once = back.clone();
            let suppressed = back.history().is_suppressed(target);
            let again = back.set_suppressed(u64::MAX - 3, target, suppressed);
            prop_assert_eq!(again, Err(MergeError::NothingToSuppress));
            back.set_suppressed(u64::MAX - 1, target, !suppressed).expect("it is there");
            back.set_suppressed(u64::MAX - 2, target, suppressed).expect("it is there");
            prop_assert_eq!(back.text(), once.text());
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(saves in histories(12), picks in picks()) {
        let (text, _) = merged(&saves, Kept::All);
        let (other, _) = merged(&saves.reordered(&picks), Kept::All);
        prop_assert_eq!(text.history().len(), other.history().len());
        prop_assert_eq!(text.text(), other.text());
    }

    #[test]
    fn a_kept_walker_changes_nothing(saves in histories(16)) {
        let cold = merged(&saves, Kept::Nothing);
        prop_assert_eq!(&merged(&saves, Kept::All), &cold);
        prop_assert_eq!(&merged(&saves, Kept::Stored), &cold);
    }

    #[test]
    fn a_stored_walker_with_other_bytes_is_refused_or_harmless(
        saves in with_suppressions(24),
        bytes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        picks in picks(),
    ) {
        let (text, _) = merged(&saves, Kept::All);
        if let Some(mut columns) = text.replayed_columns(0) {
            bytes.iter().for_each(|(at, byte)| *at.get_mut(&mut columns) = *byte);
            let mut read = read_again(&text, &saves);
            if read.take_replayed(&columns).is_ok() {
                // Whatever comes of it comes to an end.
                let base = version(&text, &saves.some(&picks));
                let all = text.text_at(&base).expect("a version").len();
                let all = u32::try_from(all).expect("short");
                let patch = Patch::builder().delete(all).insert("new").build().expect("short");
                let _ = read.merge(u64::MAX, &base, &patch);
                let _ = read.since(&base);
            }
        }
    }

    #[test]
    fn what_came_since_is_told_alike_however_it_was_replayed(
        saves in with_suppressions(16),
        picks in picks(),
    ) {
        let (mut text, _) = merged(&saves, Kept::All);
        let seen = version(&text, &saves.some(&picks));
        let mut cold = merged(&saves, Kept::Nothing).0;
        cold.since(&Version::EMPTY).expect("a version");
        prop_assert_eq!(text.since(&seen), cold.since(&seen));
    }

    #[test]
    fn nor_where_something_is_suppressed(saves in with_suppressions(16)) {
        let cold = merged(&saves, Kept::Nothing);
        prop_assert_eq!(&merged(&saves, Kept::All), &cold);
        prop_assert_eq!(&merged(&saves, Kept::Stored), &cold);
    }

    #[test]
    fn a_history_checked_out_at_once_is_the_same_text(saves in histories(24)) {
        let (text, _) = merged(&saves, Kept::All);
        prop_assert_eq!(text.history().checkout(&saves.start), Ok(text.text().to_owned()));
    }

    #[test]
    fn any_version_can_be_read(saves in histories(12), picks in picks()) {
        let (text, _) = merged(&saves, Kept::All);
        let reference = saves.reference();
        let seen = saves.some(&picks);
        prop_assert_eq!(text.text_at(&version(&text, &seen)), Ok(reference.text(&seen)));
        for (n, save) in saves.saves.iter().enumerate() {
            let base = version(&text, &save.base);
            prop_assert_eq!(text.text_at(&base), Ok(reference.text(&save.base)));
            prop_assert_eq!(writers(&text, &base), reference.writers(&save.base));
            let prefix = saves.saves[..n].iter().map(|save| save.id).collect();
            prop_assert_eq!(text.prefix_text(n as u32), Ok(reference.text(&prefix)));
        }
    }

    #[test]
    fn effects_lead_from_each_text_to_the_next(saves in histories(12)) {
        let (text, results) = merged(&saves, Kept::All);
        let mut now = saves.start.clone();
        for (index, (record, result)) in records(&text).into_iter().zip(results).enumerate() {
            prop_assert_eq!(record.effect.as_ref(), Some(&result.effect));
            prop_assert_eq!(&record.patch, &saves.saves[index].patch);
            let applied = result.effect.apply(&now).expect("it fits");
            prop_assert_eq!(&applied.removed, &record.removed);
            now = applied.text;
            for overlap in result.overlaps {
                let range = overlap.range.start as usize..overlap.range.end as usize;
                prop_assert!(now.get(range).is_some());
                let other = text.history().base(overlap.with).expect("it is there");
                prop_assert!(!record.base.contains(overlap.with));
                prop_assert!(!other.contains(index as u32));
            }
        }
        prop_assert_eq!(now, text.text());
    }

    #[test]
    fn what_does_not_fit_changes_nothing(
        saves in histories(10),
        skip in 0u32..20,
        delete in 0u32..8,
        picks in picks(),
    ) {
        let (text, _) = merged(&saves, Kept::All);
        let seen = saves.some(&picks);
        let at = saves.reference().text(&seen);
        let patch = Patch::builder().keep(skip).delete(delete).insert("!").build().expect("short");
        let mut changed = text.clone();
        let merged = changed.merge(u64::MAX - 1, &version(&text, &seen), &patch);
        prop_assert_eq!(merged.is_ok(), patch.apply(&at).is_ok());
        if merged.is_err() {
            prop_assert_eq!(&changed, &text);
        }
        // And it goes on merging as if nothing had been.
        let patch = Patch::builder().insert("?").build().expect("short");
        let mut text = text;
        if merged.is_err() {
            let one = changed.merge(7, &Version::EMPTY, &patch);
            prop_assert_eq!(one, text.merge(7, &Version::EMPTY, &patch));
            prop_assert_eq!(changed, text);
        }
    }

    /// Everyone writes a run of an own letter, at once or in several saves, forwards or backwards,
    /// at one place. Runs stand whole.
    #[test]
    fn concurrent_runs_never_interleave(
        writers in prop::collection::vec((any::<u8>(), 1u32..4, any::<bool>()), 2..7),
        at in 0u32..4,
        order in prop::collection::vec(any::<prop::sample::Index>(), 20),
    ) {
        let mut text = Text::from_text("....");
        let mut left: Vec<u32> = writers.iter().map(|writer| writer.1).collect();
        let mut own: Vec<Version> = vec![Version::EMPTY; writers.len()];
        for pick in order.iter().cycle() {
            let busy: Vec<usize> = (0..writers.len()).filter(|&w| left[w] > 0).collect();
            if busy.is_empty() {
                break;
            }
            let writer = busy[pick.index(busy.len())];
            let (tie, saves, backwards) = writers[writer];
            let done = saves - left[writer];
            let place = if backwards { at } else { at + 3 * done };
            let run = char::from(b'a' + writer as u8).to_string().repeat(3);
            let patch = Patch::builder().keep(place).insert(&run).build().expect("short");
            let id = u64::from(tie) << 32 | (writer as u64) << 8 | u64::from(done);
            let index = text.history().len();
            text.merge(id, &own[writer], &patch).expect("it fits");
            own[writer].insert(index);
            left[writer] -= 1;
        }
        for (writer, &(_, saves, _)) in writers.iter().enumerate() {
            let run = char::from(b'a' + writer as u8).to_string().repeat(3 * saves as usize);
            prop_assert!(text.text().contains(&run), "{} lacks {run}", text.text());
        }
    }
}

/// One writer stands between two letters; a crowd that has seen it writes before it; a latecomer
/// who has seen none of them belongs before all.
#[test]
fn a_crowd_of_other_origins_is_not_taken_for_siblings() {
    let insert = |text: &str| Patch::builder().keep(1).insert(text).build().expect("short");
    let save = |id, base: &[u64], text| histories::Save {
        id,
        base: base.iter().copied().collect(),
        patch: insert(text),
        suppression: None,
    };
    let mut saves = vec![save(1000, &[], "x")];
    saves.extend((1..200).map(|id| save(id, &[1000], "c")));
    saves.push(save(500, &[], "y"));
    let saves = Saves { start: "ab".to_owned(), saves };
    let (text, _) = merged(&saves, Kept::All);
    assert_eq!(text.text(), format!("ay{}xb", "c".repeat(199)));
    assert_eq!(text.text(), saves.reference().text(&saves.all()));
}

/// What a vandal deleted comes back in part, for everyone and in every version.
#[test]
fn a_deletion_is_suppressed_byte_by_byte() {
    let start = "one two three four";
    let mut text = Text::from_text(start);
    let blank = Patch::builder().keep(4).delete(14).insert("HI").build().expect("short");
    text.merge(1, &Version::EMPTY, &blank).expect("it fits");
    let seen = Version::up_to(1);
    let back = |from, to| Part::Deletions([(from, to)].into());
    text.suppress(2, &seen, (0, back(4, 10), true)).expect("it is there");
    assert_eq!(text.text(), "one HIthree ");
    assert_eq!(text.text_at(&seen).as_deref(), Ok("one HI"));
    // Who had seen neither has deleted a word of it, and one that is still gone.
    let word = Patch::builder().keep(8).delete(10).build().expect("short");
    text.merge(3, &Version::EMPTY, &word).expect("it fits");
    assert_eq!(text.text(), "one HI");
    text.suppress(4, &text.head(), (0, back(0, 4), true)).expect("it is there");
    assert_eq!(text.text(), "one HItwo ");
    assert_eq!(text.history().checkout(start).as_deref(), Ok("one HItwo "));
    let again = text.suppress(5, &text.head(), (0, back(0, 4), true));
    assert_eq!(again, Err(MergeError::NothingToSuppress));
    let columns = text.columns();
    let loaded = Text::from_columns(columns.clone(), &[1, 2, 3, 4]).expect("it was written");
    assert_eq!((&loaded, loaded.columns()), (&text, columns));
    text.suppress(5, &text.head(), (0, back(4, 10), false)).expect("it is there");
    assert_eq!(text.text(), "one HItwo ");
}
