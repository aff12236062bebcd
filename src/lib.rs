//! djanginx generates, lints, probes and explains nginx in front of Django.
//!
//! # The picture
//!
//! Each folder is one stage; a stage knows only those above it in its own row.
//!
//! ```text
//! topology.yaml ─ topology ─▶ render ─▶ nginx.conf text ─▶ write ─▶ disk
//!                                │
//!                                ▼ (output is parsed again before it is written)
//! nginx.conf ───▶ syntax ─▶ model ◀─ verdict ─▶ finding ─▶ report ─▶ bytes
//!                             ├──▶ rules ─────────▲            ▲
//!                             └──▶ explain ────────────────────┘
//! ```
//!
//! - [`source`] owns texts, spans and line numbers; it knows nothing else.
//! - [`finding`] is what any stage says about the user's files: plain data.
//! - [`text`] is what texts of the user's may hide, and how a message shows them.
//! - [`app_server`] is what runs Django.
//! - [`version`] is what nginx releases there are, and which one is the target.
//! - [`topology`] reads the YAML: events with places, structure, types, meaning.
//! - [`syntax`] reads nginx configuration text into a lossless tree. It does no I/O
//!   and has no recursion on the depth of its input.
//! - [`directives`] is what nginx knows about its own directives.
//! - [`values`] reads the small languages inside arguments: numbers, addresses,
//!   expressions, regular expressions.
//! - [`model`] finds the files of a configuration by its `include`s, reads each once, and
//!   walks through all of them in nginx's order; and it is what nginx holds in memory
//!   afterwards: blocks, servers, locations, upstreams, zones, variables. Questions about
//!   a configuration go to [`model::Model`].
//! - [`verdict`] reads as nginx reads: it fills the model, and says what `nginx -t` would
//!   say, in nginx's words and order.
//! - [`rules`] is what nginx accepts although it is wrong; rules ask the model.
//! - [`fix`] makes the repairs that findings offer.
//! - [`evaluation`] is what variables come to for a request, as far as it is known.
//! - [`explain`] says what handles a URL, and why.
//! - [`render`] turns a valid topology into text through templates, and proves by
//!   parsing that the text says what was meant.
//! - [`mod@write`] puts files on disk, whole or not at all.
//! - [`probe`] asks every node what nginx would ask it, and says why it does not answer.
//! - [`check`] lets an nginx of this machine judge a generated text, and finds where in the
//!   topology a line of it comes from.
//! - [`report`] turns findings into bytes; `report::full` is the only place that
//!   knows miette.
//! - [`cli`] is the command line; only it prints.
//!
//! # How a question about nginx is answered
//!
//! 1. **Text.** [`model::Texts`] reads files, each once, and [`syntax::parse`] makes a lossless
//!    tree of each: bytes, words, places. It never fails; mistakes are part of the result.
//! 2. **Tree.** [`model::Texts::follow`] finds what is included, and [`model::Walk`] goes
//!    through all directives in the order in which nginx reads them. [`directives::find`] says
//!    what a directive is in a block, a release and a build.
//! 3. **Model.** [`verdict::read`] does with each directive what nginx's own function does:
//!    it reads the arguments with [`values`], fills the [`model::Model`], and says what nginx
//!    would say. At the end of `http` and of the text it does what nginx does there. Every
//!    later question goes to the model: [`model::Model::effective`] (what counts in a block),
//!    [`model::sockets::Socket::server_for`] (who answers to a name),
//!    [`model::http::Http::find_location`] (what handles a path),
//!    [`model::upstream::Upstreams`] (who refers to whom).
//!
//! There is one place to add something:
//!
//! | What | Where |
//! |---|---|
//! | a directive, a variable, a release | the data in `schemas/directives`; `cargo xtask directives` makes the table |
//! | a kind of value | a function in [`values`], which knows neither directives nor findings |
//! | what nginx says about a directive | the file of its module below `src/verdict`, found by the name of nginx's own function; its cases in `fixtures/verdict`, judged by real engines; its manual in `src/rules/said.rs` |
//! | what is in the model | the type in [`model`], filled by that same function |
//! | what nginx does not say | a rule; see [`rules`] |
//!
//! Problems in the user's files are [`finding::Finding`]s, a successful result;
//! failures of the work itself are [`Error`]s.

pub mod app_server;
pub mod check;
pub mod cli;
pub mod directives;
pub mod evaluation;
pub mod explain;
pub mod finding;
pub mod fix;
pub mod model;
pub mod probe;
pub mod render;
pub mod report;
pub mod rules;
pub mod source;
pub mod syntax;
pub mod text;
pub mod topology;
pub mod values;
pub mod verdict;
pub mod version;
pub mod write;

mod error;
pub use error::Error;
