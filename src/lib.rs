//! The parts of the edge function that know nothing of the platform, so that
//! they compile and are tested on any host.
//!
//! Nothing here may call Fastly, read a clock or draw a random number: what
//! depends on those is passed in. Modules: [`surface`] (a request's way, from
//! bytes to bytes), [`application`] (what a site plugs in), [`wiki`] (the
//! built-in application), [`embedded_origin`] (how the embedded origin speaks
//! HTTP), [`settings`] (an operator's settings), [`limits`].
//!
//! Dependency rules: `surface` and `application` import nothing of `wiki`;
//! `wiki` imports `application` and nothing of `surface`. The crate's binary
//! puts them together.

pub mod application;
pub mod embedded_origin;
pub mod limits;
pub mod settings;
pub mod surface;
pub mod wiki;
