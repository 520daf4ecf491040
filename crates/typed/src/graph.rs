//! Graph: vertices and directed edges between them.
//!
//! *Concurrency*: both are add-wins sets. An edge shows only while both its ends
//! do. Removing a vertex takes the edges at it that it observed; one that is
//! added concurrently is kept, does not show, and shows if the vertex is added
//! again (the 2P2P-graph's question, answered with dots: Shapiro et al., "A
//! comprehensive study of convergent and commutative replicated data types", 2011).
//!
//! *Cost*: a dot for each vertex and edge; nothing for those that were removed.
//! Removing a vertex goes over all edges.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::Bytes;
use crate::causal::Causal;
use crate::dot::{Context, Writer};
use crate::dot_store::DotStore;
use crate::set::inserted;
use crate::store::{DotMap, DotSet, product};

/// From where to where.
pub type Edge = (Bytes, Bytes);

/// Vertices and edges.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Graph {
    vertices: DotMap<Bytes, DotSet>,
    edges: DotMap<Edge, DotSet>,
}

product!(Graph { vertices, edges });

impl Graph {
    /// Whether the vertex is there.
    #[must_use]
    pub fn contains(&self, vertex: &Bytes) -> bool {
        self.vertices.get(vertex).is_some()
    }

    /// The vertices, ascending.
    pub fn vertices(&self) -> impl Iterator<Item = &Bytes> {
        self.vertices.iter().map(|(vertex, _)| vertex)
    }

    /// The edges whose ends are both there, ascending.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        let edges = self.edges.iter().map(|(edge, _)| edge);
        edges.filter(|(from, to)| self.contains(from) && self.contains(to))
    }

    /// Adds a vertex.
    pub fn add_vertex(&self, writer: &mut Writer, vertex: Bytes) -> Causal<Self> {
        let added = inserted(&self.vertices, writer, vertex);
        added.map(|vertices| Self { vertices, ..Self::default() })
    }

    /// Adds an edge; it shows once both ends are there.
    pub fn add_edge(&self, writer: &mut Writer, edge: Edge) -> Causal<Self> {
        inserted(&self.edges, writer, edge).map(|edges| Self { edges, ..Self::default() })
    }

    /// Removes a vertex with the edges at it, as far as they are seen here.
    #[must_use]
    pub fn take_vertex(&self, vertex: &Bytes) -> Causal<Self> {
        let mut dots = Vec::new();
        let at_it = self.edges.iter().filter(|((from, to), _)| from == vertex || to == vertex);
        at_it.for_each(|(_, edge)| edge.dots(&mut dots));
        let mut edges = Context::default();
        edges.extend(dots);
        let taken = self.vertices.take(vertex);
        let mut delta = taken.map(|vertices| Self { vertices, ..Self::default() });
        delta.removing(&edges);
        delta
    }

    /// Removes an edge, as far as it is seen here.
    #[must_use]
    pub fn take_edge(&self, edge: &Edge) -> Causal<Self> {
        self.edges.take(edge).map(|edges| Self { edges, ..Self::default() })
    }
}
