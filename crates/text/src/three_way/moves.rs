//! Lines that one edit takes from one place to another, and what the other one changed in them.
//!
//! The changes go along. May assume nothing. Must never guess: where a text went is said only of
//! one that goes once and comes once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::again::PutAgain;
use super::edit::{Edit, Kind};
use super::lines::{bare_lines, begins_line, ends_line, is_heading, is_lines};
use super::outcome::Own;
use crate::words;

/// Shortest line of what goes with more that counts as moved by itself, in bytes.
const LINE: usize = 8;

/// Shortest part of a line that is followed, in bytes.
const LEAST: usize = 3;

/// Bytes of what comes that are looked through for what goes, in all; and texts that are followed.
/// Where there is more, none is: an edit of a whole page moves nothing that others could follow.
pub(super) const SEARCHED: usize = 4 << 20;
pub(super) const FOLLOWED: usize = 256;

/// The end of a line, and an empty one.
const EMPTY_LINE: &str = "\n\n";

/// A change of one edit that goes along with text that the other one moved.
#[derive(Clone, Debug)]
pub(super) struct Carried<'a> {
    /// Which hunk it is.
    pub(super) index: u32,
    /// The hunk of the other edit that put the text where it is,
    pub(super) mover: u32,
    /// which part of it, by what that replaces,
    onto: Range<usize>,
    /// what of that it replaces,
    pub(super) at: Range<usize>,
    /// and by what.
    pub(super) text: &'a str,
    /// What is between it and the last line there, where these are lines below that.
    below: Option<&'static str>,
    /// Where it was made, in the text that both edits are of.
    pub(super) of: Range<usize>,
}

impl Carried<'_> {
    /// Whether it is a part of an edit of the same text.
    pub(super) fn is_within(&self, edit: &Edit<'_>) -> bool {
        edit.range.start <= self.of.start && self.of.end <= edit.range.end
    }
}

/// A text that goes from one place to another.
pub(super) struct Move<'a> {
    pub(super) from: Range<usize>,
    /// The same without white space around it.
    bare: Range<usize>,
    pub(super) to: &'a Edit<'a>,
    /// Where in what comes there.
    at: usize,
    /// Whether it is known for one, and was not looked for.
    is_known: bool,
}

impl Move<'_> {
    /// Whether the author of the other edit moved it, before they thought again.
    fn is_own(&self) -> bool {
        matches!(self.to.kind, Kind::Own(Own::Earlier | Own::AtOnce))
    }

    /// Whether what both edits did there is not the same change for that.
    fn is_certain(&self) -> bool {
        self.is_known || self.is_own()
    }

    /// Whether a part of it stands in a line with something else where it came to.
    fn joins_line(&self, part: &Range<usize>) -> bool {
        let text = self.to.text;
        let at = part.start - self.from.start + self.at;
        let end = at + part.len();
        !begins_line(text, at) || !ends_line(text, end) && !begins_line(text, end)
    }

    /// What is between it and lines that an edit adds below it: right below, where nothing follows
    /// but an empty line (an answer), or as the last paragraph of a section.
    fn below(&self, base: &str, edit: &Edit<'_>) -> Option<&'static str> {
        let (at, last) = (edit.range.start, self.bare.end);
        let white =
            base.get(last..at).filter(|_| edit.is_insertion() && is_lines(base, &self.bare));
        let ends = edit.text.ends_with('\n') && !edit.text.trim_end().is_empty();
        let white = white.filter(|_| ends)?;
        // What is put may begin with the empty line, or end with it.
        let leads = edit.text.starts_with('\n');
        let empty = ends_line(base, at);
        match white {
            "\n" if !leads && empty => Some("\n"),
            "\n" if leads && empty && self.ends_with(base, edit) => Some(EMPTY_LINE),
            EMPTY_LINE if !leads && edit.text.ends_with(EMPTY_LINE) => {
                self.ends_with(base, edit).then_some(EMPTY_LINE)
            }
            _ => None,
        }
    }

    /// Whether it is a section, and what an edit puts behind it a part of one.
    fn ends_with(&self, base: &str, edit: &Edit<'_>) -> bool {
        let begins = base[self.bare.clone()].lines().next().is_some_and(is_heading);
        begins && !edit.text.lines().any(is_heading)
    }

    /// What a change of it replaces of the text that comes. Lines that are put before its first
    /// words, or behind its last ones, are put around the whole line that these stand in there;
    /// `None` where they cannot, or where what becomes lines has other words beside it there.
    fn place(&self, base: &str, edit: &Edit<'_>) -> Option<Range<usize>> {
        let place = |at: usize| at - self.from.start + self.at;
        let at = place(edit.range.start)..place(edit.range.end);
        let (first, last) = (self.bare.start, self.bare.end);
        let lines = edit.text.contains('\n');
        let leads =
            lines && (edit.range.start == first || edit.splits_line_from(base) == Some(first));
        let trails = lines && edit.range.end == last;
        let (text, to) = (self.to.text, &self.to.range);
        let before = || match text[..place(first)].rfind('\n') {
            None => begins_line(base, to.start).then_some(0),
            Some(end) => Some(end + 1),
        };
        let behind = || match text[place(last)..].find('\n') {
            None => ends_line(base, to.end).then_some(text.len()),
            Some(more) => Some(place(last) + more),
        };
        if self.below(base, edit).is_some() {
            return behind().map(|at| at..at);
        }
        let start = if leads { before()? } else { place(first) };
        let end = if trails { behind()? } else { place(last) };
        match edit.is_insertion() {
            _ if (start..end) == (place(first)..place(last)) => Some(at),
            true if edit.range.start == first => Some(start..start),
            true if edit.range.end == last => Some(end..end),
            _ => None,
        }
    }
}

