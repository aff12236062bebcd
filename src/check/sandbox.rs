//! The generated text in a folder of its own, changed so that nginx writes nowhere else while
//! it tests. No change adds or removes a line, so that the lines that nginx prints are those of
//! the text.

use super::nginx::Nginx;
use crate::directives::Context;
use crate::model::{Config, Model, Statement, Texts};
use crate::render::arg::Arg;
use crate::source::{FileId, Span};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a variable in the name of a certificate puts off until a client comes.
const LATER: &str = "$ssl_server_name";

/// A folder with the text in it; it is gone when this is dropped.
pub(super) struct Sandbox<'m> {
    texts: &'m Texts<'m>,
    config: &'m Config,
    folder: TempDir,
    /// The name of the folder as nginx will print it.
    path: PathBuf,
    /// What stands in the place of what.
    edits: BTreeMap<Span, String>,
    /// Names of files to write, and what they have become.
    moved: BTreeMap<Vec<u8>, String>,
    /// Directives given on the command line.
    globals: Vec<String>,
}

impl<'m> Sandbox<'m> {
    /// Prepares the text for a program.
    pub(super) fn new(
        nginx: &Nginx,
        texts: &'m Texts<'m>,
        config: &'m Config,
        model: &Model<'m>,
    ) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("djanginx-").tempdir()?;
        let path = folder.path().canonicalize()?;
        fs::create_dir(path.join("files"))?;
        // Releases before 1.19.5 open a log there before they read anything.
        fs::create_dir(path.join("logs"))?;
        let mut sandbox = Self {
            texts,
            config,
            folder,
            path,
            edits: BTreeMap::new(),
            moved: BTreeMap::new(),
            globals: Vec::new(),
        };
        for scope in &model.scopes {
            for statement in scope.statements() {
                sandbox.redirect(nginx, statement);
            }
        }
        sandbox.fill_up(nginx, model);
        Ok(sandbox)
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the files that a statement would make nginx write.
    fn redirect(&mut self, nginx: &Nginx, statement: Statement<'m>) {
        let Some(word) = statement.arg(0) else {
            return;
        };
        let value = word.value();
        let has = |beginnings: &[&str]| beginnings.iter().any(|b| value.starts_with(b.as_bytes()));
        match statement.name() {
            "error_log" if has(&["syslog:", "memory:", "stderr"]) => {}
            "access_log" if word.is("off") || has(&["syslog:"]) || value.contains(&b'$') => {}
            "pid" if word.is("off") => {}
            "pid" | "lock_file" | "error_log" | "access_log" => self.relocate(word.span(), &value),
            name if name.ends_with("_temp_path") || name.ends_with("_cache_path") => {
                self.relocate(word.span(), &value);
            }
            "load_module" if value.first() != Some(&b'/') => {
                let file = nginx.prefix().join(&*word.to_str());
                self.replace(word.span(), quoted(&file.to_string_lossy()));
            }
            // nginx would warn that it cannot become another user, and look nothing up.
            "user" if !is_root() => self.blank(statement.directive.span()),
            _ => {}
        }
    }

