//! Addresses within the wiki, as they stand in `href` and `action`.
//!
//! One place makes them so that pages and router agree. Everything variable
//! in them is a number or percent-encoded; they still need HTML escaping
//! where they are written (`maud` does it).
//!
//! | address | what |
//! |---|---|
//! | `/wiki/T` | the page |
//! | `/wiki/T?oldid=N` | the page as version N had it |
//! | `/wiki/T?saved=N` `[#ID]` | the page, with what became of the save that gave version N |
//! | `/wiki/T?action=edit` `[&section=S]` `[&oldid=N]` | the form |
//! | `/wiki/T?action=submit` | where the form is posted |
//! | `/wiki/T?action=history` `[&before=N` or `&after=N]` | its revisions |
//! | `/wiki/T?action=diff&from=N&to=M` | what changed between two versions |
//! | `/wiki/T?action=alternatives` | passages of which there is another version |
//! | `/wiki/T?action=raw` `[&oldid=N]` | the source |

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use redwedding_document::entry::AlternativeName;

use super::title::Title;

/// What the `id` of a heading has to be encoded for.
const FRAGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-');

/// The page.
pub fn page(title: &Title) -> String {
    format!("/wiki/{}", title.to_path())
}

/// The page as version `id` had it.
pub fn version(title: &Title, id: u64) -> String {
    format!("{}?oldid={id}", page(title))
}

/// The page after a save, at the heading with this `id`; `version` tells what became of the save,
/// if anything was saved.
pub fn saved(title: &Title, version: Option<u64>, heading: Option<&str>) -> String {
    let mut to = page(title);
    if let Some(version) = version {
        to.push_str(&format!("?saved={version}"));
    }
    if let Some(id) = heading {
        to.push_str(&format!("#{}", utf8_percent_encode(id, FRAGMENT)));
    }
    to
}

/// The page with an action, such as `edit`.
pub fn action(title: &Title, action: &'static str) -> String {
    format!("{}?action={action}", page(title))
}

/// The form for one section; see [`super::outline`] for the numbering.
pub fn edit_section(title: &Title, section: u32) -> String {
    format!("{}&section={section}", action(title, "edit"))
}

/// The form, of which a save decides about an alternative.
pub fn edit_closing(title: &Title, name: AlternativeName) -> String {
    format!("{}&closes={name}", action(title, "edit"))
}

/// The form, starting from version `id` (to bring that text back).
pub fn edit_version(title: &Title, id: u64) -> String {
    format!("{}&oldid={id}", action(title, "edit"))
}

/// The source of the page as version `id` had it.
pub fn raw_version(title: &Title, id: u64) -> String {
    format!("{}&oldid={id}", action(title, "raw"))
}

/// Revisions before (older than) the one named.
pub fn history_before(title: &Title, id: u64) -> String {
    format!("{}&before={id}", action(title, "history"))
}

/// Revisions after (newer than) the one named.
pub fn history_after(title: &Title, id: u64) -> String {
    format!("{}&after={id}", action(title, "history"))
}

/// What changed between two versions.
pub fn diff(title: &Title, from: u64, to: u64) -> String {
    format!("{}&from={from}&to={to}", action(title, "diff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_leads_back_to_its_section() {
        let title = Title::parse("Winds").unwrap();
        assert_eq!(saved(&title, None, None), "/wiki/Winds");
        assert_eq!(saved(&title, Some(7), None), "/wiki/Winds?saved=7");
        let to = "/wiki/Winds?saved=7#the-%C3%A9nd-1";
        assert_eq!(saved(&title, Some(7), Some("the-\u{e9}nd-1")), to);
    }

    #[test]
    fn a_title_cannot_break_out_of_its_address() {
        let title = Title::parse("a?action=x&b\"'").unwrap();
        assert_eq!(edit_section(&title, 2), "/wiki/A%3Faction%3Dx%26b%22%27?action=edit&section=2");
        assert_eq!(diff(&title, 1, 2), "/wiki/A%3Faction%3Dx%26b%22%27?action=diff&from=1&to=2");
        assert_eq!(version(&title, 7), "/wiki/A%3Faction%3Dx%26b%22%27?oldid=7");
    }
}
