//! What two edits of one text may come to, told by words and without the engine.
//!
//! Where one of them alone changed something, its change stands. Where both did, the page may show
//! what both made of it, if that can be done; what the one made that holds the other's whole; or
//! what the first one made, if the other's words are at hand. Nothing else may stand there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::slice;

use crate::mergers::Merged;
use crate::words::{Hunk, hunks, is_white, is_word, words};

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

pub fn meant(base: &str, [first, second]: [&str; 2], merged: &Merged) -> Meant {
    let Some(page) = &merged.text else { return Meant::Neither };
    let edits = Edits { base: words(base), sides: [words(first), words(second)] };
    let [firsts, seconds] = [0, 1].map(|side| hunks(&edits.base, &edits.sides[side]));
    let told = || is_told(&edits, &seconds, page, &merged.alternatives);
    let reach = [Reach::Touching, Reach::FewWords, Reach::Line].into_iter();
    let found = reach.map(|reach| {
        let passages = edits.passages([&firsts, &seconds], reach);
        edits.reads(&passages, page)
    });
    match found.min() {
        Some(Meant::One) if !told() => Meant::Neither,
        found => found.unwrap_or(Meant::Neither),
    }
}

/// Whether each word that the second edit inserted is on the page or at hand.
fn is_told(edits: &Edits<'_>, seconds: &[Hunk], page: &str, alternatives: &[String]) -> bool {
    let texts = alternatives.iter().map(String::as_str).chain([page]);
    let there: BTreeSet<&str> = texts.flat_map(words).collect();
    let mut inserted = seconds.iter().flat_map(|hunk| &edits.sides[1][hunk.new.clone()]);
    !alternatives.is_empty() && inserted.all(|word| !is_word(word) || there.contains(word))
}

impl Edits<'_> {
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
                    Reach::FewWords => line && between.iter().filter(|w| is_word(w)).count() <= 3,
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

    /// Whether a page is what stays of the base with what may stand in each passage.
    fn reads(&self, passages: &[Passage], page: &str) -> Meant {
        // Where the page may be read to, and whether something of the second edit was left out.
        let mut reached = BTreeSet::from([(0, false)]);
        let mut at = 0;
        for passage in passages {
            let kept = self.base[at..passage.hull.start].concat();
            let options = self.options(passage);
            let next = |(from, lacks): &(usize, bool)| {
                let rest = page[*from..].strip_prefix(&kept)?;
                let from = from + kept.len();
                let fitting = options.iter().filter(|(text, _)| rest.starts_with(text));
                let next = fitting.map(|(text, meant)| (from + text.len(), lacks | !meant));
                Some(next.collect::<Vec<_>>())
            };
            reached = reached.iter().filter_map(next).flatten().collect();
            at = passage.hull.end;
        }
        let rest = self.base[at..].concat();
        let read = |lacks| reached.iter().any(|it| it.1 == lacks && page[it.0..] == rest);
        match (read(false), read(true)) {
            (true, _) => Meant::Both,
            (false, true) => Meant::One,
            (false, false) => Meant::Neither,
        }
    }

    /// What may stand in place of a passage, and whether that is what both meant.
    fn options(&self, passage: &Passage) -> Vec<(String, bool)> {
        let [first, second] = [0, 1].map(|side| self.made(passage, side));
        let of = |side: usize| !passage.sides[side].is_empty();
        if !of(1) || first == second {
            return vec![(first, true)];
        }
        if !of(0) {
            return vec![(second, true), (first, false)];
        }
        let [white_first, white_second] =
            [0, 1].map(|side| self.is_white(&passage.sides[side], side));
        let mut options = vec![(first.clone(), white_second || holds(&first, &second))];
        if white_first || holds(&second, &first) {
            options.push((second, true));
        }
        options.extend(self.both(passage).into_iter().map(|text| (text, true)));
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
                text.starts_with('\n') || text.ends_with('\n')
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
