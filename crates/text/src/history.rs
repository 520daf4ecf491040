//! The changes of one document, in the order in which they were merged: Eg-walker's event graph
//! (Gentle and Kleppmann, EuroSys 2025), whose events are whole saves here.
//!
//! All is kept in columns, and what a writer did without anybody else in between takes a row in
//! each, whatever the number of keystrokes. May assume that a change fits its base. Must never hold
//! a change before one that it had seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ops::{self, Edit, Op, Ops};
use crate::patch::Patch;
use crate::version::{Seen, Stretch, Version};

/// Names a change within its document, and orders concurrent insertions at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId {
    /// Who made it.
    pub actor: u64,
    /// The how-manieth of its actor's; each is used once, not necessarily in order.
    pub counter: u32,
}

impl From<u64> for ChangeId {
    /// The first change of an actor.
    fn from(actor: u64) -> Self {
        Self { actor, counter: 0 }
    }
}

/// Changes in a row whose ids follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) change: u32,
    pub(crate) first: ChangeId,
}

/// Changes in a row, each of which had seen just what the one before had, and that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) first: u32,
    /// What the first one had seen: all below, and some stretches of `History::beyond`.
    prefix: u32,
    from: u32,
    /// Whether what the first one had seen is all before it.
    pub(crate) linear: bool,
    /// The first change that has to be replayed for this one: `prefix`, but for a suppression.
    pub(crate) reach: u32,
    /// The last critical version up to the first one: whoever replays this link for a version that
    /// has all before it begins there.
    critical: u32,
}

/// The event that suppresses another change, which takes it out of the text, or releases it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The change that does it.
    pub change: u32,
    /// The change that it is done to.
    pub target: u32,
    /// What of that one.
    pub part: Part,
    /// Whether that is suppressed: its insertions are not shown, its deletions do not count.
    pub suppressed: bool,
}

/// What of a change is suppressed or released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All that it did.
    All,
    /// These of its edits, counted from 0, ascending.
    Edits(Arc<[u32]>),
    /// That it deleted these bytes: from where to where in the row of all that it deleted,
    /// ascending.
    Deletions(Arc<[Stretch]>),
}

/// The changes of a document as their authors made them. What they came to is
/// [`Text`](crate::Text)'s business, or [`History::checkout`]'s.
#[derive(Clone, Debug, Default)]
pub struct History {
    floor: u32,
    len: u32,
    ids: Vec<Ids>,
    by_id: ById,
    links: Vec<Link>,
    beyond: Vec<Stretch>,
    /// Ascending by change. Each stands in a link of its own.
    suppressions: Vec<Suppression>,
    made: Ops,
    inserted: String,
}

impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        let all = |history: &Self| (history.floor, history.len);
        all(self) == all(other)
            && self.ids == other.ids
            && (&self.links, &self.beyond) == (&other.links, &other.beyond)
            && self.suppressions == other.suppressions
            && self.made == other.made
            && self.inserted == other.inserted
    }
}

impl Eq for History {}

impl Link {
    /// Whether its changes are edits of the text that all before led to.
    pub(crate) fn plain(&self) -> bool {
        self.linear && self.reach == self.prefix
    }

    /// The first change that has to be replayed for one of its changes.
    fn reach_of(&self, change: u32) -> u32 {
        if self.plain() { change } else { self.reach }
    }
}

impl History {
    /// A history that begins after `floor` changes that are not kept here. All later ones had seen
    /// those.
    #[must_use]
    pub fn above(floor: u32) -> Self {
        Self { floor, len: floor, ..Self::default() }
    }

    /// How many changes there were, those below the floor among them.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first change that is kept.
    #[must_use]
    pub fn floor(&self) -> u32 {
        self.floor
    }

    /// Whether a change is here.
    #[must_use]
    pub fn holds(&self, change: u32) -> bool {
        (self.floor..self.len).contains(&change)
    }

    /// A change's id.
    #[must_use]
    pub fn id(&self, change: u32) -> Option<ChangeId> {
        let Ids { change: from, first } = self.ids[self.row_of(change)?];
        self.holds(change).then(|| ChangeId { counter: first.counter + change - from, ..first })
    }

