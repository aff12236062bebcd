//! `resolver` of `http`, `mail`, `stream` and upstreams (`ngx_resolver_create` in
//! `src/core/ngx_resolver.c`).

use super::super::reading::{Reading, refusal};
use super::super::sink::printed;
use crate::directives::Family;
use crate::model::Statement;
use crate::syntax::Word;
use crate::values::address::{Allowed, parse_url};
use crate::values::number::time;

pub(in super::super) fn resolver<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let is_mail = statement.row.module.family == Family::Mail;
    if is_mail && statement.arg(0).is_some_and(|word| word.is("off")) {
        return;
    }
    let knows_ipv4 = reading.at_least(1, 23, 1);
    let (mut servers, mut ipv4, mut ipv6) = (0, true, true);
    for word in statement.args() {
        let value = word.value();
        if let Some(text) = value.strip_prefix(b"valid=") {
            if time(text, true).is_none() {
                let help = "Write a time, as in `valid=30s`";
                return invalid(reading, statement, word, help);
            }
        } else if let Some(text) = value.strip_prefix(b"ipv6=") {
            match switch(text) {
                Some(on) => ipv6 = on,
                None => return invalid(reading, statement, word, "Write `ipv6=off`"),
            }
        } else if let Some(text) = value.strip_prefix(b"ipv4=")
            && knows_ipv4
        {
            match switch(text) {
                Some(on) => ipv4 = on,
                None => return invalid(reading, statement, word, "Write `ipv4=off`"),
            }
        } else if let Err(error) = parse_url(&value, Allowed::default()) {
            reading.say(
                refusal(
                    statement,
                    "invalid-address",
                    word.span(),
                    format!("`{}` is no address: {error}", word.to_str()),
                    format!("{error} in resolver \"{}\"", printed(&value)),
                )
                .help("Write the address of a name server, as in `127.0.0.53` or `[::1]:53`"),
            );
            return;
        } else {
            servers += 1;
        }
    }
    if !ipv4 && !ipv6 {
        reading.say(
            refusal(
                statement,
                "invalid-resolver",
                statement.head(),
                "this `resolver` looks for neither IPv4 nor IPv6 addresses",
                "\"ipv4\" and \"ipv6\" cannot both be \"off\"",
            )
            .help("Remove `ipv4=off` or `ipv6=off`"),
        );
    } else if servers == 0 {
        reading.say(
            refusal(
                statement,
                "invalid-resolver",
                statement.head(),
                "`resolver` has no address of a name server",
                "no name servers defined",
            )
            .help("Add an address, as in `resolver 127.0.0.53`"),
        );
    }
}

fn switch(text: &[u8]) -> Option<bool> {
    match text {
        b"on" => Some(true),
        b"off" => Some(false),
        _ => None,
    }
}

fn invalid<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    help: &'static str,
) {
    reading.say(
        refusal(
            statement,
            "invalid-parameter",
            word.span(),
            format!("the value of `{}` is wrong", word.to_str()),
            format!("invalid parameter: {}", printed(&word.value())),
        )
        .help(help),
    );
}
