//! A passage that two edits may both touch, and what can be said of it.

use std::ops::Range;

use super::edit::{Edit, Kind};
use super::lines::{begins_line, ends_line, first_section};
use super::outcome::Own;
use super::versions::{are_versions_of_one, holds, is_put_anew, repeat};
use crate::words;

/// Signs that keep items of one line, parameters and sources apart: they are put before each.
const BEFORE_EACH: [char; 8] = [',', ';', '|', '<', '、', '，', '；', '·'];

/// Words that may stand unchanged between two changes of one edit that are one passage.
const NEAR: usize = 3;

/// Bytes on either side of a place in which the ends of a word are looked for that a view ran
/// together.
const RAN_TOGETHER: usize = 64;

/// Edits of both sides that hang together, in the order of the base.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage<'a> {
    pub(super) firsts: Vec<Edit<'a>>,
    pub(super) seconds: Vec<Edit<'a>>,
    /// Whether the page can have one edit's version of it only: the second one changed a line of
    /// which the first one shows another version, or put signs around something beside which those
    /// of the first one cannot be.
    pub(super) is_one: bool,
}

/// What one of several put in the place where the second edit puts something.
pub(super) enum Part {
    /// It is the same, or holds that.
    Holds,
    /// That holds it: what comes of the place then.
    IsHeld(String),
    /// The two are versions of one.
    IsAlike,
}

impl<'a> Passage<'a> {
    pub(super) fn of(second: bool, edit: Edit<'a>) -> Self {
        let mut passage = Self::default();
        passage.add(second, edit);
        passage
    }

    pub(super) fn add(&mut self, second: bool, edit: Edit<'a>) {
        if second { self.seconds.push(edit) } else { self.firsts.push(edit) }
    }

