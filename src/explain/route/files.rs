//! Files: `try_files`, `index`, and the file itself.

use super::super::trace::{End, StepKind};
use super::{Case, Expanded, Kind, Next, Phase, Router};
use crate::evaluation::path::FilePath;
use crate::source::Span;
use crate::source::readable;
use crate::values::uri::{self, Escape};
use std::path::PathBuf;

impl<'m> Router<'_, 'm> {
    /// What a file is; `None` where that cannot be known, because its folder is not here.
    pub(super) fn kind_of(&self, file: &FilePath) -> Option<Kind> {
        match std::fs::metadata(self.here(&file.path)?) {
            Ok(metadata) if metadata.is_dir() => Some(Kind::Folder),
            Ok(_) => Some(Kind::File),
            Err(_) => {
                let base = self.here(&file.path[..file.base])?;
                let known = self.world.root.is_some() || base.exists();
                known.then_some(Kind::Missing)
            }
        }
    }

    /// Whether a file may be run.
    pub(super) fn is_executable(&self, path: &[u8]) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        let found = self
            .here(path)
            .and_then(|path| std::fs::metadata(path).ok());
        found.is_some_and(|found| found.permissions().mode() & 0o100 != 0)
    }

    /// Where a path of the configuration is on this machine.
    fn here(&self, path: &[u8]) -> Option<PathBuf> {
        let text = std::str::from_utf8(path).ok()?;
        Some(match &self.world.root {
            Some(root) => root.join(text.trim_start_matches('/')),
            None => PathBuf::from(text),
        })
    }

    pub(super) fn try_files(&self, case: &mut Case<'m>, at: usize) -> Next<'m> {
        let model = self.world.model;
        // Nothing inherits it, and what `if` makes does not have it.
        let Some(statement) = model.scope(case.facts.scope).first("try_files") else {
            case.phase = Phase::Content;
            return Next::Go;
        };
        let span = Some(statement.head());
        let count = statement.args().len();
        let Some(word) = statement.arg(at) else {
            case.phase = Phase::Content;
            return Next::Go;
        };
        let text = word.value().into_owned();
        if at + 1 == count {
            return self.fall_back(case, &text, span);
        }
        let (name, folder) = match text.strip_suffix(b"/") {
            Some(name) => (name, true),
            None => (text.as_slice(), false),
        };
        case.phase = Phase::TryFiles(at + 1);
        let uri = match self.expand(case, name) {
            Ok(uri) => uri,
            Err(Expanded::Cases(next)) => return *next,
            Err(Expanded::Unknown(what)) => {
                case.assuming.push(format!("there is no file `{what}`"));
                return Next::Go;
            }
        };
        let alias = self.alias(case);
        if alias.is_some() && !case.valid_location {
            return self.no_alias(case, span);
        }
        // In a location with `alias` the path is what follows the location's own.
        let (uri, path) = match &alias {
            Some(Some(own)) => {
                let part = match uri.strip_prefix(own.as_slice()) {
                    Some(part) if memchr::memchr(b'$', name).is_some() => part.to_vec(),
                    _ => uri,
                };
                let whole = [own.as_slice(), part.as_slice()].concat();
                let path = case.facts.file(&whole, model);
                (whole, path)
            }
            Some(None) => {
                let path = case.facts.file(b"", model).map(|mut file| {
                    file.path.extend_from_slice(&uri);
                    file
                });
                (uri, path)
            }
            None => {
                let path = case.facts.file(&uri, model);
                (uri, path)
            }
        };
        let shown = path.as_ref().map(|file| readable(&file.path).into_owned());
        let wanted = if folder { Kind::Folder } else { Kind::File };
        let found = |case: &mut Case<'m>, is: bool| {
            let shown = shown.clone().unwrap_or_default();
            if is {
                case.step(
                    StepKind::Redirect,
                    format!("`try_files` finds {shown}"),
                    span,
                );
                if !folder || alias != Some(None) {
                    case.facts.uri.path.clone_from(&uri);
                    case.facts.alias_takes_uri = alias == Some(None);
                }
                case.phase = Phase::Content;
            } else {
                case.step(
                    StepKind::Redirect,
                    format!("`try_files` does not find {shown}"),
                    span,
                );
            }
        };
        match path.as_ref().and_then(|file| self.kind_of(file)) {
            Some(kind) => {
                found(case, kind == wanted);
                Next::Go
            }
            None => {
                let what = if folder { "folder" } else { "file" };
                let cases = [true, false].map(|is| {
                    let mut branch = case.clone();
                    let verb = if is { "there is a" } else { "there is no" };
                    let shown = shown.clone().unwrap_or_default();
                    branch.assuming.push(format!("{verb} {what} {shown}"));
                    found(&mut branch, is);
                    branch
                });
                Next::Either(cases.into())
            }
        }
    }

    pub(super) fn fall_back(
        &self,
        case: &mut Case<'m>,
        text: &[u8],
        span: Option<Span>,
    ) -> Next<'m> {
        if let Some(code) = text.strip_prefix(b"=") {
            let code = std::str::from_utf8(code)
                .ok()
                .and_then(|code| code.parse().ok());
            let code: u16 = code.unwrap_or(500);
            case.step(
                StepKind::Redirect,
                format!("`try_files` ends with {code}"),
                span,
            );
            case.phase = Phase::Status(code);
            return Next::Go;
        }
        let to = match self.expand(case, text) {
            Ok(to) => to,
            Err(Expanded::Cases(next)) => return *next,
            Err(Expanded::Unknown(what)) => what.into_bytes(),
        };
        // What follows a location with `alias` is looked for, also here.
        let to = match self.alias(case) {
            Some(Some(own)) if memchr::memchr(b'$', text).is_some() => to
                .strip_prefix(own.as_slice())
                .map_or(to.clone(), <[u8]>::to_vec),
            _ => to,
        };
        self.internal_redirect(case, &to, "`try_files`", span)
    }

    pub(super) fn file(&self, case: &mut Case<'m>) -> Next<'m> {
        if !matches!(case.facts.method.as_str(), "GET" | "HEAD" | "POST") {
            case.phase = Phase::Status(405);
            return Next::Go;
        }
        let uri = case.facts.uri.path.clone();
        if self.alias(case).is_some() && !case.valid_location {
            let span = self.folder_span(case);
            return self.no_alias(case, span);
        }
        if uri.ends_with(b"/") {
            case.phase = Phase::Index(0);
            return Next::Go;
        }
        let Some(file) = case.facts.file(&uri, self.world.model) else {
            return Next::End(End::Handler("root"), None);
        };
        let span = self.folder_span(case);
        let found = self.kind_of(&file);
        let path = file.path;
        let kind = match found {
            Some(kind) => kind,
            None => {
                case.step(StepKind::Content, "the file is not on this machine", span);
                Kind::File
            }
        };
        match kind {
            Kind::File if case.facts.method == "POST" => {
                case.phase = Phase::Status(405);
                Next::Go
            }
            Kind::File => {
                let status = case.status.unwrap_or(200);
                Next::End(End::File { path, status }, span)
            }
            Kind::Folder => {
                let mut to = uri::escape(&uri, Escape::Uri);
                to.push(b'/');
                if !case.facts.uri.args.is_empty() {
                    to.push(b'?');
                    to.extend_from_slice(&case.facts.uri.args);
                }
                self.redirect(case, 301, to, span)
            }
            Kind::Missing => {
                let text = format!("there is no file {}", readable(&path));
                case.step(StepKind::Content, text, span);
                case.phase = Phase::Status(404);
                Next::Go
            }
        }
    }

    /// Whether `alias` counts, and the path of the location that has it; `None` inside where
    /// an expression decides about that location, and the alias is the whole path.
    fn alias(&self, case: &Case<'m>) -> Option<Option<Vec<u8>>> {
        let model = self.world.model;
        let folder = case
            .facts
            .folder(model)
            .filter(|folder| folder.name() == "alias")?;
        let id = model.http.location_of(folder.scope)?;
        let location = model.http.location(id);
        Some(location.regex.is_none().then(|| location.name.to_vec()))
    }

    /// What rewriting has changed has no place below `alias`.
    fn no_alias(&self, case: &mut Case<'m>, span: Option<Span>) -> Next<'m> {
        let text = "`alias` cannot be used where the URI was rewritten";
        case.step(StepKind::Content, text, span);
        case.phase = Phase::Status(500);
        Next::Go
    }

    fn folder_span(&self, case: &Case<'m>) -> Option<Span> {
        case.facts
            .folder(self.world.model)
            .map(|folder| folder.head())
    }

    pub(super) fn index(&self, case: &mut Case<'m>, at: usize) -> Next<'m> {
        let model = self.world.model;
        let given = model.effective(case.facts.scope, "index");
        let mut names: Vec<(Vec<u8>, Option<Span>)> = given
            .iter()
            .flat_map(|index| index.args())
            .map(|word| (word.value().into_owned(), Some(word.span())))
            .collect();
        if names.is_empty() {
            names.push((b"index.html".to_vec(), None));
        }
        let uri = case.facts.uri.path.clone();
        let Some(folder) = case.facts.file(&uri, self.world.model) else {
            return Next::End(End::Handler("index"), None);
        };
        let Some((name, span)) = names.get(at).cloned() else {
            let list = model
                .value(case.facts.scope, "autoindex")
                .filter(|flag| flag.arg(0).is_some_and(|word| word.is("on")))
                .filter(|_| case.facts.method != "POST");
            let span = self.folder_span(case);
            return match (self.kind_of(&folder), list) {
                (Some(Kind::Missing), _) => {
                    case.phase = Phase::Status(404);
                    Next::Go
                }
                (_, Some(list)) => {
                    case.step(
                        StepKind::Content,
                        "`autoindex` lists the folder",
                        Some(list.head()),
                    );
                    Next::End(
                        End::Listing {
                            path: folder.path,
                            status: case.status.unwrap_or(200),
                        },
                        Some(list.head()),
                    )
                }
                _ => {
                    let text = format!("{} has no index", readable(&folder.path));
                    case.step(StepKind::Content, text, span);
                    case.phase = Phase::Status(403);
                    Next::Go
                }
            };
        };
        if name.starts_with(b"/") {
            let args = case.facts.uri.args.clone();
            let next = self.internal_redirect(case, &name, "`index`", span);
            case.facts.uri.args = args;
            return next;
        }
        let mut path = folder.clone();
        path.path.extend_from_slice(&name);
        match self.kind_of(&path) {
            Some(Kind::Missing) | None if self.kind_of(&folder) == Some(Kind::Missing) => {
                case.phase = Phase::Status(404);
                Next::Go
            }
            Some(Kind::Missing) => {
                case.phase = Phase::Index(at + 1);
                Next::Go
            }
            found => {
                if found.is_none() {
                    case.assuming
                        .push(format!("there is a file {}", readable(&path.path)));
                }
                let mut to = uri;
                to.extend_from_slice(&name);
                let args = case.facts.uri.args.clone();
                let next = self.internal_redirect(case, &to, "`index`", span);
                case.facts.uri.args = args;
                next
            }
        }
    }
}
