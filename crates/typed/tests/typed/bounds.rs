//! What is removed leaves nothing behind, and neither does who was there.

use redwedding_typed::testing::{KINDS, Operation, actor};
use redwedding_typed::{Confirmed, Folded, Item, Kind, Stamp, Transaction, View};
use redwedding_wire::codec::Encode;
use redwedding_wire::testing::Draw;

/// A log of one document, each entry on all before it.
#[derive(Default)]
struct Log {
    confirmed: Confirmed,
    entries: usize,
}

impl Log {
    fn put(&mut self, operation: &Operation) -> usize {
        let view = View::of(&self.confirmed);
        let mut transaction = Transaction::on(&view, actor(self.entries), Stamp(1 << 50));
        let applied = transaction.apply(|item, writer| operation.on(item, writer).ok_or("refused"));
        assert_eq!(applied, Ok(()), "{operation:?}");
        self.end(transaction)
    }

    fn clear(&mut self) -> usize {
        let view = View::of(&self.confirmed);
        let mut transaction = Transaction::on(&view, actor(self.entries), Stamp(1 << 50));
        transaction.clear();
        self.end(transaction)
    }

    fn end(&mut self, transaction: Transaction) -> usize {
        let Some(delta) = transaction.finish().unwrap() else { return 0 };
        self.entries += 1;
        // All positions take as many bytes.
        let position = (1 << 32) + self.entries as u64;
        assert_eq!(self.confirmed.fold(position, &delta), Ok(Folded::Counted));
        self.confirmed.raise_floor(position);
        delta.encode().len()
    }

    fn bytes(&self) -> usize {
        self.confirmed.encode().len()
    }
}

/// An operation that brings something, and one that takes it away.
fn pair(kind: Kind, number: usize) -> (Operation, Operation) {
    use Operation::*;
    let it = (number % 26) as u8;
    match kind {
        Kind::Map => (Field(it, Box::new(Add(1))), RemoveField(it)),
        Kind::SortedSet => (Raise(it, 1), Unput(it)),
        Kind::List => (Push(it), Pop),
        Kind::Set => (Add(it), Remove(it)),
        Kind::Graph => (AddVertex(it), RemoveVertex(it)),
        Kind::HyperLogLog => (Observe(it), Forget),
        Kind::Scalar => (Increment(1), ClearScalar),
        Kind::Register => (Write(1), Unwrite),
        Kind::MultiRegister => (WriteBeside(1), UnwriteAll),
        Kind::Counter => (Count(1), ResetCount),
        Kind::FloatCounter => (Sum(1), ResetSum),
        Kind::Flag => (Enable, Disable),
    }
}

#[test]
fn what_is_removed_leaves_nothing() {
    for kind in KINDS {
        let mut log = Log::default();
        log.put(&pair(kind, 0).0);
        log.put(&pair(kind, 0).1);
        let empty = log.bytes();
        for number in 0..500 {
            let (brings, takes) = pair(kind, number);
            log.put(&brings);
            log.put(&takes);
        }
        assert_eq!(log.confirmed.item(), &Item::default(), "{kind:?}");
        assert_eq!(log.bytes(), empty, "{kind:?}");
    }
}

#[test]
fn many_actors_leave_one_content() {
    let often = [
        Operation::Count(1),
        Operation::Count(-1),
        Operation::Sum(1),
        Operation::Increment(1),
        Operation::Write(1),
        Operation::WriteBeside(1),
        Operation::Enable,
        Operation::Add(1),
        Operation::Put(1, 1),
        Operation::Raise(1, 1),
        Operation::AddVertex(1),
        Operation::Expire(4),
        Operation::Persist,
        Operation::Field(1, Box::new(Operation::Increment(1))),
    ];
    for operation in often {
        let mut log = Log::default();
        log.put(&operation);
        let once = log.bytes();
        (0..1_000).for_each(|_| {
            log.put(&operation);
        });
        // A sum of a thousand has two bytes more than that of one.
        assert!(log.bytes() <= once + 2, "{operation:?}: {} after {once}", log.bytes());
    }
}

#[test]
fn clearing_everything_is_small() {
    let mut log = Log::default();
    let empty = log.bytes();
    let mut draw = Draw::new(&[]);
    for number in 0..500 {
        log.put(&pair(Kind::Set, number).0);
        log.put(&Operation::Field(
            number as u8 % 26,
            Box::new(Operation::of(KINDS[2 + number % 10], &mut draw, 0)),
        ));
    }
    assert!(log.bytes() > empty + 500);
    assert!(log.clear() < 50);
    assert_eq!(log.confirmed.item(), &Item::default());
}
