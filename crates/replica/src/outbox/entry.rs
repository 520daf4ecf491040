//! A save as it waits in the outbox.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use redwedding_document::entry::{Body, Entry};
use redwedding_wire::codec::{self, Decode, DecodeError, Encode, Source};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::Base;
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;

const FORMAT: u8 = 1;

/// A save in the outbox.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct OutboxEntry {
    /// The entry to be pushed.
    pub(crate) entry: Entry,
    /// The same client's unconfirmed saves that it was made on, oldest first, without those that
    /// one of these was made on: all of a long chain would be most of what waits.
    pub(crate) own: Vec<EditId>,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    entry: ByteBuf,
    own: Vec<EditId>,
}

impl Encode for OutboxEntry {
    fn encode(&self) -> Vec<u8> {
        let entry = ByteBuf::from(self.entry.encode());
        codec::to_vec(&Wire { format: FORMAT, entry, own: self.own.clone() })
    }
}

impl Decode for OutboxEntry {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wire = read(bytes, Source::Any)?;
        Ok(Self { entry: Entry::decode(&wire.entry)?, own: wire.own })
    }
}

fn read(bytes: &[u8], source: Source) -> Result<Wire, DecodeError> {
    codec::bounded(bytes, limits::ENTRY_BYTES * 2)?;
    let wire: Wire = codec::read(bytes, source)?;
    codec::known_format(wire.format, FORMAT)?;
    match wire.own.len() <= limits::OWN_UNCONFIRMED {
        true => Ok(wire),
        false => Err(DecodeError::invalid("too many unconfirmed saves")),
    }
}

impl OutboxEntry {
    /// As [`Decode::decode`], but see [`codec::from_own`]: of bytes that lie in a cache.
    pub(crate) fn decode_own(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wire = read(bytes, Source::Own)?;
        Ok(Self { entry: Entry::decode_own(&wire.entry)?, own: wire.own })
    }

    /// The document that it is about.
    pub(crate) fn document(&self) -> &DocumentKey {
        &self.entry.document
    }

    /// Which save it is.
    pub(crate) fn edit(&self) -> Option<EditId> {
        match &self.entry.body {
            Body::Edit(edit) => Some(edit.delta.edit),
            _ => None,
        }
    }

    /// When it was accepted, in ms since 1970.
    pub(crate) fn accepted_ms(&self) -> u64 {
        match &self.entry.body {
            Body::Edit(edit) => edit.accepted_ms,
            _ => 0,
        }
    }

    /// About how many bytes it has, encoded.
    pub(crate) fn bytes(&self) -> usize {
        let Body::Edit(edit) = &self.entry.body else { return 0 };
        let served = edit.served.as_ref().map_or(0, |served| served.extra.len());
        let note = edit.delta.note.author.len() + edit.delta.note.comment.len();
        let earlier = edit.client.as_ref().map_or(0, |client| client.earlier.len());
        let named = served * 9 + (self.own.len() + earlier) * 18;
        edit.delta.patch.inserted().len() + edit.delta.patch.hunks().len() * 12 + note + named + 256
    }

    /// What it was made on.
    fn base(&self) -> Option<&Base> {
        match &self.entry.body {
            Body::Edit(edit) => Some(&edit.delta.base),
            _ => None,
        }
    }

    /// The changes that it says it was made on, as far as it names them itself.
    pub(crate) fn parents(&self) -> &[Actor] {
        match &self.entry.body {
            Body::Edit(edit) => match &edit.delta.base {
                Base::Version(version) => &version.extra,
                Base::Object(_) => &[],
            },
            _ => &[],
        }
    }
}

