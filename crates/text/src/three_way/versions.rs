//! Whether texts are versions of one thing.
//!
//! May assume nothing about the texts. Must never take for one what merely looks alike: items,
//! rows and signed replies of different people.

use crate::words::{self, has_word};

/// Of two insertions at one place, how much of the longer one's words the shorter one must have,
/// in order, for them to be two versions of one thing: out of ten. Not tried against others
/// yet.
const ALIKE: usize = 6;

/// The same of what one person puts after going back.
const ANEW: usize = 5;

/// Signs that are written behind words, each for itself.
const STOPS: [char; 6] = ['.', ',', ';', ':', '!', '?'];

/// Words or lines that are compared, of each.
const COMPARED: usize = 512;

/// Lines that are looked for, and among how many.
const LINES: usize = 64;

/// Whether a text holds another one whole: as what it begins or ends with, in words, or as whole
/// lines, in order. Nothing is held by anything.
pub(super) fn holds(long: &str, short: &str) -> bool {
    if short.trim().is_empty() || long.len() < short.len() {
        return false;
    }
    // Half of a pair of signs is a part of nothing: what it begins or ends it begins or ends alone.
    let says = has_word(short) || short.trim().chars().all(|sign| STOPS.contains(&sign));
    // The space at either end may be that of the words beside it.
    let in_line = || !short.contains('\n') && !long.contains('\n');
    if says && (is_edge(long, short) || in_line() && is_edge(long.trim(), short.trim())) {
        return true;
    }
    let whole = short.ends_with('\n') || short.starts_with('\n');
    let mut lines = long.lines();
    // One line may be a part of one.
    let bare = short.trim_matches('\n');
    let alone = !bare.contains('\n') && has_word(bare);
    let (begun, ended) = (usize::from(short.starts_with('\n')), short.ends_with('\n'));
    let mut ones = long.split_inclusive('\n').skip(begun);
    let mut is_of = || ones.any(|it| it.ends_with('\n') >= ended && is_edge(it.trim_end(), bare));
    whole
        && (short.lines().all(|line| line.is_empty() || lines.any(|it| it == line))
            || alone && is_of())
}

/// Whether a text begins or ends with another one, in words.
fn is_edge(long: &str, short: &str) -> bool {
    let Some(tail) = long.len().checked_sub(short.len()) else { return false };
    long.starts_with(short) && words::is_boundary(long, short.len())
        || long.ends_with(short) && words::is_boundary(long, tail)
}

/// Whether two insertions are mostly the same words in the same order. Items of lists, rows of
/// tables and signed replies of different people look alike, and are not: of those, only lines that
/// have the same words count.
pub(super) fn are_versions_of_one(one: &str, two: &str) -> bool {
    if let Some((one, two)) = parameter(one).zip(parameter(two)) {
        return one == two;
    }
    if is_item(one) && is_item(two) {
        let (short, long) = by_length(one, two);
        let short = lines_of(short, usize::MAX);
        let long = lines_of(long, enough(short.iter().map(Vec::len).sum()));
        return is_mostly(&short, &long, Vec::len, ALIKE);
    }
    are_alike(one, two, ALIKE)
}

