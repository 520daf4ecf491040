//! The floor: what is kept of a document's past, and what is taken back from its archive.
//!
//! The log says where the floor is, so that it is the same everywhere. An edit on a version below
//! it takes back what it needs, and merges exactly. Past a bound it is carried over onto the floor
//! instead, and marked. Must never make the value depend on how much is kept.

use std::fmt;

use redwedding_text::{RestoreError, Text, Version, diff, map_through};
use redwedding_wire::identity::{Actor, Digest, EditId};
use redwedding_wire::version::{Base, Place, Position, Root, VersionRef};

use super::fold::{FOLD_RULES, Fault, Verdict};
use super::open::AllOpen;
use super::resolve::{missing_segment, patch_of};
use super::segment::{Archive, Segment, SegmentRef};
use super::{Change, ChangeKind, Changes, Document, State, Unresolved};
use crate::entry::{Body, Edit, Entry, Floor, Missing};
use crate::limits;

/// Why a segment was not taken back. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RestoreFault {
    /// It is not the newest of the archive.
    #[error("this is not the newest segment of the document's archive")]
    NotNext,
    /// Its changes do not lead to what the document has.
    #[error("{0}")]
    Text(#[from] RestoreError),
}

impl State {
    /// Where the changes that are not kept are, oldest first.
    #[must_use]
    pub fn archive(&self) -> &[SegmentRef] {
        &self.archive
    }

    /// The segment that holds the entry at a position, if it is not kept here any more.
    pub(super) fn archived(&self, position: Position) -> Option<SegmentRef> {
        let at = self.archive.partition_point(|segment| segment.upto.position < position);
        self.archive.get(at).copied()
    }

    /// Whether a version is kept, or in which segment it is.
    pub(super) fn kept(&self, version: &Version) -> Result<(), Unresolved> {
        if version.prefix() as usize >= self.changes.floor() {
            return Ok(());
        }
        let at = self.archive.partition_point(|segment| segment.end <= version.prefix());
        Err(missing_segment(self.archive.get(at).copied()))
    }

    /// The greatest floor up to the `wanted`-th change that the document may be pruned to. Never
    /// past what the origin lacks, nor past what edits on other texts stand on.
    #[must_use]
    pub fn prunable(&self, wanted: usize) -> usize {
        // What the origin does not hold yet may have to be written or compared again.
        let Some(tip) = self.origin.tip.as_ref().filter(|tip| tip.exact) else {
            return self.changes.floor();
        };
        let detached = self.detached_bases.iter().map(|detached| &detached.onto);
        let used = detached.chain([&tip.version]);
        let wanted = u32::try_from(wanted.min(self.changes.len())).unwrap_or(u32::MAX);
        let mapped =
            self.detached_bases.iter().flat_map(|detached| &detached.mapped).copied().min();
        let wanted = mapped.map_or(wanted, |mapped| mapped.min(wanted));
        // The text's rule: every change from there on had seen all below (a critical version).
        let mut floor = self.text.prunable(wanted, used) as usize;
        // An entry can bring more than one change; they stay together.
        let place = |index: usize| self.changes.get(index).map(|change| change.place);
        while floor > self.changes.floor() && place(floor - 1) == place(floor) {
            floor = self.text.prunable(floor as u32 - 1, std::iter::empty()) as usize;
        }
        floor
    }

    /// What lies below a floor that [`State::prunable`] gave; `None` if nothing does.
    #[must_use]
    pub fn segment(&self, floor: usize) -> Option<Segment> {
        self.divided(floor).map(|(segment, _)| segment)
    }

    fn divided(&self, floor: usize) -> Option<(Segment, Text)> {
        let from = self.changes.floor();
        if floor <= from || self.prunable(floor) != floor {
            return None;
        }
        let start = self.text.prefix_text(from as u32).ok()?;
        let (history, above) = self.text.divided(floor as u32);
        let segment = Segment {
            key: self.key.clone(),
            start,
            history,
            changes: self.changes.kept()[..floor - from].to_vec(),
            open: self.open_below.clone(),
            before: self.changes.below().cloned(),
            hash: self.changes.hash_below(),
        };
        Some((segment, above))
    }

    pub(super) fn apply_floor(&mut self, floor: &Floor) -> Verdict {
        // A floor that is reached already, or that later changes do not allow, has lost a race: it
        // is no fault of anybody's.
        let Ok(upto) = self.version_at(floor.upto) else { return Verdict::Superseded };
        let ends = |segment: &SegmentRef| segment.upto == floor.from;
        // How many segments stay: those before the place where the new one begins. It replaces the
        // others, whose content it holds.
        let left = match floor.from {
            Place::START => Some(0),
            _ => self.archive.iter().position(ends).map(|before| before + 1),
        };
        let Some(left) = left else { return Verdict::Superseded };
        let Some((segment, above)) = self.divided(upto.prefix() as usize) else {
            return Verdict::Superseded;
        };
        // A segment that goes on from the last one must be exactly what lies below the floor here:
        // its name is checked. One that replaces others holds what is not known here, and is
        // trusted.
        let found = (left == self.archive.len()).then(|| segment.name());
        if found.is_some_and(|found| found != (floor.segment, floor.bytes)) {
            return Verdict::Quarantined(Fault::Segment);
        }
        if left >= limits::SEGMENTS {
            return Verdict::Superseded;
        }
        self.archive.truncate(left);
        self.forget(above, (floor.segment, floor.bytes));
        Verdict::Counted
    }