    /// When the author of the second edit made all that the first one did here; `None` where others
    /// had part in it.
    pub(super) fn firsts_own(&self) -> Option<Own> {
        let own = |edit: &Edit<'_>| match edit.kind {
            Kind::Own(when) => Some(when),
            _ => None,
        };
        self.firsts.iter().map(own).collect::<Option<Vec<Own>>>()?.into_iter().max()
    }

    /// Adds what comes next.
    pub(super) fn join(&mut self, next: Self) {
        self.firsts.extend(next.firsts);
        self.seconds.extend(next.seconds);
        self.is_one |= next.is_one;
    }

    /// The bytes of the base from the first edit to the last.
    pub(super) fn hull(&self) -> Range<usize> {
        let all = || self.firsts.iter().chain(&self.seconds);
        let start = all().map(|edit| edit.range.start).min().unwrap_or(0);
        let end = all().map(|edit| edit.range.end).max().unwrap_or(0);
        start..end
    }

    /// What the first edit makes of it,
    pub(super) fn first(&self, base: &str) -> String {
        self.edited(base, &self.firsts, |edit| edit.text)
    }

    /// the same without what the second one changed in text that the first one moved,
    pub(super) fn first_was(&self, base: &str) -> String {
        self.edited(base, &self.firsts, |edit| edit.was)
    }

    /// and what the second one does.
    pub(super) fn second(&self, base: &str) -> String {
        self.edited(base, &self.seconds, |edit| edit.text)
    }

    /// The same, without what it leaves as it was and the first one has in another hunk of these.
    pub(super) fn second_without(&self, base: &str, elsewhere: &[(Range<usize>, u32)]) -> String {
        let hull = self.hull();
        let kept = |of: &Range<usize>| {
            let shares = |it: &Edit<'_>| it.range.start < of.end && of.start < it.range.end;
            let mut changed = self.seconds.iter().filter(|edit| !edit.is_insertion());
            hull.start <= of.start && of.end <= hull.end && !changed.any(shares)
        };
        let of_others = |hunk: u32| self.firsts.iter().all(|first| first.index != hunk);
        let gone = elsewhere.iter().filter(|(of, hunk)| kept(of) && of_others(*hunk));
        let mut edits = self.seconds.clone();
        // What is put into it parts it.
        let parts = |of: &Range<usize>| {
            let puts = self.seconds.iter().map(|edit| edit.range.start);
            let within = puts.filter(|at| of.start < *at && *at < of.end);
            let starts: Vec<usize> = [of.start].into_iter().chain(within).collect();
            let ends = starts.iter().skip(1).copied().chain([of.end]).collect::<Vec<_>>();
            starts.into_iter().zip(ends).map(|(start, end)| start..end)
        };
        edits.extend(gone.flat_map(|(of, hunk)| {
            parts(of).map(|part| Edit::deletion(part, *hunk)).collect::<Vec<_>>()
        }));
        edits.sort_by_key(|edit| edit.place());
        edits.dedup_by(|next, before| next.range.start < before.range.end);
        self.edited(base, &edits, |edit| edit.text)
    }

    /// The same, of a text that its author had before them: words that only a view ran together
    /// nobody wrote, and where they are left so they are what the first edit made of them.
    pub(super) fn second_parted(&self, base: &str, elsewhere: &[(Range<usize>, u32)]) -> String {
        let mut text = self.second_without(base, elsewhere);
        let hull = &base[self.hull()];
        for first in &self.firsts {
            let Range { start, end } = first.range;
            let is_end = |at: &usize| words::is_boundary(base, *at);
            if is_end(&start) && is_end(&end) {
                continue;
            }
            let from = (start.saturating_sub(RAN_TOGETHER)..=start).rev().find(is_end);
            let to = (end..=base.len().min(end + RAN_TOGETHER)).find(is_end);
            let Some((from, to)) = from.zip(to) else { continue };
            let joined = &base[from..to];
            let mut kept = text.match_indices(joined).map(|(at, _)| at);
            let (Some(at), None) = (kept.next(), kept.next()) else { continue };
            let is_whole = |at: usize| words::is_boundary(&text, at);
            if is_whole(at) && is_whole(at + joined.len()) && hull.matches(joined).count() == 1 {
                let parted = [&base[from..start], first.text, &base[end..to]].concat();
                text.replace_range(at..at + joined.len(), &parted);
            }
        }
        text
    }

    fn edited(&self, base: &str, edits: &[Edit<'a>], to: impl Fn(&Edit<'a>) -> &'a str) -> String {
        let hull = self.hull();
        let (mut text, mut at) = (String::new(), hull.start);
        for edit in edits {
            text.push_str(&base[at..edit.range.start]);
            text.push_str(to(edit));
            at = edit.range.end;
        }
        text.push_str(&base[at..hull.end]);
        text
    }

    /// Whether some edit puts the end of a line.
    pub(super) fn has_line_ends(&self) -> bool {
        self.firsts.iter().chain(&self.seconds).any(|edit| edit.text.contains('\n'))
    }

    /// Where in what the first edit makes of it stood what somebody took away, if all that the edit
    /// puts there is put beside that by others.
    pub(super) fn place_of_gone(&self) -> Option<u32> {
        let [first] = &self.firsts[..] else { return None };
        let place = first.apart.filter(|_| first.range == self.hull())?;
        // What is carried into its text leaves nothing to say of places in it.
        let is_as_made = first.text == first.was && first.text.is_char_boundary(place);
        u32::try_from(place).ok().filter(|_| is_as_made)
    }

    /// Whether edits of it are about nothing but white space.
    pub(super) fn is_white(&self, base: &str, edits: &[Edit<'_>]) -> bool {
        edits.iter().all(|edit| edit.is_white(base))
    }

    /// Whether a merge of characters keeps white space that edits of it change beside others: line
    /// ends that somebody trims at the end of the text, unless others write on both sides of them,
    /// and white space that comes.
    pub(super) fn keeps_white(&self, base: &str, edits: &[Edit<'_>], others: &[Edit<'_>]) -> bool {
        let puts = |edit: &&Edit<'_>| !edit.text.trim().is_empty();
        let last = others.iter().rfind(puts).map_or(0, |other| other.range.start);
        let behind = |edit: &Edit<'_>| edit.range.end <= last;
        let within = |other: &Edit<'_>| {
            let Range { start, end } = other.range;
            let before = |edit: &&Edit<'_>| end <= edit.range.start && puts(&other);
            edits.iter().any(|edit| edit.range.start < start && start < edit.range.end)
                || edits.iter().filter(before).any(behind)
        };
        let hull = self.hull();
        let at_end = hull.end == base.len() && base[hull].contains('\n');
        at_end && !others.iter().any(within) || edits.iter().all(Edit::is_insertion)
    }

    /// The two edits, if each side has one, of the same bytes.
    fn in_one_place(&self) -> Option<(&Edit<'a>, &Edit<'a>)> {
        match (&self.firsts[..], &self.seconds[..]) {
            ([first], [second]) if first.range == second.range => Some((first, second)),
            _ => None,
        }
    }

    /// Whether the second one holds the first one whole, or the other way round, where both put
    /// something in the same place, or the one beside what the other replaces. Who put the same in
    /// place of white space has it, too, where the other one kept that.
    pub(super) fn larger(&self, base: &str) -> Option<bool> {
        if let ([first], [second]) = (&self.firsts[..], &self.seconds[..]) {
            let keeps = |one: &Edit<'_>, two: &Edit<'_>| {
                let white = base[two.range.clone()].trim().is_empty();
                white && two.holds_beside(one) && one.text.trim() == two.text.trim()
            };
            if keeps(first, second) || keeps(second, first) {
                return Some(keeps(second, first));
            }
            if first.holds_beside(second) {
                return Some(false);
            }
            if second.holds_beside(first) {
                return Some(true);
            }
        }
        let (first, second) = self.in_one_place()?;
        // The end of the text ends a line: what stands alone in the last one is a whole line.
        let begin = first.range.start;
        let alone = base[..begin].ends_with('\n') && first.range.end == base.len();
        let line = |text: &str| format!("{}\n", text.trim_end_matches('\n'));
        let is_in = |long: &str, short: &str| {
            holds(long, short) || alone && holds(&line(long), &line(short))
        };
        if is_in(second.text, first.text) {
            return Some(true);
        }
        is_in(first.text, second.text).then_some(false)
    }

    /// What comes of it where the author of the second edit put something there before, in the same
    /// place, all of it (`own`) or a part, and thought again; and when that was. Two insertions are
    /// so only if they are mostly the same: two replies are two.
    pub(super) fn with_second_thought(&self, own: Option<Own>) -> Option<(Own, String)> {
        let (first, second) = self.in_one_place()?;
        let all = own.map(|when| (when, 0..first.text.len()));
        let part = first.own_part.as_ref().map(|of| (of.when, of.part.clone()));
        let (when, part) = all.or(part)?;
        let (start, end) = (part.start, part.end);
        let put = first.text.get(part).filter(|put| !put.is_empty())?;
        let anew = match first.is_insertion() {
            true => is_put_anew(put, second.text),
            false => own.is_none(),
        };
        anew.then(|| (when, [&first.text[..start], second.text, &first.text[end..]].concat()))
    }

    /// What one of several who put something in one place put there, if that is about what the
    /// second edit puts.
    pub(super) fn part_of_several(&self) -> Option<Part> {
        let (first, second) = self.in_one_place().filter(|(first, _)| first.is_insertion())?;
        let put = |part: &Range<usize>| first.text.get(part.clone()).unwrap_or_default();
        let parts = || first.parts.iter().filter(|part| words::has_word(put(part)));
        if parts().any(|part| holds(put(part), second.text)) {
            return Some(Part::Holds);
        }
        let held: Vec<&Range<usize>> = parts().filter(|it| holds(second.text, put(it))).collect();
        // What others put beside it stays apart from it only where it begins and ends alike.
        let fits = held.first().is_some_and(|part| end_alike(put(part), second.text));
        if !held.is_empty() && !fits {
            return Some(Part::IsAlike);
        }
        if let [instead, ..] = held[..] {
            let (mut text, mut at) = (String::new(), 0);
            for part in &held {
                text.push_str(&first.text[at..part.start]);
                text.push_str(if *part == instead { second.text } else { "" });
                at = part.end;
            }
            text.push_str(&first.text[at..]);
            return Some(Part::IsHeld(text));
        }
        let alike = parts().any(|part| are_versions_of_one(put(part), second.text));
        alike.then_some(Part::IsAlike)
    }

    /// Whether two insertions at one place would become one word or one line in one order or the
    /// other, or stand in another section: a merge by characters knows none.
    pub(super) fn has_order(&self, base: &str) -> bool {
        let alike = |one: &str, two: &str| {
            one.starts_with('\n') == two.starts_with('\n')
                && one.ends_with('\n') == two.ends_with('\n')
                && one.contains('\n') == two.contains('\n')
        };
        self.in_one_place().is_some_and(|(Edit { range, text: one, .. }, two)| {
            let any = are_apart(one, two.text) && are_apart(two.text, one) && alike(one, two.text);
            let turned = [[one, two.text], [two.text, one]];
            let by_section = |texts: &[&str; 2]| sections_last(base, range.start, *texts).is_some();
            range.is_empty() && (!any || turned.iter().any(by_section))
        })
    }

    /// What two insertions within a line come to, that of one side first; `None` where these are
    /// not two such, apart by white space in that order.
    pub(super) fn inserted_first(&self, base: &str, second: bool) -> Option<String> {
        let (first, other) = self.in_one_place()?;
        let (one, two) = if second { (other, first) } else { (first, other) };
        let white = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let apart = white(one.text.chars().next_back()) || white(two.text.chars().next());
        let alone = one.fills_line(base) && two.fills_line(base);
        let within = !alone && !one.text.contains('\n') && !two.text.contains('\n');
        let fits = first.is_insertion() && within && apart;
        fits.then(|| [one.text, two.text].concat())
    }

    /// What comes of doing both, where that is possible: deletions, and insertions that stay apart.
    pub(super) fn both(&self, base: &str, creates: bool) -> Option<String> {
        if let Some((first, second)) = self.in_one_place()
            && first.is_insertion()
        {
            // Two different texts of one new page are two versions of it.
            return both_inserted(base, first, second).filter(|_| !creates);
        }
        let all = || self.firsts.iter().chain(&self.seconds);
        let deletions = all().all(|edit| edit.text.is_empty());
        let last = all().map(Edit::place).max();
        let lines = || all().all(|edit| is_whole_lines(base, edit, Some(edit.place()) == last));
        if !deletions && !lines() {
            return None;
        }
        // Two that each put something in place of the same lines are a conflict.
        let replaces = |edit: &&Edit<'_>| !edit.is_insertion() && !edit.text.is_empty();
        let replaced = |edits: &[Edit<'_>]| edits.iter().any(|edit| replaces(&edit));
        if replaced(&self.firsts) && replaced(&self.seconds) {
            return None;
        }
        // Who replaces lines that the other one deletes, too.
        let deletes = |edits: &[Edit<'_>]| edits.iter().any(|edit| !edit.is_insertion());
        if replaced(&self.firsts) && deletes(&self.seconds)
            || replaced(&self.seconds) && deletes(&self.firsts)
        {
            return None;
        }
        // What both put there would stand there twice.
        let twice = |first: &Edit<'_>| {
            let near = |it: &&Edit<'_>| first.touches(it);
            self.seconds.iter().filter(near).any(|it| repeat(first.text, it.text))
        };
        if self.firsts.iter().any(twice) {
            return None;
        }
        // Two deletions of which one might as well stand elsewhere may have kept the same.
        let shifted = |first: &Edit<'_>| {
            self.seconds.iter().any(|it| {
                first.crosses(it) && [first, it].map(|it| it.may_slide(base)) != [false; 2]
            })
        };
        if !lines() && self.firsts.iter().any(shifted) {
            return None;
        }
        let mut edits: Vec<&Edit<'_>> = all().collect();
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let hull = self.hull();
        let (mut text, mut at) = (String::new(), hull.start);
        for edit in edits {
            text.push_str(base.get(at..edit.range.start).unwrap_or_default());
            text.push_str(edit.text);
            at = at.max(edit.range.end);
        }
        text.push_str(&base[at..hull.end]);
        Some(text)
    }
}