    /// The row with a change's id. Where each change is somebody else's, as in a crowd, it is the
    /// one of the change's own number, or little before it: O(log of how far before).
    fn row_of(&self, change: u32) -> Option<usize> {
        let mut end = self.ids.len().min(change as usize + 1);
        let (mut start, mut step) = (end.checked_sub(1)?, 1);
        while start > 0 && self.ids[start].change > change {
            (end, start) = (start, start.saturating_sub(step));
            step *= 2;
        }
        let behind = self.ids[start..end].partition_point(|row| row.change <= change);
        (start + behind).checked_sub(1)
    }

    /// Where the change with this id stands.
    #[must_use]
    pub fn index_of(&self, id: ChangeId) -> Option<u32> {
        let in_row = |row: usize| {
            let Ids { change, first } = self.ids[row];
            let end = self.ids.get(row + 1).map_or(self.len, |next| next.change);
            let behind = id.counter.checked_sub(first.counter)?;
            (first.actor == id.actor && behind < end - change).then_some(change + behind)
        };
        let settled = self.by_id.rows.range(..=id).next_back();
        settled.and_then(|(_, row)| in_row(*row as usize)).or_else(|| {
            let listed = (self.by_id.settled..self.ids.len()).chain(0..self.by_id.first);
            listed.filter(|row| self.ids[*row].first.actor == id.actor).find_map(in_row)
        })
    }

    /// Whether each change is an edit of the text that all before it led to.
    pub(crate) fn is_plain(&self) -> bool {
        self.links.iter().all(Link::plain)
    }

    /// What a change's author had seen; closed.
    #[must_use]
    pub fn base(&self, change: u32) -> Option<Version> {
        if !self.holds(change) {
            return None;
        }
        let link = self.link_of(change);
        let mut base = self.seen_by(link).to_version();
        base.insert_stretch((self.links[link].first, change));
        Some(base)
    }

    /// Whether this version is what a change's author had seen.
    #[must_use]
    pub fn is_on(&self, change: u32, version: &Version) -> bool {
        let link = self.link_of(change);
        match self.holds(change) && self.links[link].first == change {
            true => self.seen_by(link) == version.seen(),
            false => self.base(change).as_ref() == Some(version),
        }
    }

    /// Whether a change's author had seen one of these, which ascend. O(log what they had seen) for
    /// each, O(1) for all where they had seen a prefix alone.
    pub fn had_seen(&self, change: u32, others: impl IntoIterator<Item = u32>) -> bool {
        if !self.holds(change) {
            return false;
        }
        let link = self.link_of(change);
        let (seen, own) = (self.seen_by(link), self.links[link].first..change);
        let mut others = others.into_iter();
        match own.is_empty() && seen.beyond.is_empty() {
            true => others.next().is_some_and(|first| first < seen.prefix),
            false => others.any(|other| own.contains(&other) || seen.contains(other)),
        }
    }

    /// A change and all that its author had seen.
    #[must_use]
    pub fn closure(&self, change: u32) -> Option<Version> {
        let mut closure = self.base(change)?;
        closure.insert(change);
        Some(closure)
    }

    /// The edit, in coordinates of the text at its base.
    #[must_use]
    pub fn patch(&self, change: u32) -> Option<Patch> {
        let edits = self.made.of_change(change);
        self.holds(change).then(|| ops::patch_of(edits, self.inserted_by(change)))
    }

    /// All that a change inserted.
    #[must_use]
    pub fn inserted_by(&self, change: u32) -> &str {
        let from = self.made.inserted_before(change) as usize;
        let to = self.made.inserted_before(change.saturating_add(1)) as usize;
        self.inserted.get(from..to).unwrap_or_default()
    }

    /// All that the changes inserted, one after the other.
    #[must_use]
    pub fn inserted_all(&self) -> &str {
        &self.inserted
    }

    /// Bytes that all changes inserted.
    #[must_use]
    pub fn inserted_len(&self) -> usize {
        self.inserted.len()
    }

