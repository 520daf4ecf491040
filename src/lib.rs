//! The parts of the edge function that know nothing of the platform, so that
//! they compile and are tested on any host.
//!
//! Nothing here may call Fastly, read a clock or draw a random number: what
//! depends on those is passed in.

pub mod wiki;
