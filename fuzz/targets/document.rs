//! Bytes as a document that was put together wrongly.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::document(bytes));
