//! The reference: all operations that ever happened and which of them each had
//! seen. What shows is computed from that alone, without dots or joins, by rules
//! that can be read off the documentation of the types.

use std::collections::{BTreeMap, BTreeSet};

use redwedding_wire::identity::Actor;

use super::fugue::Tree;
use super::operation::{Operation, name, quarters};
use crate::{Count, Item, Kind, Shown, Value, Values};

/// Operations, by the order in which the history heard of them.
pub type Events = BTreeSet<usize>;

#[derive(Clone, Debug)]
struct Event {
    operation: Operation,
    actor: Actor,
    stamp: u64,
    /// What it took away: what it is said to take, as far as it had seen it.
    removed: Events,
    /// The epochs of sketches that went with it.
    taken: Events,
    /// For what goes into a sketch: the additions that began its epochs.
    epochs: Events,
    /// For what gives a value to an element of a list: which insertion made that.
    element: Option<usize>,
}

/// All that ever happened.
#[derive(Clone, Default, Debug)]
pub struct History(Vec<Event>, BTreeMap<Path, Tree>);

/// The fields that lead to a value.
type Path = Vec<u8>;

impl History {
    /// Notes an operation by someone who has seen these events.
    pub fn happened(
        &mut self,
        operation: Operation,
        actor: Actor,
        stamp: u64,
        seen: &Events,
    ) -> usize {
        let live = self.live(seen);
        let value = operation.kind().is_some() && brings(&operation);
        let begins = value && self.values(&live).next().is_none();
        let deadline = |it: &Operation| matches!(it, Operation::Expire(_) | Operation::Persist);
        let removed: Events = match operation {
            // It names all that its maker knows, not just what is left of it.
            Operation::Wipe => {
                let before = seen.iter().flat_map(|it| self.0[*it].removed.iter());
                seen.iter().chain(before).copied().collect()
            }
            _ if listed(&operation).is_some() => {
                let taken = self.taken_of_list(&operation, &live, seen);
                let deadlines =
                    live.iter().filter(|it| begins && deadline(&self.0[**it].operation));
                taken.into_iter().chain(deadlines.copied()).collect()
            }
            _ => {
                let goes = |it: &usize| {
                    let old = &self.0[*it].operation;
                    takes(&operation, old) || (begins && deadline(old))
                };
                live.iter().copied().filter(goes).collect()
            }
        };
        let taken = removed
            .iter()
            .filter(|it| sketch(&self.0[**it].operation).is_some())
            .flat_map(|it| self.0[*it].epochs.iter().copied())
            .filter(|epoch| operation == Operation::Wipe || self.is_open(*epoch, seen))
            .collect();
        let number = self.0.len();
        let mut epochs: Events = live
            .iter()
            .filter(|it| sketch(&self.0[**it].operation) == sketch(&operation))
            .flat_map(|it| self.0[*it].epochs.iter().copied())
            .filter(|epoch| self.is_open(*epoch, seen))
            .collect();
        if epochs.is_empty() {
            epochs.insert(number);
        }
        let element = self.element_of(number, &operation, actor, &live, seen);
        self.0.push(Event { operation, actor, stamp, removed, taken, epochs, element });
        number
    }

    /// The elements of a list that show, in order, with the events that gave them values.
    fn elements(&self, path: &Path, live: &Events, seen: &Events) -> Vec<(usize, Vec<usize>)> {
        let Some(tree) = self.1.get(path) else { return Vec::new() };
        let written = |element: usize| {
            let by = live.iter().copied().filter(|it| self.0[*it].element == Some(element));
            (element, by.collect::<Vec<_>>())
        };
        let placed = tree.placed(seen).into_iter().map(written);
        placed.filter(|(_, writes)| !writes.is_empty()).collect()
    }

