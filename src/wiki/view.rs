//! What the pages show: plain values that the caller fills in.
//!
//! Everything in them may come from anybody and is not escaped yet. An id is
//! the name of a *version*, that is, of exactly one text (a position or a
//! version object); it is never a save's. Texts are borrowed: a page is
//! rendered once and dropped.

use redwedding_document::entry::AlternativeName;
use std::ops::Range;

use super::diff::Row;
use super::time::Moment;
use super::title::Title;

/// What all pages of a wiki share.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The wiki's name.
    pub name: &'a str,
    /// The title of the front page, where the name leads.
    pub front_page: &'a Title,
    /// The licence of the texts, if the operator named one.
    pub license: Option<License<'a>>,
}

/// A licence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct License<'a> {
    /// Its address, or empty.
    pub url: &'a str,
    /// Its name, or empty.
    pub title: &'a str,
}

/// Who wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author<'a> {
    /// Somebody without a name. No address is known here, so none can be shown.
    Anonymous,
    /// A user.
    Named(&'a str),
    /// The origin's own text, or an import of which no author is known.
    Origin,
}

impl<'a> Author<'a> {
    /// The user called `name`; somebody without a name where it is empty.
    pub fn named(name: &'a str) -> Self {
        match name {
            "" => Self::Anonymous,
            name => Self::Named(name),
        }
    }
}

/// The last save that a page holds.
#[derive(Clone, Copy, Debug)]
pub struct LastChange<'a> {
    /// Who saved.
    pub author: Author<'a>,
    /// When.
    pub at: Moment,
    /// The author's comment, or empty.
    pub comment: &'a str,
}

/// A page to be read.
#[derive(Clone, Copy, Debug)]
pub struct ArticlePage<'a> {
    /// Its title.
    pub title: &'a Title,
    /// Its Markdown source.
    pub text: &'a str,
    /// The version that `text` is.
    pub id: u64,
    /// The last change, if it is known.
    pub last_change: Option<LastChange<'a>>,
    /// Whether this is an older version, asked for by its id.
    pub older: bool,
    /// Whether it holds edits that are not at the origin yet.
    pub pending: bool,
    /// Whether the relay could not be asked: shown from this edge's copy.
    pub stale: bool,
    /// Whether the reader has just saved.
    pub saved: bool,
    /// Where the reader's save met others'.
    pub overlaps: &'a [Overlap<'a>],
    /// In how many passages another version is shown than the reader's own.
    pub not_shown: usize,
    /// Of how many passages there is another version.
    pub alternatives: usize,
}

/// A concurrent edit that touched the same words as the reader's save.
#[derive(Clone, Copy, Debug)]
pub struct Overlap<'a> {
    /// The version right after the other edit.
    pub id: u64,
    /// Who made it.
    pub author: Author<'a>,
    /// When.
    pub at: Moment,
    /// Its comment, or empty.
    pub comment: &'a str,
    /// Where the words stand in the merged source, in characters.
    pub start: u64,
    /// Where they end.
    pub end: u64,
    /// The merged text there.
    pub excerpt: Excerpt<'a>,
}

/// A few words of text, some of them marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Excerpt<'a> {
    /// What stands before.
    pub before: &'a str,
    /// The words that it is about; empty if they were removed.
    pub marked: &'a str,
    /// What stands after.
    pub after: &'a str,
}

/// The form, fresh or returned.
#[derive(Clone, Copy, Debug)]
pub struct EditPage<'a> {
    /// The page's title.
    pub title: &'a Title,
    /// What stands in the text field.
    pub text: &'a str,
    /// The version that the text was made from; 0 if there was no page.
    pub base_id: u64,
    /// Check bits of that version's text, where they are known.
    pub base_check: Option<u32>,
    /// When the form was first opened, as 14 digits or as the client sent it.
    /// It is part of what makes a save itself, so a preview hands it back.
    pub started: &'a str,
    /// What stands in the comment field.
    pub comment: &'a str,
    /// Whether the change is called minor.
    pub minor: bool,
    /// The one section that the text is; see [`super::outline`].
    pub section: Option<u32>,
    /// Proves that the form came from here.
    pub edit_token: &'a str,
    /// Whether the page does not exist yet.
    pub new_page: bool,
    /// Who the save will be signed by.
    pub author: Author<'a>,
    /// Whether the text is from an older version than the current one.
    pub older: bool,
    /// The alternatives that a save of it decides about.
    pub closes: &'a [AlternativeName],
    /// Whether somebody has changed the page since the form was opened, so that what is shown above
    /// it is merged.
    pub changed: bool,
    /// What to show above the form.
    pub check: Check<'a>,
    /// Why the form came back, if it was refused.
    pub problem: Option<&'a str>,
}

