//! What has become of the text at a version.
//!
//! The prepare version of Eg-walker's replay can be any version; what differs between it and the
//! effect version is what has happened since. That who saw only a part of a text is told what came
//! beside that part is ours. May assume that the version is closed and kept. Must never show how
//! the history was replayed: what is told depends on the changes alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;
use std::ops::Range;

use crate::attribution::{Run, Source};
use crate::diff;
use crate::overlap::Contents;
use crate::patch::{FitError, Patch, PatchError};
use crate::sequence::SpanId;
use crate::shown::{self, OfWhole};
use crate::version::Version;

use super::{Text, VersionError};

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
    /// Of the changes of which something came, and went again, those by which it went: it is in
    /// neither text.
    pub undone: BTreeMap<u32, BTreeSet<u32>>,
    /// What went, one after the other.
    gone: String,
    /// Each hunk of those changes by itself, whatever has become of it since.
    made: Vec<MadeSince>,
    /// How what its author had before them differs from the text then ([`Since::of_shown`]).
    shown: Patch,
}

/// Bytes that are kept between two hunks up to which both are compared anew, where one of them is
/// about what was shown otherwise.
const NEAR: u32 = 64;

impl Since {
    /// The same for who had before them, of the text then, what is `shown` of it: from that to the
    /// text `now`. To them what was hidden, and is there now, came since, by who wrote it, as
    /// `writers` of the text then have it; what went of it did not go. What was put there went, by
    /// nobody, unless it is there by now: around it the two texts are compared word by word.
    /// O(texts, spans and writers).
    ///
    /// # Errors
    /// [`PatchError::TooLong`] only.
    pub fn of_shown(
        self,
        shown: &Patch,
        (old, now): (&str, &str),
        writers: &[Run],
    ) -> Result<Self, PatchError> {
        if shown.is_empty() {
            return Ok(self);
        }
        let mut made = OfShown::new(shown, writers);
        let (mut at, mut hunks) = ((0, 0), 0);
        for span in &self.spans {
            let kept = span.gone.start - at.0;
            // Between two hunks something is kept.
            hunks += usize::from(hunks == 0 || kept > 0);
            made.keep(kept);
            let restored = self.restored_by.get(hunks - 1).map_or(&[][..], Vec::as_slice);
            match span.came.is_empty() {
                true => made.go(span.gone.end - span.gone.start, &span.by, restored),
                false => made.come(span.came.end - span.came.start, &span.by, restored),
            }
            at = (span.gone.end, span.came.end);
        }
        made.keep((now.len() as u32).saturating_sub(at.1));
        made.end();
        let older = self.made.into_iter().map(|made| {
            let [start, end] = [made.range.start, made.range.end].map(|at| shown::place(at, shown));
            MadeSince { range: start..end, ..made }
        });
        let older = older.filter(|made| !made.range.is_empty() || !made.inserted.is_empty());
        let since = of_spans(compared(made.spans, (old, now)), (old, now))?;
        let (made, undone) = (older.collect(), self.undone);
        Ok(Self { made, undone, shown: shown.clone(), ..since })
    }

    /// The text from which it leads to the text `now`. O(text).
    #[must_use]
    pub fn text_then(&self, now: &str) -> String {
        let (mut then, mut kept, mut went) = (String::with_capacity(now.len()), 0, 0);
        for ((_, deleted, _), (place, _, came)) in self.patch.edits().zip(self.patch.in_turn()) {
            then.push_str(part(now, &(kept..place)).unwrap_or_default());
            then.push_str(part(&self.gone, &(went..went + deleted)).unwrap_or_default());
            (kept, went) = (place + came, went + deleted);
        }
        then.push_str(now.get(kept as usize..).unwrap_or_default());
        then
    }

    /// Whether it is for who had something else before them than the text of a version.
    #[must_use]
    pub fn is_of_shown(&self) -> bool {
        !self.shown.is_empty()
    }

    /// The same for who had the text then before them as what is `shown` of another version.
    #[must_use]
    pub fn with_shown(self, shown: &Patch) -> Self {
        Self { shown: shown.clone(), ..self }
    }
}