    /// Whether with each change it contains all that the change had seen.
    #[must_use]
    pub fn is_closed(&self, version: &Version) -> bool {
        let closed = |&(from, to): &Stretch| {
            // A stretch begins after a gap: with what its first change had seen it can only begin
            // where a link does.
            let links = self.links_of((from, to));
            from >= self.floor
                && links.clone().all(|link| {
                    self.links[link].first >= from && version.seen().includes(self.seen_by(link))
                })
        };
        version.prefix() <= self.len && version.end() <= self.len && {
            version.beyond().iter().all(closed)
        }
    }

    /// The greatest `k` such that all changes from `k` to the `end`-th, and one against `base`, had
    /// seen all changes before `k`: Eg-walker's latest critical version, from which on a walker has
    /// to replay. O(critical versions since, log links).
    pub(crate) fn anchor(&self, base: &Version, end: u32) -> u32 {
        let before = self.links.partition_point(|link| link.first < end);
        self.critical_upto(base.prefix().min(end), end, before)
    }

    /// The last critical version up to `anchor`, as far as the first links go, which end there.
    fn critical_upto(&self, anchor: u32, end: u32, links: usize) -> u32 {
        let (mut anchor, mut behind, mut left) = (anchor, end, links);
        // What lies below the anchor is not replayed, so it may have seen less.
        while behind > anchor
            && let Some(last) = left.checked_sub(1)
        {
            let link = &self.links[last];
            if link.first <= anchor {
                anchor = if link.plain() { anchor } else { anchor.min(link.reach) };
                (behind, left) = (link.first, last);
            } else if link.critical <= anchor {
                return link.critical;
            } else {
                // All behind that one had seen more than what lies below it.
                behind = link.critical;
                left = self.links.partition_point(|link| link.first < behind);
            }
        }
        anchor
    }

    /// Tells of the last link where replaying it begins.
    fn settle_link(&mut self) {
        let Some(link) = self.links.last() else { return };
        let anchor = if link.plain() { link.first } else { link.first.min(link.reach) };
        let critical = self.critical_upto(anchor, link.first, self.links.len() - 1);
        self.links.last_mut().into_iter().for_each(|link| link.critical = critical);
    }

    /// As [`History::anchor`], for all changes of a version that has some beyond its prefix.
    pub(crate) fn anchor_of(&self, version: &Version) -> u32 {
        let links = version.beyond().iter().flat_map(|changes| self.links_of(*changes));
        let seen = links.map(|link| self.links[link].reach).min().unwrap_or(version.prefix());
        self.anchor(&Version::up_to(seen), version.prefix())
    }

    /// Whether a change that inserts so many bytes may come in.
    pub(crate) fn has_room(&self, inserted: usize) -> bool {
        self.len < u32::MAX - 1 && self.inserted.len() + inserted <= MOST_BYTES
    }

    /// Appends a change whose base is closed, which fits it, and for which there is room.
    pub(crate) fn push(&mut self, id: ChangeId, base: &Version, edits: &[Edit], inserted: &str) {
        self.push_id(id);
        if !self.continues(base) {
            self.push_link(base);
        }
        self.made.push(self.len, edits.iter().copied());
        self.inserted.push_str(inserted);
        self.len += 1;
    }

    /// Appends a change without looking whether it fits its base: that shows when it is used.
    ///
    /// # Errors
    /// If the base is not one of this history's, or there is no room.
    pub fn record(
        &mut self,
        id: ChangeId,
        base: &Version,
        patch: &Patch,
    ) -> Result<(), RecordError> {
        if base.end() > self.len || base.prefix() < self.floor {
            return Err(RecordError::UnknownBase);
        }
        if !self.is_closed(base) {
            return Err(RecordError::OpenBase);
        }
        if !self.has_room(patch.inserted().len()) {
            return Err(RecordError::Full);
        }
        let edits: Vec<Edit> = ops::edits_of(patch).collect();
        self.push(id, base, &edits, patch.inserted());
        Ok(())
    }

    /// Begins a link, or goes on with the last one, as decoded; changes and rows are pushed after
    /// it.
    pub(crate) fn open_link(&mut self, base: &Version) -> Result<(), RecordError> {
        if base.end() > self.len || base.prefix() < self.floor {
            return Err(RecordError::UnknownBase);
        }
        if !self.is_closed(base) {
            return Err(RecordError::OpenBase);
        }
        if !self.continues(base) {
            self.push_link(base);
        }
        Ok(())
    }

