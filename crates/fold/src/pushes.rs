//! What one exchange pushes, sorted by shard on the way in and put together on the way out.
//!
//! May assume that the caller was authorised for the site. Must never let a caller log what the
//! relay alone may, or what is of another site.

use std::collections::BTreeMap;

use redwedding_document::entry::Entry;
use redwedding_replica::sync::Receipt;
use redwedding_wire::codec::Decode;
use serde_bytes::ByteBuf;

use crate::batch::PushedEntry;
use crate::limits;
use crate::store::RefusedEntry;

/// The pushes of an exchange while they are being answered.
#[derive(Debug)]
pub struct Pushes {
    bytes: Vec<ByteBuf>,
    receipts: Vec<Option<Receipt>>,
}

/// What an exchange pushes to one shard.
#[derive(Debug)]
pub struct ShardPushes {
    /// The shard.
    pub shard: u16,
    /// The number of each entry in the exchange.
    pub indices: Vec<usize>,
    /// The entries, in the exchange's order.
    pub entries: Vec<PushedEntry>,
}

impl Pushes {
    /// Sorts what was pushed for `site`. What may not be logged is refused here.
    #[must_use]
    pub fn sort(site: &str, bytes: Vec<ByteBuf>) -> (Self, Vec<ShardPushes>) {
        let mut receipts = vec![None; bytes.len()];
        let mut shards: BTreeMap<u16, ShardPushes> = BTreeMap::new();
        for (index, bytes) in bytes.iter().enumerate() {
            match decode(site, bytes) {
                Ok(entry) => {
                    let shard = entry.document.shard(limits::SHARDS);
                    let new = || ShardPushes { shard, indices: Vec::new(), entries: Vec::new() };
                    let of_shard = shards.entry(shard).or_insert_with(new);
                    of_shard.indices.push(index);
                    of_shard.entries.push(PushedEntry { entry, bytes: bytes.clone() });
                }
                Err(reason) => receipts[index] = Some(Receipt::Refused(reason)),
            }
        }
        (Self { bytes, receipts }, shards.into_values().collect())
    }

    /// Takes what became of the entries of these numbers.
    pub fn answer(&mut self, indices: &[usize], receipts: Vec<Receipt>) {
        for (index, receipt) in indices.iter().zip(receipts) {
            if let Some(place) = self.receipts.get_mut(*index) {
                *place = Some(receipt);
            }
        }
    }

    /// One receipt for each entry, and what was refused. Of what nobody answered nothing is known:
    /// it is pushed again.
    #[must_use]
    pub fn finish(self) -> (Vec<Receipt>, Vec<RefusedEntry>) {
        let receipts = self.receipts.into_iter().map(|receipt| receipt.unwrap_or(Receipt::Busy));
        let receipts: Vec<_> = receipts.collect();
        let refused = self.bytes.into_iter().zip(&receipts).filter_map(|(bytes, receipt)| {
            let Receipt::Refused(reason) = receipt else { return None };
            Some(RefusedEntry { reason: reason.clone(), bytes: bytes.into_vec() })
        });
        let refused = refused.collect();
        (receipts, refused)
    }
}

/// An entry that a point of presence may have logged for this site; else why not.
fn decode(site: &str, bytes: &[u8]) -> Result<Entry, String> {
    let entry = Entry::decode(bytes).map_err(|error| error.to_string())?;
    // Who holds a key can add edits. Floors and moderation could take others' away.
    if entry.body.is_relay_only() {
        return Err("only the relay may log this".to_owned());
    }
    // The caller was authorised for the request's site alone.
    match entry.document.site() == site {
        true => Ok(entry),
        false => Err("the entry is of another site".to_owned()),
    }
}
