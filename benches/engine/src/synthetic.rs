//! Synthetic pages and histories, generated for measuring: the same in every run.

use crate::trace::{Edit, Trace, Transaction};

/// All of one length, so that a page's places are easily drawn.
const WORDS: [&str; 8] =
    ["river ", "stone ", "cloud ", "field ", "night ", "water ", "house ", "light "];

/// Bytes of a word.
const WORD: usize = WORDS[0].len();

/// Where writers who know nothing of each other change a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// All over it: they insert or replace a word.
    Drawn,
    /// All at the same place in the middle: they insert one.
    One,
}

/// A page of so many bytes, in which words were replaced so many times.
pub fn edited(bytes: usize, edits: usize) -> Trace {
    let mut draw = Draw::new();
    let mut end = draw.words(bytes / WORD).concat();
    let mut history = vec![written(&end)];
    for _ in 0..edits {
        let (at, text) = (draw.below(bytes / WORD) * WORD, draw.word());
        end.replace_range(at..at + WORD, text);
        history.push(Edit { at, deleted: WORD, text: text.to_owned() });
    }
    let only = Transaction { parents: Vec::new(), agent: 0, edits: history };
    Trace { name: "synthetic", transactions: vec![only], end, sequential: true }
}

/// A page of so many bytes, in which so many writers at once changed a word. It may end in any
/// order of what was inserted at one place.
pub fn crowded(bytes: usize, writers: usize, places: Places) -> Trace {
    let mut draw = Draw::new();
    let mut words = draw.words(bytes / WORD);
    let first = vec![written(&words.concat())];
    let mut inserted = vec![String::new(); words.len()];
    let mut transactions = vec![Transaction { parents: Vec::new(), agent: 0, edits: first }];
    for agent in (1..).take(writers) {
        let (place, replaces) = match places {
            Places::Drawn => (draw.below(words.len()), draw.below(2) == 0),
            Places::One => (words.len() / 2, false),
        };
        let text = draw.word();
        inserted[place] += text;
        if replaces {
            words[place] = "";
        }
        let deleted = if replaces { WORD } else { 0 };
        let edits = vec![Edit { at: place * WORD, deleted, text: text.to_owned() }];
        transactions.push(Transaction { parents: vec![0], agent, edits });
    }
    let end = inserted.iter().zip(words).map(|(inserted, word)| inserted.clone() + word);
    Trace { name: "synthetic", transactions, end: end.collect(), sequential: false }
}

/// Whether a text has the words of a synthetic one, whole and in any order.
pub fn same_words(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut words: Vec<_> = text.split_inclusive(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    sorted(one) == sorted(other)
}

fn written(text: &str) -> Edit {
    Edit { at: 0, deleted: 0, text: text.to_owned() }
}

/// Numbers without a pattern: xorshift (Marsaglia 2003).
struct Draw(u64);

impl Draw {
    fn new() -> Draw {
        Draw(0x9e37_79b9_7f4a_7c15)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap_or(0)
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    fn words(&mut self, number: usize) -> Vec<&'static str> {
        (0..number).map(|_| self.word()).collect()
    }
}
