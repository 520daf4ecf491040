//! Pushing what has waited in the outbox.

use redwedding_document::entry::Entry;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::DocumentKey;

use crate::context::Context;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::{Level, Ports};
use crate::sync::Receipt;

/// Exchanges that pushing the saves of one document may take.
const ROUNDS: usize = 4;

impl<P: Ports> Context<'_, P> {
    /// Pushes what has waited in a bucket of the outbox. Returns how many saves
    /// were settled.
    pub(crate) fn sweep(&mut self, bucket: u16) -> usize {
        let overdue = self.outbox().overdue(bucket);
        overdue
            .chunk_by(|a, b| a.document() == b.document())
            .map(|of_one| self.push_entries(of_one[0].document(), of_one))
            .sum()
    }

    /// Pushes saves of one document, with what they depend on, and deletes
    /// those that the relay settled. Bounded; what remains is for the next
    /// sweep. Returns how many are settled.
    pub(crate) fn push_entries(&mut self, key: &DocumentKey, entries: &[OutboxEntry]) -> usize {
        let mut waiting: Vec<&OutboxEntry> = entries.iter().collect();
        let mut before: Vec<Entry> = Vec::new();
        let mut settled = 0;
        for _ in 0..ROUNDS {
            let batch = waiting.len().min(limits::PUSH_ENTRIES - before.len());
            let mut pushes: Vec<_> = before.drain(..).map(|entry| entry.encode()).collect();
            let first = pushes.len();
            pushes.extend(waiting[..batch].iter().map(|waiting| waiting.entry.encode()));
            let pending = self.relay_client().begin(pushes, Vec::new(), 0);
            let Ok(answer) = self.relay_client().finish(pending) else { return settled };
            let receipts = answer.receipts.get(first..).unwrap_or_default();
            let mut left = Vec::new();
            for (pushed, receipt) in waiting.iter().zip(receipts) {
                if receipt.is_settled() {
                    settled += 1;
                    self.discard(pushed);
                    continue;
                }
                left.push(*pushed);
                let needed = self.unsettled(key, receipt);
                before.extend(needed.filter(|entry| !before.contains(entry)));
            }
            let progress = left.len() < batch || !before.is_empty();
            left.extend_from_slice(waiting.get(receipts.len()..).unwrap_or_default());
            waiting = left;
            if waiting.is_empty() || !progress {
                break;
            }
        }
        settled
    }

    /// What has to be pushed before a save with this receipt, if that would help.
    fn unsettled(&mut self, key: &DocumentKey, receipt: &Receipt) -> Option<Entry> {
        match receipt {
            Receipt::Deferred(missing) => self.dependency(key, missing),
            Receipt::Refused(why) => {
                let event = format!("an acknowledged save of {key} is refused: {why}");
                self.ports.log(Level::Alarm, &event);
                None
            }
            _ => None,
        }
    }

    fn discard(&mut self, settled: &OutboxEntry) {
        if let Some(edit) = settled.edit() {
            self.outbox().delete(settled.document(), edit);
        }
    }
}