/// Whether what stands between two changes is a few words of a line.
pub(super) fn is_near(between: &str) -> bool {
    !between.contains('\n') && words::bare(between).take(NEAR + 1).count() <= NEAR
}

/// What two insertions at one place come to, one after the other; `None` if that would be one thing
/// twice, or one word of both.
fn both_inserted(base: &str, first: &Edit<'_>, second: &Edit<'_>) -> Option<String> {
    if are_versions_of_one(first.text, second.text) {
        return None;
    }
    // Whole lines stand in front of what is written into the line that begins here, and behind what
    // is written at the end of the one that ends here.
    let (one, two) = (first.text, second.text);
    let (ends, begins) = (|text: &str| text.ends_with('\n'), |text: &str| text.starts_with('\n'));
    let at = first.range.start;
    let begin = begins_line(base, at);
    let end = ends_line(base, at);
    let lines = |text: &str| text.contains('\n');
    let turned = match (ends(one) != ends(two), begins(one) != begins(two)) {
        (false, false) if !lines(one) && !lines(two) => is_sign_beside(two, one),
        (false, false) if lines(one) == lines(two) || begin == end => false,
        // What goes on in this line, and then in others, is farther from it than what is in it.
        (false, false) => lines(one) == end,
        // Where a line begins what ends one is in front, whatever it begins with.
        _ if begin && !end => ends(two) && !ends(one),
        _ => ends(two) && !ends(one) || begins(one) && !begins(two),
    };
    let (one, two) = if turned { (two, one) } else { (one, two) };
    if let Some(text) = sections_last(base, at, [one, two]) {
        return Some(text);
    }
    let apart = are_apart(one, two);
    let lines_apart = ends(one) || begins(two);
    // The last line of the one would be the beginning of the other one's first.
    if lines(one) && lines(two) && !lines_apart && begin != end {
        return None;
    }
    // Two that each wrote a line where an empty one was, or behind the last line's end.
    match (apart, begin && end) {
        (_, true) if !ends(one) => Some(format!("{one}\n{two}")),
        (true, _) => Some(format!("{one}{two}")),
        (false, _) => None,
    }
}

