//! The text that changes come to, from the text below them.
//!
//! Where everyone had seen all that was before, changes are plain edits of a text. Only stretches
//! in which somebody had not go through a walker, and of what that finds only the difference comes
//! into the text. Where such a stretch begins and ends is Eg-walker's rule: at a critical version,
//! one that all later changes had seen (Gentle and Kleppmann, EuroSys 2025). In which order a
//! stretch is replayed is ours ([`Queue`]). May assume that what is decoded was checked for its
//! order alone. Must never change a history.

use crate::history::History;
use crate::patch::FitError;
use crate::rope::Rope;
use crate::sequence::GROUND;
use crate::text::VersionError;
use crate::version::{Seen, Stretch, Version};
use crate::walker::Walker;

impl History {
    /// The text of all changes, where `start` stood below the first. O(text + edits), and for each
    /// stretch with concurrency O(spans · log spans).
    ///
    /// # Errors
    /// If a change does not fit: the history was put together wrongly.
    pub fn checkout(&self, start: &str) -> Result<String, FitError> {
        let mut rope = Rope::new(start);
        self.play(&mut rope, self.floor(), &Version::up_to(self.len()))?;
        rope.into_text()
    }

    /// As [`History::checkout`], at a version, which must be closed and hold all below the floor.
    ///
    /// # Errors
    /// If the version is not one of this history's, or a change does not fit.
    pub fn text_at(&self, start: &str, version: &Version) -> Result<String, VersionError> {
        self.check_version(version)?;
        let mut rope = Rope::new(start);
        let played = self.play(&mut rope, self.floor(), version);
        played.and_then(|()| rope.into_text()).map_err(VersionError::Corrupt)
    }

    /// Whether there is a text at a version.
    pub(crate) fn check_version(&self, version: &Version) -> Result<(), VersionError> {
        match () {
            () if version.end() > self.len() => Err(VersionError::Unknown),
            () if version.prefix() < self.floor() => Err(VersionError::BelowFloor),
            () if !self.is_closed(version) => Err(VersionError::Open),
            () => Ok(()),
        }
    }

    /// Brings a text from the first `from` changes, which everything beyond had seen, to a version.
    pub(crate) fn play(
        &self,
        rope: &mut Rope,
        from: u32,
        version: &Version,
    ) -> Result<(), FitError> {
        let prefix = version.prefix();
        let beyond = version.beyond().iter().flat_map(|changes| self.links_of(*changes));
        // What is beyond the prefix had not seen all of it.
        let seen = beyond.map(|link| self.links()[link].reach).min().unwrap_or(prefix);
        let links = self.links_of((from, prefix));
        // For each link, the least prefix that any later one had seen. Where that is not below the
        // link's end, the end is a critical version.
        let mut least = vec![seen; links.len()];
        let mut after = seen;
        for (link, least) in links.clone().zip(&mut least).rev() {
            *least = after;
            let link = &self.links()[link];
            after = if link.plain() { after } else { after.min(link.reach) };
        }
        let mut at = from;
        let mut concurrent = None;
        for (link, least) in links.zip(least) {
            let end = self.end_of(link).min(prefix);
            // Eg-walker: from a critical version on, a change that had seen all before it needs no
            // walker, since its places are those of the text. What somebody later had not seen is
            // left to the walker that replays that one.
            if concurrent.is_none() && self.links()[link].plain() {
                let plain = end.min(least).max(at);
                self.play_plain(rope, (at, plain))?;
                at = plain;
            }
            if at < end {
                concurrent = concurrent.or(Some(at));
                at = end;
            }
            // Eg-walker: at a critical version the walker is dropped. All later changes had seen
            // what it holds, so its origins and states decide nothing for them.
            if let Some(begun) = concurrent.filter(|_| least >= end) {
                self.play_concurrent(rope, begun, &[(begun, end)])?;
                concurrent = None;
            }
        }
        // A version may end where no critical version is.
        let rest = concurrent.map(|begun| (begun, prefix));
        let rest: Vec<Stretch> = rest.into_iter().chain(version.beyond().iter().copied()).collect();
        match rest.first() {
            Some(first) => self.play_concurrent(rope, first.0.min(at), &rest),
            None => Ok(()),
        }
    }

