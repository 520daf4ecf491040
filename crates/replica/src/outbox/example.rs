//! Saves as tests put them into the outbox.
//!
//! Must never be compiled but for tests.

use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, RULES};
use redwedding_text::diff;
use redwedding_wire::identity::{Digest, DocumentKey, EditId, digest};
use redwedding_wire::version::{Base, Root, VersionRef};

use super::OutboxEntry;

/// The page that they are about.
pub(crate) fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("a key")
}

/// The save with this number, accepted at this time: it brings a text to where there was none, or
/// changes the text of the save before it.
pub(crate) fn save(
    number: u64,
    accepted_ms: u64,
    on: Option<(&OutboxEntry, &str)>,
    text: &str,
) -> OutboxEntry {
    save_of(page(), number, accepted_ms, on, text)
}

fn save_of(
    page: DocumentKey,
    number: u64,
    accepted_ms: u64,
    on: Option<(&OutboxEntry, &str)>,
    text: &str,
) -> OutboxEntry {
    let Digest(name) = digest("example", &[&page.digest().0, &number.to_le_bytes()]);
    let (parent, before) = on.unzip();
    let extra = parent.and_then(|parent| parent.entry.actor()).into_iter().collect();
    let delta = Delta {
        edit: EditId(name),
        base: Base::Version(VersionRef {
            root: Root::EMPTY,
            extra,
            check: None,
            hidden: None,
            put: None,
        }),
        patch: diff::between(before.unwrap_or_default(), text),
        note: Note::default(),
        rules: RULES,
    };
    let pop = "pop".to_owned();
    let edit = Edit::new(delta, accepted_ms, pop);
    let own = parent.and_then(OutboxEntry::edit).into_iter().collect();
    OutboxEntry { entry: Entry::new(page, Body::Edit(edit)), own }
}

/// A chain of so many saves, one each millisecond from 1 on, each on the last.
pub(crate) fn chain(count: u64) -> Vec<OutboxEntry> {
    chain_of(&page(), count)
}

/// The same of any page.
pub(crate) fn chain_of(page: &DocumentKey, count: u64) -> Vec<OutboxEntry> {
    let (mut saves, mut text) = (Vec::<OutboxEntry>::new(), String::new());
    for number in 1..=count {
        let longer = format!("{text}line {number}\n");
        let on = saves.last().map(|last| (last, text.as_str()));
        saves.push(save_of(page.clone(), number, number, on, &longer));
        text = longer;
    }
    saves
}
