//! All numbers of one run, before anybody judges or shows them.

use serde::Serialize;

use crate::curves::Curve;
use crate::measure::{TraceResults, WikiResults};
use crate::memory::Memory;
use crate::save;
use crate::wasm::WasmResults;

/// All that was measured, as far as it was asked for.
#[derive(Default, Serialize)]
pub struct Measured {
    pub traces: Vec<TraceResults>,
    pub wikis: Vec<WikiResults>,
    pub curves: Vec<Curve>,
    pub memory: Option<Memory>,
    pub saves: Vec<save::Row>,
    pub wasm: Option<WasmResults>,
}
