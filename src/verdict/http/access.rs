//! Modules that decide who gets an answer: auth_basic, auth_request, referer, secure_link,
//! userid, browser, geoip.

use super::super::reading::{Reading, Setter, late_refusal, refusal};
use super::super::setters::function;
use super::super::sink::printed;
use super::end_of_block;
use super::modules::Module;
use crate::directives::{Context, DirectiveInfo, Family};
use crate::model::variables::Provenance;
use crate::model::{ScopeId, Statement};
use crate::source::Span;
use crate::values::hostnames::{Hostnames, Rejected};
use crate::values::number::time;

pub(super) const MODULE: Module = Module {
    setter,
    merge,
    ..Module::NONE
};

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_auth_basic_user_file" => |reading, statement| {
            if let Some(word) = statement.arg(0) {
                reading.expression(statement, word);
            }
        },
        "ngx_http_auth_request_set" => auth_request_set,
        "ngx_http_perl_set" => perl_set,
        "ngx_http_perl" => perl,
        "ngx_http_valid_referers" => valid_referers,
        "ngx_http_userid_expires" => userid_expires,
        "ngx_http_userid_mark" => userid_mark,
        "ngx_http_modern_browser" => modern_browser,
        "ngx_http_degradation" => degradation,
        "ngx_http_geoip_country" | "ngx_http_geoip_org" | "ngx_http_geoip_city" => geoip,
        "ngx_http_geoip_proxy" => geoip_proxy,
        _ => return None,
    })
}

/// Defines the variable that the first argument names.
fn define<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) -> bool {
    let Some(word) = statement.arg(0) else {
        return false;
    };
    let value = word.value();
    let [b'$', name @ ..] = &*value else {
        reading.refuse_name(statement, word);
        return false;
    };
    if !reading.define(statement, name, Provenance::Directive, word.span()) {
        return false;
    }
    let variables = reading.variables(Family::Http);
    variables.add_use(name, word.span());
    true
}

fn auth_request_set<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if define(reading, statement)
        && let Some(value) = statement.arg(1)
    {
        reading.expression(statement, value);
    }
}

fn perl_set<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    define(reading, statement);
}

fn perl<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if let Some(first) = reading.once(statement, "perl") {
        reading.say(
            refusal(
                statement,
                "duplicate-directive",
                statement.head(),
                "`perl` is given twice in one block",
                format!("duplicate perl handler \"{}\"", printed(&word.value())),
            )
            .label("second")
            .related(first.head(), "first")
            .help("Remove one of them"),
        );
    }
}

/// The referers of a block.
#[derive(Debug, Default)]
pub(in super::super) struct Referers {
    names: Hostnames<Span>,
    has_names: bool,
    server_names: bool,
    /// `none` or `blocked`.
    special: Option<Span>,
}

fn valid_referers<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let mut referers = reading
        .state
        .referers
        .remove(&statement.scope)
        .unwrap_or_default();
    for word in statement.args() {
        let value = word.value();
        match &*value {
            b"" => {
                reading.refuse(
                    statement,
                    word,
                    "invalid-value",
                    "a referer is empty",
                    "invalid referer \"\"",
                    "Remove it, or write `none` for requests without a referer",
                );
                return;
            }
            b"none" | b"blocked" => referers.special = Some(word.span()),
            b"server_names" => referers.server_names = true,
            b"~" => {
                reading.refuse(
                    statement,
                    word,
                    "invalid-regex",
                    "`~` is not followed by a regular expression",
                    "empty regex in \"~\"",
                    "Write the expression at once behind `~`",
                );
                return;
            }
            [b'~', pattern @ ..] => {
                let span = word.part(1..value.len());
                let regex = reading.regex_alone(statement, pattern, true, span);
                if regex.is_none() {
                    return;
                }
            }
            name => {
                let end = memchr::memchr(b'/', name).unwrap_or(name.len());
                let name = name[..end].to_ascii_lowercase();
                match referers.names.add(&name, word.span()) {
                    Ok(()) => referers.has_names = true,
                    Err(error) => {
                        let (message, nginx) = rejected(&name, error);
                        reading.refuse(
                            statement,
                            word,
                            "invalid-referer",
                            message,
                            nginx,
                            "Write each name once, with `*` only as its first or last label",
                        );
                        return;
                    }
                }
            }
        }
    }
    reading.state.referers.insert(statement.scope, referers);
}

fn rejected(name: &[u8], error: Rejected<Span>) -> (String, String) {
    let shown = printed(name);
    match error {
        Rejected::Invalid => (
            format!("`{shown}` is no host name with wildcards"),
            format!("invalid hostname or wildcard \"{shown}\""),
        ),
        Rejected::Taken(_) => (
            format!("`{shown}` is among the referers already"),
            format!("conflicting parameter \"{shown}\""),
        ),
    }
}

fn merge(reading: &mut Reading<'_>) {
    merge_referers(reading);
    merge_secure_links(reading);
}

