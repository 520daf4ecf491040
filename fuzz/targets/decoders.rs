//! Any bytes through every decoder.

#![no_main]

use redwedding_replica::testing::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::allocates_little(bytes, |decode| allocation_counter::measure(decode).bytes_max);
    fuzz::decoders(bytes);
});
