//! What two edits of one text may come to, told by words and without the engine.
//!
//! Where one of them alone changed something, its change stands. Where both did, the page may show
//! what both made of it, if that can be done; what the one made that holds the other's whole; or
//! what the first one made, if the other's words are at hand. Nothing else may stand there; nor
//! may something of the second one stand within a few words of what is left out of it: that is a
//! mixture.
//!
//! Differences are not unique, so each side's are told in several ways. A page that can be read in
//! one of them, from the first word to the last, reads so.

use std::collections::BTreeSet;
use std::ops::Range;
use std::slice;

use crate::mergers::Merged;
use crate::words::{FEW, Hunk, WAYS, Way, hunks_by, is_white, is_word, words};

/// Whether all that both meant stands on a page, or that of one with the other's at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meant {
    Both,
    One,
    Neither,
}

/// Words of the base that are looked at together, with what each side did there.
struct Passage {
    hull: Range<usize>,
    sides: [Vec<Hunk>; 2],
}

impl Passage {
    fn is_white(&self, edits: &Edits<'_>) -> bool {
        (0..2).all(|side| edits.is_white(&self.sides[side], side))
    }
}

/// What stands in a passage of what the second edit made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Second {
    /// All there was to be, and none that would not stand there without it.
    NotAsked,
    Stands,
    LeftOut,
}

/// How far a page is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Reached {
    page: usize,
    /// Whether something of the second edit was left out,
    lacks: bool,
    /// and what was last of it, with where that passage ends in the base.
    last: Option<(usize, Second)>,
}

struct Edits<'a> {
    base: Vec<&'a str>,
    sides: [Vec<&'a str>; 2],
}

/// How far apart hunks may be that are one passage.
#[derive(Clone, Copy)]
enum Reach {
    Touching,
    FewWords,
    Line,
}

const REACHES: [Reach; 3] = [Reach::Touching, Reach::FewWords, Reach::Line];

/// Characters of a page that are shown where it cannot be read.
const SHOWN: usize = 400;

/// What a page that came of two edits reads as, in the best way.
pub fn meant(base: &str, [first, second]: [&str; 2], merged: &Merged) -> Meant {
    let Some(page) = &merged.text else { return Meant::Neither };
    let edits = Edits { base: words(base), sides: [words(first), words(second)] };
    let of_way = |way: &Way| {
        let [firsts, seconds] = edits.hunks(*way);
        let read = |reach| edits.reads(&edits.passages([&firsts, &seconds], reach), page).0;
        match REACHES.map(read).into_iter().min() {
            Some(Meant::One) if !is_told(&edits, &seconds, page, &merged.alternatives) => {
                Meant::Neither
            }
            found => found.unwrap_or(Meant::Neither),
        }
    };
    WAYS.iter().map(of_way).min().unwrap_or(Meant::Neither)
}

/// A passage that cannot be read on a page: what it was, what each made of it, and the page there.
/// That of the way in which the page is read furthest.
pub fn unread(base: &str, [first, second]: [&str; 2], page: &str) -> Option<[String; 4]> {
    let edits = Edits { base: words(base), sides: [words(first), words(second)] };
    let of_way = |way: &Way| {
        let hunks = edits.hunks(*way);
        let of_reach = |reach| {
            let mut passages = edits.passages([&hunks[0], &hunks[1]], reach);
            let (_, which, from) = edits.reads(&passages, page);
            let passage = (which < passages.len()).then(|| passages.swap_remove(which))?;
            Some((from, passage))
        };
        REACHES.into_iter().filter_map(of_reach).max_by_key(|(from, _)| *from)
    };
    let furthest = WAYS.iter().filter_map(of_way).max_by_key(|(from, _)| *from);
    let (from, passage) = furthest?;
    let was = edits.base[passage.hull.clone()].concat();
    let [first, second] = [0, 1].map(|side| edits.made(&passage, side));
    let rest = page[from..].chars().take(SHOWN).collect();
    Some([was, first, second, rest])
}

/// Whether each word that the second edit inserted is on the page or at hand.
fn is_told(edits: &Edits<'_>, seconds: &[Hunk], page: &str, alternatives: &[String]) -> bool {
    let texts = alternatives.iter().map(String::as_str).chain([page]);
    let there: BTreeSet<&str> = texts.flat_map(words).collect();
    let mut inserted = seconds.iter().flat_map(|hunk| &edits.sides[1][hunk.new.clone()]);
    !alternatives.is_empty() && inserted.all(|word| !is_word(word) || there.contains(word))
}

