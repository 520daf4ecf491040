//! redwedding-devnet