    /// Says what the text leaves to places that were compiled in.
    fn fill_up(&mut self, nginx: &Nginx, model: &Model<'m>) {
        let main = &model.scopes[0];
        if main.first("pid").is_none() {
            let file = self.file(b"pid");
            self.globals.push(format!("pid {file};"));
        }
        if main.first("error_log").is_none() {
            let file = self.file(b"error_log");
            self.globals.push(format!("error_log {file};"));
        }
        let has = |context| model.scopes.iter().any(|scope| scope.context == context);
        if main.first("load_module").is_none() {
            for (module, context) in [("stream", Context::Stream), ("mail", Context::Mail)] {
                if let Some(file) = nginx.loadable(module).filter(|_| has(context)) {
                    let file = quoted(&file.to_string_lossy());
                    self.globals.push(format!("load_module {file};"));
                }
            }
        }
        let http = model.scopes.iter().find(|s| s.context == Context::Http);
        let Some((http, opener)) = http.and_then(|http| Some((http, http.opener?))) else {
            return;
        };
        let mut added = String::from("{");
        if http.first("access_log").is_none() {
            added += " access_log off;";
        }
        for module in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            let name = format!("{module}_temp_path");
            let built = module == "client_body" || !nginx.is_without(&format!("http_{module}"));
            if built && http.first(&name).is_none() {
                let folder = self.file(name.as_bytes());
                added += &format!(" {name} {folder};");
            }
        }
        self.replace(opener.end(), added);
    }

    /// A name in the folder for something that has another one in the text; the same for the
    /// same.
    fn file(&mut self, name: &[u8]) -> String {
        let path = self.path.join("files").join(self.moved.len().to_string());
        let file = self.moved.entry(name.to_owned());
        file.or_insert_with(|| quoted(&path.to_string_lossy()))
            .clone()
    }

    fn relocate(&mut self, span: Span, value: &[u8]) {
        let file = self.file(value);
        self.replace(span, file);
    }

    fn replace(&mut self, span: Span, text: String) {
        self.edits.insert(span, text);
    }

    /// Takes a text out, its line feeds excepted.
    pub(super) fn blank(&mut self, span: Span) {
        self.edits
            .retain(|edit, _| edit.file != span.file || !within(*edit, span));
        let text = self.texts.sources().slice(span);
        let blank = |byte: &u8| if *byte == b'\n' { '\n' } else { ' ' };
        let blanks = text.iter().map(blank).collect();
        self.replace(span, blanks);
    }

    /// Lets nginx look for a certificate only when a client comes.
    pub(super) fn put_off(&mut self, statement: Statement<'m>) {
        if let Some(word) = statement.arg(0) {
            let name = format!("{}{LATER}", word.to_str());
            let mut text = String::new();
            if Arg::expression(name).quote(&mut text).is_ok() {
                self.replace(word.span(), text);
            }
        }
    }

    /// Puts an address in the place of a host in a statement; `false` where it is not there.
    pub(super) fn resolve(&mut self, statement: Statement<'m>, host: &str) -> bool {
        for word in statement.args() {
            let value = word.to_str();
            if let Some(at) = value.find(host) {
                let (before, rest) = value.split_at(at);
                let text = format!("{before}127.0.0.1{}", &rest[host.len()..]);
                self.replace(word.span(), quoted_expression(&text));
                return true;
            }
        }
        false
    }

    /// Writes the text as it has become.
    pub(super) fn write(&self) -> io::Result<()> {
        for file in self.config.files() {
            let Some(name) = self.texts.path(file) else {
                continue;
            };
            let path = self.folder.path().join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, self.changed(file))?;
        }
        Ok(())
    }

    fn changed(&self, file: FileId) -> Vec<u8> {
        let text = self.texts.sources().file(file).text();
        let mut changed = Vec::with_capacity(text.len() + 256);
        let mut done = 0;
        let all = Span::new(file, 0, 0)..=Span::new(file, u32::MAX, u32::MAX);
        for (span, replacement) in self.edits.range(all) {
            let (start, end) = (span.start as usize, span.end as usize);
            // What a wider edit has replaced is gone.
            if start >= done {
                changed.extend_from_slice(&text[done..start]);
                changed.extend_from_slice(replacement.as_bytes());
                done = end;
            }
        }
        changed.extend_from_slice(&text[done..]);
        changed
    }

    /// The arguments for a program.
    pub(super) fn arguments(&self, nginx: &Nginx) -> Vec<OsString> {
        let main = self.texts.path(self.config.root);
        let main = self.path.join(main.unwrap_or(Path::new("nginx.conf")));
        let mut arguments: Vec<OsString> = vec![
            "-t".into(),
            "-p".into(),
            self.path.as_os_str().to_owned(),
            "-c".into(),
            main.into(),
        ];
        if nginx.target.is_none_or(|target| target.at_least(1, 19, 5)) {
            arguments.extend(["-e".into(), "stderr".into()]);
        }
        if !self.globals.is_empty() {
            arguments.extend(["-g".into(), self.globals.join(" ").into()]);
        }
        arguments
    }
}

fn within(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// A path as an argument. One that nginx cannot be told is left for nginx to refuse.
fn quoted(path: &str) -> String {
    let mut text = String::new();
    match Arg::literal(path).quote(&mut text) {
        Ok(()) => text,
        Err(_) => path.to_owned(),
    }
}

fn quoted_expression(value: &str) -> String {
    let mut text = String::new();
    match Arg::expression(value).quote(&mut text) {
        Ok(()) => text,
        Err(_) => value.to_owned(),
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process's folder is its effective user.
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
