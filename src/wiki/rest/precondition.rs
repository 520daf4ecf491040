//! Conditions that a `PUT` states in its headers (RFC 9110, section 13.1), and what they come to
//! with the policy and the base in its body.
//!
//! A version's tag is its id in quotes. Tags that are none of ours, and weak ones, are the page's
//! at no time: they never match. What cannot be read is refused, never passed over: who states a
//! condition wants nothing saved without it.

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use redwedding_replica::save::OnlyIf;

use super::RestError;
use super::request::{Base, Policy};
use crate::limits;

/// What the headers of a `PUT` ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Precondition {
    /// Nothing.
    Nothing,
    /// `If-None-Match: *`: there is no page.
    Absent,
    /// `If-Match: *`: there is one.
    Present,
    /// `If-Match` with tags: it is one of these versions, of those that can be versions here.
    OneOf(Vec<u64>),
}

impl Precondition {
    /// What has to be so for a save on this base by this policy, and the base: a tag names it where
    /// the body does not.
    ///
    /// # Errors
    /// 400 where they contradict each other, or leave open what was edited.
    pub fn with(
        self,
        policy: Policy,
        base: Option<Base>,
    ) -> Result<(Option<Base>, Option<OnlyIf>), RestError> {
        let by_policy = match (policy, base) {
            (Policy::Merge, _) => None,
            (Policy::FailOnOverlap, _) => Some(OnlyIf::NoOverlap),
            (Policy::FailOnChange, Some(base)) => Some(OnlyIf::Unchanged(vec![base.id])),
            (Policy::FailOnChange, None) => Some(OnlyIf::Absent),
        };
        match (self, base) {
            (Self::Nothing, base) => Ok((base, by_policy)),
            (Self::Absent, None) => Ok((None, Some(OnlyIf::Absent))),
            (Self::Absent, Some(_)) => Err(RestError::bad_precondition(
                "If-None-Match says that there is no page, and \"latest\" which version of it was \
                 edited.",
            )),
            // Who edited a version knows that there is one.
            (Self::Present, Some(base)) => Ok((Some(base), by_policy.or(Some(OnlyIf::Present)))),
            (Self::Present, None) => Ok((None, Some(OnlyIf::Present))),
            (Self::OneOf(tags), None) if tags.len() > 1 => Err(RestError::bad_precondition(
                "several tags in If-Match do not say which version was edited; send its \"latest\" \
                 along.",
            )),
            (Self::OneOf(tags), base) => {
                let named = tags.first().map(|tag| Base { id: *tag, check: None });
                Ok((base.or(named), Some(OnlyIf::Unchanged(tags))))
            }
        }
    }
}

/// Reads the conditions of a `PUT`.
///
/// # Errors
/// 400, naming the header.
pub fn parse_precondition(headers: &HeaderMap) -> Result<Precondition, RestError> {
    match (listed(headers, IF_MATCH)?, listed(headers, IF_NONE_MATCH)?) {
        (None, None) => Ok(Precondition::Nothing),
        (Some(Listed::Any), None) => Ok(Precondition::Present),
        (Some(Listed::Tags(tags)), None) => Ok(Precondition::OneOf(tags)),
        (None, Some(Listed::Any)) => Ok(Precondition::Absent),
        (None, Some(Listed::Tags(_))) => {
            Err(RestError::bad_precondition("If-None-Match of a PUT can only be *."))
        }
        (Some(_), Some(_)) => {
            Err(RestError::bad_precondition("If-Match and If-None-Match cannot both be met."))
        }
    }
}

/// What one of the two headers lists.
enum Listed {
    Any,
    /// The versions that strong tags name.
    Tags(Vec<u64>),
}

fn listed(headers: &HeaderMap, name: HeaderName) -> Result<Option<Listed>, RestError> {
    let malformed = || RestError::bad_precondition(&format!("{name} is no list of tags, nor *."));
    let lines: Vec<&[u8]> = headers.get_all(&name).iter().map(|line| line.as_bytes()).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    // Several lines are one list (RFC 9110, section 5.3).
    let list = lines.join(&b","[..]);
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return Ok(Some(Listed::Any));
    }
    let (mut tags, mut read) = (Vec::new(), 0);
    while !rest.is_empty() {
        let (tag, after) = first_tag(rest).ok_or_else(malformed)?;
        tags.extend(tag.version());
        read += 1;
        if read > limits::TAGS {
            let what = format!("{name} has more than {} tags.", limits::TAGS);
            return Err(RestError::bad_precondition(&what));
        }
        rest = after;
    }
    match read {
        0 => Err(malformed()),
        _ => Ok(Some(Listed::Tags(tags))),
    }
}

