//! `cargo xtask peers DIR`: what our rules say about the examples of other linters.
//!
//! `labels.jsonl` says from where each configuration is. The linters keep the examples of a
//! rule in a folder of its name, and the file's name says whether the rule reports it.

use crate::parity::case::{self, Case};
use crate::parity::verdict;
use anyhow::{Context, Result};
use djanginx::rules::{Selection, Selector};
use djanginx::version::Target;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// Compare our rules with those of other linters on their own examples
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder with `labels.jsonl`
    folder: PathBuf,
    /// The nginx that the examples are for; some have directives of the commercial one
    #[arg(long, value_name = "VERSION", default_value = "plus-r35")]
    target: Target,
}

/// Rules of gixy and its descendants with ours that report the same; none: there is no such
/// rule here.
const GIXY: &[(&str, &[&str])] = &[
    ("add_header_content_type", &[]),
    ("add_header_multiline", &["add-header-multiline"]),
    ("add_header_redefinition", &["add-header-dropped"]),
    ("alias_traversal", &["alias-traversal"]),
    ("allow_without_deny", &["allow-without-deny"]),
    ("default_server_flag", &["default-server-missing"]),
    ("error_log_off", &["error-log-off"]),
    ("hash_without_default", &["map-missing-default"]),
    (
        "host_spoofing",
        &["host-header-spoofing", "django-host-from-client-header"],
    ),
    ("hsts_header", &["hsts-missing-or-weak"]),
    ("if_is_evil", &["if-is-evil"]),
    ("invalid_regex", &["nonexistent-capture"]),
    (
        "missing_resolver",
        &[
            "proxy-pass-static-dns",
            "upstream-server-no-resolve",
            "variable-proxy-pass-without-resolver",
        ],
    ),
    ("mixed_case_variable", &["mixed-case-variable"]),
    ("proxy_buffering_off", &["proxy-buffering-off"]),
    (
        "proxy_pass_normalized",
        &["proxy-pass-decoded-path", "proxy-pass-path-mismatch"],
    ),
    (
        "proxy_set_header_redefinition",
        &["proxy-headers-dropped", "proxy-set-header-dropped"],
    ),
    ("regex_exact_match", &["regex-could-be-exact"]),
    ("resolver_external", &["external-resolver"]),
    ("return_bypasses_allow_deny", &["return-bypasses-acl"]),
    ("status_page_exposed", &["status-page-exposed"]),
    (
        "try_files_is_evil_too",
        &["try-files-without-open-file-cache"],
    ),
    ("unanchored_regex", &["unanchored-extension-regex"]),
    ("version_disclosure", &["server-tokens"]),
    ("weak_ssl_tls", &["deprecated-tls-protocol", "weak-ciphers"]),
];

/// The same for nginx-lint.
const NGINX_LINT: &[(&str, &[&str])] = &[
    (
        "alias_location_slash_mismatch",
        &["alias-trailing-slash-mismatch", "alias-traversal"],
    ),
    ("autoindex_enabled", &["autoindex-enabled"]),
    ("block_lines", &["block-too-long"]),
    (
        "client_max_body_size_not_set",
        &["client-max-body-size-not-set"],
    ),
    ("deprecated_ssl_protocol", &["deprecated-tls-protocol"]),
    (
        "directive_inheritance",
        &[
            "add-header-dropped",
            "array-directive-dropped",
            "proxy-headers-dropped",
            "proxy-set-header-dropped",
            "uwsgi-params-missing",
        ],
    ),
    ("if_is_evil_in_location", &["if-is-evil"]),
    ("include_path_exists", &["include-missing"]),
    ("listen_http2_deprecated", &["deprecated-parameter"]),
    ("missing_error_log", &["missing-error-log"]),
    (
        "missing_semicolon",
        &["missing-semicolon", "unmatched-brace"],
    ),
    ("proxy_keepalive", &["keepalive-without-http11"]),
    (
        "proxy_missing_host_header",
        &["django-host-not-forwarded", "proxy-missing-host-header"],
    ),
    ("proxy_pass_domain", &["proxy-pass-static-dns"]),
    ("proxy_pass_with_uri", &["proxy-pass-path-mismatch"]),
    ("root_in_location", &["root-in-location"]),
    ("server_tokens_enabled", &["server-tokens"]),
    (
        "ssl_on_deprecated",
        &["deprecated-directive", "unknown-directive"],
    ),
    ("unclosed_quote", &["unclosed-quote"]),
    ("unmatched_braces", &["unmatched-brace"]),
    (
        "upstream_server_no_resolve",
        &["upstream-server-no-resolve"],
    ),
    (
        "weak_ssl_ciphers",
        &["deprecated-tls-protocol", "weak-ciphers"],
    ),
];

