//! What rules ask about the folders of `root` and `alias`.

use crate::model::Statement;
use crate::syntax::Word;

/// An absolute folder as `root` or `alias` names it, and as the system reads it: without `.`,
/// `..` and empty parts. Variables are as written.
#[must_use]
pub fn absolute_folder<'m>(statement: Statement<'m>) -> Option<(Word<'m>, Vec<u8>)> {
    let word = statement.arg(0)?;
    let value = word.value();
    value.starts_with(b"/").then(|| (word, plain(&value)))
}

/// An absolute path without `.`, `..` and empty parts.
fn plain(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    [b"/".as_slice(), &parts.join(&b'/')].concat()
}
