//! What a report says, whatever form it gets.

use serde::Serialize;

use super::machine;
use super::targets::{self, Target};
use crate::measured::Measured;

/// All that was measured, on what, and what it is judged.
#[derive(Serialize)]
pub struct Report {
    pub machine: String,
    /// Its load averages as the measuring began and as it ended; the bench itself is 1.
    pub load: [String; 2],
    pub rustc: String,
    /// This project's commit.
    pub commit: String,
    /// Peers, with their versions.
    pub peers: Vec<(String, String)>,
    #[serde(flatten)]
    pub measured: Measured,
    pub targets: Vec<Target>,
}

impl Report {
    /// Judges what was measured.
    pub fn of(measured: Measured, load_before: String) -> Report {
        Report {
            machine: machine::name(),
            load: [load_before, machine::load()],
            rustc: machine::said_by("rustc", &["--version"]),
            commit: machine::said_by(
                "git",
                &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"],
            ),
            peers: machine::peers(),
            targets: targets::judged(&measured),
            measured,
        }
    }

    /// What stands below every chart.
    pub fn below_charts(&self) -> String {
        format!("less is better; {}; {}", self.machine, self.rustc)
    }
}
