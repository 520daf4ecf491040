//! Typed data: the laws of its joins, what it shows, what the log makes of it, and
//! its bytes.
//!
//! `CASES=100000 cargo test -p redwedding-typed --test typed` runs more cases.

#![allow(clippy::unwrap_used)]

mod bounds;
mod bytes;
mod laws;
mod lists;
mod log;
mod rules;

use proptest::prelude::*;
use redwedding_typed::Kind;
use redwedding_typed::testing::KINDS;

/// Steps of one case, more than its bytes can be.
pub(crate) const STEPS: usize = 400;

/// `default` cases, or as many for each test as the environment's `CASES` says.
pub(crate) fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(default);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

pub(crate) fn drawn(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// Most often one type, else all. Lists have the most to go wrong.
pub(crate) fn any_kind() -> impl Strategy<Value = Option<Kind>> {
    prop_oneof![
        2 => Just(Some(Kind::List)),
        7 => prop::sample::select(&KINDS[..]).prop_map(Some),
        1 => Just(None),
    ]
}
