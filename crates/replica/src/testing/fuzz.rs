//! What the fuzz targets do with bytes. What they found once runs in the tests.

use redwedding_document::testing::check;
use redwedding_typed::testing as typed;

use super::wire;

/// Entries of a log that one input may write: more only takes longer.
const ENTRIES: usize = 120;
/// Steps of replicas of typed data; each is checked against all before it.
const STEPS: usize = 160;

/// Bytes that decoding holds at once for each byte of input, and whatever the
/// input: serde makes room for what a list says of its length, up to a MiB, and
/// lists nest. Three bytes may be a row of edits, which is 32 bytes.
const HELD: (u64, u64) = (20, (2 << 20) + (64 << 10));
/// The same of typed data, whose lists grow with what is in them. An actor is one
/// byte or, while its list doubles, 24; nothing costs more. The rest is for lists
/// in lists of few elements, and for the error's text.
const HELD_BY_TYPED: (u64, u64) = (32, 64 << 10);

/// Panics where something does not hold.
pub type Target = fn(&[u8]);

/// The targets by name, as their corpus folders are called.
pub const TARGETS: [(&str, Target); 9] = [
    ("decoders", decoders),
    ("document", document),
    ("log", log),
    ("pruned", pruned),
    ("overlay", overlay),
    ("typed_decoders", typed_decoders),
    ("typed_wrong", typed_wrong),
    ("typed_joins", typed_joins),
    ("typed_log", typed_log),
];

/// How much memory is held at once while something is done: by the allocator that
/// counts, which only a binary of tests has.
pub type Measure = fn(&mut dyn FnMut()) -> u64;

/// Every decoder, and what it allocates.
///
/// # Panics
/// Where that is more than a small multiple of the input.
pub fn allocates_little(bytes: &[u8], held: Measure) {
    let within = |(each, base): (u64, u64), decode: fn(&[u8])| {
        let held = held(&mut || decode(bytes));
        let most = bytes.len() as u64 * each + base;
        assert!(held <= most, "{held} bytes for {}, not {most}", bytes.len());
    };
    within(HELD, check::decode);
    within(HELD, wire::decode);
    within(HELD_BY_TYPED, typed::bytes::decode);
}

/// Every decoder.
///
/// # Panics
/// Where something decodes that nothing encodes, or cannot be worked with.
pub fn decoders(bytes: &[u8]) {
    check::decoders(bytes);
    typed::bytes::check(bytes);
    wire::decoders(bytes);
}

/// A document that was put together wrongly.
///
/// # Panics
/// Where something decodes that cannot be worked with.
pub fn document(bytes: &[u8]) {
    check::wrong_document(bytes, ENTRIES);
}

/// The log of a document.
///
/// # Panics
/// Where it is not folded as it should be.
pub fn log(bytes: &[u8]) {
    check::fold(bytes, ENTRIES);
}

/// The log of a document that is pruned on the way.
///
/// # Panics
/// Where that changes what it comes to.
pub fn pruned(bytes: &[u8]) {
    check::pruned(bytes, ENTRIES);
}

/// Saves that wait for the log.
///
/// # Panics
/// Where what is shown is not what is confirmed.
pub fn overlay(bytes: &[u8]) {
    check::overlay(bytes, ENTRIES);
}

/// Every decoder of typed data.
///
/// # Panics
/// Where something decodes that nothing encodes, or cannot be worked with.
pub fn typed_decoders(bytes: &[u8]) {
    typed::bytes::check(bytes);
}

/// Typed data that was put together wrongly.
///
/// # Panics
/// Where something decodes that cannot be worked with.
pub fn typed_wrong(bytes: &[u8]) {
    typed::bytes::check_wrong(bytes, STEPS);
}

/// Replicas of typed data that hear of each other in any order.
///
/// # Panics
/// Where they do not come to the same, or not to what their operations say.
pub fn typed_joins(bytes: &[u8]) {
    typed::joins::check(bytes, STEPS);
}

/// The log of typed data, with overlays and a floor.
///
/// # Panics
/// Where it is not folded as it should be.
pub fn typed_log(bytes: &[u8]) {
    typed::log::check(bytes, STEPS);
}
