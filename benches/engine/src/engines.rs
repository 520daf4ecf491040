//! Who takes part, and in what.

#[cfg(not(target_family = "wasm"))]
mod automerge;
#[cfg(not(target_family = "wasm"))]
mod diamond;
#[cfg(not(target_family = "wasm"))]
mod diamond_fork;
#[cfg(not(target_family = "wasm"))]
mod loro;
mod ours;
pub mod yrs;

use crate::engine::Engine;
pub use ours::HOT;
use ours::Ours;

/// An engine, and what it is measured in.
pub struct Entrant {
    pub engine: Box<dyn Engine>,
    /// Whether it is ours.
    pub ours: bool,
    /// One edit, from bytes to bytes.
    pub cold: bool,
    /// The whole history: merging it, and its size.
    pub history: bool,
    /// Whole saves of wiki pages.
    pub wiki: bool,
    /// One edit, inside Wasm.
    pub in_wasm: bool,
}

impl Entrant {
    fn new(engine: impl Engine + 'static, ours: bool, roles: &str) -> Entrant {
        let has = |role| roles.contains(role);
        let (cold, history, wiki, in_wasm) = (has('c'), has('h'), has('w'), has('i'));
        Entrant { engine: Box::new(engine), ours, cold, history, wiki, in_wasm }
    }
}

/// All of them, in the order of the tables; inside Wasm without most peers. Ours with its whole
/// history is the one that merges.
pub fn entrants() -> Vec<Entrant> {
    Vec::from([
        Entrant::new(Ours::Pruned(0), true, "ci"),
        Entrant::new(Ours::Pruned(100), true, "c"),
        Entrant::new(Ours::Pruned(1_000), true, "c"),
        Entrant::new(Ours::Whole, true, "chw"),
        Entrant::new(yrs::Yrs, false, "chwi"),
        #[cfg(not(target_family = "wasm"))]
        Entrant::new(loro::Loro { shallow: false }, false, "chw"),
        #[cfg(not(target_family = "wasm"))]
        Entrant::new(loro::Loro { shallow: true }, false, "c"),
        #[cfg(not(target_family = "wasm"))]
        Entrant::new(diamond::Diamond, false, "chw"),
        #[cfg(not(target_family = "wasm"))]
        Entrant::new(diamond_fork::Fork, false, "h"),
        #[cfg(not(target_family = "wasm"))]
        Entrant::new(automerge::Automerge, false, "chw"),
    ])
}