/// A part of what went or came, for who had something else before them than the text then.
#[derive(Clone, Debug)]
struct ShownSpan {
    span: SpanSince,
    restored_by: Vec<u32>,
    /// Whether it is there, or not, since they had something else.
    differs: bool,
}

/// What has become of what was shown of a text, from left to right.
struct OfShown<'a> {
    /// What was put and hidden next: where, how much is hidden, and how much was put.
    next: Peekable<std::vec::IntoIter<(u32, u32, u32)>>,
    writers: &'a [Run],
    /// How far it has come in the whole text then,
    whole: u32,
    /// how much of that is hidden from there on,
    hidden: u32,
    /// and how far in what was shown of it, and in the text now.
    at: [u32; 2],
    spans: Vec<ShownSpan>,
}

impl<'a> OfShown<'a> {
    fn new(shown: &Patch, writers: &'a [Run]) -> Self {
        let next = shown.edits().map(|(at, gone, put)| (at, gone, put.len() as u32));
        let next = next.collect::<Vec<_>>().into_iter().peekable();
        Self { next, writers, whole: 0, hidden: 0, at: [0, 0], spans: Vec::new() }
    }

    /// A part of the whole text is there now, too.
    fn keep(&mut self, len: u32) {
        self.each(len, |this, len, hidden| match hidden {
            true => {
                let by = this.writers_of(&(this.whole..this.whole + len));
                this.push([0, len], by, &[], true);
            }
            false => this.at = this.at.map(|at| at + len),
        });
    }

    /// A part of the whole text is not there now.
    fn go(&mut self, len: u32, by: &[u32], restored_by: &[u32]) {
        self.each(len, |this, len, hidden| {
            if !hidden {
                this.push([len, 0], by.to_vec(), restored_by, false);
            }
        });
    }

    /// Something that was not in it is there now.
    fn come(&mut self, len: u32, by: &[u32], restored_by: &[u32]) {
        self.push([0, len], by.to_vec(), restored_by, false);
    }

    /// What was put behind all of the whole text.
    fn end(&mut self) {
        while let Some((_, _, put)) = self.next.next() {
            self.push([put, 0], Vec::new(), &[], true);
        }
    }

    /// Goes through a part of the whole text, piece by piece, of which each is hidden or shown.
    fn each(&mut self, mut len: u32, mut does: impl FnMut(&mut Self, u32, bool)) {
        while len > 0 {
            let whole = self.whole;
            if self.hidden == 0
                && let Some((_, hidden, put)) = self.next.next_if(|(start, ..)| *start <= whole)
            {
                self.hidden = hidden;
                self.push([put, 0], Vec::new(), &[], true);
                continue;
            }
            let next = self.next.peek().map_or(u32::MAX, |(start, ..)| start - whole);
            let hides = self.hidden > 0;
            let piece = len.min(if hides { self.hidden } else { next });
            does(self, piece, hides);
            self.hidden -= if hides { piece } else { 0 };
            (self.whole, len) = (whole + piece, len - piece);
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

    fn push(&mut self, len: [u32; 2], by: Vec<u32>, restored_by: &[u32], differs: bool) {
        if len == [0, 0] {
            return;
        }
        let [gone, came] = [0, 1].map(|side| self.at[side]..self.at[side] + len[side]);
        self.at = [gone.end, came.end];
        let (span, restored_by) = (SpanSince { gone, came, by }, restored_by.to_vec());
        self.spans.push(ShownSpan { span, restored_by, differs });
    }
}

/// The same with the passages compared word by word in which something is there, or not, since it
/// was shown otherwise: what is in both did neither go nor come.
fn compared(spans: Vec<ShownSpan>, (old, now): (&str, &str)) -> Vec<ShownSpan> {
    let mut done = Vec::with_capacity(spans.len());
    let is_near = |one: &ShownSpan, two: &ShownSpan| {
        let kept = two.span.gone.start - one.span.gone.end;
        kept == 0 || kept <= NEAR && (one.differs || two.differs)
    };
    for group in spans.chunk_by(is_near) {
        let [first, .., last] = group else {
            done.extend_from_slice(group);
            continue;
        };
        if !group.iter().any(|it| it.differs) {
            done.extend_from_slice(group);
            continue;
        }
        let gone = first.span.gone.start..last.span.gone.end;
        let came = first.span.came.start..last.span.came.end;
        let both = part(old, &gone).zip(part(now, &came));
        let patch = both.map(|(then, now)| diff::between(then, now)).unwrap_or_default();
        for ((start, len, _), (place, _, put)) in patch.edits().zip(patch.in_turn()) {
            let [went, came] = [(gone.start + start, len), (came.start + place, put)];
            let [went, came] = [went, came].map(|(at, len)| at..at + len);
            let puts = of_group(group, 1, &came, went.end);
            done.extend(of_group(group, 0, &went, came.start).into_iter().chain(puts));
        }
    }
    done
}

fn part<'a>(text: &'a str, at: &Range<u32>) -> Option<&'a str> {
    text.get(at.start as usize..at.end as usize)
}

