//! The elements of an array of CBOR, read where they lie: numbers, texts and byte strings, and
//! whatever comes last.
//!
//! For what a cache keeps in few long pieces, of which a generic decoder would make a copy first.
//! May assume nothing about the bytes. Must never be used where bytes are hashed or compared: a
//! number that is longer than it need be is read, too.

use crate::codec::DecodeError;

/// What is still to be read of an array.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a>(&'a [u8]);

const NUMBER: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;

impl<'a> Pieces<'a> {
    /// The elements of an array that has so many.
    ///
    /// # Errors
    /// If the bytes do not begin with such an array.
    pub fn of_array(bytes: &'a [u8], elements: u64) -> Result<Self, DecodeError> {
        let mut pieces = Self(bytes);
        match pieces.header(ARRAY)? == elements {
            true => Ok(pieces),
            false => Err(malformed()),
        }
    }

    /// The next element, a number.
    ///
    /// # Errors
    /// If it is something else.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        self.header(NUMBER)
    }

    /// The next element, a text.
    ///
    /// # Errors
    /// If it is something else.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.long(TEXT)?;
        std::str::from_utf8(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))
    }

    /// The next element, a byte string.
    ///
    /// # Errors
    /// If it is something else.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        self.long(BYTES)
    }

    /// All that was not read.
    #[must_use]
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    fn long(&mut self, major: u8) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.header(major)?).map_err(|_| malformed())?;
        self.take(length)
    }

    fn header(&mut self, major: u8) -> Result<u64, DecodeError> {
        let first = self.take(1)?[0];
        let longer = match (first >> 5 == major, first & 31) {
            (true, short @ 0..24) => return Ok(short.into()),
            (true, info @ 24..28) => 1 << (info - 24),
            _ => return Err(malformed()),
        };
        let number = self.take(longer)?;
        Ok(number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn malformed() -> DecodeError {
    DecodeError::Malformed("not the pieces that were expected".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_bytes::Bytes;

    use super::*;
    use crate::codec;

    #[test]
    fn what_is_encoded_is_read() {
        for number in [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX) + 1, u64::MAX] {
            for length in [0, 23, 24, 300, 70_000] {
                let text = "é".repeat(length);
                let last = (1, "last");
                let bytes = codec::to_vec(&(number, &text, Bytes::new(text.as_bytes()), last));
                let mut pieces = Pieces::of_array(&bytes, 4).expect("an array");
                assert_eq!(pieces.number(), Ok(number));
                assert_eq!(pieces.text(), Ok(text.as_str()));
                assert_eq!(pieces.bytes(), Ok(text.as_bytes()));
                assert_eq!(codec::from_own(pieces.rest()), Ok((1, "last".to_owned())));
            }
        }
    }

    #[test]
    fn nothing_is_read_beyond_the_end_or_for_something_else() {
        let bytes = codec::to_vec(&(7, "text", Bytes::new(&[1, 2])));
        assert!(Pieces::of_array(&bytes, 4).is_err());
        for length in 0..bytes.len() {
            let read = |bytes| {
                let mut pieces = Pieces::of_array(bytes, 3)?;
                Ok::<_, DecodeError>((pieces.number()?, pieces.text()?, pieces.bytes()?))
            };
            assert!(read(&bytes[..length]).is_err());
            assert!(read(&bytes).is_ok());
        }
        let pieces = Pieces::of_array(&bytes, 3).expect("an array");
        assert!({ pieces }.text().is_err());
        assert!({ pieces }.bytes().is_err());
        assert!(Pieces(&[0x5f]).bytes().is_err(), "no length");
        assert!(Pieces(&[0x61, 0xff]).text().is_err(), "no UTF-8");
        assert!(Pieces(&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255]).bytes().is_err());
    }
}
