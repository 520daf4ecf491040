//! Version objects as they were first encoded; see `redwedding_wire::testing::golden`.
//!
//! `GOLDEN=write cargo test -p redwedding-wire --test golden` writes what is not there yet.

use redwedding_wire::identity::{Actor, Digest};
use redwedding_wire::testing::golden::Golden;
use redwedding_wire::version::{OriginText, Root, TextParts, VersionRef};

const GOLDEN: Golden = Golden::of(env!("CARGO_MANIFEST_DIR"));

#[test]
fn versions() {
    let on = OriginText { revision: 77, text: Digest([0x22; 16]) };
    let version = VersionRef {
        root: Root::Origin(on),
        extra: (1..40).map(Actor).collect(),
        check: None,
        hidden: None,
        put: None,
    };
    GOLDEN.holds(1, "version", &version);
    let checked = VersionRef { check: Some(0xdead_beef), ..version.clone() };
    GOLDEN.holds(1, "version-checked", &checked);
    let hidden = TextParts::of(vec![(0, 1), (1_234, 70_000)]);
    let hides = VersionRef { hidden, ..checked.clone() };
    GOLDEN.holds(1, "version-hidden", &hides);
    let put = TextParts::of(vec![(0, "Alles ".to_owned()), (1_233, "neu".to_owned())]);
    GOLDEN.holds(1, "version-put", &VersionRef { put: put.clone(), ..hides });
    GOLDEN.holds(1, "version-put-alone", &VersionRef { put, ..checked });
    GOLDEN.holds(
        1,
        "version-empty",
        &VersionRef { root: Root::EMPTY, extra: Vec::new(), check: None, hidden: None, put: None },
    );
}