/// Whether two changes go along that replace the same of what one hunk inserts: what comes of both
/// there nobody can tell, and none does. They are in the order of where they went.
pub(super) fn overlap(carried: &[Carried<'_>]) -> bool {
    let onto = |it: &Carried<'_>| (it.mover, it.onto.clone());
    carried.windows(2).any(|two| onto(&two[0]) == onto(&two[1]) && two[0].at.end > two[1].at.start)
}

/// What an edit inserts, with what goes along with it.
pub(super) fn with_carried(movers: &[Edit<'_>], carried: &[Carried<'_>]) -> Vec<String> {
    let with = |edit: &Edit<'_>| {
        let mut text = edit.text.to_owned();
        let is_own = |it: &&Carried<'_>| it.mover == edit.index && it.onto == edit.range;
        let own = carried.iter().rev().filter(is_own);
        for Carried { at, text: more, below, .. } in own {
            match below {
                Some(below) => {
                    let more = if *below == EMPTY_LINE { more.trim_matches('\n') } else { more };
                    let more = more.strip_suffix('\n').unwrap_or(more);
                    text.insert_str(at.start, &[below, more].concat());
                }
                None => text.replace_range(at.clone(), more),
            }
        }
        text
    };
    movers.iter().map(with).collect()
}

/// The hunks by which an edit takes lines elsewhere: the one that takes some and the one that puts
/// them, and where the lines stood.
pub(super) type Links = BTreeMap<(u32, u32), Vec<Range<usize>>>;

