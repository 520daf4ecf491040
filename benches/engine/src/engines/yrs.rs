//! yrs, the Rust port of Yjs.
//!
//! Stored as a version 1 update, the faster of its two encodings. It drops deleted text unless told
//! otherwise: the document that is loaded has none, the whole history has it.

use ::yrs::updates::decoder::Decode;
use ::yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact,
    Update, merge_updates_v1,
};

use crate::clock::Deadline;
use crate::document::{Document, Documents, READER};
use crate::engine::{Engine, Merge, Stored};
use crate::failure::Failure;
use crate::trace::{Edit, Trace};

/// The engine.
pub struct Yrs;

/// The engine, told to keep deleted text.
struct Keeping;

struct Page {
    doc: Doc,
    text: TextRef,
    updates: Vec<Vec<u8>>,
}

/// Edits of one transaction: its neighbouring blocks are joined at its end only, and a place is
/// looked for block by block.
const TRANSACTION: usize = 64;

impl Page {
    fn new(client: u64, keeps_deleted: bool) -> Page {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Bytes,
            skip_gc: keeps_deleted,
            ..Options::with_client_id(ClientID::new(client))
        });
        let text = doc.get_or_insert_text("text");
        Page { doc, text, updates: Vec::new() }
    }

    fn load(bytes: &[u8], client: u64, keeps_deleted: bool) -> Result<Box<dyn Document>, Failure> {
        let mut page = Page::new(client, keeps_deleted);
        page.receive(&[bytes])?;
        Ok(Box::new(page))
    }
}

impl Documents for Yrs {
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(Page::new(replica, false)))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        Page::load(bytes, replica, false)
    }
}

impl Engine for Yrs {
    fn name(&self) -> String {
        "yrs".to_owned()
    }

    fn build(&self, trace: &Trace, deadline: Deadline) -> Result<Stored, Failure> {
        let history = crate::replicas::replay(&Keeping, trace, deadline)?.encode()?;
        let document = Page::load(&history, READER, false)?.encode()?;
        Ok(Stored { document, history })
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let update = Update::decode_v1(&stored.history).map_err(Failure::of)?;
        let page = Page::new(READER, true);
        Ok(Box::new(move |_: Deadline| {
            page.doc.transact_mut().apply_update(update).map_err(Failure::of)?;
            page.text()
        }))
    }
}

impl Documents for Keeping {
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(Page::new(replica, true)))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        Page::load(bytes, replica, true)
    }
}

impl Document for Page {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        self.updates.clear();
        for edits in edits.chunks(TRANSACTION) {
            let mut transaction = self.doc.transact_mut();
            for edit in edits {
                let at = u32::try_from(edit.at).map_err(Failure::of)?;
                if edit.deleted > 0 {
                    let deleted = u32::try_from(edit.deleted).map_err(Failure::of)?;
                    self.text.remove_range(&mut transaction, at, deleted);
                }
                if !edit.text.is_empty() {
                    self.text.insert(&mut transaction, at, &edit.text);
                }
            }
            self.updates.push(transaction.encode_update_v1());
        }
        Ok(())
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        match self.updates.len() {
            1 => Ok(self.updates.swap_remove(0)),
            _ => merge_updates_v1(&self.updates).map_err(Failure::of),
        }
    }

    fn receive(&mut self, updates: &[&[u8]]) -> Result<(), Failure> {
        let mut transaction = self.doc.transact_mut();
        updates.iter().try_for_each(|update| {
            let update = Update::decode_v1(update).map_err(Failure::of)?;
            transaction.apply_update(update).map_err(Failure::of)
        })
    }

    fn encode(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.doc.transact().encode_state_as_update_v1(&StateVector::default()))
    }

    fn text(&self) -> Result<String, Failure> {
        Ok(self.text.get_string(&self.doc.transact()))
    }
}
