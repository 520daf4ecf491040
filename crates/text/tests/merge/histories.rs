//! Random concurrent histories: who saved what against which version.
//!
//! May assume the reference for the text of each version. Must never make a change that does not
//! fit its base.

use std::collections::BTreeSet;

use proptest::prelude::*;
use redwedding_text::{Patch, PatchBuilder, Text, Version};

use crate::reference::{Reference, Seen, Suppressed};

/// One save: its id, what it had seen (as ids), what it did.
#[derive(Clone, Debug)]
pub(crate) struct Save {
    pub(crate) id: u64,
    pub(crate) base: Seen,
    pub(crate) patch: Patch,
    /// Instead: which save it takes out or puts back.
    pub(crate) suppression: Option<Suppressed>,
}

/// A document's beginning and its saves, parents first.
#[derive(Clone, Debug)]
pub(crate) struct Saves {
    pub(crate) start: String,
    pub(crate) saves: Vec<Save>,
}

/// What the generator draws for a save: tie, saves that it had seen, hunks.
type Drawn = (u8, Vec<prop::sample::Index>, Vec<(u8, u8, String)>);

fn drawn() -> impl Strategy<Value = Drawn> {
    let heads = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let hunk = (0u8..6, 0u8..5, "[a-c ä漢😀\n]{0,4}");
    (any::<u8>(), heads, prop::collection::vec(hunk, 1..4))
}

/// Histories of up to `most` saves.
pub(crate) fn histories(most: usize) -> impl Strategy<Value = Saves> {
    let saves = prop::collection::vec(drawn(), 1..=most);
    ("[x-z ö字🙂]{0,12}", saves).prop_map(|(start, drawn)| build(start, drawn))
}

/// Histories of up to `most` saves in which some are taken out, and put back.
pub(crate) fn with_suppressions(most: usize) -> impl Strategy<Value = Saves> {
    let suppression = prop::option::weighted(0.3, any::<prop::sample::Index>());
    let saves = prop::collection::vec((drawn(), suppression), 1..=most);
    ("[x-z ö字🙂]{0,12}", saves).prop_map(|(start, drawn)| {
        let (drawn, suppressions) = drawn.into_iter().unzip();
        build_all(start, drawn, true, suppressions)
    })
}

/// Long histories in which most know nothing of each other and write at the same few places.
pub(crate) fn crowds() -> impl Strategy<Value = Saves> {
    let heads = prop_oneof![
        6 => Just(Vec::new()),
        1 => prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ];
    let hunk = prop_oneof![
        6 => (0u8..3, Just(0u8), "[a-cä]{1,2}"),
        1 => (0u8..6, 0u8..40, "[a-c]{0,2}"),
    ];
    let save = (any::<u8>(), heads, prop::collection::vec(hunk, 1..3));
    let saves = prop::collection::vec(save, 100..260);
    ("[x-z]{0,6}", any::<bool>(), saves)
        .prop_map(|(start, linear, drawn)| build_with(start, drawn, linear))
}

fn build(start: String, drawn: Vec<Drawn>) -> Saves {
    build_with(start, drawn, true)
}

/// `linear`: of the saves that name none, every other one had seen all before it.
fn build_with(start: String, drawn: Vec<Drawn>, linear: bool) -> Saves {
    build_all(start, drawn, linear, Vec::new())
}

/// `suppressions`: for each save, whether it suppresses another one, or releases it.
fn build_all(
    start: String,
    drawn: Vec<Drawn>,
    linear: bool,
    suppressions: Vec<Option<prop::sample::Index>>,
) -> Saves {
    let mut reference = Reference::new(&start);
    let mut saves: Vec<Save> = Vec::new();
    let mut suppressions = suppressions.into_iter();
    for (tie, heads, hunks) in drawn {
        let id = (u64::from(tie) << 32) | saves.len() as u64;
        let edits: Vec<&Save> = saves.iter().filter(|save| save.suppression.is_none()).collect();
        if let Some(pick) = suppressions.next().flatten().filter(|_| !edits.is_empty()) {
            let save = suppression(id, edits[pick.index(edits.len())], &saves);
            if let Some(what) = save.suppression {
                reference.suppress(id, what);
            }
            saves.push(save);
            continue;
        }
        let base = base_of(&saves, &heads, linear);
        let patch = patch_for(&reference.text(&base), &hunks);
        reference.apply(id, &base, &patch);
        saves.push(Save { id, base, patch, suppression: None });
    }
    Saves { start, saves }
}

