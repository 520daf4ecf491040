//! What rendering a page gives.

/// A page's Markdown as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The elements, to stand inside an `article`. Safe as they are.
    pub html: String,
    /// The headings in order, for a table of contents.
    pub contents: Vec<Heading>,
    /// Whether the page was too long to be rendered whole.
    pub truncated: bool,
}

/// One heading of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6, as the source says.
    pub level: u8,
    /// Its plain text, not escaped.
    pub text: String,
    /// Its `id`: letters, digits and hyphens, unique on the page.
    pub id: String,
    /// Which section it begins, as [`super::super::outline`] counts; `None` in a list or quotation.
    pub section: Option<u32>,
}
