//! Paired delimiters that an edit puts around something, or takes from around it: a link's, a
//! template's, quotation marks.
//!
//! Both halves are there, or neither: half a pair tears the page, and so do two pairs of which each
//! begins or ends within the other. Passages are decided one by one. May take for a pair what is
//! none, where signs stand alone: then more of an edit is not shown than had to be, as one version.

use std::ops::Range;

use super::edit::Edit;
use super::outcome::{Decided, Outcome};
use super::passage::Passage;
use super::repeated::apart;

/// How something begins and ends.
struct Sign {
    open: &'static str,
    close: &'static str,
    /// Whether it reaches over lines,
    lines: bool,
    /// and whether one may stand within another one.
    nests: bool,
    /// Of what begins as it ends the other sign that begins so, and is longer.
    longer: Option<&'static str>,
}

impl Sign {
    const fn over_lines(open: &'static str, close: &'static str, nests: bool) -> Self {
        Self { open, close, lines: true, nests, longer: None }
    }

    const fn in_line(open: &'static str, close: &'static str, nests: bool) -> Self {
        Self { open, close, lines: false, nests, longer: None }
    }

    const fn alike(sign: &'static str, longer: Option<&'static str>) -> Self {
        Self { open: sign, close: sign, lines: false, nests: false, longer }
    }

    fn is_alike(&self) -> bool {
        self.open == self.close
    }

    /// How many begin and how many end in a text; of what begins as it ends, how many do either.
    fn count(&self, text: &str) -> [isize; 2] {
        let times = |text: &str, sign: &str| text.matches(sign).count() as isize;
        match self.longer {
            _ if !self.is_alike() => [times(text, self.open), times(text, self.close)],
            Some(longer) => [times(&text.replace(longer, ""), self.open), 0],
            None => [times(text, self.open), 0],
        }
    }
}

const SIGNS: [Sign; 14] = [
    Sign::over_lines("{{", "}}", true),
    Sign::over_lines("{|", "|}", true),
    Sign::over_lines("<!--", "-->", false),
    // A link of a wiki has two of each.
    Sign::in_line("[", "]", false),
    Sign::in_line("(", ")", true),
    Sign::in_line("“", "”", false),
    Sign::alike("'''", None),
    Sign::alike("''", Some("'''")),
    Sign::alike("\"", None),
    Sign::alike("**", None),
    Sign::alike("*", Some("**")),
    Sign::alike("__", None),
    Sign::alike("_", Some("__")),
    Sign::alike("`", None),
];

/// What one edit does about a sign.
struct Half {
    /// In which passage,
    at: usize,
    /// how many more begin with it than end,
    by: isize,
    /// and whether it puts some.
    puts: bool,
}

/// The two halves of something that one edit put, or took.
struct Pair {
    sign: &'static Sign,
    halves: [Half; 2],
}

impl Pair {
    /// From the passage of the one half to that of the other.
    fn ends(&self) -> [usize; 2] {
        [self.halves[0].at, self.halves[1].at]
    }

    fn range(&self) -> Range<usize> {
        self.halves[0].at..self.halves[1].at + 1
    }

    /// Whether the page can have only one of two: each of them has one half within the other, or
    /// they are of one sign, and the one within the other would end that.
    fn excludes(&self, other: &Self) -> bool {
        let ([from, to], [begin, end]) = (self.ends(), other.ends());
        let puts = |of: &Self| of.halves.each_ref().map(|half| half.puts);
        let any = |of: &Self| puts(of) != [false; 2];
        let all = |of: &Self| puts(of) == [true; 2];
        let crosses = from < begin && begin < to && to < end;
        if crosses || begin < from && from < end && end < to {
            return any(self) && any(other);
        }
        let of_one = std::ptr::eq(self.sign, other.sign) && all(self) && all(other);
        let nested = from < begin && end < to || begin < from && to < end;
        let one_end = (from == begin) != (to == end) && !self.sign.lines;
        of_one && (nested && !self.sign.nests || one_end)
    }
}

