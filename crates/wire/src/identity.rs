//! The names of things: documents, edits, dots, contents, shards.
//!
//! All names are hashes of what they name, so that no replica has to ask
//! another for one, and so that one name cannot stand for two contents.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;

/// Which document: a site's prefix and a key within it.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple,
)]
pub struct DocumentKey {
    site: String,
    key: String,
}

/// Why a [`DocumentKey`] was refused. The caller's fault; nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The site's prefix is empty or too long.
    #[error("a site prefix has 1 to {max} bytes, this one {0}", max = limits::SITE_BYTES)]
    Site(usize),
    /// The key is empty or too long.
    #[error("a key has 1 to {max} bytes, this one {0}", max = limits::KEY_BYTES)]
    Key(usize),
}

impl DocumentKey {
    /// The document `key` of `site`.
    ///
    /// # Errors
    /// If site or key is empty or too long.
    pub fn new(site: impl Into<String>, key: impl Into<String>) -> Result<Self, KeyError> {
        let key = Self { site: site.into(), key: key.into() };
        key.check()?;
        Ok(key)
    }

    /// Whether the bounds hold; decoded keys have to be checked.
    ///
    /// # Errors
    /// If site or key is empty or too long.
    pub fn check(&self) -> Result<(), KeyError> {
        if self.site.is_empty() || self.site.len() > limits::SITE_BYTES {
            return Err(KeyError::Site(self.site.len()));
        }
        if self.key.is_empty() || self.key.len() > limits::KEY_BYTES {
            return Err(KeyError::Key(self.key.len()));
        }
        Ok(())
    }

    /// The site's prefix.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The key within the site; for a wiki page its canonical title.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A name of fixed length for stores whose keys are bounded or restricted.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest("document", &[self.site.as_bytes(), self.key.as_bytes()])
    }

    /// The log partition, of `shards` (a power of two), that the document is in.
    #[must_use]
    pub fn shard(&self, shards: u16) -> u16 {
        let digest = self.digest();
        u16::from_le_bytes([digest.0[0], digest.0[1]]) & (shards - 1)
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.site, self.key)
    }
}

/// 128 bits that name a content, a document or a log prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Digest(#[serde(with = "serde_bytes")] pub [u8; 16]);

impl Digest {
    /// The digest of a text's bytes.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        digest("text", &[text.as_bytes()])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// BLAKE3 of `parts`, each with its length before it, in a named domain.
#[must_use]
pub fn digest(domain: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    feed(&mut hasher, domain, parts);
    first_16(hasher)
}

/// As [`digest`], under a secret key: a message authentication code.
#[must_use]
pub fn keyed_digest(key: &[u8; 32], domain: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new_keyed(key);
    feed(&mut hasher, domain, parts);
    first_16(hasher)
}

/// A key for one purpose, derived from a deployment's secret.
#[must_use]
pub fn derive_key(purpose: &str, secret: &[u8]) -> [u8; 32] {
    blake3::derive_key(&format!("redwedding 2026 {purpose}"), secret)
}

fn feed(hasher: &mut blake3::Hasher, domain: &str, parts: &[&[u8]]) {
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}

fn first_16(hasher: blake3::Hasher) -> Digest {
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Digest(bytes)
}

/// Names one save by the raw inputs that the client sent, so that a retry is
/// recognised wherever it arrives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct EditId(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// By their bytes, compared as one number: in Wasm bytes are compared one by one.
impl Ord for EditId {
    fn cmp(&self, other: &Self) -> Ordering {
        u128::from_be_bytes(self.0).cmp(&u128::from_be_bytes(other.0))
    }
}

impl PartialOrd for EditId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl EditId {
    /// The id of the save with these inputs. `key` is the deployment's
    /// secret: without it nobody can search for inputs that collide.
    #[must_use]
    pub fn of(key: &[u8; 32], document: &DocumentKey, inputs: &[&[u8]]) -> Self {
        let mut parts = vec![document.site.as_bytes(), document.key.as_bytes()];
        parts.extend_from_slice(inputs);
        Self(keyed_digest(key, "edit", &parts).0)
    }
}

impl fmt::Display for EditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Digest(self.0))
    }
}

impl fmt::Debug for EditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Who made the dots of a change: a hash of the change itself.
///
/// It is never sent beside the change, always computed from it. So a dot
/// (actor, counter) cannot have two contents.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
pub struct Actor(pub u64);

impl Actor {
    /// The actor of the change that `parts` describe canonically.
    #[must_use]
    pub fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let digest = digest(domain, parts);
        let mut first = [0; 8];
        first.copy_from_slice(&digest.0[..8]);
        Self(u64::from_le_bytes(first))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Names one attempt to write a document to its origin.
///
/// Eight drawn bytes and eight bytes of authentication code: whoever holds the
/// key can tell a flush of ours from a person's summary, even when the intent
/// behind it is not known here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlushId(#[serde(with = "serde_bytes")] pub [u8; 16]);

impl FlushId {
    /// The id with these drawn bytes, for a flush of `document`.
    #[must_use]
    pub fn new(key: &[u8; 32], document: &DocumentKey, drawn: [u8; 8]) -> Self {
        let code = Self::code(key, document, &drawn);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&drawn);
        bytes[8..].copy_from_slice(&code);
        Self(bytes)
    }

    /// Whether the id was made with `key` for `document`.
    #[must_use]
    pub fn is_valid(&self, key: &[u8; 32], document: &DocumentKey) -> bool {
        Self::code(key, document, &self.0[..8]) == self.0[8..]
    }

    fn code(key: &[u8; 32], document: &DocumentKey, drawn: &[u8]) -> [u8; 8] {
        let parts = [document.site.as_bytes(), document.key.as_bytes(), drawn];
        let digest = keyed_digest(key, "flush", &parts);
        let mut code = [0; 8];
        code.copy_from_slice(&digest.0[..8]);
        code
    }

    /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for FlushId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Digest(self.0))
    }
}

impl fmt::Debug for FlushId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(digest("d", &[b"ab", b"c"]), digest("d", &[b"a", b"bc"]));
        assert_ne!(digest("d", &[b"a"]), digest("e", &[b"a"]));
    }

    #[test]
    fn keys_are_bounded() {
        assert_eq!(DocumentKey::new("", "a"), Err(KeyError::Site(0)));
        assert_eq!(DocumentKey::new("w", ""), Err(KeyError::Key(0)));
        assert_eq!(DocumentKey::new("w", "k".repeat(513)), Err(KeyError::Key(513)));
    }

    #[test]
    fn a_flush_id_is_bound_to_key_and_document() {
        let (page, other) = (DocumentKey::new("w", "A"), DocumentKey::new("w", "B"));
        let (page, other) = (page.expect("key"), other.expect("key"));
        let id = FlushId::new(&[1; 32], &page, [7; 8]);
        assert!(id.is_valid(&[1; 32], &page));
        assert!(!id.is_valid(&[2; 32], &page));
        assert!(!id.is_valid(&[1; 32], &other));
        assert_eq!(FlushId::parse(&id.to_string()), Some(id));
        assert_eq!(FlushId::parse("x"), None);
    }
}
