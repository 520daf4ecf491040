//! The system end to end: HTTP against a local network of points of presence, relay and
//! origin, with faults between them.
//!
//! Each measure is a test with a size: small by itself, larger where an
//! environment variable says so (`scripts/measure --help` lists them). Figures
//! are printed with `--nocapture`. A test may assume what `scripts/test` sets
//! up: `bin/main.wasm` and the relay's program.

#![allow(clippy::unwrap_used)]

mod alternatives;
mod bad_input;
mod both_down;
mod chaos;
mod client;
mod conditions;
mod crowd;
mod edit_form;
mod fifty_writers;
mod figures;
mod ground;
mod load;
mod one_pop;
mod origin_edits;
mod outage;
mod real_histories;
mod relay_hung;
mod relay_killed;
mod served_bases;
mod told;
