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
//! | `/wiki/T?action=edit` `[&section=S]` `[&oldid=N]` | the form |
//! | `/wiki/T?action=submit` | where the form is posted |
//! | `/wiki/T?action=history` `[&before=N` or `&after=N]` | its revisions |
//! | `/wiki/T?action=diff&from=N&to=M` | what changed between two versions |
//! | `/wiki/T?action=alternatives` | passages of which there is another version |
//! | `/wiki/T?action=raw` `[&oldid=N]` | the source |

use super::title::Title;

/// The page.
pub fn page(title: &Title) -> String {
    format!("/wiki/{}", title.to_path())
}

/// The page as version `id` had it.
pub fn version(title: &Title, id: u64) -> String {
    format!("{}?oldid={id}", page(title))
}

/// The page with an action, such as `edit`.
pub fn action(title: &Title, action: &'static str) -> String {
    format!("{}?action={action}", page(title))
}

/// The form for one section; see [`super::outline`] for the numbering.
pub fn edit_section(title: &Title, section: u32) -> String {
    format!("{}&section={section}", action(title, "edit"))
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
    fn a_title_cannot_break_out_of_its_address() {
        let title = Title::parse("a?action=x&b\"'").unwrap();
        assert_eq!(edit_section(&title, 2), "/wiki/A%3Faction%3Dx%26b%22%27?action=edit&section=2");
        assert_eq!(diff(&title, 1, 2), "/wiki/A%3Faction%3Dx%26b%22%27?action=diff&from=1&to=2");
        assert_eq!(version(&title, 7), "/wiki/A%3Faction%3Dx%26b%22%27?oldid=7");
    }
}
