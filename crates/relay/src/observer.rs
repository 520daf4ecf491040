//! What happens in the fold, counted and written down.
//!
//! Must never name an author or a client.

use redwedding_fold::event::{Event, Observer};

use crate::metrics::Metrics;

impl Observer for Metrics {
    fn observe(&self, event: Event<'_>) {
        self.count(&event);
        write_down(&event);
    }
}

impl Metrics {
    fn count(&self, event: &Event<'_>) {
        let add = |many: usize| many as u64;
        match event {
            Event::Appended { records } => {
                self.appended.inc_by(add(*records));
                self.batches.inc();
            }
            Event::NotAppended { .. } => {
                self.append_failures.inc();
            }
            Event::SnapshotsWritten { documents } => {
                self.snapshots.inc_by(add(*documents));
            }
            Event::SnapshotsNotWritten { .. } => {
                self.snapshot_failures.inc();
            }
            Event::FloorMoved => {
                self.floors.inc();
            }
            Event::Received(receipt) => self.count_receipt(receipt),
            Event::Answered(pulled) => self.count_pulled(pulled),
            Event::Refused { retained, .. } => {
                self.refused_dropped.inc_by(add(retained.dropped));
            }
            _ => {}
        }
    }
}

fn write_down(event: &Event<'_>) {
    match event {
        Event::NotAppended { shard, records, error } => {
            tracing::error!(shard, records, %error, "a batch could not be appended");
        }
        Event::NotFolded { shard, error } => {
            tracing::error!(shard, %error, "the log could not be folded");
        }
        Event::Recovered { shard, documents, replayed } => {
            tracing::debug!(shard, documents, replayed, "recovered");
        }
        Event::SnapshotsWritten { documents } => tracing::debug!(documents, "snapshots"),
        Event::FloorNotMoved { document, receipt } => {
            tracing::debug!(%document, ?receipt, "a floor was not moved");
        }
        Event::NotAnswered { error } => tracing::error!(%error, "a pull could not be answered"),
        Event::Refused { retained, reason } if retained.new > 0 || retained.dropped > 0 => {
            tracing::error!(retained.new, retained.dropped, reason, "entries were refused");
        }
        Event::RefusalsNotRetained { error } => {
            tracing::error!(%error, "refused entries could not be retained");
        }
        event => write_down_of_store(event),
    }
}

/// What is wrong with snapshots and segments.
fn write_down_of_store(event: &Event<'_>) {
    match event {
        Event::SnapshotsOfAnotherLog { shard } => {
            tracing::error!(shard, "the snapshots are of another log");
        }
        Event::UnreadableSnapshot { shard, document, why } => {
            tracing::error!(shard, %document, why, "a snapshot cannot be read");
        }
        Event::SnapshotOfAnotherLog { shard, document } => {
            tracing::error!(shard, %document, "a snapshot is of another log");
        }
        Event::SnapshotsNotWritten { shard, error } => {
            tracing::error!(shard, %error, "snapshots could not be written");
        }
        Event::SegmentNotKept { document, error } => {
            tracing::error!(%document, %error, "a segment could not be kept");
        }
        Event::SegmentMissing { document, segment, why } => {
            tracing::error!(%document, %segment, why, "the archive");
        }
        _ => {}
    }
}
