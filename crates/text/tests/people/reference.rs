//! The rules of merging for people, stated plainly: a slow page that is right by inspection.
//!
//! Every byte that was ever inserted is kept in one row, and each version says which of them it
//! shows. A save is folded by looking at what it changed of its base, and at what stands there
//! now. May assume that saves come in the log's order, and that each names a version of this page
//! as its base. Must never share a line with the engine under test, but the difference of two
//! texts: that is an input of the rules, which every save brings along.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use redwedding_text::diff;
use unicode_segmentation::UnicodeSegmentation;

/// A byte that was inserted once.
type Id = usize;

/// Words that may stand unchanged between two hunks of a save that are one passage.
const NEAR: usize = 3;

/// Pairs of words that are compared when words come back.
const COMPARED: usize = 1 << 18;

/// What became of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The page shows it.
    Shown,
    /// Others made the same change, or one that holds it; all that they have in common stands once.
    Same,
    /// The page shows another writer's version, and this is an alternative.
    Hidden,
}

/// A page and the saves that led to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// All bytes ever inserted, in the order of the page.
    order: Vec<Id>,
    /// What each is.
    bytes: Vec<u8>,
    /// What each version shows, in order; the last one is the page.
    versions: Vec<Vec<Id>>,
}

/// A change of a save: bytes of its base, and what comes in their place.
#[derive(Clone, Debug)]
struct Hunk {
    base: Range<usize>,
    text: String,
    /// For each byte that comes, the one that stands there already and is meant.
    meant: Vec<Option<Id>>,
    fate: Fate,
}

/// What a save meets, by byte: made once for each.
struct Met {
    /// Where each stands.
    place: Vec<usize>,
    /// Whether the base shows it,
    in_base: Vec<bool>,
    /// whether the page does,
    in_head: Vec<bool>,
    /// and whether a version up to the base did.
    known: Vec<bool>,
}

/// What a hunk meets between the two bytes of its base that it keeps.
struct Gap {
    /// What it deletes.
    deleted: Vec<Id>,
    /// What of that others deleted.
    gone: usize,
    /// What others inserted, in rows.
    came: Vec<Vec<Id>>,
    /// Whether something of that stands inside what it deletes, and is not whole lines.
    inside: bool,
}

impl Page {
    /// A page that begins with a text: version 0.
    pub(crate) fn new(text: &str) -> Page {
        let ids: Vec<Id> = (0..text.len()).collect();
        Page { order: ids.clone(), bytes: text.as_bytes().to_vec(), versions: vec![ids] }
    }

    /// The newest version.
    pub(crate) fn last(&self) -> usize {
        self.versions.len() - 1
    }

    /// The text of a version.
    pub(crate) fn text(&self, version: usize) -> String {
        self.read(&self.versions[version])
    }

    fn read(&self, ids: &[Id]) -> String {
        let bytes = ids.iter().map(|id| self.bytes[*id]).collect();
        String::from_utf8(bytes).expect("whole characters come and go")
    }

    /// Folds a save of a whole text that was made of a version, and says what became of its hunks.
    pub(crate) fn save(&mut self, base: usize, submitted: &str) -> Vec<Fate> {
        // Rule 10: a save whose text is that of an earlier version takes back what came between.
        let earlier = (0..base).rev().find(|version| self.text(*version) == submitted);
        let mut hunks = match earlier.filter(|_| self.text(base) != submitted) {
            Some(earlier) => self.reverted(base, earlier),
            None => self.hunks(base, submitted),
        };
        let met = self.met(base);
        for hunk in &mut hunks {
            self.decide(base, &met, hunk);
        }
        self.spread(base, &mut hunks);
        self.apply(base, met, &hunks);
        hunks.into_iter().map(|hunk| hunk.fate).collect()
    }

    fn met(&self, base: usize) -> Met {
        let shown = |versions: &[Vec<Id>]| {
            let mut shown = vec![false; self.bytes.len()];
            versions.iter().flatten().for_each(|id| shown[*id] = true);
            shown
        };
        Met {
            place: self.places(),
            in_base: shown(&self.versions[base..=base]),
            in_head: shown(&self.versions[self.last()..]),
            known: shown(&self.versions[..=base]),
        }
    }

