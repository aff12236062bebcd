//! The reviewed data: one file per module, one line per directive and variant.

use super::history::Ranged;
use super::version::Version;
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What a block holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged, from = "OpensText")]
pub(crate) enum Opens {
    /// Directives of these contexts.
    Contexts(Vec<String>),
    /// Lines that only the module itself understands.
    Entries,
    /// Lua source.
    Lua,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OpensText {
    Word(String),
    Contexts(Vec<String>),
}

impl From<OpensText> for Opens {
    fn from(text: OpensText) -> Self {
        match text {
            OpensText::Contexts(contexts) => Self::Contexts(contexts),
            OpensText::Word(word) if word == "lua" => Self::Lua,
            OpensText::Word(_) => Self::Entries,
        }
    }
}

/// What nginx says to a second occurrence in the same block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Repeat {
    /// It is refused.
    Refused,
    /// It is taken: it adds to the first or replaces it.
    Allowed,
    /// Some are refused: by value, or by what stands beside it.
    Depends,
    /// A setter of the module's own that nobody has read yet.
    #[default]
    Unread,
    /// Nothing to read: the source is not public or not C.
    Unknown,
}

/// One variant of a directive.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The first release that has it; none: the first that was read, or before.
    pub(crate) since: Option<Version>,
    /// The first release that does not have it any more.
    pub(crate) until: Option<Version>,
    #[serde(rename = "in")]
    pub(crate) contexts: Vec<String>,
    #[serde(rename = "args")]
    pub(crate) arguments: String,
    pub(crate) opens: Option<Opens>,
    /// The kind of value when a setter of nginx's own stores it.
    pub(crate) value: Option<String>,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    pub(crate) bounds: Option<[i64; 2]>,
    /// The setter when it is the module's own.
    pub(crate) setter: Option<String>,
    /// The function that judges the value further.
    pub(crate) check: Option<String>,
    /// The directive to write instead.
    pub(crate) deprecated: Option<String>,
    pub(crate) slot: Option<String>,
    #[serde(default)]
    pub(crate) repeat: Repeat,
    /// The module without which it is not there.
    pub(crate) needs: Option<String>,
}

impl Ranged for Row {
    fn since(&self) -> Option<Version> {
        self.since
    }

    fn until(&self) -> Option<Version> {
        self.until
    }

    fn within(&self, since: Option<Version>, until: Option<Version>) -> Self {
        Self {
            since,
            until,
            ..self.clone()
        }
    }
}

/// One variant of a variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariableRow {
    /// As in [`Row`].
    pub(crate) since: Option<Version>,
    /// As in [`Row`].
    pub(crate) until: Option<Version>,
    /// The name is the beginning of many.
    #[serde(default)]
    pub(crate) prefix: bool,
    /// A directive may define it again.
    #[serde(default)]
    pub(crate) changeable: bool,
}

impl Ranged for VariableRow {
    fn since(&self) -> Option<Version> {
        self.since
    }

    fn until(&self) -> Option<Version> {
        self.until
    }

    fn within(&self, since: Option<Version>, until: Option<Version>) -> Self {
        Self {
            since,
            until,
            ..self.clone()
        }
    }
}

/// A module and its directives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModuleData {
    pub(crate) module: String,
    pub(crate) family: String,
    /// `default`, or the option of nginx's `configure` that adds it.
    pub(crate) built: String,
    /// The system that it is for, when not for all.
    pub(crate) platform: Option<String>,
    /// The page of nginx's documentation, below `https://nginx.org/en/docs/`.
    pub(crate) documentation: Option<String>,
    /// Directives that another page tells about.
    #[serde(default)]
    pub(crate) documented_elsewhere: BTreeMap<String, String>,
    /// Directives that no page tells about.
    #[serde(default)]
    pub(crate) undocumented: Vec<String>,
    /// Written by people, because the source is not C; a rebuild leaves it alone.
    #[serde(default)]
    pub(crate) by_hand: bool,
    #[serde(default)]
    pub(crate) directives: BTreeMap<String, Vec<Row>>,
    /// What only nginx Plus has, from the documentation alone.
    #[serde(default)]
    pub(crate) plus: BTreeMap<String, Vec<Row>>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Vec<VariableRow>>,
    /// What only nginx Plus has, from the documentation alone.
    #[serde(default)]
    pub(crate) plus_variables: BTreeMap<String, Vec<VariableRow>>,
}

/// Where the data of a module comes from, which is the folder that it is kept in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// nginx itself.
    Nginx,
    /// A third-party project of this name.
    ThirdParty(String),
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Data {
    /// The releases of nginx that were read, in order.
    pub(crate) releases: Vec<Version>,
    pub(crate) modules: BTreeMap<(Origin, String), ModuleData>,
}

