//! Follows `include`: reads every file of a configuration once and remembers what each
//! directive brought in.
//!
//! A name is relative to the folder of the main file (`ngx_conf_full_name` in nginx's
//! `src/core/ngx_conf_file.c`), never to that of the file it is written in.

use super::batch::Bytes;
use super::files::{Files, ReadError};
use super::glob;
use super::limits::Limits;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::{
    self, Directive, DirectiveId, Parse, Terminator, Tree, WalkEvent, parse_within,
};
use foldhash::HashMap;
use memchr::memmem::Finder;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

/// Where nginx has its files on most systems.
const SYSTEM_PREFIX: &str = "/etc/nginx";

/// Why an included file is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is none.
    Missing,
    /// It is a folder.
    Folder,
    /// It is a pipe, a socket or a device.
    Special,
    /// It is larger than [`Limits::file_bytes`].
    TooLarge,
    /// There are [`Limits::files`] already.
    TooManyFiles,
    /// All files together would have more than [`Limits::total_bytes`].
    TooManyBytes,
    /// All files together would have more than [`Limits::statements`]; the first one that is
    /// too many ends there.
    TooManyStatements(Span),
    /// The system said this.
    Unreadable(String),
}

/// What an `include` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Included {
    /// A file.
    File(FileId),
    /// A file that could not be read, by its full name.
    Refused(PathBuf, Refusal),
}

/// Every text of a run with its tree; each file is read and parsed once.
pub struct Texts<'f> {
    files: &'f dyn Files,
    limits: Limits,
    sources: SourceMap,
    parses: Vec<Parse>,
    by_path: HashMap<PathBuf, Result<FileId, Refusal>>,
    bytes: u64,
    statements: usize,
}

impl<'f> Texts<'f> {
    /// No texts yet; they will be read from `files`.
    #[must_use]
    pub fn new(files: &'f dyn Files, limits: Limits) -> Self {
        Self {
            files,
            limits,
            sources: SourceMap::new(),
            parses: Vec::new(),
            by_path: HashMap::default(),
            bytes: 0,
            statements: 0,
        }
    }

    /// Whether there is a file or folder of that name.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }

    /// What reading may cost.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The texts with their names.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The texts with their names, without what was read in them.
    #[must_use]
    pub fn into_sources(self) -> SourceMap {
        self.sources
    }

    /// How many bytes the texts have.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The tree of a text and what is wrong with it.
    #[must_use]
    pub fn parse(&self, file: FileId) -> &Parse {
        &self.parses[file.0 as usize]
    }

    /// Adds a text that is not in a file, such as standard input.
    ///
    /// # Errors
    /// When it has too many statements.
    pub fn add(&mut self, name: &str, text: impl Into<Arc<[u8]>>) -> Result<FileId, Refusal> {
        let text = text.into();
        self.bytes += text.len() as u64;
        let file = self.sources.add(name, text);
        self.keep(file, self.parse_now(file))
    }

    /// Reads a file, unless that was done before.
    ///
    /// # Errors
    /// When it cannot be read or is over a limit.
    pub fn open(&mut self, path: &Path) -> Result<FileId, Refusal> {
        if let Some(known) = self.by_path.get(path) {
            return known.clone();
        }
        let numbered = self.number(path, None);
        let opened = numbered.and_then(|file| self.keep(file, self.parse_now(file)));
        self.remember(path, opened.clone());
        opened
    }

    /// Whether a file was not asked for before.
    pub(super) fn is_new(&self, path: &Path) -> bool {
        !self.by_path.contains_key(path)
    }

    /// Makes room for so many files more.
    pub(super) fn expect(&mut self, files: usize) {
        self.by_path.reserve(files);
    }

    pub(super) fn remember(&mut self, path: &Path, opened: Result<FileId, Refusal>) {
        self.by_path.insert(path.to_owned(), opened);
    }

