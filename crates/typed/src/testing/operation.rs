//! Operations on an item, how they are drawn, and how they are done.

use redwedding_wire::testing::Draw;

use crate::{
    Bytes, Causal, Counter, Deadline, Flag, FloatCounter, Graph, HyperLogLog, Item, Kind, List,
    Map, MultiRegister, Real, Register, Scalar, Set, SortedSet, Typed, Writer,
};

/// One operation. Names are small numbers, so that operations meet.
#[derive(Clone, PartialEq, Debug)]
pub enum Operation {
    /// Sets a scalar to something that is no number.
    SetText(u8),
    /// Sets a scalar to a number.
    SetNumber(i64),
    /// Adds to a scalar.
    Increment(i64),
    /// Adds so many quarters to a scalar.
    IncrementFloat(i8),
    /// Clears a scalar.
    ClearScalar,
    /// Adds to a counter.
    Count(i64),
    /// Resets a counter.
    ResetCount,
    /// Adds so many quarters to a float counter.
    Sum(i8),
    /// Resets a float counter.
    ResetSum,
    /// Writes a register.
    Write(u8),
    /// Clears a register.
    Unwrite,
    /// Writes a multi-value register.
    WriteBeside(u8),
    /// Clears a multi-value register.
    UnwriteAll,
    /// Turns a flag on.
    Enable,
    /// Turns a flag off.
    Disable,
    /// Adds to a set.
    Add(u8),
    /// Removes from a set.
    Remove(u8),
    /// Gives a member of a sorted set so many quarters.
    Put(u8, i8),
    /// Adds so many quarters to the score of a member.
    Raise(u8, i8),
    /// Removes from a sorted set.
    Unput(u8),
    /// Adds to a sketch.
    Observe(u8),
    /// Clears a sketch.
    Forget,
    /// Adds a vertex.
    AddVertex(u8),
    /// Adds an edge.
    AddEdge(u8, u8),
    /// Removes a vertex.
    RemoveVertex(u8),
    /// Removes an edge.
    RemoveEdge(u8, u8),
    /// Inserts into a list at an index, modulo the places that there are.
    Insert(u8, u8),
    /// Inserts at the end of a list.
    Push(u8),
    /// Sets the element at an index, modulo the count.
    SetAt(u8, u8),
    /// Takes the element at an index, modulo the count.
    TakeAt(u8),
    /// Takes the last element of a list.
    Pop,
    /// Takes all elements of a list from an index on.
    Trim(u8),
    /// Takes the first elements that are equal to this, the last, or all of them.
    TakeEqual(u8, i8),
    /// Does something to a field of a map.
    Field(u8, Box<Self>),
    /// Removes a field of a map.
    RemoveField(u8),
    /// Gives the key a deadline.
    Expire(u8),
    /// Takes the key's deadline away.
    Persist,
    /// Clears the key.
    Clear,
    /// As `Clear`, by naming the whole context; only in transactions.
    Wipe,
}

/// All types, in the order in which they show.
pub const KINDS: [Kind; 12] = [
    Kind::Map,
    Kind::List,
    Kind::SortedSet,
    Kind::Set,
    Kind::Graph,
    Kind::HyperLogLog,
    Kind::Scalar,
    Kind::Register,
    Kind::MultiRegister,
    Kind::Counter,
    Kind::FloatCounter,
    Kind::Flag,
];

/// A name that a small number stands for.
pub fn name(of: u8) -> Bytes {
    Bytes::from(vec![b'a' + of])
}

/// A float without rounding, so that the order of a sum does not matter.
pub fn quarters(of: i8) -> f64 {
    f64::from(of) / 4.0
}

fn integer(draw: &mut Draw<'_>) -> i64 {
    match draw.below(12) {
        0 => i64::MAX,
        1 => i64::MIN,
        small => small as i64 - 6,
    }
}

