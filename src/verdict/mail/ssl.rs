//! TLS of `mail` (`src/mail/ngx_mail_ssl_module.c`).

use super::super::reading::{Reading, late_refusal, refusal};
use super::super::sink::printed;
use crate::finding::Finding;
use crate::model::mail::MailServer;
use crate::model::{Model, Statement};

/// `starttls`; before 1.25.1 it did not go with `ssl on`.
pub(super) fn starttls<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if is_off(statement) {
        return;
    }
    if let Some(ssl) = earlier(reading, statement, "ssl")
        && !is_off(ssl)
    {
        reading.say(
            refusal(
                statement,
                "conflicting-directives",
                statement.head(),
                "`starttls` and `ssl on` exclude each other",
                "\"ssl\" directive conflicts with \"starttls\"",
            )
            .related(ssl.head(), "`ssl` here")
            .help("Remove one of them"),
        );
    }
}

/// `ssl`, which is gone since 1.25.1.
pub(super) fn enable<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if is_off(statement) {
        return;
    }
    if let Some(starttls) = earlier(reading, statement, "starttls")
        && !is_off(starttls)
    {
        reading.say(
            refusal(
                statement,
                "conflicting-directives",
                statement.head(),
                "`ssl on` and `starttls` exclude each other",
                "\"starttls\" directive conflicts with \"ssl on\"",
            )
            .related(starttls.head(), "`starttls` here")
            .help("Remove one of them"),
        );
    }
}

/// A directive of the same block that was read before.
fn earlier<'m>(
    reading: &Reading<'m>,
    statement: Statement<'m>,
    name: &str,
) -> Option<Statement<'m>> {
    let scope = reading.model.scope(statement.scope);
    { scope.statements().rev() }.find(|other| other.name() == name)
}

fn is_off(statement: Statement<'_>) -> bool {
    let word = statement.arg(0);
    word.is_none_or(|word| word.value().eq_ignore_ascii_case(b"off"))
}

/// `ngx_mail_ssl_merge_conf`.
pub(super) fn merge(reading: &mut Reading<'_>) {
    let model = &reading.model;
    let ca_is_new = reading.at_least(1, 27, 2);
    let findings: Vec<Finding> = model
        .mail
        .servers
        .iter()
        .filter_map(|server| of_server(model, server, ca_is_new))
        .collect();
    for finding in findings {
        reading.say(finding);
    }
}

/// The first thing that is missing for TLS.
fn of_server(model: &Model<'_>, server: &MailServer<'_>, ca_is_new: bool) -> Option<Finding> {
    let on = |name| {
        let statement = model.value(server.scope, name);
        statement.filter(|statement| !is_off(*statement))
    };
    let (mode, place) = if let Some(listen) = server.ssl {
        ("listen ... ssl", listen)
    } else if let Some(ssl) = on("ssl") {
        ("ssl", ssl)
    } else {
        ("starttls", on("starttls")?)
    };
    let certificates = model.effective(server.scope, "ssl_certificate");
    let keys = model.effective(server.scope, "ssl_certificate_key");
    let missing = |what: &str, nginx: String| {
        late_refusal(
            "missing-certificate",
            place.head(),
            format!("`{mode}` needs `{what}`, and neither the server nor `mail` has one"),
            nginx,
            Some(place.end()),
        )
        .help(format!("Write `{what}` and the path of a file in PEM"))
    };
    let Some(last) = certificates.last() else {
        return Some(missing(
            "ssl_certificate",
            format!("no \"ssl_certificate\" is defined for the \"{mode}\" directive"),
        ));
    };
    if keys.is_empty() {
        return Some(missing(
            "ssl_certificate_key",
            format!("no \"ssl_certificate_key\" is defined for the \"{mode}\" directive"),
        ));
    }
    if keys.len() < certificates.len() {
        let path = last.arg(0)?;
        let shown = printed(&path.value()).into_owned();
        let finding = late_refusal(
            "missing-certificate",
            path.span(),
            "there are more certificates than keys",
            format!(
                "no \"ssl_certificate_key\" is defined for certificate \"{shown}\" and the \
                 \"{mode}\" directive"
            ),
            Some(place.end()),
        );
        return Some(finding.help("Write one `ssl_certificate_key` for each `ssl_certificate`"));
    }
    let verify = model.value(server.scope, "ssl_verify_client")?;
    let asks = ["on", "optional"];
    let asks = verify.arg(0).is_some_and(|word| {
        let value = word.value();
        asks.iter()
            .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
    });
    let has = |name| model.value(server.scope, name).is_some();
    if !asks || has("ssl_client_certificate") || (ca_is_new && has("ssl_trusted_certificate")) {
        return None;
    }
    let nginx = match ca_is_new {
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
    Some(finding.help("Write `ssl_client_certificate` and the path of a file in PEM"))
}
