//! From texts to a configuration: which files it has, and in which order nginx reads them.
//!
//! - [`files`] is the outside world behind a trait: disk or memory.
//! - `glob` and `include` follow `include` directives as nginx does.
//! - [`dump`] takes the output of `nginx -T` apart.
//! - `walk` goes through the directives of all files in nginx's reading order.
//!
//! Only [`files::Disk`] touches the file system. What a directive means is for later
//! stages; nothing here looks at any but `include`.

pub mod dump;
pub mod files;
mod glob;
mod include;
mod limits;
mod walk;

pub use include::{Config, Included, Prefix, Refusal, Texts};
pub use limits::Limits;
pub use walk::{Stop, Walk, WalkEvent};
