//! Stage 1: what the operator declares. YAML with places, structure, types, meaning.

pub mod model;
pub mod settle;
pub mod units;