impl Edits<'_> {
    fn hunks(&self, way: Way) -> [Vec<Hunk>; 2] {
        [0, 1].map(|side| hunks_by(way, &self.base, &self.sides[side]))
    }

    fn passages(&self, of: [&[Hunk]; 2], reach: Reach) -> Vec<Passage> {
        let mut all: Vec<(usize, &Hunk)> = of[0].iter().map(|hunk| (0, hunk)).collect();
        all.extend(of[1].iter().map(|hunk| (1, hunk)));
        all.sort_by_key(|(side, hunk)| (hunk.old.start, hunk.old.end, *side));
        let mut found: Vec<Passage> = Vec::new();
        for (side, hunk) in all {
            let is_one = |last: &&mut Passage| {
                let (end, start) = (last.hull.end, hunk.old.start);
                let between = self.base.get(end..start).unwrap_or_default();
                let line = !between.iter().any(|word| word.contains('\n'));
                // Which white space of a gap went, nobody can tell.
                let white = |hunk: &Hunk, side: usize| self.is_white(slice::from_ref(hunk), side);
                let gap = between.iter().all(|word| is_white(word));
                let gap = gap && (white(hunk, side) || last.is_white(self));
                match reach {
                    Reach::Touching => start <= end || gap,
                    Reach::FewWords => line && between.iter().filter(|w| is_word(w)).count() <= FEW,
                    Reach::Line => line,
                }
            };
            if let Some(last) = found.last_mut().filter(is_one) {
                last.hull.end = last.hull.end.max(hunk.old.end);
                last.sides[side].push(hunk.clone());
            } else {
                let mut sides = [Vec::new(), Vec::new()];
                sides[side].push(hunk.clone());
                found.push(Passage { hull: hunk.old.clone(), sides });
            }
        }
        found
    }

    /// Whether a page is what stays of the base with what may stand in each passage. What stands
    /// of the second edit within a few words of what is left out of it is a mixture of both.
    /// With it, where it cannot be read: the passage, and the place on the page.
    fn reads(&self, passages: &[Passage], page: &str) -> (Meant, usize, usize) {
        let mut reached = BTreeSet::from([Reached::default()]);
        let mut at = 0;
        for (which, passage) in passages.iter().enumerate() {
            let from = reached.iter().map(|it| it.page).max().unwrap_or(0);
            let kept = self.base[at..passage.hull.start].concat();
            let options = self.options(passage);
            let next = |reached: &Reached| {
                let rest = page[reached.page..].strip_prefix(&kept)?;
                let fitting = options.iter().filter(|(text, _)| rest.starts_with(text));
                let page = reached.page + kept.len();
                let next = fitting.filter_map(|(text, second)| {
                    self.goes_on(reached, passage, page + text.len(), *second)
                });
                Some(next.collect::<Vec<_>>())
            };
            reached = reached.iter().filter_map(next).flatten().collect();
            if reached.is_empty() {
                return (Meant::Neither, which, from);
            }
            at = passage.hull.end;
        }
        let rest = self.base[at..].concat();
        let read = |lacks| reached.iter().any(|it| it.lacks == lacks && page[it.page..] == rest);
        let meant = match (read(false), read(true)) {
            (true, _) => Meant::Both,
            (false, true) => Meant::One,
            (false, false) => Meant::Neither,
        };
        (meant, passages.len(), page.len())
    }

    /// How far a page is read with a passage more, if that makes no mixture.
    fn goes_on(
        &self,
        reached: &Reached,
        passage: &Passage,
        page: usize,
        second: Second,
    ) -> Option<Reached> {
        let near = |end: usize| {
            let between = self.base.get(end..passage.hull.start).unwrap_or_default();
            let line = !between.iter().any(|word| word.contains('\n'));
            line && between.iter().filter(|word| is_word(word)).count() <= FEW
        };
        let mixed = |(end, last): (usize, Second)| last != second && near(end);
        let lacks = reached.lacks || second == Second::LeftOut;
        match second {
            Second::NotAsked => Some(Reached { page, lacks, ..reached.clone() }),
            _ if reached.last.is_some_and(mixed) => None,
            _ => Some(Reached { page, lacks, last: Some((passage.hull.end, second)) }),
        }
    }

    /// What may stand in place of a passage, and what that says of the second edit.
    fn options(&self, passage: &Passage) -> Vec<(String, Second)> {
        let [first, second] = [0, 1].map(|side| self.made(passage, side));
        let of = |side: usize| !passage.sides[side].is_empty();
        if !of(1) || first == second {
            return vec![(first, Second::NotAsked)];
        }
        if !of(0) {
            return vec![(second, Second::Stands), (first, Second::LeftOut)];
        }
        let [white_first, white_second] =
            [0, 1].map(|side| self.is_white(&passage.sides[side], side));
        let has = white_second || holds(&first, &second);
        let mut options =
            vec![(first.clone(), if has { Second::NotAsked } else { Second::LeftOut })];
        if white_first || holds(&second, &first) {
            options.push((second, Second::Stands));
        }
        options.extend(self.both(passage).into_iter().map(|text| (text, Second::Stands)));
        options
    }

    /// Whether some hunks are about white space alone.
    fn is_white(&self, hunks: &[Hunk], side: usize) -> bool {
        hunks.iter().all(|hunk| {
            let mut all = self.base[hunk.old.clone()].iter();
            let mut came = self.sides[side][hunk.new.clone()].iter();
            all.all(|word| is_white(word)) && came.all(|word| is_white(word))
        })
    }

    /// What a side makes of a passage.
    fn made(&self, passage: &Passage, side: usize) -> String {
        let (mut text, mut at) = (String::new(), passage.hull.start);
        for hunk in &passage.sides[side] {
            text.extend(self.base[at..hunk.old.start].iter().copied());
            text.extend(self.sides[side][hunk.new.clone()].iter().copied());
            at = hunk.old.end;
        }
        text.extend(self.base[at..passage.hull.end].iter().copied());
        text
    }

    /// What becomes of a passage where both are made: what either deletes is gone, what each
    /// inserts stands. Nothing, where they put different things in place of the same words, or one
    /// put something less than a line into what the other one deleted.
    fn both(&self, passage: &Passage) -> Vec<String> {
        let [firsts, seconds] = &passage.sides;
        let meet = |one: &Hunk, two: &Hunk| {
            let shared = one.old.start.max(two.old.start) < one.old.end.min(two.old.end);
            let inside = |of: &Hunk, at: usize| of.old.start < at && at < of.old.end;
            let lines = |side: usize, hunk: &Hunk| {
                let text = self.sides[side][hunk.new.clone()].concat();
                text.starts_with('\n') || text.ends_with('\n') || self.fills_line(hunk)
            };
            shared && !(one.new.is_empty() && two.new.is_empty())
                || two.old.is_empty() && inside(one, two.old.start) && !lines(1, two)
                || one.old.is_empty() && inside(two, one.old.start) && !lines(0, one)
        };
        if firsts.iter().any(|one| seconds.iter().any(|two| meet(one, two))) {
            return Vec::new();
        }
        let mut made: Vec<String> = ["", " ", "\n"]
            .into_iter()
            .flat_map(|between| {
                [[0, 1], [1, 0]].map(|order| self.in_order(passage, order, between))
            })
            .collect();
        let [one, two] = [0, 1].map(|side| &self.sides[side]);
        let known: BTreeSet<&str> = self.base.iter().chain(one).chain(two).copied().collect();
        made.retain(|text| words(text).iter().all(|word| !is_word(word) || known.contains(word)));
        made.sort();
        made.dedup();
        made
    }

    /// Whether a change puts something into an empty line.
    fn fills_line(&self, hunk: &Hunk) -> bool {
        let at = hunk.old.start;
        let end = |word: Option<&&str>| word.is_none_or(|word| word.ends_with('\n'));
        let before = at.checked_sub(1).and_then(|before| self.base.get(before));
        hunk.old.is_empty() && end(before) && end(self.base.get(at))
    }

    /// Both, where insertions at one place stand in an order, and something between them.
    fn in_order(&self, passage: &Passage, order: [usize; 2], between: &str) -> String {
        let mut text = String::new();
        for at in passage.hull.start..=passage.hull.end {
            let comes = |side: usize| {
                let here = passage.sides[side].iter().find(|hunk| hunk.old.start == at);
                here.map_or(String::new(), |hunk| self.sides[side][hunk.new.clone()].concat())
            };
            let [one, two] = order.map(comes);
            let apart = !one.is_empty() && !two.is_empty();
            // What filled an empty line that is gone is a line of its own.
            let fills = |side: usize| {
                let here = passage.sides[side].iter().find(|hunk| hunk.old.start == at);
                here.is_some_and(|hunk| self.fills_line(hunk))
            };
            let line = (fills(0) || fills(1)) && !text.is_empty() && !text.ends_with('\n');
            text += if line { "\n" } else { "" };
            text += &one;
            text += if apart { between } else { "" };
            text += &two;
            let gone = passage.sides.iter().flatten().any(|hunk| hunk.old.contains(&at));
            if at < passage.hull.end && !gone {
                text += self.base[at];
            }
        }
        text
    }
}

/// Whether a text has all words of another one, one behind the other.
fn holds(long: &str, short: &str) -> bool {
    let of = |text| -> Vec<&str> { words(text).into_iter().filter(|it| !is_white(it)).collect() };
    let (long, short) = (of(long), of(short));
    short.iter().any(|word| is_word(word)) && long.windows(short.len()).any(|it| it == short)
}
