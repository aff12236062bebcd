//! `ngx_http_core_module`: blocks, and the directives that judge their own values. What
//! sockets are judged by is in `listen`.

use super::super::core::use_pool;
use super::super::reading::{Reading, Setter, refusal};
use super::super::setters::function;
use super::super::sink::printed;
use super::super::types;
use super::listen;
use super::modules::Module;
use crate::directives::DirectiveInfo;
use crate::model::http::{Location, LocationKind, Server, ServerId};
use crate::model::{ScopeId, Statement};
use crate::syntax::Word;
use crate::values::expression::Part;
use crate::values::number::{number, offset, size, time};
use crate::values::part_of;
use std::borrow::Cow;
use std::rc::Rc;

pub(super) const MODULE: Module = Module {
    setter,
    closer,
    merge,
    ..Module::NONE
};

fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_core_server" => server,
        "ngx_http_core_location" => location,
        "ngx_http_core_listen" => listen::listen,
        "ngx_http_core_root" => root,
        "ngx_http_core_limit_except" => limit_except,
        "ngx_http_core_set_aio" => aio,
        "ngx_http_core_directio" => directio,
        "ngx_http_core_error_page" => error_page,
        "ngx_http_core_open_file_cache" => open_file_cache,
        "ngx_http_core_keepalive" => keepalive_timeout,
        "ngx_http_gzip_disable" => gzip_disable,
        "ngx_http_disable_symlinks" => disable_symlinks,
        "ngx_http_types_slot" => types::mime_types,
        _ if row.notes.check == Some("ngx_http_core_pool_size") => pool_size,
        _ => return None,
    })
}

fn closer(row: &'static DirectiveInfo) -> Option<Setter> {
    (function(row) == "ngx_http_core_server").then_some(listen::server_ends as Setter)
}

fn server<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let scope = reading.opened;
    reading.model.http.servers.push(Server {
        scope,
        statement,
        names: Vec::new(),
        locations: Vec::new(),
    });
    reading.state.listens = false;
}

/// The server that is being read; a part of a configuration may have none.
pub(super) fn current_server(reading: &Reading<'_>) -> Option<ServerId> {
    let last = reading.model.http.servers.len().checked_sub(1)?;
    Some(ServerId(u32::try_from(last).ok()?))
}

/// Adds a location, `if` or `limit_except` whose block has just been opened.
pub(super) fn add_location<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    kind: LocationKind,
    name: Cow<'m, [u8]>,
    regex: Option<Rc<crate::values::regex::Regex>>,
) {
    let server = current_server(reading);
    let http = &mut reading.model.http;
    let parent = http.location_of(statement.scope);
    http.add_location(Location {
        scope: reading.opened,
        statement,
        server,
        parent,
        kind,
        name,
        regex,
        passes: false,
        locations: Vec::new(),
    });
}

/// How a location is matched, its name, and where that is in its word.
fn matched_by<'m>(
    statement: Statement<'m>,
) -> Option<(LocationKind, Cow<'m, [u8]>, Word<'m>, usize)> {
    let first = statement.arg(0)?;
    let value = first.value();
    if let Some(name) = statement.arg(1) {
        let kind = match &*value {
            b"=" => LocationKind::Exact,
            b"^~" => LocationKind::PrefixNoRegex,
            b"~" => LocationKind::Regex,
            b"~*" => LocationKind::RegexCaseless,
            _ => LocationKind::Invalid,
        };
        return Some((kind, name.value(), name, 0));
    }
    let (kind, skip) = match &*value {
        [b'=', ..] => (LocationKind::Exact, 1),
        [b'^', b'~', ..] => (LocationKind::PrefixNoRegex, 2),
        [b'~', b'*', ..] => (LocationKind::RegexCaseless, 2),
        [b'~', ..] => (LocationKind::Regex, 1),
        [b'@', ..] => (LocationKind::Named, 0),
        _ => (LocationKind::Prefix, 0),
    };
    let name = part_of(&value, skip..value.len());
    Some((kind, name, first, skip))
}