/// What two insertions of whole lines at one place come to where the first one begins a section
/// there, and the second one has lines of the section that goes on: these stand in front. `None`
/// where that is not so. O(both).
fn sections_last(base: &str, at: usize, texts: [&str; 2]) -> Option<String> {
    let (begin, end) = (begins_line(base, at), ends_line(base, at));
    let whole = |text: &&str| match begin {
        true => end || text.ends_with('\n'),
        false => end && text.starts_with('\n'),
    };
    if !texts.iter().all(whole) {
        return None;
    }
    let [(one, sections), (two, others)] =
        texts.map(|text| text.split_at(first_section(text, begin)));
    if sections.is_empty() || !words::has_word(two) {
        return None;
    }
    let mut made = String::new();
    for part in [one, two, sections, others].into_iter().filter(|part| !part.is_empty()) {
        // The end of the text ends a line, too.
        let open = begin && !made.is_empty() && !made.ends_with('\n');
        made.push_str(if open { "\n" } else { "" });
        made.push_str(part);
    }
    Some(made)
}

/// Whether two texts both begin, and both end, with a line's end, other white space, or neither.
fn end_alike(one: &str, two: &str) -> bool {
    let kind = |c: Option<char>| c.map(|c| (c == '\n', c.is_whitespace()));
    let ends = |text: &str| (kind(text.chars().next()), kind(text.chars().next_back()));
    ends(one) == ends(two)
}

