//! From texts to a configuration: which files it has, in which order nginx reads them,
//! and what nginx knows afterwards.
//!
//! - [`files`] is the outside world behind a trait: disk or memory.
//! - `glob` and `include` follow `include` directives as nginx does.
//! - `batch` opens many files at once.
//! - [`dump`] takes the output of `nginx -T` apart.
//! - `walk` goes through the directives of all files in nginx's reading order.
//! - [`Model`] is what nginx then holds in memory: blocks with their directives
//!   (`scope`), `http` with its servers and locations, upstreams, zones, variables and what
//!   computes them ([`computed`]); `mail`.
//!
//! Only [`files::Disk`] touches the file system. What fills the model is
//! [`crate::verdict`], which reads as nginx does.

mod batch;
pub mod computed;
mod configuration;
pub mod dump;
mod everywhere;
pub mod files;
mod glob;
pub mod http;
mod include;
mod limits;
pub mod logs;
pub mod mail;
mod scope;
pub mod sockets;
pub mod stream;
pub mod upstream;
pub mod variables;
mod walk;
pub mod zones;

pub use configuration::Model;
pub use include::{Config, Included, Prefix, Refusal, Texts};
pub use limits::Limits;
pub use scope::{Scope, ScopeId, Statement};
pub use walk::{Stop, Walk, WalkEvent};