/// The name of a template's parameter, if a text gives one parameter a value: it has one.
fn parameter(text: &str) -> Option<&str> {
    let (name, value) = text.trim().strip_prefix('|')?.split_once('=')?;
    let name = name.trim();
    let is_name = |sign: char| sign.is_alphanumeric() || [' ', '_', '-'].contains(&sign);
    let alone = !value.contains(['|', '\n']);
    (alone && !name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// Whether one person may have put the one in place of the other: an item, a row or a reply of
/// theirs is mostly the same then.
pub(super) fn is_put_anew(one: &str, two: &str) -> bool {
    are_alike(one, two, ANEW)
}

/// Whether two texts have so much of the longer one's words in the same order, out of ten.
fn are_alike(one: &str, two: &str, least: usize) -> bool {
    let (short, long) = by_length(one, two);
    let short: Vec<&str> = words::bare(short).take(COMPARED).collect();
    let long: Vec<&str> = words::bare(long).take(COMPARED.min(enough(short.len()))).collect();
    short.len().max(long.len()) > 2 && is_mostly(&short, &long, |_| 1, least)
}

fn by_length<'a>(one: &'a str, two: &'a str) -> (&'a str, &'a str) {
    if one.len() < two.len() { (one, two) } else { (two, one) }
}

/// How many words of a text are read, of which a shorter one has some number: what is too long for
/// being a version of that is not read to its end.
fn enough(words: usize) -> usize {
    words.saturating_mul(10) / ANEW + 1
}

/// Whether half of the lines of a text, or more, are versions of some of these; items only where
/// they have just the same words.
pub(super) fn have_half(lines: &[&str], text: &str) -> bool {
    let lines = lines.iter().filter(|line| has_words(line, 1)).take(LINES);
    let lines: Vec<(bool, Vec<&str>)> =
        lines.map(|line| (is_item(line), words::bare(line).collect())).collect();
    let (mut all, mut there) = (0, 0);
    for line in text.lines().filter(|line| has_words(line, 1)).take(LINES) {
        let (item, words) = (is_item(line), words::bare(line).collect::<Vec<&str>>());
        let alike = |(other_item, other): &(bool, Vec<&str>)| {
            words == *other || !(item && *other_item) && is_mostly(&words, other, |_| 1, ALIKE)
        };
        all += 1;
        there += usize::from(lines.iter().any(alike));
    }
    all > 0 && there * 2 >= all
}

/// Whether two texts are one twice, or one of them holds the other.
pub(super) fn repeat(one: &str, two: &str) -> bool {
    holds(one, two) || holds(two, one) || are_versions_of_one(one, two)
}

fn is_item(text: &str) -> bool {
    let line = text.trim_start();
    line.starts_with(['*', '#', ':', ';', '|', '!', '-', '+', '{', '>'])
        || line.starts_with(|c: char| c.is_ascii_digit())
}

/// How many words a text has.
pub(super) fn words_of(text: &str) -> usize {
    words::bare(text).count()
}

/// Whether a text has some number of words, or more. O(what has so many).
pub(super) fn has_words(text: &str, least: usize) -> bool {
    words::bare(text).take(least).count() == least
}

/// Whether a text has more words than another one. O(the shorter one).
pub(super) fn is_longer(text: &str, other: &str) -> bool {
    let mut words = words::bare(text);
    words::bare(other).all(|_| words.next().is_some()) && words.next().is_some()
}

/// The words of the lines of a text, until they are some number.
fn lines_of(text: &str, enough: usize) -> Vec<Vec<&str>> {
    let (mut lines, mut words) = (Vec::new(), 0);
    for line in text.lines().take(COMPARED) {
        let line: Vec<&str> = words::bare(line).collect();
        words += line.len();
        lines.push(line);
        if words >= enough {
            break;
        }
    }
    lines
}

/// Whether two lists have so much of the heavier one in common, in order, out of ten.
fn is_mostly<T: PartialEq>(
    one: &[T],
    two: &[T],
    weight: impl Fn(&T) -> usize,
    least: usize,
) -> bool {
    let (one, two) = (&one[..one.len().min(COMPARED)], &two[..two.len().min(COMPARED)]);
    let [all, other] = [one, two].map(|of| of.iter().map(&weight).sum::<usize>());
    let enough = |common: usize| common * 10 >= all.max(other) * least;
    all.min(other) > 0 && enough(all.min(other)) && enough(common(one, two, &weight))
}

/// How much two lists have in common, in order.
fn common<T: PartialEq>(one: &[T], two: &[T], weight: impl Fn(&T) -> usize) -> usize {
    let mut row = vec![0; two.len() + 1];
    for item in one {
        let mut diagonal = 0;
        for (at, other) in two.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if item == other { diagonal + weight(item) } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[two.len()]
}
