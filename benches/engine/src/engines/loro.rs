//! Loro: stored as a snapshot with the whole history, or as a shallow one without it.

use ::loro::{ExportMode, LoroDoc, VersionVector};

use crate::clock::Deadline;
use crate::document::{Document, Documents, READER};
use crate::engine::{Engine, Merge, Stored};
use crate::failure::Failure;
use crate::trace::{Edit, Trace};

/// The engine, with or without history.
pub struct Loro {
    pub shallow: bool,
}

struct Page {
    doc: LoroDoc,
    shallow: bool,
    before: VersionVector,
}

impl Loro {
    fn page(&self, peer: u64) -> Result<Page, Failure> {
        let doc = LoroDoc::new();
        doc.set_peer_id(peer).map_err(Failure::of)?;
        Ok(Page { doc, shallow: self.shallow, before: VersionVector::default() })
    }
}

impl Documents for Loro {
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(self.page(replica)?))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        let mut page = self.page(replica)?;
        page.receive(&[bytes])?;
        Ok(Box::new(page))
    }
}

impl Engine for Loro {
    fn name(&self) -> String {
        if self.shallow { "loro, shallow" } else { "loro" }.to_owned()
    }

    fn build(&self, trace: &Trace, deadline: Deadline) -> Result<Stored, Failure> {
        let page = Loro { shallow: false };
        let mut document = crate::replicas::replay(&page, trace, deadline)?;
        let whole = document.encode()?;
        let loaded = page.page(READER)?;
        loaded.doc.import(&whole).map_err(Failure::of)?;
        let history = loaded.doc.export(ExportMode::all_updates()).map_err(Failure::of)?;
        let document = if self.shallow { loaded.shallow()? } else { whole };
        Ok(Stored { document, history })
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let mut page = self.page(READER)?;
        Ok(Box::new(move |_: Deadline| {
            page.receive(&[&stored.history])?;
            page.text()
        }))
    }
}

impl Page {
    fn shallow(&self) -> Result<Vec<u8>, Failure> {
        let now = self.doc.oplog_frontiers();
        self.doc.export(ExportMode::shallow_snapshot(&now)).map_err(Failure::of)
    }
}

impl Document for Page {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        self.before = self.doc.oplog_vv();
        let text = self.doc.get_text("text");
        for edit in edits {
            if edit.deleted > 0 {
                text.delete_utf8(edit.at, edit.deleted).map_err(Failure::of)?;
            }
            if !edit.text.is_empty() {
                text.insert_utf8(edit.at, &edit.text).map_err(Failure::of)?;
            }
        }
        self.doc.commit();
        Ok(())
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        self.doc.export(ExportMode::updates(&self.before)).map_err(Failure::of)
    }

    fn receive(&mut self, updates: &[&[u8]]) -> Result<(), Failure> {
        let imported = match updates {
            [update] => self.doc.import(update),
            updates => {
                let updates: Vec<Vec<u8>> = updates.iter().map(|update| update.to_vec()).collect();
                self.doc.import_batch(&updates)
            }
        };
        imported.map_err(Failure::of).map(drop)
    }

    fn encode(&mut self) -> Result<Vec<u8>, Failure> {
        match self.shallow {
            true => self.shallow(),
            false => self.doc.export(ExportMode::Snapshot).map_err(Failure::of),
        }
    }

    fn text(&self) -> Result<String, Failure> {
        Ok(self.doc.get_text("text").to_string())
    }
}
