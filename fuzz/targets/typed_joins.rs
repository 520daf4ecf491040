//! Bytes as replicas of typed data that hear of each other in any order.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::typed_joins(bytes));