    /// What a save changed, and what of that came back.
    fn hunks(&self, base: usize, submitted: &str) -> Vec<Hunk> {
        let patch = diff::between(&self.text(base), submitted);
        let met = self.met(base);
        let hunk = |(at, deleted, text): (u32, u32, &str)| {
            let base_range = at as usize..(at + deleted) as usize;
            let mut hunk = Hunk {
                base: base_range,
                meant: vec![None; text.len()],
                text: text.to_owned(),
                fate: Fate::Shown,
            };
            self.come_back(base, &met, &mut hunk);
            hunk
        };
        patch.edits().map(hunk).collect()
    }

    /// What leads from a version back to an earlier one: nothing is made anew.
    fn reverted(&self, base: usize, earlier: usize) -> Vec<Hunk> {
        let (from, to) = (&self.versions[base], &self.versions[earlier]);
        let place = self.places();
        let mut hunks: Vec<Hunk> = Vec::new();
        let (mut at, mut back) = (0, 0);
        // Both are in the order of the page.
        while at < from.len() || back < to.len() {
            if at < from.len() && back < to.len() && from[at] == to[back] {
                (at, back) = (at + 1, back + 1);
                continue;
            }
            let comes = at == from.len() || (back < to.len() && place[to[back]] < place[from[at]]);
            let next = if comes { at } else { at + 1 };
            let open = hunks.last_mut().filter(|hunk| hunk.base.end == at);
            let hunk = match open {
                Some(hunk) => hunk,
                None => {
                    hunks.push(Hunk {
                        base: at..at,
                        text: String::new(),
                        meant: Vec::new(),
                        fate: Fate::Shown,
                    });
                    hunks.last_mut().expect("just pushed")
                }
            };
            hunk.base.end = next;
            if comes {
                hunk.meant.push(Some(to[back]));
                back += 1;
            }
            at = next;
        }
        for hunk in &mut hunks {
            let ids: Vec<Id> = hunk.meant.iter().flatten().copied().collect();
            hunk.text = self.read(&ids);
        }
        hunks
    }

