//! Two people save the same page at once, a third one a moment later: each step is printed.
//!
//! `cargo run -p redwedding-text --example merge_two_saves`

use std::error::Error;

use redwedding_text::{Merged, Patch, Text, Version, diff};

fn main() -> Result<(), Box<dyn Error>> {
    let mut page = Text::from_text("The cat sat.\nIt was warm.\n");
    println!("The page:\n{}", page.text());
    let base = page.head();

    save(&mut page, 1, &base, "The black cat sat.\nIt was warm.\n")?;
    save(&mut page, 2, &base, "The big cat sat.\nIt was a warm day.\n")?;

    // The third one had seen the first save, not the second.
    save(&mut page, 3, &Version::up_to(1), "The black cat slept.\nIt was warm.\n")?;

    assert_eq!(page.text(), "The black big cat slept.\nIt was a warm day.\n");
    Ok(())
}

/// Merges a whole page that was written on the version `base`.
fn save(page: &mut Text, id: u64, base: &Version, submitted: &str) -> Result<(), Box<dyn Error>> {
    let before = page.text_at(base)?;
    let patch = diff::between(&before, submitted);
    println!("Save {id} was written on a version of {} changes:", base.end());
    print_edits("  its author did", &patch);
    let Merged { effect, overlaps, .. } = page.merge(id, base, &patch)?;
    print_edits("  on today's text that is", &effect);
    for overlap in overlaps {
        let words = page.text().get(overlap.range.start as usize..overlap.range.end as usize);
        println!("  change {} touched the same words: {:?}", overlap.with, words);
    }
    println!("  the page is now:\n{}", page.text());
    Ok(())
}

fn print_edits(title: &str, patch: &Patch) {
    for (at, deleted, text) in patch.edits() {
        println!("{title}: at byte {at} delete {deleted} bytes, insert {text:?}");
    }
}
