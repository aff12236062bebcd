//! Files that are not there or not gone into, in words.

use super::sink::emerg;
use crate::finding::{Finding, NginxVerdict};
use crate::model::{Limits, Refusal, Stop};
use crate::syntax::Directive;
use std::path::Path;

/// Files that come with nginx, so that a configuration can count on them without
/// having them beside it.
const STANDARD: [&str; 10] = [
    "fastcgi.conf",
    "fastcgi_params",
    "koi-utf",
    "koi-win",
    "mime.types",
    "proxy_params",
    "scgi_params",
    "snippets/fastcgi-php.conf",
    "uwsgi_params",
    "win-utf",
];

/// What certbot writes beside its certificates.
const CERTBOT: &str = "/etc/letsencrypt/options-ssl-nginx.conf";

/// The finding for a file that is not gone into; `None` where it does not matter.
pub(super) fn finding(
    directive: Directive<'_>,
    path: &Path,
    stop: Stop<'_>,
    live: bool,
    limits: Limits,
) -> Option<Finding> {
    let argument = directive.arg(0)?;
    let shown = path.display();
    let refused = |rule: &'static str, message: String, help: &'static str| {
        let finding = Finding::warning(rule, argument.span(), message);
        Some(finding.help(help))
    };
    let limit = |message: String, help: &'static str| {
        let finding = Finding::error("input-limit", argument.span(), message);
        Some(finding.help(help))
    };
    let on_this_machine = |finding: Option<Finding>, nginx: Option<Box<NginxVerdict>>| {
        let mut finding = finding?;
        if live {
            finding.severity = crate::finding::Severity::Error;
            finding.nginx = nginx;
        }
        Some(finding)
    };
    let failed = |why: &str| {
        emerg(
            format!("open() \"{shown}\" failed ({why})"),
            Some(directive.end()),
        )
    };
    match stop {
        Stop::Refused(Refusal::Missing) => {
            if !live && is_standard(&argument.value()) {
                return None;
            }
            let finding = refused(
                "include-missing",
                format!("there is no file `{shown}`"),
                "Correct the name, which is relative to the folder of the main file, or give that \
                 folder with `--prefix`",
            );
            on_this_machine(finding, failed("2: No such file or directory"))
        }
        Stop::Refused(Refusal::Folder) => {
            let finding = refused(
                "include-unreadable",
                format!("`{shown}` is a folder"),
                "Name the files in it, as in `folder/*.conf`",
            );
            on_this_machine(finding, None)
        }
        Stop::Refused(Refusal::Unreadable(why)) => {
            let finding = refused(
                "include-unreadable",
                format!("`{shown}` cannot be read: {why}"),
                "Give yourself the right to read it",
            );
            on_this_machine(finding, None)
        }
        Stop::Refused(Refusal::Special) => refused(
            "include-unreadable",
            format!("`{shown}` is a pipe, a socket or a device, and is not opened"),
            "Include a regular file",
        ),
        Stop::Refused(Refusal::TooLarge) => limit(
            format!(
                "`{shown}` is larger than the limit of {} bytes for one file",
                limits.file_bytes
            ),
            "Split the file",
        ),
        Stop::Refused(Refusal::TooManyBytes) => limit(
            format!(
                "with `{shown}` the files have more than the limit of {} bytes in all",
                limits.total_bytes
            ),
            "Judge the parts one by one",
        ),
        Stop::Refused(Refusal::TooManyStatements(_)) => limit(
            format!(
                "with `{shown}` the files have more than the limit of {} statements in all",
                limits.statements
            ),
            "Judge the parts one by one",
        ),
        Stop::Refused(Refusal::TooManyFiles) => limit(
            format!("`{shown}` is behind the limit of {} files", limits.files),
            "Judge the parts one by one",
        ),
        Stop::TooMany => limit(
            format!(
                "from `{shown}` on, files are not read: {} files or {} bytes are the limit",
                limits.files, limits.total_bytes
            ),
            "Judge the parts one by one",
        ),
        Stop::TooDeep => limit(
            format!(
                "`{shown}` is not read: {} files inside each other are the limit",
                limits.include_depth
            ),
            "Include files from fewer levels",
        ),
        Stop::Cycle => {
            let finding = Finding::error(
                "include-cycle",
                argument.span(),
                format!("`{shown}` is included while it is being read"),
            );
            Some(
                finding
                    .label("begins again here")
                    .help("Remove this `include`, which nginx would follow until it fails"),
            )
        }
    }
}

/// Whether it is a file of nginx's own in which nothing is defined that others refer to.
pub(super) fn is_harmless(name: &[u8]) -> bool {
    // Debian's defines a variable.
    is_standard(name) && !name.ends_with(b"fastcgi-php.conf")
}

fn is_standard(name: &[u8]) -> bool {
    if name == CERTBOT.as_bytes() {
        return true;
    }
    let name = name.strip_prefix(b"/etc/nginx/").unwrap_or(name);
    STANDARD.iter().any(|known| known.as_bytes() == name)
}