/// Those of lines that go once and come once, with the same words. O(what goes and comes).
pub(super) fn places(base: &str, movers: &[Edit<'_>]) -> Links {
    let mut links = Links::new();
    for [(from, at), (to, _)] in gone_and_come(base, movers) {
        links.entry((from, to)).or_default().push(at);
    }
    links.values_mut().for_each(|lines| lines.sort_by_key(|line| line.start));
    links
}

/// Such lines that come as they went, without white space around them: where they stood, and where
/// they stand in the text after the edit; but for what the author of the other edit moved. In the
/// order of the base. O(what goes and comes).
pub(super) fn moved_lines(base: &str, movers: &[Edit<'_>]) -> Vec<(Range<usize>, usize)> {
    let of_others = movers.iter().zip(starts(movers));
    let of_others = of_others.filter(|(edit, _)| !matches!(edit.kind, Kind::Own(_)));
    let comes: HashMap<u32, (usize, &str)> =
        of_others.map(|(edit, start)| (edit.index, (start, edit.text))).collect();
    let moved = gone_and_come(base, movers).into_iter().filter_map(|[(_, from), (to, at)]| {
        let (start, text) = comes.get(&to)?;
        (base[from.clone()] == text[at.clone()]).then_some((from, start + at.start))
    });
    let mut moved: Vec<(Range<usize>, usize)> = moved.collect();
    moved.sort_by_key(|(from, _)| from.start);
    moved
}

/// Lines that go once and come once, with the same words: in which hunk, and where in the base and
/// in what that hunk puts.
pub(super) fn gone_and_come(base: &str, movers: &[Edit<'_>]) -> Vec<[(u32, Range<usize>); 2]> {
    let goes = movers.iter().map(|edit| (edit.index, &base[edit.range.clone()], edit.range.start));
    let comes = movers.iter().map(|edit| (edit.index, edit.text, 0));
    let (goes, comes) = (once(goes), once(comes));
    let both = goes.into_iter().filter_map(|(line, gone)| {
        let both = gone.zip(comes.get(&line).cloned().flatten());
        both.map(|(gone, came)| [gone, came]).filter(|[gone, came]| gone.0 != came.0)
    });
    both.collect()
}

/// Where what each hunk puts begins, in the text after the edit.
pub(super) fn starts(edits: &[Edit<'_>]) -> Vec<usize> {
    let mut shift = 0;
    let starts = edits.iter().map(|edit| {
        let at = edit.range.start as isize + shift;
        shift += edit.text.len() as isize - edit.range.len() as isize;
        at as usize
    });
    starts.collect()
}

/// The same edits, told of each whether it puts such a line in place of another one, or another one
/// in place of such a line; and whether it puts lines between others, and such a one among them.
pub(super) fn told<'a>(base: &str, mut edits: Vec<Edit<'a>>) -> Vec<Edit<'a>> {
    let tells = |edit: &Edit<'_>| words::telling(edit.text).next().is_some();
    let puts = |edit: &Edit<'_>| edit.replaces_line(base) && tells(edit);
    let comes = |edit: &Edit<'_>| edit.puts_lines(base) && tells(edit);
    let goes = |edit: &Edit<'_>| !edit.is_insertion();
    let in_place = edits.iter().any(puts);
    let beside = || edits.iter().any(goes) && edits.iter().any(comes);
    if edits.len() > 1 && (in_place || beside()) {
        let links = places(base, &edits).into_keys();
        let moved: BTreeSet<u32> = links.flat_map(|(from, to)| [from, to]).collect();
        let told = edits.iter_mut().filter(|edit| in_place || edit.puts_lines(base));
        told.for_each(|edit| edit.is_moved = moved.contains(&edit.index));
    }
    edits
}

/// The words of lines that have some, each with the hunk that the line is in, if that is one, and
/// where it is. Each text is given with where it begins.
fn once<'a>(
    texts: impl Iterator<Item = (u32, &'a str, usize)>,
) -> HashMap<Vec<&'a str>, Option<(u32, Range<usize>)>> {
    let mut found = HashMap::new();
    for (hunk, text, start) in texts {
        for line in bare_lines(text) {
            let words: Vec<&str> = words::telling(&text[line.clone()]).collect();
            if !words.is_empty() {
                let is_there = found.entry(words).and_modify(|there| *there = None);
                is_there.or_insert(Some((hunk, start + line.start..start + line.end)));
            }
        }
    }
    found
}

/// The lines that edits put somewhere, without white space around them.
fn lines_of<'a>(edits: &[Edit<'a>]) -> HashSet<&'a str> {
    edits.iter().flat_map(|edit| edit.text.lines()).map(str::trim).collect()
}

/// Whether all lines of a text are among others, but for white space around them.
fn are_among(lines: &str, others: &HashSet<&str>) -> bool {
    let mut lines = lines.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| others.contains(line))
}

