//! The `id`s of a page's headings.

use std::collections::HashMap;

use crate::wiki::target;

/// Gives each heading an `id` that no other has.
#[derive(Default)]
pub(super) struct Slugs {
    used: HashMap<String, u32>,
}

impl Slugs {
    /// An `id` made of a heading's text, with a number where another heading has it.
    pub(super) fn unique(&mut self, text: &str) -> String {
        let base = target::slug(text);
        let mut count = self.used.get(&base).copied().unwrap_or(0);
        let mut id = base.clone();
        while self.used.contains_key(&id) {
            count += 1;
            id = format!("{base}-{count}");
        }
        self.used.insert(base, count);
        self.used.entry(id.clone()).or_insert(0);
        id
    }
}