impl Operation {
    /// An operation on any type, on expiry, or on everything.
    pub fn drawn(draw: &mut Draw<'_>) -> Self {
        match draw.below(16) {
            0 if draw.one_in(2) => Self::Wipe,
            0 => Self::Clear,
            1 => Self::Expire(draw.below(5) as u8),
            2 => Self::Persist,
            _ => {
                let kind = *draw.pick(&KINDS);
                Self::of(kind, draw, 2)
            }
        }
    }

    /// An operation on this type.
    pub fn of(kind: Kind, draw: &mut Draw<'_>, depth: u8) -> Self {
        let mut small = || draw.below(3) as u8;
        match kind {
            Kind::Scalar => match small() {
                0 => match draw.below(3) {
                    0 => Self::SetText(draw.byte() % 4),
                    1 => Self::SetNumber(integer(draw)),
                    _ => Self::ClearScalar,
                },
                1 => Self::Increment(integer(draw)),
                _ if draw.one_in(4) => Self::IncrementFloat(draw.byte() as i8),
                _ => Self::Increment(integer(draw)),
            },
            Kind::Counter if small() == 0 => Self::ResetCount,
            Kind::Counter => Self::Count(integer(draw)),
            Kind::FloatCounter if small() == 0 => Self::ResetSum,
            Kind::FloatCounter => Self::Sum(draw.byte() as i8),
            Kind::Register if small() == 0 => Self::Unwrite,
            Kind::Register => Self::Write(small()),
            Kind::MultiRegister if small() == 0 => Self::UnwriteAll,
            Kind::MultiRegister => Self::WriteBeside(small()),
            Kind::Flag if small() == 0 => Self::Disable,
            Kind::Flag => Self::Enable,
            Kind::Set if small() == 0 => Self::Remove(small()),
            Kind::Set => Self::Add(small()),
            Kind::SortedSet => match small() {
                0 => Self::Unput(small()),
                1 => Self::Put(small(), draw.byte() as i8),
                _ => Self::Raise(small(), draw.byte() as i8),
            },
            Kind::HyperLogLog if small() == 0 => Self::Forget,
            Kind::HyperLogLog => Self::Observe(small()),
            Kind::Graph => match draw.below(6) {
                0 => Self::RemoveVertex(draw.below(3) as u8),
                1 => Self::RemoveEdge(draw.below(3) as u8, draw.below(3) as u8),
                2 | 3 => Self::AddVertex(draw.below(3) as u8),
                _ => Self::AddEdge(draw.below(3) as u8, draw.below(3) as u8),
            },
            Kind::List => match draw.below(12) {
                0 => Self::Trim(draw.below(4) as u8),
                1 => Self::TakeEqual(draw.below(3) as u8, draw.below(5) as i8 - 2),
                2 | 3 => Self::SetAt(draw.byte(), draw.below(3) as u8),
                4 | 5 => Self::TakeAt(if draw.one_in(2) { 0 } else { draw.byte() }),
                6 => Self::Pop,
                7 => Self::Push(draw.below(3) as u8),
                _ => {
                    let at = if draw.one_in(2) { 0 } else { draw.byte() };
                    Self::Insert(at, draw.below(3) as u8)
                }
            },
            Kind::Map if small() == 0 => Self::RemoveField(small()),
            Kind::Map => {
                let field = small();
                let kind = match depth {
                    0 => KINDS[1 + draw.below(KINDS.len() - 1)],
                    _ => *draw.pick(&KINDS),
                };
                Self::Field(field, Box::new(Self::of(kind, draw, depth.saturating_sub(1))))
            }
        }
    }