/// Saves in the order in which merging them costs least: those of one base one after the other, the
/// bases as they came up first, older saves first. From one base to the next the walker goes past
/// all that only one of the two has, and a crowd that opened one text saves between those who go on
/// from each other. A clock that is wrong costs time, and nothing else.
pub(crate) fn base_by_base(mut entries: Vec<Arc<OutboxEntry>>) -> Vec<Arc<OutboxEntry>> {
    entries.sort_by_key(|entry| entry.accepted_ms());
    let mut firsts: HashMap<Option<&Base>, usize> = HashMap::new();
    let each = entries.iter().enumerate();
    let order = each.map(|(at, entry)| *firsts.entry(entry.base()).or_insert(at));
    let order: Vec<usize> = order.collect();
    let mut ordered: Vec<(usize, Arc<OutboxEntry>)> = order.into_iter().zip(entries).collect();
    ordered.sort_by_key(|(first, _)| *first);
    ordered.into_iter().map(|(_, entry)| entry).collect()
}

/// A client's saves up to `last`, oldest first: those that it names, those that these name in turn,
/// and so on, as far as they are found, and at most [`limits::OWN_UNCONFIRMED`] before it.
pub(crate) fn own_saves<E: Borrow<OutboxEntry>>(
    last: E,
    mut find: impl FnMut(EditId) -> Option<E>,
) -> Vec<OutboxEntry> {
    let mut named: VecDeque<EditId> = last.borrow().own.iter().rev().copied().collect();
    let mut sought: BTreeSet<EditId> = last.borrow().edit().into_iter().collect();
    let mut saves = vec![last];
    while let Some(edit) = named.pop_front().filter(|_| saves.len() <= limits::OWN_UNCONFIRMED) {
        if sought.insert(edit)
            && let Some(save) = find(edit)
        {
            named.extend(save.borrow().own.iter().rev());
            saves.push(save);
        }
    }
    let saves: Vec<&OutboxEntry> = saves.iter().map(Borrow::borrow).collect();
    let edits = saves.iter().enumerate();
    let by_edit: BTreeMap<EditId, usize> =
        edits.filter_map(|(index, save)| Some((save.edit()?, index))).collect();
    let before = |save: usize| saves[save].own.iter().filter_map(|edit| by_edit.get(edit)).copied();
    let order = parents_first(0..saves.len(), before);
    order.into_iter().map(|index| saves[index].clone()).collect()
}

/// The indices of saves in an order in which parents come before children, as far as they name
/// each other, and older ones first otherwise. A clock that is wrong costs another attempt.
pub(crate) fn in_causal_order(entries: &[&OutboxEntry]) -> Vec<usize> {
    let mut by_age: Vec<usize> = (0..entries.len()).collect();
    by_age.sort_by_key(|index| entries[*index].accepted_ms());
    let actors = entries.iter().enumerate();
    let by_actor: BTreeMap<Actor, usize> =
        actors.filter_map(|(index, entry)| Some((entry.entry.actor()?, index))).collect();
    let parents = |entry: usize| {
        entries[entry].parents().iter().filter_map(|actor| by_actor.get(actor)).copied()
    };
    parents_first(by_age.into_iter(), parents)
}

