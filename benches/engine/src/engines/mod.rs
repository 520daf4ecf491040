//! Who takes part, and in what.

mod automerge;
mod diamond;
mod loro;
mod ours;
mod yrs;

use crate::engine::Engine;
use ours::Ours;
pub use ours::{HOT, NEAREST};

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
}

impl Entrant {
    fn new(engine: impl Engine + 'static, ours: bool, roles: &str) -> Entrant {
        let has = |role| roles.contains(role);
        let (cold, history, wiki) = (has('c'), has('h'), has('w'));
        Entrant { engine: Box::new(engine), ours, cold, history, wiki }
    }
}

/// All of them, in the order of the tables. Ours with its whole history is the one that merges.
pub fn entrants() -> Vec<Entrant> {
    vec![
        Entrant::new(Ours::Hot, true, "c"),
        Entrant::new(Ours::Tail(0), true, "c"),
        Entrant::new(Ours::Tail(100), true, "c"),
        Entrant::new(Ours::Tail(1_000), true, "c"),
        Entrant::new(Ours::Whole, true, "chw"),
        Entrant::new(yrs::Yrs, false, "chw"),
        Entrant::new(loro::Loro { shallow: false }, false, "chw"),
        Entrant::new(loro::Loro { shallow: true }, false, "c"),
        Entrant::new(diamond::Diamond, false, "chw"),
        Entrant::new(automerge::Automerge, false, "chw"),
    ]
}