    /// Where each byte stands.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.bytes.len()];
        for (place, id) in self.order.iter().enumerate() {
            places[*id] = place;
        }
        places
    }

    /// The places between the bytes of a base that a hunk keeps on its two sides.
    fn between(&self, base: usize, place: &[usize], hunk: &Hunk) -> Range<usize> {
        let ids = &self.versions[base];
        let from = hunk.base.start.checked_sub(1).map_or(0, |left| place[ids[left]] + 1);
        let to = ids.get(hunk.base.end).map_or(self.order.len(), |right| place[*right]);
        from..to
    }

    /// Rule 10: words that come back where they were deleted are the same words.
    fn come_back(&self, base: usize, met: &Met, hunk: &mut Hunk) {
        let row = &self.order[self.between(base, &met.place, hunk)];
        let gone: Vec<Id> =
            row.iter().filter(|id| met.known[**id] && !met.in_base[**id]).copied().collect();
        if gone.is_empty() || hunk.text.is_empty() {
            return;
        }
        let mut best: Vec<Option<Id>> = hunk.meant.clone();
        let count = |meant: &[Option<Id>]| meant.iter().flatten().count();
        for earlier in (0..base).rev() {
            let there: BTreeSet<Id> = self.versions[earlier].iter().copied().collect();
            let ids: Vec<Id> = gone.iter().filter(|id| there.contains(id)).copied().collect();
            if ids.is_empty() {
                continue;
            }
            let old = self.read(&ids);
            let mut meant = vec![None; hunk.text.len()];
            for (from, to) in common_words(&old, &hunk.text) {
                for (from, to) in from.zip(to) {
                    meant[to] = Some(ids[from]);
                }
            }
            if count(&meant) > count(&best) {
                best = meant;
            }
        }
        hunk.meant = best;
    }

    fn gap(&self, base: usize, met: &Met, hunk: &Hunk) -> Gap {
        let meant: BTreeSet<Id> = hunk.meant.iter().flatten().copied().collect();
        let deleted: Vec<Id> = self.versions[base][hunk.base.clone()].to_vec();
        let gone = deleted.iter().filter(|id| !met.in_head[**id]).count();
        let (mut came, mut inside, mut open) = (Vec::<Vec<Id>>::new(), false, false);
        let range = self.between(base, &met.place, hunk);
        let ends = deleted.first().zip(deleted.last());
        let within = ends.map(|(first, last)| met.place[*first]..met.place[*last]);
        for (at, id) in range.clone().zip(&self.order[range]) {
            let concurrent = met.in_head[*id] && !met.in_base[*id] && !meant.contains(id);
            if concurrent {
                match came.last_mut().filter(|_| open) {
                    Some(run) => run.push(*id),
                    None => came.push(vec![*id]),
                }
                inside |= within.as_ref().is_some_and(|within| within.contains(&at));
            }
            // What neither text has does not part what was written in one go.
            open = concurrent || (open && !met.in_head[*id]);
        }
        let lines = |run: &Vec<Id>| self.read(run).ends_with('\n');
        let whole = self.is_whole_lines(base, &hunk.base) && came.iter().all(lines);
        Gap { deleted, gone, came, inside: inside && !whole }
    }

    /// Whether a range of a version is whole lines.
    fn is_whole_lines(&self, version: usize, range: &Range<usize>) -> bool {
        let ids = &self.versions[version];
        let ends = |at: usize| at == 0 || self.bytes[ids[at - 1]] == b'\n';
        ends(range.start) && (ends(range.end) || range.end == ids.len())
    }

    fn decide(&self, base: usize, met: &Met, hunk: &mut Hunk) {
        let gap = self.gap(base, met, hunk);
        let came = self.read(&gap.came.concat());
        if gap.deleted.is_empty() {
            return self.decide_insertion(base, met, hunk, &gap);
        }
        let all_gone = gap.gone == gap.deleted.len();
        hunk.fate = match () {
            () if gap.gone == 0 && !gap.inside => Fate::Shown,
            // Who deletes what others deleted in part deletes the rest.
            () if hunk.text.is_empty() && came.is_empty() => match all_gone {
                true => Fate::Same,
                false => Fate::Shown,
            },
            // Rules 1 and 2: the same in place of the same, or one that holds the other.
            () if all_gone && !came.is_empty() && !hunk.text.is_empty() => {
                let ids = gap.came.concat();
                match common(&hunk.text, &came) {
                    Some(shared) => self.share(hunk, &ids, shared),
                    None => Fate::Hidden,
                }
            }
            () => Fate::Hidden,
        };
    }

    /// Makes what two have in common the same bytes.
    fn share(&self, hunk: &mut Hunk, ids: &[Id], (own, theirs): Shared) -> Fate {
        let whole = own.len() == hunk.text.len();
        for (own, theirs) in own.zip(theirs) {
            hunk.meant[own] = Some(ids[theirs]);
        }
        if whole { Fate::Same } else { Fate::Shown }
    }

    fn decide_insertion(&self, base: usize, met: &Met, hunk: &mut Hunk, gap: &Gap) {
        if hunk.meant.iter().all(Option::is_some) {
            return;
        }
        for run in &gap.came {
            if let Some(shared) = common(&hunk.text, &self.read(run)) {
                hunk.fate = self.share(hunk, run, shared);
                return;
            }
        }
        if self.lost_line(base, met, hunk) {
            hunk.fate = Fate::Hidden;
        }
    }

    /// Rule 4: whether words were added to a line that is gone, or inside what is gone.
    fn lost_line(&self, base: usize, met: &Met, hunk: &Hunk) -> bool {
        let ids = &self.versions[base];
        let at = hunk.base.start;
        let newline = |at: usize| self.bytes[ids[at]] == b'\n';
        if self.is_whole_lines(base, &hunk.base) && hunk.text.ends_with('\n') {
            return false;
        }
        let start = (0..at).rev().find(|at| newline(*at)).map_or(0, |before| before + 1);
        let end = (at..ids.len()).find(|at| newline(*at)).map_or(ids.len(), |end| end + 1);
        let line = &ids[start..end];
        let gone = |id: &Id| !met.in_head[*id];
        let left = at.checked_sub(1).filter(|left| *left >= start).is_some_and(|at| gone(&ids[at]));
        let right = ids.get(at).filter(|_| at < end).is_some_and(gone);
        (!line.is_empty() && line.iter().all(gone)) || (left && right)
    }

    /// Rule 3: a save's hunks near one that is hidden are of the same passage.
    fn spread(&self, base: usize, hunks: &mut [Hunk]) {
        let text = self.text(base);
        let near = |one: &Hunk, two: &Hunk| {
            let between = &text[one.base.end..two.base.start];
            !between.contains('\n') && between.unicode_words().count() <= NEAR
        };
        let mut at = 1;
        while at < hunks.len() {
            let (one, two) = (&hunks[at - 1], &hunks[at]);
            let hides = (one.fate == Fate::Hidden) != (two.fate == Fate::Hidden);
            if hides && near(one, two) {
                hunks[at - 1].fate = Fate::Hidden;
                hunks[at].fate = Fate::Hidden;
                at = at.saturating_sub(1).max(1);
            } else {
                at += 1;
            }
        }
    }

    fn apply(&mut self, base: usize, met: Met, hunks: &[Hunk]) {
        let Met { mut in_head, known, .. } = met;
        for hunk in hunks.iter().filter(|hunk| hunk.fate != Fate::Hidden) {
            let range = self.between(base, &self.places(), hunk);
            for id in &self.versions[base][hunk.base.clone()] {
                in_head[*id] = false;
            }
            // Behind what others inserted at the same place, in front of what stood there.
            let behind = |at: &usize| known.get(self.order[*at]).is_some_and(|known| *known);
            let mut place = range.clone().find(behind).unwrap_or(range.end);
            if let Some(first) = hunk.meant.iter().flatten().next() {
                place = self.places()[*first];
            }
            for (byte, meant) in hunk.text.bytes().zip(&hunk.meant) {
                match meant {
                    Some(id) => {
                        if self.order.get(place) != Some(id) {
                            place = self.places()[*id];
                        }
                        in_head[*id] = true;
                    }
                    None => {
                        self.bytes.push(byte);
                        self.order.insert(place, self.bytes.len() - 1);
                        in_head.push(true);
                    }
                }
                place += 1;
            }
        }
        let head = self.order.iter().filter(|id| in_head[**id]).copied().collect();
        self.versions.push(head);
    }
}