fn location<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some((mut kind, name, word, skip)) = matched_by(statement) else {
        return;
    };
    let mut regex = None;
    match kind {
        LocationKind::Invalid => {
            if let Some(modifier) = statement.arg(0) {
                let shown = modifier.to_str().into_owned();
                reading.refuse(
                    statement,
                    modifier,
                    "invalid-location-modifier",
                    format!("`{shown}` is no modifier of `location`"),
                    format!(
                        "invalid location modifier \"{}\"",
                        printed(&modifier.value())
                    ),
                    "Write `=`, `^~`, `~` or `~*`, or put quotes round a path with blanks",
                );
            }
        }
        LocationKind::Regex | LocationKind::RegexCaseless => {
            let caseless = kind == LocationKind::RegexCaseless;
            let span = word.part(skip..word.value().len());
            regex = reading.regex(statement, &name, caseless, span);
            if regex.is_none() {
                kind = LocationKind::Invalid;
            }
        }
        _ => {}
    }
    let http = &reading.model.http;
    if kind != LocationKind::Invalid
        && let Some(parent) = http.location_of(statement.scope)
    {
        let parent = http.location(parent);
        let finding = nested(statement, kind, &name, word, parent);
        if let Some(finding) = finding {
            reading.say(finding);
        }
    }
    add_location(reading, statement, kind, name, regex);
}

/// What is wrong with a location inside another.
fn nested(
    statement: Statement<'_>,
    kind: LocationKind,
    name: &[u8],
    word: Word<'_>,
    parent: &Location<'_>,
) -> Option<crate::finding::Finding> {
    let shown = printed(name);
    let outer = printed(&parent.name);
    let (message, nginx, help) = match parent.kind {
        LocationKind::Exact => (
            format!("`location` is inside `location = {outer}`, which has no others inside"),
            format!("location \"{shown}\" cannot be inside the exact location \"{outer}\""),
            "Move it out of the exact location",
        ),
        LocationKind::Named => (
            format!("`location` is inside `location {outer}`, which has no others inside"),
            format!("location \"{shown}\" cannot be inside the named location \"{outer}\""),
            "Move it out of the named location",
        ),
        _ if kind == LocationKind::Named => (
            format!("`location {shown}` is not directly in a server"),
            format!("named location \"{shown}\" can be on the server level only"),
            "Move it to the server",
        ),
        _ if kind.is_static() && !name.starts_with(&parent.name) => (
            format!("`{shown}` does not begin with `{outer}`, the location around it"),
            format!("location \"{shown}\" is outside location \"{outer}\""),
            "Write the whole path, beginning with that of the location around it, or move it out",
        ),
        _ => return None,
    };
    Some(
        refusal(statement, "misplaced-location", word.span(), message, nginx)
            .related(parent.statement.head(), "in this location")
            .help(help),
    )
}

/// `root` and `alias`.
fn root<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let name = statement.name();
    if let Some(first) = reading.once(statement, "root") {
        let before = first.name();
        reading.say(
            refusal(
                statement,
                "duplicate-directive",
                statement.head(),
                format!("`{name}` and `{before}` are in one block"),
                format!(
                    "\"{name}\" directive is duplicate, \"{before}\" directive was specified earlier"
                ),
            )
            .label("second")
            .related(first.head(), "first")
            .help("Remove one of them"),
        );
        return;
    }
    let Some(word) = statement.arg(0) else { return };
    let kind = kind_of(reading, statement.scope);
    if name == "alias" && kind == Some(LocationKind::Named) {
        reading.say(
            refusal(
                statement,
                "alias-in-named-location",
                statement.head(),
                "a named location has no path that `alias` could replace",
                "the \"alias\" directive cannot be used inside the named location",
            )
            .help("Write `root`"),
        );
        return;
    }
    let value = word.value();
    let has_variables = memchr::memchr(b'$', &value).is_some();
    for variable in ["document_root", "realpath_root"]
        .iter()
        .filter(|_| has_variables)
    {
        let plain = format!("${variable}");
        let braced = format!("${{{variable}}}");
        let finder = |needle: &str| memchr::memmem::find(&value, needle.as_bytes()).is_some();
        if finder(&plain) || finder(&braced) {
            reading.refuse(
                statement,
                word,
                "invalid-variable",
                format!("`{plain}` is made from `{name}`, so it cannot be in it"),
                format!("the {plain} variable cannot be used in the \"{name}\" directive"),
                "Write the path, or set a variable with it and use that",
            );
            return;
        }
    }
    reading.expression(statement, word);
}

/// The kind of the location that a block is; `None` for a server and outside.
pub(super) fn kind_of(reading: &Reading<'_>, scope: ScopeId) -> Option<LocationKind> {
    let http = &reading.model.http;
    Some(http.location(http.location_of(scope)?).kind)
}

