//! Why a configuration could not be rendered.

use std::path::PathBuf;

/// A template is wrong, or its output does not say what was meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A file of `--template-dir` could not be read.
    #[error("cannot read {}", path.display())]
    ReadTemplate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of `--template-dir` has a name that no template has.
    #[error("{} replaces no template: there is no `{name}`{}", path.display(), did_you_mean(.nearest.as_deref()))]
    UnknownTemplate {
        /// The file.
        path: PathBuf,
        /// Its name below the folder.
        name: String,
        /// The template with the most similar name.
        nearest: Option<String>,
    },
    /// A template could not be compiled or rendered.
    #[error("{template}:{line}: {message}")]
    Template {
        /// Its name.
        template: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The output, read again, is not what was meant.
    #[error("{file}:{line}: {message}; a template must write each value as one whole argument")]
    Mismatch {
        /// The output file.
        file: String,
        /// The line in it, from 1.
        line: u32,
        /// What is wrong.
        message: String,
    },
}

impl RenderError {
    /// The place and the words of minijinja's error, with the causes that it carries.
    pub(super) fn template(error: &minijinja::Error) -> Self {
        let mut message = error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned);
        let (mut template, mut line) = (
            error.name().unwrap_or("template").to_owned(),
            error.line().unwrap_or(1),
        );
        // An error inside an included template is the cause of one about the include.
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if let Some(inner) = inner.downcast_ref::<minijinja::Error>() {
                message = inner
                    .detail()
                    .map_or_else(|| inner.kind().to_string(), str::to_owned);
                template = inner.name().unwrap_or(&template).to_owned();
                line = inner.line().unwrap_or(line);
            }
            cause = inner.source();
        }
        Self::Template {
            template,
            line,
            message,
        }
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