    /// Counts changes whose ids follow one another; their rows come with [`History::push_row`], and
    /// after the last of them [`History::settle_ids`].
    pub(crate) fn push_ids(&mut self, first: ChangeId, count: u32) {
        self.list_id(first);
        self.len += count;
    }

    /// Has all ids found that [`History::push_ids`] has counted.
    pub(crate) fn settle_ids(&mut self) {
        self.by_id.settle_first(&self.ids);
    }

    /// Adds a row of edits with what it inserts.
    pub(crate) fn push_row(&mut self, row: Op, single: bool, inserted: &str) {
        self.made.push_row(row, single);
        self.inserted.push_str(inserted);
    }

    /// Makes room for text at once.
    pub(crate) fn reserve_inserted(&mut self, bytes: usize) {
        self.inserted.reserve_exact(bytes);
    }

    fn push_id(&mut self, id: ChangeId) {
        self.list_id(id);
        self.by_id.settle(&self.ids);
    }

    fn list_id(&mut self, id: ChangeId) {
        let follows = self.ids.last().is_some_and(|row| {
            let next = row.first.counter.checked_add(self.len - row.change);
            row.first.actor == id.actor && next == Some(id.counter)
        });
        if !follows {
            self.ids.push(Ids { change: self.len, first: id });
        }
    }

    /// Whether a base is just what the last change had seen, and that.
    fn continues(&self, base: &Version) -> bool {
        let Some(link) = self.links.last() else { return false };
        // A suppression reaches further back than what it had seen, so it stands alone.
        if self.suppressions.last().is_some_and(|event| event.change == link.first) {
            return false;
        }
        if link.linear {
            return base.is_prefix() && base.prefix() == self.len;
        }
        // Else the base is what the link's first change had seen, and all of the link. That is one
        // stretch more; or the last stretch made longer, where the link begins right behind it.
        let seen = self.seen_by(self.links.len() - 1);
        let (last, before) = match base.beyond().split_last() {
            Some((last, before)) if base.prefix() == seen.prefix => (last, before),
            _ => return false,
        };
        last.1 == self.len
            && match seen.beyond.split_last() {
                Some((own, others)) if own.1 == link.first => last.0 == own.0 && before == others,
                _ => last.0 == link.first && before == seen.beyond,
            }
    }

    fn push_link(&mut self, base: &Version) {
        let from = u32::try_from(self.beyond.len()).unwrap_or(u32::MAX);
        let linear = base.is_prefix() && base.prefix() == self.len;
        let prefix = base.prefix();
        let (first, reach, critical) = (self.len, prefix, prefix);
        self.links.push(Link { first, prefix, from, linear, reach, critical });
        self.settle_link();
        self.beyond.extend_from_slice(base.beyond());
        // A place means something only in the text at its base, so no row goes over a link's end.
        self.made.close();
    }

    /// Whether a suppression may be appended: its target is an edit that its base holds, the part
    /// is one of that, and is not so already.
    pub(crate) fn may_suppress(
        &self,
        base: &Version,
        (target, part, suppressed): (u32, &Part, bool),
    ) -> bool {
        let made = || self.made.of_change(target);
        let ascends = |part: &[Stretch]| {
            let deleted = made().map(|op| op.deleted_len()).sum();
            part.iter().all(|(from, to)| from < to && *to <= deleted)
                && part.windows(2).all(|pair| pair[0].1 <= pair[1].0)
        };
        self.has_room(0)
            && self.holds(target)
            && base.contains(target)
            && self.suppression(target).is_none()
            && self.is_part_suppressed(target, part) != suppressed
            && match part {
                Part::All => true,
                Part::Edits(edits) => {
                    let count = made().count();
                    !edits.is_empty()
                        && edits.iter().all(|edit| (*edit as usize) < count)
                        && edits.windows(2).all(|pair| pair[0] < pair[1])
                }
                Part::Deletions(part) => !part.is_empty() && ascends(part),
            }
    }

