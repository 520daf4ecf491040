//! The edits that clients make: words that can be told apart.

use super::*;

/// A text after somebody inserted `word` and perhaps deleted others: the text
/// and what was deleted.
///
/// Each word goes with the white space behind it. Where a word is inserted close
/// to one that is deleted, a difference of texts cannot tell which of the words
/// between was moved; so that who deleted what is certain, some words stay between.
pub(super) fn edited(text: &str, word: Option<Word>, random: &mut Random) -> (String, Vec<Word>) {
    let alone = standing_alone(text);
    let at = word.map(|_| place(text, random));
    let mut doomed = Vec::new();
    if word.is_none() || random.chance(250) {
        for _ in 0..1 + random.index(2) {
            let chosen = alone.get(random.index(alone.len()));
            doomed.extend(chosen.filter(|chosen| at.is_none_or(|at| is_far(&alone, chosen, at))));
        }
    }
    doomed.sort_unstable();
    doomed.dedup();
    let mut edited = String::new();
    let mut from = 0;
    let mut written = word.zip(at);
    for (start, end, _) in doomed.iter().chain([&&(text.len(), text.len(), 0)]) {
        if let Some((word, at)) = written.filter(|written| written.1 <= *start) {
            edited.push_str(&text[from..at]);
            insert(&mut edited, word, random);
            (from, written) = (at, None);
        }
        edited.push_str(&text[from..*start]);
        from = *end;
    }
    (edited, doomed.iter().map(|doomed| doomed.2).collect())
}

/// Whether two words that stay lie between a word and a place.
pub(super) fn is_far(
    alone: &[(usize, usize, Word)],
    word: &(usize, usize, Word),
    at: usize,
) -> bool {
    let (from, to) = (at.min(word.0), at.max(word.0));
    alone.iter().filter(|other| other.0 > from && other.1 <= to).count() >= 4
}

/// Somewhere between words.
pub(super) fn place(text: &str, random: &mut Random) -> usize {
    if random.chance(300) {
        return text.len();
    }
    let places = text.match_indices([' ', '\n']).map(|(at, _)| at + 1);
    let places: Vec<usize> = std::iter::once(0).chain(places).collect();
    places[random.index(places.len())]
}

pub(super) fn insert(text: &mut String, word: Word, random: &mut Random) {
    if !text.is_empty() && !text.ends_with([' ', '\n']) {
        text.push('\n');
    }
    text.push_str(&spelled(word));
    text.push(if random.chance(400) { '\n' } else { ' ' });
}

/// Words with white space or nothing on both sides, with what is behind them.
pub(super) fn standing_alone(text: &str) -> Vec<(usize, usize, Word)> {
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive([' ', '\n']) {
        let trimmed = part.trim_end_matches([' ', '\n']);
        let digits = trimmed.strip_prefix('w').and_then(|rest| rest.strip_suffix('q'));
        if let Some(word) = digits.and_then(|digits| digits.parse().ok()) {
            found.push((start, start + part.len(), word));
        }
        start += part.len();
    }
    found
}
