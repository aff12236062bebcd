//! Static files, media, and what must not be served: group `static`.

mod alias_traversal;

pub use alias_traversal::AliasTraversal;