    /// What an operation on a list takes.
    fn taken_of_list(&self, operation: &Operation, live: &Events, seen: &Events) -> Events {
        let Some((path, operation)) = listed(operation) else { return Events::new() };
        let elements = self.elements(&path, live, seen);
        let count = elements.len();
        let within = |at: u8| usize::from(at) % count.max(1);
        let takes: Vec<usize> = match operation {
            Operation::SetAt(at, _) | Operation::TakeAt(at) => vec![within(*at)],
            Operation::Pop => count.checked_sub(1).into_iter().collect(),
            Operation::Trim(from) => (usize::from(*from)..count).collect(),
            Operation::TakeEqual(value, most) => {
                let equal = |at: &usize| self.value(&elements[*at].1) == Some(*value);
                let mut equal: Vec<usize> = (0..count).filter(equal).collect();
                let most_of = usize::from(most.unsigned_abs()).min(equal.len());
                match most {
                    0 => equal,
                    1.. => equal.drain(..most_of).collect(),
                    _ => equal.drain(equal.len() - most_of..).collect(),
                }
            }
            _ => Vec::new(),
        };
        let taken = takes.into_iter().filter_map(|at| elements.get(at));
        taken.flat_map(|(_, writes)| writes.iter().copied()).collect()
    }

    /// Which element it gives a value to; one that it inserts is noted.
    fn element_of(
        &mut self,
        number: usize,
        operation: &Operation,
        actor: Actor,
        live: &Events,
        seen: &Events,
    ) -> Option<usize> {
        let (path, operation) = listed(operation)?;
        let elements = self.elements(&path, live, seen);
        let at = match operation {
            Operation::SetAt(at, _) => {
                return elements.get(usize::from(*at) % elements.len().max(1)).map(|it| it.0);
            }
            Operation::Insert(at, _) => usize::from(*at) % (elements.len() + 1),
            Operation::Push(_) => elements.len(),
            _ => return None,
        };
        let left = at.checked_sub(1).map(|left| elements[left].0);
        self.1.entry(path).or_default().insert(number, actor, seen, left);
        Some(number)
    }

    /// The value that wins.
    fn value(&self, writes: &[usize]) -> Option<u8> {
        let last = writes.iter().map(|it| &self.0[*it]).max_by_key(|it| (it.stamp, it.actor))?;
        match listed(&last.operation)?.1 {
            Operation::Insert(_, value) | Operation::SetAt(_, value) | Operation::Push(value) => {
                Some(*value)
            }
            _ => None,
        }
    }

    /// The events that count for someone who knows these.
    fn live(&self, known: &Events) -> Events {
        let removed: Events =
            known.iter().flat_map(|it| self.0[*it].removed.iter().copied()).collect();
        known
            .iter()
            .copied()
            .filter(|it| match sketch(&self.0[*it].operation) {
                // What was added to an epoch goes with it.
                Some(_) => self.0[*it].epochs.iter().any(|epoch| self.is_open(*epoch, known)),
                None => !removed.contains(it),
            })
            .collect()
    }

    /// Whether nobody of these has taken the epoch.
    fn is_open(&self, epoch: usize, known: &Events) -> bool {
        !known.iter().any(|taker| self.0[*taker].taken.contains(&epoch))
    }

    fn values<'a>(&'a self, live: &'a Events) -> impl Iterator<Item = &'a Operation> {
        live.iter().map(|it| &self.0[*it].operation).filter(|it| it.kind().is_some() && brings(it))
    }

    /// What shows to someone who knows these.
    pub fn shown(&self, known: &Events) -> Vec<String> {
        let live = self.live(known);
        let mut lines = Vec::new();
        let deadlines = live.iter().filter_map(|it| match self.0[*it].operation {
            Operation::Expire(at) => Some(at.into()),
            Operation::Persist => Some(u64::MAX),
            _ => None,
        });
        lines.push(format!("until {}", deadlines.max().unwrap_or(u64::MAX)));
        let operations = live.iter().map(|it| {
            let event = &self.0[*it];
            (event.operation.clone(), (event.stamp, event.actor))
        });
        let list = |path: &Path| {
            let elements = self.elements(path, &live, known);
            elements.iter().filter_map(|(_, writes)| self.value(writes)).collect()
        };
        place("", &mut Vec::new(), &operations.collect::<Vec<_>>(), &list, &mut lines);
        lines
    }
}