    fn play_plain(&self, rope: &mut Rope, changes: Stretch) -> Result<(), FitError> {
        if changes.0 < changes.1 {
            for row in self.made().of(changes) {
                let row = row.within(changes);
                // A longer row only inserts or only deletes, so it is one replacement at its least
                // place.
                match row.count {
                    1 => rope.replace(row.at, row.delete, self.inserted_with(&row))?,
                    _ => rope.replace(row.lowest(), row.deleted_len(), self.inserted_with(&row))?,
                }
            }
        }
        Ok(())
    }

    /// Changes of which some had not seen others. All had seen what is below `anchor`, whose text
    /// the rope has.
    fn play_concurrent(
        &self,
        rope: &mut Rope,
        anchor: u32,
        changes: &[Stretch],
    ) -> Result<(), FitError> {
        let len = u32::try_from(rope.len()).map_err(|_| FitError::TooLong)?;
        let mut walker = Walker::new(self, anchor, len, 0);
        let mut queue = Queue::new(self, anchor, changes);
        while let Some(part) = queue.next(&walker) {
            walker.replay(self, part);
        }
        // The result is Eg-walker's effect version. The rope has what stood there before (the
        // paper's placeholder) already: only what differs from that is touched. `at` is the place
        // in the text as it becomes.
        let mut at = 0u32;
        for span in walker.sequence().spans() {
            if span.first >= GROUND {
                match span.is_shown() {
                    true => at += span.len,
                    false => rope.replace(at, span.len, "")?,
                }
            } else if span.is_shown() {
                let bytes = span.first as usize..(span.first + span.len) as usize;
                let text = self.inserted().get(bytes).ok_or(FitError::InsideCharacter)?;
                rope.replace(at, 0, text)?;
                at += span.len;
            }
        }
        Ok(())
    }
}

/// In which order changes are replayed: any in which parents come first gives the same text
/// (Eg-walker leaves that open), and the less has to retreat and advance, the better. Follows a
/// branch where the list jumps between branches; how is ours.
pub(crate) struct Queue<'a> {
    /// Changes of one link each, in the order of the list, and what had been seen by them.
    parts: Vec<(Stretch, Seen<'a>)>,
    /// For each part the next one that may be waiting; waiting is what leads to itself.
    next: Vec<usize>,
    done: Version,
    last: usize,
}

impl<'a> Queue<'a> {
    /// Parts looked at behind the last one.
    const AHEAD: usize = 4;

    /// Changes that are quicker taken back or put forward than a shorter way is found.
    const NEAR: u32 = 64;

    /// Of changes that have seen all before the anchor.
    pub(crate) fn new(history: &'a History, anchor: u32, changes: &[Stretch]) -> Self {
        let mut parts = Vec::new();
        for &(from, to) in changes {
            for link in history.links_of((from, to)) {
                let first = history.links()[link].first.max(from);
                let seen = history.seen_by(link);
                // A link that begins below is one of those that had seen all before them.
                let seen = if first == from {
                    Seen { prefix: seen.prefix.max(anchor), ..seen }
                } else {
                    seen
                };
                parts.push(((first, history.end_of(link).min(to)), seen));
            }
        }
        let next = (0..=parts.len()).collect();
        Queue { parts, next, done: Version::up_to(anchor), last: 0 }
    }

    /// The first part from one on that is waiting. Shortens the way for the next one who asks, as
    /// in a disjoint-set forest (path splitting; Tarjan and van Leeuwen, 1984), so that many parts
    /// that are done are passed in few steps.
    fn waiting(&mut self, from: usize) -> usize {
        let mut at = from;
        while self.next[at] != at {
            let after = self.next[at];
            self.next[at] = self.next[after];
            at = after;
        }
        at
    }

    /// The part that is the least way from where the walker stands.
    pub(crate) fn next(&mut self, walker: &Walker) -> Option<Stretch> {
        // The list's next can always be taken: all that it had seen stands before it.
        let first = self.waiting(0);
        let &(_, seen) = self.parts.get(first)?;
        let mut best = (walker.distance_to(seen), first);
        let mut at = self.last;
        let ahead = if best.0 > Self::NEAR { Self::AHEAD } else { 0 };
        for _ in 0..ahead {
            at = self.waiting(at);
            let Some(&(_, seen)) = self.parts.get(at) else { break };
            // One further on may have a parent that still waits.
            if at != first && self.done.seen().includes(seen) {
                best = best.min((walker.distance_to(seen), at));
            }
            at += 1;
        }
        let (_, at) = best;
        let (part, _) = self.parts[at];
        self.next[at] = at + 1;
        self.last = at;
        self.done.insert_stretch(part);
        Some(part)
    }
}
