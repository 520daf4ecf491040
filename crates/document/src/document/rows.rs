//! Rows of numbers, names and texts, one behind the other: what a cache alone keeps of long lists.
//!
//! Numbers are LEB128. Names have the length that their kind has. Texts lie apart, in the order in
//! which the rows ask for them, so that they are looked through once; a row has the length of each.
//! May assume nothing about bytes that are read. Must never make room for more than there can be.

use std::ops::Range;

use redwedding_wire::codec::DecodeError;

/// Rows that are being written.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) bytes: Vec<u8>,
    pub(super) texts: String,
}

impl Rows {
    pub(super) fn number(&mut self, number: impl Into<u64>) {
        let mut buffer = unsigned_varint::encode::u64_buffer();
        self.bytes.extend_from_slice(unsigned_varint::encode::u64(number.into(), &mut buffer));
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn name(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
    }

    /// A range, or none: each end is written one further on, 0 is none.
    pub(super) fn range_or_none(&mut self, at: Option<&Range<u32>>) {
        let (start, end) = at.map_or((0, 0), |at| (at.start + 1, at.end + 1));
        self.number(start);
        self.number(end);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.texts.push_str(text);
    }

    /// A text that stands in its row.
    pub(super) fn text_in_row(&mut self, text: &str) {
        self.count(text.len());
        self.name(text.as_bytes());
    }
}

/// Rows that are being read.
pub(super) struct RowsIn<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) texts: &'a str,
}

impl<'a> RowsIn<'a> {
    fn next_text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.number()?;
        let (text, rest) = self.texts.split_at_checked(length).ok_or_else(malformed)?;
        self.texts = rest;
        Ok(text)
    }

    pub(super) fn number<N: TryFrom<u64>>(&mut self) -> Result<N, DecodeError> {
        // So are nearly all.
        if let [short @ ..0x80, rest @ ..] = self.bytes {
            self.bytes = rest;
            return N::try_from((*short).into()).map_err(|_| malformed());
        }
        let (number, rest) = unsigned_varint::decode::u64(self.bytes).map_err(|_| malformed())?;
        self.bytes = rest;
        N::try_from(number).map_err(|_| malformed())
    }

    #[inline]
    pub(super) fn name<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], DecodeError> {
        let (name, rest) = self.bytes.split_first_chunk().ok_or_else(malformed)?;
        self.bytes = rest;
        Ok(*name)
    }

    pub(super) fn text(&mut self) -> Result<String, DecodeError> {
        self.next_text().map(str::to_owned)
    }

    /// A text that stands in its row.
    pub(super) fn text_in_row(&mut self) -> Result<String, DecodeError> {
        let length = self.number()?;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or_else(malformed)?;
        self.bytes = rest;
        String::from_utf8(text.to_vec()).map_err(|_| malformed())
    }

    pub(super) fn skip_text(&mut self) -> Result<(), DecodeError> {
        self.next_text().map(|_| ())
    }

    /// Reads each element of a list.
    pub(super) fn each(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let count: usize = self.number()?;
        (0..count).try_for_each(|_| element(self))
    }

    /// A list, each element of which takes `least` bytes at least: no more is made room for.
    pub(super) fn list<T>(
        &mut self,
        least: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count: usize = self.number()?;
        let mut list = Vec::with_capacity(count.min(self.bytes.len() / least));
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }

    pub(super) fn range_or_none(&mut self) -> Result<Option<Range<u32>>, DecodeError> {
        let (start, end): (u32, u32) = (self.number()?, self.number()?);
        match start.checked_sub(1).zip(end.checked_sub(1)) {
            Some((start, end)) if start <= end => Ok(Some(start..end)),
            None if (start, end) == (0, 0) => Ok(None),
            _ => Err(malformed()),
        }
    }

    pub(super) fn range(&mut self) -> Result<Range<u32>, DecodeError> {
        self.range_or_none()?.ok_or_else(malformed)
    }

    pub(super) fn is_over(&self) -> bool {
        self.bytes.is_empty() && self.texts.is_empty()
    }
}

fn malformed() -> DecodeError {
    DecodeError::invalid("the rows are cut off, or hold something else")
}