/// What two texts have in common: bytes of the first, bytes of the second.
type Shared = (Range<usize>, Range<usize>);

/// Rules 1 and 2: all of one of two texts, where it is the other, or stands in it as whole lines,
/// or as the words that it begins or ends with.
fn common(one: &str, two: &str) -> Option<Shared> {
    if one.len() < two.len() {
        return common(two, one).map(|(two, one)| (one, two));
    }
    if two.trim().is_empty() && one != two {
        return None;
    }
    let at = within(one, two)?;
    Some((at..at + two.len(), 0..two.len()))
}

/// Where a text stands in a longer one.
fn within(long: &str, short: &str) -> Option<usize> {
    let bounds: BTreeSet<usize> =
        long.split_word_bound_indices().map(|(at, _)| at).chain([long.len()]).collect();
    if long.starts_with(short) && bounds.contains(&short.len()) {
        return Some(0);
    }
    let tail = long.len() - short.len();
    if long.ends_with(short) && bounds.contains(&tail) {
        return Some(tail);
    }
    let line = |at: usize| at == 0 || long.as_bytes()[at - 1] == b'\n';
    let whole = |at: &usize| line(*at) && short.ends_with('\n');
    long.match_indices(short).map(|(at, _)| at).find(whole)
}

/// The words that two texts have in common, in order (the longest such row), where they are words
/// and not only signs: bytes of each.
fn common_words(old: &str, new: &str) -> Vec<Shared> {
    let olds: Vec<(usize, &str)> = old.split_word_bound_indices().collect();
    let news: Vec<(usize, &str)> = new.split_word_bound_indices().collect();
    let mut longest: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let get = |map: &BTreeMap<(usize, usize), usize>, at| map.get(&at).copied().unwrap_or(0);
    if olds.len() * news.len() > COMPARED {
        return Vec::new();
    }
    for from in (0..olds.len()).rev() {
        for to in (0..news.len()).rev() {
            let len = match olds[from].1 == news[to].1 {
                true => olds[from].1.len() + get(&longest, (from + 1, to + 1)),
                false => get(&longest, (from + 1, to)).max(get(&longest, (from, to + 1))),
            };
            longest.insert((from, to), len);
        }
    }
    let mut shared: Vec<Shared> = Vec::new();
    let (mut from, mut to) = (0, 0);
    while from < olds.len() && to < news.len() {
        let ((at, old), (here, new)) = (olds[from], news[to]);
        if old == new {
            let next = (at..at + old.len(), here..here + new.len());
            match shared.last_mut() {
                Some(last) if last.0.end == at && last.1.end == here => {
                    (last.0.end, last.1.end) = (next.0.end, next.1.end);
                }
                _ => shared.push(next),
            }
            (from, to) = (from + 1, to + 1);
        } else if get(&longest, (from + 1, to)) >= get(&longest, (from, to + 1)) {
            from += 1;
        } else {
            to += 1;
        }
    }
    shared.retain(|(_, new_part)| new[new_part.clone()].unicode_words().next().is_some());
    shared
}
