//! redwedding-replica