const METHODS: [&str; 14] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "MKCOL",
    "COPY",
    "MOVE",
    "OPTIONS",
    "PROPFIND",
    "PROPPATCH",
    "LOCK",
    "UNLOCK",
    "PATCH",
];

fn limit_except<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        let value = word.value();
        let known = METHODS
            .iter()
            .any(|method| value.eq_ignore_ascii_case(method.as_bytes()));
        if !known {
            reading.refuse(
                statement,
                word,
                "invalid-method",
                format!("`{}` is no method that `limit_except` knows", word.to_str()),
                format!("invalid method \"{}\"", printed(&value)),
                format!("Write one of {}", METHODS.join(", ")),
            );
            break;
        }
    }
    add_unnamed(reading, statement, LocationKind::LimitExcept);
}

/// `if` and `limit_except` have the name of what they are in.
pub(super) fn add_unnamed<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    kind: LocationKind,
) {
    let http = &reading.model.http;
    let outer = http.location_of(statement.scope);
    let name = outer.map_or_else(Cow::default, |outer| http.location(outer).name.clone());
    add_location(reading, statement, kind, name, None);
}

fn aio<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    match &*value {
        b"on" | b"off" | b"threads" => {}
        [b't', b'h', b'r', b'e', b'a', b'd', b's', b'=', name @ ..] => {
            let start = value.len() - name.len();
            let parts = reading.expression_in(statement, word, start..value.len());
            let is_plain = |part: &Part| matches!(part, Part::Text(_));
            if parts.is_some_and(|parts| parts.iter().all(is_plain)) {
                use_pool(reading, statement, name, word.part(start..value.len()));
            }
        }
        _ => reading.refuse_value(
            statement,
            word,
            "way of reading files",
            "Write `on`, `off`, `threads` or `threads=NAME`",
        ),
    }
}

fn directio<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    if !word.is("off") && offset(&word.value()).is_none() {
        reading.refuse_value(
            statement,
            word,
            "size",
            "Write `off`, or a whole number with `k`, `m` or `g` behind it",
        );
    }
}

fn error_page<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let args: Vec<_> = statement.args().collect();
    let [codes @ .., uri] = &args[..] else { return };
    let mut codes = codes;
    if let [before @ .., last] = codes
        && let [b'=', code @ ..] = &*last.value()
    {
        if before.is_empty() || !code.is_empty() && number(code).is_none() {
            reading.refuse(
                statement,
                *last,
                "invalid-value",
                format!("`{}` is no status to answer with", last.to_str()),
                format!("invalid value \"{}\"", printed(&last.value())),
                "Write statuses first, then `=` or `=200`, then the page",
            );
            return;
        }
        codes = before;
    }
    if reading.expression(statement, *uri).is_none() {
        return;
    }
    for code in codes {
        let value = code.value();
        match number(&value) {
            None | Some(499) => {
                reading.refuse(
                    statement,
                    *code,
                    "invalid-value",
                    format!("`error_page` cannot act on the status `{}`", code.to_str()),
                    format!("invalid value \"{}\"", printed(&value)),
                    "Write a status from 300 to 599, other than 499",
                );
                return;
            }
            Some(300..=599) => {}
            Some(_) => {
                reading.refuse(
                    statement,
                    *code,
                    "invalid-value",
                    format!("`error_page` cannot act on the status `{}`", code.to_str()),
                    format!("value \"{}\" must be between 300 and 599", printed(&value)),
                    "Write a status from 300 to 599, other than 499",
                );
                return;
            }
        }
    }
}

fn open_file_cache<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (mut max, mut off) = (false, false);
    for word in statement.args() {
        let value = word.value();
        let sound = match &*value {
            [b'm', b'a', b'x', b'=', count @ ..] => {
                max = true;
                number(count).is_some_and(|count| count > 0)
            }
            b"off" => {
                off = true;
                true
            }
            _ => value
                .strip_prefix(b"inactive=")
                .is_some_and(|text| time(text, true).is_some()),
        };
        if !sound {
            reading.refuse(
                statement,
                word,
                "invalid-parameter",
                format!("`open_file_cache` does not take `{}`", word.to_str()),
                format!(
                    "invalid \"open_file_cache\" parameter \"{}\"",
                    printed(&value)
                ),
                "Write `max=1000 inactive=60s`, or `off`",
            );
            return;
        }
    }
    if !max && !off {
        reading.say(
            refusal(
                statement,
                "missing-parameter",
                statement.head(),
                "`open_file_cache` does not say how many files it keeps",
                "\"open_file_cache\" must have the \"max\" parameter",
            )
            .help("Add `max=1000`"),
        );
    }
}

