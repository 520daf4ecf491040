//! For tests: values and logs made from bytes, and what must hold of them.
//!
//! Behind the feature `testing`, which nothing that serves requests may turn on. What one property
//! test, fuzz target or kept crasher finds here runs in the others. `redwedding_wire::testing`
//! turns bytes into choices, [`values`] makes anything that is encoded, [`log`] writes the log of
//! one document with everything that may go right and wrong in it, [`check`] says what must hold.

pub mod check;
pub mod log;
pub mod values;
