//! Will the backends answer? Every node is asked what nginx would ask it.
//!
//! - [`target`] is what is asked of whom; [`plan`] makes it from nginx's configuration, which
//!   for a topology is the one that [`crate::render`] makes of it.
//! - [`mod@run`] asks: `client` speaks HTTP, `wire` the other protocols; [`result`] is what came
//!   of it.
//! - [`mod@diagnose`] names the cause, by phase, errno, TLS error or first bytes, never by the
//!   words of a message.
//!
//! Only what is configured is asked, nothing is followed, and nothing of the environment
//! (proxies, cookies) has a say.

pub mod diagnose;
pub mod plan;
pub mod result;
pub mod run;
pub mod target;

mod address;
mod answer;
mod client;
mod clock;
mod curl;
mod example;
mod permission;
mod pools;
mod secret;
mod tls;
mod wire;

pub use diagnose::diagnose;
pub use plan::{Wishes, of_model, of_topology};
pub use result::{Failure, Outcome, Phase, Probe, Reply, Timings};
pub use run::{Limits, run};
pub use secret::Secret;
pub use target::{Address, Ask, Header, Pool, Skipped, Target, Targets};
