//! What a stage says about the user's files: plain data, no colour, no printing.

use crate::source::Span;
use crate::text::visible;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How bad it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not what was meant.
    Warning,
    /// Refused by nginx, or wrong.
    Error,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The level at which nginx itself would speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NginxLevel {
    /// nginx loads the configuration and warns.
    Warn,
    /// nginx refuses to start.
    Emerg,
}

impl fmt::Display for NginxLevel {
    /// As nginx writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warn => "warn",
            Self::Emerg => "emerg",
        })
    }
}

/// What `nginx -t` would print for a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NginxVerdict {
    /// Its level.
    pub level: NginxLevel,
    /// Its words, without the level in front and the place behind.
    pub message: String,
    /// The place that nginx prints, which is where the statement ends; `None` where
    /// nginx prints none. Only the line of its end counts.
    pub at: Option<Span>,
}

/// Words that mostly are the program's own, and then take no memory: a configuration may have
/// thousands of findings.
pub type Wording = Cow<'static, str>;

/// A place with a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// Two to six words; may be empty.
    pub text: Wording,
}

/// Whether a repair keeps the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// It does.
    Safe,
    /// It may not.
    Unsafe,
}

/// Bytes to put in the place of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: Vec<u8>,
}

/// A repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it keeps the meaning.
    pub safety: Safety,
    /// An order, such as "move `keepalive` down".
    pub title: Wording,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One thing to tell the user about their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The public id, in kebab case.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One statement of what is wrong, names in backticks, no stop at the end.
    pub message: Wording,
    /// What to do, as an order.
    pub help: Option<Wording>,
    /// What nginx would say.
    pub nginx: Option<Box<NginxVerdict>>,
    /// Where.
    pub primary: Label,
    /// Other places that matter, in any file.
    pub related: Vec<Label>,
    /// A repair.
    pub fix: Option<Box<Fix>>,
}

/// Words that hold text of the user's: whoever reads them sees all of it, and a terminal
/// obeys none of it. The program's own words hide nothing.
fn words(text: impl Into<Wording>) -> Wording {
    match text.into() {
        Cow::Borrowed(own) => Cow::Borrowed(own),
        Cow::Owned(text) => match visible(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(seen) => Cow::Owned(seen),
        },
    }
}

impl Fix {
    /// Whether the edits are UTF-8, which they are unless they repeat bytes of the user's:
    /// formats that are text cannot hold others.
    #[must_use]
    pub fn is_text(&self) -> bool {
        { self.edits.iter() }.all(|edit| std::str::from_utf8(&edit.text).is_ok())
    }
}

impl Finding {
    /// A finding of severity error.
    #[must_use]
    pub fn error(rule: &'static str, span: Span, message: impl Into<Wording>) -> Self {
        Self::new(rule, Severity::Error, span, message)
    }

    /// A finding of severity warning.
    #[must_use]
    pub fn warning(rule: &'static str, span: Span, message: impl Into<Wording>) -> Self {
        Self::new(rule, Severity::Warning, span, message)
    }

    /// A finding of a given severity.
    #[must_use]
    pub fn new(
        rule: &'static str,
        severity: Severity,
        span: Span,
        message: impl Into<Wording>,
    ) -> Self {
        Self {
            rule,
            severity,
            message: words(message),
            help: None,
            nginx: None,
            primary: Label {
                span,
                text: Cow::Borrowed(""),
            },
            related: Vec::new(),
            fix: None,
        }
    }

    /// Whether nginx would not start for it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        { self.nginx.as_ref() }.is_some_and(|nginx| nginx.level == NginxLevel::Emerg)
    }

    /// The words at the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<Wording>) -> Self {
        self.primary.text = words(text);
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<Wording>) -> Self {
        self.help = Some(words(text));
        self
    }

    /// Another place than before, and the words at it.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<Wording>) -> Self {
        self.primary = Label {
            span,
            text: words(text),
        };
        self
    }

    /// A repair.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(Box::new(fix));
        self
    }

    /// Another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<Wording>) -> Self {
        // Most findings have one such place, and a vector that grows begins with four.
        self.related.reserve_exact(1);
        self.related.push(Label {
            span,
            text: words(text),
        });
        self
    }
}
