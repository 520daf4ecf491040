//! Patches on the wire: `[hunks, inserted text]`, as `patch` in `docs/wire.cddl`.
//!
//! The text engine knows no encoding, and the codec knows no patches: this module is where the
//! two meet. Use it as `#[serde(with = "patch_wire")]`, or `patch_wire::optional` where a patch
//! may be null. Hunks are LEB128 triples: bytes kept, deleted and inserted. Must never give a
//! [`Patch`] whose invariants were not checked.

use redwedding_text::{Hunk, Patch};
use redwedding_wire::codec::DecodeError;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_bytes::{ByteBuf, Bytes};

/// Writes a patch.
pub(crate) fn serialize<S: Serializer>(patch: &Patch, serializer: S) -> Result<S::Ok, S::Error> {
    (Bytes::new(&hunk_columns(patch)), patch.inserted()).serialize(serializer)
}

/// Reads a patch and checks its invariants.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patch, D::Error> {
    let (hunks, inserted) = <(ByteBuf, String)>::deserialize(deserializer)?;
    let hunks = hunks_from_columns(&hunks).map_err(D::Error::custom)?;
    Patch::new(hunks, inserted).map_err(D::Error::custom)
}

fn hunk_columns(patch: &Patch) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(patch.hunks().len() * 4);
    let mut buffer = unsigned_varint::encode::u32_buffer();
    for hunk in patch.hunks() {
        for number in [hunk.skip, hunk.delete, hunk.insert] {
            bytes.extend_from_slice(unsigned_varint::encode::u32(number, &mut buffer));
        }
    }
    bytes
}

fn hunks_from_columns(mut bytes: &[u8]) -> Result<Vec<Hunk>, DecodeError> {
    let mut hunks = Vec::with_capacity(bytes.len() / 3);
    while !bytes.is_empty() {
        let mut numbers = [0; 3];
        for number in &mut numbers {
            (*number, bytes) = unsigned_varint::decode::u32(bytes)
                .map_err(|error| DecodeError::Malformed(error.to_string()))?;
        }
        let [skip, delete, insert] = numbers;
        hunks.push(Hunk { skip, delete, insert });
    }
    Ok(hunks)
}

/// A patch as its parent module has it, or null.
pub(crate) mod optional {
    use redwedding_text::Patch;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wire(#[serde(deserialize_with = "super::deserialize")] Patch);

    #[derive(Serialize)]
    #[serde(transparent)]
    struct WireRef<'a>(#[serde(serialize_with = "super::serialize")] &'a Patch);

    /// Writes a patch or null.
    pub(crate) fn serialize<S: Serializer>(patch: &Option<Patch>, s: S) -> Result<S::Ok, S::Error> {
        patch.as_ref().map(WireRef).serialize(s)
    }

    /// Reads a patch or null.
    pub(crate) fn deserialize<'de, D>(d: D) -> Result<Option<Patch>, D::Error>
    where
        D: Deserializer<'de>,
    {
        Ok(Option::<Wire>::deserialize(d)?.map(|wire| wire.0))
    }
}
