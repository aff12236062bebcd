//! What only the machine can tell that nginx is to run on: files that are not there.
//! Asked for with `--live` alone.

use super::reading::{Reading, late_refusal};
use super::sink::printed;
use crate::directives::{Context, Family};
use crate::finding::Finding;
use crate::model::Statement;
use crate::syntax::Word;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a directive does with a file while nginx reads.
enum Use {
    /// A certificate or its key, by OpenSSL 3.
    Tls(&'static str),
    /// Something else of TLS.
    OtherOfTls,
    /// A log, whose folder must be there.
    Log,
    /// A module.
    Module,
}

/// Looks for the files of a configuration.
pub(super) fn end(reading: &mut Reading<'_>) {
    if !reading.options.live {
        return;
    }
    let mut findings = Vec::new();
    for scope in &reading.model.scopes {
        for statement in scope.statements() {
            findings.extend(missing(reading, statement));
        }
    }
    for finding in findings {
        reading.say(finding);
    }
}

fn use_of(statement: Statement<'_>) -> Option<Use> {
    Some(match statement.name() {
        "ssl_certificate" => Use::Tls("certificate"),
        "ssl_certificate_key" => Use::Tls("certificate key"),
        "ssl_client_certificate"
        | "ssl_trusted_certificate"
        | "ssl_crl"
        | "ssl_dhparam"
        | "ssl_password_file"
        | "ssl_session_ticket_key" => Use::OtherOfTls,
        "error_log" | "access_log" => Use::Log,
        "load_module" if statement.row.module.family == Family::Core => Use::Module,
        _ => return None,
    })
}

fn missing(reading: &Reading<'_>, statement: Statement<'_>) -> Option<Finding> {
    let purpose = use_of(statement)?;
    let word = statement.arg(0)?;
    let value = word.value();
    // Variables, and what is no path.
    if value.contains(&b'$') || value.is_empty() {
        return None;
    }
    match purpose {
        Use::Tls(what) => {
            if [&b"data:"[..], b"engine:", b"store:"]
                .iter()
                .any(|scheme| value.starts_with(scheme))
            {
                return None;
            }
            let path = absent(reading, in_folder_of_main_file(reading, &value)?)?;
            // Elsewhere it counts only where something listens with TLS.
            if reading.model.scope(statement.scope).context != Context::Server {
                let finding = Finding::warning("missing-file", word.span(), no_file(&path));
                return Some(finding.help("Correct the path, or put the file there"));
            }
            let nginx = format!(
                "cannot load {what} \"{path}\": BIO_new_file() failed (SSL: error:80000002:system \
                 library::No such file or directory:calling fopen({path}, r) \
                 error:10000080:BIO routines::no such file)"
            );
            let finding = late_refusal("missing-file", word.span(), no_file(&path), nginx, None);
            Some(finding.help("Correct the path, or put the file there"))
        }
        Use::OtherOfTls => {
            let path = absent(reading, in_folder_of_main_file(reading, &value)?)?;
            let finding = Finding::error("missing-file", word.span(), no_file(&path));
            Some(finding.help("Correct the path, or put the file there"))
        }
        Use::Log => {
            if !value.starts_with(b"/") {
                return None;
            }
            let folder = path(&value).parent()?.to_owned();
            let folder = absent(reading, folder)?;
            let finding = late_refusal(
                "missing-file",
                word.span(),
                format!("there is no folder `{folder}` for the log"),
                format!(
                    "open() \"{}\" failed (2: No such file or directory)",
                    printed(&value)
                ),
                None,
            );
            Some(finding.help("Make the folder, or log elsewhere"))
        }
        Use::Module => missing_module(reading, statement, word, &value),
    }
}

fn missing_module(
    reading: &Reading<'_>,
    statement: Statement<'_>,
    word: Word<'_>,
    value: &[u8],
) -> Option<Finding> {
    if !value.starts_with(b"/") {
        return None;
    }
    let path = absent(reading, path(value).to_owned())?;
    let finding = late_refusal(
        "missing-file",
        word.span(),
        no_file(&path),
        format!(
            "dlopen() \"{path}\" failed ({path}: cannot open shared object file: No such file or \
             directory)"
        ),
        Some(statement.end()),
    );
    Some(finding.help("Install the module, or remove the line"))
}

fn no_file(path: &str) -> String {
    format!("there is no file `{path}`")
}

fn path(value: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(value))
}

/// A path that is relative to the folder of the main file.
fn in_folder_of_main_file(reading: &Reading<'_>, value: &[u8]) -> Option<PathBuf> {
    let main = Path::new(reading.texts.sources().file(reading.config.root).name());
    Some(main.parent()?.join(path(value)))
}

/// The path as it is printed, if nothing is there.
fn absent(reading: &Reading<'_>, path: PathBuf) -> Option<String> {
    let shown = path.display().to_string();
    (!reading.texts.exists(&path)).then_some(shown)
}
