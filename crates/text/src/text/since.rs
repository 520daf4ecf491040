//! What has become of the text at a version.
//!
//! The prepare version of Eg-walker's replay can be any version; what differs between it and the
//! effect version is what has happened since. That who saw only a part of a text is told what came
//! beside that part is ours. May assume that the version is closed and kept. Must never show how
//! the history was replayed: what is told depends on the changes alone.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::attribution::{Run, Source};
use crate::patch::{FitError, Patch, PatchBuilder, PatchError};
use crate::shown::{self, Hidden};
use crate::version::Version;

use super::{Text, VersionError, WalkerCache};

/// What [`Text::since`] gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// From the text then to the text now. What was deleted and what was inserted at one place
    /// stands in one hunk.
    pub patch: Patch,
    /// For each of its hunks the changes that made it, ascending; who took a change out that
    /// somebody made is one of them. None for what was deleted then, and is shown again.
    pub by: Vec<Vec<u32>>,
    /// For each of its hunks the changes that took out the one that had deleted what is shown again
    /// in it, ascending.
    pub restored_by: Vec<Vec<u32>>,
    /// What of the text then went, and what of the text now came, in order, and by whom.
    pub spans: Vec<SpanSince>,
    /// Each hunk of those changes by itself, whatever has become of it since.
    made: Vec<MadeSince>,
    /// What of the text then counts as not there ([`Since::of_shown`]).
    hidden: Vec<Hidden>,
}

impl Since {
    /// The same for who had only before them what is shown of the text `then`, of which this is
    /// hidden, and of what is shown `now`. To them what of the one was hidden, and is shown now,
    /// came since, by who wrote it, as `writers` of the whole text then have it; what went of it
    /// did not go; and what is hidden now went, by nobody. O((hunks + writers) · hidden).
    ///
    /// # Errors
    /// [`PatchError::TooLong`] only.
    pub fn of_shown(
        self,
        then: &[Hidden],
        (now, shown): (&[Hidden], &str),
        writers: &[Run],
    ) -> Result<Self, PatchError> {
        if then.is_empty() && now.is_empty() {
            return Ok(self);
        }
        let mut made = OfShown::new([then, now], shown, writers);
        let (mut at, mut hunks) = ([0, 0], 0);
        for span in &self.spans {
            let kept = span.gone.start - at[0];
            // Between two hunks something is kept.
            hunks += usize::from(hunks == 0 || kept > 0);
            made.keep(at, kept);
            let restored = self.restored_by.get(hunks - 1).map_or(&[][..], Vec::as_slice);
            made.change(span, restored);
            at = [span.gone.end, span.came.end];
        }
        let hidden: u32 = now.iter().map(|(_, len)| len).sum();
        made.keep(at, (shown.len() as u32 + hidden).saturating_sub(at[1]));
        let older = self.made.into_iter().map(|made| {
            let [start, end] = [made.range.start, made.range.end].map(|at| shown::place(at, then));
            MadeSince { range: start..end, ..made }
        });
        let older = older.filter(|made| !made.range.is_empty() || !made.inserted.is_empty());
        Ok(Self { made: older.collect(), ..made.done()? })
    }
}

/// What has become of what is shown of a text, from left to right.
struct OfShown<'a> {
    /// What is hidden then, and now.
    hidden: [&'a [Hidden]; 2],
    /// What is shown now.
    shown: &'a str,
    writers: &'a [Run],
    patch: PatchBuilder,
    /// How far the patch has come in what was shown.
    at: u32,
    by: Vec<BTreeSet<u32>>,
    restored_by: Vec<BTreeSet<u32>>,
    spans: Vec<SpanSince>,
}

