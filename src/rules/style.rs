//! Layout: group `style`, off unless selected.

mod block_too_long;
mod location_order;

pub use block_too_long::BlockTooLong;
pub use location_order::LocationOrder;
