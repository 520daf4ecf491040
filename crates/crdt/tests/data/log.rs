//! The log: what it comes to, however it is read and whatever waits for it.

use proptest::prelude::*;
use redwedding_crdt::testing::Draw;
use redwedding_crdt::testing::typed::log::World;

use crate::{STEPS, cases, drawn};

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_log_has_one_fold(bytes in drawn(400), order in drawn(80)) {
        World::of(&bytes, STEPS).has_one_fold(&mut Draw::new(&order));
    }

    #[test]
    fn log_and_overlay_have_one_state(bytes in drawn(400), order in drawn(200)) {
        World::of(&bytes, STEPS).has_one_state(&mut Draw::new(&order));
    }

    #[test]
    fn joins_of_what_the_log_confirmed_obey_the_laws(bytes in drawn(400)) {
        World::without_floors(&bytes, STEPS).obeys_the_laws();
    }

    #[test]
    fn what_an_overlay_shows_is_confirmed(bytes in drawn(400)) {
        World::of(&bytes, STEPS).confirms_what_it_shows();
    }
}