/// What is shown above the form.
#[derive(Clone, Copy, Debug)]
pub enum Check<'a> {
    /// Nothing: the form was just opened.
    None,
    /// The text as it will look.
    Preview(&'a str),
    /// What a save would change in the page.
    Changes(&'a [Row<'a>]),
}

/// A page's saves.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPage<'a> {
    /// The page's title.
    pub title: &'a Title,
    /// The saves, newest first.
    pub rows: &'a [HistoryRow<'a>],
    /// The version that is current.
    pub latest: u64,
    /// There are older saves than the last row.
    pub older: bool,
    /// There are newer saves than the first row.
    pub newer: bool,
    /// How many passages of the page have another version.
    pub alternatives: usize,
}

/// One save.
#[derive(Clone, Copy, Debug)]
pub struct HistoryRow<'a> {
    /// The version right after it.
    pub id: u64,
    /// The version that it was made from; `None` for the first.
    pub parent: Option<u64>,
    /// When it was accepted.
    pub at: Moment,
    /// Who saved.
    pub author: Author<'a>,
    /// The author's comment, or empty.
    pub comment: &'a str,
    /// Whether the author called it minor.
    pub minor: bool,
    /// The page's size after it, in bytes.
    pub bytes: u64,
    /// What it added to the size, if that is known.
    pub bytes_delta: Option<i64>,
    /// Whether it touched words that a concurrent edit touched too.
    pub overlapped: bool,
    /// Whether the page shows another version of a part of it.
    pub hidden: bool,
    /// Whether that part may still be chosen.
    pub open: bool,
    /// The origin's revision that holds it, once there is one.
    pub at_origin: Option<u64>,
    /// Where it came from.
    pub kind: RowKind,
}

/// Where a save came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A person saved it here.
    Edit,
    /// It was made at the origin, and merged.
    Import,
    /// The text that the origin had at first.
    Base,
    /// Another one was suppressed.
    Suppress,
    /// One that was suppressed was released.
    Release,
    /// Another one was erased.
    Erase,
}

/// The passages of a page of which there is another version than the one shown.
#[derive(Clone, Copy, Debug)]
pub struct AlternativesPage<'a> {
    /// The page's title.
    pub title: &'a Title,
    /// Its Markdown source.
    pub text: &'a str,
    /// The version that `text` is.
    pub id: u64,
    /// The other versions, oldest first.
    pub alternatives: &'a [Alternative<'a>],
    /// Versions that are not shown of passages of which it is not decided yet which one stays,
    /// oldest first.
    pub undecided: &'a [Alternative<'a>],
    /// When the page was opened; see [`EditPage::started`].
    pub started: &'a str,
    /// Proves that its forms came from here.
    pub edit_token: &'a str,
}

/// What somebody made of a passage of which the page shows another version.
#[derive(Clone, Debug)]
pub struct Alternative<'a> {
    /// Its name, by which a choice closes it; `None` where there is none to make yet.
    pub name: Option<AlternativeName>,
    /// The version right after the save; `None` where the log does not have it yet.
    pub id: Option<u64>,
    /// Who saved.
    pub author: Author<'a>,
    /// When.
    pub at: Moment,
    /// The author's comment, or empty.
    pub comment: &'a str,
    /// The passage, in bytes of the page's source.
    pub bytes: Range<usize>,
    /// Where it begins, in characters.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// What the page shows there.
    pub shown: Excerpt<'a>,
    /// What the save made of it; empty if it deleted it.
    pub text: &'a str,
    /// Where the page has the same lines, which this version has at the passage, if it moved them.
    pub elsewhere: Option<Elsewhere>,
}

/// Where the page has lines that another version has at another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// In bytes of the page's source.
    pub bytes: Range<usize>,
    /// Where they begin, in characters.
    pub start: u64,
    /// Where they end.
    pub end: u64,
}

/// Two versions compared.
#[derive(Clone, Copy, Debug)]
pub struct DiffPage<'a> {
    /// The page's title.
    pub title: &'a Title,
    /// The older version.
    pub from: HistoryRow<'a>,
    /// The newer version.
    pub to: HistoryRow<'a>,
    /// What [`super::diff::diff_rows`] gave.
    pub rows: &'a [Row<'a>],
}

/// Something that went wrong, for people.
#[derive(Clone, Copy, Debug)]
pub struct ProblemPage<'a> {
    /// The HTTP status that it is answered with.
    pub status: u16,
    /// What went wrong, in a few words.
    pub title: &'a str,
    /// What that means, in a sentence or two. Nothing internal.
    pub detail: &'a str,
    /// What the reader can do about it.
    pub advice: &'a str,
    /// The page that it was about, to lead back to.
    pub page: Option<&'a Title>,
    /// The reader's unsaved text, so that it is not lost.
    pub unsaved: Option<&'a str>,
}
