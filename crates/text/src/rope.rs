//! A text in pieces, for many small edits in a row.
//!
//! On one long string each edit would move the text behind it. Edits mostly come near one another,
//! so the place of the last one is where the next is looked for. May assume that whoever gets an
//! error throws the rope away. Must never give a text that is not UTF-8.

use crate::patch::FitError;

/// Bytes of a piece when a text is cut up; a piece is cut again at twice this.
const PIECE: usize = 1 << 10;

/// A text in pieces.
pub(crate) struct Rope {
    /// At least one. Edits are trusted to cut between characters, the text as a whole is checked.
    pieces: Vec<Vec<u8>>,
    len: usize,
    /// A piece and where it begins.
    near: (usize, usize),
}

impl Rope {
    pub(crate) fn new(text: &str) -> Self {
        let mut rope = Self { pieces: Vec::new(), len: text.len(), near: (0, 0) };
        rope.pieces.extend(text.as_bytes().chunks(PIECE).map(piece));
        if rope.pieces.is_empty() {
            rope.pieces.push(piece(&[]));
        }
        rope
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The whole text.
    pub(crate) fn into_text(self) -> Result<String, FitError> {
        String::from_utf8(self.pieces.concat()).map_err(|_| FitError::InsideCharacter)
    }

    /// Replaces `delete` bytes from byte `at` on.
    pub(crate) fn replace(&mut self, at: u32, delete: u32, insert: &str) -> Result<(), FitError> {
        let (at, mut left) = (at as usize, delete as usize);
        if at + left > self.len {
            return Err(FitError::PastEnd);
        }
        let offset = self.seek(at);
        let here = self.near.0;
        let near = &mut self.pieces[here];
        let end = (offset + left).min(near.len());
        left -= end - offset;
        match end - offset {
            0 => insert_into(near, offset, insert.as_bytes()),
            _ => drop(near.splice(offset..end, insert.bytes())),
        }
        // Whole pieces, and the beginning of one.
        let mut behind = here + 1;
        while left > 0 && self.pieces[behind].len() <= left {
            left -= self.pieces[behind].len();
            behind += 1;
        }
        if left > 0 {
            self.pieces[behind].drain(..left);
        }
        self.pieces.drain(here + 1..behind);
        if self.pieces[here].len() > 2 * PIECE {
            let long = std::mem::take(&mut self.pieces[here]);
            self.pieces.splice(here..=here, long.chunks(PIECE).map(piece));
        }
        self.len = self.len - delete as usize + insert.len();
        Ok(())
    }

    /// Makes the piece that holds a byte, or ends before it, the near one; the place in it.
    fn seek(&mut self, at: usize) -> usize {
        let (mut piece, mut start) = self.near;
        while at < start {
            piece -= 1;
            start -= self.pieces[piece].len();
        }
        while at > start + self.pieces[piece].len() {
            start += self.pieces[piece].len();
            piece += 1;
        }
        self.near = (piece, start);
        at - start
    }
}

/// A new piece, with room for more.
fn piece(bytes: &[u8]) -> Vec<u8> {
    let mut piece = Vec::with_capacity(2 * PIECE);
    piece.extend_from_slice(bytes);
    piece
}

fn insert_into(piece: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let len = piece.len();
    piece.extend_from_slice(bytes);
    piece.copy_within(at..len, at + bytes.len());
    piece[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FitError, PIECE, Rope};

    proptest! {
        #[test]
        fn it_is_a_string(
            size in 0usize..5 * PIECE,
            edits in prop::collection::vec(
                (any::<prop::sample::Index>(), 0usize..3000, 0usize..3000),
                1..20,
            ),
        ) {
            let mut text = "0123456789".repeat(size / 10);
            let mut rope = Rope::new(&text);
            for (at, delete, insert) in edits {
                let at = at.index(text.len() + 1);
                let delete = delete.min(text.len() - at);
                let insert = "ä".repeat(insert);
                let fits = text.is_char_boundary(at) && text.is_char_boundary(at + delete);
                if fits {
                    text.replace_range(at..at + delete, &insert);
                    rope.replace(at as u32, delete as u32, &insert).expect("it fits");
                    prop_assert_eq!(rope.len(), text.len());
                }
            }
            prop_assert_eq!(rope.into_text(), Ok(text));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut rope = Rope::new("wörter");
        assert_eq!(rope.replace(5, 3, ""), Err(FitError::PastEnd));
        rope.replace(2, 1, "").expect("it is inside");
        assert_eq!(rope.into_text(), Err(FitError::InsideCharacter));
    }
}