/// Takes a save out, or puts it back. Half of the saves are taken out whole, by who has seen all;
/// of the others one edit, by who has seen what belongs to it.
fn suppression(id: u64, target: &Save, saves: &[Save]) -> Save {
    let edits = target.patch.hunks().len();
    let edit = (edits > 0 && (target.id >> 32) % 2 == 1).then(|| (id >> 32) as usize % edits);
    let about = |save: &&Save| {
        save.suppression.is_some_and(|what| (what.target, what.edit) == (target.id, edit))
    };
    let last = saves.iter().rfind(about);
    let suppressed = !last.and_then(|last| last.suppression).is_some_and(|what| what.suppressed);
    let base = match edit {
        None => saves.iter().map(|save| save.id).collect(),
        Some(_) => {
            let seen = last.unwrap_or(target);
            seen.base.iter().copied().chain([seen.id]).collect()
        }
    };
    let what = Suppressed { target: target.id, edit, suppressed };
    Save { id, base, patch: Patch::empty(), suppression: Some(what) }
}

fn base_of(saves: &[Save], heads: &[prop::sample::Index], linear: bool) -> Seen {
    if saves.is_empty() || heads.is_empty() {
        let all = linear && saves.len() % 2 == 1;
        return saves.iter().filter(|_| all).map(|save| save.id).collect();
    }
    let chosen = heads.iter().map(|head| &saves[head.index(saves.len())]);
    chosen.flat_map(|save| save.base.iter().copied().chain([save.id])).collect()
}

fn patch_for(text: &str, hunks: &[(u8, u8, String)]) -> Patch {
    let mut chars = text.chars();
    let mut patch = PatchBuilder::default();
    let mut taken =
        |count: u8| -> u32 { chars.by_ref().take(count.into()).map(|c| c.len_utf8() as u32).sum() };
    for (skip, delete, insert) in hunks {
        patch = patch.keep(taken(*skip)).delete(taken(*delete)).insert(insert);
    }
    patch.build().unwrap_or_default()
}

impl Saves {
    /// A reference that has seen all.
    pub(crate) fn reference(&self) -> Reference {
        let mut reference = Reference::new(&self.start);
        for save in &self.saves {
            match save.suppression {
                Some(what) => reference.suppress(save.id, what),
                None => reference.apply(save.id, &save.base, &save.patch),
            }
        }
        reference
    }

    /// All ids.
    pub(crate) fn all(&self) -> Seen {
        self.saves.iter().map(|save| save.id).collect()
    }

    /// The same saves in another order in which parents still come first.
    pub(crate) fn reordered(&self, picks: &[prop::sample::Index]) -> Saves {
        let mut waiting = self.saves.clone();
        let (mut done, mut saves) = (Seen::new(), Vec::new());
        for pick in picks.iter().cycle() {
            // One that takes another out has seen all that comes before it.
            let whole = |save: &&Save| save.suppression.is_some_and(|what| what.edit.is_none());
            let next = waiting.iter().find(whole);
            let early = |save: &Save| {
                next.is_none_or(|next| next.base.contains(&save.id) || next.id == save.id)
            };
            let ready: Vec<usize> = (0..waiting.len())
                .filter(|&at| waiting[at].base.is_subset(&done) && early(&waiting[at]))
                .collect();
            if ready.is_empty() {
                break;
            }
            let save = waiting.remove(ready[pick.index(ready.len())]);
            done.insert(save.id);
            saves.push(save);
        }
        Saves { start: self.start.clone(), saves }
    }

    /// The least closed version with the picked saves.
    pub(crate) fn some(&self, picks: &[prop::sample::Index]) -> Seen {
        let picked = picks.iter().map(|pick| &self.saves[pick.index(self.saves.len())]);
        picked.flat_map(|save| save.base.iter().copied().chain([save.id])).collect()
    }
}

/// A version of a document that has merged these ids.
pub(crate) fn version(text: &Text, seen: &Seen) -> Version {
    let indices: BTreeSet<u32> =
        seen.iter().map(|&id| text.history().index_of(id.into()).expect("merged before")).collect();
    Version::new(0, indices.into_iter().collect())
}
