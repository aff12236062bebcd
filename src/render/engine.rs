//! The minijinja environment: strict, deterministic, and quoting for nginx.
//!
//! `{{ value }}` writes one whole argument. The formatter quotes it; there is no `safe`
//! filter and no `autoescape` block, because there is nothing that may go unquoted.
//!
//! A template is rendered twice: with the real values, and with a placeholder in the place
//! of each. [`super::verify`] compares the two.

use super::arg::Arg;
use super::error::RenderError;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What placeholders begin with; a number and [`PLACEHOLDER_END`] follow.
pub(super) const PLACEHOLDER: &str = "djanginx_placeholder_";
/// What placeholders end with, so that none is the beginning of another.
pub(super) const PLACEHOLDER_END: &str = "_end";

/// The name of the escaping mode; any other one means that a template has switched it.
const ESCAPING: &str = "nginx";

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// The templates as they are compiled in, by name.
pub const TEMPLATES: &[(&str, &str)] = embedded![
    "conf.d/catch_all.conf.j2",
    "conf.d/settings.conf.j2",
    "conf.d/site.conf.j2",
    "conf.d/stream.conf.j2",
    "conf.d/upstreams.conf.j2",
    "header.j2",
    "http/access.conf.j2",
    "http/catch_all.conf.j2",
    "http/down_page.conf.j2",
    "http/files.conf.j2",
    "http/limits.conf.j2",
    "http/location.conf.j2",
    "http/log.conf.j2",
    "http/maps.conf.j2",
    "http/proxy.conf.j2",
    "http/redirect.conf.j2",
    "http/server.conf.j2",
    "http/settings.conf.j2",
    "http/site.conf.j2",
    "http/tls.conf.j2",
    "http/types.conf.j2",
    "http/upstream.conf.j2",
    "http/uwsgi.conf.j2",
    "ignored.j2",
    "nginx.conf.j2",
    "stream/stream.conf.j2",
];

/// One rendering: the text, and what its `{{ }}` stand for, in their order.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) text: String,
    pub(super) values: Vec<Arg>,
}

/// What the formatter writes, and what it has seen.
#[derive(Debug)]
enum Recorder {
    /// The real values, which are kept.
    Real(Vec<Arg>),
    /// Placeholders, which are counted.
    Placeholders(usize),
}

/// Templates that are ready to render.
pub(super) struct Engine {
    environment: Environment<'static>,
    recorder: Arc<Mutex<Recorder>>,
}

impl Engine {
    /// The embedded templates, each replaced by the file of the same name below
    /// `overrides` where there is one.
    ///
    /// # Errors
    /// When a file of the user's cannot be read, has a name that is no template's, or is
    /// not a template.
    pub(super) fn new(overrides: Option<&Path>) -> Result<Self, RenderError> {
        let recorder = Arc::new(Mutex::new(Recorder::Placeholders(0)));
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Custom(ESCAPING.into()));
        for filter in ["safe", "escape", "e"] {
            environment.remove_filter(filter);
        }
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .map_err(|error| RenderError::template(&error))?;
        environment.set_syntax(syntax);
        let shared = Arc::clone(&recorder);
        environment.set_formatter(move |out, state, value| format(&shared, out, state, value));
        let mut engine = Self {
            environment,
            recorder,
        };
        for (name, text) in TEMPLATES {
            engine
                .add(name, text)
                .map_err(|error| RenderError::template(&error))?;
        }
        if let Some(directory) = overrides {
            engine.override_from(directory)?;
        }
        Ok(engine)
    }

    fn add(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.environment
            .add_template_owned(name.to_owned(), text.to_owned())
    }

    fn override_from(&mut self, directory: &Path) -> Result<(), RenderError> {
        for path in template_files(directory)? {
            let name = path
                .strip_prefix(directory)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            if !TEMPLATES.iter().any(|(known, _)| *known == name) {
                let nearest = nearest(&name);
                return Err(RenderError::UnknownTemplate {
                    path,
                    name,
                    nearest,
                });
            }
            let text =
                std::fs::read_to_string(&path).map_err(|source| RenderError::ReadTemplate {
                    path: path.clone(),
                    source,
                })?;
            self.add(&name, &text)
                .map_err(|error| RenderError::template(&error))?;
        }
        Ok(())
    }

    /// Renders with the real values.
    pub(super) fn render(&self, template: &str, view: &Value) -> Result<Rendered, RenderError> {
        *lock(&self.recorder) = Recorder::Real(Vec::new());
        let text = self.run(template, view)?;
        let values = match &mut *lock(&self.recorder) {
            Recorder::Real(values) => std::mem::take(values),
            Recorder::Placeholders(_) => Vec::new(),
        };
        Ok(Rendered { text, values })
    }

    /// Renders with a placeholder for each value.
    pub(super) fn render_placeholders(
        &self,
        template: &str,
        view: &Value,
    ) -> Result<String, RenderError> {
        *lock(&self.recorder) = Recorder::Placeholders(0);
        self.run(template, view)
    }

    fn run(&self, template: &str, view: &Value) -> Result<String, RenderError> {
        self.environment
            .get_template(template)
            .and_then(|template| template.render(view.clone()))
            .map_err(|error| RenderError::template(&error))
    }
}

/// The template whose name a file of the user's probably should have had.
fn nearest(name: &str) -> Option<String> {
    TEMPLATES
        .iter()
        .map(|(known, _)| (strsim::damerau_levenshtein(known, name), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| (*known).to_owned())
}

/// A poisoned lock means a panic while rendering, which ends the process anyway.
fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

fn format(
    recorder: &Mutex<Recorder>,
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    if !matches!(state.auto_escape(), AutoEscape::Custom(name) if *name == ESCAPING) {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "`autoescape` does not exist here: every value is quoted for nginx",
        ));
    }
    let arg = match value.downcast_object_ref::<Arg>() {
        Some(arg) => Cow::Borrowed(arg),
        None => match (value.kind(), value.as_str()) {
            (ValueKind::String, Some(text)) => Cow::Owned(Arg::literal(text)),
            (ValueKind::Number, _) => Cow::Owned(Arg::literal(value.to_string())),
            (kind, _) => {
                return Err(Error::new(
                    ErrorKind::InvalidOperation,
                    format!("a value of kind {kind} is no nginx argument"),
                ));
            }
        },
    };
    match &mut *lock(recorder) {
        Recorder::Placeholders(count) => {
            write!(out, "{PLACEHOLDER}{count}{PLACEHOLDER_END}")?;
            *count += 1;
        }
        Recorder::Real(values) => {
            arg.quote(out).map_err(|why| {
                let shown: String = arg.text().chars().take(80).collect();
                Error::new(
                    ErrorKind::InvalidOperation,
                    format!("{shown:?} cannot be an nginx argument: {why}"),
                )
            })?;
            values.push(arg.into_owned());
        }
    }
    Ok(())
}

/// Every `*.j2` file below a folder, in the order of names.
fn template_files(directory: &Path) -> Result<Vec<PathBuf>, RenderError> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        let read = |source| RenderError::ReadTemplate {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(read)? {
            let path = entry.map_err(read)?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "j2") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