/// An example of a peer's rule.
struct Example<'c> {
    peer: &'static str,
    rule: &'c str,
    ours: &'static [&'static str],
    /// Whether the peer reports it.
    positive: bool,
}

/// What came of the examples of a rule.
#[derive(Default)]
struct Row {
    ours: &'static [&'static str],
    found: usize,
    missed: Vec<String>,
    silent: usize,
    reported: Vec<String>,
}

/// Runs the comparison and prints a table.
pub(crate) fn run(args: &Args) -> Result<()> {
    let labels = "mainline".parse().context("internal: a known release")?;
    let cases = case::labelled(&args.folder, labels)?;
    let selection = Selection {
        select: Some(vec![Selector::All]),
        ..Selection::default()
    };
    let mut rows: BTreeMap<(&str, &str), Row> = BTreeMap::new();
    for case in &cases {
        let Some(example) = example(case) else {
            continue;
        };
        let row = rows.entry((example.peer, example.rule)).or_default();
        row.ours = example.ours;
        let said = verdict::ids(case, args.target, &selection)
            .with_context(|| format!("cannot judge {}", case.name))?;
        let told = example.ours.iter().any(|id| said.contains(id));
        match (example.positive, told) {
            (true, true) => row.found += 1,
            (true, false) => row.missed.push(case.name.clone()),
            (false, true) => row.reported.push(case.name.clone()),
            (false, false) => row.silent += 1,
        }
    }
    let mut text = String::new();
    for ((peer, rule), row) in &rows {
        let positives = row.found + row.missed.len();
        let negatives = row.silent + row.reported.len();
        let ours = match row.ours {
            [] => "no rule".to_owned(),
            ours => ours.join(", "),
        };
        writeln!(
            text,
            "{peer} {rule}: {}/{positives} found, {}/{negatives} silent ({ours})",
            row.found, row.silent
        )?;
        if !row.ours.is_empty() {
            for name in &row.missed {
                writeln!(text, "  missed {name}")?;
            }
            for name in &row.reported {
                writeln!(text, "  reported {name}")?;
            }
        }
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// What a configuration is an example of. A variant of an example, made by changing it, is
/// none.
fn example(case: &Case) -> Option<Example<'_>> {
    let parts: Vec<&str> = case.source.split('/').collect();
    if case.name.starts_with("mutants/") {
        return None;
    }
    let example = match parts.as_slice() {
        ["tests", "plugins", "simply", rule, file] => Example {
            peer: "gixy",
            rule,
            ours: ours(GIXY, rule),
            positive: !file.trim_end_matches(".conf").ends_with("_fp"),
        },
        [
            "plugins",
            "builtin",
            _,
            rule,
            "tests",
            "fixtures",
            _,
            kind,
            _,
        ]
        | ["tests", "fixtures", "rules", _, rule, _, kind, _]
        | ["plugins", "builtin", _, rule, "examples", kind]
        | ["tests", "fixtures", rule, kind]
        | ["src", "rules", _, rule, kind] => Example {
            peer: "nginx-lint",
            rule,
            ours: ours(NGINX_LINT, rule),
            positive: matches!(*kind, "error" | "bad.conf"),
        },
        _ => return None,
    };
    Some(example)
}

fn ours(table: &'static [(&str, &[&str])], rule: &str) -> &'static [&'static str] {
    let at = table.binary_search_by_key(&rule, |(known, _)| known);
    at.map_or(&[], |at| table[at].1)
}