impl<'a> OfShown<'a> {
    fn new(hidden: [&'a [Hidden]; 2], shown: &'a str, writers: &'a [Run]) -> Self {
        let (patch, at) = (Patch::builder(), 0);
        let (by, restored_by, spans) = (Vec::new(), Vec::new(), Vec::new());
        Self { hidden, shown, writers, patch, at, by, restored_by, spans }
    }

    /// A part of the whole text is as it was: from one place then to another one now.
    fn keep(&mut self, [mut then, mut now]: [u32; 2], kept: u32) {
        let end = then + kept;
        while then < end {
            let [(was, upto), (is, to)] = [(0, then), (1, now)].map(|(side, at)| {
                let next = self.hidden[side].iter().find(|(start, len)| at < start + len);
                match next {
                    Some((start, len)) if *start <= at => (true, start + len - at),
                    Some((start, _)) => (false, start - at),
                    None => (false, u32::MAX),
                }
            });
            let len = upto.min(to).min(end - then);
            match (was, is) {
                (true, false) => {
                    let by = self.writers_of(&(then..then + len));
                    self.push([then..then, now..now + len], by, &[]);
                }
                (false, true) => self.push([then..then + len, now..now], Vec::new(), &[]),
                (true, true) | (false, false) => {}
            }
            (then, now) = (then + len, now + len);
        }
    }

    /// Who wrote a part of the whole text, ascending.
    fn writers_of(&self, part: &Range<u32>) -> Vec<u32> {
        let mut end = 0;
        let of_part = self.writers.iter().filter_map(|run| {
            let start = end;
            end += run.len;
            match run.source {
                Source::Change(change) if start < part.end && part.start < end => Some(change),
                _ => None,
            }
        });
        of_part.collect::<BTreeSet<u32>>().into_iter().collect()
    }

    /// What went of the whole text, or came.
    fn change(&mut self, span: &SpanSince, restored_by: &[u32]) {
        self.push([span.gone.clone(), span.came.clone()], span.by.clone(), restored_by);
    }

    /// What went of the whole text then, or came in the one now, as far as it was shown, or is.
    fn push(&mut self, [gone, came]: [Range<u32>; 2], by: Vec<u32>, restored_by: &[u32]) {
        let [gone, came] = [(0, gone), (1, came)].map(|(side, part)| {
            let [start, end] = [part.start, part.end].map(|at| shown::place(at, self.hidden[side]));
            start..end
        });
        if gone.is_empty() && came.is_empty() {
            return;
        }
        if self.by.is_empty() || self.at < gone.start {
            self.by.push(BTreeSet::new());
            self.restored_by.push(BTreeSet::new());
        }
        self.patch.push_keep(gone.start - self.at);
        self.patch.push_delete(gone.end - gone.start);
        let inserted = self.shown.get(came.start as usize..came.end as usize);
        self.patch.push_insert(inserted.unwrap_or_default());
        self.at = gone.end;
        self.by.iter_mut().last().into_iter().for_each(|all| all.extend(&by));
        self.restored_by.iter_mut().last().into_iter().for_each(|all| all.extend(restored_by));
        SpanSince { gone, came, by }.push_onto(&mut self.spans);
    }

    fn done(self) -> Result<Since, PatchError> {
        let [by, restored_by] =
            [self.by, self.restored_by].map(|by| by.into_iter().map(Vec::from_iter).collect());
        let (made, hidden) = (Vec::new(), self.hidden[0].to_vec());
        Ok(Since { patch: self.patch.build()?, by, restored_by, spans: self.spans, made, hidden })
    }
}

/// A part of what went or came since a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanSince {
    /// What went, in the text then; empty if it came.
    pub gone: Range<u32>,
    /// What came, in the text now; empty if it went.
    pub came: Range<u32>,
    /// The changes that did it, ascending.
    pub by: Vec<u32>,
}

impl SpanSince {
    /// How what came and went is cut says how it was replayed, and must not show.
    fn push_onto(self, spans: &mut Vec<Self>) {
        let goes_on = |last: &&mut Self| {
            let alike = last.gone.is_empty() == self.gone.is_empty() && last.by == self.by;
            alike && last.gone.end == self.gone.start && last.came.end == self.came.start
        };
        match spans.last_mut().filter(goes_on) {
            Some(last) => (last.gone.end, last.came.end) = (self.gone.end, self.came.end),
            None => spans.push(self),
        }
    }
}

/// A hunk of a change, as an edit of an older text. What several deleted the first one did.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MadeSince {
    by: u32,
    /// What of that text it deleted.
    range: Range<u32>,
    /// Which of all inserted bytes it put there.
    inserted: Range<u32>,
}

impl MadeSince {
    /// Puts parts of hunks together, which come in the order of the text.
    fn joined(mut parts: Vec<Self>) -> Vec<Self> {
        parts.sort_by_key(|part| part.by);
        let mut hunks: Vec<Self> = Vec::with_capacity(parts.len());
        for part in parts {
            let goes_on = |last: &&mut Self| {
                let apart = !last.inserted.is_empty() && !part.inserted.is_empty();
                let apart = apart && last.inserted.end != part.inserted.start;
                last.by == part.by && last.range.end == part.range.start && !apart
            };
            match hunks.last_mut().filter(goes_on) {
                Some(last) if part.inserted.is_empty() => last.range.end = part.range.end,
                Some(last) if last.inserted.is_empty() => {
                    (last.range.end, last.inserted) = (part.range.end, part.inserted);
                }
                Some(last) => {
                    (last.range.end, last.inserted.end) = (part.range.end, part.inserted.end);
                }
                None => hunks.push(part),
            }
        }
        hunks
    }
}

