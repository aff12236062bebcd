//! TLS of servers and towards upstreams, which `http`, `stream` and `mail` read alike
//! (`src/http/modules/ngx_http_ssl_module.c` and its copies).

use super::reading::{Reading, Setter, late_refusal, refusal};
use super::setters::function;
use super::sink::printed;
use super::zones::{self, LEAST, Mention};
use crate::directives::{Context, DirectiveInfo};
use crate::finding::Finding;
use crate::model::http::ServerId;
use crate::model::sockets::{Socket, Sockets};
use crate::model::{Model, ScopeId, Statement};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::expression::has_variables;
use crate::values::number::{number, size, time};
use foldhash::HashMap;

/// What reads a directive.
pub(super) fn setter(row: &'static DirectiveInfo) -> Option<Setter> {
    Some(match function(row) {
        "ngx_http_ssl_session_cache"
        | "ngx_stream_ssl_session_cache"
        | "ngx_mail_ssl_session_cache" => session_cache,
        "ngx_http_ssl_ocsp_cache" | "ngx_stream_ssl_ocsp_cache" => ocsp_cache,
        "ngx_http_ssl_certificate_cache"
        | "ngx_stream_ssl_certificate_cache"
        | "ngx_http_proxy_ssl_certificate_cache"
        | "ngx_http_uwsgi_ssl_certificate_cache"
        | "ngx_http_grpc_ssl_certificate_cache"
        | "ngx_stream_proxy_ssl_certificate_cache" => certificate_cache,
        "ngx_stream_ssl_alpn" | "ngx_stream_proxy_ssl_alpn_set_slot" => alpn,
        _ => return None,
    })
}

/// Reads `shared:NAME:SIZE` and adds the zone; false where it is not of that form. What is
/// wrong with the zone is said.
fn shared<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    module: &'static str,
    what: &str,
) -> bool {
    let value = word.value();
    let Some(rest) = value.strip_prefix(b"shared:") else {
        return false;
    };
    let Some(colon) = memchr::memchr(b':', rest).filter(|at| *at > 0) else {
        return false;
    };
    let Some(bytes) = size(&rest[colon + 1..]) else {
        return false;
    };
    if bytes < LEAST {
        reading.refuse(
            statement,
            word,
            "zone-size",
            "the cache has less than eight pages of memory, which are 32k",
            format!("{what} \"{}\" is too small", printed(&value)),
            "Write `32k` or more; `10m` is usual",
        );
        return true;
    }
    let start = b"shared:".len();
    let mention = Mention {
        name: &rest[..colon],
        size: u64::try_from(bytes).ok(),
        module,
        span: word.part(start..start + colon),
    };
    zones::mention(reading, statement, &mention);
    true
}

