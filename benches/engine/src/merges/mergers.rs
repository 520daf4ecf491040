//! Who merges.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::process::Command;

use redwedding_engine_bench::document::{Document, Documents};
use redwedding_engine_bench::engines::yrs::Yrs;
use redwedding_engine_bench::failure::Failure;
use redwedding_text::{Text, Version, diff};
use unicode_segmentation::UnicodeSegmentation;

use crate::cases::Case;

#[path = "../../../../crates/text/tests/people/reference.rs"]
mod reference;

/// What came of a case.
pub struct Merged {
    /// The page; `None` if a save was refused.
    pub text: Option<String>,
    /// Passages of which another version is at hand.
    pub alternatives: usize,
}

pub trait Merger {
    fn name(&self) -> &'static str;

    fn is_ours(&self) -> bool {
        false
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure>;
}

pub fn all() -> Vec<Box<dyn Merger>> {
    vec![
        Box::new(Ours),
        Box::new(Rules),
        Box::new(Land),
        Box::new(ThreeWay { name: "diff3 by lines", merge: by_lines }),
        Box::new(ThreeWay { name: "merge3 by words", merge: by_words }),
        Box::new(YrsPages),
    ]
}

/// The engine as the fold calls it.
struct Ours;

impl Merger for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let mut text = Text::from_text(case.start.clone());
        for (id, (base, submitted)) in case.saves.iter().enumerate() {
            let version = Version::up_to(*base as u32);
            let old = text.text_at(&version).map_err(Failure::of)?;
            let patch = diff::between(&old, submitted);
            text.merge(id as u64 + 1, &version, &patch).map_err(Failure::of)?;
        }
        Ok(Merged { text: Some(text.text().to_owned()), alternatives: 0 })
    }
}

struct Land;

impl Merger for Land {
    fn name(&self) -> &'static str {
        "land"
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let mut text = Text::from_text(case.start.clone());
        let mut ends = vec![0];
        let mut alternatives = 0;
        let mut id = 0;
        for (base, submitted) in &case.saves {
            let version = Version::up_to(ends[*base]);
            let old = text.text_at(&version).map_err(Failure::of)?;
            let patch = diff::between(&old, submitted);
            let since = text.since(&version).map_err(Failure::of)?;
            let merged = redwedding_text::three_way::merge(&old, &since.patch, &patch);
            id += 1;
            let before = text.text().to_owned();
            text.merge(id, &version, &patch).map_err(Failure::of)?;
            if !merged.decided.is_empty() {
                alternatives += merged
                    .met
                    .iter()
                    .filter(|met| matches!(met.outcome, redwedding_text::three_way::Outcome::Hidden(_)))
                    .count();
                id += 1;
                let save = text.head().end() - 1;
                let part = redwedding_text::Part::Edits(merged.decided.as_slice().into());
                let head = text.head();
                text.suppress(id, &head, (save, part, true)).map_err(Failure::of)?;
                let since = text.since(&Version::up_to(save)).map_err(Failure::of)?.patch;
                let removed = since.apply(&before).map_err(Failure::of)?.removed;
                let back = since.inverse(&removed).map_err(Failure::of)?;
                let patch = redwedding_text::map_through(&merged.instead, &back);
                id += 1;
                let head = text.head();
                text.merge(id, &head, &patch).map_err(Failure::of)?;
            }
            ends.push(text.head().end());
        }
        Ok(Merged { text: Some(text.text().to_owned()), alternatives })
    }
}

/// The rules, stated plainly.
struct Rules;

impl Merger for Rules {
    fn name(&self) -> &'static str {
        "the rules"
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let mut page = reference::Page::new(&case.start);
        let mut alternatives = 0;
        for (base, submitted) in &case.saves {
            let fates = page.save(*base, submitted);
            alternatives += fates.iter().filter(|fate| **fate == reference::Fate::Hidden).count();
        }
        Ok(Merged { text: Some(page.text(page.last())), alternatives })
    }
}

/// Merges base, page and what is submitted, or refuses.
type Merge = fn(&str, &str, &str) -> Result<Option<String>, Failure>;

struct ThreeWay {
    name: &'static str,
    merge: Merge,
}

impl Merger for ThreeWay {
    fn name(&self) -> &'static str {
        self.name
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let mut versions = vec![case.start.clone()];
        for (base, submitted) in &case.saves {
            let page = &versions[versions.len() - 1];
            let Some(next) = (self.merge)(&versions[*base], page, submitted)? else {
                return Ok(Merged { text: None, alternatives: 0 });
            };
            versions.push(next);
        }
        Ok(Merged { text: versions.pop(), alternatives: 0 })
    }
}

fn by_lines(base: &str, page: &str, submitted: &str) -> Result<Option<String>, Failure> {
    let mut name = DefaultHasher::new();
    (base, page, submitted).hash(&mut name);
    let folder = std::env::temp_dir().join(format!("merges-{:x}", name.finish()));
    fs::create_dir_all(&folder)?;
    for (name, text) in [("base", base), ("page", page), ("submitted", submitted)] {
        fs::write(folder.join(name), text)?;
    }
    let merged = Command::new("git")
        .args(["merge-file", "--stdout", "submitted", "base", "page"])
        .current_dir(&folder)
        .output()?;
    fs::remove_dir_all(&folder)?;
    match merged.status.code() {
        Some(0) => Ok(Some(String::from_utf8(merged.stdout).map_err(Failure::of)?)),
        Some(1..128) => Ok(None),
        _ => Err(Failure::of(String::from_utf8_lossy(&merged.stderr))),
    }
}

fn by_words(base: &str, page: &str, submitted: &str) -> Result<Option<String>, Failure> {
    let words = |text| -> Vec<&str> { str::split_word_bounds(text).collect() };
    let (base, page, submitted) = (words(base), words(page), words(submitted));
    let merge = merge3::Merge3::new(&base, &page, &submitted);
    let mut text = String::new();
    for group in merge.merge_groups() {
        match group {
            merge3::MergeGroup::Conflict(..) => return Ok(None),
            merge3::MergeGroup::Unchanged(words)
            | merge3::MergeGroup::Same(words)
            | merge3::MergeGroup::A(words)
            | merge3::MergeGroup::B(words) => text.extend(words.iter().copied()),
        }
    }
    Ok(Some(text))
}

struct YrsPages;

impl Merger for YrsPages {
    fn name(&self) -> &'static str {
        "yrs"
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let yrs = Yrs;
        let mut first = yrs.empty(1)?;
        first.save("", &case.start)?;
        // What each version holds, as updates; a writer takes in those of its base.
        let mut updates = vec![first.encode_update()?];
        let mut versions: Vec<Vec<usize>> = vec![vec![0]];
        for (base, submitted) in &case.saves {
            let mut writer = yrs.empty(updates.len() as u64 + 1)?;
            let seen: Vec<&[u8]> =
                versions[*base].iter().map(|at| updates[*at].as_slice()).collect();
            writer.receive(&seen)?;
            writer.save(&writer.text()?, submitted)?;
            updates.push(writer.encode_update()?);
            versions.push((0..updates.len()).collect());
        }
        let mut page: Box<dyn Document> = yrs.empty(1 << 20)?;
        let all: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
        page.receive(&all)?;
        Ok(Merged { text: Some(page.text()?), alternatives: 0 })
    }
}
