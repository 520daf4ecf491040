//! HyperLogLog: about how many different elements were added.
//!
//! *Meaning*: 2^14 registers; an element raises one of them to the length of a
//! run of zeros in its hash (Flajolet et al., "HyperLogLog", 2007). Estimates are
//! Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches",
//! arXiv:1702.01284, 2017, algorithm 6), which needs no tables and no cases; the
//! standard error is 0.81 %.
//!
//! *Concurrency*: registers join by maximum. They live under the dot of the
//! addition that found the sketch empty, its *epoch*. Later additions go to the
//! epochs that they observed and make no dot of their own. Deleting takes the epochs
//! that it observed, so what is concurrently added to them goes with them: a
//! concurrent delete wins, and leaves nothing behind. That `DEL` wins is the rule of
//! Redis's Active-Active databases for this type alone; the epochs are ours.
//!
//! *Cost*: three bytes for each register in use, 16 KiB at most, for each epoch;
//! there is one unless several were begun concurrently.

use redwedding_wire::identity::{Actor, digest};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::causal::Causal;
use crate::dot::{Dot, Writer};
use crate::dot_store::DotStore;
use crate::store::{Content, DotFun, product};

const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of the hash that runs of zeros are looked for in.
const RUN_BITS: u32 = 64 - INDEX_BITS;
/// Bytes of a register in the sparse form: index, big-endian, and rank.
const SPARSE_BYTES: usize = 3;

/// Registers that are not zero, by index, with their ranks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(try_from = "ByteBuf", into = "ByteBuf")]
struct Registers(Vec<(u16, u8)>);

/// The register that an element raises, and the rank that it raises it to.
fn register(element: &[u8]) -> (u16, u8) {
    let digest = digest("hyperloglog", &[element]).0;
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    let hash = u64::from_le_bytes(first);
    let rank = (hash >> INDEX_BITS).trailing_zeros().min(RUN_BITS) + 1;
    ((hash % REGISTERS as u64) as u16, rank as u8)
}

impl Registers {
    /// The greatest rank of each index.
    fn of(mut ranks: Vec<(u16, u8)>) -> Self {
        ranks.sort_unstable_by(|one, two| (one.0, two.1).cmp(&(two.0, one.1)));
        ranks.dedup_by_key(|(index, _)| *index);
        Self(ranks)
    }

    fn holds(&self, other: &Self) -> bool {
        other.0.iter().all(|(index, rank)| {
            let found = self.0.binary_search_by_key(index, |(index, _)| *index);
            found.is_ok_and(|at| self.0[at].1 >= *rank)
        })
    }

    /// How many elements the registers stand for: Ertl's improved raw estimator.
    fn estimate(&self) -> u64 {
        let m = REGISTERS as f64;
        let mut counts = [0u32; RUN_BITS as usize + 2];
        counts[0] = (REGISTERS - self.0.len()) as u32;
        self.0.iter().for_each(|(_, rank)| counts[usize::from(*rank)] += 1);
        let last = f64::from(counts[RUN_BITS as usize + 1]);
        let mut z = m * tau(1.0 - last / m);
        for count in counts[1..=RUN_BITS as usize].iter().rev() {
            z = 0.5 * (z + f64::from(*count));
        }
        z += m * sigma(f64::from(counts[0]) / m);
        let alpha = 0.5 / std::f64::consts::LN_2;
        (alpha * m * m / z).round() as u64
    }
}