    /// Keeps only what is above a floor, now that a segment holds the rest.
    fn forget(&mut self, above: Text, (digest, bytes): (Digest, u32)) {
        let end = above.history().floor();
        self.open_below = self.open_at(end as usize);
        self.open = AllOpen::default();
        self.text = above;
        self.changes.prune(end as usize);
        let upto = self.changes.below().map_or(Place::START, |change| change.place);
        self.archive.push(SegmentRef { end, upto, digest, bytes });
    }

    /// Takes back the newest segment of the archive.
    fn restore(&mut self, segment: &Segment) -> Result<(), RestoreFault> {
        let newest = self.archive.last().ok_or(RestoreFault::NotNext)?;
        let before = self.archive.len().checked_sub(2).map_or(0, |at| self.archive[at].end);
        let (name, end) = (segment.name().0, segment.history.len());
        if (name, end, segment.history.floor()) != (newest.digest, newest.end, before) {
            return Err(RestoreFault::NotNext);
        }
        self.text.restore(&segment.start, &segment.history)?;
        let kept = segment.changes.iter().chain(self.changes.kept()).cloned().collect();
        let (first, before) = (segment.first(), segment.before.clone());
        self.changes = Changes::above(first, before, segment.hash, kept);
        self.open_below.clone_from(&segment.open);
        self.open = AllOpen::default();
        self.archive.pop();
        Ok(())
    }

    /// What an entry may need of the archive. Where an edit stands on a version that is kept, its
    /// save is not below; that says nothing of one on a text of the origin that is apart from the
    /// document's line.
    fn sought(&self, entry: &Entry) -> Option<Sought> {
        let edit = match &entry.body {
            Body::Edit(edit) => Some(&edit.delta),
            _ => None,
        };
        match self.missing(entry).ok()? {
            Some(Missing::Segment(_)) => Some(Sought::Base),
            Some(Missing::Actor(actor)) => Some(Sought::Change(actor)),
            Some(Missing::Origin(_)) => edit.map(|delta| Sought::Save(delta.edit)),
            Some(_) => None,
            None => {
                let new = edit.filter(|delta| self.change_of(delta.edit).is_none())?;
                let on_origin = matches!(self.root_of(&new.base), Some(Root::Origin(_)));
                let apart = on_origin && self.resolve(&new.base).ok()?.detached.is_some();
                apart.then_some(Sought::Save(new.edit))
            }
        }
    }

    /// What an edit on a text below the floor stands on and the segment that has it, if it is too
    /// far down to be merged exactly.
    fn too_far_down(&self, base: &Base) -> Option<(usize, Place, VersionRef)> {
        let version = self.full_form(base).ok()?.clone();
        let Root::Log(place) = version.root else { return None };
        let at = self.archive.partition_point(|one| one.upto.position < place.position);
        self.archive.get(at)?;
        let first = at.checked_sub(1).map_or(0, |before| self.archive[before].end) as usize;
        let bytes: usize = self.archive[at..].iter().map(|segment| segment.bytes as usize).sum();
        let changes = self.changes.floor() - first;
        let far = changes > limits::RESTORED_CHANGES || bytes > limits::RESTORED_BYTES;
        far.then_some((at, place, version))
    }

    /// Merges an edit that was made far below the floor as one of the floor's text.
    fn merge_from_below(
        &mut self,
        place: Place,
        logged_ms: u64,
        edit: &Edit,
        (segment, on, version): (&Segment, Place, &VersionRef),
    ) -> Result<(), Fault> {
        let fault = |error: &dyn fmt::Display| Fault::Patch(error.to_string());
        let theirs = segment.text_at(on, version).ok_or(Fault::Position(on.position))?;
        edit.delta.patch.apply(&theirs).map_err(|error| fault(&error))?;
        let floor = Version::up_to(self.changes.floor() as u32);
        let ours = self.text.text_at(&floor).map_err(|error| fault(&error))?;
        let mapped = map_through(&edit.delta.patch, &diff::between_by(FOLD_RULES, &ours, &theirs));
        let kind = match edit.is_merge_node() {
            true => ChangeKind::MergeNode,
            false => ChangeKind::CarriedOver,
        };
        let change = Change {
            edit: edit.delta.edit,
            note: edit.delta.note.clone(),
            time_ms: edit.accepted_ms,
            ..self.change(edit.delta.actor(), place, logged_ms, kind)
        };
        self.merge(change, floor, mapped).map(|_| ())
    }
}

