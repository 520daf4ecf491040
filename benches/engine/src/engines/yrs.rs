//! yrs, the Rust port of Yjs.
//!
//! Stored as a version 1 update, the faster of its two encodings. It drops deleted text unless told
//! otherwise: the one stored document does, the whole history does not.

use ::yrs::updates::decoder::Decode;
use ::yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact,
    Update,
};

use crate::engine::{Deadline, Document, Engine, Failure, Merge, READER, Stored};
use crate::trace::{Edit, Trace};

/// The engine, with or without what was deleted.
pub struct Yrs {
    pub keeps_deleted: bool,
}

struct Page {
    doc: Doc,
    text: TextRef,
    update: Vec<u8>,
}

impl Yrs {
    fn page(&self, client: u64) -> Page {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Bytes,
            skip_gc: self.keeps_deleted,
            ..Options::with_client_id(ClientID::new(client))
        });
        let text = doc.get_or_insert_text("text");
        Page { doc, text, update: Vec::new() }
    }
}

impl Engine for Yrs {
    fn name(&self) -> String {
        if self.keeps_deleted { "yrs, deleted text kept" } else { "yrs" }.to_owned()
    }

    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(self.page(replica)))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        let mut page = self.page(replica);
        page.receive(&[bytes])?;
        Ok(Box::new(page))
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let update = Update::decode_v1(&stored.history).map_err(Failure::of)?;
        let page = self.page(READER);
        Ok(Box::new(move |_: Deadline| {
            page.doc.transact_mut().apply_update(update).map_err(Failure::of)?;
            page.text()
        }))
    }
}

impl Document for Page {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
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
        self.update = transaction.encode_update_v1();
        Ok(())
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(std::mem::take(&mut self.update))
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
