//! Bytes as a log of typed data, read and overlaid in every way.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::typed_log(bytes));
