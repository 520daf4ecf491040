//! What a posted form says.
//!
//! The receiving end of [`super::html::edit`]'s fields, `application/x-www-form-urlencoded`.
//! Nothing here judges: a token is not checked, a base not looked up. Line ends
//! become LF. The caller bounds the body before.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use redwedding_document::entry::AlternativeName;
use redwedding_document::limits;

/// A posted form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// The text, or the section's text; line ends are LF.
    pub text: String,
    /// The comment, on one line.
    pub comment: String,
    /// Whether the change is called minor.
    pub minor: bool,
    /// The version that the text was made from; 0 if there was no page.
    pub base_id: u64,
    /// Check bits of that version's text, if they were sent.
    pub base_check: Option<u32>,
    /// The one section that the text is.
    pub section: Option<u32>,
    /// Whether the text was made from an older version than the current one.
    pub older: bool,
    /// Proves that the form came from here; empty if it was not sent.
    pub edit_token: String,
    /// When the form was opened, as it was sent: 14 digits, or whatever a
    /// client makes of it. Only ever compared and handed back.
    pub started: String,
    /// The alternatives that it decides about.
    pub closes: Vec<AlternativeName>,
    /// Which button was pressed.
    pub button: Button,
}

/// The button that sent a form. Enter in a field counts as the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Button {
    /// `wpSave`, or none.
    #[default]
    Save,
    /// `wpPreview`.
    Preview,
    /// `wpDiff`.
    Changes,
}

/// Why a form cannot be read. The client is at fault in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// This field must be sent and was not.
    Missing(&'static str),
    /// This field is not what it must be.
    Invalid(&'static str),
}

impl std::fmt::Display for FormError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "the form came without its field {field}"),
            Self::Invalid(field) => write!(f, "the field {field} of the form cannot be read"),
        }
    }
}

impl std::error::Error for FormError {}

/// Reads a form's body. Of a field sent twice the last counts; unknown fields
/// are ignored.
///
/// # Errors
/// A [`FormError`] that names the field: `wpTextbox1` and `baseId` must be
/// there, ids must be numbers, and everything must be UTF-8.
pub fn parse(body: &[u8]) -> Result<Submission, FormError> {
    let mut form = Submission::default();
    let (mut text, mut base) = (None, None);
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
        match name {
            b"wpTextbox1" => text = Some(lines(decoded("wpTextbox1", value)?)),
            b"wpSummary" => form.comment = one_line(&decoded("wpSummary", value)?),
            b"wpMinoredit" => form.minor = true,
            b"baseId" => base = Some(number("baseId", value)?),
            b"baseCheck" if value.is_empty() => form.base_check = None,
            b"baseCheck" => form.base_check = Some(number("baseCheck", value)?),
            b"wpSection" if value.is_empty() => form.section = None,
            b"wpSection" => form.section = Some(number("wpSection", value)?),
            b"wpOlder" => form.older = true,
            b"wpEditToken" => form.edit_token = decoded("wpEditToken", value)?,
            b"wpStarttime" => form.started = decoded("wpStarttime", value)?,
            b"closes" => form.closes = names(&decoded("closes", value)?)?,
            b"wpPreview" => form.button = Button::Preview,
            b"wpDiff" => form.button = Button::Changes,
            _ => {}
        }
    }
    form.text = text.ok_or(FormError::Missing("wpTextbox1"))?;
    form.base_id = base.ok_or(FormError::Missing("baseId"))?;
    Ok(form)
}

fn decoded(field: &'static str, value: &[u8]) -> Result<String, FormError> {
    let spaced: Cow<'_, [u8]> = if value.contains(&b'+') {
        value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        value.into()
    };
    let bytes = Cow::from(percent_decode(&spaced)).into_owned();
    String::from_utf8(bytes).map_err(|_| FormError::Invalid(field))
}

fn number<T: std::str::FromStr>(field: &'static str, value: &[u8]) -> Result<T, FormError> {
    decoded(field, value)?.parse().map_err(|_| FormError::Invalid(field))
}

/// Names with commas between them; none of an empty field.
pub(super) fn names(field: &str) -> Result<Vec<AlternativeName>, FormError> {
    let names = field.split(',').filter(|name| !name.is_empty()).take(limits::CLOSED);
    names.map(|name| name.trim().parse().map_err(|_| FormError::Invalid("closes"))).collect()
}

fn lines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use redwedding_wire::identity::Actor;

    use super::*;

    #[test]
    fn a_browsers_form_is_read() {
        let body = b"baseId=1125899906842999&baseCheck=4294967295&wpStarttime=20261123053647&wpEditToken=a%2Bb%5C\
            &wpSection=2&wpTextbox1=%C3%A9+%26+x%0D%0Ay%0D%0A\
            &wpSummary=+a%0Ab+&wpMinoredit=1&wpOlder=1&closes=0000000000000abc-1&wpSave=1";
        let want = Submission {
            text: "é & x\ny\n".into(),
            comment: "a b".into(),
            minor: true,
            base_id: 1_125_899_906_842_999,
            closes: vec![AlternativeName { by: Actor(0xabc), number: 1 }],
            base_check: Some(u32::MAX),
            section: Some(2),
            older: true,
            edit_token: "a+b\\".into(),
            started: "20261123053647".into(),
            button: Button::Save,
        };
        assert_eq!(parse(body), Ok(want));
    }

    #[test]
    fn the_pressed_button_is_told() {
        let button = |name: &str| parse(format!("wpTextbox1=&baseId=0&{name}=1").as_bytes());
        assert_eq!(button("wpPreview").map(|form| form.button), Ok(Button::Preview));
        assert_eq!(button("wpDiff").map(|form| form.button), Ok(Button::Changes));
        assert_eq!(button("other").map(|form| form.button), Ok(Button::Save));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (body, want) in [
            (&b""[..], FormError::Missing("wpTextbox1")),
            (b"wpTextbox1=a", FormError::Missing("baseId")),
            (b"wpTextbox1=%ff&baseId=1", FormError::Invalid("wpTextbox1")),
            (b"wpTextbox1=a&baseId=", FormError::Invalid("baseId")),
            (b"wpTextbox1=a&baseId=-1", FormError::Invalid("baseId")),
            (b"wpTextbox1=a&baseId=1&wpSection=x", FormError::Invalid("wpSection")),
            (b"wpTextbox1=a&baseId=1&baseCheck=4294967296", FormError::Invalid("baseCheck")),
            (b"&&=&wpTextbox1&%", FormError::Missing("baseId")),
        ] {
            assert_eq!(parse(body), Err(want), "{}", String::from_utf8_lossy(body));
        }
    }
}
