//! redwedding-crdt
