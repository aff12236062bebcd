//! Stage 1: what the operator declares. YAML with places, structure, types, meaning.

pub mod document;
pub mod events;
pub mod model;
pub mod rules;
pub mod settle;
pub mod units;

pub mod load;

mod check;
mod shape;
mod suggest;
mod syntax;
mod typed;

pub use load::{Loaded, load};
pub use shape::schema;
