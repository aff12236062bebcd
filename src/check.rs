//! Can it be deployed? What `djanginx check` knows beside the other stages: what an nginx of
//! this machine says about the generated text, and where in the topology that text comes from.
//!
//! - [`nginx`] finds a program, and asks it what it is.
//! - [`trial`] lets it judge the text in a folder of its own; `sandbox` moves there what nginx
//!   would write while it tests, and `words` reads what it says.
//! - `findings` is what is to be told of that.
//! - [`origin`] goes from a line of the generated text back to the topology.

pub mod nginx;
pub mod origin;
pub mod trial;

mod findings;
mod sandbox;
mod words;

pub use findings::{findings, is_circumstance};
pub use nginx::Nginx;
pub use origin::Origins;
pub use trial::{About, Outcome, Said, Trial};
pub use words::is_of_the_machine;
