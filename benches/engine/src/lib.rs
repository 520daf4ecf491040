//! What is measured, and how: the same natively and inside Wasm.

pub mod clock;
pub mod curves;
pub mod document;
pub mod engine;
pub mod engines;
pub mod failure;
pub mod measure;
pub mod measured;
pub mod memory;
pub mod replicas;
pub mod report;
pub mod sample;
pub mod save;
pub mod synthetic;
pub mod trace;
pub mod wasm;
