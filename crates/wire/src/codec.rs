//! Bytes: canonical CBOR (RFC 8949) with limits.
//!
//! Structures are arrays in a fixed order, alternatives are maps of one pair;
//! nothing has an order that could vary, so equal values have equal bytes. And
//! bytes that no encoder of ours writes are refused ([`from_slice`]), so equal
//! bytes and equal values are the same thing: whoever hashes, compares or signs
//! either means both.
//!
//! Decoders survive any input: they return errors, and what they allocate is
//! bounded by a small multiple of the input. The formats are described in
//! `docs/wire.cddl`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

/// Makes an array of a structure, of which the last elements are [`Option`]s: fields that came
/// later, and that older values lack. Behind the last that is there nothing is written.
#[macro_export]
macro_rules! array_with_optional_last {
    ($name:ident { $($field:ident),+; $($last:ident),+ }) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                to: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeTuple;
                let there = [$(self.$last.is_some()),+];
                let lasts = there.iter().rposition(|there| *there).map_or(0, |last| last + 1);
                let fields = [$(stringify!($field)),+].len();
                let mut array = to.serialize_tuple(fields + lasts)?;
                $(array.serialize_element(&self.$field)?;)+
                let mut left = lasts;
                $(
                    if left > 0 {
                        array.serialize_element(&self.$last)?;
                        left -= 1;
                    }
                )+
                let _ = left;
                array.end()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                from: D,
            ) -> ::std::result::Result<Self, D::Error> {
                struct Fields;

                impl<'de> ::serde::de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!("the fields of ", stringify!($name)))
                    }

                    fn visit_seq<A: ::serde::de::SeqAccess<'de>>(
                        self,
                        mut fields: A,
                    ) -> ::std::result::Result<$name, A::Error> {
                        let mut read = 0;
                        $(
                            let $field = fields.next_element()?;
                            let missing = || ::serde::de::Error::invalid_length(read, &self);
                            let $field = $field.ok_or_else(missing)?;
                            read += 1;
                        )+
                        let _ = read;
                        Ok($name { $($field,)+ $($last: fields.next_element()?.flatten(),)+ })
                    }
                }

                from.deserialize_seq(Fields)
            }
        }
    };
}

/// Has a canonical encoding with a version.
pub trait Encode {
    /// The canonical bytes. Equal values give equal bytes.
    fn encode(&self) -> Vec<u8>;
}

/// Can be read back from untrusted bytes.
pub trait Decode: Sized {
    /// The value that `bytes` encode.
    ///
    /// # Errors
    /// If the bytes are none that [`Encode::encode`] gives, or break a limit or a rule.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// Why bytes were refused. Whoever sent them is at fault; nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// Longer than anything valid.
    #[error("{0} bytes are more than the {1} allowed")]
    TooLong(usize, usize),
    /// Not the CBOR structure that was expected.
    #[error("malformed CBOR: {0}")]
    Malformed(String),
    /// More bytes than the value has.
    #[error("{0} bytes after the end of the value")]
    Trailing(usize),
    /// CBOR of the value, but not the one way to write it: a longer number, an
    /// indefinite length, a tag, another order.
    #[error("not the canonical encoding of its value")]
    NotCanonical,
    /// A format version that this program cannot read.
    #[error("format version {0} is not known here; the newest known is {1}")]
    Format(u8, u8),
    /// Well-formed, but it breaks a rule.
    #[error("invalid: {0}")]
    Invalid(String),
}

impl DecodeError {
    /// A broken rule.
    #[must_use]
    pub fn invalid(rule: &str) -> Self {
        Self::Invalid(rule.to_owned())
    }
}

/// The CBOR of `value`.
pub fn to_vec<T: Serialize>(value: &T) -> Vec<u8> {
    to_vec_of(value, 128)
}

/// The CBOR of `value`, for which room is made at once if it has so many bytes or less.
pub fn to_vec_of<T: Serialize>(value: &T, bytes: usize) -> Vec<u8> {
    let mut out = Out::Kept(Vec::with_capacity(bytes));
    // Writing to memory cannot fail, and no type of ours refuses to serialise.
    let written = ciborium::into_writer(value, &mut out);
    debug_assert!(written.is_ok());
    match out {
        Out::Kept(bytes) => bytes,
        Out::Expected(_) => Vec::new(),
    }
}

/// The value whose canonical CBOR is exactly `bytes`.
///
/// Anything else that CBOR would allow for the same value is refused: the value
/// is written once more and compared, without keeping what is written.
///
/// # Errors
/// If the bytes are malformed, do not end with the value, or are not its canonical encoding.
pub fn from_slice<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let value = from_own(bytes)?;
    let mut out = Out::Expected(bytes);
    let written = ciborium::into_writer(&value, &mut out);
    match (written, out) {
        (Ok(()), Out::Expected([])) => Ok(value),
        _ => Err(DecodeError::NotCanonical),
    }
}

/// The value that `bytes` encode, in whatever way. Only for what stays within a
/// point of presence, such as its cache: nobody compares, hashes or signs it.
///
/// # Errors
/// If the bytes are malformed, or do not end with the value.
pub fn from_own<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut rest = In(bytes);
    let value = ciborium::from_reader(&mut rest)
        .map_err(|error| DecodeError::Malformed(error.to_string()))?;
    match rest.0.is_empty() {
        true => Ok(value),
        false => Err(DecodeError::Trailing(rest.0.len())),
    }
}