/// Whether it leaves something behind that can be seen or taken.
fn brings(operation: &Operation) -> bool {
    use Operation::*;
    match operation {
        Field(_, inner) => brings(inner),
        SetText(_) | SetNumber(_) | Increment(_) | IncrementFloat(_) | Count(_) | Sum(_)
        | Write(_) | WriteBeside(_) | Enable | Add(_) | Put(..) | Raise(..) | Observe(_)
        | AddVertex(_) | AddEdge(..) | Insert(..) | Push(_) | SetAt(..) | Expire(_) | Persist => {
            true
        }
        _ => false,
    }
}

/// The sketch that it adds to, by its path.
pub(super) fn sketch(operation: &Operation) -> Option<Vec<u8>> {
    match operation {
        Operation::Observe(_) => Some(Vec::new()),
        Operation::Field(field, inner) => {
            let mut path = sketch(inner)?;
            path.insert(0, *field);
            Some(path)
        }
        _ => None,
    }
}

/// What is done to a list, and to which.
fn listed(operation: &Operation) -> Option<(Path, &Operation)> {
    match operation {
        Operation::Field(field, inner) => {
            let (mut path, operation) = listed(inner)?;
            path.insert(0, *field);
            Some((path, operation))
        }
        _ => (operation.kind() == Some(Kind::List)).then_some((Path::new(), operation)),
    }
}

/// Whether `new` takes what `old` brought, where it has seen it.
fn takes(new: &Operation, old: &Operation) -> bool {
    use Operation::*;
    match (new, old) {
        (Clear, _) => true,
        (Field(one, new), Field(other, old)) => one == other && takes(new, old),
        (RemoveField(one), Field(other, _)) => one == other,
        (
            SetText(_) | SetNumber(_) | ClearScalar,
            SetText(_) | SetNumber(_) | Increment(_) | IncrementFloat(_),
        ) => true,
        (ResetCount, Count(_)) | (ResetSum, Sum(_)) => true,
        (Write(_) | Unwrite, Write(_)) | (WriteBeside(_) | UnwriteAll, WriteBeside(_)) => true,
        (Enable | Disable, Enable) => true,
        (Add(one) | Remove(one), Add(other)) => one == other,
        (Put(one, _) | Unput(one), Put(other, _) | Raise(other, _)) => one == other,
        (Forget, Observe(_)) => true,
        (AddVertex(one) | RemoveVertex(one), AddVertex(other)) => one == other,
        (AddEdge(a, b) | RemoveEdge(a, b), AddEdge(c, d)) => (a, b) == (c, d),
        (RemoveVertex(one), AddEdge(from, to)) => one == from || one == to,
        (Expire(_) | Persist, Expire(_) | Persist) => true,
        _ => false,
    }
}

type By = (u64, Actor);
type Live = (Operation, By);
type Score = (By, i8);

/// Writes what the live operations of a place come to.
fn place(
    path: &str,
    fields: &mut Path,
    live: &[Live],
    list: &dyn Fn(&Path) -> Vec<u8>,
    lines: &mut Vec<String>,
) {
    let kinds: BTreeSet<Kind> =
        live.iter().filter(|(it, _)| brings(it)).filter_map(|(it, _)| it.kind()).collect();
    for (number, kind) in kinds.into_iter().enumerate() {
        let path = format!("{path}/{kind:?}{}", if number == 0 { "" } else { " hidden" });
        lines.push(path.clone());
        match kind {
            Kind::Map => {
                for field in 0..3 {
                    fields.push(field);
                    let path = format!("{path}/{:?}", name(field));
                    place(&path, fields, &within(live, field), list, lines);
                    fields.pop();
                }
            }
            Kind::List => {
                let values = list(fields).into_iter();
                lines.extend(values.map(|it| format!("{path}: {:?}", name(it))));
            }
            _ => lines.extend(value(kind, live).into_iter().map(|it| format!("{path}: {it}"))),
        }
    }
}

