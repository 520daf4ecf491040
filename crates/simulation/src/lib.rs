//! What ships, in memory: replicas of `redwedding-replica` around relay nodes of
//! `redwedding-fold`, in virtual time.
//!
//! [`FoldRelay`] stands in the network of `redwedding_replica::testing`; the simulation itself is
//! a test of this crate, run by `scripts/simulate`. What happens follows from the seed and the
//! order of calls alone.

mod relay;

pub use relay::FoldRelay;
