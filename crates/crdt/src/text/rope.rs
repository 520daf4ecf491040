//! A text in pieces, for many small edits in a row.
//!
//! Reading an old version takes back all changes since; on one long string each would move the whole
//! text. May assume that whoever gets an error throws the rope away. Must never put an edit where it
//! does not fit.

use super::patch::{FitError, Patch};

/// Bytes of a piece when the text is cut up; a piece is cut again at twice this.
const PIECE: usize = 4096;

/// A text in pieces.
pub(super) struct Rope {
    pieces: Vec<String>,
}

impl Rope {
    pub(super) fn new(text: &str) -> Rope {
        Rope { pieces: cut(text).collect() }
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }

    /// Takes an edit back; `removed` is what it had deleted.
    pub(super) fn undo(&mut self, patch: &Patch, removed: &str) -> Result<(), FitError> {
        // From the end on, so that earlier places stay valid.
        let back = patch.inverse(removed)?;
        let edits: Vec<(u32, u32, &str)> = back.edits().collect();
        let mut gone = patch.inserted();
        for (start, deleted, text) in edits.into_iter().rev() {
            let from = gone.len().checked_sub(deleted as usize).ok_or(FitError::Mismatch)?;
            let (rest, expected) = gone.split_at_checked(from).ok_or(FitError::Mismatch)?;
            self.replace(start as usize, expected, text)?;
            gone = rest;
        }
        Ok(())
    }

    /// Puts `text` where `expected` stands at byte `start`.
    fn replace(&mut self, start: usize, expected: &str, text: &str) -> Result<(), FitError> {
        let (first, mut offset) = self.find(start)?;
        let (mut piece, mut left) = (first, expected);
        loop {
            let here = &self.pieces[piece];
            let len = left.len().min(here.len() - offset);
            let found = here.get(offset..offset + len).ok_or(FitError::InsideCharacter)?;
            left = left.strip_prefix(found).ok_or(FitError::Mismatch)?;
            if left.is_empty() {
                break self.splice((first, piece), start, offset + len, text);
            }
            (piece, offset) = (piece + 1, 0);
            if piece == self.pieces.len() {
                return Err(FitError::PastEnd);
            }
        }
        Ok(())
    }

    /// The piece that holds a byte, or ends before it, and the byte's place in it.
    fn find(&self, mut at: usize) -> Result<(usize, usize), FitError> {
        for (index, piece) in self.pieces.iter().enumerate() {
            if at <= piece.len() {
                return Ok((index, at));
            }
            at -= piece.len();
        }
        Err(FitError::PastEnd)
    }

    /// Replaces all from byte `start` of the text up to byte `end` of the last piece.
    fn splice(&mut self, (first, last): (usize, usize), start: usize, end: usize, text: &str) {
        let before: usize = self.pieces[..first].iter().map(String::len).sum();
        if first == last {
            self.pieces[first].replace_range(start - before..end, text);
        } else {
            let tail = self.pieces[last].split_off(end);
            self.pieces[first].truncate(start - before);
            self.pieces[first].push_str(text);
            self.pieces[first].push_str(&tail);
            self.pieces.drain(first + 1..=last);
        }
        if self.pieces[first].len() > 2 * PIECE {
            let long = std::mem::take(&mut self.pieces[first]);
            self.pieces.splice(first..=first, cut(&long));
        }
    }
}

/// A text in pieces of about the same length, at least one.
fn cut(text: &str) -> impl Iterator<Item = String> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.ceil_char_boundary(PIECE);
        let (piece, after) = text.split_at(end);
        rest = (!after.is_empty()).then_some(after);
        Some(piece.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{FitError, PIECE, Rope};
    use crate::text::diff;

    #[test]
    fn edits_across_pieces_are_taken_back() {
        let line = "wörter und 漢字\n";
        let old = line.repeat(6 * PIECE / line.len());
        for (from, to, text) in [(0, 1, ""), (3, 400, "x"), (0, 1200, "y"), (700, 701, line)] {
            let (from, to) = (from * line.len(), to * line.len());
            let new = format!("{}{}{}", &old[..from], text.repeat(2000), &old[to..]);
            let patch = diff::between(&old, &new);
            let applied = patch.apply(&old).expect("it fits");
            let mut rope = Rope::new(&new);
            rope.undo(&patch, &applied.removed).expect("it fits");
            assert_eq!(rope.text(), old);
        }
        let patch = diff::between("a b", "a c b");
        assert_eq!(Rope::new("a d b").undo(&patch, ""), Err(FitError::Mismatch));
        assert_eq!(Rope::new("a ").undo(&patch, ""), Err(FitError::PastEnd));
    }
}