    /// The bytes of a file, unless all files together have too many already.
    pub(super) fn read(&self, path: &Path, before: &AtomicU64) -> Bytes {
        if before.load(Ordering::Relaxed) > self.limits.total_bytes {
            return None;
        }
        let bytes = self.files.read(path, self.limits.file_bytes);
        if let Ok(bytes) = &bytes {
            before.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Some(bytes)
    }

    /// Gives a file its number, when the limits allow it; [`Self::keep`] must follow, in the
    /// order of the numbers. What was not read yet is read now.
    pub(super) fn number(&mut self, path: &Path, bytes: Bytes) -> Result<FileId, Refusal> {
        if self.sources.len() >= self.limits.files {
            return Err(Refusal::TooManyFiles);
        }
        let bytes = bytes.unwrap_or_else(|| self.files.read(path, self.limits.file_bytes));
        let text = bytes.map_err(|error| match error {
            ReadError::Missing => Refusal::Missing,
            ReadError::Folder => Refusal::Folder,
            ReadError::Special => Refusal::Special,
            ReadError::TooLarge => Refusal::TooLarge,
            ReadError::Io(error) => Refusal::Unreadable(error.to_string()),
        })?;
        if self.bytes + text.len() as u64 > self.limits.total_bytes {
            return Err(Refusal::TooManyBytes);
        }
        self.bytes += text.len() as u64;
        Ok(self.sources.add(path.to_string_lossy(), text))
    }

    /// The tree of a text that has a number; as an error the place of the first statement
    /// that is too many.
    pub(super) fn parse_now(&self, file: FileId) -> Result<Parse, Span> {
        let text = self.sources.file(file).text();
        let left = self.limits.statements.saturating_sub(self.statements);
        let length = text.len() as u32;
        parse_within(file, Arc::clone(text), left)
            .map_err(|at| Span::new(file, at, length.min(at + 1)))
    }

    /// Keeps the tree of a text that has the next number.
    pub(super) fn keep(
        &mut self,
        file: FileId,
        parse: Result<Parse, Span>,
    ) -> Result<FileId, Refusal> {
        debug_assert_eq!(self.parses.len(), file.0 as usize);
        let left = self.limits.statements.saturating_sub(self.statements);
        // It may have been parsed when there was more left.
        let parse = match parse {
            Ok(parse) if parse.tree.statements() <= left => Ok(parse),
            _ => self.parse_now(file),
        };
        let (parse, kept) = match parse {
            Ok(parse) => (parse, Ok(file)),
            Err(place) => {
                let nothing = syntax::parse(file, Arc::from([]));
                (nothing, Err(Refusal::TooManyStatements(place)))
            }
        };
        self.statements += parse.tree.statements();
        self.parses.push(parse);
        kept
    }

    /// The file of that name, if it was read.
    #[must_use]
    pub fn file(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(path)?.as_ref().ok().copied()
    }

    /// The path by which a file was first opened; `None` for texts that are no files.
    #[must_use]
    pub fn path(&self, file: FileId) -> Option<&Path> {
        self.by_path
            .iter()
            .find(|(_, known)| known.as_ref() == Ok(&file))
            .map(|(path, _)| path.as_path())
    }

    /// Reads all that a main file includes, at whatever depth.
    pub fn follow(&mut self, root: FileId, prefix: Prefix) -> Config {
        let mut config = Config {
            root,
            includes: BTreeMap::new(),
        };
        let mut level = vec![root];
        while !level.is_empty() {
            let names: Vec<_> = { level.iter() }
                .map(|file| (*file, self.included(*file, &prefix)))
                .collect();
            let paths = names.iter().flat_map(|(_, directives)| directives);
            self.open_all(paths.flat_map(|(_, paths)| paths).map(PathBuf::as_path));
            let mut next = BTreeSet::new();
            for (file, directives) in names {
                let mut found = Vec::with_capacity(directives.len());
                for (id, paths) in directives {
                    let included = paths.into_iter().map(|path| self.include(path));
                    let included: Vec<_> = included.collect();
                    next.extend(included.iter().filter_map(|included| match included {
                        Included::File(file) => Some(*file),
                        Included::Refused(..) => None,
                    }));
                    found.push((id, included));
                }
                config.includes.insert(file, found);
            }
            level = { next.into_iter() }
                .filter(|file| !config.includes.contains_key(file))
                .collect();
        }
        config
    }

    /// What the `include` directives of a file name.
    fn included(&self, file: FileId, prefix: &Prefix) -> Vec<(DirectiveId, Vec<PathBuf>)> {
        { includes(&self.parse(file).tree).into_iter() }
            .map(|(id, name)| (id, self.resolve(&name, prefix)))
            .collect()
    }

    /// What an `include` of that name means, in nginx's order.
    fn resolve(&self, name: &[u8], prefix: &Prefix) -> Vec<PathBuf> {
        let name = Path::new(OsStr::from_bytes(name));
        let full = prefix.folder.join(name);
        let moved = match name.strip_prefix(SYSTEM_PREFIX) {
            Ok(below) if prefix.stands_for_system => Some(prefix.folder.join(below)),
            _ => None,
        };
        if glob::is_pattern(full.as_os_str().as_bytes()) {
            let mut paths = moved.map_or_else(Vec::new, |moved| glob::expand(self.files, &moved));
            if paths.is_empty() {
                paths = glob::expand(self.files, &full);
            }
            return paths;
        }
        let moved = moved.filter(|moved| self.files.exists(moved));
        vec![moved.unwrap_or(full)]
    }

    fn include(&mut self, path: PathBuf) -> Included {
        match self.open(&path) {
            Ok(file) => Included::File(file),
            Err(refusal) => Included::Refused(path, refusal),
        }
    }
}

/// What names in `include` are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// The folder.
    pub folder: PathBuf,
    /// Whether a name below `/etc/nginx` is first looked for in that folder, because the
    /// configuration will be put there.
    pub stands_for_system: bool,
}

