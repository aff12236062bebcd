//! Blocks whose lines are no directives: their own functions read them.

use super::sink::emerg;
use crate::directives::DirectiveInfo;
use crate::finding::Finding;
use crate::syntax::{Directive, Terminator};
use crate::version::Target;

/// What reads the lines of such a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// `types`.
    Types,
    /// `map`.
    Map,
    /// `geo`.
    Geo,
    /// `charset_map`.
    CharsetMap,
    /// Any other, which takes what it is given.
    Other,
}

impl Reader {
    pub(super) fn of(row: &DirectiveInfo) -> Self {
        match row.name {
            "types" => Self::Types,
            "map" => Self::Map,
            "geo" => Self::Geo,
            "charset_map" => Self::CharsetMap,
            _ => Self::Other,
        }
    }
}

fn is_geo_word(name: &[u8], target: Target) -> bool {
    match name {
        b"ranges" | b"proxy_recursive" => true,
        b"volatile" => target.at_least(1, 29, 3),
        _ => false,
    }
}

/// Judges a line.
pub(super) fn check(reader: Reader, line: Directive<'_>, target: Target) -> Option<Finding> {
    match line.terminator() {
        Terminator::Missing => return None,
        Terminator::Block => {
            // `ngx_conf_parse` says this for every such block.
            let mut finding = Finding::error(
                "unexpected-block",
                line.end(),
                format!("`{}` cannot have a block here", line.name().to_str()),
            )
            .label("not expected")
            .help("End the line with `;`, or close the block around it first");
            finding.nginx = emerg("unexpected \"{\"", Some(line.end()));
            return Some(finding);
        }
        Terminator::Semicolon => {}
    }
    let arguments = line.args().len();
    let name = line.name().value();
    let (message, nginx) = match reader {
        Reader::Types if *name == *b"include" && arguments != 1 => (
            "`include` takes one argument",
            "invalid number of arguments in \"include\" directive",
        ),
        Reader::Map
            if arguments != 1
                && !(arguments == 0 && matches!(&*name, b"hostnames" | b"volatile")) =>
        {
            (
                "a line of `map` has a value to compare with and a result",
                "invalid number of the map parameters",
            )
        }
        Reader::Geo if arguments != 1 && !(arguments == 0 && is_geo_word(&name, target)) => (
            "a line of `geo` has an address and a value",
            "invalid number of the geo parameters",
        ),
        Reader::CharsetMap if arguments != 1 => (
            "a line of `charset_map` has two codes",
            "invalid parameters number",
        ),
        _ => return None,
    };
    let mut finding = Finding::error("wrong-argument-count", line.head(), message)
        .label(super::directive::words(line.words().len(), "word", "words") + " here")
        .help("Write two words, with quotes round one that has blanks, and `;`");
    finding.nginx = emerg(nginx, Some(line.end()));
    Some(finding)
}
