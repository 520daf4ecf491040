//! A document is stored, loaded again, pruned, and merges on as before.
//!
//! `cargo run -p redwedding-text --example store_and_prune`

use std::error::Error;

use redwedding_text::{Columns, Patch, Text};

fn main() -> Result<(), Box<dyn Error>> {
    let mut page = Text::default();
    let actors: Vec<u64> = (0..1_000).collect();
    for actor in &actors {
        let line = Patch::builder().keep(page.len()).insert("one more line\n").build()?;
        let head = page.head();
        page.merge(*actor, &head, &line)?;
    }
    let Columns { made, inserted, applied, removed, text } = page.columns();
    println!(
        "{} changes: text {} bytes, edits {} bytes, inserted {}, effects {}, removed {}",
        page.history().len(),
        text.len(),
        made.len(),
        inserted.len(),
        applied.len(),
        removed.len()
    );

    // Who made the changes is kept by the caller, so that it is stored once.
    let mut loaded = Text::from_columns(page.columns(), &actors)?;
    assert_eq!(loaded, page);

    // Nobody stands on a version before the 900th change any more.
    let floor = loaded.prunable(900, std::iter::empty());
    let (below, above) = loaded.divided(floor);
    println!("below the floor {} changes, above it {}", below.len(), above.history().len() - floor);
    assert_eq!(above.text(), loaded.text());

    // What was pruned can be taken back, from wherever it was archived.
    loaded = above;
    loaded.restore("", &below)?;
    assert_eq!(loaded, page);
    println!("taken back: {} changes again", loaded.history().len());
    Ok(())
}
