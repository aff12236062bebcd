//! A source tree: its files, tokens, macros, functions and tables.

use super::c::{Environment, Kind, Token, Tokens, number};
use super::version::Version;
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The texts of a tree, which the other types borrow.
#[derive(Debug)]
pub(super) struct Texts {
    files: Vec<(PathBuf, String)>,
}

impl Texts {
    /// Reads every C and C++ file below `root` that can hold a table, a macro or a
    /// setter of directives, in the order of their paths.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    // Test suites and examples have modules of their own.
                    let name = entry.file_name();
                    if !["t", "test", "tests", "examples", ".git"]
                        .iter()
                        .any(|skipped| name == *skipped)
                    {
                        folders.push(path);
                    }
                    continue;
                }
                let kind = path.extension().and_then(|e| e.to_str());
                if !matches!(kind, Some("c" | "h" | "cpp" | "hpp" | "cc")) {
                    continue;
                }
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                if kind == Some("h")
                    || text.contains("ngx_command_t")
                    || text.contains("ngx_string")
                {
                    files.push((path, text));
                }
            }
        }
        files.sort();
        Ok(Self { files })
    }
}

/// A tree that has been read.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) files: Vec<File<'a>>,
    macros: BTreeMap<&'a str, Vec<Token<'a>>>,
    /// The bodies of functions, by name and file.
    functions: BTreeMap<&'a str, Vec<(usize, Range<usize>)>>,
    /// Variables of the types that [`POSTS`] lists, by name and file.
    posts: BTreeMap<&'a str, Vec<Definition>>,
}

/// Where a variable is defined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definition {
    /// The file.
    pub(super) file: usize,
    /// Its type.
    pub(super) kind: &'static str,
    /// Where its initialiser begins.
    pub(super) at: usize,
}

/// The types that the last field of an `ngx_command_t` may point to.
const POSTS: &[&str] = &[
    "ngx_conf_enum_t",
    "ngx_conf_bitmask_t",
    "ngx_conf_deprecated_t",
    "ngx_conf_num_bounds_t",
    "ngx_conf_post_t",
    "ngx_conf_post_handler_pt",
];

/// A file of a tree.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) path: &'a Path,
    pub(super) tokens: Tokens<'a>,
}

impl<'a> Tree<'a> {
    /// Takes the texts apart.
    pub(super) fn new(texts: &'a Texts, environment: Environment) -> Self {
        let mut tree = Self {
            files: Vec::new(),
            macros: BTreeMap::new(),
            functions: BTreeMap::new(),
            posts: BTreeMap::new(),
        };
        for (file, (path, text)) in texts.files.iter().enumerate() {
            let tokens = Tokens::read(text, environment);
            for (name, body) in &tokens.macros {
                tree.macros.insert(name, body.clone());
            }
            if path.extension().is_none_or(|e| e != "h") {
                for (name, body) in tokens.functions() {
                    tree.functions.entry(name).or_default().push((file, body));
                }
            }
            for kind in POSTS {
                for (name, at) in tokens.definitions_of(kind) {
                    let found = Definition { file, kind, at };
                    tree.posts.entry(name).or_default().push(found);
                }
            }
            tree.files.push(File { path, tokens });
        }
        tree
    }

    /// The value of a constant expression of numbers, macros, `|`, `(` and `)`.
    pub(super) fn value(&self, tokens: &[Token<'_>]) -> anyhow::Result<i64> {
        let mut value = 0;
        for token in tokens {
            match token.kind {
                Kind::Number => {
                    value |=
                        number(token.text).with_context(|| format!("number {}", token.text))?;
                }
                Kind::Ident => value |= self.constant(token.text)?,
                Kind::Punct if matches!(token.text, "|" | "(" | ")") => {}
                _ => bail!("cannot read `{}` in a constant", token.text),
            }
        }
        Ok(value)
    }

    /// The value of a macro.
    pub(super) fn constant(&self, name: &str) -> anyhow::Result<i64> {
        match self.macros.get(name) {
            Some(body) if !body.iter().any(|t| t.is(name)) => self.value(body),
            _ => super::flags::value(name).with_context(|| format!("`{name}` is not defined")),
        }
    }

    /// The release of nginx, from `nginx_version`.
    pub(super) fn release(&self) -> Option<Version> {
        Version::from_number(self.constant("nginx_version").ok()?)
    }

    /// The file and the body of a function, preferably in `near`.
    pub(super) fn function(&self, name: &str, near: usize) -> Option<(usize, Range<usize>)> {
        let found = self.functions.get(name)?;
        let here = found.iter().find(|(file, _)| *file == near);
        here.or(found.first()).cloned()
    }

    /// The text of a macro that is a string.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let first = self.macros.get(name)?.first()?;
        (first.kind == Kind::Text).then_some(first.text)
    }

    /// The file whose path ends with `path`, preferably beside `near`.
    pub(super) fn included(&self, path: &str, near: usize) -> Option<usize> {
        let beside = self.files[near].path.with_file_name(path);
        let here = |exact: bool| {
            self.files.iter().position(|f| {
                if exact {
                    f.path == beside
                } else {
                    f.path.ends_with(path)
                }
            })
        };
        here(true).or_else(|| here(false))
    }

    /// What the last field of a command points to, preferably in `near`.
    pub(super) fn post(&self, name: &str, near: usize) -> Option<Definition> {
        let found = self.posts.get(name)?;
        let here = found.iter().find(|d| d.file == near);
        here.or(found.first()).copied()
    }

    /// The functions that `name` reaches by handing on `cf`, itself first.
    pub(super) fn reached(&self, name: &str, near: usize) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut next = vec![(name.to_owned(), near, 0)];
        while let Some((name, near, depth)) = next.pop() {
            let Some((file, body)) = self.function(&name, near) else {
                continue;
            };
            if depth < 3 {
                for (callee, first) in self.calls(file, body.clone()) {
                    if first == "cf" && seen.insert(callee.to_owned()) {
                        next.push((callee.to_owned(), file, depth + 1));
                    }
                }
            }
            found.push((file, body));
        }
        found
    }

    /// Calls in a body: the function's name and the first token of its first argument.
    pub(super) fn calls(
        &self,
        file: usize,
        body: Range<usize>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files[file].tokens.list[body]
            .windows(3)
            .filter(|w| w[0].kind == Kind::Ident && w[1].is("("))
            .map(|w| (w[0].text, w[2].text))
    }
}
