//! Headers and parameters of requests that are passed on, and where they come from.

use super::super::super::reading::Reading;
use super::{Protocol, counts, of};
use crate::model::Statement;
use crate::values::expression::has_variables;
use crate::verdict::http::end_of_block;
use crate::verdict::sink::printed;

/// `ngx_http_upstream_param_set_slot`.
pub(super) fn param<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(word) = statement.arg(2)
        && !word.is("if_not_empty")
    {
        reading.refuse_parameter(statement, word, &["if_not_empty"]);
    }
    late(reading, statement);
}

/// Remembers a text that is compiled when blocks inherit.
pub(super) fn late<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(protocol) = of(statement) {
        protocol.part(reading).texts.push(statement);
    }
}

/// `ngx_http_fastcgi_split_path_info`.
pub(super) fn split_path_info<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else { return };
    let value = word.value();
    let regex = reading.regex_alone(statement, &value, false, word.span());
    if regex.is_some_and(|regex| regex.captures() != 2) {
        let shown = printed(&value);
        reading.refuse(
            statement,
            word,
            "invalid-value",
            format!("`{shown}` has not two groups"),
            format!("pattern \"{shown}\" must have 2 captures"),
            r"Write one group for the script and one for the path, as in `^(.+\.php)(/.*)$`",
        );
    }
}

/// `ngx_http_proxy_init_headers` and its like.
pub(super) fn merge(reading: &mut Reading<'_>, protocol: Protocol) {
    let texts = std::mem::take(&mut protocol.part(reading).texts);
    let at = end_of_block(&reading.model);
    for statement in texts {
        let Some(word) = statement.args().next_back() else {
            continue;
        };
        let word = match statement.name().ends_with("_param") {
            true => statement.arg(1).unwrap_or(word),
            false => word,
        };
        let value = word.value();
        if !has_variables(&value) {
            continue;
        }
        let model = &reading.model;
        let name = statement.name();
        let inherits = |server| model.scope(server).first(name).is_none();
        if counts(model, statement.scope, inherits) {
            reading.expression_at(statement, word, 0..value.len(), at);
        }
    }
}