fn keepalive_timeout<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for (word, seconds) in statement.args().zip([false, true]) {
        if time(&word.value(), seconds).is_none() {
            reading.refuse_value(
                statement,
                word,
                "time",
                "Write a number with `s`, `m`, `h` or `d` behind it, as in `65s`",
            );
            return;
        }
    }
}

fn gzip_disable<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    for word in statement.args() {
        let value = word.value();
        let sound = matches!(&*value, b"msie6")
            || reading
                .regex_alone(statement, &value, true, word.span())
                .is_some();
        if !sound {
            return;
        }
    }
}

fn disable_symlinks<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (mut mode, mut from) = (None, false);
    for word in statement.args() {
        let value = word.value();
        match &*value {
            b"off" | b"on" | b"if_not_owner" => mode = Some(value.into_owned()),
            [b'f', b'r', b'o', b'm', b'=', ..] => {
                from = true;
                if reading
                    .expression_in(statement, word, b"from=".len()..value.len())
                    .is_none()
                {
                    return;
                }
            }
            _ => {
                let known = ["on", "off", "if_not_owner", "from="];
                return reading.refuse_parameter(statement, word, &known);
            }
        }
    }
    let (message, nginx, help) = match mode.as_deref() {
        None => (
            "`disable_symlinks` does not say which links it is about",
            "\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter"
                .to_owned(),
            "Add `on` or `if_not_owner`",
        ),
        Some(_) if statement.args().len() == 2 && !from => {
            let both: Vec<_> = statement.args().map(|word| word.to_str()).collect();
            (
                "`disable_symlinks` has two words for one thing",
                format!("duplicate parameters \"{}\"", both.join(" ")),
                "Keep one of them",
            )
        }
        Some(b"off") if from => (
            "`from=` means nothing with `off`",
            "\"from=\" cannot be used with \"off\" parameter".to_owned(),
            "Remove `from=`",
        ),
        Some(_) => return,
    };
    let finding = refusal(
        statement,
        "invalid-parameter",
        statement.head(),
        message,
        nginx,
    );
    reading.say(finding.help(help));
}

/// `NGX_MIN_POOL_SIZE` and `NGX_POOL_ALIGNMENT` where pointers have 8 bytes.
pub(super) fn pool_size<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    const LEAST: i64 = 112;
    const STEP: i64 = 16;
    let Some(word) = statement.arg(0) else { return };
    let name = statement.name();
    match size(&word.value()) {
        Some(bytes) if bytes < LEAST => reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{name}` is less than {LEAST} bytes"),
            format!("the pool size must be no less than {LEAST}"),
            format!("Write `{LEAST}` or more, or remove the line"),
        ),
        Some(bytes) if bytes % STEP != 0 => reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{name}` is no multiple of {STEP}"),
            format!("the pool size must be a multiple of {STEP}"),
            format!("Write a multiple of {STEP}, or remove the line"),
        ),
        _ => {}
    }
}

/// `ngx_http_core_merge_srv_conf`.
fn merge(reading: &mut Reading<'_>) {
    let model = &reading.model;
    let set_anywhere = |name: &str| {
        let servers = model.http.servers.iter().map(|server| server.scope);
        servers
            .chain(model.http.scope)
            .any(|scope| model.scope(scope).first(name).is_some())
    };
    if !set_anywhere("large_client_header_buffers") && !set_anywhere("connection_pool_size") {
        return;
    }
    let mut findings = Vec::new();
    for server in &model.http.servers {
        let buffers = model.value(server.scope, "large_client_header_buffers");
        let pool = model.value(server.scope, "connection_pool_size");
        let bytes = |statement: Option<Statement<'_>>, index, or| {
            statement
                .and_then(|statement| size(&statement.arg(index)?.value()))
                .unwrap_or(or)
        };
        if bytes(buffers, 1, 8192) < bytes(pool, 0, 512)
            && let Some(cause) = buffers.or(pool)
        {
            let finding = super::super::reading::late_refusal(
                "invalid-value",
                cause.head(),
                "`large_client_header_buffers` are smaller than `connection_pool_size`",
                "the \"large_client_header_buffers\" size must be equal to or greater than \
                 \"connection_pool_size\"",
                super::end_of_block(model),
            );
            findings.push(finding.help("Write larger buffers, such as `4 8k`"));
        }
    }
    for finding in findings {
        reading.say(finding);
    }
}
