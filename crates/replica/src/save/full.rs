//! A page of which as much waits as may: what its point of presence knows of that.
//!
//! To count what waits takes the overlay, the dearest thing that a sandbox reads that starts. So
//! whoever finds a page full leaves word of it in the cache. Who comes after is refused for that,
//! with the same counts, for [`limits::FULL_MS`] at most. After half of it one of those who ask
//! counts anew, while the others are still refused.
//!
//! Asked for only with the relay away, and after all that tells that a save was taken before: that
//! is no further one. The word may be lost at any time, or be one that was replaced: then somebody
//! counts who need not have. Must never refuse a save for longer than it is good. A clock that
//! jumps back makes it last twice as long at most.

use redwedding_wire::identity::{DocumentKey, EditId};

use crate::context::Context;
use crate::document_cache::Revalidation;
use crate::keys;
use crate::limits;
use crate::overlay::Waiting;
use crate::ports::{Cache, Ports, Value};
use crate::save::error::SaveError;

impl<P: Ports> Context<'_, P> {
    /// With the relay away: refuses a save for what was counted a moment ago. Where it is to be
    /// counted anew, gives one of those who ask the right to leave word of it.
    ///
    /// # Errors
    /// [`SaveError::Overloaded`].
    pub(super) fn found_full(
        &mut self,
        key: &DocumentKey,
        edit: EditId,
    ) -> Result<Option<Revalidation<P>>, SaveError> {
        if !self.relay_client().is_away() {
            return Ok(None);
        }
        let name = keys::full(key);
        let found = self.ports.cache().metadata(&name).and_then(|found| Full::read(&found));
        let now_ms = self.ports.now_ms();
        let good = found.and_then(|full| Some((full.age_ms(now_ms)?, full)));
        let Some((age_ms, full)) = good else { return Ok(None) };
        if self.outbox().took(edit) {
            return Ok(None);
        }
        let counts = match age_ms < limits::FULL_MS / 2 {
            true => None,
            false => self.ports.cache().lookup(&name, 0).revalidation,
        };
        counts.map_or_else(|| Err(refused(full.waiting)), |right| Ok(Some(right)))
    }

    /// Refuses a save for what was counted, and leaves word of it.
    pub(super) fn refuse_full(
        &mut self,
        key: &DocumentKey,
        waiting: Waiting,
        right: Option<Revalidation<P>>,
    ) -> SaveError {
        let full = Full { waiting, found_ms: self.ports.now_ms() };
        let value = Value { bytes: Vec::new(), metadata: full.value() };
        self.ports.cache().insert_with(right, &keys::full(key), value, limits::FULL_MS / 2);
        refused(waiting)
    }
}

fn refused(Waiting { saves, bytes }: Waiting) -> SaveError {
    SaveError::Overloaded { saves, bytes }
}

/// What was counted, and when, in ms since 1970.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Full {
    waiting: Waiting,
    found_ms: u64,
}

impl Full {
    /// `None` where it says nothing that could be true.
    fn read(value: &[u8]) -> Option<Self> {
        let ([saves, bytes, found_ms], []) = value.as_chunks::<8>() else { return None };
        let number = |bytes: &[u8; 8]| usize::try_from(u64::from_le_bytes(*bytes)).ok();
        let waiting = Waiting { saves: number(saves)?, bytes: number(bytes)? };
        let found_ms = u64::from_le_bytes(*found_ms);
        waiting.is_full().then_some(Self { waiting, found_ms })
    }

    fn value(self) -> Vec<u8> {
        let Waiting { saves, bytes } = self.waiting;
        [saves as u64, bytes as u64, self.found_ms].map(u64::to_le_bytes).concat()
    }

    /// How long ago it was counted; `None` where that is too long. What is still to come was told
    /// by a clock that ran ahead.
    fn age_ms(self, now_ms: u64) -> Option<u64> {
        now_ms.checked_sub(self.found_ms).filter(|age_ms| *age_ms < limits::FULL_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_good_for_a_while_by_whatever_clock() {
        let waiting = Waiting { saves: limits::OVERLAY_EDITS, bytes: 7 };
        let full = Full { waiting, found_ms: 5_000 };
        assert_eq!(Full::read(&full.value()), Some(full));
        for (now_ms, age_ms) in [
            (5_000, Some(0)),
            (4_999 + limits::FULL_MS, Some(limits::FULL_MS - 1)),
            (5_000 + limits::FULL_MS, None),
            (4_999, None),
            (0, None),
        ] {
            assert_eq!(full.age_ms(now_ms), age_ms, "at {now_ms}");
        }
    }

    #[test]
    fn what_is_not_full_or_noise_says_nothing() {
        let few = Waiting { saves: limits::OVERLAY_EDITS - 1, bytes: limits::OVERLAY_BYTES - 1 };
        assert_eq!(Full::read(&Full { waiting: few, found_ms: 5_000 }.value()), None);
        for noise in [&[][..], &[0xff; 23], &[0xff; 25], b"noise"] {
            assert_eq!(Full::read(noise), None);
        }
    }
}
