//! Takes the output of `nginx -T` apart: for each file a line with its name and then its
//! text (`src/core/nginx.c`).

use super::files::Memory;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What the line before each file begins with.
pub const MARK: &[u8] = b"# configuration file ";

/// What nginx says itself begins with.
const SAID: &[u8] = b"nginx: ";

/// The files of a dump.
#[derive(Debug)]
pub struct Dump {
    /// All of them, under the names that nginx printed.
    pub files: Memory,
    /// The name of the main file, which comes first.
    pub main: PathBuf,
}

/// Whether a text with this beginning, of the length of [`MARK`] at least, may be a dump.
#[must_use]
pub fn begins(start: &[u8]) -> bool {
    start.starts_with(MARK) || start.starts_with(SAID)
}

/// Takes a dump apart; `None` where the text is none. Lines that nginx itself prints may
/// stand before the first file.
#[must_use]
pub fn split(text: &[u8]) -> Option<Dump> {
    let mut marks = marks(text).peekable();
    let (first, _, _) = *marks.peek()?;
    let before = text[..first].split(|&byte| byte == b'\n');
    if !before
        .into_iter()
        .all(|line| line.trim_ascii().is_empty() || line.starts_with(SAID))
    {
        return None;
    }
    let mut files = Memory::new();
    let mut main = None;
    while let Some((_, name, start)) = marks.next() {
        let end = marks.peek().map_or(text.len(), |(next, _, _)| *next);
        let content = &text[start..end];
        // nginx ends each file with a line feed of its own.
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        let path = PathBuf::from(OsStr::from_bytes(name));
        files.insert(&path, content);
        main.get_or_insert(path);
    }
    Some(Dump { files, main: main? })
}

/// Offset of each mark, the name in it, and where the file begins.
fn marks(text: &[u8]) -> impl Iterator<Item = (usize, &[u8], usize)> {
    memchr::memmem::find_iter(text, MARK).filter_map(move |at| {
        if at > 0 && text[at - 1] != b'\n' {
            return None;
        }
        let line = &text[at + MARK.len()..];
        let line = &line[..memchr::memchr(b'\n', line)?];
        let end = at + MARK.len() + line.len() + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some((at, line.strip_suffix(b":")?, end))
    })
}

#[cfg(test)]
mod tests {
    use super::super::files::Files;
    use super::*;
    use std::path::Path;

    #[test]
    fn a_dump_is_taken_apart() {
        let dump = split(
            b"nginx: the configuration file /n/nginx.conf syntax is ok\n\
              # configuration file /n/nginx.conf:\ninclude a;\n\n\
              # configuration file /n/a:\nb;\nc # configuration file x:\n\n",
        )
        .unwrap();
        let text = |path: &str| {
            let text = dump.files.read(Path::new(path), 1000).unwrap();
            String::from_utf8(text.to_vec()).unwrap()
        };
        assert_eq!(dump.main, Path::new("/n/nginx.conf"));
        assert_eq!(text("/n/nginx.conf"), "include a;\n");
        assert_eq!(text("/n/a"), "b;\nc # configuration file x:\n");
    }

    #[test]
    fn another_text_is_no_dump() {
        for text in [
            "",
            "events {}\n# configuration file /a:\n",
            "# configuration file /a\n",
        ] {
            assert!(split(text.as_bytes()).is_none(), "{text}");
        }
    }
}
