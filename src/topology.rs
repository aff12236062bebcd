//! Stage 1: what the operator declares. YAML with places, structure, types, meaning.

pub mod address;
pub mod document;
pub mod events;
pub mod model;
pub mod rules;
pub mod settle;
pub mod units;

pub mod load;
pub mod validate;

mod shape;
mod structure;
mod suggest;
mod syntax;
mod typed;

pub use events::Limits;
pub use load::{Loaded, Options, Valid, check, load};
pub use shape::{schema, schema_text};
pub use validate::validate;
