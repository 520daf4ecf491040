//! How a list is written: plain elements in columns, all others one by one between them.
//!
//! Must never take bytes that do not cost about what they make: each plain element has three
//! at least, any other ten.

use redwedding_wire::codec;
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::element::{Element, Holding, Neighbour, Origin, Write, Written};
use super::elements::List;
use super::order;
use crate::Bytes;
use crate::dot::{Dot, Stamp};
use crate::dot_store::DotStore;
use crate::store::DotFun;

/// `dots` has two numbers for each plain element, `lengths` one.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    dots: ByteBuf,
    lengths: ByteBuf,
    values: ByteBuf,
    /// With how many plain ones there are before each, since the one before.
    #[serde(deserialize_with = "codec::list")]
    others: Vec<(u32, Element)>,
    #[serde(deserialize_with = "codec::list")]
    loose: Vec<Element>,
}

/// An element that is not plain.
#[derive(Serialize, Deserialize)]
enum Other {
    /// As it was inserted.
    #[serde(rename = "i")]
    Inserted(Dot, Beside, Stamp, Bytes),
    /// Anything else, and where it was removed.
    #[serde(rename = "e")]
    Element(Dot, Option<Beside>, Position, DotFun<Write>),
}

/// An origin: the actor, unless the id has it, and the neighbours.
#[derive(Serialize, Deserialize)]
struct Beside(Option<Actor>, Side, Side);

#[derive(PartialEq, Serialize, Deserialize)]
enum Side {
    #[serde(rename = "n")]
    Near,
    #[serde(rename = "f")]
    Far,
    /// The event of the same entry that came just before the insertion.
    #[serde(rename = "p")]
    Previous,
    #[serde(rename = "d")]
    Dot(Dot),
}

impl Side {
    fn of(neighbour: Neighbour, id: Dot) -> Self {
        match neighbour {
            Neighbour::Near => Self::Near,
            Neighbour::Far => Self::Far,
            Neighbour::Dot(dot) if previous(id) == Some(dot) => Self::Previous,
            Neighbour::Dot(dot) => Self::Dot(dot),
        }
    }

    fn neighbour(self, id: Dot) -> Option<Neighbour> {
        Some(match self {
            Self::Near => Neighbour::Near,
            Self::Far => Neighbour::Far,
            Self::Previous => Neighbour::Dot(previous(id)?),
            Self::Dot(dot) => Neighbour::Dot(dot),
        })
    }
}

fn previous(id: Dot) -> Option<Dot> {
    Some(match id {
        Dot::Logged { position, sequence } => {
            Dot::Logged { position, sequence: sequence.checked_sub(1)? }
        }
        Dot::Open { actor, sequence } => Dot::Open { actor, sequence: sequence.checked_sub(1)? },
    })
}

impl Beside {
    fn of(origin: &Origin, id: Dot) -> Self {
        let Origin { actor, left, right } = *origin;
        let (left, right) = (Side::of(left, id), Side::of(right, id));
        Self((!id.is_of(actor)).then_some(actor), left, right)
    }

    fn origin(self, id: Dot) -> Option<Origin> {
        let actor = match (self.0, id) {
            (Some(actor), _) | (None, Dot::Open { actor, .. }) => actor,
            (None, Dot::Logged { .. }) => return None,
        };
        Some(Origin { actor, left: self.1.neighbour(id)?, right: self.2.neighbour(id)? })
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let writes = match &self.content {
            Holding::Plain(value) => {
                Written { writes: DotFun::one(self.id, Write(None, value.clone())), removed: 0 }
            }
            Holding::Written(written) => (**written).clone(),
        };
        inserted(self, &writes)
            .unwrap_or_else(|| {
                let origin = self.origin.as_ref().map(|it| Beside::of(it, self.id));
                Other::Element(self.id, origin, writes.removed, writes.writes)
            })
            .serialize(serializer)
    }
}

