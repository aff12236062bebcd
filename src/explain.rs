//! Which server, location and node handles a URL, and why.
//!
//! The phases of nginx, asked of the [`Model`]: the socket, the server by its name, the
//! rewriting of a server, the location, its own rewriting, access, `try_files`, the handler.
//! What depends on something that is not known (a cookie, a map on a header, a file that is
//! not here) is answered for each case.
//!
//! - [`request`] is what is asked about.
//! - `route` goes through the phases; `script` is the rewriting.
//! - `nodes` is which node of an upstream is chosen.
//! - `effects` is what counts where the request ends up.
//! - [`passing`] is what one location sends, whoever gets there.
//! - [`tree`] is the whole configuration without a request.
//! - [`trace`] is what comes out.

mod effects;
mod nodes;
pub mod passing;
pub mod request;
mod route;
mod script;
pub mod trace;
pub mod tree;

pub use request::{Request, UrlError};
pub use route::explain;
pub use trace::{Answer, Effect, EffectKind, End, Loser, Step, StepKind};

use crate::model::Model;
use crate::model::Texts;
use std::path::PathBuf;

/// What explanations work with.
pub struct World<'a, 'm> {
    /// The configuration.
    pub model: &'a Model<'m>,
    /// Its texts.
    pub texts: &'m Texts<'m>,
    /// The folder that stands for `/`.
    pub root: Option<PathBuf>,
    /// The folder that relative paths of the configuration are in.
    pub prefix: PathBuf,
}
