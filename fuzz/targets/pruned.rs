//! Bytes as the log of a document that is pruned, and takes back what it needs.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::pruned(bytes));