/// `ngx_http_ssl_session_cache` and its copies.
fn session_cache<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let module = statement.row.module.name;
    for word in statement.args() {
        let value = word.value();
        let plain = [&b"off"[..], b"none", b"builtin"].contains(&&*value);
        let sized = value.strip_prefix(b"builtin:").and_then(number).is_some();
        if plain || sized || shared(reading, statement, word, module, "session cache") {
            continue;
        }
        let shown = printed(&value).into_owned();
        return reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{shown}` is no cache of sessions"),
            format!("invalid session cache \"{shown}\""),
            "Write `shared:NAME:10m`, `builtin`, `none` or `off`",
        );
    }
}

/// `ngx_http_ssl_ocsp_cache` and its copy.
fn ocsp_cache<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    // The tag of nginx is another one than that of the sessions.
    let module = match statement.row.module.name {
        "ngx_http_ssl_module" => "ngx_http_ssl_module_ctx",
        _ => "ngx_stream_ssl_module_ctx",
    };
    if word.is("off") || shared(reading, statement, word, module, "OCSP cache") {
        return;
    }
    let shown = printed(&word.value()).into_owned();
    reading.refuse(
        statement,
        word,
        "invalid-value",
        format!("`{shown}` is no cache of answers"),
        format!("invalid OCSP cache \"{shown}\""),
        "Write `shared:NAME:10m` or `off`",
    );
}

/// `ngx_http_ssl_certificate_cache` and its copies.
pub(super) fn certificate_cache<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (mut off, mut most) = (false, false);
    for word in statement.args() {
        let value = word.value();
        let sound = if let Some(text) = value.strip_prefix(b"max=") {
            most = true;
            number(text).is_some_and(|count| count > 0)
        } else if let Some(text) = value
            .strip_prefix(b"inactive=")
            .or_else(|| value.strip_prefix(b"valid="))
        {
            time(text, true).is_some()
        } else {
            off |= *value == *b"off";
            off
        };
        if !sound {
            let known = ["max=", "inactive=", "valid=", "off"];
            return reading.refuse_parameter(statement, word, &known);
        }
    }
    if !off && !most {
        let name = statement.name();
        let finding = refusal(
            statement,
            "missing-parameter",
            statement.head(),
            format!("`{name}` does not say how many certificates it keeps"),
            format!("\"{name}\" must have the \"max\" parameter"),
        );
        reading.say(finding.help("Write `max=1000`"));
    }
}

/// `ngx_stream_ssl_alpn` and its copy.
fn alpn<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let long = statement.args().find(|word| word.value().len() > 255);
    if let Some(word) = long {
        let name = statement.name();
        reading.refuse(
            statement,
            word,
            "invalid-value",
            "the name of a protocol has at most 255 bytes",
            format!("\"{name}\" directive protocol too long"),
            "Write the name that is registered for it",
        );
    }
}

fn text<'m>(model: &Model<'m>, scope: ScopeId, name: &str) -> Option<(Statement<'m>, Word<'m>)> {
    let statement = model.value(scope, name)?;
    Some((statement, statement.arg(0)?))
}

/// Whether one of some words is the value of a directive.
fn is_one_of(model: &Model<'_>, scope: ScopeId, name: &str, words: &[&str]) -> bool {
    text(model, scope, name).is_some_and(|(_, word)| {
        let value = word.value();
        words
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// What `ngx_http_proxy_set_ssl` and its copies miss for connections to upstreams. `prefix`
/// is what the directives begin with.
pub(super) fn towards_upstream(
    reading: &Reading<'_>,
    scope: ScopeId,
    prefix: &str,
) -> Option<Finding> {
    let model = &reading.model;
    if !model.has_all_around(scope) {
        return None;
    }
    let named = |rest: &str| format!("{prefix}_ssl_{rest}");
    let empty_is_none = reading.at_least(1, 23, 0) || !reading.at_least(1, 21, 0);
    let (certificate, key) = (named("certificate"), named("certificate_key"));
    if let Some((_, word)) = text(model, scope, &certificate)
        && !(empty_is_none && word.value().is_empty())
        && model.value(scope, &key).is_none()
    {
        let finding = late_refusal(
            "missing-certificate",
            word.span(),
            format!("`{certificate}` has no `{key}`"),
            format!(
                "no \"{key}\" is defined for certificate \"{}\"",
                printed(&word.value())
            ),
            None,
        );
        return Some(finding.help(format!("Write `{key}` and the path of a file in PEM")));
    }
    let (verify, trusted) = (named("verify"), named("trusted_certificate"));
    let missing = text(model, scope, &trusted).is_none_or(|(_, word)| word.value().is_empty());
    if is_one_of(model, scope, &verify, &["on"]) && missing {
        let (statement, _) = text(model, scope, &verify)?;
        let finding = late_refusal(
            "missing-client-ca",
            statement.head(),
            format!("`{verify}` has no `{trusted}` to verify with"),
            format!("no {trusted} for {verify}"),
            None,
        );
        return Some(finding.help(format!(
            "Write `{trusted}` and the path of a file in PEM, such as \
             `/etc/ssl/certs/ca-certificates.crt`"
        )));
    }
    None
}

/// What a server lacks for TLS of its own (`ngx_http_ssl_merge_srv_conf` and its copy in
/// `stream` since 1.25.5). `at` is the place for what nginx says of the text itself.
pub(super) fn of_server(
    reading: &mut Reading<'_>,
    scope: ScopeId,
    at: Option<Span>,
) -> Option<Finding> {
    let model = &reading.model;
    if !model.has_all_around(scope) {
        return None;
    }
    let certificates = model.effective(scope, "ssl_certificate");
    let keys = model.effective(scope, "ssl_certificate_key");
    let rejects = is_one_of(model, scope, "ssl_reject_handshake", &["on"]);
    let enabled = model
        .value(scope, "ssl")
        .filter(|_| is_one_of(model, scope, "ssl", &["on"]));
    let Some(last) = certificates.last().and_then(|statement| statement.arg(0)) else {
        return match enabled {
            Some(ssl) if !rejects => Some(no_certificate("ssl", ssl, ssl.head())),
            _ if rejects => without_authority(reading, scope),
            _ => None,
        };
    };
    if keys.len() < certificates.len() {
        let shown = printed(&last.value()).into_owned();
        let (nginx, place) = match enabled {
            Some(ssl) if keys.is_empty() => (
                "no \"ssl_certificate_key\" is defined for the \"ssl\" directive".to_owned(),
                Some(ssl.end()),
            ),
            Some(ssl) => (
                format!(
                    "no \"ssl_certificate_key\" is defined for certificate \"{shown}\" and the \
                     \"ssl\" directive"
                ),
                Some(ssl.end()),
            ),
            None => (
                format!("no \"ssl_certificate_key\" is defined for certificate \"{shown}\""),
                None,
            ),
        };
        let finding = late_refusal(
            "missing-certificate",
            last.span(),
            match keys.is_empty() {
                true => "the certificate has no `ssl_certificate_key`",
                false => "there are more certificates than keys",
            },
            nginx,
            place,
        );
        return Some(finding.help("Write one `ssl_certificate_key` for each `ssl_certificate`"));
    }
    let files: Vec<_> = certificates.into_iter().chain(keys).collect();
    for statement in files {
        if let Some(word) = statement.arg(0)
            && has_variables(&word.value())
        {
            let length = word.value().len();
            reading.expression_at(statement, word, 0..length, at)?;
        }
    }
    without_authority(reading, scope)
}

/// Certificates of clients that nobody vouches for.
pub(super) fn without_authority(reading: &Reading<'_>, scope: ScopeId) -> Option<Finding> {
    let model = &reading.model;
    let verify = model.value(scope, "ssl_verify_client")?;
    let given =
        |name: &str| text(model, scope, name).is_some_and(|(_, word)| !word.value().is_empty());
    let either = reading.at_least(1, 27, 2);
    let has_authority =
        given("ssl_client_certificate") || (either && given("ssl_trusted_certificate"));
    if is_one_of(model, scope, "ssl_verify_client", &["on", "optional"]) && !has_authority {
        let nginx = match either {
            true => "no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client",
            false => "no ssl_client_certificate for ssl_verify_client",
        };
        let finding = late_refusal(
            "missing-client-ca",
            verify.head(),
            "nothing says which authority's certificates clients must have",
            nginx,
            None,
        );
        return Some(finding.help("Write `ssl_client_certificate` and the path of a file in PEM"));
    }
    if is_one_of(model, scope, "ssl_ocsp", &["on", "leaf"])
        && is_one_of(model, scope, "ssl_verify_client", &["optional_no_ca"])
    {
        let (ocsp, _) = text(model, scope, "ssl_ocsp")?;
        let finding = late_refusal(
            "conflicting-directives",
            ocsp.head(),
            "`ssl_ocsp` does not go with `ssl_verify_client optional_no_ca`",
            "\"ssl_ocsp\" is incompatible with \"ssl_verify_client optional_no_ca\"",
            None,
        );
        return Some(
            finding
                .related(verify.head(), "together with this")
                .help("Write `ssl_verify_client optional`, or remove `ssl_ocsp`"),
        );
    }
    if is_one_of(model, scope, "ssl_stapling", &["on"])
        && is_one_of(model, scope, "ssl_certificate_compression", &["on"])
    {
        let (stapling, _) = text(model, scope, "ssl_stapling")?;
        let finding = late_refusal(
            "conflicting-directives",
            stapling.head(),
            "`ssl_stapling` does not go with `ssl_certificate_compression`",
            "\"ssl_stapling\" is incompatible with \"ssl_certificate_compression\"",
            None,
        );
        return Some(finding.help("Remove one of them"));
    }
    None
}

/// `mode` is what nginx calls the reason for TLS, `place` what it names.
pub(super) fn no_certificate(mode: &str, place: Statement<'_>, span: Span) -> Finding {
    let what = match mode {
        "ssl" => "`ssl on`".to_owned(),
        mode => format!("`{mode}`"),
    };
    late_refusal(
        "missing-certificate",
        span,
        format!("{what} needs `ssl_certificate`, and nothing here has one"),
        format!("no \"ssl_certificate\" is defined for the \"{mode}\" directive"),
        Some(place.end()),
    )
    .help("Write `ssl_certificate` and `ssl_certificate_key` with paths of files in PEM")
}

/// The first socket with TLS that lacks a certificate (`ngx_http_ssl_init`, and
/// `ngx_stream_ssl_init` since 1.25.5). `server` gives the block and the directive of one.
pub(super) fn of_sockets<'m>(
    model: &Model<'m>,
    sockets: &Sockets<'m>,
    server: impl Fn(ServerId) -> (ScopeId, Statement<'m>),
) -> Vec<Finding> {
    // nginx keeps addresses below their ports.
    let mut ports = HashMap::default();
    let mut encrypted: Vec<(usize, &Socket<'_>)> = Vec::new();
    for socket in &sockets.all {
        let next = ports.len();
        let family = std::mem::discriminant(&socket.key.host);
        let port = *ports
            .entry((family, socket.key.port, socket.key.datagram))
            .or_insert(next);
        if socket.ssl || socket.quic {
            encrypted.push((port, socket));
        }
    }
    encrypted.sort_by_key(|(port, _)| *port);
    let mut findings = Vec::new();
    for (_, socket) in encrypted {
        let certain = model.has_all_of(&[Context::Main, Context::Http, Context::Stream])
            && (socket.default.is_some()
                || model.has_all_of(&[Context::Server, Context::StreamServer]));
        let mode = match socket.quic {
            true => "listen ... quic",
            false => "listen ... ssl",
        };
        let span_of = |id: ServerId| {
            let listen = socket.listens.iter().find(|listen| listen.server == id);
            listen.map(|listen| listen.span)
        };
        let missing = |id: ServerId| {
            let (_, statement) = server(id);
            let span = span_of(id).unwrap_or(statement.head());
            no_certificate(mode, statement, span)
        };
        let has = |id: ServerId, name: &str| model.value(server(id).0, name).is_some();
        let rejects =
            |id: ServerId| is_one_of(model, server(id).0, "ssl_reject_handshake", &["on"]);
        let whole = |id: ServerId| certain && model.has_all_around(server(id).0);
        let first = socket.default_server;
        if has(first, "ssl_certificate") {
            if socket.quic && whole(first) {
                findings.extend(without_tls13(model, server(first), mode));
            }
            continue;
        }
        if !rejects(first) {
            findings.extend(whole(first).then(|| missing(first)));
            continue;
        }
        let lacking = socket
            .listens
            .iter()
            .map(|listen| listen.server)
            .find(|id| !has(*id, "ssl_certificate") && !rejects(*id));
        if let Some(id) = lacking.filter(|id| whole(*id)) {
            findings.push(missing(id));
        }
    }
    findings
}

/// QUIC needs TLS 1.3.
fn without_tls13<'m>(
    model: &Model<'m>,
    (scope, statement): (ScopeId, Statement<'m>),
    mode: &str,
) -> Option<Finding> {
    let protocols = model.value(scope, "ssl_protocols")?;
    let has = |mut words: crate::syntax::Words<'_>| {
        words.any(|word| word.value().eq_ignore_ascii_case(b"TLSv1.3"))
    };
    if has(protocols.args()) {
        return None;
    }
    let finding = late_refusal(
        "quic-without-tls13",
        protocols.head(),
        "QUIC needs TLS 1.3, and `ssl_protocols` leaves it out",
        format!("\"ssl_protocols\" must enable TLSv1.3 for the \"{mode}\" directive"),
        Some(statement.end()),
    );
    Some(finding.help("Add `TLSv1.3`"))
}