/// All of these in an order in which parents come before children, as far as none is its own
/// ancestor, and in their own otherwise.
fn parents_first<I: Iterator<Item = usize>>(
    all: impl ExactSizeIterator<Item = usize>,
    parents: impl Fn(usize) -> I,
) -> Vec<usize> {
    let (mut order, mut met) = (Vec::with_capacity(all.len()), vec![false; all.len()]);
    for first in all {
        // A chain can be as long as there are entries: no recursion.
        let mut path = Vec::new();
        let mut next = Some(first).filter(|first| !met[*first]);
        loop {
            if let Some(entry) = next {
                met[entry] = true;
                path.push(entry);
            }
            let Some(last) = path.last().copied() else { break };
            next = parents(last).find(|parent| !met[*parent]);
            if next.is_none() {
                order.push(last);
                path.pop();
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use redwedding_document::entry::Note;
    use redwedding_text::diff;
    use redwedding_wire::version::{Root, VersionRef};

    use super::super::example::{chain, save};
    use super::*;

    /// What is said to be its size, beside what it is.
    fn sizes(entry: &OutboxEntry) -> (usize, usize) {
        (entry.bytes(), entry.encode().len())
    }

    #[test]
    fn its_size_is_told_within_bounds_whatever_is_in_it() {
        let (plain, slack) = (save(1, 1, None, "a word\n"), 300);
        let mut others = vec![plain.clone(), save(1, 1, None, &"a word\n".repeat(30_000))];
        let mut with = |change: &dyn Fn(&mut OutboxEntry)| {
            let mut other = plain.clone();
            change(&mut other);
            others.push(other);
        };
        with(&|other| other.own = (0..64).map(|name| EditId([name; 16])).collect());
        let actor = plain.entry.actor().expect("an actor");
        with(&|other| {
            let Body::Edit(edit) = &mut other.entry.body else { return };
            edit.served = Some(VersionRef {
                root: Root::EMPTY,
                extra: vec![actor; 500],
                check: None,
                hidden: None,
                put: None,
            });
        });
        with(&|other| {
            let Body::Edit(edit) = &mut other.entry.body else { return };
            let (author, comment) = ("a".repeat(255), "c".repeat(900));
            edit.delta.note = Note { author, comment, ..Note::default() };
        });
        let odd: String = (0..4_000).map(|line| format!("{line}\n")).collect();
        with(&|other| {
            let Body::Edit(edit) = &mut other.entry.body else { return };
            let even = odd.replace("1\n", "1 and\n");
            edit.delta.patch = diff::between(&odd, &even);
        });
        for other in &others {
            let (told, is) = sizes(other);
            assert!(told + slack >= is, "{told} bytes, and it has {is}");
            assert!(told <= is * 3 + slack, "{told} bytes, and it has {is}");
        }
    }

    #[test]
    fn a_save_names_a_bounded_number_of_others() {
        let mut entry = save(1, 1, None, "a word\n");
        for (count, good) in [(0, true), (64, true), (65, false), (200, false)] {
            entry.own = (0..count).map(|name| EditId([name; 16])).collect();
            assert_eq!(OutboxEntry::decode(&entry.encode()).is_ok(), good, "{count}");
        }
        let long = save(1, 1, None, &"x".repeat(limits::PAGE_BYTES));
        assert_eq!(OutboxEntry::decode(&long.encode()), Ok(long));
    }

    #[test]
    fn a_clients_saves_are_followed_a_bounded_way_back() {
        let chain = chain(100);
        let found = |last: &OutboxEntry, of: &[OutboxEntry]| {
            own_saves(last, |edit| of.iter().find(|save| save.edit() == Some(edit)))
        };
        let newest = &chain[chain.len() - 1 - limits::OWN_UNCONFIRMED..];
        assert_eq!(found(&chain[99], &chain), newest);
        // What was made on two of them, and on what these were made on, has each once.
        let mut ends = chain[..4].to_vec();
        ends[2].own = ends[0].edit().into_iter().collect();
        ends[3].own = ends[1..3].iter().filter_map(OutboxEntry::edit).collect();
        let mut order = found(&ends[3], &ends);
        assert_eq!((order.len(), &order[0], &order[3]), (4, &ends[0], &ends[3]));
        // Two that name each other, as no client's do.
        ends[0].own = ends[3].edit().into_iter().collect();
        order = found(&ends[3], &ends);
        assert_eq!((order.len(), order.last()), (4, ends.last()));
    }

    #[test]
    fn parents_come_first_and_older_ones_otherwise() {
        let order = |entries: &[&OutboxEntry]| in_causal_order(entries);
        let chain = chain(4);
        let [a, b, c, d] = [&chain[0], &chain[1], &chain[2], &chain[3]];
        assert_eq!(order(&[d, c, b, a]), [3, 2, 1, 0]);
        assert_eq!(order(&[b, d]), [0, 1]);
        let (young, old) = (save(10, 900, None, "x\n"), save(11, 5, None, "y\n"));
        assert_eq!(order(&[&young, &old]), [1, 0]);
        // The parent's clock was ahead: it is met first by way of its child.
        let parent = save(20, 900, None, "x\n");
        let child = save(21, 5, Some((&parent, "x\n")), "x\ny\n");
        assert_eq!(order(&[&parent, &child]), [0, 1]);
        assert_eq!(order(&[&child, &young, &parent, &old]), [2, 0, 3, 1]);
    }
}
