//! Folders that nginx makes (`ngx_add_path` in `src/core/ngx_file.c`).

use super::reading::{Reading, refusal};
use super::sink::printed;
use crate::model::Statement;
use crate::syntax::Word;
use crate::values::number::number;
use foldhash::HashMap;

/// What is in a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folder {
    /// How many letters the folders below it have.
    pub(super) levels: [u8; 3],
    /// It holds a cache, and not temporary files.
    pub(super) cache: bool,
}

/// The folders so far.
#[derive(Debug, Default)]
pub(super) struct State<'m> {
    known: HashMap<Vec<u8>, (Folder, Statement<'m>)>,
}

/// `ngx_conf_set_path_slot`.
pub(super) fn temporary<'m>(reading: &mut Reading<'m>, statement: Statement<'m>) {
    let Some(path) = statement.arg(0) else { return };
    let mut levels = [0; 3];
    let mut letters = 0i64;
    for (word, level) in statement.args().skip(1).zip(&mut levels) {
        let found = number(&word.value()).filter(|level| *level > 0);
        let Some(found) = found else {
            return wrong_level(reading, statement, word);
        };
        *level = u8::try_from(found).unwrap_or(u8::MAX);
        letters = letters.saturating_add(found).saturating_add(1);
    }
    let count = statement.args().len() as i64 - 1;
    if letters > 10 + count
        && let Some(word) = statement.arg(1)
    {
        return wrong_level(reading, statement, word);
    }
    let folder = Folder {
        levels,
        cache: false,
    };
    add(reading, statement, path, folder);
}

fn wrong_level<'m>(reading: &mut Reading<'m>, statement: Statement<'m>, word: Word<'m>) {
    let help = "Write numbers above zero, ten in all at most, as in `1 2`";
    reading.refuse_value(statement, word, "number of letters", help);
}

/// Adds a folder; false, and said, where it cannot be what it is to be.
pub(super) fn add<'m>(
    reading: &mut Reading<'m>,
    statement: Statement<'m>,
    word: Word<'m>,
    folder: Folder,
) -> bool {
    let value = word.value();
    let path = value.strip_suffix(b"/").unwrap_or(&value);
    // nginx compares full names as they are written, and makes them of relative ones.
    let key = match value.starts_with(b"/") {
        true => &value,
        false => path,
    };
    let paths = &mut reading.state.paths.known;
    let Some(&(known, first)) = paths.get(key) else {
        paths.insert(key.to_vec(), (folder, statement));
        return true;
    };
    let shown = printed(path);
    let place = reading.place(first.end());
    let (message, nginx) = if known.cache || folder.cache {
        (
            format!("the folder `{shown}` is in use already"),
            format!("the same path name \"{shown}\" used in {place} and"),
        )
    } else if known.levels != folder.levels {
        (
            format!("the folder `{shown}` has other levels elsewhere"),
            format!("the same path name \"{shown}\" in {place} has the different levels than"),
        )
    } else {
        return true;
    };
    let finding = refusal(statement, "path-conflict", word.span(), message, nginx)
        .related(first.head(), "used here")
        .help("Take another folder");
    reading.say(finding);
    false
}
