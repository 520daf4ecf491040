//! Where a merge by characters puts the lines of one into a line of others.
//!
//! Of what several put in one place each stays whole, and what a later one puts right beside it
//! hangs on it (the order is the engine's, `walker` of `redwedding-text`). But where a copy of the
//! same stands between the two that is not shown, the later one may hang on that copy, and then a
//! third one's lines come in between the two, be it in the middle of a line. Views show that, since
//! what they hide cannot say that something stands elsewhere; so no more than that may be decided:
//! wherever lines stay whole the order is that of the characters. May assume that the save is the
//! last change.

use std::collections::{BTreeMap, BTreeSet};

use redwedding_text::Patch;

use super::State;
use super::three_way::Met;

impl State {
    /// Hunks of a save that was just merged by characters that put whole lines, and stand in a line
    /// of what others put in that place. O(hunks · log spans since).
    pub(super) fn torn(&self, save: u32, met: &Met, patch: &Patch) -> BTreeSet<u32> {
        let Met { old, now, since } = met;
        let (mut went, mut came) = (0, 0);
        let places = self.text.effects(save).filter_map(|(at, gone, put)| {
            let place = at + went - came;
            (went, came) = (went + gone, came + put);
            (put > 0).then_some(place)
        });
        // Those between two that others put, by the place in the text that the save was made on.
        let between = places.filter_map(|place| {
            let behind = since.spans.partition_point(|span| span.came.start < place);
            let [one, two] = since.spans.get(behind.checked_sub(1)?..=behind)? else { return None };
            let meet = !two.came.is_empty() && one.came.end == place && two.came.start == place;
            meet.then_some((two.gone.start, place))
        });
        let between: BTreeMap<u32, u32> = between.collect();
        let torn = (0..).zip(patch.edits()).filter(|(_, (at, gone, text))| {
            let Some(place) = between.get(at).filter(|_| !text.is_empty()) else { return false };
            let begins = |of: &str, at: u32| at == 0 || byte(of, at - 1) == Some(b'\n');
            let ends = |of: &str, at: u32| byte(of, at).is_none_or(|byte| byte == b'\n');
            let breaks = [text.starts_with('\n'), text.ends_with('\n')];
            !breaks[0] && begins(old, *at) && !begins(now, *place)
                || !breaks[1] && ends(old, at + gone) && !ends(now, *place)
        });
        torn.map(|(hunk, _)| hunk).collect()
    }
}

fn byte(of: &str, at: u32) -> Option<u8> {
    of.as_bytes().get(at as usize).copied()
}