    /// The type that it is about.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::SetText(_)
            | Self::SetNumber(_)
            | Self::Increment(_)
            | Self::IncrementFloat(_)
            | Self::ClearScalar => Kind::Scalar,
            Self::Count(_) | Self::ResetCount => Kind::Counter,
            Self::Sum(_) | Self::ResetSum => Kind::FloatCounter,
            Self::Write(_) | Self::Unwrite => Kind::Register,
            Self::WriteBeside(_) | Self::UnwriteAll => Kind::MultiRegister,
            Self::Enable | Self::Disable => Kind::Flag,
            Self::Add(_) | Self::Remove(_) => Kind::Set,
            Self::Put(..) | Self::Raise(..) | Self::Unput(_) => Kind::SortedSet,
            Self::Observe(_) | Self::Forget => Kind::HyperLogLog,
            Self::AddVertex(_)
            | Self::AddEdge(..)
            | Self::RemoveVertex(_)
            | Self::RemoveEdge(..) => Kind::Graph,
            Self::Insert(..)
            | Self::Push(_)
            | Self::SetAt(..)
            | Self::TakeAt(_)
            | Self::Pop
            | Self::Trim(_)
            | Self::TakeEqual(..) => Kind::List,
            Self::Field(..) | Self::RemoveField(_) => Kind::Map,
            Self::Expire(_) | Self::Persist | Self::Clear | Self::Wipe => return None,
        })
    }

    /// Does it on `item`; `None` if it is refused.
    pub fn on(&self, item: &Item, writer: &mut Writer) -> Option<Causal<Item>> {
        match self {
            Self::Expire(at) => Some(item.expire(writer, Deadline((*at).into()))),
            Self::Persist => Some(item.expire(writer, Deadline::NEVER)),
            Self::Clear => Some(item.clear()),
            operation => operation.within(item, writer).ok(),
        }
    }

    /// Does it on the value in a place: here where that is one value.
    fn within<P: Place>(&self, place: P, writer: &mut Writer) -> Result<Causal<P::Whole>, Refused> {
        match self {
            Self::SetText(text) => place.update(|it: &Scalar| Ok(it.set(writer, name(*text)))),
            Self::SetNumber(number) => {
                let text = Bytes::from(number.to_string().into_bytes());
                place.update(|it: &Scalar| Ok(it.set(writer, text)))
            }
            Self::Increment(by) => {
                place.update(|it: &Scalar| it.increment(writer, *by).map_err(refused))
            }
            Self::IncrementFloat(by) => place
                .update(|it: &Scalar| it.increment_float(writer, quarters(*by)).map_err(refused)),
            Self::ClearScalar => place.update(|it: &Scalar| Ok(it.clear())),
            Self::Count(by) => {
                place.update(|it: &Counter| it.increment(writer, *by).map_err(refused))
            }
            Self::ResetCount => place.update(|it: &Counter| Ok(it.reset())),
            Self::Sum(by) => place
                .update(|it: &FloatCounter| it.increment(writer, quarters(*by)).map_err(refused)),
            Self::ResetSum => place.update(|it: &FloatCounter| Ok(it.reset())),
            Self::Write(value) => {
                place.update(|it: &Register<Bytes>| Ok(it.write(writer, name(*value))))
            }
            Self::Unwrite => place.update(|it: &Register<Bytes>| Ok(it.clear())),
            Self::WriteBeside(value) => {
                place.update(|it: &MultiRegister| Ok(it.write(writer, name(*value))))
            }
            Self::UnwriteAll => place.update(|it: &MultiRegister| Ok(it.clear())),
            Self::Enable => place.update(|it: &Flag| Ok(it.enable(writer))),
            Self::Disable => place.update(|it: &Flag| Ok(it.disable())),
            operation => operation.within_members(place, writer),
        }
    }

    /// As [`Self::within`], where it has members.
    fn within_members<P: Place>(
        &self,
        place: P,
        writer: &mut Writer,
    ) -> Result<Causal<P::Whole>, Refused> {
        match self {
            Self::Add(member) => place.update(|it: &Set| Ok(it.insert(writer, name(*member)))),
            Self::Remove(member) => place.update(|it: &Set| Ok(it.take(&name(*member)))),
            Self::Put(member, score) => {
                let score = Real::new(quarters(*score)).ok_or(Refused)?;
                place.update(|it: &SortedSet| Ok(it.put(writer, name(*member), score)))
            }
            Self::Raise(member, by) => place.update(|it: &SortedSet| {
                it.increment(writer, name(*member), quarters(*by)).map_err(refused)
            }),
            Self::Unput(member) => place.update(|it: &SortedSet| Ok(it.take(&name(*member)))),
            Self::Observe(element) => {
                place.update(|it: &HyperLogLog| Ok(it.insert(writer, [&[*element][..]])))
            }
            Self::Forget => place.update(|it: &HyperLogLog| Ok(it.clear())),
            Self::AddVertex(vertex) => {
                place.update(|it: &Graph| Ok(it.add_vertex(writer, name(*vertex))))
            }
            Self::AddEdge(from, to) => {
                place.update(|it: &Graph| Ok(it.add_edge(writer, (name(*from), name(*to)))))
            }
            Self::RemoveVertex(vertex) => {
                place.update(|it: &Graph| Ok(it.take_vertex(&name(*vertex))))
            }
            Self::RemoveEdge(from, to) => {
                place.update(|it: &Graph| Ok(it.take_edge(&(name(*from), name(*to)))))
            }
            operation => operation.within_fields(place, writer),
        }
    }

    /// As [`Self::within`], where it has an order or fields.
    fn within_fields<P: Place>(
        &self,
        place: P,
        writer: &mut Writer,
    ) -> Result<Causal<P::Whole>, Refused> {
        match self {
            Self::Insert(at, value) => place.update(|it: &List| {
                let at = usize::from(*at) % (it.count() + 1);
                it.insert(writer, at, [name(*value)]).map_err(refused)
            }),
            Self::Push(value) => place.update(|it: &List| Ok(it.push(writer, [name(*value)]))),
            Self::SetAt(at, value) => place.update(|it: &List| {
                let at = usize::from(*at) % it.count().max(1);
                it.set(writer, at, name(*value)).map_err(refused)
            }),
            Self::TakeAt(at) => place.update(|it: &List| {
                let at = usize::from(*at) % it.count().max(1);
                Ok(it.take(at..at + 1))
            }),
            Self::Pop => place.update(|it: &List| {
                let count = it.count();
                Ok(it.take(count.saturating_sub(1)..count))
            }),
            Self::Trim(from) => place.update(|it: &List| Ok(it.trim(0..usize::from(*from)))),
            Self::TakeEqual(value, most) => {
                place.update(|it: &List| Ok(it.take_equal(&name(*value), i64::from(*most))))
            }
            Self::Field(field, operation) => {
                place.update(|it: &Map| operation.within((it, name(*field)), writer))
            }
            Self::RemoveField(field) => place.update(|it: &Map| Ok(it.take(&name(*field)))),
            // Those of a whole item, which no place has.
            _ => Err(Refused),
        }
    }
}

/// The operation is in error; which error is for other tests.
struct Refused;

fn refused<E>(_: E) -> Refused {
    Refused
}

/// Where a typed value is: a key or a field.
trait Place {
    type Whole;

    fn update<T: Typed>(
        self,
        change: impl FnOnce(&T) -> Result<Causal<T>, Refused>,
    ) -> Result<Causal<Self::Whole>, Refused>;
}

impl Place for &Item {
    type Whole = Item;

    fn update<T: Typed>(
        self,
        change: impl FnOnce(&T) -> Result<Causal<T>, Refused>,
    ) -> Result<Causal<Item>, Refused> {
        Item::update(self, change)
    }
}

impl Place for (&Map, Bytes) {
    type Whole = Map;

    fn update<T: Typed>(
        self,
        change: impl FnOnce(&T) -> Result<Causal<T>, Refused>,
    ) -> Result<Causal<Map>, Refused> {
        self.0.update(self.1, change)
    }
}
