//! Who merges.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::process::Command;

use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, OriginPage, RULES};
use redwedding_document::{Document as Page, Verdict};
use redwedding_engine_bench::document::{Document, Documents};
use redwedding_engine_bench::engines::yrs::Yrs;
use redwedding_engine_bench::failure::Failure;
use redwedding_text::{Text, Version, diff};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor};
use unicode_segmentation::UnicodeSegmentation;

use crate::cases::Case;

/// What came of a case.
pub struct Merged {
    /// The page; `None` if a save was refused.
    pub text: Option<String>,
    /// What is at hand of passages of which the page shows another version.
    pub alternatives: Vec<String>,
}

impl Merged {
    fn of(text: Option<String>) -> Merged {
        Merged { text, alternatives: Vec::new() }
    }
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
        Box::new(ByCharacters),
        Box::new(ThreeWay { name: "diff3 by lines", merge: by_lines }),
        Box::new(ThreeWay { name: "merge3 by words", merge: by_words }),
        Box::new(YrsPages),
    ]
}

/// The log's fold, in which it is decided what the page shows.
struct Ours;

impl Merger for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let key = DocumentKey::new("wiki", "Page").map_err(Failure::of)?;
        let mut page = Page::new(key, Cursor::start(1));
        let text = case.start.clone();
        let first = OriginPage { revision: 1, text, time_ms: 1, note: Note::default() };
        fold(&mut page, Body::Base(first))?;
        let mut versions = vec![page.version()];
        for (number, (base, submitted)) in case.saves.iter().enumerate() {
            let on = &versions[*base];
            let resolved = page.resolve_version(on).map_err(Failure::of)?;
            let old = page.text_of(&resolved).ok_or(Failure::of("no text at a version"))?;
            let mut edit = EditId([1; 16]);
            edit.0[..8].copy_from_slice(&(number as u64).to_le_bytes());
            let (base, patch) = (Base::Version(on.clone()), diff::between(&old, submitted));
            let delta = Delta { edit, base, patch, note: Note::default(), rules: RULES };
            let pop = "bench".to_owned();
            let edit = Edit::new(delta, 1, pop);
            fold(&mut page, Body::Edit(edit))?;
            versions.push(page.version());
        }
        let hidden = page.changes().kept().iter().flat_map(|change| &change.hidden);
        let alternatives = hidden.map(|hidden| hidden.text.clone()).collect();
        Ok(Merged { text: Some(page.text().to_owned()), alternatives })
    }
}

fn fold(page: &mut Page, body: Body) -> Result<(), Failure> {
    let cursor = page.cursor().after(b"entry");
    let entry = Entry::new(page.key().clone(), body);
    match page.apply(cursor, cursor.position, &entry) {
        Verdict::Counted => Ok(()),
        other => Err(Failure::of(format!("not folded: {other:?}"))),
    }
}

/// Character by character, as every text type that merges does.
struct ByCharacters;

impl Merger for ByCharacters {
    fn name(&self) -> &'static str {
        "by characters"
    }

    fn merge(&self, case: &Case) -> Result<Merged, Failure> {
        let mut text = Text::from_text(case.start.clone());
        for (id, (base, submitted)) in case.saves.iter().enumerate() {
            let version = Version::up_to(*base as u32);
            let old = text.text_at(&version).map_err(Failure::of)?;
            let patch = diff::between(&old, submitted);
            text.merge(id as u64 + 1, &version, &patch).map_err(Failure::of)?;
        }
        Ok(Merged::of(Some(text.text().to_owned())))
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
                return Ok(Merged::of(None));
            };
            versions.push(next);
        }
        Ok(Merged::of(versions.pop()))
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
        Ok(Merged::of(Some(page.text()?)))
    }
}