/// The short form, if it holds what it was inserted with.
fn inserted(element: &Element, written: &Written) -> Option<Other> {
    let origin = element.origin.as_ref()?;
    let mut writes = written.writes.iter();
    let (dot, Write(by, value)) = writes.next()?;
    let (stamp, _) = by.filter(|(_, actor)| *actor == origin.actor)?;
    let short = dot == element.id && writes.next().is_none();
    short.then(|| Other::Inserted(dot, Beside::of(origin, dot), stamp, value.clone()))
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nobody = || D::Error::custom("an origin names an actor or an event that is none");
        let (id, origin, removed, writes) = match Other::deserialize(deserializer)? {
            Other::Inserted(id, beside, stamp, value) => {
                let origin = beside.origin(id).ok_or_else(nobody)?;
                let write = Write(Some((stamp, origin.actor)), value);
                (id, Some(origin), 0, DotFun::one(id, write))
            }
            Other::Element(id, beside, removed, writes) => {
                let origin = beside.map(|it| it.origin(id).ok_or_else(nobody)).transpose()?;
                (id, origin, removed, writes)
            }
        };
        let origin = origin.map(Box::new);
        if removed > 0 && !writes.is_empty() {
            return Err(D::Error::custom("an element is there and was removed"));
        }
        let content = Holding::Written(Box::new(Written { writes, removed }));
        Ok(Self { id, origin, content })
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut dots, mut lengths, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (mut others, mut since, mut last) = (Vec::new(), 0u32, (0, 0));
        for element in &self.placed {
            match (&element.content, element.id) {
                (Holding::Plain(value), Dot::Logged { position, sequence }) => {
                    let next = next(last, position);
                    put(&mut dots, zigzag(position.into(), last.0.into()));
                    put(&mut dots, zigzag(sequence.into(), next.into()));
                    put(&mut lengths, value.len() as u128);
                    values.extend_from_slice(value);
                    (since, last) = (since + 1, (position, sequence));
                }
                _ => others.push((std::mem::take(&mut since), element)),
            }
        }
        let [dots, lengths, values] = [dots, lengths, values].map(ByteBuf::from);
        (dots, lengths, values, others, &self.loose).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let list = read(wire).ok_or_else(|| D::Error::custom("the columns of a list are wrong"))?;
        let ascend = list.loose.windows(2).all(|pair| pair[0].id < pair[1].id);
        match !list.is_bare() && ascend && order::is_arranged(&list) {
            true => Ok(list),
            false => Err(D::Error::custom("a list is empty or not in its order")),
        }
    }
}

fn read(wire: Wire) -> Option<List> {
    let count = wire.lengths.iter().filter(|byte| **byte < 0x80).count();
    let mut placed = Vec::with_capacity(count + wire.others.len());
    let mut plain =
        Plain { dots: &wire.dots, lengths: &wire.lengths, values: &wire.values, last: (0, 0) };
    for (since, other) in wire.others {
        for _ in 0..since {
            placed.push(plain.next()?);
        }
        placed.push(other);
    }
    while !plain.lengths.is_empty() {
        placed.push(plain.next()?);
    }
    let over = plain.dots.is_empty() && plain.values.is_empty();
    over.then_some(List { placed, loose: wire.loose })
}

struct Plain<'a> {
    dots: &'a [u8],
    lengths: &'a [u8],
    values: &'a [u8],
    last: (Position, u32),
}

impl Plain<'_> {
    fn next(&mut self) -> Option<Element> {
        let position = unzigzag(get(&mut self.dots)?, self.last.0.into())?;
        let position = Position::try_from(position).ok().filter(|position| *position > 0)?;
        let sequence = unzigzag(get(&mut self.dots)?, next(self.last, position).into())?;
        let sequence = u32::try_from(sequence).ok()?;
        let length = usize::try_from(get(&mut self.lengths)?).ok()?;
        let (value, rest) = self.values.split_at_checked(length)?;
        (self.values, self.last) = (rest, (position, sequence));
        let content = Holding::Plain(Bytes::from(value));
        Some(Element { id: Dot::Logged { position, sequence }, origin: None, content })
    }
}

/// The sequence that is expected at `position`.
fn next((before, sequence): (Position, u32), position: Position) -> u32 {
    if position == before { sequence.wrapping_add(1) } else { 1 }
}

fn zigzag(number: i128, on: i128) -> u128 {
    let difference = number - on;
    ((difference << 1) ^ (difference >> 127)) as u128
}

fn unzigzag(number: u128, on: i128) -> Option<i128> {
    ((number >> 1) as i128 ^ -((number & 1) as i128)).checked_add(on)
}

fn put(column: &mut Vec<u8>, number: u128) {
    let mut buffer = unsigned_varint::encode::u128_buffer();
    column.extend_from_slice(unsigned_varint::encode::u128(number, &mut buffer));
}

fn get(column: &mut &[u8]) -> Option<u128> {
    let (number, rest) = unsigned_varint::decode::u128(column).ok()?;
    *column = rest;
    Some(number)
}
