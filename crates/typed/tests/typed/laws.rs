//! Joins, without a log: what holds of replicas that hear of each other anyhow.

use proptest::prelude::*;
use redwedding_typed::testing::joins::World;
use redwedding_wire::testing::Draw;

use crate::{STEPS, any_kind, cases, drawn};

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn joins_obey_the_laws(bytes in drawn(300), kind in any_kind(), pick: [u8; 6]) {
        World::of(&bytes, kind, STEPS).obeys_the_laws(&mut Draw::new(&pick));
    }

    #[test]
    fn deltas_come_to_the_state(bytes in drawn(300), kind in any_kind(), order in drawn(64)) {
        World::of(&bytes, kind, STEPS).comes_of_its_deltas(&mut Draw::new(&order));
    }

    #[test]
    fn a_state_shows_what_its_history_says(bytes in drawn(300), kind in any_kind()) {
        World::of(&bytes, kind, STEPS).shows_its_history();
    }
}