/// An entity tag as it was sent.
struct Tag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl Tag<'_> {
    /// The version that it is the tag of, if it can be one.
    fn version(&self) -> Option<u64> {
        let id: u64 = std::str::from_utf8(self.opaque).ok()?.parse().ok()?;
        let ours = !self.weak && id > 0 && id.to_string().as_bytes() == self.opaque;
        ours.then_some(id)
    }
}

/// The first tag of a list that is not empty, and the list after it.
fn first_tag(list: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let (weak, quoted) = match list.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, list),
    };
    let inside = quoted.strip_prefix(b"\"")?;
    let end = inside.iter().position(|byte| *byte == b'"')?;
    let after = inside[end + 1..].trim_ascii_start();
    let rest = match after.strip_prefix(b",") {
        Some(rest) => rest.trim_ascii_start(),
        None if after.is_empty() => after,
        None => return None,
    };
    Some((Tag { weak, opaque: &inside[..end] }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[(HeaderName, &str)]) -> Result<Precondition, u16> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value.parse().expect("a header"));
        }
        parse_precondition(&headers).map_err(|error| error.status)
    }

    #[test]
    fn tags_are_read_from_all_lines() {
        let if_match = |value| parsed(&[(IF_MATCH, value)]);
        assert_eq!(parsed(&[]), Ok(Precondition::Nothing));
        assert_eq!(if_match("\"12\""), Ok(Precondition::OneOf(vec![12])));
        assert_eq!(if_match(" \"12\" ,\"a,b\", W/\"13\",\"14\","), {
            Ok(Precondition::OneOf(vec![12, 14]))
        });
        let two = [(IF_MATCH, "\"1\", \"2\""), (IF_MATCH, "\"3\"")];
        assert_eq!(parsed(&two), Ok(Precondition::OneOf(vec![1, 2, 3])));
        // Strong tags that are not ours are no version of any page.
        for other in ["W/\"12\"", "\"012\"", "\"+12\"", "\"0\"", "\"\"", "\"x\""] {
            assert_eq!(if_match(other), Ok(Precondition::OneOf(Vec::new())), "{other}");
        }
        assert_eq!(if_match("*"), Ok(Precondition::Present));
        assert_eq!(parsed(&[(IF_NONE_MATCH, " * ")]), Ok(Precondition::Absent));
    }

    #[test]
    fn what_cannot_be_read_or_met_is_refused() {
        for bad in ["12", "\"12", "\"1\" \"2\"", "*, \"1\"", "", ",", "w/\"1\"", "\"1\";"] {
            assert_eq!(parsed(&[(IF_MATCH, bad)]), Err(400), "{bad}");
        }
        let many = ["\"1\""; limits::TAGS + 1].join(",");
        assert_eq!(parsed(&[(IF_MATCH, &many)]), Err(400));
        assert!(parsed(&[(IF_MATCH, &many[4..])]).is_ok());
        assert_eq!(parsed(&[(IF_NONE_MATCH, "\"1\"")]), Err(400));
        assert_eq!(parsed(&[(IF_MATCH, "*"), (IF_NONE_MATCH, "*")]), Err(400));
    }

    #[test]
    fn a_condition_names_the_base_or_goes_with_it() {
        let base = |id| Some(Base { id, check: Some(7) });
        let tags = |tags: &[u64]| Precondition::OneOf(tags.to_vec());
        let unchanged = |tags: &[u64]| Some(OnlyIf::Unchanged(tags.to_vec()));
        let named = Some(Base { id: 5, check: None });
        assert_eq!(tags(&[5]).with(Policy::Merge, None), Ok((named, unchanged(&[5]))));
        let other = tags(&[5]).with(Policy::FailOnChange, base(6));
        assert_eq!(other, Ok((base(6), unchanged(&[5]))));
        assert!(tags(&[5, 6]).with(Policy::Merge, None).is_err());
        assert_eq!(tags(&[]).with(Policy::Merge, None), Ok((None, unchanged(&[]))));
        assert!(Precondition::Absent.with(Policy::Merge, base(6)).is_err());
        let nothing = |policy, base| Precondition::Nothing.with(policy, base).map(|it| it.1);
        assert_eq!(nothing(Policy::Merge, base(6)), Ok(None));
        assert_eq!(nothing(Policy::FailOnChange, base(6)), Ok(unchanged(&[6])));
        assert_eq!(nothing(Policy::FailOnChange, None), Ok(Some(OnlyIf::Absent)));
        assert_eq!(nothing(Policy::FailOnOverlap, base(6)), Ok(Some(OnlyIf::NoOverlap)));
        let present = |policy| Precondition::Present.with(policy, base(6)).map(|it| it.1);
        assert_eq!(present(Policy::Merge), Ok(Some(OnlyIf::Present)));
        assert_eq!(present(Policy::FailOnChange), Ok(unchanged(&[6])));
    }
}