/// Passages in which the two edits put around something what the page can have one of only, one
/// range for each two such. O(what both take and put, and the pairs of the one times those of the
/// other).
pub(super) fn exclusive(base: &str, passages: &[Passage<'_>]) -> Vec<Range<usize>> {
    let seconds = pairs(base, passages, |passage| &passage.seconds);
    if seconds.is_empty() {
        return Vec::new();
    }
    let firsts = pairs(base, passages, |passage| &passage.firsts);
    let both = seconds.iter().flat_map(|two| firsts.iter().map(move |one| (one, two)));
    let hull = |(one, two): (&Pair, &Pair)| {
        let (one, two) = (one.range(), two.range());
        one.start.min(two.start)..one.end.max(two.end)
    };
    apart(both.filter(|(one, two)| one.excludes(two)).map(hull).collect())
}

/// Passages that are to be hidden of the second edit, where one half of what it puts around
/// something is not shown, or is the half of what the first edit put around something else; or
/// where one half of what the first edit put in a line stands in place of another version: who
/// takes that one has no half of it. O(what both take and put), where something of the second one
/// is not shown.
pub(super) fn half_delimited(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
) -> Vec<Range<usize>> {
    // Whether it stands there by the first edit, and whether it is not shown.
    let state = |at: usize| {
        let outcome = decided[at].as_ref().map(|it| &it.outcome);
        let same = matches!(outcome, Some(Outcome::Same)) && !passages[at].firsts.is_empty();
        [same, matches!(outcome, Some(Outcome::Hidden(_)))]
    };
    if (0..passages.len()).all(|at| state(at) == [false; 2]) {
        return Vec::new();
    }
    let differ = |pair: &&Pair, state: &dyn Fn(usize) -> [bool; 2]| {
        let [from, to] = pair.ends().map(state);
        from != to
    };
    let firsts = pairs(base, passages, |passage| &passage.firsts);
    let seconds = pairs(base, passages, |passage| &passage.seconds);
    let hides = |at: usize| [false, state(at)[1]];
    let of_firsts = firsts.iter().filter(|pair| !pair.sign.lines && differ(pair, &hides));
    let torn = seconds.iter().filter(|pair| differ(pair, &state)).chain(of_firsts);
    apart(torn.map(Pair::range).collect())
}

/// What one side put around something, or took from around it, in two passages: how many more begin
/// with the one edit than end, so many end with the other. Within a line, unless it may reach over
/// lines.
fn pairs<'a, 'b>(
    base: &str,
    passages: &'b [Passage<'a>],
    side: fn(&'b Passage<'a>) -> &'b Vec<Edit<'a>>,
) -> Vec<Pair> {
    let edits = || (0..).zip(passages).flat_map(|(at, it)| side(it).iter().map(move |of| (at, of)));
    let mut found = Vec::new();
    for sign in &SIGNS {
        let mut begun: Vec<(Half, &Edit<'_>)> = Vec::new();
        for (at, edit) in edits() {
            let Some(half) = half(base, sign, at, edit) else { continue };
            let in_line = |from: &Edit<'_>| {
                sign.lines || !base[from.range.end..edit.range.start].contains('\n')
            };
            let ends = |other: &Half| sign.is_alike() || other.by == -half.by;
            match begun.pop_if(|(other, from)| in_line(from) && ends(other)) {
                Some((other, _)) if other.at == at => {}
                Some((other, _)) => found.push(Pair { sign, halves: [other, half] }),
                None => begun.push((half, edit)),
            }
        }
    }
    found
}

/// What an edit does about a sign, unless as many begin with it as end.
fn half(base: &str, sign: &Sign, at: usize, edit: &Edit<'_>) -> Option<Half> {
    let gone = sign.count(&base[edit.range.clone()]);
    let come = sign.count(edit.text);
    let [opens, closes] = [0, 1].map(|which| come[which] - gone[which]);
    let by = if sign.is_alike() { opens.rem_euclid(2) } else { opens - closes };
    (by != 0).then_some(Half { at, by, puts: opens + closes > 0 })
}