impl Prefix {
    /// The folder of a main file, as nginx takes it; in a checkout it stands for
    /// `/etc/nginx`.
    #[must_use]
    pub fn of_main_file(path: &Path) -> Self {
        Self::of_folder(path.parent().unwrap_or(Path::new("")))
    }

    /// That folder; outside of `/etc/nginx` it stands for that.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Self {
        Self {
            stands_for_system: !folder.starts_with(SYSTEM_PREFIX),
            folder: folder.to_owned(),
        }
    }
}

/// Made once: there may be many small files.
static INCLUDE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("include"));

/// The directives `include` of a text that nginx would follow, with their names.
fn includes(tree: &Tree) -> Vec<(DirectiveId, Vec<u8>)> {
    // To look for the word is quicker than to look at each directive, unless there are few.
    let few = tree.words().len() < tree.text().len() / 64;
    if !few && INCLUDE.find(tree.text()).is_none() {
        return Vec::new();
    }
    let entered = tree.walk().filter_map(|event| match event {
        WalkEvent::Enter(directive) => Some(directive),
        WalkEvent::Leave(_) => None,
    });
    let followed = entered.filter_map(|directive| Some((directive.id(), name(directive)?)));
    followed.collect()
}

/// The name that an `include` gives; nginx takes exactly one.
fn name(directive: Directive<'_>) -> Option<Vec<u8>> {
    if !directive.is("include") || directive.terminator() != Terminator::Semicolon {
        return None;
    }
    let mut arguments = directive.args();
    let name = arguments.next()?;
    // A name with a zero byte would end there; no file is called so.
    arguments
        .next()
        .is_none()
        .then(|| name.value().into_owned())
}

/// A main file and all that it includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The main file.
    pub root: FileId,
    /// What the directives of each file bring in, in the order of the file.
    includes: BTreeMap<FileId, Vec<(DirectiveId, Vec<Included>)>>,
}

impl Config {
    /// The files, the main one too.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.includes.keys().copied()
    }

    /// Whether a file is one of them.
    #[must_use]
    pub fn has(&self, file: FileId) -> bool {
        self.includes.contains_key(&file)
    }

    /// What the directives of a file bring in, in the order of the file.
    #[must_use]
    pub fn includes(&self, file: FileId) -> &[(DirectiveId, Vec<Included>)] {
        self.includes.get(&file).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Memory;
    use super::*;

    fn names(files: &[(&str, &str)], root: &str) -> Vec<String> {
        let mut memory = Memory::new();
        for (path, text) in files {
            memory.insert(path, text.as_bytes());
        }
        let mut texts = Texts::new(&memory, Limits::default());
        let id = texts.open(Path::new(root)).unwrap();
        let config = texts.follow(id, Prefix::of_main_file(Path::new(root)));
        let names = config
            .files()
            .map(|file| texts.sources().file(file).name().to_owned());
        let refused = config
            .files()
            .flat_map(|file| config.includes(file))
            .flat_map(|i| &i.1);
        let refused = refused.filter_map(|included| match included {
            Included::Refused(path, why) => Some(format!("{} {why:?}", path.display())),
            Included::File(_) => None,
        });
        names.chain(refused).collect()
    }

    #[test]
    fn names_are_relative_to_the_main_file() {
        let files = [
            ("n/main.conf", "include a/*.conf; include gone;"),
            ("n/a/1.conf", "include b.conf;"),
            ("n/b.conf", ""),
            ("n/a/b.conf", ""),
        ];
        assert_eq!(
            names(&files, "n/main.conf"),
            [
                "n/main.conf",
                "n/a/1.conf",
                "n/a/b.conf",
                "n/b.conf",
                "n/gone Missing"
            ]
        );
    }

    #[test]
    fn the_folder_of_the_main_file_stands_for_the_system_folder() {
        let files = [
            (
                "n/main.conf",
                "include /etc/nginx/a.conf /x; include /etc/nginx/conf.d/*.conf;",
            ),
            ("n/conf.d/x.conf", "include /etc/nginx/y;"),
            ("/etc/nginx/y", ""),
            ("/etc/nginx/conf.d/z.conf", ""),
        ];
        assert_eq!(
            names(&files, "n/main.conf"),
            ["n/main.conf", "n/conf.d/x.conf", "/etc/nginx/y"]
        );
        assert_eq!(
            names(
                &[
                    ("/etc/nginx/nginx.conf", "include conf.d;"),
                    ("/etc/nginx/conf.d/z", "")
                ],
                "/etc/nginx/nginx.conf"
            ),
            ["/etc/nginx/nginx.conf", "/etc/nginx/conf.d Folder"]
        );
    }

    #[test]
    fn a_cycle_is_read_once() {
        let files = [("a", "include b;"), ("b", "include a; include b;")];
        assert_eq!(names(&files, "a"), ["a", "b"]);
    }
}
