//! The kinds of faults, by number, and how often each happens.
//!
//! Must never leave a kind out without saying why.

use redwedding_fold::FloorPolicy;
use redwedding_replica::testing::Random;

use crate::plan::Plan;

/// Kinds of faults, for [`Plan::without`].
pub(crate) const KINDS: u32 = 35;
/// Clocks that are off by seconds.
pub(crate) const SKEWS: u32 = 18;
/// Floors of documents.
const FLOORS: u32 = 19;
/// Hours in which nothing happens.
pub(crate) const HOURS: u32 = 29;
/// Keys are rotated.
pub(crate) const KEYS: u32 = 30;
/// The log loses its tail.
pub(crate) const TAILS: u32 = 31;
/// Pages are deleted at the origin, and restored.
pub(crate) const DELETIONS: u32 = 32;
/// The origin merges by itself.
pub(crate) const MERGES: u32 = 33;

/// A client asks again before it has an answer.
pub(crate) const OVERLAPS: u32 = 34;

/// Whether a kind of fault happens in a run.
pub(crate) fn is_on(plan: &Plan, kind: u32) -> bool {
    plan.without & (1 << kind) == 0
}

/// How often a fault of this kind happens: not at all, or up to so often in a thousand.
pub(crate) fn some(random: &mut Random, plan: &Plan, kind: u32, permille: u32) -> u32 {
    let on = random.chance(350);
    let permille = 1 + random.below(u64::from(permille)) as u32;
    if on && is_on(plan, kind) { permille } else { 0 }
}

/// How often a call hangs, of chances up to a thousand: often for ever, as a process that
/// was stopped does.
pub(crate) fn hung(permille: u32) -> u32 {
    if permille > 700 { 1_000 } else { permille / 2 }
}

/// How often floors are looked after, in a thousand, and where they are wanted: much sooner than
/// any relay would.
pub(crate) fn floors(random: &mut Random, plan: &Plan) -> (u32, FloorPolicy) {
    let often = if is_on(plan, FLOORS) { [0, 100, 400][random.index(3)] } else { 0 };
    let keep = random.index(4);
    let policy = FloorPolicy {
        age_ms: [0, 5_000, 60_000][random.index(3)],
        most: keep + 1 + random.index(6),
        keep,
        least: 1 + random.index(3),
        segment_bytes: [300, 2_000, 1 << 20][random.index(3)],
    };
    (often, policy)
}
