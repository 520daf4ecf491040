//! Bytes as typed data that was put together wrongly.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::typed_wrong(bytes));
