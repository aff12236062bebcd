//! What a rule is called, and its manual.

use crate::finding::{Safety, Severity};
use serde::Serialize;
use std::fmt;

/// What rules are about; a group can be selected as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What nginx would say itself.
    Nginx,
    /// Upstreams and load balancing.
    Upstream,
    /// Django behind nginx.
    Django,
    /// Static files, media and what must not be served.
    Static,
    /// Security.
    Security,
    /// Proxying and headers.
    Proxy,
    /// TLS.
    Tls,
    /// Performance.
    Performance,
    /// Layout; off unless selected.
    Style,
    /// What `probe` finds.
    Probe,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 10] = [
        Self::Nginx,
        Self::Upstream,
        Self::Django,
        Self::Static,
        Self::Security,
        Self::Proxy,
        Self::Tls,
        Self::Performance,
        Self::Style,
        Self::Probe,
    ];

    /// Its name, as it is selected.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Upstream => "upstream",
            Self::Django => "django",
            Self::Static => "static",
            Self::Security => "security",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Performance => "performance",
            Self::Style => "style",
            Self::Probe => "probe",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule's name and manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The public id, in kebab case: it names the file, the fixtures, the page, and is what
    /// suppressing comments name.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// How bad it usually is.
    pub severity: Severity,
    /// Whether it can be repaired, and how surely.
    pub fix: Option<Safety>,
    /// Whether it speaks without being selected by its id.
    pub default: bool,
    /// Its manual, in Markdown with agreed headings.
    pub docs: &'static str,
}

impl Meta {
    /// What the rest of a declaration need not say.
    pub const DEFAULT: Self = Self {
        id: "",
        group: Group::Nginx,
        severity: Severity::Error,
        fix: None,
        default: true,
        docs: "",
    };

    /// The first sentence of what it reports.
    #[must_use]
    pub fn summary(&self) -> String {
        let section = self.section("What it reports").unwrap_or_default();
        let paragraph = section.split("\n\n").next().unwrap_or_default();
        paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text under a heading of the manual.
    #[must_use]
    pub fn section(&self, heading: &str) -> Option<String> {
        let docs = self.manual();
        let mut sections = docs.split("## ").skip(1);
        sections.find_map(|section| {
            let (title, text) = section.split_once('\n')?;
            (title.trim() == heading).then(|| text.trim().to_owned())
        })
    }

    /// The manual without the blank in front of every line.
    #[must_use]
    pub fn manual(&self) -> String {
        let lines = self.docs.lines();
        let mut manual: String = lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        manual.truncate(manual.trim_end().len());
        manual
    }

    /// Group, severity and repair in a line.
    #[must_use]
    pub fn facts(&self) -> String {
        let fix = match self.fix {
            Some(Safety::Safe) => "; repaired by `--fix`",
            Some(Safety::Unsafe) => "; repaired by `--unsafe-fixes`",
            None => "",
        };
        let off = if self.default {
            ""
        } else {
            "; off unless selected"
        };
        format!("Group `{}`, {}{fix}{off}.", self.group, self.severity)
    }

    /// Where its page is.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "https://github.com/djanginx/djanginx/blob/main/docs/rules/{}.md",
            self.id
        )
    }
}

/// Declares a rule: its doc comment is its manual.
macro_rules! declare_rule {
    (
        $(#[doc = $docs:literal])+
        pub struct $name:ident {
            id: $id:literal,
            group: $group:ident,
            severity: $severity:ident,
            $($key:ident: $value:expr,)*
        }
    ) => {
        $(#[doc = $docs])+
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl $name {
            /// Its name and manual.
            pub const META: &'static $crate::rules::Meta = &$crate::rules::Meta {
                id: $id,
                group: $crate::rules::Group::$group,
                severity: $crate::finding::Severity::$severity,
                docs: concat!($($docs, "\n",)+),
                $($key: $value,)*
                ..$crate::rules::Meta::DEFAULT
            };
        }
    };
}
pub(crate) use declare_rule;
