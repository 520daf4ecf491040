//! The edge function over ports in memory: requests as browsers and programs send them, without a
//! network. What depends on time, faults or the platform is for `e2e`.

mod form;
mod sandbox;
