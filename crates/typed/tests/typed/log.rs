//! The log: what it comes to, however it is read and whatever waits for it.

use proptest::prelude::*;
use redwedding_typed::testing::log::World;
use redwedding_wire::testing::Draw;

use crate::{STEPS, any_kind, cases, drawn};

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_log_has_one_fold(bytes in drawn(400), kind in any_kind(), order in drawn(80)) {
        World::of_kind(&bytes, kind, STEPS).has_one_fold(&mut Draw::new(&order));
    }

    #[test]
    fn log_and_overlay_have_one_state(
        bytes in drawn(400),
        kind in any_kind(),
        order in drawn(200),
    ) {
        World::of_kind(&bytes, kind, STEPS).has_one_state(&mut Draw::new(&order));
    }

    #[test]
    fn joins_of_what_the_log_confirmed_obey_the_laws(bytes in drawn(400), kind in any_kind()) {
        World::without_floors(&bytes, kind, STEPS).obeys_the_laws();
    }

    #[test]
    fn what_an_overlay_shows_is_confirmed(bytes in drawn(400), kind in any_kind()) {
        World::of_kind(&bytes, kind, STEPS).confirms_what_it_shows();
    }
}