/// The moves of the first edit that are known for what they are. O(edits and moves).
pub(super) fn known<'a>(base: &str, firsts: &'a [Edit<'a>], again: &[PutAgain]) -> Vec<Move<'a>> {
    let places = starts(firsts);
    let known = again.iter().filter_map(|it| {
        let (from, at) = (it.from.start as usize..it.from.end as usize, it.to as usize);
        let to = places.partition_point(|place| *place <= at).checked_sub(1)?;
        let (to, at) = (&firsts[to], at - places[to]);
        let text = &base[from.clone()];
        let start = from.start + text.len() - text.trim_start().len();
        let bare = start..start + text.trim().len();
        // The white space around it may be of what came there.
        let gone = firsts.partition_point(|edit| edit.range.end < bare.end);
        let taken = firsts.get(gone).filter(|edit| edit.range.start <= bare.start)?;
        let put = to.text.get(at..at + from.len()).filter(|_| to.index != taken.index);
        (put == Some(text)).then_some(Move { from, bare, to, at, is_known: true })
    });
    known.collect()
}

/// The changes of the second edit that go along with text that the first one moved, in the order of
/// where that went, and the others. Of what the first one moved this is `known`, the rest is
/// looked for.
pub(super) fn carry<'a>(
    base: &str,
    firsts: &[Edit<'_>],
    seconds: &[Edit<'a>],
    known: Vec<Move<'_>>,
) -> (Vec<Carried<'a>>, Vec<Edit<'a>>) {
    // What is known to have been made before has gone along by then.
    let is_new = |of: &Move<'_>, edit: &Edit<'_>| !edit.is_known() || of.is_own();
    let mut moves = with_known(moves(base, firsts, seconds), known);
    // Who takes it elsewhere has not deleted it.
    let keeps = |of: &Range<usize>| seconds.iter().any(|it| it.text.contains(&base[of.clone()]));
    let inside = |of: &Move<'_>, edit: &Edit<'_>| {
        let (whole, bare) = (&of.from, &of.bare);
        let within = |of: &Range<usize>| of.start <= edit.range.start && edit.range.end <= of.end;
        let all = edit.range.start <= bare.start && bare.end <= edit.range.end;
        // What is written at its edge, or white space there, may be of what stands beside it;
        // unless these are lines, and it is written on the first or the last of them.
        let at_edge = edit.is_insertion() && [bare.start, bare.end].contains(&edit.range.start);
        let on_line = match edit.range.start == bare.start {
            true => !edit.text.ends_with('\n'),
            false => !edit.text.starts_with('\n') && !edit.text.ends_with('\n'),
        };
        let beside = at_edge && !on_line;
        // What both did is no change of it but where the log alone moved it or one person did all.
        let place = firsts.binary_search_by_key(&edit.place(), Edit::place);
        let same = !of.is_certain() && place.is_ok_and(|at| firsts[at].text == edit.text);
        // A line that is there in place of another one stays one.
        let gone = &base[edit.range.clone()];
        let line = edit.text.is_empty() || gone.ends_with('\n') == edit.text.ends_with('\n');
        // Nor does it come into one that the other had written something into, or go alone there.
        let is_line = edit.puts_another_line(base) || edit.takes_lines(base);
        let joins = within(whole) && is_line && of.joins_line(&edit.range);
        let carried = within(bare) && !beside && !all || of.below(base, edit).is_some();
        !(same || joins)
            && (carried || within(whole) && all && line && !keeps(bare))
            && of.place(base, edit).is_some()
    };
    // All that was changed of it goes along, or nothing. Who puts the lines elsewhere, too, or some
    // of them, has put others in their place, and deleted nothing.
    let put = lines_of(if moves.is_empty() { &[] } else { seconds });
    moves.retain(|of| {
        let bare = &of.bare;
        let met = |edit: &&Edit<'_>| edit.range.start < bare.end && bare.start < edit.range.end;
        let changed = || seconds.iter().filter(|edit| is_new(of, edit)).filter(met);
        let lines = || changed().filter(|edit| edit.takes_lines(base)).map(|edit| &edit.range);
        let mut gone = lines().chain(changed().next().map(|_| bare));
        let is_put = |gone: &Range<usize>| are_among(&base[gone.clone()], &put);
        changed().all(|edit| inside(of, edit)) && !gone.any(is_put)
    });
    let (mut carried, mut others) = (Vec::new(), Vec::new());
    for edit in seconds {
        let of = moves.iter().find(|of| is_new(of, edit) && inside(of, edit));
        match of.and_then(|of| Some((of, of.place(base, edit)?))) {
            Some((of, at)) => {
                carried.push(Carried {
                    index: edit.index,
                    mover: of.to.index,
                    onto: of.to.range.clone(),
                    at,
                    text: edit.text,
                    below: of.below(base, edit),
                    of: edit.range.clone(),
                });
            }
            None => others.push(edit.clone()),
        }
    }
    carried.sort_by_key(|edit| (edit.mover, edit.onto.start, edit.onto.end, edit.at.start));
    (carried, others)
}

/// Moves that were looked for, where none is known, and those that are.
fn with_known<'a>(mut found: Vec<Move<'a>>, known: Vec<Move<'a>>) -> Vec<Move<'a>> {
    let meets = |one: &Move<'_>, two: &Move<'_>| {
        one.from.start < two.from.end && two.from.start < one.from.end
    };
    found.retain(|found| !known.iter().any(|known| meets(found, known)));
    found.extend(known);
    found
}

/// Where a part of what an edit takes away went, as it was or with other white space around it.
fn move_of<'a>(
    base: &str,
    edit: &Edit<'_>,
    part: Range<usize>,
    place: impl Fn(&str, bool) -> Option<(&'a Edit<'a>, usize)>,
) -> Option<Move<'a>> {
    let gone = &base[part.clone()];
    let text = gone.trim();
    let start = part.start + gone.len() - gone.trim_start().len();
    let bare = start..start + text.len();
    // A word may come anywhere, so it is followed only where it is known to be the same one.
    let lines = is_lines(base, &bare);
    let follows = lines || may_go(edit) && text.len() >= LEAST;
    if text.is_empty() || !follows || edit.text.contains(text) {
        return None;
    }
    let whole = place(gone, lines).map(|place| (part, place));
    let (from, (to, at)) =
        whole.or_else(|| place(text, lines).map(|place| (bare.clone(), place)))?;
    Some(Move { from, bare, to, at, is_known: false })
}