/// A part of what went of the one text (0), or came in the other (1), as the spans of a group have
/// it; `beside` this place of the other text. Nobody is known to have done the rest.
fn of_group(group: &[ShownSpan], side: usize, at: &Range<u32>, beside: u32) -> Vec<ShownSpan> {
    let mut parts = Vec::new();
    let mut push = |part: Range<u32>, of: Option<&ShownSpan>| {
        let (by, restored_by) =
            of.map(|of| (of.span.by.clone(), of.restored_by.clone())).unwrap_or_default();
        let (part, none) = (part, beside..beside);
        let (gone, came) = if side == 0 { (part, none) } else { (none, part) };
        let span = SpanSince { gone, came, by };
        parts.extend((part_len(&span) > 0).then_some(ShownSpan {
            span,
            restored_by,
            differs: true,
        }));
    };
    let mut from = at.start;
    for of in group {
        let there = if side == 0 { &of.span.gone } else { &of.span.came };
        let (start, end) = (there.start.max(from), there.end.min(at.end));
        if start < end {
            push(from..start, None);
            push(start..end, Some(of));
            from = end;
        }
    }
    push(from..at.end, None);
    parts
}

fn part_len(span: &SpanSince) -> usize {
    span.gone.len() + span.came.len()
}

/// The whole of these spans, from one text to another.
fn of_spans(all: Vec<ShownSpan>, (old, now): (&str, &str)) -> Result<Since, PatchError> {
    let (mut patch, mut at, mut went) = (Patch::builder(), 0, String::new());
    let (mut by, mut restored_by) = (Vec::<BTreeSet<u32>>::new(), Vec::<BTreeSet<u32>>::new());
    let mut spans = Vec::new();
    for it in all {
        let SpanSince { gone, came, .. } = &it.span;
        if by.is_empty() || at < gone.start {
            by.push(BTreeSet::new());
            restored_by.push(BTreeSet::new());
        }
        patch.push_keep(gone.start - at);
        patch.push_delete(gone.end - gone.start);
        patch.push_insert(part(now, came).unwrap_or_default());
        went.push_str(part(old, gone).unwrap_or_default());
        at = gone.end;
        by.iter_mut().last().into_iter().for_each(|by| by.extend(&it.span.by));
        restored_by.iter_mut().last().into_iter().for_each(|by| by.extend(&it.restored_by));
        it.span.push_onto(&mut spans);
    }
    let [by, restored_by] =
        [by, restored_by].map(|by| by.into_iter().map(Vec::from_iter).collect());
    Ok(Since { patch: patch.build()?, by, restored_by, spans, gone: went, ..Since::default() })
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

/// Whose it is what went and came, as far as that is told.
#[derive(Default)]
struct Whose {
    /// As in [`Since`], but in no order yet.
    by: Vec<Vec<u32>>,
    restored_by: Vec<Vec<u32>>,
    spans: Vec<SpanSince>,
    /// Whether what comes next stands in the last hunk.
    in_hunk: bool,
}

impl Whose {
    /// A span that went or came, and where it stood then and stands now.
    fn add(&mut self, contents: &Contents<'_>, version: &Version, (id, at): (SpanId, [u32; 2])) {
        if !self.in_hunk {
            self.by.push(Vec::new());
            self.restored_by.push(Vec::new());
        }
        self.in_hunk = true;
        let is_shown = contents.sequence.span(id).is_shown();
        let mut parts = at;
        for (len, whom) in contents.changed(id) {
            // Who wrote what the version had deleted, and is shown again, is none of them; and of
            // what stood there before all that was replayed nobody could say who it was.
            let whom = whom.filter(|change| !version.contains(*change));
            self.by.iter_mut().last().into_iter().for_each(|by| by.extend(whom));
            if whom.is_none() && is_shown {
                let whom = contents.restored_since(version, id);
                self.restored_by.iter_mut().last().into_iter().for_each(|by| by.extend(&whom));
            }
            let from = parts;
            parts[usize::from(is_shown)] += len;
            let (gone, came) = (from[0]..parts[0], from[1]..parts[1]);
            SpanSince { gone, came, by: Vec::from_iter(whom) }.push_onto(&mut self.spans);
        }
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
        let (mut patch, mut gone) = (Patch::builder(), String::new());
        let (mut whose, mut kept_to, mut made) = (Whose::default(), 0, Vec::new());
        let mut undone = BTreeMap::<u32, BTreeSet<u32>>::new();
        let sequence = replayed.walker.sequence();
        for (id, [there, shown]) in sequence.parted_spans() {
            let span = sequence.span(id);
            if kept_to < there {
                patch.push_keep(there - kept_to);
                whose.in_hunk = false;
            }
            let at = shown + span.effect_len();
            let then = there + if span.prepare.is_there() { span.len } else { 0 };
            kept_to = then;
            match (span.prepare.is_there(), span.is_shown()) {
                (true, _) => {
                    patch.push_delete(span.len);
                    gone.push_str(contents.of(id));
                }
                (false, true) => {
                    let inserted = self.text.get(shown as usize..at as usize);
                    patch.push_insert(inserted.unwrap_or_default());
                }
                (false, false) => {}
            }
            if span.prepare.is_there() != span.is_shown() {
                whose.add(&contents, version, (id, [there, shown]));
            }
            for (by, inserted) in contents.made_since(version, id) {
                let whom: Vec<u32> = contents.undone_since(version, id, &inserted).collect();
                if !whom.is_empty() {
                    undone.entry(by).or_default().extend(whom);
                }
                made.push(MadeSince { by, range: there..then, inserted });
            }
        }
        let made = MadeSince::joined(made);
        self.walker_cache.put(replayed);
        let patch = patch.build().map_err(|_| VersionError::Corrupt(FitError::TooLong))?;
        let Whose { mut by, mut restored_by, spans, .. } = whose;
        for by in by.iter_mut().chain(&mut restored_by) {
            by.sort_unstable();
            by.dedup();
        }
        let shown = Patch::empty();
        Ok(Since { patch, by, restored_by, spans, undone, gone, made, shown })
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
        let Ok(OfWhole { patch: whole, hunks, beside_put }) = shown::of_whole(patch, &since.shown)
        else {
            return known;
        };
        let one = |(hunk, (whole, beside_put)): (u32, (Range<u32>, bool))| {
            (whole.len() == 1 && !beside_put).then_some((whole.start, hunk))
        };
        let hunks: HashMap<u32, u32> =
            (0..).zip(hunks.into_iter().zip(beside_put)).filter_map(one).collect();
        let ours = at_places(&whole, |hunk| hunks.get(&hunk).copied());
        let others = (version.prefix()..self.history.len()).filter(|it| !version.contains(*it));
        let others = others.filter(|change| theirs(*change));
        for change in others.filter(|change| self.history.is_on(*change, version)) {
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
