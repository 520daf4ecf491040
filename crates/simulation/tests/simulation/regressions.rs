//! Runs that once failed, each with what was wrong then.
//!
//! A seed means another run once anything is drawn in another order. So each is as good as any
//! other then, and a fault that was found has a test of its own wherever it could be had in one
//! point of presence. Must be short: it is part of every test run.

use crate::plan::{Plan, Runs};
use crate::run::run;

/// Short runs, and the kinds of faults that are left out: none, or all that the failure did not
/// need.
const SHORT: [(u64, usize, u64, &str); 68] = [
    (27, 0, 0, "a save is lost with the log's tail, though others stand on it"),
    (36, 0, 0, "a client waits for ever for a position that the log has lost"),
    (87, 0, 0, "a sandbox knows of saves that neither log nor outbox has"),
    (105, 0, 0, "flushing stops, since the log lost what announced a revision"),
    (260, 0, 0, "a save waits for ever for a position that the log has lost"),
    (405, 0, 0, "a save that is gone for the log goes back late"),
    (541, 0, 0, "a deletion at the origin is not taken over where flushing has stopped"),
    (702_601, 35, 32_178_170_830, "a log begins anew with a text that holds a waiting save"),
    (9_015_066, 112, 30_668_839_942, "and that save was made where there was no page"),
    (1025, 0, 0, "a client is told that its save is lost"),
    (1707, 50, 5_377_197_731, "a client waits for a revision that is never taken over"),
    (1767, 62, 6_404_824_870, "a client is told of one save, and lets go of those before"),
    (2_964, 0, 0, "a page of the origin is taken to hold what a lost head held"),
    (25_785, 0, 0, "one of 8,000 that failed"),
    (2_008_776, 77, 21_575_570_434, "a client waits for a save that is kept from a stopped page"),
    (3_000_315, 70, 6_024_158_214, "the log loses its tail twice"),
    (3_000_412, 103, 27_680, "the log loses what it took over from the origin"),
    (3_000_565, 60, 4_836_121_622, "a save shows for ever that only a cache has"),
    (3_001_812, 106, 6_511_664_264, "a revision is let go that the origin would have told of"),
    (3_002_842, 0, 0, "a save goes back to the outbox after long, and is pushed from there"),
    (3_302_591, 0, 0, "a version is sought for ever on a page whose flushing has stopped"),
    (5_003_829, 0, 0, "a save that is sent again supersedes itself"),
    (5_102_154, 0, 0, "a save is called lost while the store does not answer"),
    (5_104_333, 0, 0, "a save is called lost as a clock leaps"),
    (10_004_319, 0, 0, "a deletion of more than one text that the log put elsewhere is not done"),
    (10_010_025, 0, 0, "the fold of a log depends on from where it was replayed"),
    (9_320_459, 0, 0, "who deletes their own words does not where the log put them elsewhere"),
    (9_322_820, 0, 0, "what the log put in again is taken for somebody else's"),
    (20_001_367, 0, 0, "who decides gets back what the log has at another place"),
    (30_009_393, 0, 0, "a position of a lost tail is taken for another one"),
    (10_010_878, 0, 0, "a deletion of the last line is not shown, since others wrote below it"),
    (90_005_856, 0, 0, "and so is what is written in its place"),
    (70_002_876, 0, 0, "who deletes beside text that the log put there deletes that, too"),
    (640_002_639, 98, 13_493_181_450, "who saved is not told what of it is not shown"),
    (110_010_508, 137, 31_205_830_658, "what was deleted shows again where the log has moved it"),
    (70_000_514, 65, 30_677_245_056, "and where a save that waits has"),
    (
        200_140_505,
        126,
        13_757_406_532,
        "a head asks for a lost save and for another text of the origin",
    ),
    (243_128_315, 106, 30_677_224_452, "who deletes lines beside a word puts the word again"),
    (243_132_318, 89, 5_435_825_666, "an import of before a checkpoint is kept out with an alarm"),
    (
        253_006_373,
        74,
        31_744_835_604,
        "a lost save on an older text of the origin is sought for ever",
    ),
    (2_000_016_065, 101, 30_136_098_662, "a second thought puts again what stands elsewhere"),
    (2_000_038_692, 109, 28_127_075_590, "what goes beside moved lines is not told"),
    (2_100_038_264, 38, 34_311_626_219, "what its author replaced is back with a second thought"),
    (2_100_019_381, 91, 30_148_713_474, "whoever is told of other versions dies before a look"),
    (
        256_017_137,
        93,
        30_735_900_180,
        "a word that stayed stands twice beside an edit of the origin",
    ),
    (
        259_004_688,
        22,
        32_178_172_927,
        "a save on one that is lost with its tail, and that the origin has",
    ),
    (290_020_079, 93, 27_451_874_402, "a word of two lines that were joined is told as typed anew"),
    (
        300_019_089,
        99,
        22_011_795_458,
        "a save that the origin has, as the beginning of its last line, is in that",
    ),
    (
        520_039_278,
        79,
        14_570_020_671,
        "a batch holds the very place that a log has lost, and lands elsewhere",
    ),
    (
        850_025_073,
        111,
        30_614_297_604,
        "who saved what is lost turns back what the point of presence shows to others",
    ),
    (
        911_001_861,
        61,
        34_199_526_418,
        "an answer counts a version of which the page of versions says nothing",
    ),
    (911_001_936, 85, 23_095_958_564, "a line put into what the origin merged in doubles that"),
    (
        920_040_264,
        82,
        21_483_315_138,
        "a word put into what the origin merged in is glued to others",
    ),
    (
        960_000_663,
        99,
        19_931_403_395,
        "who writes beside a line that the log has moved puts it again",
    ),
    (950_009_427, 68, 23_756_791_566, "and beside a word"),
    (1_100_018_960, 0, 0, "a version that is not shown is told beyond the end of the page"),
    (1_100_062_414, 0, 0, "and once more"),
    (1_100_008_120, 46, 31_751_012_227, "a deleted line shows again, since a clock was set back"),
    (990_003_687, 97, 22_112_468_000, "a word that the origin merged in stands twice"),
    (
        990_001_978,
        99,
        15_571_360_802,
        "a version of two people is let go as one of them saves another one",
    ),
    (970_004_525, 98, 33_898_388_004, "a version is sought that somebody had decided about before"),
    (
        985_000_440,
        112,
        14_567_955_537,
        "what is put behind words that are run together is told nowhere",
    ),
    (950_016_519, 101, 30_702_523_430, "a deletion of a word that was moved past a space is lost"),
    (
        1_100_014_899,
        103,
        30_602_796_164,
        "what was deleted where the log had put it is back where it was",
    ),
    (
        1_200_012_808,
        69,
        30_677_228_674,
        "who deleted words is told that they are there, and the deletion is another version",
    ),
    (
        1_500_013_540,
        55,
        33_898_389_124,
        "a deletion of what the log has put behind the next word is told of another word",
    ),
    (
        1_700_017_766,
        88,
        32_984_112_414,
        "what its author had withdrawn is back, since the log had the second thought first",
    ),
    (
        1_800_002_489,
        25,
        34_291_711_599,
        "a deletion on an older text of the origin is not shown, and the log will show it",
    ),
];

