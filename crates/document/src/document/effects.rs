//! What a save did to the text in the end.
//!
//! A save is merged character by character first, and hunks of it that are decided otherwise are
//! taken out again right away. Nobody saw it in between: whatever follows a passage through what
//! became of the text has to see both as one, or a passage that went and came back in one step
//! would grow to all that went with it.
//!
//! May assume that what is taken out of a save was put in by it, and what comes back then had gone
//! with it: nothing stands between the two.

use super::{ChangeKind, State};

/// Where a text was changed: place, bytes deleted and bytes inserted, each in the text that the one
/// before left.
pub(super) type Effects = Vec<(u32, u32, u32)>;

impl State {
    /// What a change did to the text of all before it; of a save what it did in the end, and
    /// nothing of taking parts of it out again. O(what both did).
    pub(super) fn effects(&self, index: u32) -> Effects {
        let did = |index: u32| self.text.effects(index);
        if self.takes_out(index).is_some_and(|save| save + 1 == index) {
            return Effects::new();
        }
        match self.takes_out(index + 1) {
            Some(save) if save == index => Net::of(did(index)).taken_out(did(index + 1)),
            _ => did(index).collect(),
        }
    }

    /// The save of which a change takes out what was decided otherwise.
    fn takes_out(&self, index: u32) -> Option<u32> {
        let change = self.changes.get(index as usize)?;
        let meant = change.kind == ChangeKind::Meant as u8;
        let taken = self.text.history().suppression(index).filter(|_| meant)?;
        taken.suppressed.then_some(taken.target)
    }
}

/// A part of a text before and after it was changed, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Kept(u32),
    Gone(u32),
    Came(u32),
}

impl Piece {
    /// How much of it is in the text after.
    fn len(self) -> u32 {
        match self {
            Self::Kept(len) | Self::Came(len) => len,
            Self::Gone(_) => 0,
        }
    }

    /// How much of it was in the text before alone.
    fn gone(self) -> u32 {
        match self {
            Self::Gone(len) => len,
            Self::Kept(_) | Self::Came(_) => 0,
        }
    }

    fn is_kept(self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// Its first bytes, and the others.
    fn split(self, at: u32) -> [Self; 2] {
        match self {
            Self::Kept(len) => [Self::Kept(at), Self::Kept(len - at)],
            Self::Gone(len) => [Self::Gone(at), Self::Gone(len - at)],
            Self::Came(len) => [Self::Came(at), Self::Came(len - at)],
        }
    }
}

/// A text before and after it was changed. Of what is behind the last change it may have more than
/// there is.
struct Net {
    pieces: Vec<Piece>,
    /// The piece that was looked for last, and where that begins.
    at: (usize, u32),
}

impl Net {
    fn of(effects: impl Iterator<Item = (u32, u32, u32)>) -> Self {
        let mut net = Self { pieces: vec![Piece::Kept(u32::MAX / 2)], at: (0, 0) };
        for (place, deleted, inserted) in effects {
            let at = net.delete(place, deleted);
            net.insert(at, Piece::Came(inserted));
        }
        net
    }

    /// What is left of it where parts of it are taken out: what goes had come by it, and what comes
    /// had gone.
    fn taken_out(mut self, effects: impl Iterator<Item = (u32, u32, u32)>) -> Effects {
        for (place, deleted, inserted) in effects {
            let at = self.delete(place, deleted);
            self.restore(at, inserted);
        }
        self.effects()
    }

    /// The piece that begins at a place of the text after, the first one of several.
    fn find(&mut self, place: u32) -> usize {
        let (mut index, mut start) = if self.at.1 < place { self.at } else { (0, 0) };
        while start < place && index < self.pieces.len() {
            let len = self.pieces[index].len();
            if start + len > place {
                let [one, two] = self.pieces[index].split(place - start);
                self.pieces[index] = one;
                self.insert(index + 1, two);
                self.at = (index, start);
                return index + 1;
            }
            (index, start) = (index + 1, start + len);
        }
        self.at = (index, start);
        index
    }