/// Where bytes come from that are decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// From anywhere: [`from_slice`].
    Any,
    /// From who has decoded them so before, or written them: [`from_own`].
    Own,
}

/// The value that `bytes` encode, read as their source is to be.
///
/// # Errors
/// As [`from_slice`] or [`from_own`].
pub fn read<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    source: Source,
) -> Result<T, DecodeError> {
    match source {
        Source::Any => from_slice(bytes),
        Source::Own => from_own(bytes),
    }
}

/// What is still to be decoded.
struct In<'a>(&'a [u8]);

/// The bytes end within a value.
#[derive(Debug)]
struct Ended;

impl ciborium_io::Read for &mut In<'_> {
    type Error = Ended;

    #[inline]
    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), Ended> {
        // So it is for the rest of every short header.
        if bytes.is_empty() {
            return Ok(());
        }
        let (read, rest) = self.0.split_at_checked(bytes.len()).ok_or(Ended)?;
        bytes.copy_from_slice(read);
        self.0 = rest;
        Ok(())
    }
}

/// Where encoded bytes go. One type, so that there is one encoder of each value: code is paid for
/// by every new sandbox.
enum Out<'a> {
    /// They are kept.
    Kept(Vec<u8>),
    /// They have to be these, in order.
    Expected(&'a [u8]),
}

/// Not the bytes that had to come next.
#[derive(Debug)]
struct Unexpected;

impl ciborium_io::Write for &mut Out<'_> {
    type Error = Unexpected;

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Unexpected> {
        // So it is for the rest of every short header.
        if bytes.is_empty() {
            return Ok(());
        }
        match self {
            Out::Kept(kept) => kept.extend_from_slice(bytes),
            Out::Expected(rest) => *rest = rest.strip_prefix(bytes).ok_or(Unexpected)?,
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Unexpected> {
        Ok(())
    }
}

/// Refuses input longer than `most`.
///
/// # Errors
/// [`DecodeError::TooLong`].
pub fn bounded(bytes: &[u8], most: usize) -> Result<(), DecodeError> {
    match bytes.len() <= most {
        true => Ok(()),
        false => Err(DecodeError::TooLong(bytes.len(), most)),
    }
}

/// Refuses a format version other than 1 to `newest`.
///
/// # Errors
/// [`DecodeError::Format`].
pub fn known_format(format: u8, newest: u8) -> Result<(), DecodeError> {
    match (1..=newest).contains(&format) {
        true => Ok(()),
        false => Err(DecodeError::Format(format, newest)),
    }
}

/// Elements that room is made for because a list says that it has them.
const BELIEVED: usize = 4;

/// Reads a list whose memory grows with its elements. Serde would reserve up to a
/// MiB for what a list says of its length, and one more for each list in it.
///
/// # Errors
/// If it is no list, or an element does not decode.
pub fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    list_where(deserializer, |_, _| true, "")
}

/// As [`list`], where each element `fits` those before it; else it is refused for
/// this reason, before more is read.
///
/// # Errors
/// As [`list`]; and with `reason` if an element does not fit.
pub fn list_where<'de, T, D>(
    deserializer: D,
    fits: impl Fn(&[T], &T) -> bool,
    reason: &'static str,
) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(ListVisitor { fits, reason, list: PhantomData })
}

struct ListVisitor<T, F> {
    fits: F,
    reason: &'static str,
    list: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: Fn(&[T], &T) -> bool> Visitor<'de> for ListVisitor<T, F> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or(0).min(BELIEVED));
        while let Some(item) = items.next_element()? {
            if !(self.fits)(&list, &item) {
                return Err(A::Error::custom(self.reason));
            }
            list.push(item);
        }
        Ok(list)
    }
}

/// Bytes with the length that they had before they were compressed; as they are, where that is
/// less.
pub type Packed = (u32, serde_bytes::ByteBuf);

/// How hard compression tries, of 10. It is done once.
const EFFORT: u8 = 9;

/// Compresses bytes for storage (raw DEFLATE). Other versions of this program may come to other
/// bytes: nothing is named by them.
#[must_use]
pub fn pack(plain: Vec<u8>) -> Packed {
    let len = u32::try_from(plain.len()).unwrap_or(u32::MAX);
    let packed = miniz_oxide::deflate::compress_to_vec(&plain, EFFORT);
    let within = packed.len().saturating_mul(limits::PACKED_TIMES) >= plain.len();
    let bytes = if within && packed.len() < plain.len() { packed } else { plain };
    (len, bytes.into())
}

/// What [`pack`] was given.
///
/// # Errors
/// If the bytes are damaged, or say of themselves that they are longer than they can be.
pub fn unpack((len, packed): Packed) -> Result<Vec<u8>, DecodeError> {
    let len = len as usize;
    if len == packed.len() {
        return Ok(packed.into_vec());
    }
    // What comes out stays in proportion to what came in.
    if len < packed.len() || len > packed.len().saturating_mul(limits::PACKED_TIMES) {
        return Err(DecodeError::invalid("compressed bytes are not as many as they should be"));
    }
    let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, len)
        .map_err(|_| DecodeError::invalid("compressed bytes are damaged"))?;
    match plain.len() == len {
        true => Ok(plain),
        false => Err(DecodeError::invalid("compressed bytes are not as many as they should be")),
    }
}