/// Runs in which few saves are joined.
const JOINING: [(u64, usize, u64, &str); 3] = [
    (
        151_001_355,
        133,
        33_894_243_522,
        "a deletion waits on a text of the origin, and does not show",
    ),
    (151_001_601, 101, 14_025_841_664, "a save's key goes as spare after the joined one is gone"),
    (230_001_029, 59, 31_743_663_366, "who saw a save in the log deletes what was put back since"),
];

/// Long runs, of so many actions.
const LONG: [(u64, usize, &str); 5] = [
    (111, 200, "one of 16 that failed"),
    (2_002, 200, "one of 6 that failed"),
    (3_004, 256, "saves wait on a part of the log that is lost"),
    (3_005, 256, "a point of presence forgets what it has shown"),
    (3_015, 200, "a point of presence forgets what it has shown"),
];

#[test]
fn what_failed_once_does_not_again() {
    let few = |runs: Runs| {
        move |(seed, actions, without, why)| {
            (Plan { runs, seed, actions, without, traced: false }, why)
        }
    };
    let (short, joining) = (SHORT.map(few(Runs::Short)), JOINING.map(few(Runs::Joining)));
    let long = LONG.map(|(seed, actions, why)| {
        (Plan { runs: Runs::Long, seed, actions, without: 0, traced: false }, why)
    });
    for (plan, why) in short.into_iter().chain(joining).chain(long) {
        let failures = run(plan).failures;
        assert!(failures.is_empty(), "{why}: {plan:?}: {failures:?}");
    }
}