    /// Takes some of the text after away; the piece behind that.
    fn delete(&mut self, place: u32, mut len: u32) -> usize {
        let mut index = self.find(place);
        while len > 0 && index < self.pieces.len() {
            let piece = self.pieces[index];
            let by = piece.len().min(len);
            let [gone, rest] = piece.split(by);
            len -= by;
            self.pieces[index] = match gone {
                Piece::Kept(len) => Piece::Gone(len),
                Piece::Came(_) => Piece::Came(0),
                Piece::Gone(_) => piece,
            };
            index += 1;
            if rest.len() > 0 {
                self.insert(index, rest);
            }
        }
        index
    }

    fn insert(&mut self, index: usize, piece: Piece) {
        if piece != Piece::Came(0) {
            self.pieces.insert(index, piece);
        }
    }

    /// Brings back what had gone around a piece: all of some parts of it in a row, if these are so
    /// long, else the first of it.
    fn restore(&mut self, index: usize, len: u32) {
        if len == 0 {
            return;
        }
        let (before, behind) = self.pieces.split_at(index);
        let from = index - before.iter().rev().take_while(|piece| !piece.is_kept()).count();
        let upto = index + behind.iter().take_while(|piece| !piece.is_kept()).count();
        let gone = (from..upto).map(|at| (at, self.pieces[at].gone()));
        let gone: Vec<(usize, u32)> = gone.filter(|(_, len)| *len > 0).collect();
        let is_all = |first: &usize| {
            let sums = gone[*first..].iter().scan(0, |sum, (_, len)| {
                *sum += len;
                Some(*sum)
            });
            sums.into_iter().any(|sum| sum == len)
        };
        let first = (0..gone.len()).find(is_all).unwrap_or(0);
        let mut left = len;
        for (at, len) in gone.into_iter().skip(first) {
            let by = len.min(left);
            left -= by;
            self.pieces[at] = Piece::Kept(by);
            if by < len {
                self.pieces.insert(at + 1, Piece::Gone(len - by));
            }
            if left == 0 {
                break;
            }
        }
        self.insert(index, Piece::Came(left));
        self.at = (0, 0);
    }

    fn effects(&self) -> Effects {
        let mut effects = Effects::new();
        let mut place = 0;
        for run in self.pieces.chunk_by(|one, two| one.is_kept() == two.is_kept()) {
            let gone: u32 = run.iter().map(|piece| piece.gone()).sum();
            let end = run.iter().fold(place, |end: u32, piece| end.saturating_add(piece.len()));
            if !run[0].is_kept() && (gone > 0 || end > place) {
                effects.push((place, gone, end - place));
            }
            place = end;
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(did: &[(u32, u32, u32)], taken: &[(u32, u32, u32)]) -> Effects {
        Net::of(did.iter().copied()).taken_out(taken.iter().copied())
    }

    #[test]
    fn what_goes_and_comes_back_was_never_away() {
        // All of it, in whatever pieces it went and came.
        assert_eq!(net(&[(0, 28, 3)], &[(0, 3, 28)]), []);
        assert_eq!(net(&[(0, 0, 3), (3, 28, 0)], &[(0, 3, 0), (0, 0, 28)]), []);
        assert_eq!(net(&[(0, 14, 0), (0, 14, 3)], &[(0, 0, 14), (14, 3, 14)]), []);
        assert_eq!(net(&[(0, 28, 3)], &[(0, 0, 14), (14, 0, 14), (28, 3, 0)]), []);
        assert_eq!(net(&[(4, 2, 0), (9, 1, 5)], &[(4, 0, 2), (11, 5, 1)]), []);
        // A part of it.
        assert_eq!(net(&[(4, 2, 0), (9, 1, 5)], &[(4, 0, 2)]), [(11, 1, 5)]);
        assert_eq!(net(&[(4, 2, 0), (9, 1, 5)], &[(9, 5, 1)]), [(4, 2, 0)]);
        assert_eq!(net(&[(4, 2, 0), (4, 3, 0)], &[(4, 0, 3)]), [(4, 2, 0)]);
        assert_eq!(net(&[(1, 0, 2), (5, 0, 2)], &[(5, 2, 0)]), [(1, 0, 2)]);
        // Nothing.
        assert_eq!(net(&[(4, 2, 1), (9, 0, 5)], &[]), [(4, 2, 1), (9, 0, 5)]);
    }
}
