//! Static files, media, and what must not be served: group `static`.

mod alias_trailing_slash_mismatch;
mod alias_traversal;
mod root_in_location;

pub use alias_trailing_slash_mismatch::AliasTrailingSlashMismatch;
pub use alias_traversal::AliasTraversal;
pub use root_in_location::RootInLocation;