/// `ngx_http_referer_merge_conf`.
fn merge_referers(reading: &mut Reading<'_>) {
    let mut all: Vec<(ScopeId, Referers)> = reading.state.referers.drain().collect();
    all.sort_by_key(|(scope, _)| *scope);
    let place = end_of_block(&reading.model);
    for (scope, mut referers) in all {
        let http = &reading.model.http;
        let server = { reading.model.outwards(scope) }.find_map(|scope| http.server_of(scope));
        let server = server.map(|id| http.server(id));
        let mut finding = None;
        if let Some(server) = server
            && referers.server_names
        {
            referers.has_names |= server.names.is_empty();
            let names = server.names.iter().filter(|name| name.regex.is_none());
            for name in names {
                match referers.names.add(&name.name, name.span) {
                    Ok(()) => referers.has_names = true,
                    Err(error) => {
                        let (message, nginx) = rejected(&name.name, error);
                        finding = Some(
                            late_refusal("invalid-referer", name.span, message, nginx, place)
                                .help("Remove the name, or `server_names`"),
                        );
                        break;
                    }
                }
            }
        }
        if finding.is_none()
            && !referers.has_names
            && let Some(special) = referers.special
        {
            finding = Some(
                late_refusal(
                    "missing-referer",
                    special,
                    "`none` and `blocked` need a name beside them",
                    "the \"none\" or \"blocked\" referers are specified in the \
                     \"valid_referers\" directive without any valid referer",
                    None,
                )
                .help("Add `server_names`, or a host name"),
            );
        }
        if let Some(finding) = finding {
            reading.say(finding);
        }
    }
}

/// `ngx_http_secure_link_merge_conf`.
fn merge_secure_links(reading: &mut Reading<'_>) {
    let model = &reading.model;
    let place = end_of_block(model);
    let mut finding = None;
    for scope in &model.scopes {
        let Some(secret) = scope.first("secure_link_secret") else {
            continue;
        };
        let other = scope
            .first("secure_link")
            .or_else(|| scope.first("secure_link_md5"));
        if let Some(other) = other
            && scope.context != Context::Http
        {
            finding = Some(
                late_refusal(
                    "secure-link-mixed",
                    secret.head(),
                    format!(
                        "`secure_link_secret` and `{}` are in one block",
                        other.name()
                    ),
                    "\"secure_link_secret\" cannot be mixed with \"secure_link\" and \
                     \"secure_link_md5\"",
                    place,
                )
                .related(other.head(), "other way")
                .help("Keep one way to check links"),
            );
            break;
        }
    }
    if let Some(finding) = finding {
        reading.say(finding);
    }
}

fn userid_expires<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if !word.is("max") && !word.is("off") && time(&word.value(), true).is_none() {
        let help = "Write a time such as `365d`, `max` or `off`";
        reading.refuse_value(statement, word, "time", help);
    }
}

fn userid_mark<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    let sound = match &*value {
        b"off" | b"=" => true,
        [byte] => byte.is_ascii_alphanumeric(),
        _ => false,
    };
    if !sound {
        reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{}` is no mark of a cookie", word.to_str()),
            "\"userid_mark\" directive value must be \"off\" or a single letter, digit or \"=\"",
            "Write one letter or digit, `=` or `off`",
        );
    }
}

fn modern_browser<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    const KNOWN: [&str; 5] = ["opera", "msie", "gecko", "safari", "konqueror"];
    let (Some(name), Some(version)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    let value = name.value();
    if !KNOWN
        .iter()
        .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
    {
        reading.refuse(
            statement,
            name,
            "invalid-value",
            format!("nginx does not know a browser `{}`", name.to_str()),
            format!("unknown browser name \"{}\"", printed(&value)),
            format!("Write one of {}", KNOWN.join(", ")),
        );
        return;
    }
    let value = version.value();
    if !value
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.')
    {
        reading.refuse(
            statement,
            version,
            "invalid-value",
            format!("`{}` is no version of a browser", version.to_str()),
            format!("invalid browser version \"{}\"", printed(&value)),
            "Write digits and points",
        );
    }
}

fn degradation<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    let Some(bytes) = value.strip_prefix(b"sbrk=") else {
        return reading.refuse_parameter(statement, word, &["sbrk="]);
    };
    if crate::values::number::size(bytes).is_none() {
        reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{}` has no size", word.to_str()),
            format!("invalid sbrk size \"{}\"", printed(&value)),
            "Write a size behind `sbrk=`",
        );
    }
}

/// Without its file, which is of the machine.
pub(in super::super) fn geoip<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(word) = statement.arg(1)
        && !word.is("utf8")
    {
        reading.refuse_parameter(statement, word, &["utf8"]);
    }
}

fn geoip_proxy<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(word) = statement.arg(0) {
        super::super::entries::geo::network(reading, statement, word);
    }
}