/// x + sum of x^(2^k) 2^(k-1) over all k from 1. Steps: 2 while x is small, some 60
/// at most, since x < 1 is squared each time.
fn sigma(x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut y, mut z) = (x, 1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// (1 - x - sum of (1 - x^(2^-k))^2 2^-k over all k from 1) / 3.
fn tau(x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut z) = (x, 1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

impl Content for Registers {
    fn join(&mut self, other: &Self) {
        *self = Self::of([&self.0[..], &other.0[..]].concat());
    }

    /// Additions go to the epochs that they observed, whoever began them.
    fn may_be_by(&self, _: Dot, _: Actor) -> bool {
        true
    }

    /// An addition that is on its way names its epoch, so epochs keep their names.
    fn folded(&self, _: &Self) -> Option<Self> {
        None
    }
}

/// Index and rank of each register in use, or all ranks, whichever is shorter.
impl From<Registers> for ByteBuf {
    fn from(registers: Registers) -> Self {
        if registers.0.len() * SPARSE_BYTES < REGISTERS {
            let bytes = registers.0.iter().flat_map(|(index, rank)| {
                let [high, low] = index.to_be_bytes();
                [high, low, *rank]
            });
            return Self::from(bytes.collect::<Vec<_>>());
        }
        let mut bytes = vec![0; REGISTERS];
        registers.0.iter().for_each(|(index, rank)| bytes[usize::from(*index)] = *rank);
        Self::from(bytes)
    }
}

impl TryFrom<ByteBuf> for Registers {
    type Error = &'static str;

    fn try_from(bytes: ByteBuf) -> Result<Self, Self::Error> {
        let registers: Vec<(u16, u8)> = match bytes.len() {
            REGISTERS => (0..).zip(bytes.iter().copied()).filter(|(_, rank)| *rank > 0).collect(),
            length if length < REGISTERS && length.is_multiple_of(SPARSE_BYTES) => {
                let three = bytes.chunks_exact(SPARSE_BYTES);
                three.map(|of| (u16::from_be_bytes([of[0], of[1]]), of[2])).collect()
            }
            _ => return Err("registers have another length"),
        };
        let ranks = 1..=RUN_BITS as u8 + 1;
        let valid =
            |(index, rank): &(u16, u8)| usize::from(*index) < REGISTERS && ranks.contains(rank);
        let ascends = registers.windows(2).all(|pair| pair[0].0 < pair[1].0);
        match ascends && registers.iter().all(valid) {
            true => Ok(Self(registers)),
            false => Err("registers do not ascend or are out of range"),
        }
    }
}

/// A sketch of a set.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HyperLogLog {
    epochs: DotFun<Registers>,
}

product!(HyperLogLog { epochs });

impl HyperLogLog {
    /// About how many different elements are in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.registers().estimate()
    }

    /// About how many different elements are in any of `sketches`.
    pub fn count_union<'a>(sketches: impl IntoIterator<Item = &'a Self>) -> u64 {
        let mut union = Registers::default();
        sketches.into_iter().for_each(|sketch| union.join(&sketch.registers()));
        union.estimate()
    }

    /// Adds elements; the delta is bottom if no register rises.
    pub fn insert<'a>(
        &self,
        writer: &mut Writer,
        elements: impl IntoIterator<Item = &'a [u8]>,
    ) -> Causal<Self> {
        self.raise(writer, Registers::of(elements.into_iter().map(register).collect()))
    }

    /// Adds all that is in `other`; the delta is bottom if no register rises.
    pub fn merge(&self, writer: &mut Writer, other: &Self) -> Causal<Self> {
        self.raise(writer, other.registers())
    }

    /// Takes what is seen here, and what is concurrently added to it.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }

    fn raise(&self, writer: &mut Writer, registers: Registers) -> Causal<Self> {
        let delta = match self.epochs.is_empty() {
            true => self.epochs.add(writer, registers),
            // In every epoch: a delete of one of them leaves it in the others.
            false if self.epochs.contents().any(|epoch| !epoch.holds(&registers)) => {
                self.epochs.each(&registers)
            }
            false => Causal::default(),
        };
        delta.map(|epochs| Self { epochs })
    }

    fn registers(&self) -> Registers {
        let mut all = Registers::default();
        self.epochs.contents().for_each(|epoch| all.join(epoch));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_within_four_standard_errors() {
        let mut registers = [0u8; REGISTERS];
        let mut checked = 0;
        for added in 1..=200_000u32 {
            let (index, rank) = register(&added.to_le_bytes());
            let highest = &mut registers[usize::from(index)];
            *highest = rank.max(*highest);
            if [1, 10, 100, 1_000, 10_000, 50_000, 200_000].contains(&added) {
                let used = (0..).zip(registers).filter(|(_, rank)| *rank > 0).collect();
                let estimate = Registers(used).estimate();
                let off = (estimate as f64 - f64::from(added)).abs() / f64::from(added);
                assert!(off < 4.0 * 0.0081, "{estimate} for {added}");
                checked += 1;
            }
        }
        assert_eq!(checked, 7);
        assert_eq!(Registers::default().estimate(), 0);
    }

    #[test]
    fn both_forms_come_back() {
        for used in [0, 1, 5_461, 5_462, REGISTERS as u16] {
            let registers =
                Registers((0..used).map(|index| (index, 1 + index as u8 % 51)).collect());
            let bytes: ByteBuf = registers.clone().into();
            assert!(bytes.len() <= REGISTERS);
            assert_eq!(Registers::try_from(bytes), Ok(registers));
        }
        assert!(Registers::try_from(ByteBuf::from(vec![0, 1, 0])).is_err());
        assert!(Registers::try_from(ByteBuf::from(vec![0, 1, 52])).is_err());
        assert!(Registers::try_from(ByteBuf::from(vec![0x40, 0, 1])).is_err());
    }
}
