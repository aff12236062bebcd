//! An nginx of this machine: where it is, which release, and what was built into it.

use crate::directives::Modules;
use crate::version::Target;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folders of programs that the `PATH` of ordinary users may lack.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// A program that says that it is nginx.
#[derive(Debug, Clone)]
pub struct Nginx {
    /// The program.
    pub program: PathBuf,
    /// What it calls itself, such as `nginx/1.28.3`.
    pub name: String,
    /// Its release, where djanginx knows it.
    pub target: Option<Target>,
    /// The options that it was configured with, in order.
    options: Vec<String>,
    /// All that it said, for the OpenSSL that it was built with.
    about: String,
}

/// Why a program cannot judge.
#[derive(Debug, thiserror::Error)]
pub enum NotNginx {
    /// It could not be run.
    #[error("{} cannot be run", .0.display())]
    NotRun(PathBuf, #[source] io::Error),
    /// It is something else.
    #[error("{} does not say that it is nginx", .0.display())]
    Other(PathBuf),
}

impl Nginx {
    /// Looks for `nginx` in the folders of a `PATH`, and where systems keep it.
    #[must_use]
    pub fn find(path: Option<&OsStr>) -> Option<PathBuf> {
        let path = path.filter(|path| !path.is_empty())?;
        std::env::split_paths(path)
            .chain(SYSTEM_FOLDERS.map(PathBuf::from))
            .map(|folder| folder.join("nginx"))
            .find(|program| is_program(program))
    }

    /// Asks a program what it is.
    ///
    /// # Errors
    /// When it cannot be run, or is no nginx.
    pub fn ask(program: &Path) -> Result<Self, NotNginx> {
        let output = Command::new(program)
            .arg("-V")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| NotNginx::NotRun(program.to_owned(), error))?;
        let about = String::from_utf8_lossy(&output.stderr).into_owned();
        let name = about
            .lines()
            .find_map(|line| line.split_once(" version: "))
            .map(|(_, name)| name.trim().to_owned())
            .filter(|_| output.status.success())
            .ok_or_else(|| NotNginx::Other(program.to_owned()))?;
        let configured = about.lines().find_map(|line| {
            let options = line.strip_prefix("configure arguments:")?;
            Some(options.split_whitespace().map(str::to_owned).collect())
        });
        Ok(Self {
            program: program.to_owned(),
            target: target(&name),
            name,
            options: configured.unwrap_or_default(),
            about,
        })
    }

    /// As people say it: `nginx 1.28.3`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (name, _) = self.name.split_once(" (").unwrap_or((&self.name, ""));
        match self.target {
            Some(Target {
                plus: Some(release),
                ..
            }) => format!("nginx Plus R{release}"),
            _ => name.replacen('/', " ", 1),
        }
    }

    /// The modules that it has, those included that it can load.
    #[must_use]
    pub fn modules(&self) -> Modules {
        let names = self.options.iter().filter_map(|option| {
            let name = option.strip_prefix("--with-")?;
            let name = name.strip_suffix("=dynamic").unwrap_or(name);
            Modules::parse(name).is_ok().then_some(name)
        });
        let names: Vec<&str> = names.collect();
        Modules::parse(&names.join(",")).unwrap_or_default()
    }

    /// Whether it lacks a module that others have without being asked, such as `http_uwsgi`.
    #[must_use]
    pub fn is_without(&self, module: &str) -> bool {
        let option = format!("--without-{module}_module");
        self.options.contains(&option)
    }

    /// The file of a module that was built to be loaded, such as `stream`.
    #[must_use]
    pub fn loadable(&self, module: &str) -> Option<PathBuf> {
        let option = format!("--with-{module}=dynamic");
        let folder = self.value("--modules-path")?;
        let file = Path::new(folder).join(format!("ngx_{module}_module.so"));
        (self.options.contains(&option) && file.is_file()).then_some(file)
    }

    /// What names of files are relative to.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        Path::new(self.value("--prefix").unwrap_or("/usr/local/nginx"))
    }

    /// The OpenSSL that it runs with, such as `3.0`.
    #[must_use]
    pub fn openssl(&self) -> Option<&str> {
        let (_, version) = self.about.rsplit_once("with OpenSSL ")?;
        let dots = version.match_indices(['.', ' ', '\n']).nth(1);
        dots.map(|(end, _)| &version[..end])
    }

    fn value(&self, option: &str) -> Option<&str> {
        let value = |given: &'_ String| Some(given.strip_prefix(option)?.strip_prefix('=')?.len());
        let (given, length) = self
            .options
            .iter()
            .find_map(|given| Some((given, value(given)?)))?;
        Some(&given[given.len() - length..])
    }
}

/// The release in a name such as `nginx/1.29.3 (nginx-plus-r36)`.
fn target(name: &str) -> Option<Target> {
    if let Some((_, release)) = name.split_once("(nginx-plus-r") {
        let number: String = release.chars().take_while(char::is_ascii_digit).collect();
        return format!("plus-r{number}").parse().ok();
    }
    let version = name.strip_prefix("nginx/")?;
    version.split_whitespace().next()?.parse().ok()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nginx(about: &str) -> Nginx {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("nginx");
        std::fs::write(&program, format!("#!/bin/sh\ncat >&2 <<'.'\n{about}\n.\n")).unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, all).unwrap();
        Nginx::ask(&program).unwrap()
    }

    #[test]
    fn releases_are_read_from_their_names() {
        let target = |name| target(name).map(|target| target.to_string());
        assert_eq!(target("nginx/1.22.1").as_deref(), Some("1.22.1"));
        assert_eq!(target("nginx/1.28.3 (Ubuntu)").as_deref(), Some("1.28.3"));
        assert_eq!(
            target("nginx/1.29.3 (nginx-plus-r36-p1)").as_deref(),
            Some("plus-r36")
        );
        assert_eq!(target("openresty/1.21.4.1"), None);
        assert_eq!(target("nginx/9.99.1"), None);
    }

    #[test]
    fn a_build_is_read_from_its_options() {
        let nginx = nginx(
            "nginx version: nginx/1.28.3 (Ubuntu)\nbuilt with OpenSSL 3.0.2 15 Mar 2022 (running \
             with OpenSSL 3.5.1 1 Jul 2025)\nconfigure arguments: --with-cc-opt='-g -O2' \
             --prefix=/usr/share/nginx --with-http_ssl_module --with-stream=dynamic \
             --without-http_uwsgi_module",
        );
        assert_eq!(nginx.shown(), "nginx 1.28.3");
        assert_eq!(nginx.openssl(), Some("3.5"));
        assert_eq!(nginx.prefix(), Path::new("/usr/share/nginx"));
        assert!(nginx.is_without("http_uwsgi"));
        assert!(!nginx.is_without("http_scgi"));
        let Modules::Only(modules) = nginx.modules() else {
            panic!("it has not all");
        };
        assert_eq!(modules, ["http_ssl", "stream"]);
        assert_eq!(nginx.loadable("stream"), None, "there is no such file");
    }

    #[test]
    fn what_is_no_nginx_is_refused() {
        assert!(matches!(
            Nginx::ask(Path::new("/bin/true")),
            Err(NotNginx::Other(_))
        ));
        assert!(matches!(
            Nginx::ask(Path::new("/none/nginx")),
            Err(NotNginx::NotRun(..))
        ));
        assert_eq!(Nginx::find(None), None);
        assert_eq!(Nginx::find(Some(OsStr::new(""))), None);
    }
}