/// What the live operations on a map do in one field.
fn within(live: &[Live], field: u8) -> Vec<Live> {
    each(live, |it, by| match it {
        Operation::Field(one, inner) if *one == field => Some(((**inner).clone(), *by)),
        _ => None,
    })
    .collect()
}

/// What `of` gives of each live operation that it is about.
fn each<'a, T>(
    live: &'a [Live],
    of: impl Fn(&'a Operation, &'a By) -> Option<T>,
) -> impl Iterator<Item = T> {
    live.iter().filter_map(move |(it, by)| of(it, by))
}

/// What the live operations on a value come to that is neither list nor map.
fn value(kind: Kind, live: &[Live]) -> Vec<String> {
    use Operation::*;
    let one = |shown: String| vec![shown];
    match kind {
        Kind::Scalar => one(scalar_of(live)),
        Kind::Counter => {
            let counts = each(live, |it, _| match it {
                Count(by) => Some(i128::from(*by)),
                _ => None,
            });
            one(count(counts.sum()))
        }
        Kind::FloatCounter => {
            let sums = each(live, |it, _| match it {
                Sum(by) => Some(quarters(*by)),
                _ => None,
            });
            one(float(sums.sum()))
        }
        Kind::Register => {
            let writes = each(live, |it, by| match it {
                Write(value) => Some((by, *value)),
                _ => None,
            });
            one(format!("{:?}", writes.max_by_key(|(by, _)| **by).map(|it| name(it.1))))
        }
        Kind::MultiRegister => names(live, |it| match it {
            WriteBeside(value) => Some(*value),
            _ => None,
        }),
        Kind::Flag => one("on".to_owned()),
        Kind::Set => names(live, |it| match it {
            Add(member) => Some(*member),
            _ => None,
        }),
        Kind::SortedSet => sorted_set(live),
        Kind::HyperLogLog => {
            let elements: BTreeSet<_> = each(live, |it, _| match it {
                Observe(element) => Some(element),
                _ => None,
            })
            .collect();
            one(elements.len().to_string())
        }
        Kind::Graph => graph(live),
        Kind::List | Kind::Map => Vec::new(),
    }
}

/// The names that `of` gives, each once, ascending.
fn names(live: &[Live], of: impl Fn(&Operation) -> Option<u8>) -> Vec<String> {
    let names: BTreeSet<_> = each(live, |it, _| of(it).map(name)).collect();
    names.iter().map(|name| format!("{name:?}")).collect()
}

fn scalar_of(live: &[Live]) -> String {
    let bases = each(live, |it, by| match it {
        Operation::SetText(text) => Some((by, Err(*text))),
        Operation::SetNumber(number) => Some((by, Ok(*number))),
        _ => None,
    });
    let base = bases.max_by_key(|(by, _)| **by).map(|(_, base)| base);
    let whole: Vec<i64> = live.iter().filter_map(integer).collect();
    let part: Vec<f64> = live.iter().filter_map(fraction).collect();
    scalar(base, &whole, &part)
}

fn sorted_set(live: &[Live]) -> Vec<String> {
    let mut scores: BTreeMap<u8, (Option<Score>, f64)> = BTreeMap::new();
    for (it, by) in live {
        match it {
            Operation::Put(member, score) => {
                let (base, _) = scores.entry(*member).or_default();
                *base = (*base).max(Some((*by, *score)));
            }
            Operation::Raise(member, by) => {
                scores.entry(*member).or_default().1 += quarters(*by);
            }
            _ => {}
        }
    }
    let shown = scores.into_iter().map(|(member, (base, sum))| {
        let base = base.map_or(0.0, |(_, score)| quarters(score));
        format!("{:?} {}", name(member), float(base + sum))
    });
    shown.collect()
}

