//! What rules ask about the folders of `root` and `alias`.

use crate::model::Statement;
use crate::rules::places::trim_slashes;
use crate::syntax::Word;
use crate::values::part_of;
use std::borrow::Cow;

/// An absolute folder as `root` or `alias` names it, and as the system reads it: without `.`,
/// `..` and empty parts. Variables are as written.
#[must_use]
pub fn absolute_folder<'m>(statement: Statement<'m>) -> Option<(Word<'m>, Cow<'m, [u8]>)> {
    let word = statement.arg(0)?;
    let value = word.value();
    value.starts_with(b"/").then(|| (word, plain(value)))
}

/// An absolute path without `.`, `..` and empty parts.
fn plain(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let end = trim_slashes(&path).len().max(1);
    let mut inner = path[1..end].split(|byte| *byte == b'/');
    if end == 1 || !inner.any(|part| matches!(part, b"" | b"." | b"..")) {
        return part_of(&path, 0..end);
    }
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
    Cow::Owned([b"/".as_slice(), &parts.join(&b'/')].concat())
}
