//! Choices drawn from bytes: equal bytes make equal choices, and no bytes left
//! means the least choice, so that whoever shortens the bytes gets a smaller
//! case.

/// Bytes to draw from.
#[derive(Clone, Debug)]
pub struct Draw<'a> {
    rest: &'a [u8],
}

impl<'a> Draw<'a> {
    /// Draws from `bytes`, then zeros.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether only zeros are left.
    pub fn is_spent(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// Some bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// A number below `end`, which is greater than 0.
    pub fn below(&mut self, end: usize) -> usize {
        let drawn = match end {
            0..=256 => usize::from(self.byte()),
            _ => usize::from(u16::from_le_bytes(self.bytes())),
        };
        drawn % end.max(1)
    }

    /// Whether something happens that does in one of `n` cases; not if spent.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// A number of any magnitude.
    pub fn number(&mut self) -> u64 {
        let whole = u64::from_le_bytes(self.bytes());
        match self.byte() % 10 {
            0 => whole % 24,
            1 => whole & 0xff,
            2 => whole & 0xffff,
            3 => whole & 0xffff_ffff,
            4 => u64::MAX - whole % 3,
            _ => whole,
        }
    }

    /// One of `choices`, of which there is at least one.
    pub fn pick<'b, T>(&mut self, choices: &'b [T]) -> &'b T {
        &choices[self.below(choices.len())]
    }

    /// A word, and perhaps a character of several bytes.
    pub fn word(&mut self) -> &'static str {
        const WORDS: [&str; 11] =
            ["a", "the", "wedding", "Rot", "grün", "字", "é", "\n", "==", "🎉", "."];
        WORDS[self.below(WORDS.len())]
    }

    /// A text of less than `words` words.
    pub fn text(&mut self, words: usize) -> String {
        let count = self.below(words);
        let words: Vec<_> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    /// Up to `most` of anything.
    pub fn list<T>(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }

    /// Perhaps one of anything.
    pub fn option<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(2).then(|| one(self))
    }
}