impl Document {
    /// Prunes the document to a floor that [`State::prunable`] gave, and gives what lies below it:
    /// what the log's saying so comes to. `None` if nothing does, or the archive is in as many
    /// segments as it may be.
    pub fn prune(&mut self, floor: usize) -> Option<Segment> {
        let (segment, above) = self.state.divided(floor)?;
        if self.state.archive.len() >= limits::SEGMENTS {
            return None;
        }
        self.state_mut().forget(above, segment.name());
        Some(segment)
    }

    /// Takes back the newest segment of the archive, to read in it or to merge what was made there.
    ///
    /// # Errors
    /// If it is another one. Nothing is changed then.
    pub fn restore(&mut self, segment: &Segment) -> Result<(), RestoreFault> {
        self.state_mut().restore(segment)
    }

    /// Whether an entry may need what lies below the floor.
    pub(super) fn needs_archive(&self, entry: &Entry) -> bool {
        !self.archive.is_empty() && self.state.sought(entry).is_some()
    }

    /// Whether the archive has what an entry needs; the newest segment's name where it is out of
    /// reach.
    fn is_below(&self, archive: &impl Archive, entry: &Entry) -> Result<bool, Digest> {
        let sought = match self.state.sought(entry) {
            None => return Ok(false),
            Some(Sought::Base) => return Ok(true),
            Some(sought) => sought,
        };
        for name in self.archive.iter().rev().map(|segment| segment.digest) {
            let segment = archive.segment(name).ok_or(name)?;
            let has = |change: &Change| match sought {
                Sought::Change(actor) => change.actor == actor,
                Sought::Save(edit) => change.edit == edit,
                Sought::Base => true,
            };
            if segment.changes.iter().any(|change| has(change)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes back what an entry needs, or merges it from there; `None` if nothing stands in the way
    /// of applying it.
    pub(super) fn fetch(
        &mut self,
        archive: &impl Archive,
        place: Place,
        logged_ms: u64,
        entry: &Entry,
    ) -> Option<Verdict> {
        loop {
            match self.is_below(archive, entry) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(segment) => return Some(Verdict::Below { segment }),
            }
            if let Body::Edit(edit) = &entry.body
                && let Some(far) = self.state.too_far_down(&edit.delta.base)
            {
                match self.carry_over(archive, place, logged_ms, edit, &far) {
                    Ok(Some(verdict)) => return Some(verdict),
                    Ok(None) => {}
                    Err(segment) => return Some(Verdict::Below { segment }),
                }
            }
            let name = self.state.archive.last()?.digest;
            let Some(segment) = archive.segment(name) else {
                return Some(Verdict::Below { segment: name });
            };
            if self.restore(&segment).is_err() {
                return Some(Verdict::Below { segment: name });
            }
        }
    }

    /// Merges an edit on a version far down as one of the floor's text, if it is not in already;
    /// `None` where one segment does not have all of the version. Or the segment that is out of
    /// reach.
    fn carry_over(
        &mut self,
        archive: &impl Archive,
        place: Place,
        logged_ms: u64,
        edit: &Edit,
        (at, on, version): &(usize, Place, VersionRef),
    ) -> Result<Option<Verdict>, Digest> {
        let opened = |name: Digest| archive.segment(name).ok_or(name);
        let first = opened(self.archive[*at].digest)?;
        if !first.holds(version) {
            return Ok(None);
        }
        // If it is in, then after what it was made on.
        for name in self.archive[*at..].iter().map(|segment| segment.digest) {
            let segment = opened(name)?;
            if let Some((index, change)) = segment.save(edit.delta.edit) {
                let first = (index, change.actor, change.place);
                return Ok(Some(self.state_mut().recognise(edit.delta.actor(), first, edit)));
            }
        }
        let from = (&first, *on, version);
        Ok(Some(self.state_mut().apply_if(edit, |state| {
            let merged = state.merge_from_below(place, logged_ms, edit, from);
            merged.map_or_else(Verdict::Quarantined, |()| Verdict::Counted)
        })))
    }
}

/// What an entry needs of the archive.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Sought {
    /// All from the version that it stands on.
    Base,
    /// A change that it names.
    Change(Actor),
    /// The save that it may be a retry of.
    Save(EditId),
}

impl Segment {
    fn index_at(&self, place: Place) -> Option<usize> {
        let at = self.changes.iter().rposition(|change| change.place == place)?;
        Some(self.first() + at)
    }

    /// Whether all dots of a version beyond its root are in it.
    fn holds(&self, version: &VersionRef) -> bool {
        let here = |actor: &_| self.changes.iter().any(|change| change.actor == *actor);
        version.extra.iter().all(here)
    }

    /// What is shown of the text of a version that stands on an entry here.
    fn text_at(&self, on: Place, version: &VersionRef) -> Option<String> {
        let mut base = Version::up_to(self.index_at(on)? as u32 + 1);
        for actor in &version.extra {
            let at = self.changes.iter().position(|change| change.actor == *actor)?;
            base.join(&self.history.closure((self.first() + at) as u32)?);
        }
        let whole = self.history.text_at(&self.start, &base).ok()?;
        patch_of(version).apply(&whole).ok().map(|made| made.text)
    }
}
