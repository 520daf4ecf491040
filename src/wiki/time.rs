//! Moments as people and programs read them, always in UTC.
//!
//! A moment is a count of milliseconds since the Unix epoch, given by the
//! caller. Nothing here may ask what time it is.

use std::fmt;

use serde::{Serialize, Serializer};
use time::{Month, OffsetDateTime};

/// Milliseconds since 1970-01-01T00:00:00Z, as clocks of this project give it.
///
/// A moment that no calendar of four-digit years can show is shown as the
/// nearest one that it can, so that formatting never fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

impl Moment {
    /// `2026-11-23T05:36:47Z`, the form of MediaWiki's API and of `<time datetime>`.
    pub fn iso(self) -> Iso {
        Iso(self)
    }

    /// `23 November 2026, 05:36 UTC`.
    pub fn words(self) -> String {
        let at = self.date_time();
        format!(
            "{} {} {}, {:02}:{:02} UTC",
            at.day(),
            month_name(at.month()),
            at.year(),
            at.hour(),
            at.minute()
        )
    }

    /// `20261123053647`, the form of MediaWiki's `wpStarttime`.
    pub fn digits(self) -> String {
        let at = self.date_time();
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }

    fn date_time(self) -> OffsetDateTime {
        let seconds = (self.0 / 1000).min(LAST_SECOND);
        // `seconds` is within the calendar, so neither fallback is ever taken.
        let seconds = i64::try_from(seconds).unwrap_or(0);
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// A moment in ISO 8601 with whole seconds; see [`Moment::iso`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iso(pub Moment);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.date_time();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn month_name(month: Month) -> &'static str {
    match month {
        Month::January => "January",
        Month::February => "February",
        Month::March => "March",
        Month::April => "April",
        Month::May => "May",
        Month::June => "June",
        Month::July => "July",
        Month::August => "August",
        Month::September => "September",
        Month::October => "October",
        Month::November => "November",
        Month::December => "December",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_same_moment_in_three_forms() {
        let at = Moment(1_795_412_207_999);
        assert_eq!(at.iso().to_string(), "2026-11-23T05:36:47Z");
        assert_eq!(at.words(), "23 November 2026, 05:36 UTC");
        assert_eq!(at.digits(), "20261123053647");
    }

    #[test]
    fn the_ends_of_the_range_are_shown_not_refused() {
        assert_eq!(Moment(0).iso().to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Moment(u64::MAX).iso().to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Moment(951_782_400_000).iso().to_string(), "2000-02-29T00:00:00Z");
    }
}