fn graph(live: &[Live]) -> Vec<String> {
    let is_live = |operation: Operation| live.iter().any(|(it, _)| *it == operation);
    let there = |vertex: u8| is_live(Operation::AddVertex(vertex));
    let vertices = (0..3).filter(|one| there(*one)).map(|one| format!("{:?}", name(one)));
    let pairs = (0..3).flat_map(|from| (0..3).map(move |to| (from, to)));
    let edges = pairs
        .filter(|(from, to)| is_live(Operation::AddEdge(*from, *to)) && there(*from) && there(*to))
        .map(|(from, to)| format!("{:?}", (name(from), name(to))));
    vertices.chain(edges).collect()
}

fn integer((operation, _): &Live) -> Option<i64> {
    match operation {
        Operation::Increment(by) => Some(*by),
        _ => None,
    }
}

fn fraction((operation, _): &Live) -> Option<f64> {
    match operation {
        Operation::IncrementFloat(by) => Some(quarters(*by)),
        _ => None,
    }
}

fn count(sum: i128) -> String {
    let value = sum.clamp(i64::MIN.into(), i64::MAX.into());
    format!("{value} {}", value != sum)
}

fn float(sum: f64) -> String {
    format!("{:?}", sum + 0.0)
}

fn scalar(base: Option<Result<i64, u8>>, whole: &[i64], part: &[f64]) -> String {
    let number = match base {
        Some(Err(text)) => return format!("{:?}", name(text)),
        Some(Ok(number)) if whole.is_empty() && part.is_empty() => return format!("set {number}"),
        Some(Ok(number)) => number,
        None => 0,
    };
    let sum: i128 = whole.iter().copied().map(i128::from).sum();
    match part.is_empty() {
        true => count(sum + i128::from(number)),
        false => {
            let whole = sum.clamp(i64::MIN.into(), i64::MAX.into()) as f64;
            float(number as f64 + whole + part.iter().sum::<f64>())
        }
    }
}

/// What an item shows, in the same words.
pub fn shown(item: &Item) -> Vec<String> {
    let mut lines = vec![format!("until {}", item.deadline().0)];
    values("", item.values(), &mut lines);
    lines
}

fn values(path: &str, all: &Values, lines: &mut Vec<String>) {
    for (number, value) in all.shown().into_iter().chain(all.hidden()).enumerate() {
        let path = format!("{path}/{:?}{}", value.kind(), if number == 0 { "" } else { " hidden" });
        lines.push(path.clone());
        let mut show = |what: String| lines.push(format!("{path}: {what}"));
        let counted = |Count { value, saturated }: Count| format!("{value} {saturated}");
        match value {
            Value::Scalar(it) => show(match it.shown() {
                None => unreachable!("an empty value"),
                Some(Shown::Integer(sum)) => counted(sum),
                Some(Shown::Float(sum)) => float(sum),
                Some(Shown::Text(text)) => match String::from_utf8(text.to_vec()) {
                    Ok(number) if number.parse::<i64>().is_ok() => format!("set {number}"),
                    _ => format!("{text:?}"),
                },
            }),
            Value::Counter(it) => show(counted(it.count())),
            Value::FloatCounter(it) => show(float(it.sum().get())),
            Value::Register(it) => show(format!("{:?}", it.value())),
            Value::MultiRegister(it) => {
                it.values().into_iter().for_each(|it| show(format!("{it:?}")));
            }
            Value::Flag(it) => show(if it.is_enabled() { "on" } else { "off" }.to_owned()),
            Value::Set(it) => it.iter().for_each(|it| show(format!("{it:?}"))),
            Value::SortedSet(it) => it
                .iter()
                .for_each(|(member, score)| show(format!("{member:?} {}", float(score.get())))),
            Value::HyperLogLog(it) => show(it.count().to_string()),
            Value::Graph(it) => {
                it.vertices().for_each(|it| show(format!("{it:?}")));
                it.edges().for_each(|it| show(format!("{it:?}")));
            }
            Value::List(it) => it.iter().for_each(|it| show(format!("{it:?}"))),
            Value::Map(it) => {
                for (field, inner) in it.iter() {
                    values(&format!("{path}/{field:?}"), inner, lines);
                }
            }
        }
    }
}
