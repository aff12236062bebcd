//! `return` and `set` (`src/stream/ngx_stream_return_module.c`,
//! `src/stream/ngx_stream_set_module.c`).

use super::super::reading::Reading;
use crate::directives::Family;
use crate::model::Statement;
use crate::model::variables::Provenance;

/// `return`.
pub(super) fn return_<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(word) = statement.arg(0) {
        reading.expression(statement, word);
    }
}

/// `set`.
pub(super) fn set<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let (Some(variable), Some(value)) = (statement.arg(0), statement.arg(1)) else {
        return;
    };
    let name = variable.value();
    let [b'$', name @ ..] = &*name else {
        return reading.refuse_name(statement, variable);
    };
    if reading.define(statement, name, Provenance::Set, variable.span()) {
        let variables = reading.variables(Family::Stream);
        variables.add_use(name, variable.span());
        reading.expression(statement, value);
    }
}
