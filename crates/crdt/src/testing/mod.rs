//! For tests: values and logs made from bytes, and what must hold of them.
//!
//! Behind the feature `testing`, which nothing that serves requests may turn on.
//! Property tests, fuzz targets and kept crashers all go through here, so that
//! what one of them finds runs in the others. [`draw`] turns bytes into choices,
//! [`values`] makes anything that is encoded, [`log`] writes the log of one
//! document with everything that may go right and wrong in it, [`check`] says
//! what must hold. [`typed`] has all of this for typed data.

pub mod check;
pub mod draw;
pub mod log;
pub mod typed;
pub mod values;

pub use draw::Draw;
