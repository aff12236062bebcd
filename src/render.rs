//! Stage 2: a valid topology becomes configuration text, through templates.
//!
//! [`view`] makes every decision, `engine` fills the templates, `tidy` indents, and
//! `verify` parses what came out and compares it with what was meant. Nothing that fails
//! the comparison is ever returned.

pub mod arg;
mod engine;
mod error;
mod tidy;
mod verify;
pub mod view;

pub use engine::TEMPLATES;
pub use error::RenderError;

use crate::model::files::Memory;
use crate::topology::model::Topology;
use crate::version::Target;
use engine::Engine;
use minijinja::value::{Serde, Value};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// One file of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the output folder, with `/` between the parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Renders a settled and valid topology for a target.
///
/// `source` is the text of the topology, whose hash goes into the header; `templates` is a
/// folder whose files replace embedded templates of the same name. The files come in an order
/// in which each stands before those that include it; the last is `nginx.conf`.
///
/// # Errors
/// When a template of the user's is wrong. With the embedded ones every error is a bug.
pub fn render(
    topology: &Topology,
    target: Target,
    source: &[u8],
    templates: Option<&Path>,
) -> Result<Vec<File>, RenderError> {
    let engine = Engine::new(templates)?;
    let digest = format!("sha256:{}", hex(&Sha256::digest(source)));
    let (main, files) = view::build(topology, target, &digest);
    let whole = Value::from(Serde(&main));
    files
        .into_iter()
        .map(|file| {
            let view = match &file.of {
                None => whole.clone(),
                Some(name) => part(&main, &whole, name),
            };
            let real = engine.render(file.template, &view)?;
            let placeholders = engine.render_placeholders(file.template, &view)?;
            let text = tidy::tidy(&real.text);
            verify::verify(&file.path, &text, &placeholders, &real.values)?;
            Ok(File {
                path: file.path,
                text,
            })
        })
        .collect()
}

/// Rendered files in memory, and the path of the main one, which comes last.
#[must_use]
pub fn in_memory(files: Vec<File>) -> (Memory, PathBuf) {
    let main = files.last().map(|file| PathBuf::from(&file.path));
    let mut memory = Memory::new();
    for file in files {
        memory.insert(&file.path, file.text.into_bytes());
    }
    (memory, main.unwrap_or_default())
}

/// The whole view, with `site` or `stream` being the one of that name.
fn part(main: &view::Main, whole: &Value, name: &str) -> Value {
    let site = main
        .http
        .iter()
        .flat_map(|http| &http.sites)
        .find(|s| s.name.text() == name);
    let stream = main
        .streams
        .iter()
        .find(|stream| stream.name.text() == name);
    let own = minijinja::context! {
        site => site.map(|site| Value::from(Serde(site))),
        stream => stream.map(|stream| Value::from(Serde(stream))),
    };
    minijinja::context! { ..own, ..whole.clone() }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
