//! Page titles in the one spelling that is hashed, stored, linked and served.
//!
//! Two spellings of one title must never become two documents, so every title
//! from outside passes through [`Title::parse`] before anything else looks at
//! it. The rules are MediaWiki's where they matter to a wiki behind the edge:
//! a title accepted here is not refused there later.
//!
//! The input is percent-decoded text. Nothing here may decode it again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::limits::TITLE_BYTES;

/// The longest spelling that is looked at all, in bytes.
pub const MAX_SPELLING_BYTES: usize = 4096;

/// How often the first letter and the normal form are settled against each
/// other; two rounds are enough for all of Unicode 17 (checked by a test).
const MAX_ROUNDS: usize = 4;

/// What stays readable in a path: RFC 3986's unreserved characters and the
/// delimiters that mean nothing inside a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b':')
    .remove(b';')
    .remove(b'@')
    .remove(b'/');

const SEGMENT: &AsciiSet = &PATH.add(b'/');

/// A canonical title: Unicode NFC, single underscores for spaces, first letter
/// in upper case, 1 to [`TITLE_BYTES`] bytes, nothing forbidden in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Title(String);

/// Why a spelling is no title. The client is at fault in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TitleError {
    /// Nothing is left once spaces are trimmed.
    Empty,
    /// Longer than [`TITLE_BYTES`] bytes.
    TooLong,
    /// It holds a character that no title may hold.
    Forbidden(char),
    /// It begins with a colon.
    LeadingColon,
    /// One of its slash-separated parts is `.` or `..`.
    DotSegment,
    /// It holds `~~~`, a percent escape or a character entity, which other
    /// software would read as something else.
    Misleading,
}

impl fmt::Display for TitleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the title is empty"),
            Self::TooLong => write!(f, "the title is longer than {TITLE_BYTES} bytes"),
            Self::Forbidden(c) if c.is_control() || ('\u{fffd}'..='\u{ffff}').contains(c) => {
                write!(f, "the title holds the character U+{:04X}", u32::from(*c))
            }
            Self::Forbidden(c) => write!(f, "the title holds the character \u{201c}{c}\u{201d}"),
            Self::LeadingColon => f.write_str("the title begins with a colon"),
            Self::DotSegment => f.write_str("the title holds a part that is only dots"),
            Self::Misleading => {
                f.write_str("the title holds \u{201c}~~~\u{201d}, a percent escape or an entity")
            }
        }
    }
}

impl std::error::Error for TitleError {}

impl Title {
    /// The canonical title of a spelling.
    ///
    /// ```
    /// use redwedding::wiki::title::Title;
    ///
    /// let title = Title::parse(" red  wedding ").unwrap();
    /// assert_eq!(title.as_str(), "Red_wedding");
    /// assert_eq!(Title::parse(title.as_str()), Ok(title));
    /// ```
    ///
    /// # Errors
    /// A [`TitleError`] saying what is wrong with the spelling.
    pub fn parse(spelling: &str) -> Result<Self, TitleError> {
        if spelling.len() > MAX_SPELLING_BYTES {
            return Err(TitleError::TooLong);
        }
        let plain: String = spelling.chars().filter(|c| !is_bidi(*c)).collect();
        let mut title = underscored(&composed(&plain));
        for _ in 0..MAX_ROUNDS {
            let next = composed(&upper_first(&title).collect::<String>()).into_owned();
            if next == title {
                break;
            }
            title = next;
        }
        check(&title)?;
        Ok(Self(title))
    }

    /// The canonical spelling, with underscores.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people read it, with spaces.
    pub fn display(&self) -> String {
        self.0.replace('_', " ")
    }

    /// Percent-encoded for the end of a path; slashes stay.
    pub fn to_path(&self) -> String {
        utf8_percent_encode(&self.0, PATH).to_string()
    }

    /// Percent-encoded as a single path segment; slashes are encoded too, as
    /// MediaWiki's REST API wants them.
    pub fn to_segment(&self) -> String {
        utf8_percent_encode(&self.0, SEGMENT).to_string()
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display())
    }
}

impl AsRef<str> for Title {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Title {
    type Err = TitleError;

    fn from_str(spelling: &str) -> Result<Self, TitleError> {
        Self::parse(spelling)
    }
}

/// Marks that only steer the direction of writing: invisible, and pasted
/// along by accident.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Spaces and underscores as single underscores, none at either end. Control
/// characters stay, to be refused.
fn underscored(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let gap = c == '_' || (c.is_whitespace() && !c.is_control());
        if !gap {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// Normalization Form C: the same characters are the same bytes.
fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The text with its first letter in upper case, unless that takes more than
/// one character (`ß` stays).
fn upper_first(text: &str) -> impl Iterator<Item = char> {
    let mut chars = text.chars();
    let first = chars.next().map(|c| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) => single,
            _ => c,
        }
    });
    first.into_iter().chain(chars)
}

fn check(title: &str) -> Result<(), TitleError> {
    if title.is_empty() {
        return Err(TitleError::Empty);
    }
    if title.len() > TITLE_BYTES {
        return Err(TitleError::TooLong);
    }
    if let Some(c) = title.chars().find(|c| is_forbidden(*c)) {
        return Err(TitleError::Forbidden(c));
    }
    if title.starts_with(':') {
        return Err(TitleError::LeadingColon);
    }
    if title.split('/').any(|part| part == "." || part == "..") {
        return Err(TitleError::DotSegment);
    }
    if title.contains("~~~") || holds_percent_escape(title) || holds_entity(title) {
        return Err(TitleError::Misleading);
    }
    Ok(())
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '#' | '<' | '>' | '[' | ']' | '|' | '{' | '}' | '\u{fffd}'..='\u{ffff}')
        || c.is_control()
}

fn holds_percent_escape(title: &str) -> bool {
    title
        .as_bytes()
        .windows(3)
        .any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
}

fn holds_entity(title: &str) -> bool {
    title.split('&').skip(1).any(|after| {
        let name = after.split(';').next().unwrap_or_default();
        name.len() < after.len()
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b >= 0x80)
    })
}

#[cfg(test)]
#[path = "title_tests.rs"]
mod tests;
