//! Bytes as saves that wait for the log, seen and confirmed in any order.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::overlay(bytes));