impl Text {
    /// What has become of the text at a version, which must be closed, up to now. As costly as
    /// merging a change that was made there, which is cheap right after.
    ///
    /// # Errors
    /// If the version is not one of this document's.
    pub fn since(&mut self, version: &Version) -> Result<Since, VersionError> {
        self.history.check_version(version)?;
        if *version == self.head() {
            return Ok(Since::default());
        }
        let mut replayed = self.replayed(version);
        replayed.walker.set_prepare_version(&self.history, version.seen());
        let contents = self.contents(&replayed.walker);
        let (mut patch, mut by) = (Patch::builder(), Vec::<BTreeSet<u32>>::new());
        let mut restored_by = Vec::<BTreeSet<u32>>::new();
        let mut in_hunk = false;
        let (mut kept_to, mut made, mut spans) = (0, Vec::new(), Vec::new());
        let sequence = replayed.walker.sequence();
        for (id, [there, shown]) in sequence.parted_spans() {
            let span = sequence.span(id);
            if kept_to < there {
                patch.push_keep(there - kept_to);
                in_hunk = false;
            }
            let at = shown + span.effect_len();
            let then = there + if span.prepare.is_there() { span.len } else { 0 };
            kept_to = then;
            match (span.prepare.is_there(), span.is_shown()) {
                (true, _) => patch.push_delete(span.len),
                (false, true) => {
                    let inserted = self.text.get(shown as usize..at as usize);
                    patch.push_insert(inserted.unwrap_or_default());
                }
                (false, false) => {}
            }
            if span.prepare.is_there() != span.is_shown() {
                // Who wrote what the version had deleted, and is shown again, is none of them; and
                // of what stood there before all that was replayed nobody could say who it was.
                let whom = contents.changed(id).filter(|change| !version.contains(*change));
                let whom: Vec<u32> = whom.collect();
                if !in_hunk {
                    by.push(BTreeSet::new());
                    restored_by.push(BTreeSet::new());
                }
                in_hunk = true;
                by.iter_mut().last().into_iter().for_each(|by| by.extend(&whom));
                if whom.is_empty() && span.is_shown() {
                    let whom = contents.restored_since(version, id);
                    restored_by.iter_mut().last().into_iter().for_each(|by| by.extend(&whom));
                }
                let (gone, came) = (there..then, shown..at);
                SpanSince { gone, came, by: whom }.push_onto(&mut spans);
            }
            made.extend(contents.made_since(version, id).map(|(by, inserted)| {
                let range = there..then;
                MadeSince { by, range, inserted }
            }));
        }
        let made = MadeSince::joined(made);
        self.walker_cache = WalkerCache(Some(Arc::new(replayed)));
        let patch = patch.build().map_err(|_| VersionError::Corrupt(FitError::TooLong))?;
        let [by, restored_by] =
            [by, restored_by].map(|by| by.into_iter().map(Vec::from_iter).collect());
        Ok(Since { patch, by, restored_by, spans, made, hidden: Vec::new() })
    }

    /// Which hunks of an edit of the text at a version others have made just so since, whatever has
    /// become of them: by changes that are `theirs`. O(changes since and their hunks).
    #[must_use]
    pub fn made_before(
        &self,
        version: &Version,
        since: &Since,
        patch: &Patch,
        theirs: impl Fn(u32) -> bool,
    ) -> BTreeSet<u32> {
        let ours = at_places(patch, Some);
        let made = since.made.iter().filter(|made| theirs(made.by));
        let made = made.filter_map(|made| {
            let bytes = made.inserted.start as usize..made.inserted.end as usize;
            let text = self.history.inserted_all().get(bytes);
            alike(&ours, (made.range.start, made.range.end - made.range.start, text?))
        });
        let mut known: BTreeSet<u32> = made.collect();
        // What one of them replaced another one may have deleted before it.
        let is_open = |(deleted, index): (u32, &u32)| deleted > 0 && !known.contains(index);
        if !ours.iter().any(|((_, deleted), (index, _))| is_open((*deleted, index))) {
            return known;
        }
        // Those are edits of the whole text.
        let Ok(whole) = shown::of_whole(patch, &since.hidden) else { return known };
        let hunks = (0..).zip(shown::hunks_of_whole(patch, &since.hidden));
        let one =
            |(hunk, whole): (u32, Range<u32>)| (whole.len() == 1).then_some((whole.start, hunk));
        let hunks: HashMap<u32, u32> = hunks.filter_map(one).collect();
        let ours = at_places(&whole, |hunk| hunks.get(&hunk).copied());
        let others = (version.prefix()..self.history.len()).filter(|it| !version.contains(*it));
        let others = others.filter(|change| theirs(*change));
        for change in others.filter(|change| self.history.base(*change).as_ref() == Some(version)) {
            let made = self.history.patch(change);
            let edits = made.iter().flat_map(Patch::edits);
            known.extend(edits.filter_map(|edit| alike(&ours, edit)));
        }
        known
    }
}

/// The hunks of an edit that are anything, each with what it puts there, by where they are and how
/// much they delete.
fn at_places(patch: &Patch, of: impl Fn(u32) -> Option<u32>) -> HashMap<(u32, u32), (u32, &str)> {
    let hunks = (0..).zip(patch.edits());
    let known =
        hunks.filter_map(|(index, (at, deleted, text))| Some(((at, deleted), (of(index)?, text))));
    known.collect()
}

/// The hunk that is this one.
fn alike(
    ours: &HashMap<(u32, u32), (u32, &str)>,
    (at, deleted, text): (u32, u32, &str),
) -> Option<u32> {
    let ours = ours.get(&(at, deleted)).filter(|ours| ours.1 == text);
    ours.map(|ours| ours.0)
}