    /// Whether something of a part of a change is suppressed by now. O(suppressions, and edits of
    /// the change).
    pub(crate) fn is_any_suppressed(&self, target: u32, part: &Part) -> bool {
        let mut suppressed: Vec<&Part> = Vec::new();
        for event in self.suppressions.iter().filter(|event| event.target == target) {
            suppressed.retain(|part| **part != event.part);
            suppressed.extend(event.suppressed.then_some(&event.part));
        }
        suppressed.into_iter().any(|other| self.share_something(target, part, other))
    }

    /// Whether two parts of a change have something of it in common.
    fn share_something(&self, target: u32, one: &Part, two: &Part) -> bool {
        let meet = |one: &Stretch, two: &Stretch| one.0 < two.1 && two.0 < one.1;
        match (one, two) {
            (Part::All, _) | (_, Part::All) => true,
            (Part::Edits(one), Part::Edits(two)) => one.iter().any(|edit| two.contains(edit)),
            (Part::Deletions(one), Part::Deletions(two)) => {
                one.iter().any(|one| two.iter().any(|two| meet(one, two)))
            }
            (Part::Edits(edits), Part::Deletions(parts))
            | (Part::Deletions(parts), Part::Edits(edits)) => {
                let mut before = 0;
                self.made.of_change(target).zip(0..).any(|(edit, at)| {
                    let deleted = (before, before + edit.deleted_len());
                    before = deleted.1;
                    edits.contains(&at) && parts.iter().any(|part| meet(part, &deleted))
                })
            }
        }
    }

    /// The first change that has to be replayed for a suppression of this one: it changes what its
    /// target did, so whoever replays it needs the target in the walker.
    pub(crate) fn reach_of(&self, target: u32) -> u32 {
        self.links[self.link_of(target)].reach_of(target)
    }

    /// Appends a suppression that [`History::may_suppress`].
    pub(crate) fn push_suppression(
        &mut self,
        id: ChangeId,
        base: &Version,
        (target, part, suppressed): (u32, Part, bool),
    ) {
        let reach = self.reach_of(target);
        let change = self.len;
        self.push_id(id);
        self.push_link(base);
        if let Some(link) = self.links.last_mut() {
            link.reach = link.reach.min(reach);
        }
        self.settle_link();
        self.suppressions.push(Suppression { change, target, part, suppressed });
        self.len += 1;
    }

    /// What a change does to another one, if it is such.
    #[must_use]
    pub fn suppression(&self, change: u32) -> Option<&Suppression> {
        let at = self.suppressions.binary_search_by_key(&change, |event| event.change).ok()?;
        Some(&self.suppressions[at])
    }

    /// Whether a change is suppressed whole.
    #[must_use]
    pub fn is_suppressed(&self, change: u32) -> bool {
        self.is_part_suppressed(change, &Part::All)
    }

    /// Whether the last that was done to this very part of a change suppressed it.
    fn is_part_suppressed(&self, change: u32, part: &Part) -> bool {
        let about = |event: &&Suppression| event.target == change && event.part == *part;
        self.suppressions.iter().rfind(about).is_some_and(|event| event.suppressed)
    }

    pub(crate) fn suppressions(&self) -> &[Suppression] {
        &self.suppressions
    }

    pub(crate) fn made(&self) -> &Ops {
        &self.made
    }

    pub(crate) fn inserted(&self) -> &str {
        &self.inserted
    }

    pub(crate) fn inserted_mut(&mut self) -> &mut String {
        &mut self.inserted
    }

    pub(crate) fn ids(&self) -> &[Ids] {
        &self.ids
    }

    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// What the first change of a link had seen.
    pub(crate) fn seen_by(&self, link: usize) -> Seen<'_> {
        let Link { prefix, from, .. } = self.links[link];
        let to = self.links.get(link + 1).map_or(self.beyond.len(), |next| next.from as usize);
        Seen { prefix, beyond: &self.beyond[from as usize..to] }
    }

    /// The first change behind a link.
    pub(crate) fn end_of(&self, link: usize) -> u32 {
        self.links.get(link + 1).map_or(self.len, |next| next.first)
    }

    fn link_of(&self, change: u32) -> usize {
        self.links.partition_point(|link| link.first <= change).saturating_sub(1)
    }

    /// The links that some changes have a part in.
    pub(crate) fn links_of(&self, (from, to): Stretch) -> std::ops::Range<usize> {
        match from < to && !self.links.is_empty() {
            true => self.link_of(from)..self.links.partition_point(|link| link.first < to),
            false => 0..0,
        }
    }

    /// What a row of edits inserted.
    pub(crate) fn inserted_with(&self, op: &Op) -> &str {
        let bytes = op.inserted();
        self.inserted.get(bytes.start as usize..bytes.end as usize).unwrap_or_default()
    }
}