/// Whether what ends the first one, or begins the second one, keeps them apart.
fn are_apart(one: &str, two: &str) -> bool {
    let white = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let item = |text: &str| words::has_word(text) && text.starts_with(BEFORE_EACH);
    white(one.chars().next_back()) || white(two.chars().next()) || item(one) && item(two)
}

/// Whether the first one is a sign that ends what stands before it, or the second one such that
/// begins what stands behind it: the other one is not within what they are put around.
fn is_sign_beside(one: &str, two: &str) -> bool {
    let white = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let sign = |text: &str| !words::has_word(text) && !text.contains(char::is_whitespace);
    sign(one) && !sign(two) && white(two.chars().next())
        || sign(two) && !sign(one) && white(one.chars().next_back())
}

/// Whether an edit takes and puts whole lines. The end of the text ends the last one, where nothing
/// comes behind it.
fn is_whole_lines(base: &str, edit: &Edit<'_>, last: bool) -> bool {
    let edge = |at: usize| at == base.len() || begins_line(base, at);
    let at_end = last && edit.range.end == base.len();
    let whole = edit.text.is_empty() || edit.text.ends_with('\n') || at_end;
    // What is written behind the last line, where that has no end, goes on with it.
    let open = !base.is_empty() && !base.ends_with('\n');
    let goes_on = open && edit.range.start == base.len() && !edit.text.starts_with('\n');
    edge(edit.range.start) && edge(edit.range.end) && whole && !goes_on
}

impl Edit<'_> {
    /// Whether it puts in place of something what the other one inserts right before or behind
    /// that, and more.
    pub(super) fn holds_beside(&self, other: &Edit<'_>) -> bool {
        let beside = |at: usize| other.range == (at..at);
        let (long, short) = (self.text.trim(), other.text.trim());
        let replaces = !self.is_insertion() && !short.is_empty() && long.len() >= short.len();
        let begins = || long.starts_with(short) && words::is_boundary(long, short.len());
        let ends = || long.ends_with(short) && words::is_boundary(long, long.len() - short.len());
        replaces && (beside(self.range.start) && begins() || beside(self.range.end) && ends())
    }
}
