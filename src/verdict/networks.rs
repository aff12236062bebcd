//! Networks: `allow` and `deny`, `set_real_ip_from`.

use super::reading::{Reading, warning};
use super::sink::printed;
use crate::model::Statement;
use crate::syntax::Word;
use crate::values::address::{Cidr, parse_cidr};

/// `allow` and `deny` (`ngx_http_access_rule`, `ngx_stream_access_rule`).
pub(super) fn access<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(word) = statement.arg(0) else {
        return;
    };
    if word.is("all") || word.is("unix:") {
        return;
    }
    if warn_of_low_bits(reading, statement, word).is_none() {
        reading.refuse(
            statement,
            word,
            "invalid-network",
            format!("`{}` is no address and no network", word.to_str()),
            format!("invalid parameter \"{}\"", printed(&word.value())),
            "Write an address, a network such as `192.0.2.0/24`, `unix:` or `all`",
        );
    }
}

/// `set_real_ip_from`, which takes names of hosts as well.
pub(super) fn trusted<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    if let Some(word) = statement.arg(0) {
        warn_of_low_bits(reading, statement, word);
    }
}

/// Reads a network, and warns of one such as `10.0.0.1/8`.
pub(super) fn warn_of_low_bits<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
) -> Option<Cidr> {
    let network = parse_cidr(&word.value())?;
    if network.low_bits {
        let shown = printed(&word.value()).into_owned();
        reading.say(
            warning(
                statement,
                "network-low-bits",
                word.span(),
                format!("`{shown}` has bits outside its mask"),
                format!("low address bits of {shown} are meaningless"),
            )
            .help(format!("Write `{}`", network.network)),
        );
    }
    Some(network)
}