/// Whether a word that an edit takes away, or puts somewhere, may have been taken elsewhere: where
/// that was decided. Words that two versions have at different places nobody took elsewhere.
fn may_go(edit: &Edit<'_>) -> bool {
    edit.is_decided && !edit.hides
}

/// The lines of a part of a text, if there are several.
fn lines(base: &str, part: &Range<usize>) -> Vec<Range<usize>> {
    let mut at = part.start;
    let lines = base[part.clone()].split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len();
        start..at
    });
    let lines: Vec<_> = lines.collect();
    let many = lines.len() > 1;
    let long = |line: &Range<usize>| many && base[line.clone()].trim().len() >= LINE;
    lines.into_iter().filter(long).collect()
}

fn moves<'a>(base: &str, firsts: &'a [Edit<'a>], seconds: &[Edit<'_>]) -> Vec<Move<'a>> {
    // Only where the second edit changed something is there anything to go along.
    let changed = |edit: &&Edit<'_>| {
        let next = seconds.partition_point(|second| second.range.end < edit.range.start);
        seconds.get(next).is_some_and(|second| second.range.start <= edit.range.end)
    };
    // A move that was made before takes nothing along again.
    let own = || firsts.iter().filter(|edit| !edit.is_known());
    let goes: Vec<&Edit<'_>> = own().filter(|edit| !edit.is_insertion()).filter(changed).collect();
    let comes = || own().filter(|edit| !edit.text.is_empty());
    let bytes: usize = comes().map(|edit| edit.text.len()).sum();
    if goes.len() > FOLLOWED || goes.len().saturating_mul(bytes) > SEARCHED {
        return Vec::new();
    }
    let mut moves: Vec<Move<'a>> = Vec::new();
    let place = |text: &str, lines: bool| {
        let whole = |(to, at): &(&Edit<'_>, usize)| {
            words::is_boundary(to.text, *at) && words::is_boundary(to.text, at + text.len())
        };
        // To look for a long text in a short one costs what the long one has.
        let holds = |to: &&Edit<'_>| to.text.len() >= text.len() && (lines || may_go(to));
        let comes = comes().filter(holds);
        let places = comes.flat_map(|to| to.text.match_indices(text).map(move |at| (to, at.0)));
        let mut places = places.filter(whole);
        places.next().filter(|_| places.next().is_none())
    };
    // What goes with more may have gone line by line, as long as these are not too many, either.
    let mut left = (SEARCHED / bytes.max(1)).min(FOLLOWED);
    for edit in goes {
        let found = move_of(base, edit, edit.range.clone(), place);
        let lines = if found.is_none() { lines(base, &edit.range) } else { Vec::new() };
        moves.extend(found);
        if lines.len() <= left {
            left -= lines.len();
            moves.extend(lines.into_iter().filter_map(|line| move_of(base, edit, line, place)));
        }
    }
    // Two that went to one place are copies of one text: which is which, nobody can tell.
    let taken = |one: &Move<'_>, two: &Move<'_>| {
        one.to.index == two.to.index
            && one.at < two.at + two.from.len()
            && two.at < one.at + one.from.len()
    };
    let unique: Vec<bool> =
        moves.iter().map(|one| moves.iter().filter(|two| taken(one, two)).count() == 1).collect();
    let mut unique = unique.into_iter();
    moves.retain(|_| unique.next().unwrap_or(false));
    moves
}