impl Data {
    /// Reads the folder, which may be empty or absent.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let mut data = Self::default();
        let releases = root.join("releases.yaml");
        if releases.exists() {
            data.releases = read(&releases)?;
        }
        for (origin, path) in files(root).with_context(|| root.display().to_string())? {
            let module: ModuleData = read(&path)?;
            data.modules.insert((origin, module.module.clone()), module);
        }
        Ok(data)
    }

    /// Writes the folder, and removes files of modules that are gone.
    pub(crate) fn store(&self, root: &Path) -> io::Result<()> {
        let mut releases = String::from(HEADER);
        for release in &self.releases {
            let _ = writeln!(releases, "- {release}");
        }
        fs::create_dir_all(root)?;
        fs::write(root.join("releases.yaml"), releases)?;
        let mut kept = Vec::new();
        for ((origin, name), module) in &self.modules {
            fs::create_dir_all(folder(root, origin))?;
            let path = path(root, origin, name);
            if !module.by_hand {
                fs::write(&path, module.to_yaml())?;
            }
            kept.push(path);
        }
        for (_, path) in files(root)? {
            if !kept.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

const HEADER: &str =
    "# Facts from the sources and the documentation; rebuilt by `cargo xtask directives`.\n";

/// The file of a module.
pub(crate) fn path(root: &Path, origin: &Origin, module: &str) -> PathBuf {
    folder(root, origin).join(format!("{module}.yaml"))
}

fn folder(root: &Path, origin: &Origin) -> PathBuf {
    match origin {
        Origin::Nginx => root.join("nginx"),
        Origin::ThirdParty(project) => root.join("third-party").join(project),
    }
}

/// The files of modules below `root`, sorted.
fn files(root: &Path) -> io::Result<Vec<(Origin, PathBuf)>> {
    let mut folders = vec![(Origin::Nginx, root.join("nginx"))];
    let third_party = root.join("third-party");
    if third_party.is_dir() {
        for entry in fs::read_dir(third_party)? {
            let entry = entry?;
            let project = entry.file_name().to_string_lossy().into_owned();
            folders.push((Origin::ThirdParty(project), entry.path()));
        }
    }
    let mut files = Vec::new();
    for (origin, folder) in folders {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            files.push((origin.clone(), entry?.path()));
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(name)?;
    serde_yaml::from_str(&text).with_context(name)
}

impl ModuleData {
    /// The text of the module's file.
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = String::from(HEADER);
        let _ = writeln!(out, "module: {}", self.module);
        let _ = writeln!(out, "family: {}", self.family);
        let _ = writeln!(out, "built: {}", self.built);
        if let Some(platform) = &self.platform {
            let _ = writeln!(out, "platform: {platform}");
        }
        if let Some(documentation) = &self.documentation {
            let _ = writeln!(out, "documentation: {documentation}");
        }
        if !self.documented_elsewhere.is_empty() {
            let _ = writeln!(out, "documented_elsewhere:");
            for (name, page) in &self.documented_elsewhere {
                let _ = writeln!(out, "  {name}: {page}");
            }
        }
        if !self.undocumented.is_empty() {
            let _ = writeln!(out, "undocumented: [{}]", self.undocumented.join(", "));
        }
        for (key, directives) in [("directives", &self.directives), ("plus", &self.plus)] {
            write_rows(&mut out, key, directives, Row::to_yaml);
        }
        for (key, variables) in [
            ("variables", &self.variables),
            ("plus_variables", &self.plus_variables),
        ] {
            write_rows(&mut out, key, variables, VariableRow::to_yaml);
        }
        out
    }
}

fn write_rows<R>(
    out: &mut String,
    key: &str,
    named: &BTreeMap<String, Vec<R>>,
    to_yaml: impl Fn(&R) -> String,
) {
    if named.is_empty() {
        return;
    }
    let _ = writeln!(out, "{key}:");
    for (name, rows) in named {
        let _ = writeln!(out, "  {name}:");
        for row in rows {
            let _ = writeln!(out, "  - {{{}}}", to_yaml(row));
        }
    }
}

impl VariableRow {
    /// The row as the inside of a flow mapping.
    fn to_yaml(&self) -> String {
        let mut fields = Vec::new();
        fields.extend(self.since.map(|v| format!("since: {v}")));
        fields.extend(self.until.map(|v| format!("until: {v}")));
        fields.extend(self.prefix.then(|| "prefix: true".to_owned()));
        fields.extend(self.changeable.then(|| "changeable: true".to_owned()));
        fields.join(", ")
    }
}

impl Row {
    /// The row as the inside of a flow mapping.
    fn to_yaml(&self) -> String {
        let mut fields = Vec::new();
        let mut field = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                fields.push(format!("{key}: {value}"));
            }
        };
        field("since", self.since.map(|v| v.to_string()));
        field("until", self.until.map(|v| v.to_string()));
        field("in", Some(format!("[{}]", self.contexts.join(", "))));
        field("args", Some(quoted(&self.arguments)));
        field(
            "opens",
            self.opens.as_ref().map(|o| match o {
                Opens::Contexts(contexts) => format!("[{}]", contexts.join(", ")),
                Opens::Entries => "entries".to_owned(),
                Opens::Lua => "lua".to_owned(),
            }),
        );
        field("value", self.value.clone());
        let values: Vec<_> = self.values.iter().map(|v| quoted(v)).collect();
        field(
            "values",
            (!values.is_empty()).then(|| format!("[{}]", values.join(", "))),
        );
        field(
            "bounds",
            self.bounds.map(|[low, high]| format!("[{low}, {high}]")),
        );
        field("setter", self.setter.clone());
        field("check", self.check.clone());
        field(
            "deprecated",
            self.deprecated.as_deref().map(plain_or_quoted),
        );
        field("slot", self.slot.as_deref().map(plain_or_quoted));
        let repeat = match self.repeat {
            Repeat::Refused => "refused",
            Repeat::Allowed => "allowed",
            Repeat::Depends => "depends",
            Repeat::Unread => "unread",
            Repeat::Unknown => "unknown",
        };
        field("repeat", Some(repeat.to_owned()));
        field("needs", self.needs.clone());
        fields.join(", ")
    }
}

/// Quotes only around what YAML would not take as one word.
fn plain_or_quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b' ');
    if text.bytes().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
