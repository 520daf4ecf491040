//! redwedding-relay