/// Bytes that the changes of a history may insert in all: the identities of bytes are 31 bits.
const MOST_BYTES: usize = 1 << 30;

/// Why a change cannot be recorded. The change is at fault; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The base names changes that are not here.
    #[error("the base names changes that are not here")]
    UnknownBase,
    /// The base contains a change without all that this had seen.
    #[error("the base lacks what its own changes had seen")]
    OpenBase,
    /// There is no room: 2^32 - 2 changes, 2^30 inserted bytes.
    #[error("the history cannot hold more")]
    Full,
}

/// Ids to rows of ids. The newest are looked up one by one, and so is what was read at first, so
/// that a short history needs no index, nor one of which little is asked; clones share it.
#[derive(Clone, Debug, Default)]
struct ById {
    rows: Arc<BTreeMap<ChangeId, u32>>,
    /// How many were read at first, and are not in it.
    first: usize,
    /// Up to where it goes.
    settled: usize,
}

impl ById {
    /// How many of the newest rows are looked up one by one at most,
    const NEWEST: usize = 1_024;

    /// and how many of those that were read at first.
    const FIRST: usize = 8_192;

    fn settle_first(&mut self, ids: &[Ids]) {
        match self.settled == 0 && ids.len() <= Self::FIRST {
            true => (self.first, self.settled) = (ids.len(), ids.len()),
            false => self.settle(ids),
        }
    }

    fn settle(&mut self, ids: &[Ids]) {
        if ids.len() - self.settled > Self::NEWEST {
            let new = ids.iter().zip(0u32..).skip(self.settled);
            Arc::make_mut(&mut self.rows).extend(new.map(|(row, index)| (row.first, index)));
            self.settled = ids.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ChangeId, History, Part};
    use crate::version::Version;

    /// As [`History::anchor`], told link by link: it follows from what a critical version is.
    fn anchor(history: &History, base: &Version, end: u32) -> u32 {
        let (mut anchor, mut behind) = (base.prefix().min(end), end);
        let links = history.links.iter().filter(|link| link.first < end);
        for link in links.rev() {
            if behind <= anchor {
                break;
            }
            anchor = if link.plain() { anchor } else { anchor.min(link.reach) };
            behind = link.first;
        }
        anchor
    }

    proptest! {
        /// Changes of which each lacks some of the newest ones, or all but some of them; and some
        /// that are taken out.
        #[test]
        fn replaying_begins_where_all_had_seen_what_is_before(
            changes in prop::collection::vec((0u32..6, 0u32..40, 0u8..12), 1..80),
            asked in prop::collection::vec((0u32..90, 0u32..90), 20),
        ) {
            let mut history = History::default();
            for (number, (few, many, kind)) in changes.into_iter().enumerate() {
                let (len, id) = (history.len(), ChangeId::from(number as u64 + 1));
                let lacks = if kind == 0 { many } else { few.saturating_sub(3) };
                let prefix = len.saturating_sub(lacks);
                let own = (kind == 1 && prefix < len).then(|| len - 1);
                let base = Version::new(prefix, own.into_iter().collect());
                match kind == 2 && prefix > 0 {
                    true => history.push_suppression(id, &base, (many % prefix, Part::All, true)),
                    false => history.push(id, &base, &[(0, 0, 1)], "x"),
                }
            }
            for (prefix, end) in asked {
                let end = end.min(history.len());
                let base = Version::up_to(prefix);
                prop_assert_eq!(history.anchor(&base, end), anchor(&history, &base, end));
            }
        }
    }
}
